import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { IOscarService } from '../../fdl/service';
import { BridgeError } from '../../http/errors';
import type { IDisposable, IJobRecord, IJobs, IRunAnswer, PodPhase } from '../interfaces';
import { execute } from './execution';
import { BLANK, gone, inputOf, jobName, readPage, writePage } from './job-parts';
import { Journal, toRecord, toStamps, type IJobRow } from './journal';
import { fileSize, LogWriter, readAll, readLog, withTimestamps } from './log-file';
import type { IRuntimeOptions } from './options';
import { requestOf, type IGrant } from './pool';
import { Scheduler, type IEntry } from './scheduler';
import { share, type IShared } from './shared';

const LOG_BYTES = 2 ** 20;
const PAGE = 70;
const HOUR = 3600e3;
const DAY = 24 * HOUR;

/** An event is remembered longer than the store can go on offering it. */
const SEEN_DAYS = 7;

/** Linux takes no longer variable; with room for its name. */
const LONGEST_VARIABLE = 131072 - 16;

interface IActive {
  row: IJobRow;
  log: LogWriter;
  abort: AbortController;
  cancelled: boolean;
  done: Promise<void>;
}

/**
 * The jobs of a cluster: a durable queue, run as the machine has room.
 *
 * `options.service` must know the services from the first call on: jobs of earlier runs are taken up at once, and those whose
 * service is gone end.
 *
 * @throws BridgeError when the data folder cannot be written to, DatabaseLockedError when another process uses it.
 */
export function createJobs(options: IRuntimeOptions): IJobs {
  return new Jobs(options);
}

class Jobs implements IJobs {
  constructor(private readonly _options: IRuntimeOptions) {
    this._shared = share(_options);
    this._strict = _options.strict === true;
    this._journal = new Journal(join(_options.data, 'jobs.db'));
    this._scheduler = new Scheduler({
      pool: this._shared.pool,
      service: name => _options.service(name) ?? undefined,
      blocked: service => this._blocked(service)
    });
    this._unlisten = this._shared.environments.onChange(() => this._scheduler.pump());
    void this._shared.swept.then(() => {
      this._swept = true;
      this._scheduler.pump();
    });
    this._resume();
    this._expiry = setInterval(() => void this._expire(), HOUR);
    this._expiry.unref();
  }

  submit(
    service: IOscarService,
    body: string | Buffer,
    options: { name?: string; owner?: string; dedupe?: string } = {}
  ): IJobRecord {
    this._mustBeOpen();
    this._shared.remember(service);
    this._shared.environments.ensure(service);
    const name = options.name ?? jobName(service.name);
    if (options.name !== undefined && this._journal.byName(options.name)) {
      throw Object.assign(new Error(`jobs.batch "${options.name}" already exists`), { code: 'JobExists' });
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const input = inputOf(bytes, service);
    const event = options.dedupe === undefined ? undefined : `${service.name}\n${options.dedupe}`;
    const job = {
      name,
      service: service.name,
      created: Date.now(),
      owner: options.owner ?? '',
      bucket: input?.bucket ?? null,
      key: input?.key ?? null
    };
    const row = this._journal.add(job, bytes, event);
    if (typeof row === 'string') {
      const known = this._journal.byName(row);
      // Its job may have been deleted since: it ran, that is all that can be said.
      return known ? this._record(known) : toRecord({ ...BLANK, ...job, name: row, status: 'Unknown' }, this._strict);
    }
    this._enqueue(row);
    const record = this._record(row);
    this._emit(record, false);
    return record;
  }

  async run(service: IOscarService, body: Buffer, options: { signal?: AbortSignal } = {}): Promise<IRunAnswer> {
    this._mustBeOpen();
    this._shared.remember(service);
    this._shared.environments.ensure(service, true);
    const impossible = this._shared.pool.impossible(requestOf(service));
    if (impossible !== undefined) {
      throw new BridgeError({
        type: 'no-room',
        title: 'The service does not fit on this cluster',
        status: 400,
        detail: impossible,
        action: "Lower cpu, memory or enable_gpu in the service's FDL."
      });
    }
    const abort = new AbortController();
    const stop = (): void => abort.abort(options.signal?.reason);
    options.signal?.throwIfAborted();
    options.signal?.addEventListener('abort', stop, { once: true });
    const id = `run-${randomUUID()}`;
    try {
      return await new Promise<IRunAnswer>((resolve, reject) => {
        const entry: IEntry = {
          service: service.name,
          gone: false,
          start: (current, grant) => {
            const call = this._call(current, body, id, grant, abort.signal);
            this._runs.add(call);
            void call
              .then(result => ({
                status: result.exitCode === undefined && !result.ok ? 500 : 200,
                body: result.reply,
                exitCode: result.exitCode ?? 1
              }))
              .then(resolve, reject)
              .finally(() => {
                this._runs.delete(call);
                grant.release();
              });
          },
          orphan: () => reject(gone(service.name))
        };
        abort.signal.addEventListener('abort', () => {
          entry.gone = true;
          reject(abort.signal.reason as Error);
        });
        this._aborts.add(abort);
        this._scheduler.add(entry, true);
      });
    } finally {
      this._aborts.delete(abort);
      options.signal?.removeEventListener('abort', stop);
    }
  }

  get(name: string): IJobRecord | undefined {
    const row = this._journal.byName(name);
    return row && this._record(row);
  }

  list(
    service: string,
    options: { page?: string; limit?: number; owner?: string } = {}
  ): { jobs: IJobRecord[]; next?: string } {
    const limit = options.limit ?? PAGE;
    const rows = this._journal.list(service, {
      before: readPage(options.page),
      limit: limit + 1,
      owner: options.owner
    });
    const jobs = rows.slice(0, limit).map(row => this._record(row));
    return rows.length > limit ? { jobs, next: writePage(rows[limit - 1].id) } : { jobs };
  }

  counts(service?: string): Record<PodPhase, number> {
    const counts: Record<PodPhase, number> = {
      Suspended: 0,
      Pending: 0,
      Running: 0,
      Succeeded: 0,
      Failed: 0,
      Unknown: 0
    };
    for (const { status, count } of this._journal.counts(service)) {
      counts[status] = count;
    }
    return counts;
  }

  async cancel(name: string): Promise<IJobRecord | undefined> {
    const row = this._journal.byName(name);
    if (!row) {
      return undefined;
    }
    await this._stop(row);
    return this.get(name);
  }

  async remove(name: string): Promise<boolean> {
    const row = this._journal.byName(name);
    if (!row) {
      return false;
    }
    await this._removeRows([row]);
    return true;
  }

  async removeAll(service: string, options: { succeededOnly?: boolean; owner?: string } = {}): Promise<void> {
    await this._removeRows(this._journal.select({ service, owner: options.owner, succeeded: options.succeededOnly }));
  }

  async log(name: string, options: { timestamps?: boolean } = {}): Promise<string | undefined> {
    const row = this._journal.byName(name);
    if (!row || row.status === 'Pending') {
      return undefined;
    }
    const active = this._active.get(row.id);
    const text = (active ? readAll(active.log) : (readLog(this._logPath(row.id)) ?? Buffer.alloc(0))).toString('utf8');
    return options.timestamps ? withTimestamps(text, active ? active.log.stamps : toStamps(row)) : text;
  }

  async *followLog(name: string, options: { from?: number; signal?: AbortSignal } = {}): AsyncIterable<Buffer> {
    let at = options.from ?? 0;
    const aborted = new Promise<void>(resolve =>
      options.signal?.addEventListener('abort', () => resolve(), { once: true })
    );
    while (!options.signal?.aborted) {
      const row = this._journal.byName(name);
      if (!row) {
        return;
      }
      const active = this._active.get(row.id);
      if (!active) {
        if (row.status !== 'Pending') {
          const all = readLog(this._logPath(row.id));
          if (all && all.length > at) {
            yield all.subarray(at);
          }
          return;
        }
        await Promise.race([this._changed(name), aborted]);
        continue;
      }
      while (!options.signal?.aborted) {
        const { data, next } = active.log.read(at);
        if (data.length > 0) {
          at = next;
          yield data;
        } else if (active.log.closed) {
          // Requeued, or over and read: the row says which.
          if (!this._waiting.has(row.id)) {
            return;
          }
          break;
        } else {
          await Promise.race([active.log.more(), aborted]);
        }
      }
    }
  }

  onChange(listener: (job: IJobRecord, removed: boolean) => void): IDisposable {
    this._listeners.add(listener);
    return { dispose: () => this._listeners.delete(listener) };
  }

  usage(): { bytes: number; clearable: number } {
    const { bytes, finished } = this._journal.usage();
    return { bytes, clearable: finished };
  }

  async clear(): Promise<void> {
    await this._removeRows(this._journal.select({ finishedBefore: Number.MAX_SAFE_INTEGER }));
    this._journal.compact();
  }

  async close(): Promise<void> {
    if (this._closing) {
      return;
    }
    this._closing = true;
    clearInterval(this._expiry);
    this._unlisten();
    this._scheduler.close();
    const reason = gone('');
    for (const abort of this._aborts) {
      abort.abort(reason);
    }
    for (const { abort } of this._active.values()) {
      abort.abort(reason);
    }
    await Promise.allSettled([...[...this._active.values()].map(({ done }) => done), ...this._runs]);
    this._journal.close();
    await this._shared.release();
  }

  private _resume(): void {
    const most = this._options.settings?.maxAttempts ?? 3;
    for (const row of this._journal.open()) {
      if (row.status !== 'Pending' && row.attempt >= most) {
        row.status = 'Failed';
        row.finished = Date.now();
        row.reason = `The cluster was stopped under it ${row.attempt} times; it is not tried again.`;
        row.log_bytes = fileSize(this._logPath(row.id));
        this._journal.update(row);
        continue;
      }
      if (row.status !== 'Pending') {
        row.status = 'Pending';
        row.started = null;
        this._journal.update(row);
      }
      const service = this._options.service(row.service);
      if (service) {
        this._shared.remember(service);
        this._shared.environments.ensure(service);
      }
      this._enqueue(row);
    }
    void this._expire();
  }

  private _enqueue(row: IJobRow): void {
    const { id, service } = row;
    const entry: IEntry = {
      service,
      gone: false,
      start: (current, grant) => this._start(id, current, grant),
      orphan: () => {
        this._waiting.delete(id);
        const waiting = this._journal.byId(id);
        if (waiting) {
          this._finish(waiting, { status: 'Failed', reason: 'Its service is gone.' });
        }
      }
    };
    this._waiting.set(id, entry);
    this._scheduler.add(entry, false);
  }

  private _start(id: number, service: IOscarService, grant: IGrant): void {
    this._waiting.delete(id);
    const row = this._journal.byId(id);
    if (!row) {
      grant.release();
      return;
    }
    const path = this._logPath(id);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const abort = new AbortController();
    const active: IActive = {
      row,
      abort,
      log: new LogWriter(path, this._options.settings?.logBytes ?? LOG_BYTES),
      cancelled: false,
      done: Promise.resolve()
    };
    row.status = 'Running';
    row.started = Date.now();
    row.attempt++;
    this._active.set(id, active);
    this._journal.update(row);
    this._emit(this._record(row), false);
    active.done = this._perform(active, service, grant);
  }

  private async _perform(active: IActive, service: IOscarService, grant: IGrant): Promise<void> {
    const { row, log } = active;
    const body = this._journal.body(row.id);
    const result = await this._call(service, body, String(row.id), grant, active.abort.signal, active);
    log.close();
    row.log_bytes = fileSize(log.path);
    row.stamps = JSON.stringify(log.stamps);
    this._active.delete(row.id);
    grant.release();
    if (this._closing && !active.cancelled && !result.ok && active.abort.signal.aborted) {
      // Not the job's fault: it is the next run's first work, and does not count as an attempt.
      row.status = 'Pending';
      row.started = null;
      row.attempt--;
      this._journal.update(row);
      return;
    }
    row.outputs = JSON.stringify(result.outputs);
    row.exit_code = result.exitCode ?? null;
    row.cancelled = active.cancelled ? 1 : 0;
    this._finish(row, {
      status: result.ok ? 'Succeeded' : 'Failed',
      reason: active.cancelled ? 'It was cancelled.' : result.reason
    });
  }

  private _call(
    service: IOscarService,
    body: Buffer,
    id: string,
    grant: IGrant,
    signal: AbortSignal,
    active?: IActive
  ): ReturnType<typeof execute> {
    const variables: Record<string, string> = {};
    if (active) {
      variables.JOB_UUID = active.row.name;
      const event = body.toString('utf8');
      if (body.length < LONGEST_VARIABLE && !event.includes('\0')) {
        variables.EVENT = event;
      } else if (this._strict) {
        // The original puts it there all the same, and the kernel refuses to start the program.
        variables.EVENT = event.replaceAll('\0', '');
      }
    }
    return execute({
      options: this._options,
      shared: this._shared,
      service,
      body,
      limits: grant.limits,
      variables,
      id,
      owner: active?.row.owner ?? '',
      sync: !active,
      signal,
      log: data => active?.log.write(data),
      ...(active && active.row.attempt > 1
        ? { note: `This is attempt ${active.row.attempt}: the cluster was stopped while it ran.` }
        : {})
    });
  }

  private _finish(row: IJobRow, end: { status: PodPhase; reason?: string }): void {
    row.status = end.status;
    row.reason = end.reason ?? null;
    // A clock that went back must not let a job end before it began.
    row.finished = Math.max(Date.now(), row.started ?? 0, row.created);
    this._journal.update(row);
    this._emit(this._record(row), false);
  }

  private async _stop(row: IJobRow): Promise<void> {
    const waiting = this._waiting.get(row.id);
    if (waiting) {
      waiting.gone = true;
      this._waiting.delete(row.id);
      row.cancelled = 1;
      this._finish(row, { status: 'Failed', reason: 'It was cancelled.' });
      return;
    }
    const active = this._active.get(row.id);
    if (active) {
      active.cancelled = true;
      active.abort.abort(new Error('It was cancelled.'));
      await active.done;
    }
  }

  private async _removeRows(rows: IJobRow[]): Promise<void> {
    await Promise.all(
      rows.filter(row => this._waiting.has(row.id) || this._active.has(row.id)).map(row => this._stop(row))
    );
    this._journal.remove(rows.map(({ id }) => id));
    for (const row of rows) {
      rmSync(this._logPath(row.id), { force: true });
      this._emit(toRecord(row, this._strict), true);
    }
  }

  private async _expire(): Promise<void> {
    const days = this._options.settings?.keepJobsDays ?? 30;
    if (days > 0) {
      await this._removeRows(this._journal.select({ finishedBefore: Date.now() - days * DAY }));
    }
    this._journal.forget(Date.now() - SEEN_DAYS * DAY);
    await this._shared.environments.clear(this._shared.services(), true);
  }

  private _blocked(service: IOscarService): string | undefined {
    if (!this._swept) {
      return 'It waits until what an earlier run left behind has ended.';
    }
    const { state, progress = 0 } = this._shared.environments.state(service);
    if (state === 'pending') {
      this._shared.environments.ensure(service);
      return `Its Python environment is being prepared (${Math.round(progress * 100)}%).`;
    }
    return undefined;
  }

  private _record(row: IJobRow): IJobRecord {
    return row.status === 'Pending'
      ? toRecord(row, this._strict, this._scheduler.reason(row.service))
      : toRecord(row, this._strict);
  }

  /** Resolves at the next change of a job. */
  private _changed(name: string): Promise<void> {
    return new Promise(resolve => {
      const subscription = this.onChange(job => {
        if (job.name === name) {
          subscription.dispose();
          resolve();
        }
      });
    });
  }

  private _emit(record: IJobRecord, removed: boolean): void {
    for (const listener of [...this._listeners]) {
      listener(record, removed);
    }
  }

  private _logPath(id: number): string {
    return join(this._options.data, 'logs', String(Math.floor(id / 1000)), `${id}.log`);
  }

  private _mustBeOpen(): void {
    if (this._closing) {
      throw gone('');
    }
  }

  private readonly _shared: IShared;
  private readonly _strict: boolean;
  private readonly _journal: Journal;
  private readonly _scheduler: Scheduler;
  private readonly _waiting = new Map<number, IEntry>();
  private readonly _active = new Map<number, IActive>();
  private readonly _aborts = new Set<AbortController>();
  private readonly _runs = new Set<Promise<unknown>>();
  private readonly _listeners = new Set<(job: IJobRecord, removed: boolean) => void>();
  private readonly _unlisten: () => void;
  private readonly _expiry: NodeJS.Timeout;
  private _closing = false;
  private _swept = false;
}
