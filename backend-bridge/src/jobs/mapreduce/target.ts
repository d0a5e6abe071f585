import { link, copyFile, mkdir, open, readdir, readFile, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createWriteStream } from 'node:fs';
import type { ComputeRequest } from '../../contract';
import { BridgeError } from '../../http/errors';
import { engineCluster, invalid, pathOf, storageOf, type IPlaces } from './places';
import { BucketFiles, FolderFiles, type IStoreFiles } from './store-files';

/** What lies in every finished output, last of all; inputs leave names with `_` out. */
export const MANIFEST = '_manifest.json';
export const SUCCESS = '_SUCCESS';

export interface IManifest {
  job: string;
  kind: string;
  name?: string;
  /** When it was made. */
  finishedAt: string;
  results: number;
  files: { name: string; size: number }[];
}

/** Where files of a result come from. */
type Source = Pick<IStoreFiles, 'read' | 'path'>;

/** Where the result of a job goes. */
export interface ITarget {
  /** For claims: the same place has the same text. */
  place: string;
  /** For the user: a folder, or `bucket/prefix`. */
  shown: string;
  /** What input in it begins with: it is the result of a run before. */
  within: string;
  /** Files that are there now, for reading. */
  files: IStoreFiles;
  /** @throws BridgeError when something of somebody else is there and may not be replaced. */
  check(): Promise<void>;
  /** Whether what is there now is the result of the job. */
  isOwn(): Promise<boolean>;
  /** Puts the files there. May be repeated; a manifest of this job says that it has been done. */
  publish(from: Source, manifest: IManifest): Promise<void>;
}

/** @returns Undefined when the request names no output: the result stays in the store. */
export async function targetOf(spec: ComputeRequest, places: IPlaces, job: string): Promise<ITarget | undefined> {
  const { output } = spec;
  if (output === undefined) {
    return undefined;
  }
  if ('bucket' in output) {
    const cluster = places.clusters.get(engineCluster(spec)).id;
    const prefix = output.prefix.replace(/^\/+|\/+$/g, '');
    if (prefix === '') {
      throw invalid('The output needs a folder inside the bucket.', 'Give a prefix.');
    }
    const files = new BucketFiles(await storageOf(places, cluster), output.bucket, prefix);
    return new BucketTarget({ cluster, bucket: output.bucket, prefix, files, job, overwrite: spec.overwrite === true });
  }
  const path = (await pathOf(places, output.file)).replace(/(.)\/+$/, '$1');
  if (dirname(path) === path) {
    throw invalid('The output cannot be the root folder.', 'Give a folder of its own.');
  }
  return new FolderTarget(await resolved(path), job, spec.overwrite === true);
}

/** The path with links resolved as far as it exists, so that two names of one folder are one place. */
async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) {
      throw error;
    }
    return join(await resolved(dirname(path)), basename(path));
  }
}

class FolderTarget implements ITarget {
  constructor(
    private readonly _folder: string,
    private readonly _job: string,
    private readonly _overwrite: boolean
  ) {
    this.place = `file:${_folder}`;
    this.shown = _folder;
    this.within = `${_folder}/`;
    this.files = new FolderFiles(_folder);
  }

  async check(): Promise<void> {
    let entries: string[];
    try {
      entries = await readdir(this._folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') {
        return;
      }
      if (code === 'ENOTDIR') {
        throw taken(this.shown, 'is a file');
      }
      throw error;
    }
    if (entries.length > 0 && !this._overwrite && !(await this.isOwn())) {
      throw taken(this.shown, 'has files in it');
    }
  }

  async isOwn(): Promise<boolean> {
    return (await ownerOf(this.files)) === this._job;
  }

  async publish(from: Source, manifest: IManifest): Promise<void> {
    const aside = (word: string): string =>
      join(dirname(this._folder), `.${basename(this._folder)}.${this._job}.${word}`);
    const made = aside('new');
    const old = aside('old');
    if (!(await this.isOwn())) {
      await this.check();
      await rm(made, { recursive: true, force: true });
      await mkdir(made, { recursive: true });
      for (const file of manifest.files) {
        await place(from, file.name, join(made, file.name));
      }
      const files = new FolderFiles(made);
      await files.write(MANIFEST, manifestText(manifest));
      await files.write(SUCCESS, Buffer.alloc(0));
      await synced(made);
      await this._appear(made, old);
      await synced(dirname(this._folder));
    }
    await rm(old, { recursive: true, force: true });
    await rm(made, { recursive: true, force: true });
  }

  /** One rename makes the whole result visible; what was there before is put aside first, if it may be replaced. */
  private async _appear(made: string, old: string): Promise<void> {
    // An empty folder gives way to the rename; one that got files meanwhile does not.
    await rmdir(this._folder).catch(() => undefined);
    try {
      await rename(made, this._folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') {
        throw error;
      }
      if (!this._overwrite) {
        throw taken(this.shown, 'has files in it that came while the job ran');
      }
      await rename(this._folder, old);
      await rename(made, this._folder);
    }
  }

  readonly place: string;
  readonly shown: string;
  readonly within: string;
  readonly files: IStoreFiles;
}

interface IBucketTargetOptions {
  cluster: string;
  bucket: string;
  prefix: string;
  files: BucketFiles;
  job: string;
  overwrite: boolean;
}

/** A bucket has no rename: `_SUCCESS` comes last, after the manifest that names what counts. */
class BucketTarget implements ITarget {
  constructor(private readonly _options: IBucketTargetOptions) {
    this.place = `${_options.cluster}/${_options.bucket}/${_options.prefix}`;
    this.shown = `${_options.bucket}/${_options.prefix}`;
    this.within = `s3://${_options.bucket}/${_options.prefix}/`;
    this.files = _options.files;
  }

  async check(): Promise<void> {
    const { files, overwrite } = this._options;
    if (!overwrite && (await files.list('')).length > 0 && !(await this.isOwn())) {
      throw taken(this.shown, 'has objects in it');
    }
  }

  async isOwn(): Promise<boolean> {
    return (await ownerOf(this._options.files)) === this._options.job;
  }

  async publish(from: Source, manifest: IManifest): Promise<void> {
    const { files } = this._options;
    const before = await files.list('');
    if ((await this.isOwn()) && before.some(file => file.name === SUCCESS)) {
      return;
    }
    await this.check();
    await files.remove(SUCCESS);
    // The owner is written first, so that a repetition after a crash knows its own half-written result.
    await files.write(MANIFEST, manifestText({ ...manifest, files: [] }));
    for (const file of manifest.files) {
      await files.write(file.name, await from.read(file.name), file.size);
    }
    const wanted = new Set([MANIFEST, ...manifest.files.map(file => file.name)]);
    for (const file of before) {
      if (!wanted.has(file.name)) {
        await files.remove(file.name);
      }
    }
    await files.write(MANIFEST, manifestText(manifest));
    await files.write(SUCCESS, Buffer.alloc(0));
  }

  readonly place: string;
  readonly shown: string;
  readonly within: string;
  readonly files: IStoreFiles;
}

/** @throws BridgeError when the result that is to be read is not there any more. */
export async function checkThere(target: ITarget): Promise<void> {
  if (!(await target.isOwn())) {
    throw new BridgeError({
      type: 'gone',
      title: 'The result is not there any more',
      status: 410,
      detail: `“${target.shown}” was removed, or holds the result of another job.`,
      action: 'Run the job again.'
    });
  }
}

async function ownerOf(files: IStoreFiles): Promise<string | undefined> {
  if ((await files.size(MANIFEST)) === undefined) {
    return undefined;
  }
  const path = files.path(MANIFEST);
  try {
    const text = path === undefined ? await textOf(files) : await readFile(path, 'utf8');
    return (JSON.parse(text) as Partial<IManifest>).job;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

async function textOf(files: IStoreFiles): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of (await files.read(MANIFEST)) as AsyncIterable<Buffer>) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** A link costs nothing and leaves the file of the store where it is; on another disk it is a copy. */
async function place(from: Source, name: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const path = from.path(name);
  if (path === undefined) {
    await pipeline(await from.read(name), createWriteStream(to, { flush: true }));
    return;
  }
  try {
    await link(path, to);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      throw error;
    }
    await copyFile(path, to);
    await synced(to);
  }
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

const manifestText = (manifest: IManifest): Buffer => Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);

function taken(shown: string, what: string): BridgeError {
  return new BridgeError({
    type: 'output-exists',
    title: 'The output folder is not empty',
    status: 409,
    detail: `“${shown}” ${what}.`,
    action: 'Choose another output folder, or ask for it to be replaced (overwrite).'
  });
}
