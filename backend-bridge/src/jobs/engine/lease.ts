import type { ITaskError } from './task';
import type { IRange } from './plan';

/** Units that are done, or tried, under one number. */
export interface IPartState extends IRange {
  part: number;
  weight: number;
  /** Attempts so far. */
  attempts: number;
  /** Failures by class. */
  failures: Partial<Record<ITaskError['class'], number>>;
  /** Workers that have died of it. */
  kills: number;
  lastWorker?: string;
  /** Not before this time, s. */
  notBefore: number;
  leases: Set<ILease>;
  settled: boolean;
  /** It was taken back: somebody else has done these units. */
  revoked: boolean;
}

/** One attempt of a part, on one worker. Times in seconds of the scheduler's clock. */
export interface ILease {
  id: string;
  part: IPartState;
  attempt: number;
  worker: string;
  first: number;
  /** Where it will end; moves down when the rest is given away. */
  end: number;
  sentAt: number;
  startedAt?: number;
  /** Units it says it has done, and when it said so. */
  done: number;
  doneAt: number;
  /** Units of its beginning whose results are here already. */
  kept: number;
  /** It has said that it gets on: it can be told where to end. */
  reported: boolean;
  /** It was told to end early. */
  stopping: boolean;
  /** What was given away of its end. */
  given?: IPartState;
  /** Nothing of it counts any more. */
  dropped: boolean;
}

export interface IWorkerState {
  id: string;
  /** Units a second; 0: not known. */
  speed: number;
  leases: Set<ILease>;
  /** Units and seconds of its last part. */
  lastCount: number;
  lastSeconds: number;
  /** Units and parts it has committed. */
  units: number;
  parts: number;
  joinedAt: number;
  heardAt: number;
  doneAt: number;
  /** Units since this time are not in `speed` yet. */
  sampleAt: number;
  sampleUnits: number;
  /** It gets more when it has no more than so many. */
  refill: number;
}

export function newPart(part: number, range: IRange, weight = range.count): IPartState {
  return {
    part,
    first: range.first,
    count: range.count,
    weight,
    attempts: 0,
    failures: {},
    kills: 0,
    notBefore: 0,
    leases: new Set(),
    settled: false,
    revoked: false
  };
}

const SMOOTHING = 0.5;
/** Shorter measurements than this say nothing, s. */
const MEASURABLE = 0.02;

/** Counts units of a worker, and from them its speed. */
export function measure(worker: IWorkerState, units: number, now: number): void {
  worker.sampleUnits += units;
  const seconds = now - worker.sampleAt;
  if (seconds < MEASURABLE && !(worker.speed === 0 && seconds > MEASURABLE / 20)) {
    return;
  }
  if (worker.sampleUnits > 0) {
    const speed = worker.sampleUnits / seconds;
    worker.speed = worker.speed > 0 ? worker.speed + SMOOTHING * (speed - worker.speed) : speed;
    worker.sampleAt = now;
    worker.sampleUnits = 0;
  } else if (worker.speed > 0 && seconds * worker.speed > 2) {
    // Nothing came where two units should have: it is slower than it was.
    worker.speed = Math.min(worker.speed, 1 / seconds);
  }
}
