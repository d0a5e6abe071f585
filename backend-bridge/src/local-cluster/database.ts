import { chmodSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** Thrown by `openDatabase` when another process, or another part of this one, has the file open. */
export class DatabaseLockedError extends Error {
  constructor(readonly path: string) {
    super(`The database ${path} is in use by another process.`);
    this.name = 'DatabaseLockedError';
  }
}

export interface IDatabaseOptions {
  /**
   * `NORMAL` (default): what was committed survives a killed process, and the file stays whole after a power cut, which may
   * take the last commits with it. `FULL`: a commit survives a power cut too, at the cost of one flush each.
   */
  synchronous?: 'NORMAL' | 'FULL';
  /** Statements that make the tables, one entry a version: entry n runs once, when the file is at version n. Never edit an old one. */
  migrations?: readonly string[];
}

/**
 * Opens (or makes, mode 0600) an SQLite file for this process alone.
 *
 * The exclusive lock comes before WAL, so that WAL needs no shared memory: network and object mounts lack it. Where even that
 * does not work, the journal is an ordinary one. Transactions: `transaction(db, () => …)`.
 *
 * @throws DatabaseLockedError when it is open elsewhere.
 * @throws Error when the file is newer than the migrations given.
 */
export function openDatabase(path: string, options: IDatabaseOptions = {}): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    if (!enableWal(db)) {
      db.exec('PRAGMA journal_mode = TRUNCATE');
    }
    db.exec(
      `PRAGMA synchronous = ${options.synchronous ?? 'NORMAL'}; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY`
    );
    // Takes the lock now instead of at the first use, when nobody expects it to fail.
    db.exec('BEGIN EXCLUSIVE; COMMIT');
    if (path !== ':memory:') {
      chmodSync(path, 0o600);
    }
    migrate(db, options.migrations ?? []);
    return db;
  } catch (error) {
    db.close();
    throw isLocked(error) ? new DatabaseLockedError(path) : error;
  }
}

/** Runs `work` in one transaction; whatever it throws rolls all of it back. Nested calls join the outer one. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  if (db.isTransaction) {
    return work();
  }
  const { begin, commit } = statements(db);
  begin.run();
  let result: T;
  try {
    result = work();
    commit.run();
  } catch (error) {
    // A full disk may have rolled it back already.
    if (db.isTransaction) {
      db.exec('ROLLBACK');
    }
    throw error;
  }
  return result;
}

/** Prepared once: to compile them again costs as much as to run them. */
const prepared = new WeakMap<DatabaseSync, { begin: StatementSync; commit: StatementSync }>();

function statements(db: DatabaseSync): { begin: StatementSync; commit: StatementSync } {
  let both = prepared.get(db);
  if (both === undefined) {
    both = { begin: db.prepare('BEGIN IMMEDIATE'), commit: db.prepare('COMMIT') };
    prepared.set(db, both);
  }
  return both;
}

function enableWal(db: DatabaseSync): boolean {
  try {
    const row = db.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode: string };
    return row.journal_mode === 'wal' || row.journal_mode === 'memory';
  } catch (error) {
    if (isLocked(error)) {
      throw error;
    }
    return false;
  }
}

function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (migrations.length > 0 && version > migrations.length) {
    throw new Error(`The data was written by a newer version of jupyterlab-oscar (${version} > ${migrations.length}).`);
  }
  for (let next = version; next < migrations.length; next++) {
    transaction(db, () => {
      db.exec(migrations[next]);
      db.exec(`PRAGMA user_version = ${next + 1}`);
    });
  }
}

/** SQLITE_BUSY and SQLITE_LOCKED. */
function isLocked(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  return code !== undefined && ((code & 0xff) === 5 || (code & 0xff) === 6);
}
