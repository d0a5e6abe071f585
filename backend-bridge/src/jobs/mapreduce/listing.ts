import { readdir, realpath, stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import type { IObjectStorage } from '../../clusters/interfaces';
import type { ComputeInput, ComputeRequest } from '../../contract';
import { BridgeError } from '../../http/errors';
import { fixedPart, isPattern, matcher } from './glob';
import { inputCluster, invalid, pathOf, storageOf, type IPlaces } from './places';

/** A file or object of the input. */
export interface IFoundFile {
  /** Absolute path, or `s3://bucket/key`. */
  uri: string;
  size: number;
  version: string;
}

export interface IListing {
  files: IFoundFile[];
  /** Cluster of the objects among them; they are all of one. */
  cluster?: string;
}

/**
 * All files of the input in the order of the request, those of a folder by name, each once. Hidden files and names that begin
 * with `_` (marks of finished jobs) are left out of folders and prefixes, as Hadoop does; a file that is named itself counts.
 *
 * @throws BridgeError when one of the inputs is not there or may not be read, or nothing matches a pattern.
 */
export async function listInputs(
  inputs: readonly ComputeInput[],
  spec: ComputeRequest,
  places: IPlaces,
  signal: AbortSignal
): Promise<IListing> {
  const found = new Map<string, IFoundFile>();
  const clusters = new Set<string>();
  for (const input of inputs) {
    const cluster = inputCluster(places, spec, input);
    if (cluster !== undefined) {
      clusters.add(cluster);
    }
    if (clusters.size > 1) {
      throw invalid(
        `The inputs are in buckets of several clusters: ${[...clusters].join(', ')}.`,
        'Use one cluster for each job: workers get the keys of one.'
      );
    }
    signal.throwIfAborted();
    const files =
      cluster === undefined
        ? await listPath(input, places, signal)
        : await listBucket(input, await storageOf(places, cluster), signal);
    files.forEach(file => found.set(file.uri, file));
  }
  return { files: [...found.values()], ...(clusters.size === 0 ? {} : { cluster: [...clusters][0] }) };
}

async function listPath(input: ComputeInput, places: IPlaces, signal: AbortSignal): Promise<IFoundFile[]> {
  if ('bucket' in input) {
    throw invalid('A bucket is not a path.');
  }
  const path = await pathOf(places, input.file);
  const state = await look(path);
  if (state === undefined && input.glob === undefined && isPattern(path)) {
    const base = fixedPart(path);
    return walk(base, path.slice(base.length), signal);
  }
  if (state === undefined) {
    throw missing(path);
  }
  if (input.glob !== undefined && !state.isDirectory()) {
    throw invalid(`“${path}” is not a folder, so the pattern “${input.glob}” has nothing to look in.`);
  }
  if (state.isDirectory()) {
    return walk(path, input.glob, signal);
  }
  if (!state.isFile()) {
    throw invalid(
      `“${path}” is neither a file nor a folder.`,
      'Pipes and devices cannot be split: write a file first.'
    );
  }
  return [fileOf(path, state)];
}

async function walk(base: string, pattern: string | undefined, signal: AbortSignal): Promise<IFoundFile[]> {
  const matches = pattern === undefined ? undefined : matcher(pattern);
  const files: IFoundFile[] = [];
  // A link that leads to a folder above would never end.
  const above = new Set<string>();
  const visit = async (folder: string, relative: string): Promise<void> => {
    signal.throwIfAborted();
    const real = await realpath(folder);
    if (above.has(real)) {
      return;
    }
    above.add(real);
    const names = (await readdir(folder).catch((error: unknown) => Promise.reject(unreadable(folder, error)))).sort(
      byCode
    );
    const seen = names.filter(name => matches !== undefined || !isMark(name));
    const states = await lookAll(seen.map(name => join(folder, name)));
    for (const [at, name] of seen.entries()) {
      const path = join(folder, name);
      const place = relative === '' ? name : `${relative}/${name}`;
      const state = states[at];
      if (state?.isDirectory() && !name.startsWith('.')) {
        await visit(path, place);
      } else if (state?.isFile() && (matches === undefined || matches(place))) {
        files.push(fileOf(path, state));
      }
    }
    above.delete(real);
  };
  if (!(await look(base))?.isDirectory()) {
    throw missing(base);
  }
  await visit(base, '');
  if (files.length === 0 && pattern !== undefined) {
    throw nothing(`${base.endsWith('/') ? base : `${base}/`}${pattern}`);
  }
  return files;
}

async function listBucket(input: ComputeInput, storage: IObjectStorage, signal: AbortSignal): Promise<IFoundFile[]> {
  const place = 'bucket' in input ? input : 'object' in input.file ? input.file.object : undefined;
  if (place === undefined) {
    throw invalid('The input is not in a bucket.');
  }
  const { bucket } = place;
  if (place.key !== undefined) {
    const head = await storage.head(bucket, place.key);
    if (head === undefined) {
      throw missing(`${bucket}/${place.key}`);
    }
    return [{ uri: `s3://${bucket}/${place.key}`, size: head.size, version: head.etag }];
  }
  const prefix = 'prefix' in place ? (place.prefix ?? '') : '';
  const glob = 'glob' in place ? place.glob : undefined;
  const matches = glob === undefined ? undefined : matcher(glob);
  const files: IFoundFile[] = [];
  let page: string | undefined;
  do {
    signal.throwIfAborted();
    const answer = await storage.list(bucket, { prefix: prefix + (glob === undefined ? '' : fixedPart(glob)), page });
    for (const item of answer.items) {
      const rest = item.key.slice(prefix.length);
      const marks = rest.split('/').some(isMark);
      if (!item.key.endsWith('/') && (matches === undefined ? !marks : matches(rest))) {
        files.push({ uri: `s3://${bucket}/${item.key}`, size: item.size, version: item.etag ?? item.modified ?? '' });
      }
    }
    page = answer.next;
  } while (page !== undefined);
  if (files.length === 0 && (matches !== undefined || prefix !== '')) {
    throw nothing(`${bucket}/${prefix}${glob ?? ''}`);
  }
  return files.sort((a, b) => byCode(a.uri, b.uri));
}

const LOOKS = 64;
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const isMark = (name: string): boolean => name.startsWith('.') || name.startsWith('_');

function fileOf(path: string, state: BigIntStats): IFoundFile {
  return { uri: path, size: Number(state.size), version: state.mtimeNs.toString() };
}

/** Many at a time: one after the other takes seconds for a folder of 100,000 files. */
async function lookAll(paths: readonly string[]): Promise<(BigIntStats | undefined)[]> {
  const states: (BigIntStats | undefined)[] = [];
  for (let at = 0; at < paths.length; at += LOOKS) {
    states.push(...(await Promise.all(paths.slice(at, at + LOOKS).map(look))));
  }
  return states;
}

async function look(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
      return undefined;
    }
    throw unreadable(path, error);
  }
}

function missing(path: string): BridgeError {
  return new BridgeError({
    type: 'not-found',
    title: 'Input not found',
    status: 404,
    detail: `There is no “${path}”.`,
    action: 'Check the path.'
  });
}

function nothing(pattern: string): BridgeError {
  return new BridgeError({
    type: 'not-found',
    title: 'Nothing matches',
    status: 404,
    detail: `No file matches “${pattern}”.`,
    action: 'Check the pattern: `*` stays inside a folder, `**/` goes into folders.'
  });
}

function unreadable(path: string, error: unknown): BridgeError {
  return new BridgeError({
    type: 'not-permitted',
    title: 'The input may not be read',
    status: 403,
    detail: `“${path}” could not be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}.`,
    action: 'Check its permissions.'
  });
}
