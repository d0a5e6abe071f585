/**
 * The seams inside the embedded cluster: the object store (s3/), the jobs and deployments (runtime/) and the manager's API
 * (api/) know each other by these interfaces only. `index.ts` puts them together.
 */
import type { Readable } from 'node:stream';
import type { IDeployment, IOscarService } from '../fdl/service';

export interface IDisposable {
  dispose(): void;
}

// ---------------------------------------------------------------------------------------------- object store

export interface IObjectInfo {
  key: string;
  size: number;
  /** MD5 in hex, or `<hex>-<parts>` after a multipart upload; without quotes. */
  etag: string;
  modified: Date;
  contentType: string;
  /** User metadata without the `x-amz-meta-` prefix, keys in lower case. */
  metadata: Record<string, string>;
}

export interface IBucketInfo {
  name: string;
  created: Date;
  tags: Record<string, string>;
  /** `''` when no policy was set (as MinIO and the manager see it). */
  visibility: '' | 'private' | 'public' | 'restricted';
  allowedUsers: string[];
  /** Principal that made it; `''` for the administrator. */
  owner: string;
}

/** MinIO's QueueConfiguration: who hears of which objects. */
export interface INotification {
  id: string;
  /** `arn:minio:sqs::<service>:webhook` */
  arn: string;
  events: string[];
  prefix: string;
  suffix: string;
}

/** What happened to an object; enough to write MinIO's event body (recorded in test/fixtures/oscar-golden/events.json). */
export interface IObjectEvent {
  /** Unique and stable over restarts: an event is offered again until the listener has returned; use it against doubles. */
  id: string;
  /** `s3:ObjectCreated:Put`, `:Copy`, `:CompleteMultipartUpload`, `:Post`, `:PutTagging`, … */
  name: string;
  time: Date;
  bucket: string;
  object: IObjectInfo;
  /** Access key of who did it. */
  principal: string;
  sourceHost: string;
  userAgent: string;
  /** Service names taken from the ARNs of the notifications that match. */
  targets: string[];
  /** MinIO's JSON body of the webhook, ready to send. */
  body: string;
}

export interface IPutOptions {
  contentType?: string;
  metadata?: Record<string, string>;
  /** Who writes; default: the administrator. */
  principal?: string;
  /** `If-None-Match: *` */
  ifAbsent?: boolean;
  /** `If-Match` */
  ifMatch?: string;
}

/** Source of an object's bytes. `move: true` takes the file away (a rename where that is possible). */
export type ObjectBody = Buffer | Readable | { file: string; move?: boolean };

export interface IListOptions {
  prefix?: string;
  delimiter?: string;
  /** Keys after this one. */
  after?: string;
  limit?: number;
}

export interface IListResult {
  objects: IObjectInfo[];
  prefixes: string[];
  /** Give it back as `after`; absent at the end. */
  next?: string;
}

/** Thrown by the store; `code` is S3's error code (`NoSuchBucket`, `BucketAlreadyOwnedByYou`, `PreconditionFailed`, …). */
export interface IStoreError extends Error {
  code: string;
  status: number;
}

/** Buckets and objects on disk. Every change is durable when its promise resolves. */
export interface IObjectStore {
  buckets(): IBucketInfo[];
  bucket(name: string): IBucketInfo | undefined;
  createBucket(name: string, options?: { owner?: string; tags?: Record<string, string> }): Promise<IBucketInfo>;
  /** `force` removes the objects too; without it a bucket with objects is `BucketNotEmpty`. */
  deleteBucket(name: string, options?: { force?: boolean }): Promise<void>;
  setTags(bucket: string, tags: Record<string, string>): void;
  setVisibility(bucket: string, visibility: IBucketInfo['visibility'], allowedUsers?: string[]): void;
  notifications(bucket: string): INotification[];
  setNotifications(bucket: string, notifications: INotification[]): void;

  put(bucket: string, key: string, body: ObjectBody, options?: IPutOptions): Promise<IObjectInfo>;
  head(bucket: string, key: string): IObjectInfo | undefined;
  /** `end` is inclusive, as in a Range header. */
  read(bucket: string, key: string, range?: { start: number; end: number }): Readable;
  /** Copies an object to a file outside the store (a clone where the file system can). */
  exportTo(bucket: string, key: string, file: string): Promise<IObjectInfo>;
  /** Path of the object's bytes on disk, for reading only (mounts). */
  bucketFolder(bucket: string): string;
  remove(bucket: string, key: string): Promise<boolean>;
  list(bucket: string, options?: IListOptions): IListResult;
  usage(): { buckets: number; objects: number; bytes: number };
  /** Of one bucket, without counting. */
  bucketUsage(bucket: string): { objects: number; bytes: number };

  /** One listener; see IObjectEvent.id. Folder markers fire too, as MinIO's do. */
  onEvent(listener: (event: IObjectEvent) => void): IDisposable;
  close(): Promise<void>;
}

/** Who may use the S3 endpoint. */
export interface IS3Accounts {
  lookup(accessKey: string): { secretKey: string; principal: string; admin: boolean } | undefined;
}

// ---------------------------------------------------------------------------------------------- jobs

export type PodPhase = 'Suspended' | 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

export interface IJobRecord {
  /** `<service>-<uuid>`; service cut to 16 characters when it has 25 or more. */
  name: string;
  service: string;
  status: PodPhase;
  /** Why it is pending or failed, one sentence. */
  reason?: string;
  createdAt: Date;
  startedAt?: Date;
  finishedAt?: Date;
  exitCode?: number;
  cancelled?: boolean;
  /** uid of the user whose event or token started it, else ''. */
  owner: string;
  /** From a storage event. */
  input?: { bucket: string; key: string };
  /** Objects that the job wrote to this cluster's own store. */
  outputs: { bucket: string; key: string; size: number }[];
}

/** The answer of a synchronous call: what the supervisor prints (reference/oscar.md §3.4–3.5). */
export interface IRunAnswer {
  /** 200, or 500 when the supervisor itself failed. */
  status: number;
  body: Buffer;
  exitCode: number;
}

export interface IJobs {
  /** Durable when it returns. `name` is the header X-Delegated-Job-ID; a used one throws. `dedupe`: an IObjectEvent.id. */
  submit(
    service: IOscarService,
    body: string | Buffer,
    options?: { name?: string; owner?: string; dedupe?: string }
  ): IJobRecord;
  /** Waits for a place like a job does, but is no entry of the job list. */
  run(service: IOscarService, body: Buffer, options?: { signal?: AbortSignal }): Promise<IRunAnswer>;
  get(name: string): IJobRecord | undefined;
  /** Newest first. `page` is opaque; a wrong one throws an error with code `BadPage`. */
  list(
    service: string,
    options?: { page?: string; limit?: number; owner?: string }
  ): { jobs: IJobRecord[]; next?: string };
  counts(service?: string): Record<PodPhase, number>;
  /** SIGTERM, then SIGKILL to the whole group. Resolves when it has ended. */
  cancel(name: string): Promise<IJobRecord | undefined>;
  /** Record and log go; a running one is cancelled first. */
  remove(name: string): Promise<boolean>;
  /** All of a service; `finishedOnly` keeps what has not succeeded. */
  removeAll(service: string, options?: { succeededOnly?: boolean; owner?: string }): Promise<void>;
  /** Undefined when there is none yet. `timestamps` puts RFC3339 in front of each line. */
  log(name: string, options?: { timestamps?: boolean }): Promise<string | undefined>;
  /** From a byte offset on; ends when the job has ended and all was read. */
  followLog(name: string, options?: { from?: number; signal?: AbortSignal }): AsyncIterable<Buffer>;
  onChange(listener: (job: IJobRecord, removed: boolean) => void): IDisposable;
  /** Bytes of logs and records, and what is older than the settings keep. */
  usage(): { bytes: number; clearable: number };
  clear(): Promise<void>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------------------------------------- deployments

/** What stands behind a service between its jobs: its environment, and for exposed services its processes. */
export interface IDeployments {
  /** Starts the preparation (environment from requirements, exposed processes) and returns at once. */
  deploy(service: IOscarService): void;
  update(service: IOscarService): void;
  remove(name: string): Promise<void>;
  start(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  restart(name: string): Promise<void>;
  state(name: string): IDeployment & { progress?: number };
  /** Lines of the newest attempt (environment, or the exposed process). */
  logs(name: string, options?: { tail?: number; timestamps?: boolean }): { timestamp?: string; message: string }[];
  followLog(name: string, options?: { signal?: AbortSignal }): AsyncIterable<Buffer>;
  /** Where the exposed process listens now, round robin over its copies; undefined while it is not ready. */
  target(name: string): { host: string; port: number } | undefined;
  onChange(listener: (name: string) => void): IDisposable;
  /** Environments made from requirements. */
  usage(): { bytes: number; clearable: number };
  clear(): Promise<void>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------------------------------------- the whole

export interface ILocalClusterOptions {
  /** Folder of everything. Made 0700. */
  data: string;
  host?: string;
  /** 0 or absent: any free port; a used one is kept over restarts when it is free. */
  port?: number;
  s3Port?: number;
  user?: string;
  password?: string;
  runtime?: 'auto' | 'container' | 'process';
  /** Behave as OSCAR 4.1 does, warts included; no OSCAR-Features header. */
  strict?: boolean;
  /** Cores and bytes to hand out; default: what the machine has less a quarter. */
  cpus?: number;
  memory?: number;
  /** Folders that go first on the PATH of processes (the Jupyter environment). */
  path?: string[];
  /** Python that makes environments. */
  python?: string;
  /** Where environments are kept; default: the user's cache folder. */
  environments?: string;
  oidcIssuers?: string[];
  /** Only members of one of these may use the cluster; default: every user of the issuers. */
  oidcGroups?: string[];
  log?: (line: string) => void;
}

export interface ILocalCluster {
  readonly endpoint: string;
  readonly user: string;
  readonly password: string;
  readonly s3: { endpoint: string; access_key: string; secret_key: string; region: string };
  readonly data: string;
  /** Another process owns the data: this object only points at its endpoint, and close() leaves it alone. */
  readonly shared: boolean;
  /** True while jobs or exposed services live. */
  busy(): boolean;
  close(): Promise<void>;
}
