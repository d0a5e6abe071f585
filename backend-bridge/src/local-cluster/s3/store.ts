import { randomUUID } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, mkdirSync, promises as fs, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type {
  IBucketInfo,
  IDisposable,
  IListOptions,
  IListResult,
  INotification,
  IObjectEvent,
  IObjectInfo,
  IObjectStore,
  ObjectBody
} from '../interfaces';
import { openDatabase, transaction } from '../database';
import { Announcer } from './announcer';
import { Catalog, type IBucket } from './catalog';
import { attempt, StoreError, toStoreError } from './errors';
import { checkNotification, type IRequester } from './events';
import { checkBucketName, checkKey } from './keys';
import {
  checkConditions,
  DEFAULT_TYPE,
  toBucketInfo,
  toDetails,
  toInfo,
  toJson,
  type IObjectDetails,
  type IWriteOptions
} from './objects';
import { Outbox } from './outbox';
import { hasFiles, Places, syncFolder } from './places';
import { recover } from './recovery';
import { Reserve } from './reserve';
import { MIGRATIONS, type IObjectRow } from './schema';
import { md5Of, Staging, type IStaged } from './staging';
import { Uploads } from './uploads';

/** Bytes read ahead of a slow reader. */
const READ_AHEAD = 512 * 1024;

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

/** Buckets and objects as plain files with an index beside them. */
export class ObjectStore implements IObjectStore {
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
      this._announcer = new Announcer({
        outbox: this._outbox,
        admin: options.admin ?? 'minio',
        origin: options.origin ?? (() => ''),
        deployment: this.deployment
      });
      this.uploads = new Uploads(this);
      this.reserve = new Reserve(join(options.folder, 'reserve'), this._log);
      recover({ catalog: this.catalog, places: this.places, staging: this.staging, log: this._log });
      this.catalog.setMeta('deployment', this.deployment);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  readonly catalog: Catalog;
  readonly places: Places;
  readonly staging: Staging;
  readonly uploads: Uploads;
  /** Room for what frees room. */
  readonly reserve: Reserve;
  /** Identity of this store, in events and answers. */
  readonly deployment: string;

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

  // ------------------------------------------------------------------------------------------ objects

  async put(bucket: string, key: string, body: ObjectBody, options: IWriteOptions = {}): Promise<IObjectInfo> {
    checkKey(key);
    checkConditions(options, this.catalog.get(this.need(bucket), key), false);
    if (Buffer.isBuffer(body)) {
      return toInfo(
        this.putStaged(
          bucket,
          key,
          attempt(() => this.staging.stageBuffer(body)),
          options,
          false
        )
      );
    }
    let staged: IStaged;
    try {
      staged = await this.staging.stage(body);
    } catch (error) {
      throw toStoreError(error);
    }
    return toInfo(this.putStaged(bucket, key, staged, options, true));
  }

  /** As `put`, with checksums that are known only when the last byte has come. */
  async putStream(
    bucket: string,
    key: string,
    bytes: AsyncIterable<Buffer>,
    options: IWriteOptions,
    checksums: () => Record<string, string>
  ): Promise<IObjectRow> {
    checkKey(key);
    checkConditions(options, this.catalog.get(this.need(bucket), key), false);
    let staged: IStaged;
    try {
      staged = await this.staging.stageStream(bytes);
    } catch (error) {
      throw toStoreError(error);
    }
    return this.putStaged(bucket, key, staged, { ...options, checksums: checksums() }, true);
  }

  /** The bytes of one object as another: cloned where the file system can, read only when their MD5 is not known. */
  async copy(
    from: { bucket: string; key: string },
    to: { bucket: string; key: string },
    options: IWriteOptions
  ): Promise<IObjectRow> {
    checkKey(to.key);
    checkConditions(options, this.catalog.get(this.need(to.bucket), to.key), false);
    const { row, fd } = await this.open(from.bucket, from.key);
    let staged: IStaged;
    try {
      if (fd === undefined) {
        staged = this.staging.stageBuffer(Buffer.alloc(0));
      } else {
        closeSync(fd);
        const md5 = row.etag.includes('-') ? undefined : row.etag;
        staged = await this.staging.copy(this.places.full(from.bucket, row.path), md5);
        if (md5 !== undefined && staged.size !== row.size) {
          // Replaced between the look and the copy: measure what was copied.
          this.staging.discard(staged.file);
          staged = await this.staging.copy(this.places.full(from.bucket, row.path));
        }
      }
    } catch (error) {
      throw toStoreError(error);
    }
    return this.putStaged(to.bucket, to.key, staged, options, true);
  }

  /** Makes staged bytes an object. Whatever fails, they are gone and nothing has changed. */
  putStaged(bucket: string, key: string, staged: IStaged, options: IWriteOptions, again: boolean): IObjectRow {
    try {
      return this.commit(this.need(bucket), key, staged, options, { again });
    } catch (error) {
      this.staging.discard(staged.file);
      throw toStoreError(error);
    }
  }

  /**
   * The one way an object comes to be. It does not give way between the check of the conditions and the rename, so that
   * nobody sees a row without its bytes; the step on disk is in the redo table, so that a killed process finishes it.
   *
   * @param details.inside runs in the same transaction
   */
  commit(
    bucket: IBucket,
    key: string,
    staged: IStaged,
    options: IWriteOptions,
    details: { again: boolean; etag?: string; parts?: number[]; inside?: () => void }
  ): IObjectRow {
    const old = this.catalog.get(bucket, key);
    checkConditions(options, old, details.again);
    const { path, fold } = this.places.prepare(bucket, key, staged.size, old?.path);
    const isFolder = path.endsWith('/');
    const row: IObjectRow = {
      key,
      size: staged.size,
      etag: details.etag ?? staged.md5,
      modified: Date.now(),
      type: options.contentType || DEFAULT_TYPE,
      metadata: toJson(options.metadata),
      headers: toJson(options.headers),
      tags: toJson(options.tags),
      checksums: toJson(options.checksums),
      parts: details.parts === undefined ? '' : JSON.stringify(details.parts),
      path,
      mtime: staged.mtime,
      fold
    };
    if (this._flush && !isFolder) {
      syncFolder(this.staging.folder);
    }
    let heard: number | undefined;
    transaction(this.catalog.db, () => {
      this._tidy();
      this.catalog.put(bucket, row);
      const step = { bucket: bucket.id, folder: bucket.name, key, staged: '' };
      if (old !== undefined && old.path !== path) {
        this.catalog.redo({ ...step, kind: 'remove', path: old.path });
      }
      if (!isFolder) {
        this.catalog.redo({ ...step, kind: 'rename', path, staged: staged.file });
      }
      heard = this._announcer.announce(bucket, options.event ?? 's3:ObjectCreated:Put', row, options);
      details.inside?.();
    });
    const file = this.places.full(bucket.name, path);
    if (isFolder) {
      this.staging.discard(staged.file);
    } else {
      try {
        renameSync(this.staging.path(staged.file), file);
      } catch (error) {
        this._undo(bucket, key, old, heard);
        throw error;
      }
    }
    if (old !== undefined && old.path !== path) {
      this._unlink(bucket, old.path);
    }
    if (this._flush) {
      syncFolder(dirname(file));
    }
    this.catalog.redoDone();
    bucket.objects += old === undefined ? 1 : 0;
    bucket.bytes += row.size - (old?.size ?? 0);
    if (heard !== undefined) {
      this._outbox.wake();
    }
    return row;
  }

  head(bucket: string, key: string): IObjectInfo | undefined {
    const row = this.catalog.get(this.need(bucket), key);
    return row && toInfo(row);
  }

  /** What `head` leaves out. */
  details(bucket: string, key: string): IObjectDetails | undefined {
    const row = this.catalog.get(this.need(bucket), key);
    return row && toDetails(row);
  }

  read(bucket: string, key: string, range?: { start: number; end: number }): Readable {
    const { fd } = this._openNow(this.need(bucket), key);
    if (fd === undefined) {
      return Readable.from([]);
    }
    return createReadStream('', { fd, highWaterMark: READ_AHEAD, ...range });
  }

  /**
   * Opens the object's file; the caller closes it. A file that someone has edited in place is measured anew first, so that
   * size and ETag are those of the bytes that follow. `fd` is absent for a folder marker.
   */
  async open(bucket: string, key: string): Promise<{ row: IObjectRow; fd: number | undefined }> {
    const owner = this.need(bucket);
    const opened = attempt(() => this._openNow(owner, key));
    if (opened.fd === undefined) {
      return opened;
    }
    const stat = fstatSync(opened.fd);
    if (stat.size === opened.row.size && stat.mtimeMs === opened.row.mtime) {
      return opened;
    }
    closeSync(opened.fd);
    const handle = await fs.open(this.places.full(bucket, opened.row.path), 'r');
    let etag: string;
    try {
      etag = await md5Of(handle);
    } finally {
      await handle.close();
    }
    const row = {
      ...opened.row,
      size: stat.size,
      mtime: stat.mtimeMs,
      modified: Math.floor(stat.mtimeMs),
      etag,
      parts: '',
      checksums: ''
    };
    if (this.catalog.get(owner, key)?.mtime === opened.row.mtime) {
      attempt(() => this.catalog.put(owner, row));
      owner.bytes += row.size - opened.row.size;
      this._log(`The file of ${bucket}/${key} was changed outside the store; its size and ETag were taken anew.`);
    }
    return attempt(() => this._openNow(owner, key));
  }

  async exportTo(bucket: string, key: string, file: string): Promise<IObjectInfo> {
    const { row, fd } = await this.open(bucket, key);
    if (fd === undefined) {
      await fs.writeFile(file, '');
      return toInfo(row);
    }
    closeSync(fd);
    try {
      await fs.copyFile(this.places.full(bucket, row.path), file, fs.constants.COPYFILE_FICLONE);
    } catch (error) {
      throw toStoreError(error);
    }
    return toInfo(row);
  }

  bucketFolder(bucket: string): string {
    return this.places.folder(this.need(bucket).name);
  }

  async remove(bucket: string, key: string, options: { requester?: IRequester } = {}): Promise<boolean> {
    const owner = this.need(bucket);
    checkKey(key);
    const row = this.catalog.get(owner, key);
    if (row === undefined) {
      return false;
    }
    return this.reserve.use(() => {
      let heard: number | undefined;
      transaction(this.catalog.db, () => {
        this._tidy();
        this.catalog.delete(owner, key);
        this.catalog.redo({ kind: 'remove', bucket: owner.id, folder: bucket, key, path: row.path, staged: '' });
        heard = this._announcer.announce(owner, 's3:ObjectRemoved:Delete', row, options);
      });
      owner.objects--;
      owner.bytes -= row.size;
      this._unlink(owner, row.path);
      this.catalog.redoDone();
      if (heard !== undefined) {
        this._outbox.wake();
      }
      return true;
    });
  }

  /** Tags of an object; MinIO fires `PutTagging` or `DeleteTagging` for it. */
  setObjectTags(bucket: string, key: string, tags: Record<string, string>, options: IWriteOptions = {}): void {
    const owner = this.need(bucket);
    const row = this.catalog.get(owner, key);
    if (row === undefined) {
      throw new StoreError('NoSuchKey');
    }
    attempt(() => {
      let heard: number | undefined;
      transaction(this.catalog.db, () => {
        this._tidy();
        this.catalog.put(owner, { ...row, tags: toJson(tags) });
        heard = this._announcer.announce(owner, options.event ?? 's3:ObjectCreated:PutTagging', row, options);
      });
      if (heard !== undefined) {
        this._outbox.wake();
      }
    });
  }

  list(bucket: string, options: IListOptions = {}): IListResult {
    const page = this.catalog.listing.scan(this.need(bucket).id, {
      prefix: options.prefix ?? '',
      delimiter: options.delimiter ?? '',
      after: options.after ?? '',
      skipGroup: true,
      limit: options.limit ?? 1000
    });
    return { ...page, objects: page.objects.map(toInfo) };
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

  onEvent(listener: (event: IObjectEvent) => void): IDisposable {
    return this._outbox.listen(listener);
  }

  async close(): Promise<void> {
    if (!this.catalog.db.isOpen) {
      return;
    }
    this._outbox.close();
    transaction(this.catalog.db, () => this._tidy());
    this.catalog.saveCounts();
    this.catalog.setMeta('clean', 'yes');
    this.catalog.db.close();
  }

  /** @throws StoreError NoSuchBucket */
  need(name: string): IBucket {
    const bucket = this.catalog.buckets.get(name);
    if (bucket === undefined) {
      throw new StoreError('NoSuchBucket');
    }
    return bucket;
  }

  private _openNow(bucket: IBucket, key: string): { row: IObjectRow; fd: number | undefined } {
    const row = this.catalog.get(bucket, key);
    if (row === undefined) {
      throw new StoreError('NoSuchKey');
    }
    if (row.path.endsWith('/')) {
      return { row, fd: undefined };
    }
    const fd = this.places.open(bucket.name, row.path);
    if (fd === undefined) {
      // Someone took the file away: the object is no more.
      this.catalog.delete(bucket, key);
      bucket.objects--;
      bucket.bytes -= row.size;
      this._log(`The file of ${bucket.name}/${key} is gone; the object was taken out of the index.`);
      throw new StoreError('NoSuchKey');
    }
    return { row, fd };
  }

  private _unlink(bucket: IBucket, path: string): void {
    this.places.remove(bucket.name, path, folder => this.catalog.get(bucket, folder)?.path === folder);
  }

  /** The disk refused the last step of a commit: the index goes back to what is there. */
  private _undo(bucket: IBucket, key: string, old: IObjectRow | undefined, heard: number | undefined): void {
    transaction(this.catalog.db, () => {
      if (old === undefined) {
        this.catalog.delete(bucket, key);
      } else {
        this.catalog.put(bucket, old);
      }
      if (heard !== undefined) {
        this._outbox.withdraw(heard);
      }
      this.catalog.redoDone();
      this._tidy();
    });
  }

  private _tidy(): void {
    this.catalog.forgetRedo();
    this._outbox.forget();
  }

  /** True under durability `power`. */
  get flushes(): boolean {
    return this._flush;
  }

  private readonly _flush: boolean;
  private readonly _log: (line: string) => void;
  private readonly _outbox: Outbox;
  private readonly _announcer: Announcer;
}
