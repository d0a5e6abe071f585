import type { DatabaseSync } from 'node:sqlite';
import type { IOscarService } from '../../fdl/service';
import { transaction } from '../database';

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

/** Tables of the manager. An entry a version; see openDatabase. */
export const MIGRATIONS = [
  `CREATE TABLE service (
     name TEXT PRIMARY KEY, definition TEXT NOT NULL, secrets TEXT NOT NULL, state TEXT NOT NULL, buckets TEXT NOT NULL, stopped INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
   CREATE TABLE volume (namespace TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (namespace, name)) STRICT;
   CREATE TABLE user (uid TEXT PRIMARY KEY, secret_key TEXT NOT NULL, name TEXT NOT NULL, quota TEXT NOT NULL) STRICT;
   CREATE TABLE usage (
     minute INTEGER NOT NULL, service TEXT NOT NULL, kind TEXT NOT NULL, user TEXT NOT NULL, count INTEGER NOT NULL, cpu_seconds REAL NOT NULL,
     gpu_seconds REAL NOT NULL, PRIMARY KEY (minute, service, kind, user)
   ) STRICT;`
];

export interface IVolume {
  namespace: string;
  name: string;
  size: string;
  owner_user: string;
  created_by_service?: string;
  creation_mode: 'service' | 'api';
  lifecycle_policy?: 'delete' | 'retain';
}

export interface IUserRecord {
  /** Subject of the token. */
  uid: string;
  secretKey: string;
  name: string;
  quota: IQuota;
}

export interface IQuota {
  disk: string;
  volumes: string;
  max_disk_per_volume: string;
  min_disk_per_volume: string;
  /** 0: no limit. */
  buckets: number;
  storage_per_bucket: string;
}

/** What a fresh user may have; the count is one less than the manager's setting, because the runtime's own volume counts. */
export const DEFAULT_QUOTA: IQuota = {
  disk: '6Gi',
  volumes: '4',
  max_disk_per_volume: '5Gi',
  min_disk_per_volume: '200Mi',
  buckets: 0,
  storage_per_bucket: '0'
};

export type RequestKind = 'sync' | 'async' | 'exposed';

export interface IUsageRow {
  service: string;
  kind: RequestKind;
  user: string;
  count: number;
  cpu_seconds: number;
  gpu_seconds: number;
}

/**
 * What the manager remembers: one SQLite file. A service's row is written before its buckets are made and marked `ready` after,
 * so that a killed cluster knows at the next start what it had half made, and takes it away.
 */
export class State {
  constructor(private readonly _db: DatabaseSync) {}

  // ------------------------------------------------------------------------------------------- services

  /** Without secrets; those that are being made or removed are not there. */
  services(): IOscarService[] {
    return [...this._ready().values()];
  }

  service(name: string): IOscarService | undefined {
    return this._ready().get(name);
  }

  secrets(name: string): Record<string, string> {
    const row = this._db.prepare('SELECT secrets FROM service WHERE name = ?').get(name);
    return row ? (JSON.parse(row.secrets as string) as Record<string, string>) : {};
  }

  exists(name: string): boolean {
    return this._db.prepare('SELECT 1 FROM service WHERE name = ?').get(name) !== undefined;
  }

  /** First step of a create. `buckets`: those that will be made for it and must go if it fails. */
  beginService(service: IOscarService, secrets: Record<string, string>, buckets: string[]): void {
    this._db
      .prepare(`INSERT INTO service (name, definition, secrets, state, buckets) VALUES (?, ?, ?, 'creating', ?)`)
      .run(service.name, JSON.stringify(service), JSON.stringify(secrets), JSON.stringify(buckets));
  }

  putService(service: IOscarService, secrets?: Record<string, string>): void {
    this._cache = undefined;
    transaction(this._db, () => {
      this._db
        .prepare(`UPDATE service SET definition = ?, state = 'ready', buckets = '[]' WHERE name = ?`)
        .run(JSON.stringify(service), service.name);
      if (secrets) {
        this._db.prepare('UPDATE service SET secrets = ? WHERE name = ?').run(JSON.stringify(secrets), service.name);
      }
    });
  }

  /** First step of an update: buckets that will be made for it, and go again when it does not come to its end. */
  beginUpdate(name: string, buckets: string[]): void {
    this._db.prepare('UPDATE service SET buckets = ? WHERE name = ?').run(JSON.stringify(buckets), name);
  }

  /** First step of a delete; from here on it is gone for everybody, also after a crash. */
  beginRemoval(name: string, buckets: string[]): void {
    this._cache = undefined;
    this._db
      .prepare(`UPDATE service SET state = 'deleting', buckets = ? WHERE name = ?`)
      .run(JSON.stringify(buckets), name);
  }

  endRemoval(name: string): void {
    this._db.prepare('DELETE FROM service WHERE name = ?').run(name);
  }

  /** What a killed cluster left half made or half removed. */
  unfinished(): {
    name: string;
    state: 'creating' | 'updating' | 'deleting';
    buckets: string[];
    service: IOscarService;
  }[] {
    return this._db
      .prepare(`SELECT name, state, buckets, definition FROM service WHERE state <> 'ready' OR buckets <> '[]'`)
      .all()
      .map(row => ({
        name: row.name as string,
        state: row.state === 'ready' ? 'updating' : (row.state as 'creating' | 'deleting'),
        buckets: JSON.parse(row.buckets as string) as string[],
        service: JSON.parse(row.definition as string) as IOscarService
      }));
  }

  /** An exposed service that was stopped stays so over restarts of the cluster. */
  stopped(name: string): boolean {
    return this._db.prepare('SELECT stopped FROM service WHERE name = ?').get(name)?.stopped === 1;
  }

  setStopped(name: string, stopped: boolean): void {
    this._db.prepare('UPDATE service SET stopped = ? WHERE name = ?').run(stopped ? 1 : 0, name);
  }

  // ------------------------------------------------------------------------------------------- settings

  setting<T>(key: string, otherwise: T): T {
    const row = this._db.prepare('SELECT value FROM setting WHERE key = ?').get(key);
    return row ? (JSON.parse(row.value as string) as T) : otherwise;
  }

  setSetting(key: string, value: unknown): void {
    this._db.prepare('INSERT OR REPLACE INTO setting VALUES (?, ?)').run(key, JSON.stringify(value));
  }

  // ------------------------------------------------------------------------------------------- volumes

  /** Namespaces that have volumes. */
  namespaces(): string[] {
    return this._db
      .prepare('SELECT DISTINCT namespace FROM volume')
      .all()
      .map(row => row.namespace as string);
  }

  volumes(namespace: string): IVolume[] {
    return this._db
      .prepare('SELECT value FROM volume WHERE namespace = ? ORDER BY name')
      .all(namespace)
      .map(row => JSON.parse(row.value as string) as IVolume);
  }

  volume(namespace: string, name: string): IVolume | undefined {
    const row = this._db.prepare('SELECT value FROM volume WHERE namespace = ? AND name = ?').get(namespace, name);
    return row && (JSON.parse(row.value as string) as IVolume);
  }

  putVolume(volume: IVolume): void {
    this._db
      .prepare('INSERT OR REPLACE INTO volume VALUES (?, ?, ?)')
      .run(volume.namespace, volume.name, JSON.stringify(volume));
  }

  removeVolume(namespace: string, name: string): void {
    this._db.prepare('DELETE FROM volume WHERE namespace = ? AND name = ?').run(namespace, name);
  }

  // ------------------------------------------------------------------------------------------- users

  user(uid: string): IUserRecord | undefined {
    const row = this._db.prepare('SELECT * FROM user WHERE uid = ?').get(uid);
    return (
      row && {
        uid: row.uid as string,
        secretKey: row.secret_key as string,
        name: row.name as string,
        quota: JSON.parse(row.quota as string) as IQuota
      }
    );
  }

  putUser(user: IUserRecord): void {
    this._db
      .prepare('INSERT OR REPLACE INTO user VALUES (?, ?, ?, ?)')
      .run(user.uid, user.secretKey, user.name, JSON.stringify(user.quota));
  }

  // ------------------------------------------------------------------------------------------- usage

  addUsage(time: Date, row: IUsageRow): void {
    this._db
      .prepare(
        `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
         SET count = count + excluded.count, cpu_seconds = cpu_seconds + excluded.cpu_seconds, gpu_seconds = gpu_seconds + excluded.gpu_seconds`
      )
      .run(
        Math.floor(time.getTime() / 60_000),
        row.service,
        row.kind,
        row.user,
        row.count,
        row.cpu_seconds,
        row.gpu_seconds
      );
  }

  usage(start: Date, end: Date): IUsageRow[] {
    return this._db
      .prepare(
        `SELECT service, kind, user, SUM(count) AS count, SUM(cpu_seconds) AS cpu_seconds, SUM(gpu_seconds) AS gpu_seconds FROM usage
         WHERE minute >= ? AND minute <= ? GROUP BY service, kind, user ORDER BY service, kind, user`
      )
      .all(Math.floor(start.getTime() / 60_000), Math.floor(end.getTime() / 60_000)) as unknown as IUsageRow[];
  }

  /** Counts older than this are of no use to anybody. */
  forgetUsage(before: Date): void {
    this._db.prepare('DELETE FROM usage WHERE minute < ?').run(Math.floor(before.getTime() / 60_000));
  }

  /** Several changes or none. */
  together<T>(work: () => T): T {
    return transaction(this._db, work);
  }

  close(): void {
    this._db.close();
  }

  /**
   * Definitions by name, read once: each event asks for one, and a definition holds its whole script. They are frozen, because
   * many hold them.
   */
  private _ready(): Map<string, IOscarService> {
    this._cache ??= new Map(
      this._db
        .prepare(`SELECT name, definition FROM service WHERE state = 'ready' ORDER BY name`)
        .all()
        .map(row => [row.name as string, freeze(JSON.parse(row.definition as string) as IOscarService)])
    );
    return this._cache;
  }

  private _cache: Map<string, IOscarService> | undefined;
}
