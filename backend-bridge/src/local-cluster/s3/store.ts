import { closeSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { IDisposable, IObjectEvent, IObjectInfo, IObjectStore, ObjectBody } from '../interfaces';
import { transaction } from '../database';
import type { IBucket } from './catalog';
import { attempt, StoreError, toStoreError } from './errors';
import type { IRequester } from './events';
import { checkKey } from './keys';
import {
  checkConditions,
  DEFAULT_TYPE,
  toInfo,
  toJson,
  partsToJson,
  type IObjectPart,
  type IWriteOptions
} from './objects';
import { syncFolder } from './places';
import { ReadableStore } from './readable-store';
import type { IObjectRow } from './schema';
import type { IStaged } from './staging';
import { Uploads } from './uploads';

export type { IStoreOptions } from './bucket-store';

/** Buckets and objects as plain files with an index beside them. */
export class ObjectStore extends ReadableStore implements IObjectStore {
  readonly uploads: Uploads = new Uploads(this);

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
      staged = await this.staging.stageStream(bytes, true);
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
    details: { again: boolean; etag?: string; parts?: IObjectPart[]; inside?: () => void }
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
      parts: details.parts === undefined ? '' : partsToJson(details.parts),
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
    if (staged.bytes !== undefined && !isFolder) {
      this.catalog.recent.keep(bucket.id, row, staged.bytes, { path: file });
    }
    bucket.objects += old === undefined ? 1 : 0;
    bucket.bytes += row.size - (old?.size ?? 0);
    if (heard !== undefined) {
      this._outbox.wake();
    }
    return row;
  }

  /** @throws StoreError PreconditionFailed when it is not the object that `unless` lets go */
  async remove(
    bucket: string,
    key: string,
    options: { requester?: IRequester; unless?: (row: IObjectRow) => boolean } = {}
  ): Promise<boolean> {
    const owner = this.need(bucket);
    checkKey(key);
    const row = this.catalog.get(owner, key);
    if (row === undefined) {
      return false;
    }
    if (options.unless?.(row) === true) {
      throw new StoreError('PreconditionFailed');
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

  onEvent(listener: (event: IObjectEvent) => void): IDisposable {
    return this._outbox.listen(listener);
  }

  async close(): Promise<void> {
    if (!this.catalog.db.isOpen) {
      return;
    }
    this._outbox.close();
    try {
      this.reserve.use(() => {
        transaction(this.catalog.db, () => this._tidy());
        this.catalog.saveCounts();
        this.catalog.setMeta('clean', 'yes');
      });
    } catch (error) {
      // The next start looks at everything, as after a crash.
      this._log(`The object store could not note its clean end: ${String(error)}`);
    } finally {
      this.catalog.db.close();
    }
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
}
