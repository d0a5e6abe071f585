import { setTimeout as delay } from 'node:timers/promises';
import { isProblem } from '../../../http';
import type { ICrew, ICrewListener, IEngineJob } from '../../engine/engine';
import type { ITaskError, Task } from '../../engine/task';
import { messageOf, unitsOf, type IAttempt } from './attempt';
import { Expectation, type IPatience } from './expectation';
import { DescriptorPosts } from './posts';
import { StatusBoard, type INews } from './status-board';
import type { BucketStore } from './store';
import type { IDescriptorTransport } from './transport';

export interface ICrewTimes {
  /** Between two lists of the status objects, ms. */
  list: number;
  /** Between two looks at jobs and free processors, ms. */
  look: number;
  /** A job that is just posted need not be in the list yet, ms. */
  grace: number;
  patience: IPatience;
}

export interface IDescriptorCrewOptions {
  job: IEngineJob;
  store: BucketStore;
  transport: IDescriptorTransport;
  listener: ICrewListener;
  times: ICrewTimes;
  /** What names of workers begin with. */
  name: string;
  log: (line: string) => void;
}

/** A sample that is lost is sent again so many times. */
const RESENDS = 3;
const LONGEST_PAUSE = 30_000;
/** Looks at which a job must be missing: a list may be older than the status object that came meanwhile. */
const LOOKS = 2;

/** The workers of one job that share nothing with the bridge but a bucket: a worker is room for one descriptor. */
export class DescriptorCrew implements ICrew {
  constructor(private readonly _options: IDescriptorCrewOptions) {
    const { job, listener, store, times, transport } = _options;
    this._board = new StatusBoard(store);
    this._expected = new Expectation(times.patience);
    this._posts = new DescriptorPosts({
      job,
      store,
      transport,
      signal: this._stop.signal,
      note: text => listener.note?.(text),
      wanted: attempt => this._attempts.get(attempt.name) === attempt,
      failed: (attempt, error) => {
        this._free(attempt);
        listener.failed(attempt.id, error);
        listener.settled();
      },
      forget: name => this._board.forget(name)
    });
  }

  want(count: number): void {
    this._wanted = count;
    this._working ??= this._work();
    this._fitSoon();
  }

  adopt(worker: string, id: string, task: { name: string; units: number }): void {
    const attempt: IAttempt = { id, ...task, worker, postedAt: performance.now(), missing: 0, resent: 0 };
    this._slots.set(worker, attempt);
    this._attempts.set(task.name, attempt);
    const number = Number(/-(\d+)$/.exec(worker)?.[1] ?? 0);
    this._hired = Math.max(this._hired, number);
  }

  start(worker: string, id: string, task: Task): void {
    if (!this._slots.has(worker)) {
      // Its end is on its way: what it was given comes back with `gone`.
      return;
    }
    const name = `${task.phase}-${task.part}.${task.attempt}`;
    const attempt: IAttempt = { id, name, worker, units: unitsOf(task), task, missing: 0, resent: 0 };
    this._slots.set(worker, attempt);
    this._attempts.set(name, attempt);
    this._posts.send(attempt, task);
  }

  stop(): void {
    // The traits say that parts cannot be stopped.
  }

  kill(worker: string, error: ITaskError): void {
    const attempt = this._slots.get(worker);
    if (!this._slots.delete(worker)) {
      return;
    }
    if (attempt) {
      this._attempts.delete(attempt.name);
      this._board.read(attempt.name);
      this._posts.cancel(attempt);
    }
    setImmediate(() => this._gone(worker, error, false));
  }

  close(leave = false): Promise<void> {
    this._closing ??= this._close(leave);
    return this._closing;
  }

  private async _close(leave: boolean): Promise<void> {
    this._stop.abort();
    const { log, job } = this._options;
    if (!leave) {
      this._posts.cancelAll([...this._attempts.values()]);
    }
    for (const reason of await this._posts.settled()) {
      log(`Workers of job ${job.id} may run on: ${String(reason)}`);
    }
    await this._working;
  }

  /** Everything but the sending: one loop for each crew. */
  private async _work(): Promise<void> {
    const { times, listener } = this._options;
    if (!(await this._patiently(() => this._prepare()))) {
      return;
    }
    let looked = -Infinity;
    while (!this._stop.signal.aborted) {
      const began = performance.now();
      await this._patiently(async () => {
        const news = await this._board.news(this._attempts);
        if (!this._stop.signal.aborted) {
          news.forEach(item => this._tell(item));
          listener.settled();
        }
        await this._board.tidy();
      });
      if (began - looked >= times.look) {
        looked = began;
        await this._patiently(() => this._look());
      }
      this._fitSoon();
      const pause = times.list - (performance.now() - began);
      await delay(Math.max(times.list / 4, pause), undefined, { signal: this._stop.signal }).catch(() => undefined);
    }
  }

  /** A cluster that cannot be reached for a while does not end a job. False: it is over, and the job was told why. */
  private async _patiently(work: () => Promise<void>): Promise<boolean> {
    const { listener } = this._options;
    for (let pause = 1000; !this._stop.signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        await work();
        return true;
      } catch (error) {
        if (this._stop.signal.aborted) {
          return false;
        }
        if (!isProblem(error, 'unreachable')) {
          listener.broken({ class: 'lost', type: 'Cluster', message: messageOf(error) });
          return false;
        }
        listener.note?.('The cluster could not be reached for a while; what runs there runs on.');
      }
      await delay(pause, undefined, { signal: this._stop.signal }).catch(() => undefined);
    }
    return false;
  }

  private async _prepare(): Promise<void> {
    const handles = await this._posts.prepare();
    const stale = await this._board.names();
    for (const attempt of this._attempts.values()) {
      attempt.handle ??= handles.get(attempt.name);
      stale.delete(attempt.name);
    }
    this._posts.stale = stale;
    await this._measureRoom();
    this._ready = true;
    this._fitSoon();
  }

  private _tell({ name, status, log }: INews): void {
    const { listener, transport } = this._options;
    const attempt = this._attempts.get(name);
    if (!attempt) {
      return;
    }
    const now = performance.now();
    if (attempt.startedAt === undefined) {
      attempt.startedAt = now;
      listener.started(attempt.id);
    }
    if (!status) {
      return;
    }
    this._free(attempt);
    this._board.read(name);
    const seconds = (now - attempt.startedAt) / 1000;
    this._expected.learn(attempt.units, seconds, (attempt.startedAt - (attempt.postedAt ?? attempt.startedAt)) / 1000);
    listener.used?.(attempt.worker, seconds * transport.cpus);
    if (log !== undefined && log !== '') {
      listener.printed(attempt.id, log);
    }
    if (status.type === 'done') {
      listener.done(attempt.id, status);
    } else {
      listener.failed(attempt.id, status.error);
    }
  }

  /** Which descriptors are lost, and how many more workers there may be? */
  private async _look(): Promise<void> {
    const { transport, times } = this._options;
    await this._measureRoom();
    const began = performance.now();
    const posted = [...this._attempts.values()].filter(
      ({ postedAt }) => postedAt !== undefined && began - postedAt > times.grace
    );
    if (posted.length === 0) {
      return;
    }
    const { alive, handles } = await transport.look();
    for (const attempt of posted) {
      if (this._attempts.get(attempt.name) !== attempt || this._stop.signal.aborted) {
        continue;
      }
      const there =
        attempt.handle !== undefined && handles !== undefined ? handles.get(attempt.handle) === true : alive > 0;
      attempt.missing = there ? 0 : attempt.missing + 1;
      const late = this._late(attempt);
      if (attempt.missing >= LOOKS) {
        const message = 'The job of the cluster ended without a result.';
        this._lost(attempt, { class: 'lost', type: 'NoResult', message });
      } else if (late !== undefined) {
        this._lost(attempt, { class: 'lost', type: 'Late', message: late });
      }
    }
    this._options.listener.settled();
  }

  private _late(attempt: IAttempt): string | undefined {
    const now = performance.now();
    if (attempt.startedAt === undefined) {
      const limit = this._expected.waiting();
      const waited = (now - (attempt.postedAt ?? now)) / 1000;
      return waited > limit ? `It was not begun within ${Math.round(limit)} s.` : undefined;
    }
    const limit = this._expected.working(attempt.units);
    return now - attempt.startedAt > limit * 1000 ? `It was not done after ${Math.round(limit)} s.` : undefined;
  }

  private _lost(attempt: IAttempt, error: ITaskError): void {
    this._posts.cancel(attempt);
    if (attempt.task?.phase === 'sample' && attempt.resent < RESENDS) {
      // There is no other attempt of it; one that comes twice does nothing the second time.
      attempt.resent += 1;
      attempt.missing = 0;
      attempt.startedAt = undefined;
      attempt.postedAt = undefined;
      this._posts.send(attempt, attempt.task);
      return;
    }
    this._slots.delete(attempt.worker);
    this._attempts.delete(attempt.name);
    this._board.read(attempt.name);
    this._gone(attempt.worker, error, attempt.startedAt !== undefined && error.type === 'NoResult');
  }

  private _gone(worker: string, error: ITaskError, killed: boolean): void {
    if (!this._stop.signal.aborted) {
      this._options.listener.gone(worker, error, killed);
      this._options.listener.settled();
      this._fitSoon();
    }
  }

  private _free(attempt: IAttempt): void {
    this._attempts.delete(attempt.name);
    if (this._slots.get(attempt.worker) === attempt) {
      this._slots.set(attempt.worker, undefined);
    }
  }

  private async _measureRoom(): Promise<void> {
    const { free } = await this._options.transport.room();
    // Those that wait will take of what is free now.
    const running = [...this._attempts.values()].filter(({ startedAt }) => startedAt !== undefined).length;
    this._room = free === undefined ? Infinity : Math.max(1, running + free);
  }

  /** As many workers as are wanted and there is room for. */
  private _fitSoon(): void {
    if (!this._ready) {
      return;
    }
    this._fitting ??= setImmediate(() => {
      this._fitting = undefined;
      if (!this._stop.signal.aborted) {
        this._fit();
      }
    });
  }

  private _fit(): void {
    const { listener, name } = this._options;
    const target = Math.min(this._wanted, this._room);
    let changed = false;
    for (const [worker, attempt] of [...this._slots].reverse()) {
      if (this._slots.size > target && attempt === undefined) {
        this._slots.delete(worker);
        listener.gone(worker, { class: 'lost', type: 'Released', message: 'There was no room for it.' }, false);
        changed = true;
      }
    }
    while (this._slots.size < target) {
      const worker = `${name}-${(this._hired += 1)}`;
      this._slots.set(worker, undefined);
      listener.joined({ id: worker });
      changed = true;
    }
    if (changed) {
      listener.settled();
    }
  }

  private readonly _board: StatusBoard;
  private readonly _posts: DescriptorPosts;
  private readonly _stop = new AbortController();
  private readonly _expected: Expectation;
  /** Workers, and what they have. */
  private readonly _slots = new Map<string, IAttempt | undefined>();
  /** By name. */
  private readonly _attempts = new Map<string, IAttempt>();
  private _wanted = 0;
  private _room = 1;
  private _hired = 0;
  private _ready = false;
  private _fitting: NodeJS.Immediate | undefined;
  private _working: Promise<void> | undefined;
  private _closing: Promise<void> | undefined;
}
