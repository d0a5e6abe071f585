import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResultFile } from '../contract';
import { BridgeError } from '../http';
import type { IStoredResult } from './facade';

const KEPT = 60 * 60_000;
const SWEEP = 5 * 60_000;

/** Files of synchronous results: a folder each, gone after an hour. */
export class ResultStore {
  constructor(options: { folder: string; log?: (line: string) => void; kept?: number }) {
    this._folder = options.folder;
    this._kept = options.kept ?? KEPT;
    this._log = options.log;
    this._timer = setInterval(() => void this.sweep(), SWEEP);
    this._timer.unref();
  }

  /** Stores the files under numbers: a name that a service chose is never a path here. */
  async keep(files: { name: string; mediaType: string; data: Buffer }[]): Promise<ResultFile[]> {
    if (files.length === 0) {
      return [];
    }
    const id = randomBytes(12).toString('hex');
    const folder = join(this._folder, id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [index, file] of files.entries()) {
      await writeFile(join(folder, String(index)), file.data, { mode: 0o600 });
    }
    const entries = files.map(file => ({ name: file.name, mediaType: file.mediaType, size: file.data.length }));
    await writeFile(join(folder, 'files.json'), JSON.stringify(entries), { mode: 0o600 });
    return entries.map((entry, index) => ({ ...entry, href: `/results/${id}/${index}` }));
  }

  /** @param file - its number, or its name */
  async get(id: string, file: string): Promise<IStoredResult> {
    const folder = join(this._folder, id);
    if (/^[0-9a-f]{24}$/.test(id) && existsSync(join(folder, 'files.json'))) {
      const entries = JSON.parse(await readFile(join(folder, 'files.json'), 'utf8')) as Omit<IStoredResult, 'path'>[];
      const index = /^\d+$/.test(file) ? Number(file) : entries.findIndex(entry => entry.name === file);
      const entry = entries[index];
      if (entry) {
        return { ...entry, path: join(folder, String(index)) };
      }
    }
    throw new BridgeError({
      type: 'not-found',
      title: 'No such result',
      status: 404,
      detail: 'This result is not there any more: results of synchronous calls are kept for an hour.',
      action: 'Call the service again.'
    });
  }

  /** Removes what is older than an hour. */
  async sweep(): Promise<void> {
    if (!existsSync(this._folder)) {
      return;
    }
    for (const name of readdirSync(this._folder)) {
      const folder = join(this._folder, name);
      try {
        if (Date.now() - statSync(folder).mtimeMs > this._kept) {
          await rm(folder, { recursive: true, force: true });
        }
      } catch (error) {
        this._log?.(`The old result ${name} could not be removed: ${String(error)}`);
      }
    }
  }

  close(): void {
    clearInterval(this._timer);
  }

  private readonly _folder: string;
  private readonly _kept: number;
  private readonly _log: ((line: string) => void) | undefined;
  private readonly _timer: NodeJS.Timeout;
}
