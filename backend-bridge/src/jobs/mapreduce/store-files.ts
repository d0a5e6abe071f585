import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import type { IObjectStorage } from '../../clusters/interfaces';
import type { IPlanContext } from '../engine/plan';
import { isMissing } from '../../storage/errors';
import { engineCluster, storageOf, type IPlaces } from './places';

/** The files of a job's store, or of a result, wherever they are. Names are relative, with slashes. */
export interface IStoreFiles {
  /** From byte `start` on. Fails with a missing-file error when there is none. */
  read(name: string, start?: number): Promise<Readable>;
  /** Replaces what is there, whole or not at all. */
  write(name: string, body: Readable | Buffer, size?: number): Promise<void>;
  /** Undefined: not there. */
  size(name: string): Promise<number | undefined>;
  /** All names that begin with `prefix`, sorted. */
  list(prefix: string): Promise<{ name: string; size: number }[]>;
  remove(name: string): Promise<void>;
  /** Absolute path on this machine, if it has one. */
  path(name: string): string | undefined;
}

export class FolderFiles implements IStoreFiles {
  constructor(private readonly _folder: string) {}

  async read(name: string, start = 0): Promise<Readable> {
    const stream = createReadStream(this.path(name), { start, highWaterMark: 1024 * 1024 });
    await new Promise((resolve, reject) => stream.once('open', resolve).once('error', reject));
    return stream;
  }

  async write(name: string, body: Readable | Buffer): Promise<void> {
    const path = this.path(name);
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.writing`;
    const file = await open(temporary, 'w');
    try {
      for await (const piece of Buffer.isBuffer(body) ? [body] : body) {
        await file.writeFile(piece as Buffer);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  }

  async size(name: string): Promise<number | undefined> {
    try {
      return (await stat(this.path(name))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
  }

  async list(prefix: string): Promise<{ name: string; size: number }[]> {
    const base = join(this._folder, prefix);
    const entries = await readdir(base, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return [];
      }
      throw error;
    });
    const names = entries
      .filter(entry => entry.isFile())
      .map(entry => relative(this._folder, join(entry.parentPath, entry.name)))
      .sort();
    return Promise.all(names.map(async name => ({ name, size: (await this.size(name)) ?? 0 })));
  }

  async remove(name: string): Promise<void> {
    await rm(this.path(name), { force: true });
  }

  path(name: string): string {
    return join(this._folder, name);
  }
}

export class BucketFiles implements IStoreFiles {
  /** @param _prefix Without a slash at its end; empty: the whole bucket. */
  constructor(
    private readonly _storage: IObjectStorage,
    private readonly _bucket: string,
    private readonly _prefix: string
  ) {}

  async read(name: string, start = 0): Promise<Readable> {
    const range = start > 0 ? { range: `bytes=${start}-` } : {};
    return (await this._storage.get(this._bucket, this.key(name), range)).body;
  }

  async write(name: string, body: Readable | Buffer, size?: number): Promise<void> {
    await this._storage.put(this._bucket, this.key(name), body, { size });
  }

  async size(name: string): Promise<number | undefined> {
    return (await this._storage.head(this._bucket, this.key(name)))?.size;
  }

  async list(prefix: string): Promise<{ name: string; size: number }[]> {
    const found: { name: string; size: number }[] = [];
    let page: string | undefined;
    do {
      const answer = await this._storage.list(this._bucket, { prefix: this.key(prefix), page });
      const skip = this.key('').length;
      found.push(...answer.items.map(item => ({ name: item.key.slice(skip), size: item.size })));
      page = answer.next;
    } while (page !== undefined);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async remove(name: string): Promise<void> {
    try {
      await this._storage.remove(this._bucket, this.key(name));
    } catch (error) {
      if (!isMissing(error)) {
        throw error;
      }
    }
  }

  path(): undefined {
    return undefined;
  }

  key(name: string): string {
    return this._prefix === '' ? name : `${this._prefix}/${name}`;
  }
}

/** What is below a folder of others. */
export class Below implements IStoreFiles {
  constructor(
    private readonly _files: IStoreFiles,
    private readonly _folder: string
  ) {}

  read(name: string, start?: number): Promise<Readable> {
    return this._files.read(`${this._folder}/${name}`, start);
  }

  write(name: string, body: Readable | Buffer, size?: number): Promise<void> {
    return this._files.write(`${this._folder}/${name}`, body, size);
  }

  size(name: string): Promise<number | undefined> {
    return this._files.size(`${this._folder}/${name}`);
  }

  async list(prefix: string): Promise<{ name: string; size: number }[]> {
    const found = await this._files.list(`${this._folder}/${prefix}`);
    return found.map(file => ({ ...file, name: file.name.slice(this._folder.length + 1) }));
  }

  remove(name: string): Promise<void> {
    return this._files.remove(`${this._folder}/${name}`);
  }

  path(name: string): string | undefined {
    return this._files.path(`${this._folder}/${name}`);
  }
}

/** Some files from elsewhere beside those of a store; for reading. */
export class Several {
  constructor(
    private readonly _named: ReadonlyMap<string, IStoreFiles>,
    private readonly _others: IStoreFiles
  ) {}

  read(name: string, start?: number): Promise<Readable> {
    return this._of(name).read(name, start);
  }

  path(name: string): string | undefined {
    return this._of(name).path(name);
  }

  private _of(name: string): IStoreFiles {
    return this._named.get(name) ?? this._others;
  }
}

/** The store of a job, with the keys of the engine's cluster when it is a bucket. */
export async function storeFiles(context: IPlanContext, places: IPlaces): Promise<IStoreFiles> {
  const { store } = context;
  return store.type === 'folder'
    ? new FolderFiles(store.path)
    : new BucketFiles(await storageOf(places, engineCluster(context.spec)), store.bucket, store.prefix);
}
