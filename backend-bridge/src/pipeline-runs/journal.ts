import type { DatabaseSync } from 'node:sqlite';
import type { PipelineRun, PipelineRunNode } from '../contract';
import { notWritable } from '../credentials';
import { openOwned } from '../state';
import type { IKeptSource, IRunQuery } from './interfaces';
import type { INodePlaces } from './places';

/** What is kept of a node beside what is shown of it. */
export interface IKeptNode {
  view: PipelineRunNode;
  places?: INodePlaces;
  /** The object that starts it is there. Only of nodes without parents. */
  started?: boolean;
  /** Its event is to be sent by us: it goes again, and what it works on is there already. */
  kick?: boolean;
  /** Its event was lost and was sent again. */
  resent?: boolean;
  /** Names of jobs that are not of this attempt. */
  before: string[];
  /** Names of the jobs of this attempt that were seen. */
  jobs: string[];
  /** Etag of the status that an earlier attempt has left. */
  oldStatus?: string;
  /** Its end is known, and its job is, too. */
  settled?: boolean;
}

export interface IKeptRun {
  view: Omit<PipelineRun, 'nodes'>;
  nodes: IKeptNode[];
  source: IKeptSource;
  /** Absolute path of the pipeline, or its name. */
  file: string;
  /** Nothing is done for it any more. */
  over: boolean;
  createdAt: number;
  /** When the user cancelled it, milliseconds; while `over` is false jobs that appear late are looked for. */
  cancelledAt?: number;
}

const KEPT = 500;
const PAGE = 50;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS run (id TEXT PRIMARY KEY, over INTEGER NOT NULL, created INTEGER NOT NULL, file TEXT NOT NULL,
  shown TEXT NOT NULL, head TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS run_created ON run (created);
CREATE TABLE IF NOT EXISTS run_node (run TEXT NOT NULL, number INTEGER NOT NULL, node TEXT NOT NULL,
  PRIMARY KEY (run, number)) WITHOUT ROWID;`;

/** Runs on disk, so that a bridge that was killed goes on following them. */
export class RunJournal {
  constructor(file: string, log?: (line: string) => void) {
    this._file = file;
    // FULL: that a run was started must not be forgotten, or it would be started twice.
    this._db = openOwned(file, { schema: SCHEMA, synchronous: 'FULL', tidy: forgetOld, log });
  }

  /** Writes the head and the nodes of these numbers, all or nothing. @throws BridgeError `not-writable` */
  save(run: IKeptRun, numbers: Iterable<number>): void {
    const { nodes, ...head } = run;
    try {
      this._db.exec('BEGIN IMMEDIATE');
      this._db
        .prepare(
          `INSERT INTO run (id, over, created, file, shown, head) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET over = excluded.over, head = excluded.head`
        )
        .run(run.view.id, run.over ? 1 : 0, run.createdAt, run.file, run.view.file ?? '', JSON.stringify(head));
      const put = this._db.prepare(
        'INSERT INTO run_node VALUES (?, ?, ?) ON CONFLICT (run, number) DO UPDATE SET node = excluded.node'
      );
      for (const number of numbers) {
        put.run(run.view.id, number, JSON.stringify(nodes[number]));
      }
      this._db.exec('COMMIT');
    } catch (error) {
      if (this._db.isTransaction) {
        this._db.exec('ROLLBACK');
      }
      throw notWritable(this._file, error);
    }
  }

  get(id: string): IKeptRun | undefined {
    const row = this._db.prepare('SELECT id, head FROM run WHERE id = ?').get(id) as
      { id: string; head: string } | undefined;
    return row && this._whole(row);
  }

  unfinished(): IKeptRun[] {
    const rows = this._db.prepare('SELECT id, head FROM run WHERE over = 0 ORDER BY created').all() as {
      id: string;
      head: string;
    }[];
    return rows.map(row => this._whole(row));
  }

  /** Newest first. `page` is what an earlier answer gave as `next`. */
  list(options: IRunQuery): { runs: IKeptRun[]; next?: string } {
    const [created, id] = (options.page ?? `${Number.MAX_SAFE_INTEGER}/`).split('/');
    const before = Number(created);
    const rows = this._db
      .prepare(
        `SELECT id, created, head FROM run
         WHERE (created < ? OR (created = ? AND id < ?)) AND (? IS NULL OR shown = ? OR file = ?)
         ORDER BY created DESC, id DESC LIMIT ?`
      )
      .all(
        Number.isSafeInteger(before) ? before : Number.MAX_SAFE_INTEGER,
        Number.isSafeInteger(before) ? before : Number.MAX_SAFE_INTEGER,
        id ?? '',
        options.file ?? null,
        options.file ?? null,
        options.place ?? options.file ?? null,
        PAGE + 1
      ) as { id: string; created: number; head: string }[];
    const shown = rows.slice(0, PAGE);
    const last = shown[shown.length - 1];
    return {
      runs: shown.map(row => this._whole(row)),
      ...(rows.length > PAGE ? { next: `${last.created}/${last.id}` } : {})
    };
  }

  remove(id: string): void {
    try {
      this._db.prepare('DELETE FROM run_node WHERE run = ?').run(id);
      this._db.prepare('DELETE FROM run WHERE id = ?').run(id);
    } catch (error) {
      throw notWritable(this._file, error);
    }
  }

  close(): void {
    this._db.close();
  }

  private _whole(row: { id: string; head: string }): IKeptRun {
    const nodes = this._db.prepare('SELECT node FROM run_node WHERE run = ? ORDER BY number').all(row.id) as {
      node: string;
    }[];
    return {
      ...(JSON.parse(row.head) as Omit<IKeptRun, 'nodes'>),
      nodes: nodes.map(item => JSON.parse(item.node) as IKeptNode)
    };
  }

  private readonly _file: string;
  private readonly _db: DatabaseSync;
}

function forgetOld(database: DatabaseSync): void {
  const old = `SELECT id FROM run WHERE over = 1 ORDER BY created DESC LIMIT -1 OFFSET ${KEPT}`;
  database.exec(`DELETE FROM run_node WHERE run IN (${old}); DELETE FROM run WHERE id IN (${old});`);
}

/** What the contract shows of it. */
export function viewOf(run: IKeptRun): PipelineRun {
  return { ...run.view, nodes: run.nodes.map(node => ({ ...node.view, artifacts: [...node.view.artifacts] })) };
}
