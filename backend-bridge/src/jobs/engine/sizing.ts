import type { IEngineTraits } from './traits';

/** What the size of the next range goes by. */
export interface ISizing {
  /** Units that nobody has. */
  remaining: number;
  workers: number;
  /** Units a second of this worker; 0: not known. */
  speed: number;
  /** Of all workers together; who is not known counts as the mean. */
  total: number;
  /** The range before: units and seconds. */
  lastCount: number;
  lastSeconds: number;
  /** Since the phase began, s. */
  elapsed: number;
  traits: IEngineTraits;
  maxRange?: number;
}

/** A range is a third of what is left at the most, so that the last ones are small. */
const SHARES = 2;
/** The first ranges together are a twentieth of the work at the most. */
const PROBES = 20;
const GROWTH = 8;
/** A range is a small part of the whole phase, as it is lost with its worker, but long against its start cost. */
const OF_ALL = 0.03;
const LONG = 40;
/** A range shorter than so many times its start cost costs more than it evens out. */
const WORTH = 3;

/**
 * Units of the next range: as many as the worker does in `maxPart` seconds, fewer towards the end. A worker that is not known
 * gets little, then four times as much until a range lasts long enough to measure.
 */
export function rangeLength(sizing: ISizing): number {
  const { remaining, workers, speed, total, lastCount, lastSeconds, traits } = sizing;
  const cap = Math.min(remaining, sizing.maxRange ?? remaining);
  if (speed <= 0 || total <= 0) {
    const probe = Math.min(remaining / (PROBES * workers), lastCount > 0 ? lastCount * GROWTH : 1);
    return Math.max(1, Math.min(cap, Math.floor(probe)));
  }
  const left = remaining / total;
  const whole = Math.max(OF_ALL * (sizing.elapsed + left), LONG * traits.startCost, traits.minPart);
  const seconds = Math.max(Math.min(traits.maxPart, whole, left / SHARES), WORTH * traits.startCost);
  let length = speed * seconds;
  if (lastSeconds < traits.minPart) {
    length = Math.min(length, Math.max(1, lastCount) * GROWTH);
  }
  return Math.max(1, Math.min(cap, Math.floor(length)));
}

/** Workers that are needed to do `work` (seconds of one worker) in the time that is left; all when it is over. */
export function workersFor(work: number, secondsLeft: number, most: number): number {
  if (secondsLeft <= 0) {
    return most;
  }
  return Math.max(1, Math.min(most, Math.ceil(work / secondsLeft)));
}
