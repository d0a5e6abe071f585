import { createHash, hash, randomBytes, type Hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fdatasyncSync,
  lstatSync,
  openSync,
  readSync,
  fstatSync,
  promises as fs,
  renameSync,
  rmSync,
  utimesSync,
  writeSync
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ObjectBody } from '../interfaces';

/** Files up to this size are read or written at one go. */
export const SMALL = 256 * 1024;

/** Bytes gathered before a write: few trips to the thread pool, little memory. */
const BATCH = 512 * 1024;

/** Bytes that wait in the staging folder under a name of their own. */
export interface IStaged {
  /** '' for no bytes and no file. */
  file: string;
  size: number;
  /** MD5, hexadecimal. */
  md5: string;
  /** Time of the file, in milliseconds; 0 for none. */
  mtime: number;
  /** The bytes, where they were at hand. */
  bytes?: Buffer;
}

/** The folder where bytes wait until they are whole: no reader ever looks there. */
export class Staging {
  constructor(
    readonly folder: string,
    /** Flush files to the disk before they count. */
    private readonly _flush: boolean
  ) {}

  path(name: string): string {
    return join(this.folder, name);
  }

  newName(): string {
    return `${this._boot}-${(this._next++).toString(36)}`;
  }

  async stage(body: ObjectBody): Promise<IStaged> {
    if (Buffer.isBuffer(body)) {
      return this.stageBuffer(body);
    }
    if ('file' in body) {
      return body.move === true ? this._move(body.file) : this.copy(body.file);
    }
    return this.stageStream(body);
  }

  stageBuffer(body: Buffer): IStaged {
    const name = this.newName();
    const file = this.path(name);
    const fd = openSync(file, 'wx', 0o644);
    let mtime: number;
    try {
      for (let at = 0; at < body.length;) {
        at += writeSync(fd, body, at);
      }
      if (this._flush) {
        fdatasyncSync(fd);
      }
      mtime = fstatSync(fd).mtimeMs;
    } catch (error) {
      closeSync(fd);
      this.discard(name);
      throw error;
    }
    closeSync(fd);
    return { file: name, size: body.length, md5: hash('md5', body, 'hex'), mtime, bytes: body };
  }

  /** @param release the buffers are nobody else's: their memory is given back as soon as they are written */
  async stageStream(body: AsyncIterable<Buffer> | Readable, release = false): Promise<IStaged> {
    const name = this.newName();
    const handle = await fs.open(this.path(name), 'wx', 0o644);
    try {
      const written = await writeStream(handle, body as AsyncIterable<Buffer>, { at: 0, release });
      if (this._flush) {
        await handle.datasync();
      }
      const { mtimeMs: mtime } = await handle.stat();
      await handle.close();
      return { file: name, ...written, mtime };
    } catch (error) {
      await handle.close().catch(() => undefined);
      this.discard(name);
      throw error;
    }
  }

  /** A clone where the file system can. `md5` saves the reading when it is known. */
  async copy(source: string, md5?: string): Promise<IStaged> {
    const name = this.newName();
    const file = this.path(name);
    try {
      await fs.copyFile(source, file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      await fs.chmod(file, 0o644);
      // A copy keeps no times of its source: `modified` is now.
      utimesSync(file, new Date(), new Date());
      return await this._measure(name, md5);
    } catch (error) {
      this.discard(name);
      throw error;
    }
  }

  discard(name: string): void {
    if (name !== '') {
      rmSync(this.path(name), { force: true, recursive: true });
    }
  }

  private async _move(source: string): Promise<IStaged> {
    const name = this.newName();
    const target = this.path(name);
    try {
      renameSync(source, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') {
        throw error;
      }
      const staged = await this.copy(source);
      await fs.rm(source, { force: true });
      return staged;
    }
    if (!lstatSync(target).isFile()) {
      // A symbolic link or a folder is nobody's bytes: give it back.
      renameSync(target, source);
      throw Object.assign(new Error(`${source} is no ordinary file.`), { code: 'EINVAL' });
    }
    chmodSync(target, 0o644);
    return this._measureSmall(name) ?? this._measure(name);
  }

  /** For small files, where each round trip of the thread pool would cost more than the work; undefined for others. */
  private _measureSmall(name: string): IStaged | undefined {
    const fd = openSync(this.path(name), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size, mtimeMs: mtime } = fstatSync(fd);
      if (size > SMALL) {
        return undefined;
      }
      const bytes = readPiece(fd, 0, size);
      if (this._flush) {
        fdatasyncSync(fd);
      }
      return { file: name, size: bytes.length, md5: hash('md5', bytes, 'hex'), mtime, bytes };
    } finally {
      closeSync(fd);
    }
  }

  private async _measure(name: string, known?: string): Promise<IStaged> {
    const handle = await fs.open(this.path(name), 'r');
    try {
      const { size, mtimeMs: mtime } = await handle.stat();
      const md5 = known ?? (await md5Of(handle));
      if (this._flush) {
        await handle.datasync();
      }
      return { file: name, size, md5, mtime };
    } finally {
      await handle.close();
    }
  }

  private readonly _boot = randomBytes(6).toString('hex');
  private _next = 0;
}

/**
 * Writes with at most two batches in memory; the source is not read on while both are full.
 *
 * @param options.at where in the file the first byte goes
 * @param options.release the buffers are nobody else's: their memory is given back once they are written. A collection
 * would come to it only after tens of megabytes.
 */
export async function writeStream(
  handle: fs.FileHandle,
  body: AsyncIterable<Buffer>,
  options: { at: number; release: boolean }
): Promise<{ size: number; md5: string }> {
  const md5: Hash = createHash('md5');
  let batch: Buffer[] = [];
  let gathered = 0;
  let size = 0;
  let writing: Promise<void> = Promise.resolve();
  let failed: unknown;
  const flush = async (): Promise<void> => {
    await writing;
    if (failed !== undefined) {
      throw failed;
    }
    const chunks = batch;
    const position = options.at + size - gathered;
    batch = [];
    gathered = 0;
    writing = writeAll(handle, chunks, position)
      .then(() => (options.release ? chunks.forEach(giveBack) : undefined))
      .catch(error => {
        failed = error;
      });
  };
  for await (const chunk of body) {
    md5.update(chunk);
    batch.push(chunk);
    gathered += chunk.length;
    size += chunk.length;
    if (gathered >= BATCH) {
      await flush();
    }
  }
  await flush();
  await writing;
  if (failed !== undefined) {
    throw failed;
  }
  return { size, md5: md5.digest('hex') };
}

/** Whoever looks at it afterwards finds it empty. A slice of something larger stays. */
function giveBack({ buffer, byteOffset, byteLength }: Buffer): void {
  if (byteOffset === 0 && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) {
    buffer.transfer(0);
  }
}

async function writeAll(handle: fs.FileHandle, chunks: Buffer[], position: number): Promise<void> {
  let at = position;
  let rest = chunks.filter(chunk => chunk.length > 0);
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    let skip = bytesWritten;
    while (rest.length > 0 && skip >= rest[0].length) {
      skip -= rest[0].length;
      rest.shift();
    }
    if (rest.length > 0 && skip > 0) {
      rest = [rest[0].subarray(skip), ...rest.slice(1)];
    }
  }
}

export async function md5Of(handle: fs.FileHandle): Promise<string> {
  const md5 = createHash('md5');
  const buffer = Buffer.allocUnsafe(BATCH);
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, BATCH, at);
    if (bytesRead === 0) {
      return md5.digest('hex');
    }
    md5.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Whole small files, and small pieces of large ones, without a stream. */
export function readPiece(fd: number, start: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let got = 0;
  while (got < length) {
    const read = readSync(fd, buffer, got, length - got, start + got);
    if (read === 0) {
      break;
    }
    got += read;
  }
  return got === length ? buffer : buffer.subarray(0, got);
}
