import { setTimeout as delay } from 'node:timers/promises';
import type { IClusters } from '../clusters/facade';
import type { ICluster } from '../clusters/interfaces';
import { isProblem } from '../http/failures';
import type { ILog } from './log';
import type { Views } from './views';

/** Milliseconds between looks at a cluster. */
const PACE = {
  /** Something changes there and somebody looks. */
  active: 2000,
  /** Somebody looks. */
  calm: 15_000,
  /** Something runs, nobody looks. */
  unseen: 30_000,
  /** The cluster tells of changes itself; a look now and then finds what was missed. */
  told: 60_000,
  /** Longest pause after failures. */
  failed: 120_000
} as const;

/** Changes come in heaps: a heap is looked at once (milliseconds). */
const HEAP = 60;

/** How long a list of clusters waits for those that are slow (milliseconds). */
const MOMENT = 1500;

/** Changes of single things that are looked up one by one; more of them at once are a list. */
const MAX_SINGLE = 8;

/** An event stream that has not failed for so long is open (milliseconds). */
const STANDS = 1000;

interface IWatched {
  cluster: ICluster;
  timer?: NodeJS.Timeout;
  looking?: Promise<void>;
  again: boolean;
  failures: number;
  /** Follows the cluster's own events. */
  listening?: AbortController;
  told: boolean;
  services: Set<string>;
  jobs: Set<string>;
  heap?: NodeJS.Timeout;
}

/**
 * Keeps the views of all clusters current, with manners: it listens where the cluster tells of changes, else it asks; seldom
 * when nothing happens, less and less when it fails, and not at all when nobody looks and nothing runs.
 */
export class Watcher {
  constructor(private readonly _options: Watcher.IOptions) {}

  /** The number of readers of the event stream has changed. */
  readers(count: number): void {
    const before = this._readers;
    this._readers = count;
    if (count > 0 && before === 0) {
      this._options
        .clusters()
        .registry.list()
        .forEach(cluster => this.kick(cluster.id));
    }
  }

  /** Something was done there: look soon. Unknown ids are ignored. */
  kick(id: string): void {
    const cluster = this._options
      .clusters()
      .registry.list()
      .find(item => item.id === id);
    if (cluster && !this._closed) {
      this._schedule(this._watched(cluster), HEAP);
    }
  }

  /** Asks all clusters for their state, for a moment: one that does not answer is heard of when it does. Never throws. */
  async describeAll(): Promise<void> {
    const asked = this._options
      .clusters()
      .registry.list()
      .map(async cluster => this._options.views.sawCluster(await cluster.describe()));
    await Promise.race([Promise.all(asked), delay(MOMENT, undefined, { ref: false })]);
  }

  /** Looks at nothing any more. */
  close(): void {
    this._closed = true;
    for (const watched of this._all.values()) {
      this._drop(watched);
    }
    this._all.clear();
  }

  private _watched(cluster: ICluster): IWatched {
    const known = this._all.get(cluster.id);
    if (known?.cluster === cluster) {
      return known;
    }
    if (known) {
      this._drop(known);
    }
    const watched: IWatched = { cluster, again: false, failures: 0, told: false, services: new Set(), jobs: new Set() };
    this._all.set(cluster.id, watched);
    return watched;
  }

  private _drop(watched: IWatched): void {
    clearTimeout(watched.timer);
    clearTimeout(watched.heap);
    watched.listening?.abort();
  }

  private _schedule(watched: IWatched, milliseconds: number): void {
    clearTimeout(watched.timer);
    watched.timer = setTimeout(() => this._begin(watched), milliseconds);
    watched.timer.unref();
  }

  private _begin(watched: IWatched): void {
    if (watched.looking) {
      watched.again = true;
      return;
    }
    watched.looking = this._look(watched).finally(() => {
      watched.looking = undefined;
      if (this._closed || this._all.get(watched.cluster.id) !== watched) {
        return;
      }
      if (watched.again) {
        watched.again = false;
        this._schedule(watched, HEAP);
        return;
      }
      const pause = this._pause(watched);
      if (pause === undefined) {
        watched.listening?.abort();
        watched.listening = undefined;
      } else {
        this._schedule(watched, pause);
      }
    });
  }

  private _pause(watched: IWatched): number | undefined {
    const active = this._options.views.isActive(watched.cluster.id) || this._options.busy();
    if (this._readers === 0 && !active) {
      return undefined;
    }
    if (watched.failures > 0) {
      // Up to a half more or less: many bridges that lost one cluster do not come back to it in step.
      return Math.min(PACE.failed, PACE.active * 2 ** watched.failures) * (0.75 + Math.random() / 2);
    }
    if (watched.told) {
      return PACE.told;
    }
    return this._readers === 0 ? PACE.unseen : active ? PACE.active : PACE.calm;
  }

  private async _look(watched: IWatched): Promise<void> {
    const { cluster } = watched;
    const { views } = this._options;
    const clusters = this._options.clusters();
    if (!clusters.registry.list().includes(cluster)) {
      this._all.delete(cluster.id);
      this._drop(watched);
      return;
    }
    const state = await cluster.describe();
    views.sawCluster(state);
    if (state.state !== 'ready') {
      watched.failures += 1;
      return;
    }
    try {
      this._listen(watched);
      views.sawServices(cluster.id, await clusters.services(cluster));
      await this._lookAtJobs(watched);
      watched.failures = 0;
    } catch (error) {
      watched.failures += 1;
      this._options.log.warning(`The cluster ${cluster.id} did not tell its services and jobs: ${String(error)}`);
    }
  }

  private async _lookAtJobs(watched: IWatched): Promise<void> {
    const { cluster } = watched;
    const { views } = this._options;
    const clusters = this._options.clusters();
    const page = await clusters.jobs(cluster);
    views.sawJobs(cluster.id, page.items, { complete: page.next === undefined });
    // What runs and is not on the newest page is asked for by itself.
    const seen = new Set(page.items.map(job => job.id));
    for (const id of views.activeJobIds(cluster.id).filter(item => !seen.has(item))) {
      await this._lookAtJob(cluster, id);
    }
  }

  private async _lookAtJob(cluster: ICluster, id: string): Promise<void> {
    try {
      this._options.views.sawJob(cluster.id, id, await this._options.clusters().job(cluster, id));
    } catch (error) {
      if (!isProblem(error, 'not-found')) {
        throw error;
      }
      this._options.views.sawJob(cluster.id, id, null);
    }
  }

  private async _lookAtService(cluster: ICluster, name: string): Promise<void> {
    try {
      this._options.views.sawService(cluster.id, name, await this._options.clusters().service(cluster, name));
    } catch (error) {
      if (!isProblem(error, 'not-found')) {
        throw error;
      }
      this._options.views.sawService(cluster.id, name, null);
    }
  }

  /** Follows the cluster's own events, when it has any. */
  private _listen(watched: IWatched): void {
    const { client } = watched.cluster;
    if (watched.listening || !client.features.has('events') || !client.events) {
      return;
    }
    const controller = new AbortController();
    watched.listening = controller;
    const follow = async (): Promise<void> => {
      for await (const event of client.events?.({ signal: controller.signal }) ?? []) {
        (event.kind === 'job' ? watched.jobs : watched.services).add(event.name);
        watched.heap ??= setTimeout(() => void this._lookAtHeap(watched), HEAP);
      }
    };
    // A stream that stands is trusted; one more look finds what changed while it was being opened.
    const standing = setTimeout(() => {
      watched.told = true;
      this.kick(watched.cluster.id);
    }, STANDS);
    follow()
      .catch((error: unknown) => {
        if (!controller.signal.aborted) {
          this._options.log.warning(`The events of ${watched.cluster.id} broke off: ${String(error)}`);
        }
      })
      .finally(() => {
        clearTimeout(standing);
        watched.told = false;
        if (watched.listening === controller) {
          watched.listening = undefined;
          this.kick(watched.cluster.id);
        }
      });
  }

  private async _lookAtHeap(watched: IWatched): Promise<void> {
    watched.heap = undefined;
    const services = [...watched.services];
    const jobs = [...watched.jobs];
    watched.services.clear();
    watched.jobs.clear();
    if (this._closed) {
      return;
    }
    if (services.length + jobs.length > MAX_SINGLE) {
      this._begin(watched);
      return;
    }
    try {
      await Promise.all([
        ...services.map(name => this._lookAtService(watched.cluster, name)),
        ...jobs.map(id => this._lookAtJob(watched.cluster, id))
      ]);
    } catch (error) {
      this._options.log.warning(`A change of ${watched.cluster.id} could not be read: ${String(error)}`);
      this.kick(watched.cluster.id);
    }
  }

  private readonly _all = new Map<string, IWatched>();
  private _readers = 0;
  private _closed = false;
}

export namespace Watcher {
  export interface IOptions {
    clusters: () => IClusters;
    views: Views;
    log: ILog;
    /** Submissions or operations are under way. */
    busy: () => boolean;
  }
}
