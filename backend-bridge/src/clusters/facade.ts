/**
 * What the server calls: everything that a person does with a cluster, as functions over an `ICluster`.
 */
import type { Readable } from 'node:stream';
import type {
  Cluster,
  ClusterLoad,
  DeletionPreview,
  DeletionResult,
  FdlPlan,
  FdlProblem,
  Job,
  JobPage,
  PlanStep,
  Result,
  Service,
  Submission
} from '../contract';
import type { Tokens } from '../credentials';
import type { IUpgraded } from '../http';
import type { ICluster, IClusterRegistry } from './interfaces';

/** Something changed; the server makes events of them. */
export type ClusterEvent =
  | { type: 'cluster'; cluster: Cluster; removed?: boolean }
  | { type: 'service'; cluster: string; name: string; service: Service | null }
  | { type: 'job'; cluster: string; id: string; job: Job | null }
  | { type: 'submission'; submission: Submission };

export interface IClustersOptions {
  /** Folder for clusters.json, credentials.json, state.db and results/ (`<data>/bridge`). Made 0700. */
  data: string;
  /** Folder of what one process alone may have open (the journal of submissions); default: `data`. */
  state?: string;
  log?: (line: string) => void;
  onEvent?: (event: ClusterEvent) => void;
  /** The user's own tokens, for clusters that have no credentials of their own. */
  tokens?: Tokens;
}

/** A file that goes into a service; exactly one of `path`, `object`, `data`. */
export interface IInputFile {
  /** As the caller named it; shown. */
  file: string;
  /** Last part of its name, for instance `page.png`. */
  name: string;
  /** Absolute path on this machine. */
  path?: string;
  /** The file at `path` may be taken away at any time: whoever needs it later keeps a link of its own. */
  transient?: boolean;
  /** An object of the same cluster. */
  object?: { bucket: string; key: string };
  data?: Buffer;
}

/** An FDL whose file references the server has resolved. */
export interface IResolvedSource {
  text: string;
  /** Name that problems carry, for instance `fdl.yaml`. */
  name: string;
  /** Absolute folder that script paths refer to; absent: scripts cannot be read. */
  base?: string;
  /** Absolute folder that scripts must be in, also through links; absent: anywhere on this machine. */
  within?: string;
  /** Bytes of the environments that are known, by the text of requirements.txt. */
  environments?: ReadonlyMap<string, number>;
}

export interface IApplyOptions {
  rawScript?: boolean;
  /** Hears of the steps on each change; the array is a copy. */
  onSteps?: (steps: PlanStep[]) => void;
  signal?: AbortSignal;
}

export interface IInvokeOptions {
  /** Call the exposed service at this path below its root instead of /run. */
  exposed?: { path: string; method?: string; contentType?: string };
  signal?: AbortSignal;
}

/** A file of a synchronous result, kept for an hour. */
export interface IStoredResult {
  path: string;
  name: string;
  mediaType: string;
  size: number;
}

export interface IClusters {
  readonly registry: IClusterRegistry;

  // ------------------------------------------------------------------------------------------------- clusters
  /** All of them with their state; never throws. */
  describeAll(): Promise<Cluster[]>;
  load(cluster: ICluster): Promise<ClusterLoad>;

  // ------------------------------------------------------------------------------------------------- services
  services(cluster: ICluster): Promise<Service[]>;
  /** With `definition` (redacted). Throws not-found. */
  service(cluster: ICluster, name: string): Promise<Service>;
  controlService(cluster: ICluster, name: string, verb: 'start' | 'stop' | 'restart'): Promise<Service>;
  deletionPreview(cluster: ICluster, name: string): Promise<DeletionPreview>;
  deleteService(cluster: ICluster, name: string, data: 'keep' | 'delete'): Promise<DeletionResult>;
  /** The service's own log (preparation, exposed process). With `follow` it goes on until the signal. */
  serviceLog(
    cluster: ICluster,
    name: string,
    options?: { follow?: boolean; tail?: number; signal?: AbortSignal }
  ): AsyncIterable<string>;
  /** Sends a request on to an exposed service with its token. */
  exposed(
    cluster: ICluster,
    name: string,
    request: {
      method: string;
      path: string;
      headers: Record<string, string>;
      body?: Readable | Buffer;
      signal?: AbortSignal;
    }
  ): Promise<{ status: number; headers: Record<string, string>; body: Readable }>;
  /** The same for a WebSocket. Without `socket` the service answered something else. */
  upgradeExposed(
    cluster: ICluster,
    name: string,
    request: { path: string; headers: Record<string, string>; signal?: AbortSignal }
  ): Promise<IUpgraded>;

  // ------------------------------------------------------------------------------------------------- FDL
  check(cluster: ICluster | undefined, source: IResolvedSource): Promise<FdlProblem[]>;
  plan(cluster: ICluster, source: IResolvedSource, options?: { rawScript?: boolean }): Promise<FdlPlan>;
  /** Resolves with the finished plan; throws after it has undone what it did. */
  apply(cluster: ICluster, source: IResolvedSource, options?: IApplyOptions): Promise<FdlPlan>;

  // ------------------------------------------------------------------------------------------------- jobs
  jobs(cluster: ICluster, options?: { service?: string; page?: string }): Promise<JobPage>;
  job(cluster: ICluster, id: string): Promise<Job>;
  jobLog(cluster: ICluster, id: string): Promise<string>;
  followJobLog(cluster: ICluster, id: string, options?: { signal?: AbortSignal }): AsyncIterable<string>;
  jobResult(cluster: ICluster, id: string): Promise<Result>;
  cancelJob(cluster: ICluster, id: string): Promise<Job>;
  deleteJob(cluster: ICluster, id: string): Promise<void>;
  retryJob(cluster: ICluster, id: string): Promise<Submission>;

  // ------------------------------------------------------------------------------------------------- calls
  submit(cluster: ICluster, service: string, files: IInputFile[]): Promise<Submission>;
  /** Waits (at most `wait` seconds) until its revision is higher than `since`. Throws not-found. */
  submission(id: string, options?: { since?: number; wait?: number; signal?: AbortSignal }): Promise<Submission>;
  cancelSubmission(id: string): Promise<void>;
  invoke(cluster: ICluster, service: string, input: IInputFile, options?: IInvokeOptions): Promise<Result>;
  result(id: string, file: string): Promise<IStoredResult>;

  /** Submissions that are followed now. */
  running(): number;
  /** Goes on with what a killed bridge had begun; call it once the clusters are registered, all but `without`. */
  resume(options?: { without?: string }): void;
  close(): Promise<void>;
}
