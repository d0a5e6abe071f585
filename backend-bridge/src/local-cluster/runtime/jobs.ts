import { join } from 'node:path';
import type { IOscarService } from '../../fdl/service';
import type { IDisposable, IJobRecord, IJobs, IRunAnswer, PodPhase } from '../interfaces';
import { JobLogs } from './job-logs';
import { BLANK, gone, inputOf, jobName, readPage, writePage } from './job-parts';
import { JobRunner } from './job-runner';
import { Journal, toRecord, type IJobRow } from './journal';
import { fileSize } from './log-file';
import type { IRuntimeOptions } from './options';
import { Scheduler } from './scheduler';
import { share, type IShared } from './shared';
import { SyncCalls } from './sync-calls';

const PAGE = 70;
const HOUR = 3600e3;
const DAY = 24 * HOUR;

/** An event is remembered longer than the store can go on offering it. */
const SEEN_DAYS = 7;

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
    this._journal = new Journal(join(_options.data, 'jobs.db'), _options.log);
    this._scheduler = new Scheduler({
      pool: this._shared.pool,
      service: name => _options.service(name) ?? undefined,
      blocked: service => this._blocked(service)
    });
    this._logs = new JobLogs(
      _options.data,
      this._journal,
      () => this._runner,
      name => this._changed(name)
    );
    this._runner = new JobRunner({
      options: _options,
      shared: this._shared,
      journal: this._journal,
      scheduler: this._scheduler,
      logPath: id => this._logs.path(id),
      changed: row => this._emit(this._record(row), false)
    });
    this._calls = new SyncCalls(_options, this._shared, this._scheduler);
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
    this._runner.enqueue(row);
    const record = this._record(row);
    this._emit(record, false);
    return record;
  }

  async run(service: IOscarService, body: Buffer, options: { signal?: AbortSignal } = {}): Promise<IRunAnswer> {
    this._mustBeOpen();
    this._shared.remember(service);
    this._shared.environments.ensure(service, true);
    return this._calls.run(service, body, options);
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
    await this._runner.stop(row);
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
    return this._logs.read(name, options.timestamps === true);
  }

  followLog(name: string, options: { from?: number; signal?: AbortSignal } = {}): AsyncIterable<Buffer> {
    return this._logs.follow(name, options);
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
    await Promise.all([this._calls.close(reason), this._runner.close(reason)]);
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
        row.log_bytes = fileSize(this._logs.path(row.id));
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
      this._runner.enqueue(row);
    }
    void this._expire();
  }

  private async _removeRows(rows: IJobRow[]): Promise<void> {
    await Promise.all(
      rows
        .filter(({ id }) => this._runner.isWaiting(id) || this._runner.active(id) !== undefined)
        .map(row => this._runner.stop(row))
    );
    this._journal.remove(rows.map(({ id }) => id));
    for (const row of rows) {
      this._logs.remove(row.id);
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

  private _mustBeOpen(): void {
    if (this._closing) {
      throw gone('');
    }
  }

  private readonly _shared: IShared;
  private readonly _strict: boolean;
  private readonly _journal: Journal;
  private readonly _scheduler: Scheduler;
  private readonly _runner: JobRunner;
  private readonly _calls: SyncCalls;
  private readonly _logs: JobLogs;
  private readonly _listeners = new Set<(job: IJobRecord, removed: boolean) => void>();
  private readonly _unlisten: () => void;
  private readonly _expiry: NodeJS.Timeout;
  private _closing = false;
  private _swept = false;
}
