import type { Readable } from 'node:stream';
import type { ICluster, IObjectStorage } from '../clusters';
import { objectHref } from '../clusters/outputs';
import { typeOfName } from '../clusters/media';
import type { ResultFile, StoredObject } from '../contract';
import { isProblem } from '../http';
import { CLAIM_FILE, type IStatus } from '../pipelines';
import type { IObjectPlace } from './places';

/** A status is a page of JSON; what is far larger is none (bytes). */
const LARGEST_STATUS = 4 * 1024 * 1024;
const PAGES = 20;
const STATUS = '_status.json';

/** The status that a node has left, with the mark by which a later one is told apart. */
export interface IFoundStatus {
  status: IStatus;
  etag: string;
}

/** Undefined while there is none, or while it is the one of `old`. */
export async function readStatus(
  cluster: ICluster,
  folder: IObjectPlace,
  old: string | undefined
): Promise<IFoundStatus | undefined> {
  const storage = await cluster.storage();
  try {
    const found = await storage.get(folder.bucket, `${folder.key}${STATUS}`);
    if (found.etag === old || found.size > LARGEST_STATUS) {
      found.body.destroy();
      return undefined;
    }
    const status = parseStatus(await textOf(found.body));
    return status && { status, etag: found.etag };
  } catch (error) {
    if (isProblem(error, 'not-found')) {
      return undefined;
    }
    throw error;
  }
}

export async function statusMark(cluster: ICluster, folder: IObjectPlace): Promise<string | undefined> {
  return (await headOf(await cluster.storage(), folder.bucket, `${folder.key}${STATUS}`))?.etag;
}

function parseStatus(text: string): IStatus | undefined {
  try {
    const value = JSON.parse(text) as Partial<IStatus> | null;
    if (typeof value !== 'object' || value === null || typeof value.code !== 'number') {
      return undefined;
    }
    return {
      node: String(value.node ?? ''),
      service: String(value.service ?? ''),
      run: String(value.run ?? ''),
      code: value.code,
      startedAt: String(value.startedAt ?? ''),
      finishedAt: String(value.finishedAt ?? ''),
      artifacts: Array.isArray(value.artifacts) ? value.artifacts.map(String) : [],
      ...(value.notebook ? { notebook: String(value.notebook) } : {}),
      missing: Array.isArray(value.missing) ? value.missing.map(String) : [],
      ...(value.reason ? { reason: String(value.reason) } : {})
    };
  } catch {
    // Half a file, or somebody else's: the node has not told yet.
    return undefined;
  }
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What a node has left in its folder of the run; with `names` only these. */
export async function listArtifacts(
  cluster: ICluster,
  folder: IObjectPlace,
  names: string[] | undefined
): Promise<ResultFile[]> {
  const wanted = names && names.length > 0 ? new Set(names) : undefined;
  const objects = await listAll(await cluster.storage(), folder.bucket, folder.key);
  return objects
    .map(object => ({ ...object, name: object.key.slice(folder.key.length) }))
    .filter(
      ({ name }) =>
        name !== '' && name !== STATUS && name !== CLAIM_FILE && !name.endsWith('/') && (wanted?.has(name) ?? true)
    )
    .map(({ key, size, name }) => ({
      name,
      mediaType: typeOfName(name) ?? 'application/octet-stream',
      size,
      href: objectHref(cluster.id, folder.bucket, key),
      bucket: folder.bucket,
      key
    }));
}

/** Objects below a prefix; none when the bucket is gone. */
export async function listAll(storage: IObjectStorage, bucket: string, prefix: string): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  let page: string | undefined;
  try {
    for (let pages = 0; pages < PAGES; pages++) {
      const list = await storage.list(bucket, { prefix, page });
      objects.push(...list.items);
      page = list.next;
      if (page === undefined) {
        break;
      }
    }
  } catch (error) {
    if (!isProblem(error, 'not-found')) {
      throw error;
    }
  }
  return objects;
}

/** Undefined also when the bucket is gone. */
export async function headOf(storage: IObjectStorage, bucket: string, key: string): ReturnType<IObjectStorage['head']> {
  try {
    return await storage.head(bucket, key);
  } catch (error) {
    if (isProblem(error, 'not-found')) {
      return undefined;
    }
    throw error;
  }
}
