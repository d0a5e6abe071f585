import type { ComputeJob, ComputePart, ComputePhase, ComputeWorker } from '../contract';
import type { JobRun } from './engine/job-run';
import { addCounters, noCounters, type IAttemptRecord, type IJobRecord } from './engine/records';
import type { ITaskCounters } from './engine/task';

/** What the contract shows of a job; `run` when it is not over. */
export function viewOf(record: IJobRecord, run?: JobRun): ComputeJob {
  const { spec } = record;
  const shown = run ? { phases: phasesOf(run), counters: countersOf(run) } : record.shown;
  const phase = run?.phase;
  const eta = phase && record.state === 'running' ? phase.scheduler.eta(run.now()) : undefined;
  return {
    id: record.id,
    kind: spec.kind,
    name: spec.name ?? record.id,
    engine: spec.engine ?? 'local',
    state: record.state,
    revision: record.revision,
    phases: shown?.phases ?? [],
    workers: run ? workersOf(run) : [],
    counters: shown?.counters ?? noCounters(),
    ...(eta === undefined ? {} : { eta: Math.round(eta * 10) / 10 }),
    createdAt: new Date(record.createdAt).toISOString(),
    ...given('startedAt', record.startedAt),
    ...given('finishedAt', record.finishedAt),
    ...given('output', record.output),
    ...given('results', record.results),
    notes: [...record.notes],
    ...given('error', record.error),
    ...given('problem', record.problem)
  };
}

export function phasesOf(run: JobRun): ComputePhase[] {
  return run.phases.map(phase => {
    const live = run.phase?.number === phase.number ? run.phase : undefined;
    const past = run.past.get(phase.number);
    const cached = run.cached.get(phase.number) ?? past?.cached ?? 0;
    const scheduler = live?.scheduler;
    return {
      name: phase.name,
      total: phase.total,
      done: scheduler?.doneUnits ?? past?.done ?? 0,
      doing: scheduler?.doingUnits ?? 0,
      parts: {
        total: scheduler?.knownParts ?? past?.parts ?? 0,
        running: live?.running.size ?? 0,
        done: scheduler?.doneParts ?? past?.parts ?? 0,
        failed: live?.failedParts ?? past?.failed ?? 0,
        cached
      },
      ...given('startedAt', phase.startedAt),
      ...given('finishedAt', phase.finishedAt)
    };
  });
}

/** Of the job as a whole: what its first phase read and its last one wrote; pairs on their way are told by the combiner's. */
export function countersOf(run: JobRun): ComputeJob['counters'] {
  const sum = noCounters();
  const add = (number: number, counters: ITaskCounters): void => {
    const name = run.phases.find(phase => phase.number === number)?.name;
    addCounters(sum, {
      ...counters,
      ...(name === 'reduce' ? { recordsIn: 0, bytesIn: 0 } : {}),
      ...(name === 'map' ? { recordsOut: 0, bytesOut: 0 } : {})
    });
  };
  for (const [number, past] of run.past) {
    if (number !== run.phase?.number) {
      add(number, past.counters);
    }
  }
  if (run.phase) {
    add(run.phase.number, run.phase.counters);
  }
  return sum;
}

function workersOf(run: JobRun): ComputeWorker[] {
  const states = run.phase?.scheduler.workers;
  return [...run.workers].map(([id, { pid, memory, cost }]) => {
    const state = states?.get(id);
    return {
      id,
      state: state && state.leases.size > 0 ? 'busy' : 'idle',
      ...given('pid', pid),
      speed: state?.speed ?? 0,
      parts: state?.parts ?? 0,
      ...given('memory', memory),
      ...given('cost', cost)
    };
  });
}

export function partOf(attempt: IAttemptRecord, phase: string): ComputePart {
  return {
    phase,
    part: attempt.part,
    attempt: attempt.attempt,
    worker: attempt.worker,
    state: attempt.state,
    first: attempt.first,
    count: attempt.count,
    start: attempt.start,
    ...given('end', attempt.end),
    ...given('error', attempt.error)
  };
}

function given<K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [key in K]?: V };
}
