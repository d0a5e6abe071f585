import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseLockedError, openDatabase, transaction } from '../../src/local-cluster/database';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oscar-db-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('openDatabase', () => {
  it('is exclusive, private and in WAL mode without shared memory', () => {
    const path = join(folder, 'a.db');
    const db = openDatabase(path);
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    db.exec('CREATE TABLE t (a)');
    expect(() => statSync(`${path}-shm`)).toThrow();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => openDatabase(path)).toThrow(DatabaseLockedError);
    db.close();
    openDatabase(path).close();
  });

  it('migrates step by step and refuses what is newer', () => {
    const path = join(folder, 'b.db');
    openDatabase(path, { migrations: ['CREATE TABLE t (a)'] }).close();
    const db = openDatabase(path, { migrations: ['CREATE TABLE t (a)', 'ALTER TABLE t ADD COLUMN b'] });
    db.exec('INSERT INTO t (a, b) VALUES (1, 2)');
    db.close();
    expect(() => openDatabase(path, { migrations: ['CREATE TABLE t (a)'] })).toThrow(/newer version/);
  });

  it('keeps the old tables when a migration fails half way', () => {
    const path = join(folder, 'c.db');
    expect(() => openDatabase(path, { migrations: ['CREATE TABLE t (a); INSERT INTO nowhere VALUES (1)'] })).toThrow();
    const db = openDatabase(path);
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name = 't'").all()).toEqual([]);
    db.close();
  });

  it('rolls back what a transaction did when it throws, nested ones too', () => {
    const db = openDatabase(':memory:', { migrations: ['CREATE TABLE t (a)'] });
    expect(() =>
      transaction(db, () => {
        db.exec('INSERT INTO t VALUES (1)');
        transaction(db, () => db.exec('INSERT INTO t VALUES (2)'));
        throw new Error('no');
      })
    ).toThrow('no');
    expect(db.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 0 });
    transaction(db, () => db.exec('INSERT INTO t VALUES (3)'));
    expect(db.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 1 });
    db.close();
  });
});
