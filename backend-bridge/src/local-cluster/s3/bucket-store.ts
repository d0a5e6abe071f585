import { hash, randomUUID } from 'node:crypto';
import { mkdirSync, promises as fs, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { IBucketInfo, INotification } from '../interfaces';
import { openDatabase } from '../database';
import { Announcer } from './announcer';
import { Catalog, type IBucket } from './catalog';
import { attempt, StoreError } from './errors';
import { checkNotification } from './events';
import { checkBucketName } from './keys';
import { toBucketInfo } from './objects';
import { Outbox } from './outbox';
import { hasFiles, Places } from './places';
import { recover } from './recovery';
import { Reserve } from './reserve';
import { MIGRATIONS } from './schema';
import { Staging } from './staging';
import type { Uploads } from './uploads';

export interface IStoreOptions {
  /** Folder of everything; made 0700. `buckets/<name>/…` in it are the objects as plain files. */
  folder: string;
  /**
   * What an acknowledged change survives. `process` (default): a killed process, as with the Go servers, which do not flush
   * either; after a power cut the last seconds may be missing, and never half there. `power`: file, folder and index are
   * flushed before the answer.
   */
  durability?: 'process' | 'power';
  /** Access key in the events of what is written without a principal. */
  admin?: string;
  /** `http://127.0.0.1:9000`, for the events; asked when needed, because the port is known later. */
  origin?: () => string;
  log?: (line: string) => void;
}

/** The half of the store that knows buckets, and the parts that both halves work with. */
export abstract class BucketStore {
  /** @throws DatabaseLockedError when another process owns the folder. */
  constructor(options: IStoreOptions) {
    this._flush = options.durability === 'power';
    this._log = options.log ?? (() => undefined);
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    const staged = join(options.folder, 'staging');
    mkdirSync(staged, { recursive: true, mode: 0o700 });
    const db = openDatabase(join(options.folder, 'index.db'), {
      synchronous: this._flush ? 'FULL' : 'NORMAL',
      migrations: MIGRATIONS
    });
    try {
      this.catalog = new Catalog(db);
      this.places = new Places(join(options.folder, 'buckets'), (bucket, fold, key) =>
        this.catalog.isTaken(bucket, fold, key)
      );
      this.staging = new Staging(staged, this._flush);
      this._outbox = new Outbox(db, this._log);
      this.deployment = this.catalog.meta('deployment') ?? randomUUID();
      this.hostId = hash('sha256', this.deployment, 'hex');
      this._announcer = new Announcer({
        outbox: this._outbox,
        admin: options.admin ?? 'minio',
        origin: options.origin ?? (() => ''),
        deployment: this.deployment,
        hostId: this.hostId
      });
      this.reserve = new Reserve(join(options.folder, 'reserve'), this._log);
      this.reserve.use(() => {
        recover({ catalog: this.catalog, places: this.places, staging: this.staging, log: this._log });
        this.catalog.setMeta('deployment', this.deployment);
      });
    } catch (error) {
      db.close();
      throw error;
    }
  }

  abstract readonly uploads: Uploads;
  readonly catalog: Catalog;
  readonly places: Places;
  readonly staging: Staging;
  /** Room for what frees room. */
  readonly reserve: Reserve;
  /** Identity of this store, in events. */
  readonly deployment: string;
  /** The same as MinIO writes it in answers: 64 hexadecimal digits. */
  readonly hostId: string;

  // ------------------------------------------------------------------------------------------ buckets

  buckets(): IBucketInfo[] {
    return [...this.catalog.buckets.values()].map(toBucketInfo).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  bucket(name: string): IBucketInfo | undefined {
    const bucket = this.catalog.buckets.get(name);
    return bucket && toBucketInfo(bucket);
  }

  async createBucket(
    name: string,
    options: { owner?: string; tags?: Record<string, string> } = {}
  ): Promise<IBucketInfo> {
    checkBucketName(name);
    const owner = options.owner ?? '';
    const existing = this.catalog.buckets.get(name);
    if (existing !== undefined) {
      throw new StoreError(existing.owner === owner ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists');
    }
    return attempt(() => {
      mkdirSync(this.places.folder(name), { recursive: true, mode: 0o755 });
      const bucket = this.catalog.addBucket({
        name,
        created: Date.now(),
        owner,
        tags: { ...options.tags },
        visibility: '',
        allowed: [],
        notifications: [],
        policy: '',
        objects: 0,
        bytes: 0
      });
      return toBucketInfo(bucket);
    });
  }

  async deleteBucket(name: string, options: { force?: boolean } = {}): Promise<void> {
    const bucket = this.need(name);
    if (options.force !== true) {
      if (bucket.objects > 0) {
        throw new StoreError('BucketNotEmpty');
      }
      if (hasFiles(this.places.folder(name))) {
        throw new StoreError(
          'BucketNotEmpty',
          `Files that are no objects lie in ${this.places.folder(name)}. Move them away first.`
        );
      }
    }
    const trash = this.staging.newName();
    this.reserve.use(() => {
      this.uploads.discardAll(bucket);
      this.catalog.dropBucket(bucket);
      try {
        renameSync(this.places.folder(name), this.staging.path(trash));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          throw error;
        }
      }
      this.catalog.redoDone();
    });
    await fs.rm(this.staging.path(trash), { recursive: true, force: true });
  }

  setTags(bucket: string, tags: Record<string, string>): void {
    attempt(() => this.catalog.changeBucket(this.need(bucket), { tags: { ...tags } }));
  }

  setVisibility(bucket: string, visibility: IBucketInfo['visibility'], allowedUsers: string[] = []): void {
    attempt(() => this.catalog.changeBucket(this.need(bucket), { visibility, allowed: [...allowedUsers] }));
  }

  /** S3 bucket policy as text; '' for none. Who may do what by it: policy.ts. */
  setPolicy(bucket: string, policy: string): void {
    attempt(() => this.catalog.changeBucket(this.need(bucket), { policy }));
  }

  policy(bucket: string): string {
    return this.need(bucket).policy;
  }

  notifications(bucket: string): INotification[] {
    return this.need(bucket).notifications.map(one => ({ ...one, events: [...one.events] }));
  }

  setNotifications(bucket: string, notifications: INotification[]): void {
    const target = this.need(bucket);
    notifications.forEach(checkNotification);
    attempt(() => this.catalog.changeBucket(target, { notifications: structuredClone(notifications) }));
  }

  usage(): { buckets: number; objects: number; bytes: number } {
    let objects = 0;
    let bytes = 0;
    for (const bucket of this.catalog.buckets.values()) {
      objects += bucket.objects;
      bytes += bucket.bytes;
    }
    return { buckets: this.catalog.buckets.size, objects, bytes };
  }

  /** Objects and bytes of one bucket, without counting. */
  bucketUsage(bucket: string): { objects: number; bytes: number } {
    const { objects, bytes } = this.need(bucket);
    return { objects, bytes };
  }

  /** @throws StoreError NoSuchBucket */
  need(name: string): IBucket {
    const bucket = this.catalog.buckets.get(name);
    if (bucket === undefined) {
      throw new StoreError('NoSuchBucket');
    }
    return bucket;
  }

  protected _tidy(): void {
    this.catalog.forgetRedo();
    this._outbox.forget();
  }

  /** True under durability `power`. */
  get flushes(): boolean {
    return this._flush;
  }

  protected readonly _flush: boolean;
  protected readonly _log: (line: string) => void;
  protected readonly _outbox: Outbox;
  protected readonly _announcer: Announcer;
}
