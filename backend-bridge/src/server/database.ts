import { chmodSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { ILog } from './log';

/**
 * Opens a small SQLite file that several bridges of one user may share, also on network disks: a rollback journal needs no
 * shared memory. A file that is no database is put aside, not lost.
 */
export function openShared(path: string, schema: string, log: ILog): DatabaseSync {
  try {
    return open(path, schema);
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    // SQLITE_CORRUPT, SQLITE_NOTADB
    if (errcode !== 11 && errcode !== 26) {
      throw error;
    }
    const aside = `${path}.damaged-${Date.now()}`;
    renameSync(path, aside);
    log.warning(`${path} was damaged; it is kept as ${aside}`);
    return open(path, schema);
  }
}

function open(path: string, schema: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL;');
    database.exec(schema);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
