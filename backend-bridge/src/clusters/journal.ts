import type { DatabaseSync } from 'node:sqlite';
import type { Submission, SubmissionItem } from '../contract';
import { notWritable } from '../credentials';
import { openOwned } from '../state';
import type { IInputFile } from './facade';

/** What is kept of one file beside what is shown of it. */
export interface IKeptItem {
  view: SubmissionItem;
  /** Where its bytes come from while they are not uploaded. */
  source: { name: string; path?: string; object?: { bucket: string; key: string } };
  token: string;
  bucket?: string;
  objectKey?: string;
  /** The upload has been acknowledged. */
  uploaded: boolean;
}

export interface IKeptSubmission {
  id: string;
  cluster: string;
  service: string;
  done: boolean;
  revision: number;
  createdAt: number;
  /** Names of the jobs that were there before, on clusters that do not tell a job's input. */
  before: string[];
  items: IKeptItem[];
}

const KEPT = 24 * 60 * 60_000;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS submission (id TEXT PRIMARY KEY, done INTEGER NOT NULL, created INTEGER NOT NULL, head TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS submission_item (submission TEXT NOT NULL, number INTEGER NOT NULL, job TEXT, cluster TEXT NOT NULL, item TEXT NOT NULL,
  PRIMARY KEY (submission, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS submission_item_job ON submission_item (job);`;

/** Submissions on disk, so that a bridge that was killed goes on following them. */
export class Journal {
  constructor(file: string, log?: (line: string) => void) {
    this._file = file;
    this._db = openOwned(file, {
      schema: SCHEMA,
      synchronous: 'NORMAL',
      tidy: database => expire(database, Date.now() - KEPT),
      log
    });
  }

  /** Writes the head and the items of these numbers, all or nothing. */
  save(submission: IKeptSubmission, numbers: Iterable<number>): void {
    const { id, done, createdAt, items, ...rest } = submission;
    try {
      this._db.exec('BEGIN IMMEDIATE');
      this._db
        .prepare(
          'INSERT INTO submission VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET done = excluded.done, head = excluded.head'
        )
        .run(id, done ? 1 : 0, createdAt, JSON.stringify(rest));
      const put = this._db.prepare(
        'INSERT INTO submission_item VALUES (?, ?, ?, ?, ?) ON CONFLICT (submission, number) DO UPDATE SET job = excluded.job, item = excluded.item'
      );
      for (const number of numbers) {
        put.run(id, number, items[number].view.job ?? null, submission.cluster, JSON.stringify(items[number]));
      }
      this._db.exec('COMMIT');
    } catch (error) {
      if (this._db.isTransaction) {
        this._db.exec('ROLLBACK');
      }
      throw notWritable(this._file, error);
    }
  }

  get(id: string): IKeptSubmission | undefined {
    const row = this._db.prepare('SELECT * FROM submission WHERE id = ?').get(id) as
      { id: string; done: number; created: number; head: string } | undefined;
    if (!row) {
      return undefined;
    }
    const items = this._db.prepare('SELECT item FROM submission_item WHERE submission = ? ORDER BY number').all(id) as {
      item: string;
    }[];
    const head = JSON.parse(row.head) as Omit<IKeptSubmission, 'id' | 'done' | 'createdAt' | 'items'>;
    return {
      id: row.id,
      done: row.done === 1,
      createdAt: row.created,
      ...head,
      items: items.map(item => JSON.parse(item.item) as IKeptItem)
    };
  }

  unfinished(): IKeptSubmission[] {
    const rows = this._db.prepare('SELECT id FROM submission WHERE done = 0 ORDER BY created').all() as {
      id: string;
    }[];
    return rows.map(row => this.get(row.id)).filter(item => item !== undefined);
  }

  /** The file that a job was started for, when we did that. */
  itemOfJob(cluster: string, job: string): IKeptItem | undefined {
    const row = this._db.prepare('SELECT item FROM submission_item WHERE job = ? AND cluster = ?').get(job, cluster) as
      { item: string } | undefined;
    return row ? (JSON.parse(row.item) as IKeptItem) : undefined;
  }

  /** Removes what has been over for a day. */
  expire(now = Date.now()): void {
    expire(this._db, now - KEPT);
  }

  close(): void {
    this._db.close();
  }

  private readonly _file: string;
  private readonly _db: DatabaseSync;
}

function expire(database: DatabaseSync, before: number): void {
  database
    .prepare(
      'DELETE FROM submission_item WHERE submission IN (SELECT id FROM submission WHERE done = 1 AND created < ?)'
    )
    .run(before);
  database.prepare('DELETE FROM submission WHERE done = 1 AND created < ?').run(before);
}

/** What the contract shows of it. */
export function viewOf(kept: IKeptSubmission): Submission {
  return {
    id: kept.id,
    cluster: kept.cluster,
    service: kept.service,
    done: kept.done,
    revision: kept.revision,
    items: kept.items.map(item => ({ ...item.view, outputs: [...item.view.outputs] }))
  };
}

/** The part of an input that can be written down. */
export function sourceOf(file: IInputFile): IKeptItem['source'] {
  return {
    name: file.name,
    ...(file.path === undefined ? {} : { path: file.path }),
    ...(file.object === undefined ? {} : { object: file.object })
  };
}
