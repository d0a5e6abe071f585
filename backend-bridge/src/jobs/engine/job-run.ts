import { createHash } from 'node:crypto';
import type { ComputeState, Problem } from '../../contract';
import type { ICrew, ICrewListener, IEngine, IStore } from './engine';
import type { JobJournal } from './journal';
import { keptOf } from './kept';
import { limitsOf, PartError, PhaseRun } from './phase-run';
import type { CreatePlanner, ICommittedPart, IPhasePlan, IPlanner, PhaseName } from './plan';
import { addCounters, noCounters, type IAttemptRecord, type IJobRecord, type IPhaseRecord } from './records';
import type { ITaskCounters, ITaskDone, ITaskError, Task } from './task';

export interface IJobRunOptions {
  record: IJobRecord;
  engine: IEngine;
  journal: JobJournal;
  /** The job's own folder. */
  folder: string;
  createPlanner: CreatePlanner;
  /** Something that is shown has changed. */
  onChange: () => void;
  print: (where: string, text: string) => void;
  /** A store of another job of the same engine, to take parts from. */
  storeOf: (job: string) => Promise<IStore>;
  toProblem: (error: unknown) => Problem;
  /** Parts that an earlier bridge had begun are looked after. */
  recovering: boolean;
}

class Cancelled extends Error {}

const SAMPLE = 'sample';
/** What a process of its own for each part costs, s. */
const ISOLATED = 0.1;

/** One job from its plan to its result. */
export class JobRun {
  constructor(private readonly _options: IJobRunOptions) {
    this.record = _options.record;
    this._paused = this.record.state === 'paused';
    const last = _options.journal.last(this.record.id);
    this._attemptRevision = last.revision;
    // The clock of the machine may have been set back since.
    this._offset = Math.max((Date.now() - this.record.createdAt) / 1000, last.end, 0);
  }

  readonly record: IJobRecord;
  phase: PhaseRun | undefined;
  phases: IPhaseRecord[] = [];
  /** By number of the phase, what is known of those that are over. */
  readonly past = new Map<
    number,
    { done: number; parts: number; cached: number; failed: number; counters: ITaskCounters }
  >();
  readonly cached = new Map<number, number>();
  readonly workers = new Map<string, { pid?: number; memory?: number; cost?: number }>();

  /** Seconds since the job was created, never going back. */
  readonly now = (): number => this._offset + (performance.now() - this._began) / 1000;
  readonly revise = (): number => (this._attemptRevision += 1);

  /** Resolves when the job is over, or when the bridge lets go of it. */
  async run(): Promise<void> {
    const { record } = this;
    try {
      await this._run();
      record.finishedAt = new Date().toISOString();
      this._become('succeeded', true);
    } catch (error) {
      if (this._released) {
        return;
      }
      record.finishedAt = new Date().toISOString();
      if (error instanceof Cancelled) {
        this._become('cancelled', true);
        return;
      }
      if (error instanceof PartError) {
        record.error = { ...error.error, phase: error.phase, part: error.part, attempts: error.attempts };
      } else {
        record.problem = this._options.toProblem(error);
      }
      this._become('failed', true);
    } finally {
      this._over = true;
      await this._crew?.close();
    }
  }

  async cancel(): Promise<void> {
    this._stop(new Cancelled('Cancelled'));
    await this._crew?.close();
  }

  /** The bridge ends; the next one goes on. */
  async release(): Promise<void> {
    this._released = true;
    const crew = this._crew?.close(true);
    this._stop(new Error('The bridge ends'));
    await crew;
  }

  pause(): void {
    this._paused = true;
    if (this.phase) {
      this.phase.paused = true;
    }
    this._become('paused');
  }

  resume(): void {
    this._paused = false;
    if (this.phase) {
      this.phase.paused = false;
    }
    this._become('running');
    this.phase?.look();
  }

  /** The journal could not be written. */
  broken(error: Error): void {
    this._stop(error);
  }

  private async _run(): Promise<void> {
    const { record } = this;
    const { engine, folder, journal, createPlanner } = this._options;
    record.startedAt ??= new Date().toISOString();
    this._become(
      this._paused ? 'paused' : this._options.recovering ? 'recovering' : record.sampled ? 'running' : 'sampling'
    );
    this._store = await engine.store(record.id, folder);
    const most = Math.min(record.spec.maxWorkers ?? Infinity, await engine.capacity());
    const planner = await this._unless(
      createPlanner({
        job: record.id,
        spec: record.spec,
        store: this._store.place,
        folder,
        workers: most,
        startCost: engine.traits.startCost,
        minPart: engine.traits.minPart,
        note: text => this._note(text),
        signal: this._abort.signal
      })
    );
    const environment = await this._unless(planner.environment?.() ?? Promise.resolve({}));
    this._crew = engine.crew({ id: record.id, spec: record.spec, store: this._store, environment }, this._listener());
    this.phases = journal.phases(record.id);
    if (!record.sampled) {
      await this._sample(planner);
    }
    if (record.spec.sampleOnly === true) {
      record.results = record.sample?.pairs.length ?? 0;
      return;
    }
    await this._phases(planner, most);
  }

  private async _phases(planner: IPlanner, most: number): Promise<void> {
    const { record } = this;
    const { journal } = this._options;
    if (this._options.recovering) {
      await this._recover();
    }
    let plan = await this._unless(this._currentPlan(planner));
    for (;;) {
      const known = this.phases[this.phases.length - 1];
      let committed = committedParts(journal, record.id, known.number);
      if (!record.finishing) {
        committed = await this._runPhase(plan, known, committed, most);
        const next = await this._unless(planner.next(plan, committed));
        if (next) {
          plan = next;
          this._addPhase(next);
          continue;
        }
        record.finishing = true;
        this._save();
      }
      const outcome = await this._unless(planner.finish(plan, committed));
      record.results = outcome.results;
      record.output = outcome.output;
      outcome.notes?.forEach(text => this._note(text));
      return;
    }
  }

  /** The plan of the last phase that was begun; of the first when none was. */
  private async _currentPlan(planner: IPlanner): Promise<IPhasePlan> {
    const last = this.phases[this.phases.length - 1];
    for (const phase of this.phases.slice(0, -1)) {
      this._remember(phase.number, committedParts(this._options.journal, this.record.id, phase.number));
    }
    if (last) {
      return planner.restore(last.name, last.data);
    }
    const plan = await planner.plan(this.record.sample);
    this._addPhase(plan);
    return plan;
  }

  private _addPhase(plan: IPhasePlan): void {
    const { journal } = this._options;
    const phase: IPhaseRecord = {
      number: this.phases.length,
      name: plan.name,
      total: plan.total,
      data: plan.data,
      ...(plan.key === undefined ? {} : { cache: cacheKey(this.record, plan.name, plan.key) }),
      startedAt: new Date().toISOString()
    };
    journal.savePhase(this.record.id, phase);
    journal.event(this.record.id, 'phase', plan.name);
    this.phases.push(phase);
  }

  private async _runPhase(
    plan: IPhasePlan,
    phase: IPhaseRecord,
    before: ICommittedPart[],
    most: number
  ): Promise<ICommittedPart[]> {
    const { record } = this;
    const { journal, engine } = this._options;
    const committed =
      before.length === 0 && this._adopted.length === 0 && record.spec.fresh !== true
        ? await this._unless(this._fromCache(plan, phase))
        : before;
    const run = new PhaseRun({
      job: record.id,
      spec: record.spec,
      record: phase,
      plan,
      traits: record.spec.isolate === true ? { ...engine.traits, ahead: 0, startCost: ISOLATED } : engine.traits,
      most,
      journal,
      store: this._store as IStore,
      crew: this._crew as ICrew,
      now: this.now,
      revise: this.revise,
      onChange: this._options.onChange,
      committed,
      adopted: this._adopted.splice(0)
    });
    for (const worker of run.scheduler.workers.keys()) {
      this.workers.set(worker, {});
    }
    this.phase = run;
    run.paused = this._paused;
    this._become(this._paused ? 'paused' : 'running');
    try {
      await this._unless(run.run(this.workers.keys()));
    } finally {
      run.end();
      this.phase = undefined;
    }
    const parts = committedParts(journal, record.id, phase.number);
    this._remember(phase.number, parts, run);
    phase.finishedAt = new Date().toISOString();
    journal.savePhase(record.id, phase);
    this._options.onChange();
    return parts;
  }

  /** Parts that an earlier job has made of the same code and input. */
  private async _fromCache(plan: IPhasePlan, phase: IPhaseRecord): Promise<ICommittedPart[]> {
    if (phase.cache === undefined) {
      return [];
    }
    const { journal, storeOf } = this._options;
    const { id } = this.record;
    const taken: ICommittedPart[] = [];
    let covered = 0;
    for (const source of journal.cached(phase.cache, id)) {
      const from = await storeOf(source.job);
      for (const part of committedParts(journal, source.job, source.number)) {
        const fits = plan.parts
          ? plan.parts[part.part]?.first === part.first && plan.parts[part.part]?.count === part.count
          : part.first >= covered;
        const twice = plan.parts !== undefined && taken.some(other => other.part === part.part);
        if (fits && !twice && (await (this._store as IStore).adopt(from, part.files))) {
          const now = this.now();
          const kept = { ...part, part: plan.parts ? part.part : taken.length, attempt: 0 };
          taken.push(kept);
          covered = part.first + part.count;
          journal.attempt(id, {
            ...kept,
            phase: phase.number,
            worker: '',
            state: 'cached',
            start: now,
            end: now,
            revision: this.revise()
          });
        }
      }
      if (taken.length > 0) {
        break;
      }
    }
    if (taken.length > 0) {
      journal.flush();
      this.cached.set(phase.number, taken.length);
      const parts = taken.length === 1 ? 'One part was' : `${taken.length} parts were`;
      this._note(`${parts} taken from an earlier job with the same code and input.`);
    }
    return taken;
  }

  /** What is committed and there stays; everything else of before is removed. */
  private async _recover(): Promise<void> {
    const { journal } = this._options;
    const { id, finishing } = this.record;
    const store = this._store as IStore;
    const names = new Set<string>();
    for (const phase of this.phases) {
      const gone: { part: number; attempt: number }[] = [];
      for (const part of journal.committed(id, phase.number)) {
        if (finishing || (await store.verify(part.files ?? []))) {
          part.files?.forEach(file => names.add(file.name));
        } else {
          gone.push(part);
        }
      }
      if (phase === this.phases[this.phases.length - 1]) {
        const running = runningOf(journal, id, phase.number);
        if (this._crew?.adopt) {
          this._adopted = running;
        } else {
          const { nextPart } = journal.used(id, phase.number);
          const kept = keptOf(running, journal.committed(id, phase.number), nextPart, this.revise);
          kept.forEach(part => journal.attempt(id, part));
        }
      }
      journal.forget(id, phase.number, gone, this._adopted.length === 0);
      if (gone.length > 0) {
        // What came after was made of it; it is made again where it is missing.
        this.phases.slice(phase.number + 1).forEach(later => journal.forgetPhase(id, later.number));
        this.phases = this.phases.slice(0, phase.number + 1);
        this._note(`${gone.length} finished parts were not there any more and were done again.`);
        break;
      }
    }
    if (!finishing && this._adopted.length === 0) {
      await store.retain(names);
    }
  }

  private async _sample(planner: IPlanner): Promise<void> {
    const { record } = this;
    const body = await this._unless(planner.sampleTask());
    if (body) {
      const task: Task = {
        ...body,
        job: record.id,
        part: 0,
        attempt: 1,
        store: (this._store as IStore).place,
        limits: limitsOf(record.spec)
      };
      const answer = await this._unless(
        new Promise<ITaskDone>((resolve, reject) => {
          this._sampling = { task, resolve, reject };
          this._crew?.want(1);
        })
      );
      this._sampling = undefined;
      record.sample = answer.sample;
      if (answer.sample?.note !== undefined) {
        this._note(answer.sample.note);
      }
    }
    record.sampled = true;
    this._save();
  }

  private _listener(): ICrewListener {
    const sampleFailed = (error: ITaskError): void => this._sampling?.reject(new PartError(error, SAMPLE, 0, 1));
    return {
      joined: ({ id, pid }) => {
        this.workers.set(id, pid === undefined ? {} : { pid });
        this.phase?.joined(id);
        if (this._sampling && !this._sampling.sent) {
          this._sampling.sent = true;
          this._crew?.start(id, SAMPLE, this._sampling.task);
        }
        this._options.onChange();
      },
      started: id => this.phase?.started(id),
      progress: (id, progress) => {
        const lease = this.phase?.scheduler.leases.get(id);
        const worker = lease && this.workers.get(lease.worker);
        if (worker) {
          worker.memory = progress.memory;
        }
        this.phase?.progress(id, progress);
      },
      done: (id, answer) => (id === SAMPLE ? this._sampling?.resolve(answer) : this.phase?.done(id, answer)),
      failed: (id, error) => (id === SAMPLE ? sampleFailed(error) : this.phase?.failed(id, error)),
      gone: (worker, error, killed) => {
        this.workers.delete(worker);
        this.phase?.gone(worker, error, killed);
        if (this._sampling?.sent) {
          sampleFailed(error);
        }
        this._options.onChange();
      },
      printed: (id, text) => this._options.print(this._where(id), text),
      used: (id, seconds) => {
        const worker = this.workers.get(id);
        if (worker) {
          worker.cost = (worker.cost ?? 0) + seconds;
        }
      },
      note: text => this._note(text),
      broken: error => this._stop(new PartError(error, this.phases[this.phases.length - 1]?.name ?? SAMPLE, 0, 1)),
      settled: () => this.phase?.settled()
    };
  }

  /** `map 3`: which part a task is. */
  private _where(id: string | undefined): string {
    const name = this.phases[this.phases.length - 1]?.name;
    return id === undefined || id === SAMPLE || name === undefined ? SAMPLE : `${name} ${id.split('.')[0]}`;
  }

  private _remember(number: number, parts: readonly ICommittedPart[], run?: PhaseRun): void {
    const counters = noCounters();
    parts.forEach(part => addCounters(counters, part.counters));
    this.past.set(number, {
      done: parts.reduce((sum, part) => sum + part.count, 0),
      parts: parts.length,
      cached: parts.filter(part => part.attempt === 0).length,
      failed: run?.failedParts ?? this._options.journal.used(this.record.id, number).failed,
      counters
    });
  }

  private _note(text: string): void {
    if (!this.record.notes.includes(text)) {
      this.record.notes.push(text);
      this._options.onChange();
    }
  }

  private _become(state: ComputeState, over = false): void {
    if (this._over) {
      return;
    }
    this.record.state = state;
    this.record.over = over;
    this._options.journal.event(this.record.id, 'state', state);
    this._save();
    this._options.onChange();
  }

  private _save(): void {
    this._options.journal.flush();
    this._options.journal.save(this.record);
  }

  /** What is waited for, unless the job is stopped before. */
  private async _unless<T>(work: Promise<T>): Promise<T> {
    this._abort.signal.throwIfAborted();
    const { signal } = this._abort;
    let stop: (() => void) | undefined;
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = () => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([work, stopped]);
    } finally {
      signal.removeEventListener('abort', stop as () => void);
    }
  }

  private _stop(error: Error): void {
    this._abort.abort(error);
  }

  private readonly _abort = new AbortController();
  private readonly _began = performance.now();
  private readonly _offset: number;
  private _attemptRevision: number;
  private _store: IStore | undefined;
  private _crew: ICrew | undefined;
  private _sampling:
    { task: Task; sent?: boolean; resolve: (answer: ITaskDone) => void; reject: (error: Error) => void } | undefined;
  private _paused: boolean;
  private _adopted: IAttemptRecord[] = [];
  private _released = false;
  private _over = false;
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

/** Parts of jobs with the same key are interchangeable. */
function cacheKey(record: IJobRecord, phase: PhaseName, key: string): string {
  const { code, engine = 'local', python = '', skipBadRecords = 0 } = record.spec;
  const own = JSON.stringify([1, engine, phase, code, python, skipBadRecords]);
  return createHash('sha256').update(own).update('\0').update(key).digest('hex');
}
