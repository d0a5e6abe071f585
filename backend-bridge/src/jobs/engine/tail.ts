import type { ILease, IWorkerState } from './lease';
import type { IEngineTraits } from './traits';

/** What an idle worker can do for others when there is nothing new to hand out. */
export type TailMove =
  /** The running attempt ends at this unit, the idle worker does the rest. */
  | { type: 'steal'; lease: ILease; at: number }
  /** The same once more: who is first counts. */
  | { type: 'backup'; lease: ILease };

export interface ITail {
  idle: IWorkerState;
  leases: Iterable<ILease>;
  worker: (id: string) => IWorkerState | undefined;
  /** Of a worker, the mean of all where it is not known. Units a second. */
  speed: (worker: IWorkerState) => number;
  divisible: boolean;
  /** Attempts end at multiples of it. */
  grain: number;
  traits: IEngineTraits;
  /** A worker that has not been heard of for so long is silent, s. */
  silent: number;
  now: number;
}

/** A backup begins when a part takes so many times what was expected, and only to be done so much sooner. */
const LATE = 1.5;
const GAIN = 1.2;

/** Chooses the attempt that will end last, if something can be won. */
export function tailMove(tail: ITail): TailMove | undefined {
  const { now, traits } = tail;
  const own = tail.speed(tail.idle);
  let last: { lease: ILease; left: number } | undefined;
  for (const lease of tail.leases) {
    const worker = tail.worker(lease.worker);
    if (!worker || lease.worker === tail.idle.id || lease.startedAt === undefined || lease.dropped) {
      continue;
    }
    if (lease.part.leases.size > 1) {
      continue;
    }
    const left = secondsLeft(lease, worker, tail);
    if (!last || left > last.left) {
      last = { lease, left };
    }
  }
  if (!last || own <= 0) {
    return undefined;
  }
  const { lease, left } = last;
  const count = lease.end - lease.first;
  if (left === Infinity) {
    return !lease.stopping && late(lease, count, own, now) ? { type: 'backup', lease } : undefined;
  }
  const victim = tail.speed(tail.worker(lease.worker) as IWorkerState);
  if (tail.divisible && traits.stoppable && lease.reported && left > 4 * traits.startCost) {
    const rest = left * victim;
    const share = Math.floor((rest * own) / (own + victim) - own * traits.startCost * 0.5);
    // Where it will be when it hears of it, it must not have passed.
    const place = Math.max(lease.end - share, Math.ceil(lease.end - rest + victim * traits.startCost * 2) + 1);
    const at = Math.ceil(place / tail.grain) * tail.grain;
    if (at < lease.end && lease.end - at >= own * traits.startCost) {
      return { type: 'steal', lease, at };
    }
    return undefined;
  }
  const wins = left > GAIN * (count / own + traits.startCost);
  return wins && !lease.stopping && late(lease, count, own, now) ? { type: 'backup', lease } : undefined;
}

function late(lease: ILease, count: number, speed: number, now: number): boolean {
  return now - (lease.startedAt ?? now) > LATE * (count / speed);
}

/** Seconds that this attempt still needs, as far as one can tell; Infinity for a worker that is silent. */
function secondsLeft(lease: ILease, worker: IWorkerState, tail: ITail): number {
  if (tail.now - worker.heardAt > tail.silent) {
    return Infinity;
  }
  const speed = tail.speed(worker);
  if (speed <= 0) {
    return Infinity;
  }
  const since = tail.now - Math.max(lease.doneAt, lease.startedAt ?? tail.now);
  const place = lease.first + lease.done + since * speed;
  if (place >= lease.end && !lease.reported) {
    // It should be done: who says nothing may need as long again as it has needed.
    return tail.now - (lease.startedAt ?? tail.now);
  }
  return Math.max(0, lease.end - place) / speed;
}
