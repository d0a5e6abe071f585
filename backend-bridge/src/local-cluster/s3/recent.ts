import { lstatSync, type Stats } from 'node:fs';
import type { IObjectRow } from './schema';

/** Objects up to this size go out in one write together with their headers, and may be held. */
export const ONE_WRITE = 16 * 1024;

/** Bytes held at most. */
const MOST = 8 * 1024 * 1024;

/** What a row and its place in the map take besides the bytes, about. */
const EACH = 512;

/** A small object as it was last written or read. */
export interface IHeld {
  readonly row: IObjectRow;
  /** The bytes as Latin-1: Node sends a string together with the headers. */
  readonly text: string;
}

interface IEntry extends IHeld {
  readonly inode: number;
  readonly changed: number;
}

/**
 * The small objects that were written or read last: results, states and inputs are mostly read soon after they were written.
 *
 * The file stays the truth. An entry counts only as long as the file has the inode, size and times that it had, so that
 * whoever edits, replaces or removes it is noticed by the next reader; and the index forgets the entry with each change of
 * its row.
 */
export class Recent {
  /** @param file the bytes are of: where it lies, or what it was just before they were read */
  keep(bucket: number, row: IObjectRow, bytes: Buffer, file: { path: string } | { stat: Stats }): void {
    if (bytes.length > ONE_WRITE || bytes.length !== row.size) {
      return;
    }
    const stat = 'stat' in file ? file.stat : lstatSync(file.path, { throwIfNoEntry: false });
    if (stat === undefined || !isSame(stat, row)) {
      return;
    }
    this.forget(bucket, row.key);
    while (this._bytes + bytes.length + EACH > MOST) {
      const [[oldest, entry]] = this._entries;
      this._drop(oldest, entry);
    }
    this._bytes += bytes.length + EACH;
    this._entries.set(name(bucket, row.key), {
      row,
      text: bytes.toString('latin1'),
      inode: stat.ino,
      changed: stat.ctimeMs
    });
  }

  /** What is held of the object when its file is still the same; undefined otherwise. */
  find(bucket: number, key: string, path: (row: IObjectRow) => string | undefined): IHeld | undefined {
    const id = name(bucket, key);
    const entry = this._entries.get(id);
    if (entry === undefined) {
      return undefined;
    }
    const place = path(entry.row);
    const stat = place === undefined ? undefined : lstatSync(place, { throwIfNoEntry: false });
    if (stat?.ino === entry.inode && stat.ctimeMs === entry.changed && isSame(stat, entry.row)) {
      return entry;
    }
    this._drop(id, entry);
    return undefined;
  }

  forget(bucket: number, key: string): void {
    if (this._entries.size === 0) {
      return;
    }
    const id = name(bucket, key);
    const entry = this._entries.get(id);
    if (entry !== undefined) {
      this._drop(id, entry);
    }
  }

  private _drop(id: string, entry: IEntry): void {
    this._entries.delete(id);
    this._bytes -= entry.text.length + EACH;
  }

  private readonly _entries = new Map<string, IEntry>();
  private _bytes = 0;
}

function isSame(stat: Stats, row: IObjectRow): boolean {
  return stat.isFile() && stat.size === row.size && stat.mtimeMs === row.mtime;
}

function name(bucket: number, key: string): string {
  return `${bucket}/${key}`;
}
