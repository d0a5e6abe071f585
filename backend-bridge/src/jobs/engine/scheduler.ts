import type { Action, IEnded, ISchedulerOptions } from './actions';
import { measure, type ILease, type IWorkerState } from './lease';
import { PartBook } from './part-book';
import type { IChunkPolicy, IPolicyView } from './plan';
import { rangeLength, workersFor } from './sizing';
import { tailMove } from './tail';
import type { ITaskError } from './task';
import { WorkerBook } from './worker-book';

/** Parts that one worker may hold. */
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
    this._workers = new WorkerBook(_options.traits.heartbeat);
    this._parts = new PartBook(_options, this._workers);
    _options.running?.forEach(attempt => this._parts.adopt(attempt));
  }

  /** Nothing is left to do, and nothing runs that counts. */
  get complete(): boolean {
    return this._parts.complete;
  }

  get doneUnits(): number {
    return this._parts.doneUnits;
  }

  get doneParts(): number {
    return this._parts.doneParts;
  }

  /** Units that running attempts say they have done. */
  get doingUnits(): number {
    let sum = 0;
    for (const lease of this._parts.leases.values()) {
      sum += lease.dropped ? 0 : Math.min(lease.done, lease.end - lease.first);
    }
    return sum;
  }

  /** Parts that are known so far; ranges that will be pulled are not. */
  get knownParts(): number {
    const { doneParts, waiting, open } = this._parts;
    return doneParts + waiting + open;
  }

  get leases(): ReadonlyMap<string, ILease> {
    return this._parts.leases;
  }

  get workers(): ReadonlyMap<string, IWorkerState> {
    return this._workers.all;
  }

  /** Seconds until the end if nothing changes. */
  eta(now: number): number | undefined {
    const speed = this._workers.totalSpeed(now);
    const left = this._options.plan.total - this.doneUnits - this.doingUnits;
    return speed > 0 ? Math.max(0, left) / speed : undefined;
  }

  /** Workers that are of use now. */
  wanted(now: number): number {
    const { most, target, initial, traits } = this._options;
    const { waiting, remaining, leases } = this._parts;
    let count = Math.min(most, Math.max(waiting, remaining) + leases.size);
    if (target !== undefined && target > 0) {
      this._beganAt ??= now;
      const mean = this._workers.meanSpeed();
      const left = this._options.plan.total - this.doneUnits - this.doingUnits;
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
        const kept = this._parts.keep(lease);
        ended.push({ ...this._parts.failed(lease, error, killed, now), ...(kept === undefined ? {} : { kept }) });
      } else {
        this._parts.end(lease);
        this._parts.giveBack(lease);
        ended.push({ lease, state: 'lost', error });
      }
    }
    return ended;
  }

  started(id: string, now: number): void {
    const lease = this._parts.leases.get(id);
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
    const lease = this._parts.leases.get(id);
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
    const lease = this._parts.leases.get(id);
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
    this._parts.end(lease);
    if (lease.dropped || part.settled) {
      return { lease, state: 'superseded', discard: part.revoked };
    }
    if (answer.superseded === true) {
      if (part.leases.size === 0) {
        // A worker that is gone had committed it and could not say so: not to be trusted, as nobody knows how far it was.
        const failed = this._parts.failed(lease, HALF_REPORTED, false, now, true);
        return { ...failed, state: 'superseded', discard: true };
      }
      return { lease, state: 'superseded' };
    }
    if (!this._parts.takeBack(lease, count)) {
      this._parts.giveBack(lease);
      return { lease, state: 'superseded', discard: true };
    }
    const range = { first: part.first, count };
    if (count === 0 && asked > 0) {
      if (lease.stopping) {
        this._parts.giveBack(lease);
        return { lease, state: 'superseded', discard: true };
      }
      return { ...this._parts.failed(lease, NOTHING_DONE, false, now, true), discard: true };
    }
    this._parts.settle(lease, count);
    if (worker) {
      worker.units += count;
      worker.parts += 1;
    }
    return { lease, state: 'done', range };
  }

  failed(id: string, error: ITaskError, now: number): IEnded | undefined {
    const lease = this._parts.leases.get(id);
    const worker = lease && this._workers.all.get(lease.worker);
    if (worker) {
      worker.heardAt = now;
    }
    return lease && this._parts.failed(lease, error, false, now);
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
      const part = this._parts.take(now, () => this._length(worker, now));
      if (!part) {
        break;
      }
      actions.push({ type: 'start', lease: this._parts.lease(part, worker, now) });
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
    if (size > this._parts.queued / (2 * most)) {
      return false;
    }
    let units = 0;
    for (const lease of worker.leases) {
      units += lease.end - lease.first - lease.done;
    }
    return units < traits.ahead * worker.speed && worker.lastSeconds < traits.ahead;
  }

  /** Units of the next range of this worker. */
  private _length(worker: IWorkerState, now: number): number {
    const { plan, traits } = this._options;
    return plan.divisible
      ? plan.policy
        ? plan.policy.next(worker.id, this._policyView(now))
        : rangeLength({
            remaining: this._parts.remaining,
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
  }

  private _tail(idle: IWorkerState, now: number, actions: Action[]): void {
    const { plan, traits } = this._options;
    if (plan.policy?.ownTail === true) {
      return;
    }
    const mean = this._workers.meanSpeed();
    const move = tailMove({
      idle,
      leases: this._parts.leases.values(),
      worker: id => this._workers.all.get(id),
      speed: worker => (worker.speed > 0 ? worker.speed : mean),
      divisible: plan.divisible && !plan.parts,
      grain: plan.grain ?? 1,
      traits,
      silent: this._workers.silent,
      now
    });
    if (move?.type === 'backup') {
      actions.push({ type: 'start', lease: this._parts.lease(move.lease.part, idle, now) });
    } else if (move) {
      const { lease, at } = move;
      const given = this._parts.make({ first: at, count: lease.end - at });
      lease.stopping = true;
      lease.end = at;
      lease.given = given;
      actions.push({ type: 'stop', lease, at });
      actions.push({ type: 'start', lease: this._parts.lease(given, idle, now) });
    }
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
    return this._workers.policyView(now, this._beganAt, {
      total: plan.total,
      remaining: this._parts.remaining,
      target
    });
  }

  private readonly _parts: PartBook;
  private readonly _workers: WorkerBook;
  private _needed = 0;
  private _beganAt: number | undefined;
}
