import type { IEnded, IRunning, ISchedulerOptions } from './actions';
import { fixedParts } from './fixed-parts';
import { newPart, type ILease, type IPartState, type IWorkerState } from './lease';
import type { IRange } from './plan';
import { RangePool } from './pool';
import { judge, type IRetryPolicy } from './retry';
import type { ITaskError } from './task';
import type { WorkerBook } from './worker-book';

/**
 * The parts of a phase: those that wait, the units that nobody has yet, and the attempts that run. It decides what becomes of a
 * part when an attempt of it ends, not who gets the next one.
 */
export class PartBook {
  constructor(
    options: Pick<ISchedulerOptions, 'plan' | 'retry' | 'nextPart' | 'attempts' | 'committed'>,
    private readonly _workers: WorkerBook
  ) {
    const { plan, retry, committed = [] } = options;
    this._plan = plan;
    this._retry = retry;
    this._next = Math.max(options.nextPart ?? 0, plan.parts?.length ?? 0);
    for (const range of committed) {
      this._doneUnits += range.count;
      this._doneParts += 1;
    }
    if (plan.parts) {
      this._queue = fixedParts(plan.parts, committed, () => this._next++);
      this._queue.sort((a, b) => a.weight - b.weight);
      this._queue.forEach(part => (part.attempts = options.attempts?.get(part.part) ?? 0));
      this._pool = new RangePool();
    } else {
      this._pool = new RangePool([{ first: 0, count: plan.total }]);
      committed.forEach(range => this._pool.remove(range));
    }
  }

  readonly leases = new Map<string, ILease>();

  /** Nothing is left to do, and nothing runs that counts. */
  get complete(): boolean {
    return this._open === 0 && this.waiting === 0 && this._pool.remaining === 0;
  }

  get doneUnits(): number {
    return this._doneUnits;
  }

  get doneParts(): number {
    return this._doneParts;
  }

  /** Parts that are made and wait. */
  get waiting(): number {
    return this._queue.length + this._again.length;
  }

  /** Of those the ones that the planner chose and nobody had yet. */
  get queued(): number {
    return this._queue.length;
  }

  /** Parts that are being worked on and not settled. */
  get open(): number {
    return this._open;
  }

  /** Units that nobody has. */
  get remaining(): number {
    return this._pool.remaining;
  }

  /** A part under a new number. */
  make(range: IRange): IPartState {
    return newPart(this._next++, range);
  }

  /** @param length - units of the next range, asked for when there is none that waits */
  take(now: number, length: () => number): IPartState | undefined {
    for (let at = 0; at < this._again.length; at++) {
      const part = this._again[at];
      if (part.notBefore <= now) {
        this._again.splice(at, 1);
        return part;
      }
    }
    const fixed = this._queue.pop();
    if (fixed || this._pool.remaining === 0) {
      return fixed;
    }
    const range = this._pool.take(length(), this._plan.grain);
    return range && this.make(range);
  }

  /** An attempt has done `count` units of its part, and they count. */
  settle(lease: ILease, count: number): void {
    const { part } = lease;
    part.settled = true;
    this._open -= 1;
    this._doneUnits += count;
    this._doneParts += 1;
    if (lease.end > part.first + count) {
      this._pool.put({ first: part.first + count, count: lease.end - part.first - count });
    }
    part.count = count;
    for (const other of part.leases) {
      other.dropped = true;
    }
  }

  lease(part: IPartState, worker: IWorkerState, now: number): ILease {
    part.attempts += 1;
    part.lastWorker = worker.id;
    if (part.leases.size === 0) {
      this._open += 1;
    }
    const lease: ILease = {
      id: `${part.part}.${part.attempts}`,
      part,
      attempt: part.attempts,
      worker: worker.id,
      first: part.first,
      end: part.first + part.count,
      sentAt: now,
      done: 0,
      doneAt: now,
      kept: 0,
      reported: false,
      stopping: false,
      dropped: false
    };
    part.leases.add(lease);
    if (worker.leases.size === 0) {
      worker.heardAt = now;
    }
    worker.leases.add(lease);
    this.leases.set(lease.id, lease);
    return lease;
  }

  /**
   * An attempt that was told to end at its border may have gone further. What was given away is taken back, unless it is in
   * better hands; false: nothing of the attempt counts.
   */
  takeBack(lease: ILease, count: number): boolean {
    const { given } = lease;
    const end = lease.first + count;
    if (!given || end <= lease.end) {
      return true;
    }
    const others = [...given.leases];
    const last = given.first + given.count;
    if (given.settled || end > last || others.some(other => other.given !== undefined)) {
      return false;
    }
    others.forEach(other => (other.dropped = true));
    const waiting = this._again.indexOf(given);
    if (waiting >= 0) {
      this._again.splice(waiting, 1);
    } else {
      this._open -= 1;
    }
    given.settled = true;
    given.revoked = true;
    lease.end = last;
    return true;
  }

  failed(lease: ILease, error: ITaskError, killed: boolean, now: number, own = false): IEnded {
    const { part } = lease;
    if (!own) {
      this.end(lease);
    }
    const state = error.class === 'lost' ? 'lost' : 'failed';
    if (lease.dropped || part.settled) {
      return { lease, state: 'superseded' };
    }
    const { divisible, grain = 1 } = this._plan;
    const halvable = divisible && lease.end - part.first > grain;
    const verdict = judge(part, error, killed, halvable, this._retry);
    if (part.leases.size > 0 && verdict.type !== 'give-up') {
      return { lease, state, error };
    }
    if (verdict.type === 'give-up') {
      const range = `Part ${part.part} (units ${part.first} to ${lease.end})`;
      const message = verdict.reason === undefined ? error.message : `${error.message} ${range}: ${verdict.reason}`;
      return { lease, state, error, fatal: { ...error, message } };
    }
    if (verdict.type === 'halve') {
      const middle = Math.ceil((part.first + (lease.end - part.first) / 2) / grain) * grain;
      const half = (middle < lease.end ? middle : middle - grain) - part.first;
      part.settled = true;
      this._open -= 1;
      for (const range of [
        { first: part.first, count: half },
        { first: part.first + half, count: lease.end - part.first - half }
      ]) {
        const piece = this.make(range);
        piece.failures = { ...part.failures, memory: 0 };
        piece.kills = part.kills;
        this._again.push(piece);
      }
      return { lease, state, error };
    }
    part.notBefore = now + verdict.after;
    this.giveBack(lease);
    return { lease, state, error };
  }

  /**
   * What a worker that is lost had finished of this attempt: a part of its own from now on, the part is what is left. At least one
   * grain is left, so that somebody says how the part ends.
   */
  keep(lease: ILease): (IRange & { part: number }) | undefined {
    const { part } = lease;
    const { grain = 1 } = this._plan;
    const most = Math.min(lease.kept, lease.end - lease.first - 1);
    const count = Math.floor((lease.first + most) / grain) * grain - lease.first;
    // Of several attempts the others are on all of it.
    if (count <= 0 || lease.dropped || part.settled || part.leases.size > 1) {
      return undefined;
    }
    this._doneUnits += count;
    this._doneParts += 1;
    part.first += count;
    part.count -= count;
    // It got on: what it has taken down before says nothing about the rest.
    part.failures = {};
    part.kills = 0;
    return { part: this._next++, first: lease.first, count };
  }

  /** The part of this attempt waits for its next one. */
  giveBack(lease: ILease): void {
    const { part } = lease;
    if (part.settled || part.leases.size > 0 || lease.dropped) {
      return;
    }
    part.count = lease.end - part.first;
    this._open -= 1;
    this._again.push(part);
  }

  end(lease: ILease): void {
    this.leases.delete(lease.id);
    lease.part.leases.delete(lease);
    const worker = this._workers.all.get(lease.worker);
    worker?.leases.delete(lease);
  }

  adopt({ part: number, attempt, worker: id, start, first, count }: IRunning): void {
    if (this._workers.all.has(id)) {
      return;
    }
    let part = [...this.leases.values()].find(lease => lease.part.part === number)?.part;
    if (!part && this._plan.parts) {
      const at = this._queue.findIndex(item => item.part === number);
      part = at < 0 ? undefined : this._queue.splice(at, 1)[0];
    } else if (
      !part &&
      this._pool.ranges.some(free => free.first <= first && first + count <= free.first + free.count)
    ) {
      this._pool.remove({ first, count });
      part = newPart(number, { first, count });
    }
    if (part) {
      this._workers.join(id, start);
      const most = Math.max(part.attempts, attempt);
      part.attempts = attempt - 1;
      this.lease(part, this._workers.all.get(id) as IWorkerState, start);
      part.attempts = most;
    }
  }

  private readonly _plan: ISchedulerOptions['plan'];
  private readonly _retry: IRetryPolicy;
  private readonly _pool: RangePool;
  /** Fixed parts, the heaviest last. */
  private readonly _queue: IPartState[] = [];
  private readonly _again: IPartState[] = [];
  private _open = 0;
  private _next: number;
  private _doneUnits = 0;
  private _doneParts = 0;
}
