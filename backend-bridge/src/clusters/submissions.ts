import { randomBytes } from 'node:crypto';
import { copyFile, link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Submission } from '../contract';
import type { IOscarService } from '../fdl';
import { BridgeError } from '../http';
import type { IInputFile } from './facade';
import type { ICluster } from './interfaces';
import { requireService, type Jobs } from './jobs';
import { Journal, sourceOf, viewOf, type IKeptItem, type IKeptSubmission } from './journal';
import { keyIn, ownPlaces, type IPlace } from './service-view';
import { Follower, type ILive } from './submission-follower';
import { end, isOver, problemOf } from './submission-items';

/** How often records of long ago are removed. */
const EXPIRY = 60 * 60_000;
/** Finished ones whose record is kept in memory. */
const KEPT = 200;
/** Milliseconds until what could not be saved is saved again. */
const SAVE_AGAIN = 1000;

export interface ISubmissionsOptions {
  /** Folder of the bridge. */
  data: string;
  jobs: Jobs;
  cluster: (id: string) => ICluster;
  onChange?: (submission: Submission) => void;
  log?: (line: string) => void;
}

/** `page.png` → `page-1a2b3c4d.png`: in front of the first dot, so that every way to cut an extension off keeps it. */
export function uniqueName(name: string, token: string): string {
  const base = name.replace(/\\/g, '/').split('/').pop() || 'input';
  const dot = base.indexOf('.', 1);
  return dot < 0 ? `${base}-${token}` : `${base.slice(0, dot)}-${token}${base.slice(dot)}`;
}

/** Files that were given to a service as jobs, followed until all have ended; they outlive the bridge. */
export class Submissions {
  constructor(options: ISubmissionsOptions) {
    this._options = options;
    this._journal = new Journal(join(options.data, 'state.db'), options.log);
    this._spool = join(options.data, 'spool');
    this._follower = new Follower({
      jobs: options.jobs,
      cluster: options.cluster,
      changed: (live, index) => this._changed(live, index)
    });
    this._expiry = setInterval(() => this._expire(), EXPIRY).unref();
  }

  async submit(cluster: ICluster, serviceName: string, files: IInputFile[]): Promise<Submission> {
    const service = await requireService(cluster, serviceName);
    const place = ownPlaces(service.input, service.name)[0];
    const id = randomBytes(8).toString('hex');
    const before = cluster.client.features.has('job-outputs') ? [] : await allJobNames(cluster, serviceName);
    const spool = join(this._spool, id);
    try {
      const items = await this._keepInputs(spool, files, place);
      const kept: IKeptSubmission = {
        id,
        cluster: cluster.id,
        service: serviceName,
        done: false,
        revision: 1,
        createdAt: Date.now(),
        before,
        items
      };
      this._journal.save(kept, items.keys());
      this._start(kept, service);
      return viewOf(kept);
    } catch (error) {
      // A full disk: what was kept of the inputs would stay for ever.
      await rm(spool, { recursive: true, force: true });
      throw error;
    }
  }

  /** Inputs that exist nowhere else, or not for long, get a place of their own. */
  private async _keepInputs(spool: string, files: IInputFile[], place: IPlace | undefined): Promise<IKeptItem[]> {
    const tokens = new Set<string>();
    const items: IKeptItem[] = [];
    for (const [index, file] of files.entries()) {
      let token: string;
      do {
        token = randomBytes(4).toString('hex');
      } while (tokens.has(token));
      tokens.add(token);
      let source = sourceOf(file);
      if (file.data !== undefined) {
        // Bytes that exist nowhere else would be lost with this process.
        const path = join(spool, String(index));
        await mkdir(spool, { recursive: true, mode: 0o700 });
        await writeFile(path, file.data, { mode: 0o600 });
        source = { name: file.name, path };
      } else if (file.transient === true && file.path !== undefined) {
        // Deleted by its owner, or expired, before it was read: a second name keeps the bytes.
        const path = join(spool, String(index));
        await mkdir(spool, { recursive: true, mode: 0o700 });
        await link(file.path, path).catch(() => copyFile(file.path as string, path));
        source = { name: file.name, path };
      }
      items.push({
        view: { file: file.file, state: 'uploading', outputs: [] },
        source,
        token,
        uploaded: false,
        ...(place ? { bucket: place.bucket, objectKey: keyIn(place, uniqueName(file.name, token)) } : {})
      });
    }
    return items;
  }

  async wait(id: string, options: { since?: number; wait?: number; signal?: AbortSignal } = {}): Promise<Submission> {
    const live = this._live.get(id);
    if (!live) {
      const kept = this._journal.get(id);
      if (!kept) {
        throw new BridgeError({
          type: 'not-found',
          title: 'No such submission',
          status: 404,
          detail: 'There is no such submission, or it is long over.'
        });
      }
      return viewOf(kept);
    }
    const patience = Math.min(Math.max(options.wait ?? 0, 0), 30) * 1000;
    if (patience > 0 && options.since !== undefined && live.kept.revision <= options.since && !live.kept.done) {
      await new Promise<void>(resolve => {
        const end = (): void => {
          clearTimeout(timer);
          options.signal?.removeEventListener('abort', end);
          live.waiting.delete(end);
          resolve();
        };
        const timer = setTimeout(end, patience);
        options.signal?.addEventListener('abort', end, { once: true });
        live.waiting.add(end);
      });
    }
    return viewOf(live.kept);
  }

  /** Waits until every item has ended. */
  async finished(id: string, signal?: AbortSignal): Promise<Submission> {
    for (;;) {
      const now = await this.wait(id);
      if (now.done || signal?.aborted) {
        return now;
      }
      await this.wait(id, { since: now.revision, wait: 30, signal });
    }
  }

  async cancel(id: string): Promise<void> {
    const live = this._live.get(id);
    if (!live) {
      await this.wait(id);
      return;
    }
    live.cancelled = true;
    live.abort.abort();
  }

  /** The file that a job was started for, when that was done here. */
  itemOfJob(cluster: string, job: string): IKeptItem | undefined {
    return this._journal.itemOfJob(cluster, job);
  }

  running(): number {
    return [...this._live.values()].filter(live => !live.kept.done).length;
  }

  resume(options: { without?: string } = {}): void {
    for (const kept of this._journal.unfinished()) {
      if (this._live.has(kept.id) || kept.cluster === options.without) {
        continue;
      }
      try {
        // Throws when there is no such cluster any more.
        this._options.cluster(kept.cluster);
        this._start(kept);
      } catch (error) {
        if (!(error instanceof BridgeError)) {
          throw error;
        }
        // The cluster was removed meanwhile.
        kept.items.forEach(item => end(item, 'unknown', error.problem));
        kept.done = true;
        this._journal.save(kept, kept.items.keys());
      }
    }
  }

  async close(): Promise<void> {
    this._closing = true;
    const works: Promise<void>[] = [];
    for (const live of this._live.values()) {
      clearTimeout(live.timer);
      live.abort.abort();
      if (live.work) {
        works.push(live.work);
      }
      live.waiting.forEach(wake => wake());
    }
    clearInterval(this._expiry);
    this._follower.close();
    await Promise.all(works);
    this._unsaved.forEach(live => this._save(live));
    this._journal.close();
  }

  private _expire(): void {
    try {
      this._journal.expire();
    } catch (error) {
      this._options.log?.(`Old submissions could not be removed: ${String(error)}`);
    }
  }

  private _start(kept: IKeptSubmission, service?: IOscarService): void {
    const resumed = service === undefined;
    const live: ILive = {
      kept,
      dirty: new Set(),
      waiting: new Set(),
      abort: new AbortController(),
      cancelled: false,
      resumed,
      announced: 0
    };
    this._live.set(kept.id, live);
    live.work = this._follower
      .run(live, service)
      .then(() => {
        if (!this._closing) {
          this._finish(live);
        }
      })
      .catch(error => {
        if (!this._closing) {
          this._fail(live, error);
        }
      });
  }

  private _fail(live: ILive, error: unknown): void {
    if (!(error instanceof BridgeError)) {
      this._options.log?.(
        `Submission ${live.kept.id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
      );
    }
    const problem = problemOf(error);
    for (const [index, item] of live.kept.items.entries()) {
      if (!isOver(item.view)) {
        end(item, item.uploaded ? 'unknown' : 'failed', problem);
        live.dirty.add(index);
      }
    }
    this._finish(live);
  }

  /** One item has changed: it is written down at once, and told at most every 150 ms. */
  private _changed(live: ILive, index: number): void {
    live.kept.revision += 1;
    live.dirty.add(index);
    if (live.timer === undefined) {
      live.timer = setTimeout(() => this._announce(live), Math.max(0, live.announced + 150 - Date.now()));
    }
  }

  private _announce(live: ILive): void {
    clearTimeout(live.timer);
    live.timer = undefined;
    live.announced = Date.now();
    if (this._closing) {
      return;
    }
    if (!this._save(live)) {
      // The work goes on without being written down; the next change tries again, and where there is none, time does.
      live.timer = setTimeout(() => this._announce(live), SAVE_AGAIN).unref();
    }
    live.waiting.forEach(wake => wake());
    this._options.onChange?.(viewOf(live.kept));
  }

  private _save(live: ILive): boolean {
    try {
      this._journal.save(live.kept, live.dirty);
      live.dirty.clear();
      this._unsaved.delete(live);
      return true;
    } catch (error) {
      this._unsaved.add(live);
      this._options.log?.(
        `Submission ${live.kept.id} is not saved: ${error instanceof BridgeError ? `${error.message} ${error.problem.cause ?? ''}` : String(error)}`
      );
      return false;
    }
  }

  private _finish(live: ILive): void {
    live.kept.done = true;
    live.kept.before = [];
    live.kept.revision += 1;
    this._announce(live);
    void rm(join(this._spool, live.kept.id), { recursive: true, force: true }).catch(error =>
      this._options.log?.(`The inputs of submission ${live.kept.id} could not be removed: ${String(error)}`)
    );
    const done = [...this._live.values()].filter(item => item.kept.done);
    done.slice(0, Math.max(0, done.length - KEPT)).forEach(item => this._live.delete(item.kept.id));
  }

  /** Those with changes that the disk had no room for. */
  private readonly _unsaved = new Set<ILive>();
  private readonly _options: ISubmissionsOptions;
  private readonly _journal: Journal;
  private readonly _spool: string;
  private readonly _live = new Map<string, ILive>();
  private readonly _follower: Follower;
  private readonly _expiry: NodeJS.Timeout;
  private _closing = false;
}

async function allJobNames(cluster: ICluster, service: string): Promise<string[]> {
  const names: string[] = [];
  let page: string | undefined;
  do {
    const list = await cluster.client.jobs(service, page);
    names.push(...list.jobs.map(job => job.name));
    page = list.next;
  } while (page !== undefined);
  return names;
}
