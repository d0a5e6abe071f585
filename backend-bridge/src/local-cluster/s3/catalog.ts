import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { IBucketInfo, INotification } from '../interfaces';
import { transaction } from '../database';
import { Listing } from './listing';
import { Recent } from './recent';
import type { IBucketRow, IObjectRow } from './schema';

/** A bucket as it is kept in memory; the database has the same. */
export interface IBucket {
  readonly id: number;
  readonly name: string;
  created: number;
  owner: string;
  tags: Record<string, string>;
  visibility: IBucketInfo['visibility'];
  allowed: string[];
  notifications: INotification[];
  /** JSON as it was put; '' for none. */
  policy: string;
  objects: number;
  bytes: number;
}

/** One thing to do on disk after its commit. `rename`: staged → path; `remove`: path; `drop`: the bucket's folder. */
export interface IRedo {
  kind: 'rename' | 'remove' | 'drop';
  bucket: number;
  folder: string;
  key: string;
  path: string;
  staged: string;
}

/** The index: what there is, and what is still to be done on disk. Everything here is synchronous. */
export class Catalog {
  constructor(readonly db: DatabaseSync) {
    this.listing = new Listing(db);
    this._get = db.prepare('SELECT * FROM objects WHERE bucket = ? AND key = ?');
    this._upsert = db.prepare(
      `INSERT OR REPLACE INTO objects
         (bucket, key, size, etag, modified, type, metadata, headers, tags, checksums, parts, path, mtime, fold)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
    );
    this._delete = db.prepare('DELETE FROM objects WHERE bucket = ? AND key = ?');
    this._fold = db.prepare('SELECT 1 FROM objects WHERE bucket = ? AND fold = ? AND key <> ? LIMIT 1');
    this._redo = db.prepare(
      'INSERT INTO redo (id, kind, bucket, folder, key, path, staged) VALUES (?, ?, ?, ?, ?, ?, ?)'
    );
    this._redone = db.prepare('DELETE FROM redo WHERE id <= ?');
    for (const row of db.prepare('SELECT * FROM buckets').all() as unknown as IBucketRow[]) {
      this._buckets.set(row.name, fromRow(row));
    }
  }

  readonly listing: Listing;
  /** Never ahead of the index: each change of a row takes its entry away. */
  readonly recent = new Recent();

  get buckets(): ReadonlyMap<string, IBucket> {
    return this._buckets;
  }

  addBucket(bucket: Omit<IBucket, 'id'>): IBucket {
    const { lastInsertRowid } = this.db
      .prepare(
        `INSERT INTO buckets (name, created, owner, tags, visibility, allowed, notifications, policy)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
      )
      .run(
        bucket.name,
        bucket.created,
        bucket.owner,
        JSON.stringify(bucket.tags),
        bucket.visibility,
        JSON.stringify(bucket.allowed),
        JSON.stringify(bucket.notifications),
        bucket.policy
      );
    const added = { ...bucket, id: Number(lastInsertRowid) };
    this._buckets.set(bucket.name, added);
    return added;
  }

  /** Writes the change first: what is in memory is never ahead of the disk. */
  changeBucket(
    bucket: IBucket,
    change: Partial<Pick<IBucket, 'tags' | 'visibility' | 'allowed' | 'notifications' | 'policy' | 'owner'>>
  ): void {
    const next = { ...bucket, ...change };
    this.db
      .prepare(
        'UPDATE buckets SET tags = ?, visibility = ?, allowed = ?, notifications = ?, policy = ?, owner = ? WHERE id = ?'
      )
      .run(
        JSON.stringify(next.tags),
        next.visibility,
        JSON.stringify(next.allowed),
        JSON.stringify(next.notifications),
        next.policy,
        next.owner,
        bucket.id
      );
    Object.assign(bucket, change);
  }

  dropBucket(bucket: IBucket): void {
    transaction(this.db, () => {
      this.db.prepare('DELETE FROM objects WHERE bucket = ?').run(bucket.id);
      this.db.prepare('DELETE FROM uploads WHERE bucket = ?').run(bucket.id);
      this.db.prepare('DELETE FROM buckets WHERE id = ?').run(bucket.id);
      this.redo({ kind: 'drop', bucket: bucket.id, folder: bucket.name, key: '', path: '', staged: '' });
    });
    this._buckets.delete(bucket.name);
  }

  get(bucket: IBucket, key: string): IObjectRow | undefined {
    return this._get.get(bucket.id, key) as unknown as IObjectRow | undefined;
  }

  put(bucket: IBucket, row: IObjectRow): void {
    this.recent.forget(bucket.id, row.key);
    this._upsert.run(
      bucket.id,
      row.key,
      row.size,
      row.etag,
      row.modified,
      row.type,
      row.metadata,
      row.headers,
      row.tags,
      row.checksums,
      row.parts,
      row.path,
      row.mtime,
      row.fold
    );
  }

  delete(bucket: IBucket, key: string): void {
    this.recent.forget(bucket.id, key);
    this._delete.run(bucket.id, key);
  }

  isTaken(bucket: number, fold: string, key: string): boolean {
    return this._fold.get(bucket, fold, key) !== undefined;
  }

  redo(step: IRedo): void {
    this._redo.run(++this._lastRedo, step.kind, step.bucket, step.folder, step.key, step.path, step.staged);
  }

  /** All steps so far are done on disk: their rows go with the next transaction. */
  redoDone(): void {
    this._doneRedo = this._lastRedo;
  }

  /** Call inside a transaction. */
  forgetRedo(): void {
    if (this._doneRedo > this._forgottenRedo) {
      this._redone.run(this._doneRedo);
      this._forgottenRedo = this._doneRedo;
    }
  }

  meta(name: string): string | undefined {
    const row = this.db.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: string } | undefined;
    return row?.value;
  }

  setMeta(name: string, value: string): void {
    this.db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)').run(name, value);
  }

  /** Counts anew: after a crash the numbers on disk are those of the last clean end. */
  recount(): void {
    const rows = this.db.prepare('SELECT bucket, count(*) AS n, sum(size) AS bytes FROM objects GROUP BY bucket').all();
    const counts = new Map((rows as { bucket: number; n: number; bytes: number }[]).map(row => [row.bucket, row]));
    for (const bucket of this._buckets.values()) {
      bucket.objects = counts.get(bucket.id)?.n ?? 0;
      bucket.bytes = counts.get(bucket.id)?.bytes ?? 0;
    }
  }

  saveCounts(): void {
    const save = this.db.prepare('UPDATE buckets SET objects = ?, bytes = ? WHERE id = ?');
    transaction(this.db, () => {
      for (const bucket of this._buckets.values()) {
        save.run(bucket.objects, bucket.bytes, bucket.id);
      }
    });
  }

  private readonly _buckets = new Map<string, IBucket>();
  private readonly _get: StatementSync;
  private readonly _upsert: StatementSync;
  private readonly _delete: StatementSync;
  private readonly _fold: StatementSync;
  private readonly _redo: StatementSync;
  private readonly _redone: StatementSync;
  private _lastRedo = 0;
  private _doneRedo = 0;
  private _forgottenRedo = 0;
}

function fromRow(row: IBucketRow): IBucket {
  return {
    id: row.id,
    name: row.name,
    created: row.created,
    owner: row.owner,
    tags: JSON.parse(row.tags) as Record<string, string>,
    visibility: row.visibility as IBucketInfo['visibility'],
    allowed: JSON.parse(row.allowed) as string[],
    notifications: JSON.parse(row.notifications) as INotification[],
    policy: row.policy,
    objects: row.objects,
    bytes: row.bytes
  };
}
