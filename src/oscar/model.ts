import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { BridgeClient, IBridgeClient } from '../bridge/client';
import { toProblem } from '../bridge/errors';
import { EventStream } from '../bridge/events';
import type { BridgeEvent, FileRef, Job, Operation, Problem, Submission } from '../contract';
import { LogFollower } from './follow';
import { ClusterLists } from './lists';
import type { IOscarState } from './state';
import { applyEvent, currentCluster, isFinal, withSubmission } from './state';
import { OscarStore } from './store';
import { uploadFile } from './upload';

/**
 * What the page knows about clusters, services and jobs, kept true by the bridge's events.
 *
 * #### Notes
 * Nothing is asked for before `start` (a view is shown) or `peek` finds the bridge running already. Errors of calls go to
 * whoever made them; errors of keeping up to date are in the state.
 */
export class OscarModel extends OscarStore {
  constructor(options: OscarModel.IOptions) {
    super();
    this.client = options.client;
    this._lists = new ClusterLists(options.client, this);
    this._stream = options.stream ?? new EventStream({ source: options.client });
    this._stream.received.connect(this._onEvent, this);
    this._stream.stateChanged.connect(this._onStream, this);
    this.client.used.connect(this._onUsed, this);
  }

  readonly client: IBridgeClient;

  /** All events of the bridge, of all clusters. */
  get events(): ISignal<unknown, BridgeEvent> {
    return this._stream.received;
  }

  /** A job that this page saw end. */
  get jobEnded(): ISignal<this, Job> {
    return this._jobEnded;
  }

  /** An operation that this page saw end. */
  get operationEnded(): ISignal<this, Operation> {
    return this._operationEnded;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    super.dispose();
    this._lists.dispose();
    this.client.used.disconnect(this._onUsed, this);
    this._stream.dispose();
  }

  /** Wake the bridge and keep up to date from now on. Safe to call often. */
  start(): Promise<void> {
    if (this._starting === null) {
      this._starting = this._start().finally(() => (this._starting = null));
    }
    return this._starting;
  }

  /** Like `start`, but only when the bridge runs already: jobs of an earlier visit show up, and nothing is woken. */
  async peek(): Promise<void> {
    try {
      const { state } = await this.client.bridgeState();
      if (state === 'running' && this.state.phase === 'idle') {
        await this.start();
      }
    } catch {
      // Nobody asked for anything yet: the panel will tell when it is opened.
    }
  }

  /** After a failure: clear it at the server and start again. */
  async retry(): Promise<void> {
    this.update({ phase: 'starting', problem: undefined });
    try {
      await this.client.retryBridge();
    } catch (reason) {
      this.update({ phase: 'failed', problem: toProblem(reason) });
      return;
    }
    await this.start();
  }

  /** Read everything again. */
  async refresh(): Promise<void> {
    if (this.state.phase !== 'ready' || this._stream.state !== 'live') {
      await this.start();
    } else {
      await this._snapshot();
    }
  }

  /** Switch to another cluster. */
  async use(cluster: string): Promise<void> {
    await this.client.useCluster(cluster);
    this.update({
      clusters: this.state.clusters.map(item => ({ ...item, current: item.id === cluster }))
    });
    await this._holding(() => this._lists.load());
  }

  loadMoreJobs(): Promise<void> {
    return this._lists.loadMoreJobs();
  }

  loadBuckets(): Promise<void> {
    return this._lists.loadBuckets();
  }

  loadData(): Promise<void> {
    return this._lists.loadData();
  }

  clearData(parts: string[]): Promise<void> {
    return this._lists.clearData(parts);
  }

  /** Start jobs for files the bridge can read itself. */
  async submit(cluster: string, service: string, files: FileRef[]): Promise<Submission> {
    const submission = await this.client.submit(cluster, service, files);
    this.update({ submissions: withSubmission(this.state.submissions, submission) });
    return submission;
  }

  /** Upload files of the desktop and start a job for each. */
  async submitFiles(cluster: string, service: string, files: ReadonlyArray<File>): Promise<Submission> {
    const refs: FileRef[] = [];
    for (const file of files) {
      const id = `upload-${++this._uploads}`;
      this._upload(id, { id, name: file.name, service, progress: 0 });
      try {
        const upload = await uploadFile({
          target: this.client,
          file,
          onProgress: progress => this._upload(id, { id, name: file.name, service, progress })
        });
        refs.push({ upload });
      } finally {
        this._upload(id, null);
      }
    }
    return this.submit(cluster, service, refs);
  }

  /** Follow a log; dispose it when it is no longer looked at. */
  followLog(options: { cluster: string; service: string; job?: string; limit?: number }): LogFollower {
    return new LogFollower({
      ...options,
      source: this.client,
      events: this._stream.received,
      lost: this._lost
    });
  }

  /** The job, from memory or from the bridge. */
  async job(cluster: string, id: string): Promise<Job> {
    const known = this.state.jobs.items.find(job => job.id === id && job.cluster === cluster);
    return known ?? this.client.job(cluster, id);
  }

  private async _start(): Promise<void> {
    if (this.state.phase !== 'ready') {
      this.update({ phase: 'starting', problem: undefined });
    }
    try {
      const status = await this.client.status();
      this.update({ clusters: status.clusters });
    } catch (reason) {
      this.update({ phase: 'failed', problem: await this._why(toProblem(reason)) });
      return;
    }
    if (this._stream.state === 'live') {
      await this._snapshot();
      return;
    }
    // The snapshot follows the first event of the connection, so that no change falls between the two.
    this._snapshotDue = true;
    this._stream.open();
    this.update({ phase: 'ready' });
    if (this._stream.state === 'closed') {
      await this._snapshot();
    }
  }

  /** The server extension knows best why the bridge does not start. */
  private async _why(problem: Problem): Promise<Problem> {
    try {
      return (await this.client.bridgeState()).problem ?? problem;
    } catch {
      return problem;
    }
  }

  private async _snapshot(): Promise<void> {
    this._snapshotDue = false;
    await this._holding(async () => {
      try {
        const [clusters, operations] = await Promise.all([this.client.clusters(), this.client.operations()]);
        this.update({ clusters, operations: this._visible(operations) });
        await this._lists.load();
        this.update({ phase: 'ready', problem: undefined });
      } catch (reason) {
        this.update({ phase: 'failed', problem: toProblem(reason) });
      }
    });
  }

  /** Read lists, and hold the events that come meanwhile: an answer that is older than them must not win. */
  private async _holding(read: () => Promise<void>): Promise<void> {
    this._readers++;
    this._held ??= [];
    try {
      await read();
    } finally {
      this._readers--;
      // In their order, after the last answer: what is older than it is put right by what follows.
      if (this._readers === 0) {
        const held = this._held ?? [];
        this._held = null;
        held.forEach(event => this._apply(event));
      }
    }
  }

  private _onEvent(_: EventStream, event: BridgeEvent): void {
    if (event.type === 'hello') {
      const other = this._boot !== undefined && this._boot !== event.boot;
      this._boot = event.boot;
      if (this._snapshotDue || other) {
        void this._snapshot();
      }
      if (other) {
        this._lost.emit();
      }
    } else if (event.type === 'reset') {
      this._lost.emit();
      void this._snapshot();
    } else if (this._held !== null && event.type !== 'log') {
      this._held.push(event);
    } else {
      this._apply(event);
    }
  }

  private _apply(event: BridgeEvent): void {
    if (event.type === 'operation' && this.isDismissed(event.operation.id)) {
      return;
    }
    const before = this.state;
    const switched = currentCluster(before)?.id;
    const after = applyEvent(before, event);
    if (after === before) {
      return;
    }
    this.update(after);
    if (event.type === 'job' && event.job) {
      const known = before.jobs.items.find(job => job.id === event.id);
      if (known && known.state !== event.job.state && isFinal(event.job.state)) {
        this._jobEnded.emit(event.job);
        this.loadData().catch(() => undefined);
      }
    } else if (event.type === 'operation') {
      const known = before.operations.find(item => item.id === event.operation.id);
      if (event.operation.state !== 'running' && known?.state === 'running') {
        this._operationEnded.emit(event.operation);
        this.loadData().catch(() => undefined);
      }
    } else if (event.type === 'cluster' && currentCluster(after)?.id !== switched) {
      void this._holding(() => this._lists.load());
    } else if (event.type === 'service' && this.state.buckets.phase === 'ready') {
      this._lists.bucketsSoon();
    }
  }

  private _onStream(stream: EventStream): void {
    switch (stream.state) {
      case 'live':
        this.update({ stale: false });
        break;
      case 'broken':
        this.update({ stale: true });
        break;
      case 'asleep':
        this.update({ phase: 'idle', stale: false });
        break;
      case 'failed':
        this.update({ phase: 'failed', problem: stream.problem });
        break;
      default:
        break;
    }
  }

  /** Somebody used a bridge that slept: listen to it again. */
  private _onUsed(_: BridgeClient): void {
    if (this._stream.state === 'asleep') {
      this._snapshotDue = true;
      this._stream.open();
      this.update({ phase: 'ready' });
    }
  }

  private _visible(operations: ReadonlyArray<Operation>): ReadonlyArray<Operation> {
    // What ended before this page came is history, unless it waits for the user.
    return operations.filter(
      item => !this.isDismissed(item.id) && (item.state === 'running' || item.state === 'interrupted')
    );
  }

  private _upload(id: string, upload: IOscarState['uploads'][number] | null): void {
    const others = this.state.uploads.filter(item => item.id !== id);
    this.update({ uploads: upload ? [...others, upload] : others });
  }

  private readonly _lists: ClusterLists;
  private readonly _stream: EventStream;
  private readonly _jobEnded = new Signal<this, Job>(this);
  private readonly _operationEnded = new Signal<this, Operation>(this);
  private readonly _lost = new Signal<this, void>(this);
  private _starting: Promise<void> | null = null;
  private _held: BridgeEvent[] | null = null;
  private _readers = 0;
  private _snapshotDue = false;
  private _boot: string | undefined;
  private _uploads = 0;
}

export namespace OscarModel {
  export interface IOptions {
    client: IBridgeClient;
    /** Default: a stream over `client`. */
    stream?: EventStream;
  }
}

/** What other plugins may rely on. */
export type IOscarModel = Pick<OscarModel, keyof OscarModel>;
