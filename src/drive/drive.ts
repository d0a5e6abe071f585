import type { Contents, ServerConnection } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ObjectCalls } from '../bridge/objects';
import type { StoredObject } from '../contract';
import { bytesOf, contentOf } from './content';
import type { IPlace } from './path';
import { DRIVE, freeName, lastPart, parentOf, parsePath, refused } from './path';

export interface IBucketDriveOptions {
  serverSettings: ServerConnection.ISettings;
  /** Ids of clusters, and `@aws` where AWS can be called. */
  places: () => Promise<string[]>;
  storage: (place: string) => ObjectCalls;
  /** Media type and format of a file, by its name. */
  typeOf: (path: string) => { mimetype: string; format?: Contents.FileFormat };
}

interface IFound {
  kind: 'file' | 'folder';
  item?: StoredObject;
}

/**
 * Buckets as a drive of JupyterLab: what its file browser, editors and viewers do, they do with objects.
 *
 * S3 knows no folders: one is there while an object begins with its name, or an empty object of its name with a slash stands for
 * it. There are no versions to go back to, so checkpoints are accepted and keep nothing.
 */
export class BucketDrive implements Contents.IDrive {
  constructor(private readonly _options: IBucketDriveOptions) {
    this.serverSettings = _options.serverSettings;
  }

  readonly name = DRIVE;
  readonly serverSettings: ServerConnection.ISettings;

  get fileChanged(): ISignal<this, Contents.IChangedArgs> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  async get(path: string, options: Contents.IFetchOptions = {}): Promise<Contents.IModel> {
    const { place, bucket, key } = parsePath(path);
    const whole = options.content !== false;
    if (place === undefined || bucket === undefined) {
      const names = !whole
        ? []
        : place === undefined
          ? await this._options.places()
          : (await this._options.storage(place).buckets()).map(item => item.name);
      const base = place === undefined ? '' : `${place}/`;
      return this._folder(path, whole ? names.map(name => this._folder(`${base}${name}`, null)) : null);
    }
    const found = options.type === 'directory' ? { kind: 'folder' as const } : await this._find({ place, bucket, key });
    if (found === undefined) {
      throw missing(path);
    }
    if (found.kind === 'folder' || found.item === undefined) {
      return this._folder(path, whole ? await this._children({ place, bucket, key }) : null);
    }
    const model = this._file(path, found.item);
    if (!whole) {
      return { ...model, type: options.type ?? model.type };
    }
    const bytes = await this._options.storage(place).bytes(bucket, key);
    const format = options.format ?? this._options.typeOf(path).format;
    const content = await contentOf(bytes, path, { type: options.type, format: options.format ?? format });
    return { ...model, ...content };
  }

  async getDownloadUrl(path: string): Promise<string> {
    const { storage, bucket, key } = this._at(path);
    return storage.url(bucket, key);
  }

  async newUntitled(options: Contents.ICreateOptions = {}): Promise<Contents.IModel> {
    const folder = (options.path ?? '').replace(/\/+$/, '');
    const { place, bucket, key } = this._at(`${folder}/x`);
    const taken = new Set((await this._children({ place, bucket, key: parentOf(key) })).map(item => item.name));
    if (options.type === 'directory') {
      return this._make(`${folder}/${freeName('untitled folder', taken)}`, { type: 'directory' });
    }
    if (options.type === 'notebook') {
      const content = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };
      return this._make(`${folder}/${freeName('Untitled.ipynb', taken)}`, {
        type: 'notebook',
        format: 'json',
        content
      });
    }
    const name = freeName(`untitled${options.ext ?? '.txt'}`, taken);
    return this._make(`${folder}/${name}`, { type: 'file', format: 'text', content: '' });
  }

  async delete(path: string): Promise<void> {
    const { storage, place, bucket, key } = this._at(path);
    const found = await this._find({ place, bucket, key });
    if (found?.kind === 'folder') {
      await this._removeBelow(storage, bucket, `${key}/`);
    } else {
      await storage.remove(bucket, key);
    }
    this._changed.emit({ type: 'delete', oldValue: { path }, newValue: null });
  }

  async rename(from: string, to: string): Promise<Contents.IModel> {
    const old = this._at(from);
    const found = await this._find(old);
    if (found?.kind !== 'file') {
      throw refused(
        'Folders keep their names',
        'Buckets have no folders that could be renamed.',
        'Make a new folder and move the files.'
      );
    }
    if (await this._find(this._at(to))) {
      // JupyterLab asks then whether it may be written over.
      throw answered(409, refused('Already there', `There is a ${to} already.`, 'Choose another name.'));
    }
    await this._copy(from, to);
    await old.storage.remove(old.bucket, old.key);
    const model = await this.get(to, { content: false });
    this._changed.emit({ type: 'rename', oldValue: { path: from }, newValue: model });
    return model;
  }

  async save(path: string, options: Partial<Contents.IModel> = {}): Promise<Contents.IModel> {
    const { chunk } = options;
    if (chunk === undefined) {
      return this._make(path, options, 'save');
    }
    // Large uploads come in pieces, the last one with -1; S3 takes an object whole.
    const pieces = chunk === 1 ? [] : (this._pieces.get(path) ?? []);
    const { mimetype } = this._options.typeOf(path);
    pieces.push(bytesOf(options, mimetype));
    if (chunk !== -1) {
      this._pieces.set(path, pieces);
      return this._file(path, { key: path, size: pieces.reduce((sum, piece) => sum + piece.size, 0) });
    }
    this._pieces.delete(path);
    return this._put(path, new Blob(pieces, { type: mimetype }), 'save');
  }

  async copy(path: string, folder: string): Promise<Contents.IModel> {
    const { place, bucket, key } = this._at(`${folder}/x`);
    const taken = new Set((await this._children({ place, bucket, key: parentOf(key) })).map(item => item.name));
    const to = `${folder.replace(/\/+$/, '')}/${freeName(lastPart(path), taken)}`;
    await this._copy(path, to);
    const model = await this.get(to, { content: false });
    this._changed.emit({ type: 'new', oldValue: null, newValue: model });
    return model;
  }

  async createCheckpoint(): Promise<Contents.ICheckpointModel> {
    return { id: 'none', last_modified: new Date().toISOString() };
  }

  async listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return [];
  }

  async restoreCheckpoint(path: string): Promise<void> {
    throw refused('Nothing to go back to', `Buckets keep no earlier versions of ${path}.`);
  }

  async deleteCheckpoint(): Promise<void> {
    return Promise.resolve();
  }

  /** @throws BridgeError outside of a bucket */
  private _at(path: string): { storage: ObjectCalls; place: string; bucket: string; key: string } {
    const { place, bucket, key } = parsePath(path);
    if (place === undefined || bucket === undefined || key === '') {
      throw refused(
        'Not in a bucket',
        'Buckets are made and deleted with the services that they belong to.',
        'Open a bucket first.'
      );
    }
    return { storage: this._options.storage(place), place, bucket, key };
  }

  private async _make(
    path: string,
    model: Partial<Contents.IModel>,
    change: 'new' | 'save' = 'new'
  ): Promise<Contents.IModel> {
    if (model.type === 'directory') {
      const { storage, bucket, key } = this._at(path);
      await storage.put(bucket, `${key}/`, new Blob([], { type: 'application/x-directory' }));
      const made = this._folder(path, null);
      this._changed.emit({ type: change, oldValue: null, newValue: made });
      return made;
    }
    return this._put(path, bytesOf(model, this._options.typeOf(path).mimetype), change);
  }

  private async _put(path: string, bytes: Blob, change: 'new' | 'save'): Promise<Contents.IModel> {
    const { storage, bucket, key } = this._at(path);
    await storage.put(bucket, key, bytes);
    const model = await this.get(path, { content: false });
    this._changed.emit({ type: change, oldValue: null, newValue: model });
    return model;
  }

  private async _copy(from: string, to: string): Promise<void> {
    const [source, target] = [this._at(from), this._at(to)];
    const bytes = await source.storage.bytes(source.bucket, source.key);
    await target.storage.put(target.bucket, target.key, bytes);
  }

  /** What is there; a key that ends in a slash stands for its folder. */
  private async _find({ place, bucket, key }: IPlace): Promise<IFound | undefined> {
    if (place === undefined || bucket === undefined || key === '') {
      return { kind: 'folder' };
    }
    const storage = this._options.storage(place);
    // The key itself is the first of those that begin with it; the folder may come pages later.
    const item = (await storage.objects(bucket, { prefix: key })).items.find(each => each.key === key);
    if (item) {
      return { kind: 'file', item };
    }
    const { items, prefixes } = await storage.objects(bucket, { prefix: `${key}/` });
    return items.length + prefixes.length > 0 ? { kind: 'folder' } : undefined;
  }

  private async _children({ place, bucket, key }: IPlace): Promise<Contents.IModel[]> {
    if (place === undefined || bucket === undefined) {
      return [];
    }
    const prefix = key === '' ? '' : `${key.replace(/\/+$/, '')}/`;
    const base = `${place}/${bucket}`;
    const models: Contents.IModel[] = [];
    for await (const page of pages(this._options.storage(place), bucket, prefix)) {
      models.push(...page.prefixes.map(name => this._folder(`${base}/${name.replace(/\/+$/, '')}`, null)));
      models.push(
        ...page.items.filter(item => item.key !== prefix).map(item => this._file(`${base}/${item.key}`, item))
      );
    }
    return models;
  }

  private async _removeBelow(storage: ObjectCalls, bucket: string, prefix: string): Promise<void> {
    for await (const page of pages(storage, bucket, prefix)) {
      for (const folder of page.prefixes) {
        await this._removeBelow(storage, bucket, folder);
      }
      for (const { key } of page.items) {
        await storage.remove(bucket, key);
      }
    }
  }

  private _folder(path: string, content: Contents.IModel[] | null): Contents.IModel {
    return {
      name: lastPart(path),
      path: path.replace(/^\/+|\/+$/g, ''),
      type: 'directory',
      writable: true,
      created: '',
      last_modified: '',
      mimetype: '',
      format: content === null ? null : 'json',
      content
    } as unknown as Contents.IModel;
  }

  private _file(path: string, item: StoredObject): Contents.IModel {
    const at = item.modified ?? '';
    return {
      name: lastPart(path),
      path,
      type: path.endsWith('.ipynb') ? 'notebook' : 'file',
      writable: true,
      created: at,
      last_modified: at,
      mimetype: this._options.typeOf(path).mimetype,
      size: item.size,
      format: null,
      content: null
    } as unknown as Contents.IModel;
  }

  private readonly _changed = new Signal<this, Contents.IChangedArgs>(this);
  private readonly _pieces = new Map<string, Blob[]>();
  private _disposed = false;
}

/** All pages below a prefix. */
async function* pages(
  storage: ObjectCalls,
  bucket: string,
  prefix: string
): AsyncGenerator<Awaited<ReturnType<ObjectCalls['objects']>>> {
  let page: string | undefined;
  do {
    const found = await storage.objects(bucket, { prefix, page });
    yield found;
    page = found.next;
  } while (page !== undefined);
}

function missing(path: string): Error {
  return answered(404, refused('Not there', `There is no ${path} any more.`, 'Refresh the list.'));
}

/** JupyterLab looks for the status where its own server's errors have it. */
function answered(status: number, error: Error): Error {
  return Object.assign(error, { response: { status } });
}
