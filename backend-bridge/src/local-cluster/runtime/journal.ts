import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { IJobRecord, PodPhase } from '../interfaces';
import { openDatabase, transaction } from '../database';
import { isDiskFull } from '../disk-full';
import type { Stamp } from './log-file';

/** A job as it is kept. `id` orders jobs, whatever the clock does. */
export interface IJobRow {
  id: number;
  name: string;
  service: string;
  status: PodPhase;
  reason: string | null;
  created: number;
  started: number | null;
  finished: number | null;
  exit_code: number | null;
  cancelled: number;
  owner: string;
  bucket: string | null;
  key: string | null;
  /** JSON */
  outputs: string;
  /** How often it was started. */
  attempt: number;
  log_bytes: number;
  /** JSON of when which part of the log was written. */
  stamps: string;
}

const MIGRATIONS = [
  `CREATE TABLE jobs (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     name TEXT NOT NULL UNIQUE,
     service TEXT NOT NULL,
     status TEXT NOT NULL,
     reason TEXT,
     created INTEGER NOT NULL,
     started INTEGER,
     finished INTEGER,
     exit_code INTEGER,
     cancelled INTEGER NOT NULL DEFAULT 0,
     owner TEXT NOT NULL,
     bucket TEXT,
     key TEXT,
     outputs TEXT NOT NULL DEFAULT '[]',
     attempt INTEGER NOT NULL DEFAULT 0,
     log_bytes INTEGER NOT NULL DEFAULT 0,
     stamps TEXT NOT NULL DEFAULT '[]'
   ) STRICT;
   CREATE INDEX jobs_by_service ON jobs (service, id);
   CREATE INDEX jobs_by_status ON jobs (status, service);
   CREATE TABLE bodies (job INTEGER PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE, body BLOB NOT NULL) STRICT;
   CREATE TABLE seen (event TEXT PRIMARY KEY, job TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX seen_by_time ON seen (at);
   CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`
];

const COLUMNS =
  'id, name, service, status, reason, created, started, finished, exit_code, cancelled, owner, bucket, key, outputs, attempt, log_bytes, stamps';

/** Milliseconds until what a full disk did not take is written again. */
const AGAIN = 1000;

/**
 * The book of jobs. What is added is on disk at once; changes of one turn follow together, and always before anything is read.
 * Changes that find no room on the disk are kept in memory, are read from there, and are written when there is room again.
 */
export class Journal {
  constructor(
    path: string,
    private readonly _log?: (line: string) => void
  ) {
    this._db = openDatabase(path, { migrations: MIGRATIONS });
  }

  /** A stored text that belongs to this journal; made by `make` the first time. */
  meta(name: string, make: () => string): string {
    const row = this._db.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: string } | undefined;
    if (row) {
      return row.value;
    }
    const value = make();
    this._db.prepare('INSERT INTO meta (name, value) VALUES (?, ?)').run(name, value);
    return value;
  }

  /** Adds a pending job. With `event`: nothing when that event was seen, and the name of its job instead. */
  add(
    job: Pick<IJobRow, 'name' | 'service' | 'created' | 'owner' | 'bucket' | 'key'>,
    body: Buffer,
    event?: string
  ): IJobRow | string {
    return transaction(this._db, () => {
      if (event !== undefined) {
        const seen = this._run('SELECT job FROM seen WHERE event = ?').get(event) as { job: string } | undefined;
        if (seen) {
          return seen.job;
        }
        this._run('INSERT INTO seen (event, job, at) VALUES (?, ?, ?)').run(event, job.name, job.created);
      }
      const { lastInsertRowid } = this._run(
        "INSERT INTO jobs (name, service, status, created, owner, bucket, key) VALUES (?, ?, 'Pending', ?, ?, ?, ?)"
      ).run(job.name, job.service, job.created, job.owner, job.bucket, job.key);
      const id = Number(lastInsertRowid);
      this._run('INSERT INTO bodies (job, body) VALUES (?, ?)').run(id, body);
      return {
        ...job,
        id,
        status: 'Pending',
        reason: null,
        started: null,
        finished: null,
        exit_code: null,
        cancelled: 0,
        outputs: '[]',
        attempt: 0,
        log_bytes: 0,
        stamps: '[]'
      };
    });
  }

  /** Writes a changed row at the end of this turn. */
  update(row: IJobRow): void {
    this._dirty.set(row.id, row);
    if (this._again === undefined) {
      this._timer ??= setImmediate(() => this.flush());
    }
  }

  /** Writes what waits, now; what finds no room on the disk goes on waiting. */
  flush(): void {
    clearImmediate(this._timer);
    this._timer = undefined;
    if (this._dirty.size === 0 || this._again !== undefined) {
      return;
    }
    try {
      this._write();
    } catch (error) {
      if (!isDiskFull(error)) {
        throw error;
      }
      this._log?.('The disk is full: the states of jobs are kept in memory until there is room.');
      this._later();
    }
  }

  private _later(): void {
    this._again = setTimeout(() => {
      try {
        this._write();
        this._again = undefined;
        this._log?.('There is room again: the states of jobs are written down.');
      } catch (error) {
        if (!isDiskFull(error)) {
          throw error;
        }
        this._later();
      }
    }, AGAIN).unref();
  }

  private _write(): void {
    transaction(this._db, () => {
      for (const row of this._dirty.values()) {
        this._run(
          `UPDATE jobs SET status = ?, reason = ?, started = ?, finished = ?, exit_code = ?, cancelled = ?, outputs = ?, attempt = ?,
           log_bytes = ?, stamps = ? WHERE id = ?`
        ).run(
          row.status,
          row.reason,
          row.started,
          row.finished,
          row.exit_code,
          row.cancelled,
          row.outputs,
          row.attempt,
          row.log_bytes,
          row.stamps,
          row.id
        );
        if (row.finished !== null) {
          this._run('DELETE FROM bodies WHERE job = ?').run(row.id);
        }
      }
    });
    this._dirty.clear();
  }

  byName(name: string): IJobRow | undefined {
    this.flush();
    return asNow(this._run(`SELECT ${COLUMNS} FROM jobs WHERE name = ?`).get(name), this._dirty);
  }

  byId(id: number): IJobRow | undefined {
    this.flush();
    return asNow(this._run(`SELECT ${COLUMNS} FROM jobs WHERE id = ?`).get(id), this._dirty);
  }

  body(id: number): Buffer {
    const row = this._run('SELECT body FROM bodies WHERE job = ?').get(id) as { body: Uint8Array } | undefined;
    return Buffer.from(row?.body ?? new Uint8Array());
  }

  /** Newest first, older than `before`. */
  list(service: string, options: { before?: number; limit: number; owner?: string }): IJobRow[] {
    this.flush();
    const { before = Number.MAX_SAFE_INTEGER, limit, owner } = options;
    const rows =
      owner === undefined
        ? this._run(`SELECT ${COLUMNS} FROM jobs WHERE service = ? AND id < ? ORDER BY id DESC LIMIT ?`).all(
            service,
            before,
            limit
          )
        : this._run(
            `SELECT ${COLUMNS} FROM jobs WHERE service = ? AND id < ? AND owner = ? ORDER BY id DESC LIMIT ?`
          ).all(service, before, owner, limit);
    return rows.flatMap(row => asNow(row, this._dirty) ?? []);
  }

  /** What has not ended, oldest first. */
  open(): IJobRow[] {
    this.flush();
    return this._run(
      `SELECT ${COLUMNS} FROM jobs WHERE status IN ('Pending', 'Running', 'Unknown') ORDER BY id`
    ).all() as unknown as IJobRow[];
  }

  counts(service?: string): { status: PodPhase; count: number }[] {
    this.flush();
    return (service === undefined
      ? this._run('SELECT status, count(*) AS count FROM jobs GROUP BY status').all()
      : this._run('SELECT status, count(*) AS count FROM jobs WHERE service = ? GROUP BY status').all(
          service
        )) as unknown as { status: PodPhase; count: number }[];
  }

  /** Of a service, or finished before a moment. */
  select(options: { service?: string; owner?: string; succeeded?: boolean; finishedBefore?: number }): IJobRow[] {
    this.flush();
    return this._run(
      `SELECT ${COLUMNS} FROM jobs WHERE (?1 IS NULL OR service = ?1) AND (?2 IS NULL OR owner = ?2)
       AND (?3 = 0 OR status = 'Succeeded') AND (?4 IS NULL OR finished < ?4)`
    ).all(
      options.service ?? null,
      options.owner ?? null,
      options.succeeded ? 1 : 0,
      options.finishedBefore ?? null
    ) as unknown as IJobRow[];
  }

  remove(ids: number[]): void {
    this.flush();
    transaction(this._db, () => {
      for (const id of ids) {
        this._run('DELETE FROM jobs WHERE id = ?').run(id);
      }
    });
    ids.forEach(id => this._dirty.delete(id));
  }

  /** Forgets events seen before a moment. */
  forget(before: number): void {
    this._run('DELETE FROM seen WHERE at < ?').run(before);
  }

  /** Bytes of logs and records; of those that have ended, too. */
  usage(): { bytes: number; finished: number } {
    this.flush();
    const row = this._run(
      `SELECT coalesce(sum(log_bytes + 400 + length(outputs) + length(stamps)), 0) AS bytes,
       coalesce(sum(CASE WHEN finished IS NULL THEN 0 ELSE log_bytes + 400 + length(outputs) + length(stamps) END), 0) AS finished FROM jobs`
    ).get() as { bytes: number; finished: number };
    return { bytes: row.bytes, finished: row.finished };
  }

  /** Gives free pages back to the disk. */
  compact(): void {
    this.flush();
    this._db.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    clearTimeout(this._again);
    this._again = undefined;
    this.flush();
    clearTimeout(this._again);
    this._db.close();
  }

  private _run(sql: string): StatementSync {
    let statement = this._statements.get(sql);
    if (!statement) {
      statement = this._db.prepare(sql);
      this._statements.set(sql, statement);
    }
    return statement;
  }

  private readonly _db: DatabaseSync;
  private readonly _statements = new Map<string, StatementSync>();
  private readonly _dirty = new Map<number, IJobRow>();
  private _timer: NodeJS.Immediate | undefined;
  private _again: NodeJS.Timeout | undefined;
}

/** A row as it is, also when that has not been written. */
function asNow(row: unknown, unwritten: Map<number, IJobRow>): IJobRow | undefined {
  const read = row as IJobRow | undefined;
  return read && (unwritten.get(read.id) ?? read);
}

/** The record that the API shows; `strict` hides what OSCAR does not know. */
export function toRecord(row: IJobRow, strict: boolean, reason = row.reason ?? undefined): IJobRecord {
  return {
    name: row.name,
    service: row.service,
    status: row.status,
    ...(reason === undefined || strict ? {} : { reason }),
    createdAt: new Date(row.created),
    ...(row.started === null ? {} : { startedAt: new Date(row.started) }),
    ...(row.finished === null ? {} : { finishedAt: new Date(row.finished) }),
    ...(row.exit_code === null || strict ? {} : { exitCode: row.exit_code }),
    ...(row.cancelled ? { cancelled: true } : {}),
    owner: row.owner,
    ...(row.bucket === null || row.key === null ? {} : { input: { bucket: row.bucket, key: row.key } }),
    outputs: JSON.parse(row.outputs) as IJobRecord['outputs']
  };
}

export function toStamps(row: IJobRow): Stamp[] {
  return JSON.parse(row.stamps) as Stamp[];
}
