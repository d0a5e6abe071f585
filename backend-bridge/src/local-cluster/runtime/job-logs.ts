import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { JobRunner } from './job-runner';
import { toStamps, type Journal } from './journal';
import { readAll, readLog, withTimestamps } from './log-file';

/** What jobs printed: of those that run from their writer, of those that have ended from their file. */
export class JobLogs {
  /** @param changed resolves at the next change of the job with that name */
  constructor(
    private readonly _data: string,
    private readonly _journal: Journal,
    private readonly _runner: () => JobRunner,
    private readonly _changed: (name: string) => Promise<void>
  ) {}

  path(id: number): string {
    return join(this._data, 'logs', String(Math.floor(id / 1000)), `${id}.log`);
  }

  remove(id: number): void {
    rmSync(this.path(id), { force: true });
  }

  /** Undefined when there is none yet. */
  read(name: string, timestamps: boolean): string | undefined {
    const row = this._journal.byName(name);
    if (!row || row.status === 'Pending') {
      return undefined;
    }
    const active = this._runner().active(row.id);
    const text = (active ? readAll(active.log) : (readLog(this.path(row.id)) ?? Buffer.alloc(0))).toString('utf8');
    return timestamps ? withTimestamps(text, active ? active.log.stamps : toStamps(row)) : text;
  }

  async *follow(name: string, options: { from?: number; signal?: AbortSignal }): AsyncIterable<Buffer> {
    let at = options.from ?? 0;
    const aborted = new Promise<void>(resolve =>
      options.signal?.addEventListener('abort', () => resolve(), { once: true })
    );
    while (!options.signal?.aborted) {
      const row = this._journal.byName(name);
      if (!row) {
        return;
      }
      const active = this._runner().active(row.id);
      if (!active) {
        if (row.status !== 'Pending') {
          const all = readLog(this.path(row.id));
          if (all && all.length > at) {
            yield all.subarray(at);
          }
          return;
        }
        await Promise.race([this._changed(name), aborted]);
        continue;
      }
      while (!options.signal?.aborted) {
        const { data, next } = active.log.read(at);
        if (data.length > 0) {
          at = next;
          yield data;
        } else if (active.log.closed) {
          // Requeued, or over and read: the row says which.
          if (!this._runner().isWaiting(row.id)) {
            return;
          }
          break;
        } else {
          await Promise.race([active.log.more(), aborted]);
        }
      }
    }
  }
}
