import { randomBytes } from 'node:crypto';
import { open, mkdir, readFile, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Upload } from '../contract';
import { BridgeError } from '../http/errors';
import { checkFileName } from './names';
import { notFound } from './problem';

/** Largest part, in bytes. */
export const MAX_PART = 16 * 1024 * 1024;

/** An upload that nobody touched for so long is removed (milliseconds). */
const EXPIRES = 24 * 3600 * 1000;

const ID = /^[0-9a-f]{32}$/;

/**
 * Files from the desktop, in parts. What was acknowledged is in the file, so that an upload goes on after the bridge or the
 * page was started again.
 */
export class Uploads {
  constructor(private readonly _folder: string) {}

  async create(name: string, size: number): Promise<Upload> {
    checkFileName(name);
    const { bavail, bsize } = await statfs(this._folder);
    if (size > bavail * bsize) {
      throw new BridgeError({
        type: 'disk-full',
        title: 'The file does not fit',
        status: 507,
        detail: `The file has ${size} bytes, the disk has ${bavail * bsize} left.`,
        action: 'Free some space, then try again.'
      });
    }
    const id = randomBytes(16).toString('hex');
    const folder = join(this._folder, id);
    await mkdir(folder, { mode: 0o700 });
    await writeFile(join(folder, 'data'), '', { mode: 0o600 });
    const temporary = join(folder, 'meta.tmp');
    await writeFile(temporary, JSON.stringify({ name, size }), { mode: 0o600 });
    await rename(temporary, join(folder, 'meta.json'));
    return { id, name, size, received: 0 };
  }

  /** @throws BridgeError not-found */
  async get(id: string): Promise<Upload> {
    if (ID.test(id)) {
      try {
        const meta = JSON.parse(await readFile(join(this._folder, id, 'meta.json'), 'utf8')) as {
          name: string;
          size: number;
        };
        const { size } = await stat(this.file(id));
        return { id, name: meta.name, size: meta.size, received: size };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          throw error;
        }
      }
    }
    throw notFound('Upload', id, 'Uploads are kept for a day. Send the file again.');
  }

  /**
   * Adds a part. What arrived before a break stays, and the next part starts there.
   *
   * @throws BridgeError 409 `wrong-offset` with `received` when the part does not begin where the last one ended.
   */
  async append(id: string, offset: number, body: Readable, length?: number): Promise<Upload> {
    const upload = await this.get(id);
    if (this._writing.has(id)) {
      throw conflict(
        'in-use',
        'A part of this upload is on its way',
        'Another part of this upload is being written.',
        upload
      );
    }
    this._writing.add(id);
    try {
      const current = await this.get(id);
      if (offset !== current.received) {
        throw conflict(
          'wrong-offset',
          'The part starts at the wrong place',
          `${current.received} bytes have arrived, so the next part starts there.`,
          current
        );
      }
      const room = Math.min(MAX_PART, current.size - offset);
      if (length !== undefined && length > room) {
        throw tooLarge(current, room);
      }
      const received = await this._write(current, offset, body, room);
      return { ...current, received };
    } finally {
      this._writing.delete(id);
    }
  }

  async remove(id: string): Promise<void> {
    await this.get(id);
    await rm(join(this._folder, id), { recursive: true, force: true });
  }

  /** Where the bytes are. The id has been checked by `get`. */
  file(id: string): string {
    return join(this._folder, id, 'data');
  }

  /** Takes away what nobody asked for in a day. */
  async expire(now = Date.now()): Promise<void> {
    for (const id of await readdir(this._folder)) {
      const path = join(this._folder, id);
      const changed = await Promise.all([stat(path), stat(join(path, 'data')).catch(() => undefined)]);
      if (changed.every(item => item === undefined || now - item.mtimeMs > EXPIRES)) {
        await rm(path, { recursive: true, force: true });
      }
    }
  }

  private async _write(upload: Upload, offset: number, body: Readable, room: number): Promise<number> {
    const handle = await open(this.file(upload.id), 'r+');
    let position = offset;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        if (position + chunk.length > offset + room) {
          await handle.truncate(offset);
          throw tooLarge(upload, room);
        }
        for (let written = 0; written < chunk.length;) {
          const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, position);
          written += bytesWritten;
          position += bytesWritten;
        }
      }
    } finally {
      await handle.close();
    }
    return position;
  }

  private readonly _writing = new Set<string>();
}

function conflict(type: string, title: string, detail: string, upload: Upload): BridgeError {
  return new BridgeError({
    type,
    title,
    status: 409,
    detail,
    action: 'Send the part that starts at `received`.',
    extra: { received: upload.received }
  });
}

function tooLarge(upload: Upload, room: number): BridgeError {
  return new BridgeError({
    type: 'too-large',
    title: 'The part is too large',
    status: 413,
    detail: `The upload takes ${room} more bytes in this part.`,
    action: 'Send parts of at most 16 MB, and no more bytes than were announced.',
    extra: { received: upload.received }
  });
}
