import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { PROBLEM_PREFIX, type Operation, type PlanStep, type Problem } from '../contract';
import { openShared } from '../state';
import { Instances } from './instances';
import type { ILog } from './log';
import { notFound } from './problem';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS operations (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  started INTEGER NOT NULL,
  state TEXT NOT NULL,
  document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS operations_started ON operations (started);
`;

/** Finished operations that are remembered. */
const KEPT = 200;

/** Steps change many times a second; the disk hears of them this often (milliseconds). */
const SAVE_EVERY = 250;

/** What the work of an operation may tell. */
export interface IOperationHandle {
  readonly signal: AbortSignal;
  steps(steps: PlanStep[]): void;
  services(names: string[]): void;
}

interface ILive {
  operation: Operation;
  saved: number;
  controller: AbortController;
  waiters: Set<() => void>;
}

/**
 * Journal of what takes a while. Operations are on disk when they are acknowledged; one whose bridge died is `interrupted`.
 */
export class Operations {
  constructor(options: Operations.IOptions) {
    this._options = options;
    this._instances = new Instances({ folder: options.folder, boot: options.boot });
    this._database = openShared(join(options.folder, 'operations.db'), {
      schema: SCHEMA,
      log: line => options.log.warning(line)
    });
    this._interrupt();
  }

  /** How many run in this bridge. */
  get running(): number {
    return this._live.size;
  }

  /**
   * Begins an operation. It is on disk when this returns.
   *
   * @param work What it does; what it throws becomes the operation's problem.
   */
  start(request: Operations.IRequest, work: (handle: IOperationHandle) => Promise<void>): Operation {
    const operation: Operation = {
      id: randomBytes(9).toString('hex'),
      kind: request.kind,
      title: request.title,
      ...(request.cluster === undefined ? {} : { cluster: request.cluster }),
      state: 'running',
      revision: 1,
      steps: [],
      startedAt: new Date().toISOString()
    };
    const live: ILive = { operation, saved: 0, controller: new AbortController(), waiters: new Set() };
    this._save(live);
    this._live.set(operation.id, live);
    this._options.onChange(operation);
    void this._run(live, work);
    return operation;
  }

  /** Newest first. */
  list(): Operation[] {
    const rows = this._database.prepare('SELECT document FROM operations ORDER BY started DESC LIMIT ?').all(KEPT);
    return rows.map(row => this._current(JSON.parse(String(row['document'])) as Operation));
  }

  /** @throws BridgeError not-found */
  get(id: string): Operation {
    const live = this._live.get(id);
    if (live) {
      return live.operation;
    }
    const row = this._database.prepare('SELECT document FROM operations WHERE id = ?').get(id);
    if (!row) {
      throw notFound('Operation', id, 'Old operations are forgotten.');
    }
    return JSON.parse(String(row['document'])) as Operation;
  }

  /** Waits until the revision is above `since`, at most `wait` seconds. */
  async wait(id: string, options: { since?: number; wait?: number; signal?: AbortSignal }): Promise<Operation> {
    const operation = this.get(id);
    const live = this._live.get(id);
    const seconds = Math.min(options.wait ?? 0, 30);
    if (!live || seconds <= 0 || operation.revision > (options.since ?? 0)) {
      return operation;
    }
    await new Promise<void>(resolve => {
      const done = (): void => {
        clearTimeout(timer);
        live.waiters.delete(done);
        options.signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, seconds * 1000);
      live.waiters.add(done);
      options.signal?.addEventListener('abort', done);
    });
    return this.get(id);
  }

  /** Asks what runs to stop and waits for it; what does not stop in time is found `interrupted` at the next start. */
  async close(graceMilliseconds: number): Promise<void> {
    const running = [...this._live.values()];
    running.forEach(live => live.controller.abort());
    const deadline = performance.now() + graceMilliseconds;
    while (this._live.size > 0 && performance.now() < deadline) {
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    this._closed = true;
    for (const live of this._live.values()) {
      this._finish(live, 'interrupted', interrupted());
      this._save(live);
    }
    this._database.close();
    this._instances.dispose();
  }

  private async _run(live: ILive, work: (handle: IOperationHandle) => Promise<void>): Promise<void> {
    try {
      await work({
        signal: live.controller.signal,
        steps: steps => this._changed(live, { steps }),
        services: services => this._changed(live, { services })
      });
      this._finish(live, 'done');
    } catch (error) {
      if (live.controller.signal.aborted) {
        this._finish(live, 'interrupted', interrupted());
      } else {
        this._finish(live, 'failed', this._options.toProblem(error));
      }
    }
    if (this._closed) {
      return;
    }
    try {
      this._save(live);
      this._forget();
    } catch (error) {
      this._options.log.error(`Operation ${live.operation.id} could not be written to the journal`, error);
    }
    this._live.delete(live.operation.id);
    this._announce(live);
  }

  private _changed(live: ILive, change: Partial<Operation>): void {
    if (this._closed || live.operation.state !== 'running') {
      return;
    }
    live.operation = { ...live.operation, ...change, revision: live.operation.revision + 1 };
    if (performance.now() - live.saved > SAVE_EVERY) {
      // A journal that cannot be written must not break into the work: it may be in the middle of undoing something.
      try {
        this._save(live);
      } catch (error) {
        this._options.log.error(`Operation ${live.operation.id} could not be written to the journal`, error);
      }
    }
    this._announce(live);
  }

  private _finish(live: ILive, state: Operation['state'], problem?: Problem): void {
    live.operation = {
      ...live.operation,
      state,
      revision: live.operation.revision + 1,
      ...(problem === undefined ? {} : { problem }),
      finishedAt: new Date().toISOString()
    };
  }

  private _announce(live: ILive): void {
    this._options.onChange(live.operation);
    [...live.waiters].forEach(wake => wake());
  }

  private _current(stored: Operation): Operation {
    return this._live.get(stored.id)?.operation ?? stored;
  }

  private _save(live: ILive): void {
    live.saved = performance.now();
    const { operation } = live;
    this._database
      .prepare('INSERT OR REPLACE INTO operations (id, owner, started, state, document) VALUES (?, ?, ?, ?, ?)')
      .run(
        operation.id,
        this._options.boot,
        Date.parse(operation.startedAt),
        operation.state,
        JSON.stringify(operation)
      );
  }

  private _forget(): void {
    this._database
      .prepare(
        `DELETE FROM operations WHERE state <> 'running' AND id NOT IN (SELECT id FROM operations ORDER BY started DESC LIMIT ?)`
      )
      .run(KEPT);
  }

  /** What dead bridges left running is interrupted. */
  private _interrupt(): void {
    const rows = this._database.prepare(`SELECT id, owner, document FROM operations WHERE state = 'running'`).all();
    for (const row of rows) {
      if (!this._instances.isAlive(String(row['owner']))) {
        const operation = JSON.parse(String(row['document'])) as Operation;
        const document: Operation = {
          ...operation,
          state: 'interrupted',
          revision: operation.revision + 1,
          problem: interrupted(),
          finishedAt: new Date().toISOString()
        };
        this._database
          .prepare('UPDATE operations SET state = ?, document = ? WHERE id = ?')
          .run('interrupted', JSON.stringify(document), String(row['id']));
      }
    }
  }

  private readonly _options: Operations.IOptions;
  private readonly _instances: Instances;
  private readonly _database: DatabaseSync;
  private readonly _live = new Map<string, ILive>();
  private _closed = false;
}

function interrupted(): Problem {
  return {
    type: `${PROBLEM_PREFIX}interrupted`,
    title: 'Interrupted',
    status: 500,
    detail: 'The bridge ended before this was finished.',
    action: 'Run it again: what is done already is kept.'
  };
}

export namespace Operations {
  export interface IOptions {
    /** Folder of the bridge. */
    folder: string;
    boot: string;
    log: ILog;
    onChange: (operation: Operation) => void;
    toProblem: (error: unknown) => Problem;
  }

  export interface IRequest {
    kind: string;
    title: string;
    cluster?: string;
  }
}
