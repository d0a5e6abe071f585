import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComputeJob, ComputePart, ComputeRequest, ComputeResultPage, Problem } from '../contract';
import { BridgeError } from '../http/errors';
import type { IEngine, IStore } from './engine/engine';
import { JobJournal } from './engine/journal';
import { JobRun } from './engine/job-run';
import type { CreatePlanner } from './engine/plan';
import type { IJobRecord } from './engine/records';
import { killOrphans, LocalEngine } from './engines/local';
import { OscarEngines } from './engines/oscar';
import { createHtcPlanner, withConfig } from './htc';
import type { IJobs, IJobsOptions } from './interfaces';
import { JobLog } from './job-log';
import { createMapReducePlanner, type IPlaces } from './mapreduce';
import { readResult } from './read-result';
import { countersOf, partOf, phasesOf, viewOf } from './view';

/** Events of one job are at least so far apart, ms. */
const EVENTS = 200;
/** Jobs that run at once; others wait. */
const AT_ONCE = 8;
const PARTS = 10_000;
const DAY = 24 * 3600 * 1000;
/** What a job has left behind beside its result, and then all of it, is kept for so long. */
const KEEP_SHUFFLE = 7 * DAY;
const KEEP = 30 * DAY;

interface ILive {
  run: JobRun;
  log: JobLog;
  recovering: boolean;
  work?: Promise<void>;
  /** When the last event was sent, ms. */
  sentAt: number;
  timer?: NodeJS.Timeout;
}

/** All jobs of this bridge. */
export class Jobs implements IJobs {
  constructor(private readonly _options: IJobsOptions) {
    const { data, log, python, runner, workers } = _options;
    this._folder = join(data, 'jobs');
    mkdirSync(this._folder, { recursive: true, mode: 0o700 });
    this._journal = new JobJournal(join(data, 'jobs.db'), {
      log,
      onError: error => this._live.forEach(({ run }) => run.broken(error))
    });
    const nonce = randomBytes(12).toString('hex');
    this._before = this._journal.boot(nonce);
    this._local = new LocalEngine({ python, runner, nonce, workers });
    const { apply, clusters } = _options;
    this._oscar = apply && new OscarEngines({ apply, clusters, runner, python, log });
    const places: IPlaces = {
      clusters: _options.clusters,
      contentsRoot: _options.contentsRoot,
      active: job => this._live.has(job)
    };
    this._planners = { mapreduce: createMapReducePlanner(places), htc: createHtcPlanner(places) };
  }

  async create(request: ComputeRequest): Promise<{ job: ComputeJob; created: boolean }> {
    const there = this._journal.byKey(request.idempotencyKey);
    if (there) {
      return { job: this._view(there.id), created: false };
    }
    const { request: spec, notes } = withConfig(request);
    this._engine(spec);
    const record: IJobRecord = {
      id: `${request.kind === 'mapreduce' ? 'mr' : 'htc'}-${randomBytes(5).toString('hex')}`,
      spec,
      state: 'queued',
      over: false,
      createdAt: Date.now(),
      revision: 1,
      notes,
      sampled: false,
      finishing: false
    };
    mkdirSync(this._folderOf(record.id), { recursive: true, mode: 0o700 });
    this._write(() => this._journal.save(record));
    this._add(record, false);
    return { job: this._view(record.id), created: true };
  }

  list(query: { kind?: string; state?: string; page?: string }): { items: ComputeJob[]; next?: string } {
    const { jobs, next } = this._journal.list(query);
    const items = jobs.map(record => {
      const live = this._live.get(record.id);
      return live ? viewOf(live.run.record, live.run) : viewOf(record);
    });
    return { items, ...(next === undefined ? {} : { next }) };
  }

  async get(id: string, options: { since?: number; wait?: number; signal?: AbortSignal } = {}): Promise<ComputeJob> {
    const { since, wait = 0, signal } = options;
    const job = this._view(id);
    if (since === undefined || job.revision !== since || wait <= 0 || !this._live.has(id)) {
      return job;
    }
    await new Promise<void>(resolve => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this._waiting.get(id)?.delete(done);
        resolve();
      };
      const timer = setTimeout(done, wait * 1000);
      signal?.addEventListener('abort', done, { once: true });
      const waiting = this._waiting.get(id) ?? new Set();
      this._waiting.set(id, waiting.add(done));
    });
    return this._view(id);
  }

  async remove(id: string): Promise<void> {
    const record = this._find(id);
    if (this._live.has(id)) {
      throw conflict('The job is not over', 'It still runs, waits or is paused.', 'Cancel it first.');
    }
    await this._clear(record);
    await rm(this._folderOf(id), { recursive: true, force: true });
    this._journal.remove(record.id);
    this._options.onEvent?.(id, null);
  }

  async cancel(id: string): Promise<ComputeJob> {
    const record = this._find(id);
    const live = this._live.get(id);
    if (live && !live.work) {
      // It has not begun: nothing runs.
      record.finishedAt = new Date().toISOString();
      Object.assign(live.run.record, { state: 'cancelled', over: true, finishedAt: record.finishedAt });
      this._journal.save(live.run.record);
      this._over(live);
    } else if (live) {
      await live.run.cancel();
      await live.work;
    }
    return this._view(id);
  }

  pause(id: string): ComputeJob {
    this._find(id);
    const live = this._live.get(id);
    if (!live) {
      throw conflict('The job is over', 'Only a job that runs can be paused.');
    }
    live.run.pause();
    return this._view(id);
  }

  resume(id: string): ComputeJob {
    const record = this._find(id);
    const live = this._live.get(id);
    if (!live || live.run.record.state !== 'paused') {
      throw conflict('The job is not paused', `It is ${live?.run.record.state ?? record.state}.`);
    }
    live.run.resume();
    return this._view(id);
  }

  retry(id: string): ComputeJob {
    const record = this._find(id);
    if (this._live.has(id) || record.state === 'succeeded') {
      throw conflict(
        'There is nothing to do again',
        record.state === 'succeeded' ? 'The job has succeeded.' : 'The job is not over.'
      );
    }
    record.error = undefined;
    record.problem = undefined;
    record.finishedAt = undefined;
    record.over = false;
    record.state = 'queued';
    record.revision += 1;
    this._write(() => {
      this._journal.save(record);
      this._journal.event(id, 'retry', '');
    });
    this._unsaved.delete(id);
    this._add(record, true);
    return this._view(id);
  }

  parts(id: string, options: { phase?: string; since?: number }): { items: ComputePart[]; next: number } {
    this._find(id);
    const { since = 0 } = options;
    const live = this._live.get(id);
    const phases = live?.run.phases ?? this._journal.phases(id);
    const number = phases.find(phase => phase.name === options.phase)?.number;
    if (options.phase !== undefined && number === undefined) {
      return { items: [], next: since };
    }
    const rows = this._journal.attempts(id, { phase: number, since, limit: PARTS });
    const next = rows.length > 0 ? rows[rows.length - 1].revision : since;
    return { items: rows.map(row => partOf(row, phases[row.phase]?.name ?? '')), next };
  }

  log(id: string, options: { part?: string; follow?: boolean; signal?: AbortSignal }): AsyncIterable<string> {
    this._find(id);
    const log = this._live.get(id)?.log ?? new JobLog(this._logOf(id));
    return log.read({ ...options, over: () => !this._live.has(id) });
  }

  async result(id: string, offset: number, limit: number): Promise<ComputeResultPage> {
    const record = this._find(id);
    if (record.state !== 'succeeded') {
      throw conflict(
        'There is no result',
        record.over
          ? `The job was ${record.state === 'failed' ? 'not finished: it failed' : record.state}.`
          : 'The job is not over.',
        record.over ? 'Retry it: what is done is kept.' : 'Wait for its end.'
      );
    }
    return readResult(
      { record, journal: this._journal, folder: this._folderOf(id), store: await this._storeOf(record) },
      this._planners[record.spec.kind],
      { offset, limit }
    );
  }

  async file(id: string, name: string): Promise<{ path: string; size: number }> {
    const { files } = await this.result(id, 0, 0);
    const found = files.find(file => file.name === name);
    if (found?.path === undefined) {
      throw new BridgeError({
        type: 'not-found',
        title: 'File not found',
        status: 404,
        detail: found
          ? `“${name}” is in a bucket, not on this machine.`
          : `The result has no file “${name.slice(0, 200)}”.`,
        action: found ? 'Read it from the bucket.' : 'The list is in the result of the job.'
      });
    }
    return { path: found.path, size: found.size };
  }

  running(): number {
    return [...this._live.values()].filter(({ run }) => run.record.state !== 'paused').length;
  }

  async recover(): Promise<void> {
    for (const record of this._journal.unfinished()) {
      if (!this._live.has(record.id)) {
        this._add(record, record.state !== 'queued');
      }
    }
    // Whoever still writes for them is ended before they go on.
    const killed = await killOrphans(this._before);
    this._before.splice(0).forEach(nonce => this._journal.buried(nonce));
    if (killed > 0) {
      this._options.log?.(`${killed} workers of a bridge that has ended were stopped.`);
    }
    this._recovered = true;
    this._next();
    await this._expire();
  }

  async close(): Promise<void> {
    this._closed = true;
    await Promise.all(
      [...this._live.values()].map(async live => {
        clearTimeout(live.timer);
        await live.run.release();
        await live.work;
        await live.log.flush();
      })
    );
    await this._local.close();
    this._journal.close();
  }

  private _add(record: IJobRecord, recovering: boolean): void {
    const log = new JobLog(this._logOf(record.id));
    const run = new JobRun({
      record,
      engine: this._engine(record.spec),
      journal: this._journal,
      folder: this._folderOf(record.id),
      createPlanner: this._planners[record.spec.kind],
      onChange: () => this._changed(live),
      print: (where, text) => log.print(where, text),
      storeOf: async id => {
        const other = this._journal.get(id);
        return this._storeOf(other ?? record);
      },
      toProblem: this._toProblem,
      recovering
    });
    const live: ILive = { run, log, recovering, sentAt: -EVENTS };
    this._live.set(record.id, live);
    this._changed(live);
    this._next();
  }

  /** Starts what waits while there is room. */
  private _next(): void {
    if (!this._recovered) {
      return;
    }
    let room = AT_ONCE;
    for (const live of this._live.values()) {
      room -= live.work ? 1 : 0;
    }
    for (const live of this._live.values()) {
      if (room > 0 && !live.work && !this._closed) {
        room -= 1;
        live.work = live.run.run().then(
          () => this._over(live),
          (error: unknown) => {
            // Its state could not be written: the next bridge goes on with it.
            this._options.log?.(`The state of job ${live.run.record.id} could not be written: ${String(error)}`);
            const { record } = live.run;
            record.problem ??= this._toProblem(error);
            record.state = 'failed';
            this._unsaved.set(record.id, record);
            this._over(live);
          }
        );
      }
    }
  }

  private _over(live: ILive): void {
    const { record } = live.run;
    if (this._closed) {
      return;
    }
    void live.log.flush().then(() => live.log.wake());
    this._live.delete(record.id);
    this._send(live);
    this._next();
  }

  /** Something that is shown has changed: it is told at once, or when the time has come. */
  private _changed(live: ILive): void {
    if (live.timer || this._closed) {
      return;
    }
    const wait = live.sentAt + EVENTS - performance.now();
    if (wait <= 0) {
      this._send(live);
    } else {
      live.timer = setTimeout(() => this._send(live), wait);
    }
  }

  private _send(live: ILive): void {
    clearTimeout(live.timer);
    live.timer = undefined;
    live.sentAt = performance.now();
    const { record } = live.run;
    record.revision += 1;
    record.shown = { phases: phasesOf(live.run), counters: countersOf(live.run) };
    if (record.over && !this._unsaved.has(record.id)) {
      try {
        this._journal.save(record);
      } catch (error) {
        this._unsaved.set(record.id, record);
        this._options.log?.(`The end of job ${record.id} could not be written: ${String(error)}`);
      }
    }
    this._options.onEvent?.(record.id, this._live.has(record.id) ? viewOf(record, live.run) : viewOf(record));
    const waiting = this._waiting.get(record.id);
    this._waiting.delete(record.id);
    waiting?.forEach(wake => wake());
  }

  private _view(id: string): ComputeJob {
    const live = this._live.get(id);
    return live ? viewOf(live.run.record, live.run) : viewOf(this._find(id));
  }

  private _find(id: string): IJobRecord {
    const record = this._live.get(id)?.run.record ?? this._unsaved.get(id) ?? this._journal.get(id);
    if (!record) {
      throw new BridgeError({
        type: 'not-found',
        title: 'Job not found',
        status: 404,
        detail: `There is no job “${id.slice(0, 200)}”.`,
        action: 'The list of jobs is at /v1/jobs.'
      });
    }
    return record;
  }

  private _engine(spec: ComputeRequest): IEngine {
    const name = spec.engine ?? 'local';
    const engine = name === 'local' ? this._local : (this._options.engine?.(name) ?? this._oscar?.get(name));
    if (!engine) {
      throw new BridgeError({
        type: 'unknown-engine',
        title: 'There is no such engine',
        status: 400,
        detail: `“${name.slice(0, 200)}” is not an engine that jobs can run on.`,
        action: 'Leave it out, or use `local`, or `oscar:` and the name of a cluster.'
      });
    }
    return engine;
  }

  private _storeOf(record: IJobRecord): Promise<IStore> {
    return this._engine(record.spec).store(record.id, this._folderOf(record.id));
  }

  /** What the job has in a bucket; that the bucket or its cluster is gone must not keep the job in the list. */
  private async _clear(record: IJobRecord): Promise<void> {
    if (!existsSync(join(this._folderOf(record.id), 'store.json'))) {
      return;
    }
    try {
      await (await this._storeOf(record)).remove();
    } catch (error) {
      this._options.log?.(`The files of job ${record.id} on its cluster could not be removed: ${String(error)}`);
    }
  }

  private async _expire(): Promise<void> {
    const now = Date.now();
    for (const id of this._journal.endedBefore(now - KEEP)) {
      await this.remove(id);
    }
    for (const id of this._journal.endedBefore(now - KEEP_SHUFFLE)) {
      await rm(join(this._folderOf(id), 'shuffle'), { recursive: true, force: true });
    }
  }

  /** @throws BridgeError when the disk does not take it. */
  private _write(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw diskFull(error) ?? error;
    }
  }

  private readonly _toProblem = (error: unknown): Problem => this._options.toProblem(diskFull(error) ?? error);

  private _folderOf(id: string): string {
    return join(this._folder, id);
  }

  private _logOf(id: string): string {
    return join(this._folderOf(id), 'log.txt');
  }

  private readonly _folder: string;
  private readonly _journal: JobJournal;
  private readonly _local: LocalEngine;
  private readonly _oscar: OscarEngines | undefined;
  private readonly _planners: Record<ComputeRequest['kind'], CreatePlanner>;
  private readonly _before: string[];
  private readonly _live = new Map<string, ILive>();
  /** Ended, and the disk does not take it. */
  private readonly _unsaved = new Map<string, IJobRecord>();
  private readonly _waiting = new Map<string, Set<() => void>>();
  private _recovered = false;
  private _closed = false;
}

function conflict(title: string, detail: string, action?: string): BridgeError {
  return new BridgeError({ type: 'conflict', title, status: 409, detail, action });
}

/** SQLite says in its own words that there is no room. */
function diskFull(error: unknown): BridgeError | undefined {
  const { errcode, code } = error as { errcode?: number; code?: string };
  // SQLITE_FULL; SQLITE_IOERR is what a write-ahead log that cannot grow ends in.
  if ((errcode ?? 0) % 256 !== 13 && (errcode ?? 0) % 256 !== 10 && code !== 'ENOSPC' && code !== 'EDQUOT') {
    return undefined;
  }
  return new BridgeError({
    type: 'disk-full',
    title: 'The disk is full',
    status: 507,
    detail: 'The journal of jobs could not be written: there is no room left.',
    cause: (error as Error).message,
    action: 'Free some space, then retry the job: what is done is kept.'
  });
}
