import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { IDisposable, IObjectEvent } from '../interfaces';

/** As stored: the date as a number. */
type StoredEvent = Omit<IObjectEvent, 'id' | 'time' | 'object'> & {
  id: string;
  time: number;
  object: Omit<IObjectEvent['object'], 'modified'> & { modified: number };
};

const RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** Rows read at once; a slow listener must not hold the whole backlog in memory. */
const BATCH = 100;

/**
 * Events that were committed with their object and wait for the listener. A row goes when the listener has returned; one
 * that throws is offered again, later and later, and holds back those behind it: order is kept.
 */
export class Outbox {
  constructor(
    private readonly _db: DatabaseSync,
    private readonly _log: (line: string) => void
  ) {
    this._insert = _db.prepare('INSERT INTO outbox (event) VALUES (?)');
    this._read = _db.prepare('SELECT id, event FROM outbox WHERE id > ? ORDER BY id LIMIT ?');
    this._remove = _db.prepare('DELETE FROM outbox WHERE id <= ?');
  }

  /** Call inside the transaction of the change; then `wake()` after it. Its id is for `withdraw`. */
  add(event: IObjectEvent): number {
    const stored: StoredEvent = {
      ...event,
      time: event.time.getTime(),
      object: { ...event.object, modified: event.object.modified.getTime() }
    };
    return Number(this._insert.run(JSON.stringify(stored)).lastInsertRowid);
  }

  /** Takes back what was committed for a change that the disk then refused. */
  withdraw(id: number): void {
    this._db.prepare('DELETE FROM outbox WHERE id = ?').run(id);
  }

  wake(): void {
    if (this._listener === undefined || this._scheduled || this._retry !== undefined) {
      return;
    }
    this._scheduled = true;
    setImmediate(() => {
      this._scheduled = false;
      this._deliver();
    });
  }

  listen(listener: (event: IObjectEvent) => void): IDisposable {
    if (this._listener !== undefined) {
      throw new Error('The object store has a listener already.');
    }
    this._listener = listener;
    this.wake();
    return {
      dispose: () => {
        if (this._listener === listener) {
          this._listener = undefined;
          this._stopRetry();
        }
      }
    };
  }

  /** Call inside the next transaction: what was heard goes together with it, for the price of none. */
  forget(): void {
    if (this._done > this._forgotten) {
      this._remove.run(this._done);
      this._forgotten = this._done;
    }
  }

  close(): void {
    this._listener = undefined;
    this._stopRetry();
  }

  private _deliver(): void {
    if (this._listener === undefined) {
      return;
    }
    const rows = this._read.all(this._done, BATCH) as { id: number; event: string }[];
    for (const row of rows) {
      if (this._listener === undefined) {
        break;
      }
      try {
        this._listener(parse(row.event));
      } catch (error) {
        this._log(`An event's listener failed, it is offered again: ${String(error)}`);
        this._retryLater();
        break;
      }
      this._failures = 0;
      this._done = row.id;
    }
    if (!this._db.isTransaction) {
      this.forget();
    }
    if (rows.length === BATCH) {
      this.wake();
    }
  }

  private _retryLater(): void {
    const wait = Math.min(RETRY_MS * 2 ** this._failures++, LONGEST_RETRY_MS);
    this._retry = setTimeout(() => {
      this._retry = undefined;
      this.wake();
    }, wait);
    this._retry.unref();
  }

  private _stopRetry(): void {
    clearTimeout(this._retry);
    this._retry = undefined;
  }

  private readonly _insert: StatementSync;
  private readonly _read: StatementSync;
  private readonly _remove: StatementSync;
  private _listener: ((event: IObjectEvent) => void) | undefined;
  private _scheduled = false;
  private _retry: NodeJS.Timeout | undefined;
  private _failures = 0;
  private _done = 0;
  private _forgotten = 0;
}

function parse(text: string): IObjectEvent {
  const stored = JSON.parse(text) as StoredEvent;
  return {
    ...stored,
    time: new Date(stored.time),
    object: { ...stored.object, modified: new Date(stored.object.modified) }
  };
}
