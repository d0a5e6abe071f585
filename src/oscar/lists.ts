import type { IDisposable } from '@lumino/disposable';

import type { IBridgeClient } from '../bridge/client';
import { toProblem } from '../bridge/errors';
import type { IList, IOscarState } from './state';
import { EMPTY_LIST, sortJobs, sortServices } from './state';
import type { OscarStore } from './store';

/** Reads the lists of the current cluster: services, jobs, buckets, examples, and how much room they take. */
export class ClusterLists implements IDisposable {
  constructor(
    private readonly _client: IBridgeClient,
    private readonly _store: OscarStore
  ) {}

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    clearTimeout(this._bucketTimer);
  }

  /** Read everything of the current cluster. */
  async load(): Promise<void> {
    const cluster = this._store.current?.id;
    if (this._loaded !== cluster) {
      this._loaded = cluster;
      this._store.update({ services: EMPTY_LIST, jobs: EMPTY_LIST, buckets: EMPTY_LIST, data: undefined });
    }
    await Promise.all([
      this._load('services', async id => sortServices(await this._client.services(id))),
      this._loadJobs(),
      this._store.state.buckets.phase === 'none' ? undefined : this.loadBuckets(),
      this._load('examples', () => this._client.examples()),
      this.loadData().catch(() => undefined)
    ]);
  }

  private async _loadJobs(): Promise<void> {
    let next: string | undefined;
    await this._load('jobs', async id => {
      const page = await this._client.jobs(id);
      next = page.next;
      return sortJobs(page.items);
    });
    this._store.update({ jobs: { ...this._store.state.jobs, next } });
  }

  private async _load<K extends 'services' | 'jobs' | 'buckets' | 'examples'>(
    key: K,
    read: (cluster: string) => Promise<IOscarState[K]['items']>
  ): Promise<void> {
    const cluster = this._store.current?.id;
    if (cluster === undefined) {
      return;
    }
    const before: IList<unknown> = this._store.state[key];
    this._store.update({ [key]: { ...before, phase: before.phase === 'ready' ? 'ready' : 'loading' } });
    let after: IList<unknown>;
    try {
      after = { phase: 'ready', items: await read(cluster) };
    } catch (reason) {
      after = { phase: 'failed', items: before.items, problem: toProblem(reason) };
    }
    // The user may have switched meanwhile.
    if (this._store.current?.id === cluster) {
      this._store.update({ [key]: after });
    }
  }

  async loadMoreJobs(): Promise<void> {
    const cluster = this._store.current?.id;
    const { next } = this._store.state.jobs;
    if (cluster === undefined || next === undefined) {
      return;
    }
    const page = await this._client.jobs(cluster, { page: next });
    const known = new Set(page.items.map(job => job.id));
    const items = sortJobs([...this._store.state.jobs.items.filter(job => !known.has(job.id)), ...page.items]);
    this._store.update({ jobs: { phase: 'ready', items, next: page.next } });
  }

  async loadBuckets(): Promise<void> {
    await this._load('buckets', cluster => this._client.storage(cluster).buckets());
  }

  async loadData(): Promise<void> {
    const cluster = this._store.current;
    if (!cluster?.features.includes('data-usage')) {
      this._store.update({ data: undefined });
      return;
    }
    const data = await this._client.dataUsage(cluster.id);
    if (this._store.current?.id === cluster.id) {
      this._store.update({ data });
    }
  }

  async clearData(parts: string[]): Promise<void> {
    const cluster = this._store.current;
    if (cluster) {
      this._store.update({ data: await this._client.clearData(cluster.id, parts) });
      await this.load();
    }
  }

  /** Read the buckets when no more services change for a moment. */
  bucketsSoon(): void {
    clearTimeout(this._bucketTimer);
    this._bucketTimer = setTimeout(() => {
      if (!this._disposed) {
        void this.loadBuckets();
      }
    }, 300);
  }

  private _loaded: string | undefined;
  private _bucketTimer: ReturnType<typeof setTimeout> | undefined;
  private _disposed = false;
}
