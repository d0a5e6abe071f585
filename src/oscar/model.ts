import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { BridgeClient, IBridgeClient } from '../bridge/client';
import { toProblem } from '../bridge/errors';
import { EventStream } from '../bridge/events';
import type {
  BridgeEvent,
  Cluster,
  FileRef,
  Job,
  Operation,
  PipelineRun,
  Problem,
  Service,
  Submission
} from '../contract';
import { LogFollower } from './follow';
import type { IList, IOscarState } from './state';
import {
  applyEvent,
  currentCluster,
  EMPTY_LIST,
  INITIAL_STATE,
  isFinal,
  sortJobs,
  sortServices,
  withJob,
  withOperation,
  withRun,
  withService,
  withSubmission
} from './state';
import { uploadFile } from './upload';

/**
 * What the page knows about clusters, services and jobs, kept true by the bridge's events.
 *
 * #### Notes
 * Nothing is asked for before `start` (a view is shown) or `peek` finds the bridge running already. Errors of calls go to
 * whoever made them; errors of keeping up to date are in the state.
 */
export class OscarModel implements IDisposable {
  constructor(options: OscarModel.IOptions) {
    this.client = options.client;
    this._stream = options.stream ?? new EventStream({ source: options.client });
    this._stream.received.connect(this._onEvent, this);
    this._stream.stateChanged.connect(this._onStream, this);
    this.client.used.connect(this._onUsed, this);
  }

  readonly client: IBridgeClient;

  get state(): IOscarState {
    return this._state;
  }

  get stateChanged(): ISignal<this, IOscarState> {
    return this._stateChanged;
  }

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

  get current(): Cluster | undefined {
    return currentCluster(this._state);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this.client.used.disconnect(this._onUsed, this);
    this._stream.dispose();
    Signal.clearData(this);
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
      if (state === 'running' && this._state.phase === 'idle') {
        await this.start();
      }
    } catch {
      // Nobody asked for anything yet: the panel will tell when it is opened.
    }
  }

  /** After a failure: clear it at the server and start again. */
  async retry(): Promise<void> {
    this._update({ phase: 'starting', problem: undefined });
    try {
      await this.client.retryBridge();
    } catch (reason) {
      this._update({ phase: 'failed', problem: toProblem(reason) });
      return;
    }
    await this.start();
  }

  /** Read everything again. */
  async refresh(): Promise<void> {
    if (this._state.phase !== 'ready' || this._stream.state !== 'live') {
      await this.start();
    } else {
      await this._snapshot();
    }
  }

  /** Switch to another cluster. */
  async use(cluster: string): Promise<void> {
    await this.client.useCluster(cluster);
    this._update({
      clusters: this._state.clusters.map(item => ({ ...item, current: item.id === cluster }))
    });
    await this._loadCluster();
  }

  async loadMoreJobs(): Promise<void> {
    const cluster = this.current?.id;
    const { next } = this._state.jobs;
    if (cluster === undefined || next === undefined) {
      return;
    }
    const page = await this.client.jobs(cluster, { page: next });
    const known = new Set(page.items.map(job => job.id));
    const items = sortJobs([...this._state.jobs.items.filter(job => !known.has(job.id)), ...page.items]);
    this._update({ jobs: { phase: 'ready', items, next: page.next } });
  }

  async loadBuckets(): Promise<void> {
    await this._load('buckets', cluster => this.client.buckets(cluster));
  }

  async loadData(): Promise<void> {
    const cluster = this.current;
    if (!cluster?.features.includes('data-usage')) {
      this._update({ data: undefined });
      return;
    }
    const data = await this.client.dataUsage(cluster.id);
    if (this.current?.id === cluster.id) {
      this._update({ data });
    }
  }

  async clearData(parts: string[]): Promise<void> {
    const cluster = this.current;
    if (cluster) {
      this._update({ data: await this.client.clearData(cluster.id, parts) });
      await this._loadCluster();
    }
  }

  /** Start jobs for files the bridge can read itself. */
  async submit(cluster: string, service: string, files: FileRef[]): Promise<Submission> {
    const submission = await this.client.submit(cluster, service, files);
    this._update({ submissions: withSubmission(this._state.submissions, submission) });
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

  /** Keep what a call answered; the event about it may come later, or not at all when the stream is broken. */
  keepService(service: Service): void {
    if (service.cluster === this.current?.id) {
      const { services } = this._state;
      this._update({ services: { ...services, items: withService(services.items, service.name, service) } });
    }
  }

  keepJob(job: Job): void {
    if (job.cluster === this.current?.id) {
      const { jobs } = this._state;
      this._update({ jobs: { ...jobs, items: withJob(jobs.items, job.id, job) } });
    }
  }

  keepOperation(operation: Operation): void {
    this._update({ operations: withOperation(this._state.operations, operation) });
  }

  keepRun(run: PipelineRun): void {
    this._update({ runs: withRun(this._state.runs, run) });
  }

  forgetRun(id: string): void {
    this._update({ runs: this._state.runs.filter(run => run.id !== id) });
  }

  forgetJob(job: string): void {
    const { jobs } = this._state;
    this._update({ jobs: { ...jobs, items: withJob(jobs.items, job, null) } });
  }

  forgetService(service: string): void {
    const { services } = this._state;
    this._update({ services: { ...services, items: withService(services.items, service, null) } });
  }

  /** Take an ended operation out of sight. */
  dismissOperation(id: string): void {
    this._dismissed.add(id);
    this._update({ operations: this._state.operations.filter(item => item.id !== id) });
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
    const known = this._state.jobs.items.find(job => job.id === id && job.cluster === cluster);
    return known ?? this.client.job(cluster, id);
  }

  private async _start(): Promise<void> {
    if (this._state.phase !== 'ready') {
      this._update({ phase: 'starting', problem: undefined });
    }
    try {
      const status = await this.client.status();
      this._update({ clusters: status.clusters });
    } catch (reason) {
      this._update({ phase: 'failed', problem: await this._why(toProblem(reason)) });
      return;
    }
    if (this._stream.state === 'live') {
      await this._snapshot();
      return;
    }
    // The snapshot follows the first event of the connection, so that no change falls between the two.
    this._snapshotDue = true;
    this._stream.open();
    this._update({ phase: 'ready' });
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
    const held: BridgeEvent[] = [];
    this._held = held;
    try {
      const [clusters, operations] = await Promise.all([this.client.clusters(), this.client.operations()]);
      this._update({ clusters, operations: this._visible(operations) });
      await this._loadCluster();
      this._update({ phase: 'ready', problem: undefined });
    } catch (reason) {
      this._update({ phase: 'failed', problem: toProblem(reason) });
    } finally {
      // A later snapshot holds events of its own.
      if (this._held === held) {
        this._held = null;
        held.forEach(event => this._apply(event));
      }
    }
  }

  private async _loadCluster(): Promise<void> {
    const cluster = this.current?.id;
    if (this._loaded !== cluster) {
      this._loaded = cluster;
      this._update({ services: EMPTY_LIST, jobs: EMPTY_LIST, buckets: EMPTY_LIST, data: undefined });
    }
    await Promise.all([
      this._load('services', async id => sortServices(await this.client.services(id))),
      this._loadJobs(),
      this._state.buckets.phase === 'none' ? undefined : this.loadBuckets(),
      this._load('examples', () => this.client.examples()),
      this.loadData().catch(() => undefined)
    ]);
  }

  private async _loadJobs(): Promise<void> {
    let next: string | undefined;
    await this._load('jobs', async id => {
      const page = await this.client.jobs(id);
      next = page.next;
      return sortJobs(page.items);
    });
    this._update({ jobs: { ...this._state.jobs, next } });
  }

  private async _load<K extends 'services' | 'jobs' | 'buckets' | 'examples'>(
    key: K,
    read: (cluster: string) => Promise<IOscarState[K]['items']>
  ): Promise<void> {
    const cluster = this.current?.id;
    if (cluster === undefined) {
      return;
    }
    const before: IList<unknown> = this._state[key];
    this._update({ [key]: { ...before, phase: before.phase === 'ready' ? 'ready' : 'loading' } });
    let after: IList<unknown>;
    try {
      after = { phase: 'ready', items: await read(cluster) };
    } catch (reason) {
      after = { phase: 'failed', items: before.items, problem: toProblem(reason) };
    }
    // The user may have switched meanwhile.
    if (this.current?.id === cluster) {
      this._update({ [key]: after });
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
    if (event.type === 'operation' && this._dismissed.has(event.operation.id)) {
      return;
    }
    const before = this._state;
    const switched = currentCluster(before)?.id;
    const after = applyEvent(before, event);
    if (after === before) {
      return;
    }
    this._update(after);
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
      void this._loadCluster();
    } else if (event.type === 'service' && this._state.buckets.phase === 'ready') {
      this._bucketsSoon();
    }
  }

  private _bucketsSoon(): void {
    clearTimeout(this._bucketTimer);
    this._bucketTimer = setTimeout(() => {
      if (!this._disposed) {
        void this.loadBuckets();
      }
    }, 300);
  }

  private _onStream(stream: EventStream): void {
    switch (stream.state) {
      case 'live':
        this._update({ stale: false });
        break;
      case 'broken':
        this._update({ stale: true });
        break;
      case 'asleep':
        this._update({ phase: 'idle', stale: false });
        break;
      case 'failed':
        this._update({ phase: 'failed', problem: stream.problem });
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
      this._update({ phase: 'ready' });
    }
  }

  private _visible(operations: ReadonlyArray<Operation>): ReadonlyArray<Operation> {
    // What ended before this page came is history, unless it waits for the user.
    return operations.filter(
      item => !this._dismissed.has(item.id) && (item.state === 'running' || item.state === 'interrupted')
    );
  }

  private _upload(id: string, upload: IOscarState['uploads'][number] | null): void {
    const others = this._state.uploads.filter(item => item.id !== id);
    this._update({ uploads: upload ? [...others, upload] : others });
  }

  private _update(change: Partial<IOscarState>): void {
    if (!this._disposed) {
      this._state = { ...this._state, ...change };
      this._stateChanged.emit(this._state);
    }
  }

  private readonly _stream: EventStream;
  private readonly _stateChanged = new Signal<this, IOscarState>(this);
  private readonly _jobEnded = new Signal<this, Job>(this);
  private readonly _operationEnded = new Signal<this, Operation>(this);
  private readonly _lost = new Signal<this, void>(this);
  private readonly _dismissed = new Set<string>();
  private _state: IOscarState = INITIAL_STATE;
  private _starting: Promise<void> | null = null;
  private _held: BridgeEvent[] | null = null;
  private _snapshotDue = false;
  private _boot: string | undefined;
  private _loaded: string | undefined;
  private _uploads = 0;
  private _bucketTimer: ReturnType<typeof setTimeout> | undefined;
  private _disposed = false;
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
