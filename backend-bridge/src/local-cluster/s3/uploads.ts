import { createHash, randomBytes } from 'node:crypto';
import { promises as fs } from 'node:fs';
import type { IObjectInfo } from '../interfaces';
import { transaction } from '../database';
import type { IBucket } from './catalog';
import { StoreError, toStoreError } from './errors';
import { checkKey } from './keys';
import { checkConditions, toInfo, unquote, type IAttributes, type IObjectDetails, type IWriteOptions } from './objects';
import type { IPartRow, IUploadRow } from './schema';
import { writeStream } from './staging';
import type { ObjectStore } from './store';
import type { IUploadChecksum } from './upload-checksums';

const MAX_PARTS = 10_000;
/** Every part but the last has at least so many bytes. */
const MIN_PART = 5 * 1024 * 1024;
const COPY_BLOCK = 1024 * 1024;

export interface IPartInfo {
  number: number;
  size: number;
  etag: string;
  modified: Date;
  checksums: Record<string, string>;
}

export interface IUploadInfo extends IAttributes {
  id: string;
  key: string;
  started: Date;
  principal: string;
  checksum?: IUploadChecksum;
}

/**
 * Multipart uploads. Parts of one size are written to their places in one file, which then only has to be renamed; what does
 * not fit there (another size, a part sent again) gets a file of its own and is copied in at the end.
 */
export class Uploads {
  constructor(private readonly _store: ObjectStore) {}

  create(
    bucket: string,
    key: string,
    attributes: IAttributes & { checksum?: IUploadChecksum },
    principal: string
  ): string {
    const owner = this._store.need(bucket);
    checkKey(key);
    const id = randomBytes(24).toString('hex');
    try {
      this._db
        .prepare('INSERT INTO uploads (id, bucket, key, started, principal, attributes) VALUES (?, ?, ?, ?, ?, ?)')
        .run(id, owner.id, key, Date.now(), principal, JSON.stringify(attributes));
    } catch (error) {
      throw toStoreError(error);
    }
    return id;
  }

  /** @throws StoreError NoSuchUpload */
  get(bucket: string, key: string, id: string): IUploadInfo {
    return toUpload(this._need(bucket, key, id));
  }

  /**
   * @param length bytes to come, when known
   * @param checksums asked for once all bytes have come; throws when they are not the right ones
   */
  async putPart(
    bucket: string,
    key: string,
    id: string,
    options: {
      number: number;
      body: AsyncIterable<Buffer>;
      length?: number;
      checksums?: () => Record<string, string>;
      /** The buffers are nobody else's: each is emptied once it is written. */
      release?: boolean;
    }
  ): Promise<IPartInfo> {
    const { number, length } = options;
    if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
      throw new StoreError('InvalidArgument', `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive.`);
    }
    const upload = this._need(bucket, key, id);
    const place = `${id}/${number}`;
    if (upload.slot === 0 && length !== undefined && length >= MIN_PART) {
      upload.slot = length;
      this._db.prepare('UPDATE uploads SET slot = ? WHERE id = ?').run(length, id);
    }
    const inSlot =
      upload.slot > 0 &&
      length !== undefined &&
      length > 0 &&
      length <= upload.slot &&
      !this._busy.has(place) &&
      !this._completing.has(id) &&
      this._part(id, number) === undefined;
    const file = inSlot ? '' : this._store.staging.newName();
    try {
      if (inSlot) {
        this._busy.add(place);
      }
      const handle = await openForWriting(this._store.staging.path(inSlot ? id : file));
      let written: { size: number; md5: string };
      try {
        written = await writeStream(handle, options.body, {
          at: inSlot ? (number - 1) * upload.slot : 0,
          release: options.release === true
        });
      } finally {
        await handle.close();
      }
      const row: IPartRow = {
        upload: id,
        number,
        size: written.size,
        etag: written.md5,
        modified: Date.now(),
        checksums: JSON.stringify(options.checksums?.() ?? {}),
        file
      };
      // Aborted or completed while the bytes were coming?
      this._need(bucket, key, id);
      const before = this._part(id, number);
      this._db
        .prepare(
          'INSERT OR REPLACE INTO parts (upload, number, size, etag, modified, checksums, file) VALUES (?, ?, ?, ?, ?, ?, ?)'
        )
        .run(row.upload, row.number, row.size, row.etag, row.modified, row.checksums, row.file);
      this._store.staging.discard(before?.file ?? '');
      return toPart(row);
    } catch (error) {
      this._store.staging.discard(file);
      if (inSlot) {
        this._busy.delete(place);
        await this._shrink(id);
      }
      throw toStoreError(error);
    } finally {
      if (inSlot) {
        this._busy.delete(place);
      }
    }
  }

  parts(bucket: string, key: string, id: string, after: number, limit: number): { parts: IPartInfo[]; more: boolean } {
    this._need(bucket, key, id);
    const rows = this._db
      .prepare('SELECT * FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?')
      .all(id, after, limit + 1) as unknown as IPartRow[];
    return { parts: rows.slice(0, limit).map(toPart), more: rows.length > limit };
  }

  /** In the order of keys, then of their start. */
  list(bucket: string, prefix: string): IUploadInfo[] {
    const rows = this._db
      .prepare('SELECT * FROM uploads WHERE bucket = ? AND key >= ? ORDER BY key, started, id')
      .all(this._store.need(bucket).id, prefix) as unknown as IUploadRow[];
    return rows.filter(row => row.key.startsWith(prefix)).map(toUpload);
  }

  /** Makes the object of the parts named. The upload ends in the same transaction in which the object appears. */
  async complete(
    bucket: string,
    key: string,
    id: string,
    named: { number: number; etag: string }[],
    options: IWriteOptions & { verify?: (file: string) => Promise<void> }
  ): Promise<IObjectInfo> {
    const upload = this._need(bucket, key, id);
    const rows = this._choose(id, named);
    const owner = this._store.need(bucket);
    checkConditions(options, this._store.catalog.get(owner, key), false);
    if (this._completing.has(id)) {
      throw new StoreError('ConditionalRequestConflict', 'This upload is being completed by another request.');
    }
    this._completing.add(id);
    let assembled: { file: string; mtime: number } | undefined;
    try {
      assembled = await this._assemble(upload, rows);
      await options.verify?.(this._store.staging.path(assembled.file));
      const attributes = JSON.parse(upload.attributes) as IAttributes;
      const etag = `${md5OfParts(rows)}-${rows.length}`;
      const size = rows.reduce((sum, row) => sum + row.size, 0);
      const files = this._files(id);
      const object = this._store.commit(
        this._store.need(bucket),
        key,
        { ...assembled, size, md5: etag },
        { event: 's3:ObjectCreated:CompleteMultipartUpload', ...attributes, ...options },
        {
          again: true,
          etag,
          parts: rows.map(row => ({ size: row.size, checksums: toPart(row).checksums })),
          inside: () => this._db.prepare('DELETE FROM uploads WHERE id = ?').run(id)
        }
      );
      files.filter(file => file !== assembled?.file).forEach(file => this._store.staging.discard(file));
      return toInfo(object);
    } catch (error) {
      if (assembled !== undefined && assembled.file !== id) {
        this._store.staging.discard(assembled.file);
      }
      throw toStoreError(error);
    } finally {
      this._completing.delete(id);
    }
  }

  /**
   * The object that an upload has become: a client whose answer was lost asks again and must not hear of an error.
   * Undefined while the upload lives, and when the object is another one by now.
   */
  completed(bucket: string, key: string, id: string, named: { etag: string }[]): IObjectDetails | undefined {
    if (this._row(id) !== undefined || named.length === 0) {
      return undefined;
    }
    const object = this._store.details(bucket, key);
    const etags = named.map(one => ({ etag: unquote(one.etag) }));
    return object?.etag === `${md5OfParts(etags)}-${etags.length}` ? object : undefined;
  }

  abort(bucket: string, key: string, id: string): void {
    this._need(bucket, key, id);
    const files = this._files(id);
    this._store.reserve.use(() => this._db.prepare('DELETE FROM uploads WHERE id = ?').run(id));
    files.forEach(file => this._store.staging.discard(file));
  }

  /** All uploads into a bucket that is about to go. */
  discardAll(bucket: IBucket): void {
    const rows = this._db.prepare('SELECT id FROM uploads WHERE bucket = ?').all(bucket.id) as { id: string }[];
    const files = rows.flatMap(row => this._files(row.id));
    transaction(this._db, () => this._db.prepare('DELETE FROM uploads WHERE bucket = ?').run(bucket.id));
    files.forEach(file => this._store.staging.discard(file));
  }

  /** Gives back the room of a part that did not come to its end: on a full disk every byte counts. */
  private async _shrink(id: string): Promise<void> {
    const upload = this._row(id);
    if (upload === undefined) {
      this._store.staging.discard(id);
      return;
    }
    if (this._isBusy(id) || this._completing.has(id)) {
      return;
    }
    const rows = this._db
      .prepare("SELECT * FROM parts WHERE upload = ? AND file = ''")
      .all(id) as unknown as IPartRow[];
    const end = Math.max(0, ...rows.map(row => (row.number - 1) * upload.slot + row.size));
    await fs.truncate(this._store.staging.path(id), end);
  }

  private _isBusy(id: string): boolean {
    return [...this._busy].some(place => place.startsWith(`${id}/`));
  }

  private _choose(id: string, named: { number: number; etag: string }[]): IPartRow[] {
    if (named.length === 0) {
      throw new StoreError('MalformedXML');
    }
    return named.map((one, index) => {
      if (index > 0 && one.number <= named[index - 1].number) {
        throw new StoreError('InvalidPartOrder');
      }
      const row = this._part(id, one.number);
      if (row === undefined || row.etag !== unquote(one.etag)) {
        throw new StoreError('InvalidPart');
      }
      if (index < named.length - 1 && row.size < MIN_PART) {
        throw new StoreError('EntityTooSmall');
      }
      return row;
    });
  }

  /** The parts in a row in one file of the staging folder: the upload's own when each lies where it belongs. */
  private async _assemble(upload: IUploadRow, rows: IPartRow[]): Promise<{ file: string; mtime: number }> {
    const { staging } = this._store;
    const listed = new Set(rows.map(row => row.number));
    const all = this._db.prepare('SELECT * FROM parts WHERE upload = ?').all(upload.id) as unknown as IPartRow[];
    let offset = 0;
    const places = rows.map(row => {
      const at = offset;
      offset += row.size;
      return { row, at };
    });
    // A part that is still coming in would go on writing into what is an object by then.
    const fits =
      !this._isBusy(upload.id) &&
      places.some(({ row }) => row.file === '') &&
      places.every(({ row, at }) => row.file !== '' || at === (row.number - 1) * upload.slot) &&
      all.every(row => row.file !== '' || listed.has(row.number));
    const file = fits ? upload.id : staging.newName();
    const target = await openForWriting(staging.path(file));
    try {
      for (const { row, at } of places) {
        if (row.file !== '' || !fits) {
          const from = row.file === '' ? (row.number - 1) * upload.slot : 0;
          await copyBytes(staging.path(row.file || upload.id), from, row.size, target, at);
        }
      }
      await target.truncate(offset);
      if (this._store.flushes) {
        await target.datasync();
      }
      return { file, mtime: (await target.stat()).mtimeMs };
    } catch (error) {
      if (!fits) {
        staging.discard(file);
      }
      throw error;
    } finally {
      await target.close();
    }
  }

  private _files(id: string): string[] {
    const rows = this._db.prepare("SELECT file FROM parts WHERE upload = ? AND file <> ''").all(id) as {
      file: string;
    }[];
    return [id, ...rows.map(row => row.file)];
  }

  private _need(bucket: string, key: string, id: string): IUploadRow {
    const owner = this._store.need(bucket);
    const row = this._row(id);
    if (row === undefined || row.bucket !== owner.id || row.key !== key) {
      throw new StoreError('NoSuchUpload');
    }
    return row;
  }

  private _row(id: string): IUploadRow | undefined {
    return this._db.prepare('SELECT * FROM uploads WHERE id = ?').get(id) as unknown as IUploadRow | undefined;
  }

  private _part(id: string, number: number): IPartRow | undefined {
    return this._db.prepare('SELECT * FROM parts WHERE upload = ? AND number = ?').get(id, number) as unknown as
      IPartRow | undefined;
  }

  private get _db() {
    return this._store.catalog.db;
  }

  /** Places in upload files that are being written. */
  private readonly _busy = new Set<string>();
  private readonly _completing = new Set<string>();
}

/** For writing anywhere in it, made when it is not there; what is there stays. */
async function openForWriting(path: string): Promise<fs.FileHandle> {
  return fs.open(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
}

async function copyBytes(
  source: string,
  from: number,
  length: number,
  target: fs.FileHandle,
  at: number
): Promise<void> {
  const handle = await fs.open(source, 'r');
  try {
    const buffer = Buffer.allocUnsafe(Math.min(COPY_BLOCK, Math.max(length, 1)));
    for (let done = 0; done < length;) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, length - done), from + done);
      if (bytesRead === 0) {
        throw new StoreError('InvalidPart');
      }
      for (let out = 0; out < bytesRead;) {
        out += (await target.write(buffer, out, bytesRead - out, at + done + out)).bytesWritten;
      }
      done += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

function md5OfParts(rows: { etag: string }[]): string {
  const md5 = createHash('md5');
  rows.forEach(row => md5.update(Buffer.from(row.etag, 'hex')));
  return md5.digest('hex');
}

function toPart(row: IPartRow): IPartInfo {
  return {
    number: row.number,
    size: row.size,
    etag: row.etag,
    modified: new Date(row.modified),
    checksums: JSON.parse(row.checksums) as Record<string, string>
  };
}

function toUpload(row: IUploadRow): IUploadInfo {
  return {
    id: row.id,
    key: row.key,
    started: new Date(row.started),
    principal: row.principal,
    ...(JSON.parse(row.attributes) as IAttributes & { checksum?: IUploadChecksum })
  };
}
