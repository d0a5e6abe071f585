import type { Readable } from 'node:stream';
import type { IObjectStorage } from '../../../clusters/interfaces';
import { isMissing } from '../../../storage/errors';
import type { IStore } from '../../engine/engine';
import type { ITaskDone, TaskStore } from '../../engine/task';

/** Folders of a store that attempts write into. */
const WRITTEN = ['shuffle/', 'out/', 'values/'];
/** Parts of an earlier job that are larger are done again rather than brought here and back. */
const MOST_COPIED = 64 * 1024 * 1024;

export interface IBucketStoreOptions {
  storage: () => Promise<IObjectStorage>;
  place: Extract<TaskStore, { type: 's3' }>;
  /** The job's own folder on this machine. */
  folder: string;
}

/** The files of a job below a prefix of a bucket. */
export class BucketStore implements IStore {
  constructor(private readonly _options: IBucketStoreOptions) {
    this.place = _options.place;
  }

  readonly place: Extract<TaskStore, { type: 's3' }>;

  get folder(): string {
    return this._options.folder;
  }

  get bucket(): string {
    return this.place.bucket;
  }

  key(name: string): string {
    return `${this.place.prefix}/${name}`;
  }

  storage(): Promise<IObjectStorage> {
    return this._options.storage();
  }

  /** Sizes only: what was put is whole, and its checksum was checked on the way. */
  async verify(files: ITaskDone['files']): Promise<boolean> {
    const storage = await this.storage();
    for (const file of files) {
      if ((await storage.head(this.bucket, this.key(file.name)))?.size !== file.size) {
        return false;
      }
    }
    return true;
  }

  async discard(names: readonly string[]): Promise<void> {
    const storage = await this.storage();
    for (const name of names) {
      await removed(storage, this.bucket, this.key(name));
    }
  }

  async retain(names: ReadonlySet<string>): Promise<void> {
    for (const part of WRITTEN) {
      await this.discard((await this.list(part)).filter(name => !names.has(name)));
    }
  }

  async adopt(from: IStore, files: ITaskDone['files']): Promise<boolean> {
    const size = files.reduce((sum, file) => sum + file.size, 0);
    if (!(from instanceof BucketStore) || size > MOST_COPIED || !(await from.verify(files))) {
      return false;
    }
    const [source, target] = [await from.storage(), await this.storage()];
    for (const { name } of files) {
      const object = await source.get(from.bucket, from.key(name));
      await target.put(this.bucket, this.key(name), object.body, { size: object.size });
    }
    return true;
  }

  async remove(): Promise<void> {
    await this.discard(await this.list(''));
  }

  /** Names below a prefix. */
  async list(prefix: string): Promise<string[]> {
    const storage = await this.storage();
    const names: string[] = [];
    let page: string | undefined;
    do {
      const answer = await storage.list(this.bucket, { prefix: this.key(prefix), page });
      names.push(...answer.items.map(item => item.key.slice(this.place.prefix.length + 1)));
      page = answer.next;
    } while (page !== undefined);
    return names;
  }

  /** Undefined: not there. */
  async read(name: string): Promise<Buffer | undefined> {
    try {
      return await whole((await (await this.storage()).get(this.bucket, this.key(name))).body);
    } catch (error) {
      if (isMissing(error)) {
        return undefined;
      }
      throw error;
    }
  }

  async write(name: string, body: Buffer): Promise<void> {
    await (await this.storage()).put(this.bucket, this.key(name), body);
  }
}

async function whole(body: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) {
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

async function removed(storage: IObjectStorage, bucket: string, key: string): Promise<void> {
  try {
    await storage.remove(bucket, key);
  } catch (error) {
    if (!isMissing(error)) {
      throw error;
    }
  }
}
