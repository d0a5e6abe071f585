/** The index beside the files; entry n of the list is version n + 1 and is never edited. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE buckets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    owner TEXT NOT NULL,
    tags TEXT NOT NULL,
    visibility TEXT NOT NULL,
    allowed TEXT NOT NULL,
    notifications TEXT NOT NULL,
    policy TEXT NOT NULL DEFAULT '',
    objects INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE objects (
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    type TEXT NOT NULL,
    metadata TEXT NOT NULL,
    headers TEXT NOT NULL,
    tags TEXT NOT NULL,
    checksums TEXT NOT NULL,
    parts TEXT NOT NULL,
    path TEXT NOT NULL,
    mtime REAL NOT NULL,
    fold TEXT,
    PRIMARY KEY (bucket, key)
  ) WITHOUT ROWID;
  CREATE INDEX objects_fold ON objects (bucket, fold) WHERE fold IS NOT NULL;
  -- What is to be done on disk after a commit: done again at the next start when the process was killed before.
  CREATE TABLE redo (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    folder TEXT NOT NULL,
    key TEXT NOT NULL,
    path TEXT NOT NULL,
    staged TEXT NOT NULL
  );
  CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL);
  CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    started INTEGER NOT NULL,
    principal TEXT NOT NULL,
    slot INTEGER NOT NULL DEFAULT 0,
    attributes TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX uploads_key ON uploads (bucket, key, started);
  CREATE TABLE parts (
    upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    checksums TEXT NOT NULL,
    file TEXT NOT NULL,
    PRIMARY KEY (upload, number)
  ) WITHOUT ROWID;
  `
];

export interface IBucketRow {
  id: number;
  name: string;
  created: number;
  owner: string;
  tags: string;
  visibility: string;
  allowed: string;
  notifications: string;
  policy: string;
  objects: number;
  bytes: number;
}

export interface IObjectRow {
  key: string;
  size: number;
  etag: string;
  /** Milliseconds since 1970. */
  modified: number;
  type: string;
  /** JSON: user metadata. */
  metadata: string;
  /** JSON: cache-control, content-encoding and the like, lower case. */
  headers: string;
  /** JSON: tags of the object; '' for none. */
  tags: string;
  /** JSON: algorithm to base64; '' for none. */
  checksums: string;
  /** JSON: sizes of the parts it was made of; '' for none. */
  parts: string;
  path: string;
  /** Time of the file when we wrote it: tells a file that someone else has changed. */
  mtime: number;
  fold: string | null;
}

export interface IUploadRow {
  id: string;
  bucket: number;
  key: string;
  started: number;
  principal: string;
  /** Part n lies at (n - 1) * slot of the upload's own file; 0 while nothing was written there. */
  slot: number;
  /** JSON: IAttributes. */
  attributes: string;
}

export interface IPartRow {
  upload: string;
  number: number;
  size: number;
  etag: string;
  modified: number;
  checksums: string;
  /** Name of a file of its own, '' when it lies in the upload's file. */
  file: string;
}
