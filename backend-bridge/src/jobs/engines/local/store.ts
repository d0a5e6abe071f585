import { constants, unlinkSync } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { crc32 } from 'node:zlib';
import type { IStore } from '../../engine/engine';
import type { ITaskDone, TaskStore } from '../../engine/task';

/** Folders of a store that attempts write into. */
const WRITTEN = ['shuffle', 'out', 'values'];
const PIECE = 4 * 1024 * 1024;

/** The files of a job in a folder of this machine. */
export class FolderStore implements IStore {
  constructor(readonly folder: string) {
    this.place = { type: 'folder', path: folder };
  }

  readonly place: TaskStore;

  async prepare(): Promise<this> {
    for (const name of [...WRITTEN, 'manifest']) {
      await mkdir(join(this.folder, name), { recursive: true, mode: 0o700 });
    }
    return this;
  }

  async verify(files: ITaskDone['files']): Promise<boolean> {
    for (const file of files) {
      const path = join(this.folder, file.name);
      try {
        if ((await stat(path)).size !== file.size || (await crcOf(path)) !== file.crc32) {
          return false;
        }
      } catch (error) {
        if (isGone(error)) {
          return false;
        }
        throw error;
      }
    }
    return true;
  }

  async discard(names: readonly string[]): Promise<void> {
    // At once: the next attempt must not find them.
    for (const name of names) {
      try {
        unlinkSync(this._inside(name));
      } catch (error) {
        if (!isGone(error)) {
          throw error;
        }
      }
    }
  }

  async retain(names: ReadonlySet<string>): Promise<void> {
    for (const part of WRITTEN) {
      for (const path of await filesBelow(join(this.folder, part))) {
        if (!names.has(relative(this.folder, path).split(sep).join('/'))) {
          await unlink(path);
        }
      }
    }
  }

  async adopt(from: IStore, files: ITaskDone['files']): Promise<boolean> {
    if (!(from instanceof FolderStore) || !(await from.verify(files))) {
      return false;
    }
    for (const { name } of files) {
      const target = this._inside(name);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await rm(target, { force: true });
      try {
        await link(join(from.folder, name), target);
      } catch {
        // No links here: a copy does as well, and says what is wrong.
        await copyFile(join(from.folder, name), target, constants.COPYFILE_FICLONE);
      }
    }
    return true;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A name came from a worker. */
  private _inside(name: string): string {
    const path = join(this.folder, name);
    if (!path.startsWith(this.folder + sep)) {
      throw new Error(`A worker named a file outside of the folder of its job: ${name}`);
    }
    return path;
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function crcOf(path: string): Promise<number> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    let sum = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, PIECE);
      if (bytesRead === 0) {
        return sum;
      }
      sum = crc32(buffer.subarray(0, bytesRead), sum);
    }
  } finally {
    await file.close();
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isGone(error)) {
      return found;
    }
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      found.push(...(await filesBelow(path)));
    } else {
      found.push(path);
    }
  }
  return found;
}
