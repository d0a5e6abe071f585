import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isProblem } from '../../../http';
import type { ICrew, ICrewListener, IEngineJob } from '../../engine/engine';
import type { ITaskError, Task } from '../../engine/task';
import { Expectation, type IPatience } from './expectation';
import { Handles } from './handles';
import { StatusBoard, type INews } from './status-board';
import type { BucketStore } from './store';
import { BODY_LIMIT, type IDescriptorTransport } from './transport';
import { InputError, InputUploads } from './uploads';

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

/** A descriptor that is under way. Times in ms of performance.now(). */
interface IAttempt {
  id: string;
  name: string;
  worker: string;
  units: number;
  /** Absent for work of an earlier bridge. */
  task?: Task;
  postedAt?: number;
  startedAt?: number;
  handle?: string;
  /** Looks in a row at which nothing was there that could be working on it. */
  missing: number;
  resent: number;
}

const CODE = 'code.json';
const CANCEL = 'cancel';
/** A sample that is lost is sent again so many times. */
const RESENDS = 3;
const LONGEST_PAUSE = 30_000;
/** Looks at which a job must be missing: a list may be older than the status object that came meanwhile. */
const LOOKS = 2;

/** The workers of one job that share nothing with the bridge but a bucket: a worker is room for one descriptor. */
export class DescriptorCrew implements ICrew {
  constructor(private readonly _options: IDescriptorCrewOptions) {
    const { store, times } = _options;
    this._board = new StatusBoard(store);
    this._handles = new Handles(store.folder);
    this._expected = new Expectation(times.patience);
    this._uploads = new InputUploads(store, () =>
      this._options.listener.note?.(
        `Input files of this machine are copied to the bucket ${store.bucket}, where the workers read them; the copies go ` +
          'with the job.'
      )
    );
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
    void this._send(attempt, task);
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
      this._cancel(attempt);
    }
    setImmediate(() => this._gone(worker, error, false));
  }

  close(leave = false): Promise<void> {
    this._closing ??= this._close(leave);
    return this._closing;
  }

  private async _close(leave: boolean): Promise<void> {
    this._stop.abort();
    const { store, log, job } = this._options;
    if (!leave && this._attempts.size > 0) {
      const attempts = [...this._attempts.values()];
      attempts.forEach(attempt => this._cancel(attempt));
      // Who cannot be reached otherwise looks at it.
      this._cancelled.push(store.write(CANCEL, Buffer.alloc(0)));
    }
    for (const result of await Promise.allSettled(this._cancelled)) {
      if (result.status === 'rejected') {
        log(`Workers of job ${job.id} may run on: ${String(result.reason)}`);
      }
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
    const { store, job } = this._options;
    await store.discard([CANCEL]);
    const { code } = job.spec;
    const data = Buffer.from(
      JSON.stringify({
        language: code.language,
        name: code.name ?? '<job>',
        line: code.language === 'python' ? (code.line ?? 1) : 1,
        with: code.language === 'python' ? (code.with ?? {}) : {},
        packages: code.language === 'python' ? (code.packages ?? []) : [],
        source: code.source
      })
    );
    this._code = { key: CODE, sha256: createHash('sha256').update(data).digest('hex') };
    await store.write(CODE, data);
    this._stale = await this._board.names();
    const handles = await this._handles.load();
    for (const attempt of this._attempts.values()) {
      attempt.handle ??= handles.get(attempt.name);
      this._stale.delete(attempt.name);
    }
    await this._measureRoom();
    this._ready = true;
    this._fitSoon();
  }

  private async _send(attempt: IAttempt, task: Task): Promise<void> {
    try {
      if (this._stale.delete(attempt.name)) {
        // The name was used before the job was begun anew.
        await this._board.forget(attempt.name);
      }
      const placed = await this._uploads.placed({ ...task, code: this._code });
      const body = Buffer.from(JSON.stringify(placed));
      if (body.length > BODY_LIMIT) {
        const message = `Its description has ${body.length} bytes; ${BODY_LIMIT} are the most. Use fewer or larger files.`;
        throw new InputError({ class: 'input', type: 'TooLarge', message });
      }
      const handle = await this._post(body, attempt);
      attempt.postedAt = performance.now();
      if (handle !== undefined) {
        attempt.handle = handle;
        await this._handles.add(attempt.name, handle);
      }
      if (this._attempts.get(attempt.name) !== attempt && !this._stop.signal.aborted) {
        this._cancel(attempt);
      }
    } catch (error) {
      if (this._stop.signal.aborted || this._attempts.get(attempt.name) !== attempt) {
        return;
      }
      this._free(attempt);
      const failure: ITaskError =
        error instanceof InputError ? error.error : { class: 'lost', type: 'NotSent', message: messageOf(error) };
      this._options.listener.failed(attempt.id, failure);
      this._options.listener.settled();
    }
  }

  private async _post(body: Buffer, attempt: IAttempt): Promise<string | undefined> {
    for (let pause = 1000; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        return await this._options.transport.post(body);
      } catch (error) {
        if (!isProblem(error, 'unreachable') || this._attempts.get(attempt.name) !== attempt) {
          throw error;
        }
      }
      await delay(pause, undefined, { signal: this._stop.signal });
    }
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
    this._cancel(attempt);
    if (attempt.task?.phase === 'sample' && attempt.resent < RESENDS) {
      // There is no other attempt of it; one that comes twice does nothing the second time.
      attempt.resent += 1;
      attempt.missing = 0;
      attempt.startedAt = undefined;
      attempt.postedAt = undefined;
      void this._send(attempt, attempt.task);
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

  private _cancel({ handle }: IAttempt): void {
    if (handle !== undefined) {
      // That it could not be ended is known at the end: its work does not count in any case.
      const work = this._options.transport.cancel(handle);
      work.catch(() => undefined);
      this._cancelled.push(work);
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
  private readonly _handles: Handles;
  private readonly _expected: Expectation;
  private readonly _uploads: InputUploads;
  private readonly _stop = new AbortController();
  /** Workers, and what they have. */
  private readonly _slots = new Map<string, IAttempt | undefined>();
  /** By name. */
  private readonly _attempts = new Map<string, IAttempt>();
  private readonly _cancelled: Promise<void>[] = [];
  private _stale = new Set<string>();
  private _code: Task['code'];
  private _wanted = 0;
  private _room = 1;
  private _hired = 0;
  private _ready = false;
  private _fitting: NodeJS.Immediate | undefined;
  private _working: Promise<void> | undefined;
  private _closing: Promise<void> | undefined;
}

/** What the duration of a task goes by. */
function unitsOf(task: Task): number {
  switch (task.phase) {
    case 'htc':
      return task.count;
    case 'map':
    case 'sample':
      return task.input.reduce((sum, { start, end, size }) => sum + (end ?? size) - start, 0);
    case 'reduce':
      return 1;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
