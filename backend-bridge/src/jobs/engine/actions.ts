import type { ILease } from './lease';
import type { IPhasePlan, IRange } from './plan';
import type { IRetryPolicy } from './retry';
import type { ITaskError } from './task';
import type { IEngineTraits } from './traits';

/** What is to be done; the caller does it in this order. */
export type Action =
  | { type: 'start'; lease: ILease }
  /** End at this unit of the phase, or as soon as possible. */
  | { type: 'stop'; lease: ILease; at?: number }
  | { type: 'kill'; worker: string; error: ITaskError };

/** How an attempt has ended. */
export interface IEnded {
  lease: ILease;
  /** `dropped`: it does not count, somebody else has done it or will do it. */
  state: 'done' | 'failed' | 'lost' | 'superseded';
  /** Units that are committed by it. */
  range?: IRange;
  /** What it had finished before it was lost, under a number of its own: it counts. */
  kept?: IRange & { part: number };
  /** Its files are not to be used: what it has done was not asked for any more. */
  discard?: boolean;
  error?: ITaskError;
  /** The phase cannot be finished. */
  fatal?: ITaskError;
}

export interface ISchedulerOptions {
  plan: Pick<IPhasePlan, 'total' | 'parts' | 'divisible' | 'policy' | 'maxRange' | 'grain'>;
  traits: IEngineTraits;
  /** Workers there may be. */
  most: number;
  retry: IRetryPolicy;
  /** Seconds that an attempt may take. */
  timeout?: number;
  /** Wanted duration of the phase, s, and the workers to begin with. */
  target?: number;
  initial?: number;
  /** Attempts and numbers that were used before a restart. */
  nextPart?: number;
  attempts?: ReadonlyMap<number, number>;
  /** What is committed already. */
  committed?: readonly (IRange & { part: number })[];
  /** Attempts of before a restart that still run; none of a part that is committed. */
  running?: readonly IRunning[];
}

/** An attempt that runs since `start`. */
export interface IRunning extends IRange {
  part: number;
  attempt: number;
  worker: string;
  start: number;
}
