import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type {
  BridgeStatus,
  Cluster,
  ClusterAdd,
  ClusterLoad,
  DataUsage,
  DeletionPreview,
  DeletionResult,
  Example,
  FdlCheckResult,
  FdlPlan,
  FdlSource,
  FileRef,
  Job,
  JobPage,
  Operation,
  Problem,
  Result,
  Service,
  Submission,
  Upload
} from '../contract';
import { AwsCalls } from './aws';
import type { Send } from './compute';
import { ComputeCalls } from './compute';
import { BridgeError, isAbort, problemOf, unreachable } from './errors';
import { InfrastructureCalls } from './infrastructure';
import { ObjectCalls } from './objects';
import { encode, hrefPath, query } from './paths';
import type { Call } from './pipelines';
import { PipelineCalls } from './pipelines';
import type { ITransport } from './transport';

/**
 * State of the bridge as the server extension tells it, without waking the bridge.
 */
export interface IBridgeState {
  state: 'idle' | 'starting' | 'running' | 'failed';
  problem?: Problem;
  node?: string;
  pid?: number;
  version?: string;
}

/**
 * Typed calls to the bridge. Each rejects with a `BridgeError`, or with an `AbortError` when its signal fired.
 */
export class BridgeClient {
  constructor(options: BridgeClient.IOptions) {
    this._transport = options.transport;
    this.pipelines = new PipelineCalls((method, path, body) => this._call(method, path, body));
    this._calls = {
      call: <T>(method: string, path: string, body?: unknown) => this._call<T>(method, path, body),
      send: (path: string, init: RequestInit) => this._send(path, init),
      url: (href: string) => this.url(href)
    };
    this.compute = new ComputeCalls(this._calls);
    this.aws = new AwsCalls(this._calls);
    this.infrastructures = new InfrastructureCalls(this._calls);
  }

  /** Pipelines, their runs, and packing. */
  readonly pipelines: PipelineCalls;

  /** Map-reduce and high-throughput jobs. */
  readonly compute: ComputeCalls;

  /** Functions on AWS, or on its local emulator. */
  readonly aws: AwsCalls;

  /** Clusters that the Infrastructure Manager makes. */
  readonly infrastructures: InfrastructureCalls;

  /**
   * Emitted when a call that wakes the bridge was answered: whoever waits for the bridge to be used can go on.
   */
  get used(): ISignal<this, void> {
    return this._used;
  }

  // --- the bridge itself -------------------------------------------------------------------------------------------

  async bridgeState(): Promise<IBridgeState> {
    return (await this._send('bridge', {})).json();
  }

  async retryBridge(): Promise<void> {
    await this._send('bridge/retry', jsonInit('POST', undefined));
  }

  status(): Promise<BridgeStatus> {
    return this._get('status');
  }

  /** Open the event stream. The caller reads and closes it. */
  events(options: { lastEventId?: string; signal: AbortSignal }): Promise<Response> {
    return this._send('v1/events', {
      headers: {
        Accept: 'text/event-stream',
        ...(options.lastEventId ? { 'Last-Event-ID': options.lastEventId } : {})
      },
      signal: options.signal
    });
  }

  // --- clusters ----------------------------------------------------------------------------------------------------

  async clusters(): Promise<Cluster[]> {
    return (await this._get<{ items: Cluster[] }>('clusters')).items;
  }

  addCluster(cluster: ClusterAdd): Promise<Cluster> {
    return this._call('POST', 'clusters', cluster);
  }

  useCluster(cluster: string): Promise<void> {
    return this._do('POST', `clusters/${encode(cluster)}/use`);
  }

  removeCluster(cluster: string): Promise<void> {
    return this._do('DELETE', `clusters/${encode(cluster)}`);
  }

  load(cluster: string): Promise<ClusterLoad> {
    return this._get(`clusters/${encode(cluster)}/load`);
  }

  dataUsage(cluster: string): Promise<DataUsage> {
    return this._get(`clusters/${encode(cluster)}/data`);
  }

  clearData(cluster: string, parts: string[]): Promise<DataUsage> {
    return this._call('POST', `clusters/${encode(cluster)}/data/clear`, { parts });
  }

  // --- services ----------------------------------------------------------------------------------------------------

  async services(cluster: string): Promise<Service[]> {
    return (await this._get<{ items: Service[] }>(`clusters/${encode(cluster)}/services`)).items;
  }

  service(cluster: string, service: string): Promise<Service> {
    return this._get(servicePath(cluster, service));
  }

  deletion(cluster: string, service: string): Promise<DeletionPreview> {
    return this._get(`${servicePath(cluster, service)}/deletion`);
  }

  deleteService(cluster: string, service: string, data: 'keep' | 'delete'): Promise<DeletionResult> {
    return this._call('DELETE', `${servicePath(cluster, service)}${query({ data })}`);
  }

  controlService(cluster: string, service: string, verb: 'start' | 'stop' | 'restart'): Promise<Service> {
    return this._call('POST', `${servicePath(cluster, service)}/${verb}`);
  }

  /** Call a service with text or bytes and wait for the result. */
  async invoke(options: BridgeClient.IInvoke): Promise<Result> {
    const response = await this._send(`v1/${servicePath(options.cluster, options.service)}/invoke`, {
      method: 'POST',
      body: options.body,
      headers: {
        'Content-Type': options.mediaType,
        ...(options.name ? { 'X-OSCAR-Filename': encode(options.name) } : {})
      },
      signal: options.signal
    });
    this._used.emit();
    return response.json();
  }

  submit(cluster: string, service: string, files: FileRef[]): Promise<Submission> {
    return this._call('POST', `${servicePath(cluster, service)}/submissions`, { files });
  }

  submission(id: string): Promise<Submission> {
    return this._get(`submissions/${encode(id)}`);
  }

  /** Address of the page that an exposed service serves, to be opened in its own tab. */
  exposedUrl(service: Service): string {
    return this.url(service.url ?? `${servicePath(service.cluster, service.name)}/exposed/`);
  }

  // --- jobs --------------------------------------------------------------------------------------------------------

  jobs(cluster: string, options: { service?: string; page?: string } = {}): Promise<JobPage> {
    return this._get(`clusters/${encode(cluster)}/jobs${query({ service: options.service, page: options.page })}`);
  }

  job(cluster: string, job: string): Promise<Job> {
    return this._get(jobPath(cluster, job));
  }

  deleteJob(cluster: string, job: string): Promise<void> {
    return this._do('DELETE', jobPath(cluster, job));
  }

  cancelJob(cluster: string, job: string): Promise<Job> {
    return this._call('POST', `${jobPath(cluster, job)}/cancel`);
  }

  retryJob(cluster: string, job: string): Promise<Submission> {
    return this._call('POST', `${jobPath(cluster, job)}/retry`);
  }

  jobResult(cluster: string, job: string): Promise<Result> {
    return this._get(`${jobPath(cluster, job)}/result`);
  }

  /** Address of the whole log, for a download. */
  jobLogUrl(cluster: string, job: string): string {
    return this.url(`${jobPath(cluster, job)}/log`);
  }

  /** Follow a log: its text comes as `log` events with the answered id. */
  async subscribeLog(cluster: string, service: string, job?: string): Promise<string> {
    const answer = await this._call<{ id: string }>('POST', 'log-subscriptions', {
      cluster,
      service,
      ...(job ? { job } : {})
    });
    return answer.id;
  }

  unsubscribeLog(id: string): Promise<void> {
    return this._do('DELETE', `log-subscriptions/${encode(id)}`);
  }

  // --- files -------------------------------------------------------------------------------------------------------

  /** Buckets of a cluster, and their objects. */
  storage(cluster: string): ObjectCalls {
    return new ObjectCalls({ base: `clusters/${encode(cluster)}/buckets`, ...this._calls });
  }

  createUpload(name: string, size: number): Promise<Upload> {
    return this._call('POST', 'uploads', { name, size });
  }

  async putUpload(id: string, offset: number, part: Blob, signal?: AbortSignal): Promise<Upload> {
    const response = await this._send(`v1/uploads/${encode(id)}${query({ offset })}`, {
      method: 'PUT',
      body: part,
      headers: { 'Content-Type': 'application/octet-stream' },
      signal
    });
    return response.json();
  }

  deleteUpload(id: string): Promise<void> {
    return this._do('DELETE', `uploads/${encode(id)}`);
  }

  /** Address of an `href` of the contract. */
  url(href: string): string {
    return this._transport.url(hrefPath(href));
  }

  /** Bytes behind an `href`. */
  async bytes(href: string, signal?: AbortSignal): Promise<Blob> {
    return (await this._send(hrefPath(href), { signal })).blob();
  }

  // --- FDL, examples, operations -----------------------------------------------------------------------------------

  check(source: FdlSource, cluster?: string): Promise<FdlCheckResult> {
    return this._call('POST', 'fdl/check', { source, cluster });
  }

  plan(source: FdlSource, cluster?: string): Promise<FdlPlan> {
    return this._call('POST', 'fdl/plan', { source, cluster });
  }

  apply(source: FdlSource, cluster?: string): Promise<Operation> {
    return this._call('POST', 'fdl/apply', { source, cluster });
  }

  async operations(): Promise<Operation[]> {
    return (await this._get<{ items: Operation[] }>('operations')).items;
  }

  async examples(): Promise<Example[]> {
    return (await this._get<{ items: Example[] }>('examples')).items;
  }

  /** Copy the examples into a folder of the file browser; answers the path of the copy. */
  async copyExamples(into: string): Promise<string> {
    return (await this._call<{ path: string }>('POST', 'examples/copy', { into: { contents: into } })).path;
  }

  // --- plumbing ----------------------------------------------------------------------------------------------------

  private _get<T>(path: string): Promise<T> {
    return this._call('GET', path);
  }

  private async _call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this._send(`v1/${path}`, jsonInit(method, body));
    this._used.emit();
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  private async _do(method: string, path: string): Promise<void> {
    await this._send(`v1/${path}`, jsonInit(method, undefined));
    this._used.emit();
  }

  private async _send(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this._transport.request(path, init);
    } catch (reason) {
      throw isAbort(reason) || init.signal?.aborted ? reason : unreachable(reason);
    }
    if (!response.ok) {
      throw new BridgeError(await problemOf(response));
    }
    return response;
  }

  private readonly _transport: ITransport;
  private readonly _calls: { call: Call; send: Send; url: (href: string) => string };
  private readonly _used = new Signal<this, void>(this);
}

export namespace BridgeClient {
  export interface IOptions {
    transport: ITransport;
  }

  export interface IInvoke {
    cluster: string;
    service: string;
    body: string | Blob;
    mediaType: string;
    /** Name of the input file, when it matters to the script. */
    name?: string;
    signal?: AbortSignal;
  }
}

/** What other plugins may rely on. */
export type IBridgeClient = Pick<BridgeClient, keyof BridgeClient>;

function servicePath(cluster: string, service: string): string {
  return `clusters/${encode(cluster)}/services/${encode(service)}`;
}

function jobPath(cluster: string, job: string): string {
  return `clusters/${encode(cluster)}/jobs/${encode(job)}`;
}

function jsonInit(method: string, body: unknown): RequestInit {
  if (method === 'GET') {
    return { method };
  }
  // JupyterLab says JSON of every body, also of none, so that none would not be valid.
  return { method, body: JSON.stringify(body ?? {}), headers: { 'Content-Type': 'application/json' } };
}
