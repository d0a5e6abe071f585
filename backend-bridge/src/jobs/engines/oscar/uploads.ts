import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ITaskError, ITaskInput, Task } from '../../engine/task';
import type { BucketStore } from './store';

/** An input that is not what the job was planned for. */
export class InputError extends Error {
  constructor(readonly error: ITaskError) {
    super(error.message);
  }
}

interface IUploaded {
  uri: string;
  /** ETag. */
  version: string;
}

/** Brings files of this machine to where workers can read them; each once, when the first part needs it. */
export class InputUploads {
  /** @param _onFirst - before the first file goes up */
  constructor(
    private readonly _store: BucketStore,
    private readonly _onFirst: () => void
  ) {}

  /** The task with objects in the place of files. @throws InputError for files that have changed or are gone */
  async placed(task: Task): Promise<Task> {
    switch (task.phase) {
      case 'sample':
      case 'map':
        return { ...task, input: await this._all(task.input) };
      case 'htc':
        return {
          ...task,
          ...(task.files === undefined ? {} : { files: await this._all(task.files) }),
          ...(task.common === undefined ? {} : { common: await this._all(task.common) })
        };
      case 'reduce':
        return task;
    }
  }

  private async _all(inputs: readonly ITaskInput[]): Promise<ITaskInput[]> {
    const placed: ITaskInput[] = [];
    for (const input of inputs) {
      placed.push(input.uri.startsWith('s3://') ? input : { ...input, ...(await this._one(input)) });
    }
    return placed;
  }

  private _one(input: ITaskInput): Promise<IUploaded> {
    const known = this._files.get(input.uri);
    if (known) {
      return known;
    }
    const upload = this._upload(input).catch((error: unknown) => {
      this._files.delete(input.uri);
      throw error;
    });
    this._files.set(input.uri, upload);
    return upload;
  }

  private async _upload(input: ITaskInput): Promise<IUploaded> {
    const { uri, size, version } = input;
    const hash = createHash('sha256')
      .update(JSON.stringify([uri, size, version]))
      .digest('hex')
      .slice(0, 12);
    const name = `in/${hash}/${basename(uri)}`;
    const { bucket } = this._store;
    const key = this._store.key(name);
    const storage = await this._store.storage();
    const object = `s3://${bucket}/${key}`;
    // A bridge before this one may have brought it.
    const there = await storage.head(bucket, key);
    if (there?.size === size) {
      return { uri: object, version: there.etag };
    }
    await unchanged(input);
    this._onFirst();
    const { etag } = await storage.put(bucket, key, createReadStream(uri), { size });
    try {
      await unchanged(input);
    } catch (error) {
      await this._store.discard([name]);
      throw error;
    }
    return { uri: object, version: etag };
  }

  private readonly _files = new Map<string, Promise<IUploaded>>();
}

async function unchanged({ uri, size, version }: ITaskInput): Promise<void> {
  let message: string | undefined;
  try {
    const state = await stat(uri, { bigint: true });
    if (Number(state.size) !== size || state.mtimeNs.toString() !== version) {
      message = `${uri} was changed during the job. Start the job again when nobody writes to it.`;
    }
  } catch (error) {
    message = `${uri} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`;
  }
  if (message !== undefined) {
    throw new InputError({ class: 'input', type: 'InputChanged', message });
  }
}
