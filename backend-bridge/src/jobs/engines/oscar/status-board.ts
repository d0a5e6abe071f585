import { inPool } from '../../../clusters/pool';
import type { ITaskDone, ITaskError } from '../../engine/task';
import type { BucketStore } from './store';

/** What a status object says, beside the fields that both have. */
export type Status = ({ type: 'done' } & ITaskDone) | { type: 'failed'; error: ITaskError };

/** What is new of one attempt. */
export interface INews {
  name: string;
  status?: Status;
  /** What it has printed. */
  log?: string;
}

const READS = 8;
/** Status objects that were read are removed after so long: the list stays short. ms */
const KEEP = 60_000;
const FOLDER = 'status/';

/** The folder `status/` of a job: one list tells of all attempts. */
export class StatusBoard {
  constructor(private readonly _store: BucketStore) {}

  /** Names of attempts that have left something there. */
  async names(): Promise<Set<string>> {
    return new Set((await this._store.list(FOLDER)).map(attemptOf));
  }

  /** Removes what is there of an attempt. */
  forget(name: string): Promise<void> {
    return this._store.discard([`${FOLDER}${name}.json`, `${FOLDER}${name}.started`, `log/${name}.txt`]);
  }

  /** Who has begun, and who is done, of these attempts. */
  async news(wanted: ReadonlyMap<string, { startedAt?: number }>): Promise<INews[]> {
    const names = await this._store.list(FOLDER);
    const over = new Set(names.filter(name => name.endsWith('.json')).map(attemptOf));
    const news: INews[] = [];
    for (const name of new Set(names.map(attemptOf))) {
      const attempt = wanted.get(name);
      if (attempt && (over.has(name) || attempt.startedAt === undefined)) {
        news.push({ name });
      }
    }
    await inPool(
      news.filter(({ name }) => over.has(name)),
      READS,
      item => this._read(item)
    );
    return news;
  }

  /** An attempt that nobody waits for any more. */
  read(name: string): void {
    this._old.push({ name, at: performance.now() });
  }

  /** Removes what was read long ago. */
  async tidy(): Promise<void> {
    while (this._old.length > 0 && this._old[0].at < performance.now() - KEEP) {
      await this.forget((this._old.shift() as { name: string }).name);
    }
  }

  private async _read(item: INews): Promise<void> {
    const data = await this._store.read(`${FOLDER}${item.name}.json`);
    if (data === undefined) {
      return;
    }
    let status: (Status & { log?: number }) | undefined;
    try {
      status = JSON.parse(data.toString('utf8')) as Status & { log?: number };
    } catch {
      status = undefined;
    }
    if (status?.type !== 'done' && status?.type !== 'failed') {
      const message = 'Its worker has written a status that cannot be read.';
      item.status = { type: 'failed', error: { class: 'lost', type: 'DamagedStatus', message } };
      return;
    }
    item.status = status;
    if ((status.log ?? 0) > 0) {
      item.log = (await this._store.read(`log/${item.name}.txt`))?.toString('utf8');
    }
  }

  private readonly _old: { name: string; at: number }[] = [];
}

/** `status/map-3.1.json` → `map-3.1`. */
function attemptOf(name: string): string {
  return name.slice(FOLDER.length).replace(/\.(json|started)$/, '');
}
