import type {
  ComputeCounters,
  ComputeError,
  ComputePhase,
  ComputeRequest,
  ComputeState,
  Problem
} from '../../contract';
import type { ISampleAnswer, ITaskCounters, ITaskDone, ITaskError } from './task';
import type { PhaseName } from './plan';

/** A job as it is journaled, beside its phases and attempts. */
export interface IJobRecord {
  id: string;
  spec: ComputeRequest;
  state: ComputeState;
  /** Nothing is done for it any more. */
  over: boolean;
  createdAt: number;
  startedAt?: string;
  finishedAt?: string;
  revision: number;
  notes: string[];
  /** The sample was made, or is not needed. */
  sampled: boolean;
  sample?: ISampleAnswer;
  /** All parts are committed, the result is being made. */
  finishing: boolean;
  output?: string;
  results?: number;
  error?: ComputeError;
  problem?: Problem;
  /** As it was shown last. */
  shown?: { phases: ComputePhase[]; counters: ComputeCounters };
}

export interface IPhaseRecord {
  number: number;
  name: PhaseName;
  total: number;
  /** Of the planner. */
  data: unknown;
  /** Hash of code and inputs; parts under the same one are interchangeable. */
  cache?: string;
  startedAt?: string;
  finishedAt?: string;
}

export type AttemptState = 'running' | 'done' | 'failed' | 'lost' | 'superseded' | 'cached';

/** One attempt. Times are seconds since the job was created. */
export interface IAttemptRecord {
  phase: number;
  part: number;
  attempt: number;
  worker: string;
  state: AttemptState;
  first: number;
  count: number;
  start: number;
  end?: number;
  /** Grows with each change of an attempt of the job. */
  revision: number;
  error?: ITaskError;
  files?: ITaskDone['files'];
  values?: ITaskDone['values'];
  counters?: ITaskCounters;
}

export function noCounters(): ITaskCounters {
  return {
    recordsIn: 0,
    recordsOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    skipped: 0,
    spills: 0,
    combineIn: 0,
    combineOut: 0,
    userSeconds: 0,
    peakMemory: 0
  };
}

/** Adds `more` to `sum`, in place. */
export function addCounters(sum: ITaskCounters, more: Partial<ITaskCounters>): void {
  for (const name of Object.keys(sum) as (keyof ITaskCounters)[]) {
    const value = more[name] ?? 0;
    sum[name] = name === 'peakMemory' ? Math.max(sum[name], value) : sum[name] + value;
  }
}
