/**
 * What the rest of the bridge knows of a cluster. `clusters/client.ts` speaks OSCAR's REST, `clusters/registry.ts` keeps the
 * list, `storage/` speaks S3 with the keys from /system/config. Nothing here asks which cluster is the embedded one.
 */
import type { Readable } from 'node:stream';
import type { Cluster, ClusterAdd, ObjectPage } from '../contract';
import type { IDeployment, IMinIOProvider, IOscarService } from '../fdl/service';

/** A job as `GET /system/logs/:service` lists it; fields after `finish_time` only from clusters with features. */
export interface IRemoteJob {
  name: string;
  status: string;
  creation_time?: string;
  start_time?: string;
  finish_time?: string;
  reason?: string;
  exit_code?: number;
  cancelled?: boolean;
  input?: { bucket: string; key: string };
  outputs?: { bucket: string; key: string; size: number }[];
}

export interface IOscarClient {
  /** From the last answer's OSCAR-Features header; empty for a plain OSCAR. */
  readonly features: ReadonlySet<string>;
  info(): Promise<{ version: string; [key: string]: unknown }>;
  config(): Promise<{ config: Record<string, unknown>; minio_provider: IMinIOProvider; [key: string]: unknown }>;
  status(): Promise<Record<string, unknown>>;
  /** What this user may use (`GET /system/quotas/user`); undefined where there are no quotas, or the user is the administrator. */
  quota?(): Promise<Record<string, unknown> | undefined>;
  services(options?: { deployment?: boolean }): Promise<IOscarService[]>;
  /** Undefined for 404. */
  service(name: string, options?: { deployment?: boolean }): Promise<IOscarService | undefined>;
  createService(service: Partial<IOscarService>): Promise<void>;
  /** Leaves secrets out unless they are all non-empty; sends labels and owner as given. */
  updateService(service: Partial<IOscarService>): Promise<void>;
  deleteService(name: string): Promise<void>;
  deployment(name: string): Promise<IDeployment & { progress?: number }>;
  deploymentLogs(
    name: string,
    tail?: number
  ): Promise<{ available: boolean; message?: string; entries: { timestamp?: string; message: string }[] }>;
  control(name: string, verb: 'start' | 'stop' | 'restart'): Promise<void>;
  /** Newest first where the server does not order. */
  jobs(service: string, page?: string): Promise<{ jobs: IRemoteJob[]; next?: string }>;
  /** Undefined when there is no log yet (404, or OSCAR's 500 for a job without a pod). */
  jobLog(service: string, job: string): Promise<string | undefined>;
  /** Streams with the feature `live-logs`, else polls; ends with the job. */
  followJobLog(service: string, job: string, options?: { from?: number; signal?: AbortSignal }): AsyncIterable<string>;
  deleteJob(service: string, job: string): Promise<void>;
  /** Feature `job-cancel` (else: deletes the job, which is what stops it on a plain OSCAR). */
  cancelJob(service: string, job: string): Promise<void>;
  /** POST /job with the service token. Answers the job's name with the feature `job-id`. */
  submitJob(service: IOscarService, body: string | Buffer): Promise<string | undefined>;
  /** POST /run with the service token; undefined when this cluster has no /run for it (404 of the route). */
  run(service: IOscarService, body: Buffer, options?: { signal?: AbortSignal }): Promise<Buffer | undefined>;
  buckets(): Promise<
    { bucket_name: string; visibility: string; owner: string; metadata: Record<string, string> | null }[]
  >;
  /** Feature `data-usage`. */
  usage(): Promise<unknown>;
  clearUsage(parts: string[]): Promise<void>;
  /** Feature `events`: what changes, as it changes (`GET /system/events`); read it again to know it. Ends with the connection. */
  events?(options?: {
    signal?: AbortSignal;
  }): AsyncIterable<{ kind: 'service' | 'job'; name: string; removed?: boolean }>;
}

/** S3 of a cluster, path style. Errors are BridgeError (server/problem.ts maps them). */
export interface IObjectStorage {
  list(
    bucket: string,
    options?: { prefix?: string; delimiter?: string; page?: string; limit?: number }
  ): Promise<ObjectPage>;
  head(
    bucket: string,
    key: string
  ): Promise<{ size: number; etag: string; modified?: string; contentType?: string } | undefined>;
  get(
    bucket: string,
    key: string,
    options?: { range?: string; signal?: AbortSignal }
  ): Promise<{ body: Readable; size: number; contentType: string; contentRange?: string; etag: string }>;
  /** `size` when known; unknown sizes go up in parts. */
  put(
    bucket: string,
    key: string,
    body: Readable | Buffer,
    options?: {
      size?: number;
      contentType?: string;
      ifAbsent?: boolean;
      signal?: AbortSignal;
      onProgress?: (bytes: number) => void;
    }
  ): Promise<{ etag: string }>;
  remove(bucket: string, key: string): Promise<void>;
  createBucket(bucket: string): Promise<void>;
  deleteBucket(bucket: string): Promise<void>;
  /** Adds an entry, keeping everybody else's; idempotent. */
  addNotification(bucket: string, entry: { arn: string; prefix: string; suffix?: string }): Promise<void>;
  removeNotification(bucket: string, arn: string, prefix?: string): Promise<void>;
  notifications(bucket: string): Promise<{ arn: string; prefix: string; events: string[] }[]>;
}

export interface ICluster {
  readonly id: string;
  readonly client: IOscarClient;
  /** Made on first use from /system/config; made again when the keys change. */
  storage(): Promise<IObjectStorage>;
  /** Asks /system/info; never throws. */
  describe(): Promise<Cluster>;
}

export interface IClusterRegistry {
  list(): ICluster[];
  /** Throws a not-found problem that names the clusters there are. Undefined: the current one. */
  get(id?: string): ICluster;
  add(cluster: ClusterAdd): Promise<ICluster>;
  remove(id: string): Promise<void>;
  use(id: string): Promise<void>;
  current(): string;
  /** The one that the user picked, also while it is not in the list; undefined when none was. */
  chosen(): string | undefined;
  /** The embedded one, put in by the start-up as an endpoint like any other. */
  register(cluster: { id: string; endpoint: string; user: string; password: string }): ICluster;
}
