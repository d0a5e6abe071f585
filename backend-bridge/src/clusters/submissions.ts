import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Submission } from '../contract';
import type { IOscarService } from '../fdl';
import { BridgeError, isProblem } from '../http';
import { ChangeFeed } from './changes';
import type { IInputFile } from './facade';
import type { ICluster } from './interfaces';
import type { Jobs } from './jobs';
import { requireService } from './jobs';
import { Journal, sourceOf, viewOf, type IKeptItem, type IKeptSubmission } from './journal';
import { Matcher } from './matching';
import { outputsOf } from './outputs';
import { inPool } from './pool';
import { end, failureOf, isOver, problemOf } from './submission-items';
import { uploadItem } from './uploads';
import { keyIn, ownPlaces } from './service-view';
import { isFinished } from './client';

const UPLOADS_AT_ONCE = 8;
const SHORTEST_POLL = 200;
const SHORTEST_PAUSE = 20;
const LONGEST_POLL = 2500;
/** How long a file may lie in the bucket without a job, when no other job could be its own. */
const NO_JOB_AFTER = 120_000;
/** Finished ones whose record is kept in memory. */
const KEPT = 200;

interface ILive {
  kept: IKeptSubmission;
  dirty: Set<number>;
  waiting: Set<() => void>;
  abort: AbortController;
  cancelled: boolean;
  /** Taken up from the journal: what is written down there as open may be done. */
  resumed: boolean;
  work?: Promise<void>;
  announced: number;
  timer?: NodeJS.Timeout;
}

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
  }

  async submit(cluster: ICluster, serviceName: string, files: IInputFile[]): Promise<Submission> {
    const service = await requireService(cluster, serviceName);
    const place = ownPlaces(service.input, service.name)[0];
    const id = randomBytes(8).toString('hex');
    const before = cluster.client.features.has('job-outputs') ? [] : await allJobNames(cluster, serviceName);
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
        const path = join(this._spool, id, String(index));
        await mkdir(join(this._spool, id), { recursive: true, mode: 0o700 });
        await writeFile(path, file.data, { mode: 0o600 });
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
    this._start(kept, cluster, service);
    return viewOf(kept);
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
        this._start(kept, this._options.cluster(kept.cluster));
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
    this._feeds.forEach(({ feed }) => feed.close());
    await Promise.all(works);
    this._journal.close();
  }

  private _start(kept: IKeptSubmission, cluster: ICluster, service?: IOscarService): void {
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
    live.work = this._run(live, cluster, service).catch(error => {
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

  private async _run(live: ILive, cluster: ICluster, known?: IOscarService): Promise<void> {
    const service = known ?? (await this._patiently(live, () => requireService(cluster, live.kept.service)));
    const uploads = this._uploads(live, cluster, service);
    const follow = this._follow(live, cluster, service, uploads);
    await Promise.all([uploads, follow]);
    if (!this._closing) {
      this._finish(live);
    }
  }

  /** A cluster that cannot be reached for a while does not end a submission: its jobs run on. */
  private async _patiently<T>(live: ILive, work: () => Promise<T>): Promise<T> {
    for (let pause = 1000; ; pause = Math.min(pause * 2, 30_000)) {
      try {
        return await work();
      } catch (error) {
        if (!isProblem(error, 'unreachable') || live.abort.signal.aborted) {
          throw error;
        }
        await delay(pause, undefined, { signal: live.abort.signal }).catch(() => undefined);
      }
    }
  }

  private async _uploads(live: ILive, cluster: ICluster, service: IOscarService): Promise<void> {
    const open = [...live.kept.items.entries()].filter(([, item]) => !item.uploaded && !isOver(item.view));
    await inPool(open, UPLOADS_AT_ONCE, async ([index, item]) => {
      if (live.abort.signal.aborted) {
        return;
      }
      try {
        await uploadItem(cluster, service, item, { resumed: live.resumed, signal: live.abort.signal });
        item.uploaded = true;
        if (item.view.state === 'uploading') {
          item.view.state = 'pending';
        }
      } catch (error) {
        if (live.abort.signal.aborted) {
          return;
        }
        end(item, 'failed', problemOf(error));
      }
      this._changed(live, index);
    });
  }

  private async _follow(live: ILive, cluster: ICluster, service: IOscarService, uploads: Promise<void>): Promise<void> {
    let uploading = true;
    void uploads.finally(() => (uploading = false)).catch(() => undefined);
    const feed = this._feed(cluster);
    const matcher = new Matcher({
      cluster,
      service: service.name,
      before: new Set(live.kept.before),
      learn: (job, log) => this._options.jobs.learn(cluster, service.name, job, log)
    });
    let pause = SHORTEST_POLL;
    let quietSince = Date.now();
    const cancelledAt = { time: 0 };
    for (;;) {
      const open = live.kept.items.filter(item => !isOver(item.view));
      if (open.length === 0 && !uploading) {
        return;
      }
      if (this._closing) {
        return;
      }
      const before = live.kept.revision;
      const version = feed.version(service.name);
      const began = Date.now();
      try {
        const unresolved = await this._look(live, cluster, service, matcher);
        if (live.cancelled && !uploading) {
          cancelledAt.time ||= Date.now();
          await this._cancelOpen(live, cluster, Date.now() - cancelledAt.time > 5000);
        } else if (live.kept.revision !== before || unresolved > 0 || uploading) {
          quietSince = Date.now();
        } else if (Date.now() - quietSince > NO_JOB_AFTER) {
          this._giveUp(live);
        }
      } catch (error) {
        if (!isProblem(error, 'unreachable') || live.cancelled) {
          throw error;
        }
        pause = LONGEST_POLL * 2;
      }
      const looked = Date.now() - began;
      pause = live.kept.revision === before ? Math.min(pause * 1.25, LONGEST_POLL) : SHORTEST_POLL;
      const signal = live.cancelled ? undefined : live.abort.signal;
      await feed.wait(service.name, version, pause, signal);
      // Many jobs change at once, and a look at many costs: it takes a small part of the time at most.
      await delay(Math.min(Math.max(SHORTEST_PAUSE, (open.length > 10 ? 8 : 1) * looked), LONGEST_POLL), undefined, {
        signal
      }).catch(() => undefined);
    }
  }

  /** One look at the cluster; answers how many jobs may still turn out to be ours. */
  private async _look(live: ILive, cluster: ICluster, service: IOscarService, matcher: Matcher): Promise<number> {
    const { items } = live.kept;
    const seen = await matcher.look(items);
    for (const [index, item] of items.entries()) {
      const remote = item.view.job === undefined ? undefined : seen.jobs.get(item.view.job);
      if (isOver(item.view)) {
        continue;
      }
      if (!remote) {
        if (item.view.job !== undefined && seen.complete && matcher.missing(item.view.job)) {
          end(item, 'cancelled');
          item.view.warning = 'The job was deleted.';
          this._changed(live, index);
        }
        continue;
      }
      const before = JSON.stringify(item.view);
      const told = cluster.client.features.has('exit-code') && cluster.client.features.has('job-outputs');
      const over = isFinished(remote.status);
      const job = await this._options.jobs.view(cluster, service, remote);
      if (over) {
        const facts = told ? undefined : await this._options.jobs.facts(cluster, service.name, remote);
        if (!told && facts === undefined && !matcher.tired(remote.name)) {
          // A log may come a moment after the end of its job.
          continue;
        }
        item.view.outputs = await outputsOf(cluster, service, remote, { facts, token: item.token });
        if (job.exitCode !== undefined) {
          item.view.exitCode = job.exitCode;
        }
        if (job.warning && item.view.outputs.length === 0) {
          item.view.warning = job.warning;
        }
        if (job.state === 'failed') {
          item.view.problem = failureOf(job.reason, item.view.file);
        }
      } else if (job.reason) {
        item.view.warning = job.reason;
      } else {
        delete item.view.warning;
      }
      item.view.state = job.state;
      if (JSON.stringify(item.view) !== before) {
        this._changed(live, index);
      }
    }
    return seen.unresolved;
  }

  private async _cancelOpen(live: ILive, cluster: ICluster, late: boolean): Promise<void> {
    for (const [index, item] of live.kept.items.entries()) {
      if (isOver(item.view)) {
        continue;
      }
      if (item.view.job !== undefined) {
        try {
          await cluster.client.cancelJob(live.kept.service, item.view.job);
        } catch (error) {
          if (!isProblem(error, 'not-found', 'conflict')) {
            throw error;
          }
        }
        end(item, 'cancelled');
      } else if (!item.uploaded || late) {
        end(item, 'cancelled');
        if (item.uploaded) {
          item.view.warning = 'Its job was not found; it may still run.';
        }
      } else {
        continue;
      }
      this._changed(live, index);
    }
  }

  private _giveUp(live: ILive): void {
    for (const [index, item] of live.kept.items.entries()) {
      if (!isOver(item.view) && item.view.job === undefined) {
        end(
          item,
          'unknown',
          new BridgeError({
            type: 'remote-error',
            title: 'No job has started',
            status: 502,
            detail: `"${item.view.file}" was stored as ${item.view.key ?? 'an input'}, but no job has started for it.`,
            action: 'Deploy the service again: its bucket may not tell it of new files.'
          }).problem
        );
        this._changed(live, index);
      }
    }
  }

  private _feed(cluster: ICluster): ChangeFeed {
    const known = this._feeds.get(cluster.id);
    if (known?.client === cluster.client) {
      return known.feed;
    }
    // Registered anew, at another address perhaps.
    known?.feed.close();
    const feed = new ChangeFeed(cluster.client);
    this._feeds.set(cluster.id, { client: cluster.client, feed });
    return feed;
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
    try {
      this._journal.save(live.kept, live.dirty);
      live.dirty.clear();
    } catch (error) {
      // The work goes on without being written down; the next change tries again.
      this._options.log?.(
        `Submission ${live.kept.id} is not saved: ${error instanceof BridgeError ? `${error.message} ${error.problem.cause ?? ''}` : String(error)}`
      );
    }
    live.waiting.forEach(wake => wake());
    this._options.onChange?.(viewOf(live.kept));
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

  private readonly _options: ISubmissionsOptions;
  private readonly _journal: Journal;
  private readonly _spool: string;
  private readonly _live = new Map<string, ILive>();
  private readonly _feeds = new Map<string, { client: ICluster['client']; feed: ChangeFeed }>();
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
