import { setTimeout as delay } from 'node:timers/promises';
import type { IOscarService } from '../fdl';
import { BridgeError, isProblem } from '../http';
import { ChangeFeed } from './changes';
import { isFinished } from './job-calls';
import type { ICluster } from './interfaces';
import { requireService, type Jobs } from './jobs';
import type { IKeptSubmission } from './journal';
import { Matcher } from './matching';
import { outputsOf } from './outputs';
import { inPool } from './pool';
import { end, failureOf, isOver, problemOf } from './submission-items';
import { uploadItem } from './uploads';

const UPLOADS_AT_ONCE = 8;
const SHORTEST_POLL = 200;
const SHORTEST_PAUSE = 20;
const LONGEST_POLL = 2500;
/** How long a file may lie in the bucket without a job, when no other job could be its own. */
const NO_JOB_AFTER = 120_000;

/** A submission that is worked on. */
export interface ILive {
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

export interface IFollowerOptions {
  jobs: Jobs;
  /** The cluster as it is registered now. */
  cluster: (id: string) => ICluster;
  /** An item of it has changed. */
  changed: (live: ILive, index: number) => void;
}

/** Gives the files of submissions to their services, and follows their jobs to the end. */
export class Follower {
  constructor(private readonly _options: IFollowerOptions) {}

  /** Resolves when all items have ended, or the follower was closed. */
  async run(live: ILive, known?: IOscarService): Promise<void> {
    const cluster = this._following(live.kept.cluster);
    const service = known ?? (await this._patiently(live, () => requireService(cluster, live.kept.service)));
    const uploads = this._uploads(live, cluster, service);
    const follow = this._follow(live, cluster, service, uploads);
    await Promise.all([uploads, follow]);
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
      this._options.changed(live, index);
    });
  }

  private async _follow(live: ILive, cluster: ICluster, service: IOscarService, uploads: Promise<void>): Promise<void> {
    let uploading = true;
    void uploads.finally(() => (uploading = false)).catch(() => undefined);
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
      const feed = this._feed(cluster);
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
          this._options.changed(live, index);
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
        this._options.changed(live, index);
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
      this._options.changed(live, index);
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
        this._options.changed(live, index);
      }
    }
  }

  close(): void {
    this._closing = true;
    this._feeds.forEach(({ feed }) => feed.close());
  }

  /** Asked anew at each use: the cluster may have been taken over by this bridge, or come back at another port. */
  private _following(id: string): ICluster {
    const now = (): ICluster => this._options.cluster(id);
    return {
      id,
      get client() {
        return now().client;
      },
      storage: () => now().storage(),
      describe: () => now().describe()
    };
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

  private readonly _feeds = new Map<string, { client: ICluster['client']; feed: ChangeFeed }>();
  private _closing = false;
}
