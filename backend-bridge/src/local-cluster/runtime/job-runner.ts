import type { IOscarService } from '../../fdl/service';
import type { PodPhase } from '../interfaces';
import { execute } from './execution';
import type { IJobRow, Journal } from './journal';
import { fileSize, LogWriter } from './log-file';
import type { IRuntimeOptions } from './options';
import type { IGrant } from './pool';
import type { IEntry, Scheduler } from './scheduler';
import type { IShared } from './shared';
import type { IExecution } from './supervisor/supervisor';

const LOG_BYTES = 2 ** 20;

/** Linux takes no longer variable; with room for its name. */
const LONGEST_VARIABLE = 131072 - 16;

/** Jobs whose script has ended and whose outputs are still being stored, at most, before they keep their place in the queue. */
const STORING = 4;

/** A job that runs now. */
export interface IActive {
  row: IJobRow;
  log: LogWriter;
  abort: AbortController;
  cancelled: boolean;
  done: Promise<void>;
}

export interface IJobRunnerOptions {
  options: IRuntimeOptions;
  shared: IShared;
  journal: Journal;
  scheduler: Scheduler;
  logPath: (id: number) => string;
  /** A row of the journal has changed. */
  changed: (row: IJobRow) => void;
}

/** Jobs from the queue to their end: each is written down before it starts, and again when it has ended. */
export class JobRunner {
  constructor(private readonly _options: IJobRunnerOptions) {}

  active(id: number): IActive | undefined {
    return this._active.get(id);
  }

  isWaiting(id: number): boolean {
    return this._waiting.has(id);
  }

  enqueue(row: IJobRow): void {
    const { id, service } = row;
    const { journal, scheduler } = this._options;
    const entry: IEntry = {
      service,
      gone: false,
      start: (current, grant) => this._start(id, current, grant),
      orphan: () => {
        this._waiting.delete(id);
        const waiting = journal.byId(id);
        if (waiting) {
          this._finish(waiting, { status: 'Failed', reason: 'Its service is gone.' });
        }
      }
    };
    this._waiting.set(id, entry);
    scheduler.add(entry, false);
  }

  /** Resolves when it has ended; for one that has ended already, at once. */
  async stop(row: IJobRow): Promise<void> {
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

  /** What runs is ended and waits again: the first work of the next run. */
  async close(reason: Error): Promise<void> {
    this._closing = true;
    for (const { abort } of this._active.values()) {
      abort.abort(reason);
    }
    await Promise.allSettled([...this._active.values()].map(({ done }) => done));
  }

  private _start(id: number, service: IOscarService, grant: IGrant): void {
    const { journal, options } = this._options;
    this._waiting.delete(id);
    const row = journal.byId(id);
    if (!row) {
      grant.release();
      return;
    }
    const path = this._options.logPath(id);
    const active: IActive = {
      row,
      abort: new AbortController(),
      log: new LogWriter(path, options.settings?.logBytes ?? LOG_BYTES),
      cancelled: false,
      done: Promise.resolve()
    };
    row.status = 'Running';
    row.started = Date.now();
    row.attempt++;
    this._active.set(id, active);
    this._change(row);
    active.done = this._perform(active, service, grant);
  }

  private async _perform(active: IActive, service: IOscarService, grant: IGrant): Promise<void> {
    const { row, log } = active;
    const result = await this._execute(active, service, grant);
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
      this._options.journal.update(row);
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

  private async _execute(active: IActive, service: IOscarService, grant: IGrant): Promise<IExecution> {
    const { options, shared, journal } = this._options;
    const { row, log } = active;
    const body = journal.body(row.id);
    let storing = false;
    try {
      return await execute({
        options,
        shared,
        service,
        body,
        limits: grant.limits,
        variables: { JOB_UUID: row.name, ...eventVariable(body, options.strict === true) },
        id: String(row.id),
        owner: row.owner,
        sync: false,
        signal: active.abort.signal,
        log: data => log.write(data),
        onExit: () => {
          if (this._storing < STORING) {
            // The next one starts while this one's outputs are stored. Not without end: they take room on the disk.
            this._storing++;
            storing = true;
            grant.release();
          }
        },
        ...(row.attempt > 1 ? { note: `This is attempt ${row.attempt}: the cluster was stopped while it ran.` } : {})
      });
    } finally {
      this._storing -= storing ? 1 : 0;
    }
  }

  private _finish(row: IJobRow, end: { status: PodPhase; reason?: string }): void {
    row.status = end.status;
    row.reason = end.reason ?? null;
    // A clock that went back must not let a job end before it began.
    row.finished = Math.max(Date.now(), row.started ?? 0, row.created);
    this._change(row);
  }

  private _change(row: IJobRow): void {
    this._options.journal.update(row);
    this._options.changed(row);
  }

  private readonly _waiting = new Map<number, IEntry>();
  private readonly _active = new Map<number, IActive>();
  private _storing = 0;
  private _closing = false;
}

/** The event as a variable, where the system takes one so long. */
function eventVariable(body: Buffer, strict: boolean): Record<string, string> {
  const event = body.toString('utf8');
  if (body.length < LONGEST_VARIABLE && !event.includes('\0')) {
    return { EVENT: event };
  }
  // The original puts it there all the same, and the kernel refuses to start the program.
  return strict ? { EVENT: event.replaceAll('\0', '') } : {};
}
