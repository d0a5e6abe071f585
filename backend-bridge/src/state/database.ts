import { chmodSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface IDatabaseOptions {
  /** Statements that make what is not there. */
  schema: string;
  /** Takes out what is too old, each time it is opened. */
  tidy?: (database: DatabaseSync) => void;
  log?: (line: string) => void;
}

/**
 * Opens an SQLite file for this process alone: a journal.
 *
 * @param options.synchronous `FULL`: what was written outlives a power cut, too; `NORMAL`: a killed process.
 * @throws what SQLite throws, but for a damaged file: that is put aside, not lost, and not in the way of the bridge's start
 */
export function openOwned(file: string, options: IDatabaseOptions & { synchronous: 'NORMAL' | 'FULL' }): DatabaseSync {
  return open(file, options, database => {
    // Exclusive comes first, because WAL's shared memory does not exist on network mounts.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    const mode = database.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode?: string } | undefined;
    if (mode?.journal_mode !== 'wal') {
      database.exec('PRAGMA journal_mode = TRUNCATE');
    }
    database.exec(`PRAGMA synchronous = ${options.synchronous}`);
  });
}

/**
 * Opens a small SQLite file that several bridges of one user may share, also on network disks: a rollback journal needs no
 * shared memory. A damaged file is put aside, as `openOwned` does.
 */
export function openShared(file: string, options: IDatabaseOptions): DatabaseSync {
  return open(file, options, database =>
    database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL;')
  );
}

function open(file: string, options: IDatabaseOptions, set: (database: DatabaseSync) => void): DatabaseSync {
  try {
    return make(file, options, set);
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    // SQLITE_CORRUPT, SQLITE_NOTADB
    if (errcode !== 11 && errcode !== 26) {
      throw error;
    }
    const aside = `${file}.damaged-${Date.now()}`;
    renameSync(file, aside);
    options.log?.(`${file} was damaged; it is kept as ${aside}.`);
    return make(file, options, set);
  }
}

function make(file: string, options: IDatabaseOptions, set: (database: DatabaseSync) => void): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    chmodSync(file, 0o600);
    set(database);
    database.exec(options.schema);
    options.tidy?.(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
