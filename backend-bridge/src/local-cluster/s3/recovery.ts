import { readdirSync, renameSync, rmSync } from 'node:fs';
import type { Catalog } from './catalog';
import { transaction } from '../database';
import type { Places } from './places';
import type { IObjectRow, IPartRow, IUploadRow } from './schema';
import type { Staging } from './staging';

/** Multipart uploads that nobody completed are given up after a week. */
const UPLOAD_DAYS = 7;

interface IRedoRow {
  kind: string;
  bucket: number;
  folder: string;
  key: string;
  path: string;
  staged: string;
}

/**
 * Brings the disk to where the index says it is, after whatever happened to the last process: finishes what was committed,
 * removes bytes that never became an object, and takes objects out of the index whose files are gone or cut short.
 */
export function recover(store: {
  catalog: Catalog;
  places: Places;
  staging: Staging;
  log: (line: string) => void;
}): void {
  const { catalog, places, staging, log } = store;
  const clean = catalog.meta('clean') === 'yes';
  redo(catalog, places, staging);
  dropOldUploads(catalog);
  const kept = keepUploads(catalog, staging);
  for (const name of readdirSync(staging.folder)) {
    if (!kept.has(name)) {
      rmSync(staging.path(name), { recursive: true, force: true });
    }
  }
  if (!clean) {
    const lost = dropLost(catalog, places);
    if (lost > 0) {
      log(`${lost} objects had no file of their size any more and were taken out of the index.`);
    }
    catalog.recount();
  }
  catalog.setMeta('clean', 'no');
}

/** Each step is done or not done at all, and only the last of a key can be undone; so all of them may be tried again. */
function redo(catalog: Catalog, places: Places, staging: Staging): void {
  const current = catalog.db.prepare('SELECT * FROM objects WHERE bucket = ? AND key = ?');
  for (const row of catalog.db.prepare('SELECT * FROM redo ORDER BY id').all() as unknown as IRedoRow[]) {
    const object = current.get(row.bucket, row.key) as unknown as IObjectRow | undefined;
    if (row.kind === 'drop') {
      if (!catalog.buckets.has(row.folder)) {
        rmSync(places.folder(row.folder), { recursive: true, force: true });
      }
    } else if (catalog.buckets.get(row.folder)?.id !== row.bucket) {
      // The bucket went later; its own step follows.
      continue;
    } else if (row.kind === 'remove') {
      if (object?.path !== row.path) {
        places.remove(row.folder, row.path, folder => isMarker(current.get(row.bucket, folder), folder));
      }
    } else if (object?.path === row.path) {
      try {
        renameSync(staging.path(row.staged), places.full(row.folder, row.path));
      } catch (error) {
        // Not there: it was renamed before the end.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          throw error;
        }
      }
    }
  }
  catalog.db.exec('DELETE FROM redo');
}

function isMarker(row: unknown, folder: string): boolean {
  return (row as IObjectRow | undefined)?.path === folder;
}

function dropOldUploads(catalog: Catalog): void {
  catalog.db.prepare('DELETE FROM uploads WHERE started < ?').run(Date.now() - UPLOAD_DAYS * 86_400_000);
}

/** Names in the staging folder that belong to uploads; parts whose bytes are gone are forgotten. */
function keepUploads(catalog: Catalog, staging: Staging): Set<string> {
  const present = new Set(readdirSync(staging.folder));
  const kept = new Set<string>();
  const uploads = catalog.db.prepare('SELECT * FROM uploads').all() as unknown as IUploadRow[];
  for (const upload of uploads) {
    kept.add(upload.id);
  }
  const forget = catalog.db.prepare('DELETE FROM parts WHERE upload = ? AND number = ?');
  for (const part of catalog.db.prepare('SELECT * FROM parts').all() as unknown as IPartRow[]) {
    const name = part.file === '' ? part.upload : part.file;
    if (present.has(name)) {
      kept.add(name);
    } else {
      forget.run(part.upload, part.number);
    }
  }
  return kept;
}

function dropLost(catalog: Catalog, places: Places): number {
  let lost = 0;
  const read = catalog.db.prepare('SELECT * FROM objects WHERE bucket = ? AND key > ? ORDER BY key LIMIT 1000');
  for (const bucket of catalog.buckets.values()) {
    let after = '';
    for (;;) {
      const rows = read.all(bucket.id, after) as unknown as IObjectRow[];
      if (rows.length === 0) {
        break;
      }
      after = rows[rows.length - 1].key;
      const gone = rows.filter(row => !row.path.endsWith('/') && places.size(bucket.name, row.path) !== row.size);
      transaction(catalog.db, () => gone.forEach(row => catalog.delete(bucket, row.key)));
      lost += gone.length;
    }
  }
  return lost;
}
