import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { zipSync, type Zippable } from 'fflate';

/** Bytes of a reply that are kept in memory. */
const LIMIT = 64 * 2 ** 20;

/**
 * The answer to a body that was no storage event: one file in base64, several as a zip in base64, none: what the script
 * printed. Source: faassupervisor/faas/binary/supervisor.py.
 */
export async function fileReply(files: { path: string; name: string }[]): Promise<Buffer | undefined> {
  if (files.length === 0) {
    return undefined;
  }
  if (files.length === 1) {
    return Buffer.from((await readFile(files[0].path)).toString('base64'));
  }
  const entries: Zippable = {};
  for (const file of files) {
    const { mtime } = await stat(file.path);
    // A zip knows no time before 1980. Names are kept flat keys: fflate would make folders of nested objects only.
    entries[file.name] = [
      await readFile(file.path),
      { mtime: mtime.getFullYear() < 1980 ? new Date(1980, 0, 1) : mtime }
    ];
  }
  return Buffer.from(Buffer.from(zipSync(entries, { level: 0 })).toString('base64'));
}

/** What a script printed, kept in memory up to a limit: its beginning and its end. */
export class OutputBuffer {
  constructor(private readonly _limit = LIMIT) {}

  write(data: Buffer): void {
    this._total += data.length;
    this._parts.push(data);
    this._size += data.length;
    while (this._size > this._limit && this._parts.length > 2) {
      // From the middle, so that beginning and end stay.
      const middle = this._parts.length >> 1;
      this._size -= this._parts[middle].length;
      this._parts.splice(middle, 1);
    }
  }

  get total(): number {
    return this._total;
  }

  /** As Python reads it: bytes that are no UTF-8 are dropped, line ends are one character. */
  text(): Buffer {
    const all = Buffer.concat(this._parts);
    const clean = isUtf8(all) ? all : Buffer.from(all.toString('utf8').replace(/\ufffd/g, ''));
    return clean.includes(13) ? Buffer.from(clean.toString('utf8').replace(/\r\n?/g, '\n')) : clean;
  }

  private _parts: Buffer[] = [];
  private _size = 0;
  private _total = 0;
}
