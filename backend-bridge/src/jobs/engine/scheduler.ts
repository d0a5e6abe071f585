import { measure, newPart, type ILease, type IPartState, type IWorkerState } from './lease';
import type { IChunkPolicy, IPhasePlan, IPolicyView, IRange } from './plan';
import { RangePool } from './pool';
import { fixedParts } from './fixed-parts';
import { judge, type IRetryPolicy } from './retry';
import { rangeLength, workersFor } from './sizing';
import { tailMove } from './tail';
import type { ITaskError } from './task';
import type { IEngineTraits } from './traits';
import { WorkerBook } from './worker-book';

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

const AHEAD = 128;

const HALF_REPORTED: ITaskError = {
  class: 'lost',
  type: 'HalfReported',
  message: 'A worker that was lost had written its result but could not report it.'
};
const NOTHING_DONE: ITaskError = { class: 'lost', type: 'NothingDone', message: 'The worker did nothing of it.' };

/**
 * Hands out the parts of one phase. Pure: it knows no clock (times come with the calls, in seconds of a clock that is never set) and
 * does nothing itself.
 */
export class PhaseScheduler {
  constructor(private readonly _options: ISchedulerOptions) {
    const { plan, committed = [], traits } = _options;
    this._workers = new WorkerBook(traits.heartbeat);
    this._next = Math.max(_options.nextPart ?? 0, plan.parts?.length ?? 0);
    for (const range of committed) {
      this._doneUnits += range.count;
      this._doneParts += 1;
    }
    if (plan.parts) {
      this._queue = fixedParts(plan.parts, committed, () => this._next++);
      this._queue.sort((a, b) => a.weight - b.weight);
      this._queue.forEach(part => (part.attempts = _options.attempts?.get(part.part) ?? 0));
      this._pool = new RangePool();
    } else {
      this._pool = new RangePool([{ first: 0, count: plan.total }]);
      committed.forEach(range => this._pool.remove(range));
    }
    _options.running?.forEach(attempt => this._adopt(attempt));
  }

  /** Nothing is left to do, and nothing runs that counts. */
  get complete(): boolean {
    return this._open === 0 && this._queue.length === 0 && this._again.length === 0 && this._pool.remaining === 0;
  }

  get doneUnits(): number {
    return this._doneUnits;
  }

  get doneParts(): number {
    return this._doneParts;
  }

  /** Units that running attempts say they have done. */
  get doingUnits(): number {
    let sum = 0;
    for (const lease of this._leases.values()) {
      sum += lease.dropped ? 0 : Math.min(lease.done, lease.end - lease.first);
    }
    return sum;
  }

  /** Parts that are known so far; ranges that will be pulled are not. */
  get knownParts(): number {
    return this._doneParts + this._queue.length + this._again.length + this._open;
  }

  get leases(): ReadonlyMap<string, ILease> {
    return this._leases;
  }

  get workers(): ReadonlyMap<string, IWorkerState> {
    return this._workers.all;
  }

  /** Seconds until the end if nothing changes. */
  eta(now: number): number | undefined {
    const speed = this._workers.totalSpeed(now);
    const left = this._options.plan.total - this._doneUnits - this.doingUnits;
    return speed > 0 ? Math.max(0, left) / speed : undefined;
  }

  /** Workers that are of use now. */
  wanted(now: number): number {
    const { most, target, initial, traits } = this._options;
    const open = this._queue.length + this._again.length + this._leases.size;
    let count = Math.min(most, Math.max(open, this._pool.remaining + this._leases.size));
    if (target !== undefined && target > 0) {
      this._beganAt ??= now;
      const mean = this._workers.meanSpeed();
      const left = this._options.plan.total - this._doneUnits - this.doingUnits;
      const needed =
        mean > 0
          ? workersFor(left / mean, target - (now - this._beganAt) - traits.startCost, most)
          : Math.min(most, initial ?? 1);
      // A part that has just begun makes the estimate jump: workers are added, and let go at the end of the phase.
      this._needed = Math.max(this._needed, needed);
      count = Math.min(count, this._needed);
    }
    if (count === 0) {
      return 0;
    }
    // Who is there stays: at the end it takes over from others.
    return Math.max(count, Math.min(most, this._workers.all.size)) + this._workers.silentNow(now);
  }

  join(id: string, now: number): void {
    this._workers.join(id, now);
  }

  /** A worker is gone. What it had goes again; only what it worked on counts as an attempt. */
  leave(id: string, error: ITaskError, killed: boolean, now: number): IEnded[] {
    const worker = this._workers.all.get(id);
    if (!worker) {
      return [];
    }
    this._workers.all.delete(id);
    const ended: IEnded[] = [];
    for (const lease of worker.leases) {
      if (lease.startedAt !== undefined) {
        const kept = this._keep(lease);
        ended.push({ ...this._failed(lease, error, killed, now), ...(kept === undefined ? {} : { kept }) });
      } else {
        this._end(lease);
        this._giveBack(lease);
        ended.push({ lease, state: 'lost', error });
      }
    }
    return ended;
  }

  started(id: string, now: number): void {
    const lease = this._leases.get(id);
    const worker = lease && this._workers.all.get(lease.worker);
    if (!worker) {
      return;
    }
    lease.startedAt ??= now;
    lease.doneAt = now;
    worker.heardAt = now;
    if (worker.sampleUnits === 0) {
      worker.sampleAt = now;
    }
  }

  /** @param kept - units of its beginning that count whatever becomes of it */
  progress(id: string, done: number, now: number, kept = 0): Action[] {
    const lease = this._leases.get(id);
    const worker = lease && this._workers.all.get(lease.worker);
    if (!worker) {
      return [];
    }
    lease.startedAt ??= lease.sentAt;
    lease.kept = Math.max(lease.kept, kept);
    worker.heardAt = now;
    if (done > lease.done) {
      measure(worker, done - lease.done, now);
      lease.reported = true;
      lease.done = done;
      lease.doneAt = now;
    } else if (lease.reported) {
      measure(worker, 0, now);
    }
    return this._options.plan.policy?.report ? this._review(worker.id, now) : [];
  }

  /** An attempt says that it has done this many units from its start. */
  done(id: string, answer: { done: number; superseded?: boolean }, now: number): IEnded | undefined {
    const lease = this._leases.get(id);
    if (!lease) {
      return undefined;
    }
    const { part } = lease;
    const worker = this._workers.all.get(lease.worker);
    const asked = part.count;
    const count = this._options.plan.parts ? asked : Math.max(0, Math.min(answer.done, asked));
    if (worker) {
      worker.heardAt = now;
      worker.lastCount = count;
      worker.lastSeconds = now - Math.max(lease.startedAt ?? lease.sentAt, worker.doneAt);
      worker.doneAt = now;
      measure(worker, Math.max(0, count - lease.done), now);
    }
    this._end(lease);
    if (lease.dropped || part.settled) {
      return { lease, state: 'superseded', discard: part.revoked };
    }
    if (answer.superseded === true) {
      if (part.leases.size === 0) {
        // A worker that is gone had committed it and could not say so: not to be trusted, as nobody knows how far it was.
        const failed = this._failed(lease, HALF_REPORTED, false, now, true);
        return { ...failed, state: 'superseded', discard: true };
      }
      return { lease, state: 'superseded' };
    }
    if (!this._takeBack(lease, count)) {
      this._giveBack(lease);
      return { lease, state: 'superseded', discard: true };
    }
    const range = { first: part.first, count };
    if (count === 0 && asked > 0) {
      if (lease.stopping) {
        this._giveBack(lease);
        return { lease, state: 'superseded', discard: true };
      }
      return { ...this._failed(lease, NOTHING_DONE, false, now, true), discard: true };
    }
    part.settled = true;
    this._open -= 1;
    this._doneUnits += count;
    this._doneParts += 1;
    if (lease.end > part.first + count) {
      this._pool.put({ first: part.first + count, count: lease.end - part.first - count });
    }
    part.count = count;
    if (worker) {
      worker.units += count;
      worker.parts += 1;
    }
    for (const other of part.leases) {
      other.dropped = true;
    }
    return { lease, state: 'done', range };
  }

  failed(id: string, error: ITaskError, now: number): IEnded | undefined {
    const lease = this._leases.get(id);
    const worker = lease && this._workers.all.get(lease.worker);
    if (worker) {
      worker.heardAt = now;
    }
    return lease && this._failed(lease, error, false, now);
  }

  /** What to do now: hand out, steal, back up, give up what hangs. Call it after events and a few times a second. */
  pump(now: number): Action[] {
    const actions: Action[] = [];
    for (const worker of this._workers.all.values()) {
      this._watch(worker, now, actions);
    }
    for (const worker of this._workers.all.values()) {
      this.fill(worker.id, now, actions);
    }
    return actions;
  }

  /** Work for one worker that may have room for more. */
  fill(id: string, now: number, actions: Action[] = []): Action[] {
    const worker = this._workers.all.get(id);
    if (!worker || this._workers.isSilent(worker, now)) {
      return actions;
    }
    if (worker.leases.size > worker.refill) {
      return actions;
    }
    while (this._hasRoom(worker)) {
      const part = this._take(worker, now);
      if (!part) {
        break;
      }
      actions.push({ type: 'start', lease: this._lease(part, worker, now) });
    }
    // Several at a time: a message for each one that is done would cost more than the part.
    worker.refill = Math.floor(worker.leases.size / 2);
    if (worker.leases.size === 0) {
      this._tail(worker, now, actions);
    }
    return actions;
  }

  private _watch(worker: IWorkerState, now: number, actions: Action[]): void {
    const { timeout, traits } = this._options;
    const [lease] = worker.leases;
    if (!lease) {
      return;
    }
    if (timeout !== undefined && lease.startedAt !== undefined && now - lease.startedAt > timeout) {
      const message = `It was not done after ${timeout} s.`;
      actions.push({ type: 'kill', worker: worker.id, error: { class: 'timeout', type: 'Timeout', message } });
    } else if (traits.lostAfter > 0 && now - Math.max(worker.heardAt, lease.sentAt) > traits.lostAfter) {
      const message = `Its worker has not been heard of for ${traits.lostAfter} s.`;
      actions.push({ type: 'kill', worker: worker.id, error: { class: 'lost', type: 'Silence', message } });
    }
  }

  private _hasRoom(worker: IWorkerState): boolean {
    const { size } = worker.leases;
    if (size === 0) {
      return true;
    }
    const { plan, traits, most } = this._options;
    if (traits.ahead <= 0 || worker.speed <= 0 || !plan.parts || size >= AHEAD) {
      return false;
    }
    if (size > this._queue.length / (2 * most)) {
      return false;
    }
    let units = 0;
    for (const lease of worker.leases) {
      units += lease.end - lease.first - lease.done;
    }
    return units < traits.ahead * worker.speed && worker.lastSeconds < traits.ahead;
  }

  private _take(worker: IWorkerState, now: number): IPartState | undefined {
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
    const { plan, traits } = this._options;
    const length = plan.divisible
      ? plan.policy
        ? plan.policy.next(worker.id, this._policyView(now))
        : rangeLength({
            remaining: this._pool.remaining,
            workers: Math.max(1, this._workers.all.size),
            speed: worker.speed,
            total: this._workers.totalSpeed(now),
            lastCount: worker.lastCount,
            lastSeconds: worker.lastSeconds,
            elapsed: now - (this._beganAt ??= now),
            traits,
            maxRange: plan.maxRange
          })
      : plan.total;
    const range = this._pool.take(length, plan.grain);
    return range && newPart(this._next++, range);
  }

  private _adopt({ part: number, attempt, worker: id, start, first, count }: IRunning): void {
    if (this._workers.all.has(id)) {
      return;
    }
    let part = [...this._leases.values()].find(lease => lease.part.part === number)?.part;
    if (!part && this._options.plan.parts) {
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
      this._lease(part, this._workers.all.get(id) as IWorkerState, start);
      part.attempts = most;
    }
  }

  private _lease(part: IPartState, worker: IWorkerState, now: number): ILease {
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
    this._leases.set(lease.id, lease);
    return lease;
  }

  private _tail(idle: IWorkerState, now: number, actions: Action[]): void {
    const { plan, traits } = this._options;
    if (plan.policy?.ownTail === true) {
      return;
    }
    const mean = this._workers.meanSpeed();
    const move = tailMove({
      idle,
      leases: this._leases.values(),
      worker: id => this._workers.all.get(id),
      speed: worker => (worker.speed > 0 ? worker.speed : mean),
      divisible: plan.divisible && !plan.parts,
      grain: plan.grain ?? 1,
      traits,
      silent: this._workers.silent,
      now
    });
    if (move?.type === 'backup') {
      actions.push({ type: 'start', lease: this._lease(move.lease.part, idle, now) });
    } else if (move) {
      const { lease, at } = move;
      const given = newPart(this._next++, { first: at, count: lease.end - at });
      lease.stopping = true;
      lease.end = at;
      lease.given = given;
      actions.push({ type: 'stop', lease, at });
      actions.push({ type: 'start', lease: this._lease(given, idle, now) });
    }
  }

  /**
   * An attempt that was told to end at its border may have gone further. What was given away is taken back, unless it is in
   * better hands; false: nothing of the attempt counts.
   */
  private _takeBack(lease: ILease, count: number): boolean {
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

  private _failed(lease: ILease, error: ITaskError, killed: boolean, now: number, own = false): IEnded {
    const { part } = lease;
    if (!own) {
      this._end(lease);
    }
    const state = error.class === 'lost' ? 'lost' : 'failed';
    if (lease.dropped || part.settled) {
      return { lease, state: 'superseded' };
    }
    const { divisible, grain = 1 } = this._options.plan;
    const halvable = divisible && lease.end - part.first > grain;
    const verdict = judge(part, error, killed, halvable, this._options.retry);
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
        const piece = newPart(this._next++, range);
        piece.failures = { ...part.failures, memory: 0 };
        piece.kills = part.kills;
        this._again.push(piece);
      }
      return { lease, state, error };
    }
    part.notBefore = now + verdict.after;
    this._giveBack(lease);
    return { lease, state, error };
  }

  /**
   * What a worker that is lost had finished of this attempt: a part of its own from now on, the part is what is left. At least one
   * grain is left, so that somebody says how the part ends.
   */
  private _keep(lease: ILease): (IRange & { part: number }) | undefined {
    const { part } = lease;
    const { grain = 1 } = this._options.plan;
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
  private _giveBack(lease: ILease): void {
    const { part } = lease;
    if (part.settled || part.leases.size > 0 || lease.dropped) {
      return;
    }
    part.count = lease.end - part.first;
    this._open -= 1;
    this._again.push(part);
  }

  private _end(lease: ILease): void {
    this._leases.delete(lease.id);
    lease.part.leases.delete(lease);
    const worker = this._workers.all.get(lease.worker);
    worker?.leases.delete(lease);
  }

  private _review(worker: string, now: number): Action[] {
    const actions: Action[] = [];
    const policy = this._options.plan.policy as IChunkPolicy;
    for (const { worker: id, assigned } of policy.report?.(worker, this._policyView(now)) ?? []) {
      const state = this._workers.all.get(id);
      const [lease] = state?.leases ?? [];
      if (!state || !lease || lease.stopping) {
        continue;
      }
      const place = Math.max(lease.first + Math.floor(assigned - state.units), lease.first + lease.done + 1);
      const { grain = 1 } = this._options.plan;
      const at = Math.ceil(place / grain) * grain;
      if (at < lease.end) {
        lease.stopping = true;
        actions.push({ type: 'stop', lease, at });
      }
    }
    return actions;
  }

  private _policyView(now: number): IPolicyView {
    this._beganAt ??= now;
    const { plan, target } = this._options;
    return this._workers.policyView(now, this._beganAt, { total: plan.total, remaining: this._pool.remaining, target });
  }

  private readonly _pool: RangePool;
  /** Fixed parts, the heaviest last. */
  private readonly _queue: IPartState[] = [];
  private readonly _again: IPartState[] = [];
  private readonly _leases = new Map<string, ILease>();
  private readonly _workers: WorkerBook;
  /** Parts that are being worked on and not settled. */
  private _open = 0;
  private _next: number;
  private _doneUnits = 0;
  private _doneParts = 0;
  private _needed = 0;
  private _beganAt: number | undefined;
}
