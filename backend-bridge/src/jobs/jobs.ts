import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComputeJob, ComputePart, ComputeRequest, ComputeResultPage, Problem } from '../contract';
import type { IStore } from './engine/engine';
import { JobJournal } from './engine/journal';
import { JobRun } from './engine/job-run';
import type { CreatePlanner } from './engine/plan';
import type { IJobRecord } from './engine/records';
import { killOrphans } from './engines/local';
import { Engines } from './engines';
import { createHtcPlanner, withConfig } from './htc';
import { expire } from './expire';
import type { IJobs, IJobsOptions } from './interfaces';
import { JobLog } from './job-log';
import { createMapReducePlanner, type IPlaces } from './mapreduce';
import { conflict, diskFull, noFile, noJob } from './problems';
import { readResult } from './read-result';
import { Waiters } from './waiters';
import { countersOf, partOf, phasesOf, viewOf } from './view';

/** Events of one job are at least so far apart, ms. */
const EVENTS = 200;
/** Jobs that run at once; others wait. */
const AT_ONCE = 8;
const PARTS = 10_000;
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
    const { data, log } = _options;
    this._folder = join(data, 'jobs');
    mkdirSync(this._folder, { recursive: true, mode: 0o700 });
    this._journal = new JobJournal(join(data, 'jobs.db'), {
      log,
      onError: error => this._live.forEach(({ run }) => run.broken(error))
    });
    const nonce = randomBytes(12).toString('hex');
    this._before = this._journal.boot(nonce);
    this._engines = new Engines(_options, nonce);
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
    this._engines.get(spec.engine);
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
    await this._waiters.wait(id, wait * 1000, signal);
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
      throw noFile(name, found !== undefined);
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
    await expire(this._journal, { remove: id => this.remove(id), folderOf: id => this._folderOf(id) });
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
    await this._engines.close();
    this._journal.close();
  }

  private _add(record: IJobRecord, recovering: boolean): void {
    const log = new JobLog(this._logOf(record.id));
    const run = new JobRun({
      record,
      engine: this._engines.get(record.spec.engine),
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
    this._waiters.wake(record.id);
  }

  private _view(id: string): ComputeJob {
    const live = this._live.get(id);
    return live ? viewOf(live.run.record, live.run) : viewOf(this._find(id));
  }

  private _find(id: string): IJobRecord {
    const record = this._live.get(id)?.run.record ?? this._unsaved.get(id) ?? this._journal.get(id);
    if (!record) {
      throw noJob(id);
    }
    return record;
  }

  private _storeOf(record: IJobRecord): Promise<IStore> {
    return this._engines.get(record.spec.engine).store(record.id, this._folderOf(record.id));
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
  private readonly _engines: Engines;
  private readonly _planners: Record<ComputeRequest['kind'], CreatePlanner>;
  private readonly _before: string[];
  private readonly _live = new Map<string, ILive>();
  /** Ended, and the disk does not take it. */
  private readonly _unsaved = new Map<string, IJobRecord>();
  private readonly _waiters = new Waiters();
  private _recovered = false;
  private _closed = false;
}
