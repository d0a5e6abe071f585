import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { IObjectStore } from '../interfaces';

interface ISeen {
  size: number;
  modified: number;
}

/**
 * A bucket as a folder that a program may write to: a copy (a clone where the file system can), whose changes go back into
 * the bucket. The store's own files stay untouched by what a script does to them half-way.
 */
export class MountedBucket {
  constructor(
    private readonly _store: IObjectStore,
    private readonly _bucket: string,
    readonly folder: string
  ) {}

  async open(): Promise<void> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    let after: string | undefined;
    do {
      const page = this._store.list(this._bucket, { limit: 1000, ...(after === undefined ? {} : { after }) });
      for (const { key } of page.objects) {
        const path = this._path(key);
        if (path === undefined) {
          continue;
        }
        if (key.endsWith('/')) {
          mkdirSync(path, { recursive: true });
          continue;
        }
        mkdirSync(dirname(path), { recursive: true });
        await this._store.exportTo(this._bucket, key, path);
        this._seen.set(key, look(path));
      }
      after = page.next;
    } while (after !== undefined);
  }

  /** Puts what is new or changed into the bucket, and removes what is gone. Returns what it put. */
  async sync(): Promise<{ bucket: string; key: string; size: number }[]> {
    const put: { bucket: string; key: string; size: number }[] = [];
    const present = new Set<string>();
    for (const key of files(this.folder)) {
      present.add(key);
      const path = join(this.folder, key);
      const now = look(path);
      const before = this._seen.get(key);
      if (before && before.size === now.size && before.modified === now.modified) {
        continue;
      }
      const { size } = await this._store.put(this._bucket, key, { file: path });
      this._seen.set(key, now);
      put.push({ bucket: this._bucket, key, size });
    }
    for (const key of [...this._seen.keys()]) {
      if (!present.has(key)) {
        await this._store.remove(this._bucket, key);
        this._seen.delete(key);
      }
    }
    return put;
  }

  /** Undefined for keys that are no path below the folder. */
  private _path(key: string): string | undefined {
    const parts = key.replace(/\/$/, '').split('/');
    return parts.some(part => part === '' || part === '.' || part === '..' || Buffer.byteLength(part) > 255)
      ? undefined
      : join(this.folder, ...parts);
  }

  private readonly _seen = new Map<string, ISeen>();
}

function look(path: string): ISeen {
  const { size, mtimeMs } = statSync(path);
  return { size, modified: mtimeMs };
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap(entry => {
    const path = join(entry.parentPath, entry.name);
    return entry.isFile()
      ? [
          path
            .slice(folder.length + 1)
            .split(sep)
            .join('/')
        ]
      : [];
  });
}
