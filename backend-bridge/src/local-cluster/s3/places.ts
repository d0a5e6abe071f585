import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  type Stats
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StoreError } from './errors';
import { asidePath, foldPath, keyToPath } from './keys';

/** Where the objects of a bucket lie, and the guard that nothing is read or written outside its folder. */
export class Places {
  constructor(
    /** Folder of the buckets' folders. */
    readonly root: string,
    /** True when a row of that bucket other than the key's has this folded path. */
    private readonly _taken: (bucket: number, fold: string, key: string) => boolean
  ) {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    this._caseless = isCaseless(root);
  }

  folder(bucket: string): string {
    return join(this.root, bucket);
  }

  full(bucket: string, path: string): string {
    return join(this.root, bucket, path);
  }

  /**
   * Chooses the path of an object that is about to be written and makes the folders above it. Its own place when that is
   * free, else the one aside.
   */
  prepare(
    bucket: { id: number; name: string },
    key: string,
    size: number,
    current: string | undefined
  ): { path: string; fold: string | null } {
    const own = keyToPath(key, size, Buffer.byteLength(this.folder(bucket.name)));
    for (const path of [own, asidePath(key)]) {
      const fold = this._caseless ? foldPath(path) : null;
      const clash = fold !== null && path !== current && this._taken(bucket.id, fold, key);
      if (!clash && this._free(bucket.name, path)) {
        return { path, fold };
      }
    }
    throw new StoreError(
      'InternalError',
      `Something in the folder of bucket ${bucket.name} is in the way of this object.`
    );
  }

  /** The file's path; undefined when the way there leads through anything but folders. */
  plain(bucket: string, path: string): string | undefined {
    return this._plainParents(bucket, path) ? this.full(bucket, path) : undefined;
  }

  /** Opens for reading; undefined when there is no such file, or something else in its place. */
  open(bucket: string, path: string): { fd: number; stat: Stats } | undefined {
    if (!this._plainParents(bucket, path)) {
      return undefined;
    }
    try {
      // A pipe without a writer would hold up everything until one comes.
      const fd = openSync(this.full(bucket, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const stat = fstatSync(fd);
      if (stat.isFile()) {
        return { fd, stat };
      }
      closeSync(fd);
      return undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO') {
        return undefined;
      }
      throw error;
    }
  }

  /** Size of the object's file; undefined when it is not there or is no ordinary file. */
  size(bucket: string, path: string): number | undefined {
    if (!this._plainParents(bucket, path)) {
      return undefined;
    }
    const stat = lstatSync(this.full(bucket, path), { throwIfNoEntry: false });
    return stat?.isFile() === true ? stat.size : undefined;
  }

  /** Removes the file, and the folders above it that became empty unless `keep` says that one is an object itself. */
  remove(bucket: string, path: string, keep: (folder: string) => boolean): void {
    if (!this._plainParents(bucket, path)) {
      return;
    }
    if (!path.endsWith('/')) {
      rmSync(this.full(bucket, path), { force: true });
    }
    let folder = path.endsWith('/') ? path : `${dirname(path)}/`;
    while (folder !== './' && !keep(folder)) {
      try {
        rmdirSync(this.full(bucket, folder));
      } catch {
        // Not empty, or gone already: the ones above are not empty either, or someone else's business.
        return;
      }
      folder = `${dirname(folder)}/`;
    }
  }

  private _free(bucket: string, path: string): boolean {
    const names = path.split('/');
    const last = names.pop()!;
    let folder = this.folder(bucket);
    for (const name of names) {
      folder = join(folder, name);
      const stat = lstatSync(folder, { throwIfNoEntry: false });
      if (stat === undefined) {
        mkdirSync(folder, { mode: 0o755 });
      } else if (!stat.isDirectory()) {
        return false;
      }
    }
    if (last === '') {
      return true;
    }
    const target = join(folder, last);
    if (lstatSync(target, { throwIfNoEntry: false })?.isDirectory() !== true) {
      return true;
    }
    try {
      rmdirSync(target);
      return true;
    } catch {
      return false;
    }
  }

  /** A symbolic link below the bucket's folder could lead anywhere: it is never followed. */
  private _plainParents(bucket: string, path: string): boolean {
    if (!path.includes('/')) {
      return true;
    }
    let folder = this.folder(bucket);
    const names = path.split('/');
    for (let n = 0; n < names.length - 1; n++) {
      folder = join(folder, names[n]);
      if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
        return false;
      }
    }
    return true;
  }

  private readonly _caseless: boolean;
}

function isCaseless(folder: string): boolean {
  const probe = join(folder, '.Case-Probe');
  try {
    closeSync(openSync(probe, 'w'));
    return statSync(join(folder, '.case-probe'), { throwIfNoEntry: false }) !== undefined;
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Anything but folders below it? */
export function hasFiles(folder: string): boolean {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true }).some(entry => !entry.isDirectory());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

/** Makes the names in it survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
