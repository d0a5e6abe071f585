import type { IAttemptRecord } from './records';

/** Tables of the journal. */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS boot (nonce TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job (id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, state TEXT NOT NULL,
  over INTEGER NOT NULL, created INTEGER NOT NULL, spec TEXT NOT NULL, head TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS job_created ON job (created);
CREATE TABLE IF NOT EXISTS phase (job TEXT NOT NULL, number INTEGER NOT NULL, cache TEXT, head TEXT NOT NULL,
  PRIMARY KEY (job, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS phase_cache ON phase (cache) WHERE cache IS NOT NULL;
CREATE TABLE IF NOT EXISTS attempt (job TEXT NOT NULL, phase INTEGER NOT NULL, part INTEGER NOT NULL, attempt INTEGER NOT NULL,
  state TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, worker TEXT NOT NULL, start REAL NOT NULL, "end" REAL,
  revision INTEGER NOT NULL, error TEXT, files TEXT, vals TEXT, counters TEXT,
  PRIMARY KEY (job, phase, part, attempt)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attempt_revision ON attempt (job, revision);
CREATE TABLE IF NOT EXISTS event (job TEXT NOT NULL, at INTEGER NOT NULL, type TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS event_job ON event (job);`;

export interface IAttemptRow {
  phase: number;
  part: number;
  attempt: number;
  state: IAttemptRecord['state'];
  first: number;
  count: number;
  worker: string;
  start: number;
  end: number | null;
  revision: number;
  error: string | null;
  files: string | null;
  vals: string | null;
  counters: string | null;
}

export function attemptOf(row: IAttemptRow): IAttemptRecord {
  return {
    phase: row.phase,
    part: row.part,
    attempt: row.attempt,
    worker: row.worker,
    state: row.state,
    first: row.first,
    count: row.count,
    start: row.start,
    revision: row.revision,
    ...(row.end === null ? {} : { end: row.end }),
    ...parsed('error', row.error),
    ...parsed('files', row.files),
    ...parsed('values', row.vals),
    ...parsed('counters', row.counters)
  };
}

/** In the order of the columns of `attempt`. */
export function valuesOf(job: string, attempt: IAttemptRecord): (string | number | null)[] {
  return [
    job,
    attempt.phase,
    attempt.part,
    attempt.attempt,
    attempt.state,
    attempt.first,
    attempt.count,
    attempt.worker,
    attempt.start,
    attempt.end ?? null,
    attempt.revision,
    json(attempt.error),
    json(attempt.files),
    json(attempt.values),
    json(attempt.counters)
  ];
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function parsed(name: string, text: string | null): Record<string, unknown> {
  return text === null ? {} : { [name]: JSON.parse(text) as unknown };
}
