import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ComputeRequest } from '../../contract';
import { openOwned } from '../../state';
import { attemptOf, SCHEMA, valuesOf, type IAttemptRow } from './journal-database';
import type { IAttemptRecord, IJobRecord, IPhaseRecord } from './records';

const PAGE = 50;
/** Attempts are written together, so often at the least, ms. */
const GATHER = 10;
const MOST = 2000;

/**
 * Jobs on disk. Jobs and phases are on the disk when a call returns; attempts are gathered for a few milliseconds and then written
 * as one: what a power cut may take of them is done again.
 */
export class JobJournal {
  constructor(file: string, options: { log?: (line: string) => void; onError?: (error: Error) => void } = {}) {
    this._onError = options.onError;
    this._db = openOwned(file, { schema: SCHEMA, synchronous: 'NORMAL', log: options.log });
    this._insert = this._db.prepare(
      `INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state,
       first = excluded.first, count = excluded.count, "end" = excluded."end", revision = excluded.revision, error = excluded.error,
       files = excluded.files, vals = excluded.vals, counters = excluded.counters`
    );
  }

  /** Names of bridges that had this journal before; the new one is added. */
  boot(nonce: string): string[] {
    const rows = this._db.prepare('SELECT nonce FROM boot').all() as { nonce: string }[];
    this._db.prepare('INSERT INTO boot VALUES (?)').run(nonce);
    return rows.map(row => row.nonce);
  }

  /** Nothing of that bridge is left. */
  buried(nonce: string): void {
    this._db.prepare('DELETE FROM boot WHERE nonce = ?').run(nonce);
  }

  /** Writes a new job or its new state; durable. */
  save(job: IJobRecord): void {
    const { id, spec, state, over, createdAt, ...head } = job;
    this._durably(() =>
      this._db
        .prepare(
          `INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET state = excluded.state, over = excluded.over, head = excluded.head`
        )
        .run(
          id,
          spec.idempotencyKey,
          spec.kind,
          state,
          over ? 1 : 0,
          createdAt,
          JSON.stringify(spec),
          JSON.stringify(head)
        )
    );
  }

  savePhase(job: string, phase: IPhaseRecord): void {
    const { number, cache, ...head } = phase;
    this._durably(() =>
      this._db
        .prepare(
          'INSERT INTO phase VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET head = excluded.head, cache = excluded.cache'
        )
        .run(job, number, cache ?? null, JSON.stringify(head))
    );
  }

  event(job: string, type: string, text: string): void {
    this._db.prepare('INSERT INTO event VALUES (?, ?, ?, ?)').run(job, Date.now(), type, text);
  }

  events(job: string): { at: number; type: string; text: string }[] {
    return this._db.prepare('SELECT at, type, text FROM event WHERE job = ? ORDER BY rowid').all(job) as {
      at: number;
      type: string;
      text: string;
    }[];
  }

  get(id: string): IJobRecord | undefined {
    return this._jobs('WHERE id = ?', id)[0];
  }

  byKey(key: string): IJobRecord | undefined {
    return this._jobs('WHERE key = ?', key)[0];
  }

  /** In the order they came. */
  unfinished(): IJobRecord[] {
    return this._jobs('WHERE over = 0 ORDER BY created, id');
  }

  /** Jobs that ended and are older than this time, ms. */
  endedBefore(time: number): string[] {
    const rows = this._db.prepare('SELECT id FROM job WHERE over = 1 AND created < ?').all(time) as { id: string }[];
    return rows.map(row => row.id);
  }

  /** Newest first. `page` is what an earlier answer gave as `next`. */
  list(query: { kind?: string; state?: string; page?: string }): { jobs: IJobRecord[]; next?: string } {
    const [created, id = ''] = (query.page ?? `${Number.MAX_SAFE_INTEGER}/`).split('/');
    const before = Number.isSafeInteger(Number(created)) ? Number(created) : Number.MAX_SAFE_INTEGER;
    const { kind = null, state = null } = query;
    const jobs = this._jobs(
      `WHERE (created < ? OR (created = ? AND id < ?)) AND (? IS NULL OR kind = ?) AND (? IS NULL OR state = ?)
       ORDER BY created DESC, id DESC LIMIT ${PAGE + 1}`,
      before,
      before,
      id,
      kind,
      kind,
      state,
      state
    );
    const shown = jobs.slice(0, PAGE);
    const last = shown[shown.length - 1];
    return { jobs: shown, ...(jobs.length > PAGE ? { next: `${last.createdAt}/${last.id}` } : {}) };
  }

  phases(job: string): IPhaseRecord[] {
    const rows = this._db.prepare('SELECT number, cache, head FROM phase WHERE job = ? ORDER BY number').all(job) as {
      number: number;
      cache: string | null;
      head: string;
    }[];
    return rows.map(({ number, cache, head }) => ({
      number,
      ...(cache === null ? {} : { cache }),
      ...(JSON.parse(head) as Omit<IPhaseRecord, 'number' | 'cache'>)
    }));
  }

  /** Phases of other jobs that did the same, newest first. */
  cached(cache: string, job: string): { job: string; number: number }[] {
    return this._db
      .prepare(
        `SELECT phase.job, number FROM phase JOIN job ON job.id = phase.job WHERE cache = ? AND phase.job <> ?
         ORDER BY created DESC LIMIT 8`
      )
      .all(cache, job) as { job: string; number: number }[];
  }

  /** An attempt that began or has ended; on disk a few milliseconds later, or with `flush`. */
  attempt(job: string, attempt: IAttemptRecord): void {
    this._waiting.set(`${job}/${attempt.phase}/${attempt.part}.${attempt.attempt}`, { job, attempt });
    if (this._waiting.size >= MOST) {
      this._tryFlush();
    } else {
      this._timer ??= setTimeout(() => this._tryFlush(), GATHER);
    }
  }

  /** Writes what waits. @throws when it cannot be written; it waits on. */
  flush(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    if (this._waiting.size === 0) {
      return;
    }
    this._together(() => {
      for (const { job, attempt } of this._waiting.values()) {
        this._insert.run(...valuesOf(job, attempt));
      }
    });
    this._waiting.clear();
  }

  /** Attempts that count, by their first unit. */
  committed(job: string, phase: number): IAttemptRecord[] {
    this.flush();
    return this._attempts(`phase = ? AND state IN ('done', 'cached') ORDER BY first, part`, job, phase);
  }

  /** Attempts that changed after this revision, in the order of their changes. */
  attempts(job: string, options: { phase?: number; since: number; limit: number }): IAttemptRecord[] {
    this.flush();
    const { phase = null, since, limit } = options;
    return this._attempts(
      'revision > ? AND (? IS NULL OR phase = ?) ORDER BY revision LIMIT ?',
      job,
      since,
      phase,
      phase,
      limit
    );
  }

  /** Numbers that are used up in a phase. */
  used(job: string, phase: number): { nextPart: number; attempts: Map<number, number>; failed: number } {
    this.flush();
    const rows = this._db
      .prepare(
        `SELECT part, MAX(attempt) AS attempt, SUM(state IN ('failed', 'lost')) AS failed FROM attempt
         WHERE job = ? AND phase = ? GROUP BY part`
      )
      .all(job, phase) as { part: number; attempt: number; failed: number }[];
    return {
      nextPart: rows.reduce((most, row) => Math.max(most, row.part + 1), 0),
      attempts: new Map(rows.map(row => [row.part, row.attempt])),
      failed: rows.reduce((sum, row) => sum + row.failed, 0)
    };
  }

  /** Highest revision and end of the attempts of a job. */
  last(job: string): { revision: number; end: number } {
    this.flush();
    return this._db
      .prepare(
        `SELECT COALESCE(MAX(revision), 0) AS revision, COALESCE(MAX(COALESCE("end", start)), 0) AS end FROM attempt WHERE job = ?`
      )
      .get(job) as { revision: number; end: number };
  }

  /** These attempts do not count any more: they were begun and nobody works on them, or their files are gone. */
  forget(job: string, phase: number, lost: readonly { part: number; attempt: number }[], running: boolean): void {
    this.flush();
    this._together(() => {
      const statement = this._db.prepare(
        `UPDATE attempt SET state = 'lost' WHERE job = ? AND phase = ? AND part = ? AND attempt = ?`
      );
      lost.forEach(({ part, attempt }) => statement.run(job, phase, part, attempt));
      if (running) {
        this._db
          .prepare(`UPDATE attempt SET state = 'lost' WHERE job = ? AND phase = ? AND state = 'running'`)
          .run(job, phase);
      }
    });
  }

  /** A phase that was made of what is gone. */
  forgetPhase(job: string, phase: number): void {
    this.flush();
    this._together(() => {
      this._db.prepare('DELETE FROM attempt WHERE job = ? AND phase = ?').run(job, phase);
      this._db.prepare('DELETE FROM phase WHERE job = ? AND number = ?').run(job, phase);
    });
  }

  remove(job: string): void {
    this.flush();
    this._together(() => {
      for (const table of ['attempt', 'phase', 'event']) {
        this._db.prepare(`DELETE FROM ${table} WHERE job = ?`).run(job);
      }
      this._db.prepare('DELETE FROM job WHERE id = ?').run(job);
    });
  }

  close(): void {
    this._tryFlush();
    this._db.close();
  }

  private _jobs(where: string, ...values: (string | number | null)[]): IJobRecord[] {
    const rows = this._db
      .prepare(`SELECT id, state, over, created, spec, head FROM job ${where}`)
      .all(...values) as unknown as {
      id: string;
      state: IJobRecord['state'];
      over: number;
      created: number;
      spec: string;
      head: string;
    }[];
    return rows.map(row => ({
      ...(JSON.parse(row.head) as Omit<IJobRecord, 'id' | 'spec' | 'state' | 'over' | 'createdAt'>),
      id: row.id,
      spec: JSON.parse(row.spec) as ComputeRequest,
      state: row.state,
      over: row.over === 1,
      createdAt: row.created
    }));
  }

  private _attempts(where: string, ...values: (string | number | null)[]): IAttemptRecord[] {
    const rows = this._db
      .prepare(`SELECT * FROM attempt WHERE job = ? AND ${where}`)
      .all(...values) as unknown as IAttemptRow[];
    return rows.map(attemptOf);
  }

  private _tryFlush(): void {
    try {
      this.flush();
    } catch (error) {
      this._onError?.(error as Error);
    }
  }

  private _durably(work: () => void): void {
    this._db.exec('PRAGMA synchronous = FULL');
    try {
      this._together(work);
    } finally {
      this._db.exec('PRAGMA synchronous = NORMAL');
    }
  }

  private _together(work: () => void): void {
    try {
      this._db.exec('BEGIN IMMEDIATE');
      work();
      this._db.exec('COMMIT');
    } catch (error) {
      if (this._db.isTransaction) {
        this._db.exec('ROLLBACK');
      }
      throw error;
    }
  }

  private readonly _onError: ((error: Error) => void) | undefined;
  private readonly _db: DatabaseSync;
  private readonly _insert: StatementSync;
  private readonly _waiting = new Map<string, { job: string; attempt: IAttemptRecord }>();
  private _timer: NodeJS.Timeout | undefined;
}
