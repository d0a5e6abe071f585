import { createHash } from 'node:crypto';
import type { IStore } from './engine';
import type { JobJournal } from './journal';
import { keptOf } from './kept';
import type { ICommittedPart, IPhasePlan, PhaseName } from './plan';
import { noCounters, type IAttemptRecord, type IJobRecord, type IPhaseRecord } from './records';

export interface ICacheOptions {
  plan: IPhasePlan;
  phase: IPhaseRecord;
  job: string;
  journal: JobJournal;
  store: IStore;
  storeOf: (job: string) => Promise<IStore>;
  now: () => number;
  revise: () => number;
}

/** Parts that an earlier job has made of the same code and input; they are journaled as parts of this one. */
export async function takeCached(options: ICacheOptions): Promise<ICommittedPart[]> {
  const { plan, phase, job, journal, store, storeOf, now, revise } = options;
  if (phase.cache === undefined) {
    return [];
  }
  const taken: ICommittedPart[] = [];
  let covered = 0;
  for (const source of journal.cached(phase.cache, job)) {
    const from = await storeOf(source.job);
    for (const part of committedParts(journal, source.job, source.number)) {
      const fits = plan.parts
        ? plan.parts[part.part]?.first === part.first && plan.parts[part.part]?.count === part.count
        : part.first >= covered;
      const twice = plan.parts !== undefined && taken.some(other => other.part === part.part);
      if (fits && !twice && (await store.adopt(from, part.files))) {
        const at = now();
        const kept = { ...part, part: plan.parts ? part.part : taken.length, attempt: 0 };
        taken.push(kept);
        covered = part.first + part.count;
        journal.attempt(job, {
          ...kept,
          phase: phase.number,
          worker: '',
          state: 'cached',
          start: at,
          end: at,
          revision: revise()
        });
      }
    }
    if (taken.length > 0) {
      break;
    }
  }
  if (taken.length > 0) {
    journal.flush();
  }
  return taken;
}

export interface IRecoverOptions {
  job: string;
  /** All parts are committed, the result is being made. */
  finishing: boolean;
  phases: readonly IPhaseRecord[];
  journal: JobJournal;
  store: IStore;
  /** Workers of an earlier bridge may still be at it. */
  adopting: boolean;
  revise: () => number;
}

export interface IRecovered {
  /** Without those that were made of what is gone. */
  phases: IPhaseRecord[];
  adopted: IAttemptRecord[];
  /** Parts that were committed and are not there any more. */
  gone: number;
}

/** What is committed and there stays; everything else of before is removed. */
export async function recoverParts(options: IRecoverOptions): Promise<IRecovered> {
  const { job, finishing, phases, journal, store, adopting, revise } = options;
  const names = new Set<string>();
  const found: IRecovered = { phases: [...phases], adopted: [], gone: 0 };
  for (const phase of phases) {
    const gone: { part: number; attempt: number }[] = [];
    for (const part of journal.committed(job, phase.number)) {
      if (finishing || (await store.verify(part.files ?? []))) {
        part.files?.forEach(file => names.add(file.name));
      } else {
        gone.push(part);
      }
    }
    if (phase === phases[phases.length - 1]) {
      const running = runningOf(journal, job, phase.number);
      if (adopting) {
        found.adopted = running;
      } else {
        const { nextPart } = journal.used(job, phase.number);
        const kept = keptOf(running, journal.committed(job, phase.number), nextPart, revise);
        kept.forEach(part => journal.attempt(job, part));
      }
    }
    journal.forget(job, phase.number, gone, found.adopted.length === 0);
    if (gone.length > 0) {
      // What came after was made of it; it is made again where it is missing.
      phases.slice(phase.number + 1).forEach(later => journal.forgetPhase(job, later.number));
      found.phases = phases.slice(0, phase.number + 1);
      found.gone = gone.length;
      break;
    }
  }
  if (!finishing && found.adopted.length === 0) {
    await store.retain(names);
  }
  return found;
}

/** What counts of a phase, by first unit. */
export function committedParts(journal: JobJournal, job: string, phase: number): ICommittedPart[] {
  return journal.committed(job, phase).map(({ part, attempt, first, count, files, values, counters }) => ({
    part,
    attempt,
    first,
    count,
    files: files ?? [],
    ...(values === undefined ? {} : { values }),
    counters: counters ?? noCounters()
  }));
}

/** Attempts that were begun and have not ended, of parts that are not committed; each worker has one. */
function runningOf(journal: JobJournal, job: string, phase: number): IAttemptRecord[] {
  const all = journal.attempts(job, { phase, since: 0, limit: Number.MAX_SAFE_INTEGER });
  const done = new Set(all.filter(({ state }) => state === 'done' || state === 'cached').map(({ part }) => part));
  return all.filter(({ state, part }) => state === 'running' && !done.has(part));
}

/** A phase that begins. */
export function phaseOf(plan: IPhasePlan, number: number, record: IJobRecord): IPhaseRecord {
  return {
    number,
    name: plan.name,
    total: plan.total,
    data: plan.data,
    ...(plan.key === undefined ? {} : { cache: cacheKey(record, plan.name, plan.key) }),
    startedAt: new Date().toISOString()
  };
}

/** Parts of jobs with the same key are interchangeable. */
function cacheKey(record: IJobRecord, phase: PhaseName, key: string): string {
  const { code, engine = 'local', python = '', skipBadRecords = 0 } = record.spec;
  const own = JSON.stringify([1, engine, phase, code, python, skipBadRecords]);
  return createHash('sha256').update(own).update('\0').update(key).digest('hex');
}
