import { Type, type Static } from '@sinclair/typebox';

/**
 * A file that the bridge can read itself. Exactly one form:
 * - `path`: absolute path on this machine (kernels and the command line; refused from the page);
 * - `contents`: path in JupyterLab's file browser, resolved inside the Jupyter root folder;
 * - `upload`: id answered by `POST /v1/uploads` (the page, for files from the desktop);
 * - `object`: an object of a bucket of the same cluster.
 */
export const FileRef = Type.Union(
  [
    Type.Object({ path: Type.String() }, { additionalProperties: false }),
    Type.Object({ contents: Type.String() }, { additionalProperties: false }),
    Type.Object({ upload: Type.String() }, { additionalProperties: false }),
    Type.Object({ object: Type.Object({ bucket: Type.String(), key: Type.String() }) }, { additionalProperties: false })
  ],
  { $id: 'FileRef' }
);
export type FileRef = Static<typeof FileRef>;

/** An upload in parts of at most 16 MB: `POST /v1/uploads`, `PUT /v1/uploads/:id?offset=`, then use `{upload: id}`. */
export const Upload = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    size: Type.Integer({ description: 'Bytes announced.' }),
    received: Type.Integer({ description: 'Bytes stored so far; the next part starts here.' })
  },
  { $id: 'Upload' }
);
export type Upload = Static<typeof Upload>;

/** One object of a bucket. */
export const StoredObject = Type.Object(
  {
    key: Type.String(),
    size: Type.Integer(),
    modified: Type.Optional(Type.String({ description: 'ISO 8601, UTC.' })),
    etag: Type.Optional(Type.String())
  },
  { $id: 'StoredObject' }
);
export type StoredObject = Static<typeof StoredObject>;

export const ObjectPage = Type.Object(
  {
    items: Type.Array(StoredObject),
    prefixes: Type.Array(Type.String({ description: 'Folders, with the trailing slash.' })),
    next: Type.Optional(Type.String({ description: 'Give it back as `page` for the rest.' }))
  },
  { $id: 'ObjectPage' }
);
export type ObjectPage = Static<typeof ObjectPage>;

export const Bucket = Type.Object(
  {
    name: Type.String(),
    visibility: Type.Optional(
      Type.String({ description: 'private, public, restricted; empty when the cluster does not say.' })
    ),
    owner: Type.Optional(Type.String()),
    fromService: Type.Optional(Type.String())
  },
  { $id: 'Bucket' }
);
export type Bucket = Static<typeof Bucket>;

/** A file that a service returned. `href` is below `/v1` of the bridge. */
export const ResultFile = Type.Object(
  {
    name: Type.String({ description: 'Name without the folder of the output path.' }),
    mediaType: Type.String(),
    size: Type.Integer(),
    href: Type.String(),
    bucket: Type.Optional(Type.String()),
    key: Type.Optional(Type.String())
  },
  { $id: 'ResultFile' }
);
export type ResultFile = Static<typeof ResultFile>;
