import { closeSync, createReadStream, promises as fs, writeFileSync, type Stats } from 'node:fs';
import { Readable } from 'node:stream';
import type { IListOptions, IListResult, IObjectInfo } from '../interfaces';
import { BucketStore } from './bucket-store';
import type { IBucket } from './catalog';
import { attempt, StoreError, toStoreError } from './errors';
import { toDetails, toInfo, type IObjectDetails } from './objects';
import type { IHeld } from './recent';
import type { IObjectRow } from './schema';
import { md5Of } from './staging';

/** Bytes read ahead of a slow reader. */
const READ_AHEAD = 512 * 1024;

/** An object and its open file, which the reader closes; a folder marker has none. */
export type IOpenObject = { row: IObjectRow } & ({ fd: number; stat: Stats } | { fd: undefined; stat: undefined });

/** The part of the store that reads: what there is, and its bytes. */
export abstract class ReadableStore extends BucketStore {
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

  /** A small object that was written or read lately, without opening its file; undefined for any other. */
  held(bucket: string, key: string): IHeld | undefined {
    const owner = this.need(bucket);
    return this.catalog.recent.find(owner.id, key, row => this.places.plain(bucket, row.path));
  }

  /** An object has been read whole; `stat` is of before, so that a change meanwhile is noticed by the next reader. */
  hold(bucket: string, row: IObjectRow, bytes: Buffer, stat: Stats): void {
    this.catalog.recent.keep(this.need(bucket).id, row, bytes, { stat });
  }

  /**
   * Opens the object's file; the caller closes it. A file that someone has edited in place is measured anew first, so that
   * size and ETag are those of the bytes that follow. `fd` is absent for a folder marker.
   */
  async open(bucket: string, key: string): Promise<IOpenObject> {
    const owner = this.need(bucket);
    const opened = attempt(() => this._openNow(owner, key));
    if (opened.fd === undefined) {
      return opened;
    }
    const { stat } = opened;
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
    const held = this.held(bucket, key);
    if (held !== undefined) {
      attempt(() => writeFileSync(file, held.text, 'latin1'));
      return toInfo(held.row);
    }
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

  private _openNow(bucket: IBucket, key: string): IOpenObject {
    const row = this.catalog.get(bucket, key);
    if (row === undefined) {
      throw new StoreError('NoSuchKey');
    }
    if (row.path.endsWith('/')) {
      return { row, fd: undefined, stat: undefined };
    }
    const file = this.places.open(bucket.name, row.path);
    if (file === undefined) {
      // Someone took the file away: the object is no more.
      this.catalog.delete(bucket, key);
      bucket.objects--;
      bucket.bytes -= row.size;
      this._log(`The file of ${bucket.name}/${key} is gone; the object was taken out of the index.`);
      throw new StoreError('NoSuchKey');
    }
    return { row, ...file };
  }
}
