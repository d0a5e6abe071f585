import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Bodies up to this size stay in memory (bytes). */
const IN_MEMORY = 1024 * 1024;

/** A body that was taken in. `dispose` removes the file, if there is one. */
export interface ISpooled {
  data?: Buffer;
  path?: string;
  dispose(): Promise<void>;
}

/** Takes in a whole body: small ones in memory, large ones in a file of the folder, so that memory stays bounded. */
export async function spool(body: Readable, folder: string): Promise<ISpooled> {
  const chunks: Buffer[] = [];
  let size = 0;
  const iterator = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (let item = await iterator.next(); ; item = await iterator.next()) {
    if (item.done === true) {
      return { data: Buffer.concat(chunks), dispose: () => Promise.resolve() };
    }
    chunks.push(item.value);
    size += item.value.length;
    if (size > IN_MEMORY) {
      break;
    }
  }
  const path = join(folder, randomBytes(12).toString('hex'));
  const dispose = (): Promise<void> => rm(path, { force: true });
  async function* all(): AsyncGenerator<Buffer> {
    yield* chunks;
    for (let item = await iterator.next(); item.done !== true; item = await iterator.next()) {
      yield item.value;
    }
  }
  try {
    await pipeline(all(), createWriteStream(path, { mode: 0o600, flags: 'wx' }));
  } catch (error) {
    await dispose();
    throw error;
  }
  return { path, dispose };
}

/** Makes the folder and removes what a killed bridge left in it. */
export async function emptySpool(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    await rm(join(folder, name), { force: true });
  }
}
