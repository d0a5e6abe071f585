import { setTimeout as delay } from 'node:timers/promises';
import type { DeletionPreview, DeletionResult } from '../contract';
import type { IOscarService } from '../fdl';
import { BridgeError, isProblem } from '../http';
import { isFinished } from './job-calls';
import type { ICluster } from './interfaces';
import { requireService } from './jobs';
import { inPool } from './pool';
import { ownPlaces } from './service-view';

const PAGES_COUNTED = 10;

/** Buckets that a plain DELETE takes away with a service. */
function bucketsOf(service: IOscarService): string[] {
  const places = ownPlaces([...service.input, ...service.output], service.name);
  return [...new Set([...places.map(place => place.bucket), ...service.bucket_list])].filter(Boolean);
}

/** Those of them that are there, as far as one can see: the buckets that isolation USER gives to others are hidden from the owner. */
function existingOf(service: IOscarService, existing: Set<string> | undefined): string[] {
  return bucketsOf(service).filter(
    bucket => existing === undefined || existing.has(bucket) || service.bucket_list.includes(bucket)
  );
}

function usersOf(bucket: string, service: IOscarService, all: IOscarService[]): string[] {
  return all
    .filter(other => other.name !== service.name)
    .filter(
      other => bucketsOf(other).includes(bucket) || other.mount?.path.replace(/^\/+/, '').split('/')[0] === bucket
    )
    .map(other => other.name);
}

/** What a delete would take away, before anybody confirms it. */
export async function previewDeletion(cluster: ICluster, name: string): Promise<DeletionPreview> {
  const service = await requireService(cluster, name);
  const [all, existing] = await Promise.all([cluster.client.services(), bucketNames(cluster)]);
  const buckets = await inPool(existingOf(service, existing), 3, async bucket => ({
    name: bucket,
    ...(await contentsOf(cluster, bucket)),
    usedBy: usersOf(bucket, service, all)
  }));
  let jobs = 0;
  let running = 0;
  let page: string | undefined;
  for (let pages = 0; pages < PAGES_COUNTED; pages++) {
    const list = await cluster.client.jobs(name, page);
    jobs += list.jobs.length;
    running += list.jobs.filter(job => !isFinished(job.status)).length;
    page = list.next;
    if (page === undefined) {
      break;
    }
  }
  return { service: name, buckets, jobs, running };
}

async function contentsOf(
  cluster: ICluster,
  bucket: string
): Promise<{ objects: number; bytes: number; more: boolean }> {
  let objects = 0;
  let bytes = 0;
  let page: string | undefined;
  try {
    const storage = await cluster.storage();
    for (let pages = 0; pages < PAGES_COUNTED; pages++) {
      const list = await storage.list(bucket, { page, limit: 1000 });
      // Folder markers are nobody's data.
      const files = list.items.filter(item => !(item.key.endsWith('/') && item.size === 0));
      objects += files.length;
      bytes += files.reduce((total, item) => total + item.size, 0);
      page = list.next;
      if (page === undefined) {
        return { objects, bytes, more: false };
      }
    }
  } catch (error) {
    // The count is a help; a store that cannot be reached from here must not hide what would be deleted.
    if (!isProblem(error, 'unreachable', 'forbidden', 'not-found', 'unauthorized')) {
      throw error;
    }
  }
  return { objects, bytes, more: true };
}

/** Names of the buckets that can be seen; undefined when they cannot be listed. */
export async function bucketNames(cluster: ICluster): Promise<Set<string> | undefined> {
  try {
    return new Set((await cluster.client.buckets()).map(bucket => bucket.bucket_name));
  } catch (error) {
    // Before 3.6.0 there is no such list.
    if (isProblem(error, 'not-found', 'forbidden', 'remote-error')) {
      return undefined;
    }
    throw error;
  }
}

/** How often a change is looked for before it counts as not made. */
const LOOKS = 4;

/**
 * Takes the paths in these buckets out of a service and makes sure that it happened. The answer of the PUT means nothing: a
 * real cluster answers 500 and has done it (finding 12 of the recordings), and an older one may answer 204 and not have.
 */
async function detach(cluster: ICluster, service: IOscarService, buckets: Set<string>): Promise<void> {
  const stays = (list: IOscarService['input']): IOscarService['input'] =>
    list.filter(io => {
      const [place] = ownPlaces([io], service.name);
      return place !== undefined && !buckets.has(place.bucket);
    });
  const input = stays(service.input);
  const output = stays(service.output);
  // Without an input, isolation USER has no users' buckets: the cluster would delete them with this change. As a plain service
  // that still lists them it leaves them alone, now and when it is deleted.
  const users = service.bucket_list.some(bucket => buckets.has(bucket))
    ? { isolation_level: 'SERVICE', bucket_list: service.bucket_list }
    : {};
  let said: BridgeError | undefined;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await cluster.client.updateService({ ...service, ...users, input, output });
      said = undefined;
    } catch (error) {
      if (!(error instanceof BridgeError) || isProblem(error, 'unauthorized', 'forbidden')) {
        throw error;
      }
      said = error;
    }
    for (let look = 0; look < LOOKS; look++) {
      const now = await cluster.client.service(service.name);
      if (now && now.input.length === input.length && now.output.length === output.length) {
        return;
      }
      await delay(250 * 2 ** look);
    }
  }
  const names = [...buckets];
  throw new BridgeError({
    type: 'data-at-risk',
    title: 'The data could not be kept apart',
    status: 409,
    detail: `"${service.name}" was not deleted: its ${names.length === 1 ? 'bucket' : 'buckets'} ${names.join(', ')} would have been lost with it.`,
    ...(said?.problem.cause ? { cause: said.problem.cause } : {}),
    action: 'Save the data elsewhere and delete the service with its data, or try again.',
    extra: { buckets: names }
  });
}

/** Takes the links away that start this service, from the buckets of all services. */
async function unlink(
  cluster: ICluster,
  service: IOscarService,
  all: IOscarService[],
  existing: Set<string> | undefined,
  log?: (line: string) => void
): Promise<void> {
  const arn = `arn:minio:sqs::${service.name}:webhook`;
  const buckets = [...new Set([service, ...all].flatMap(bucketsOf))].filter(
    bucket => existing === undefined || existing.has(bucket)
  );
  await inPool(buckets, 4, async bucket => {
    try {
      const storage = await cluster.storage();
      const arns = (await storage.notifications(bucket))
        .map(entry => entry.arn)
        .filter(item => isArnOf(item, service.name));
      for (const found of new Set([...arns, ...(arns.length ? [arn] : [])])) {
        await storage.removeNotification(bucket, found);
      }
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      // Events for a service that is gone are dropped by the store: a leftover does no harm.
      log?.(`The links of ${service.name} in the bucket ${bucket} could not be removed: ${error.message}`);
    }
  });
}

/** With and without a region. */
function isArnOf(arn: string, service: string): boolean {
  const parts = arn.split(':');
  return parts[0] === 'arn' && parts[1] === 'minio' && parts[2] === 'sqs' && parts[4] === service;
}

/**
 * Deletes a service. `keep` leaves every bucket with its data; `delete` takes the buckets that no other service uses.
 */
export async function deleteService(
  cluster: ICluster,
  name: string,
  data: 'keep' | 'delete',
  log?: (line: string) => void
): Promise<DeletionResult> {
  const service = await requireService(cluster, name);
  const [all, before] = await Promise.all([cluster.client.services(), bucketNames(cluster)]);
  const buckets = existingOf(service, before);
  const kept = new Set(buckets.filter(bucket => data === 'keep' || usersOf(bucket, service, all).length > 0));
  if (kept.size > 0) {
    await detach(cluster, service, kept);
  }
  await unlink(cluster, service, all, before, log);
  let said: unknown;
  try {
    await cluster.client.deleteService(name);
  } catch (error) {
    said = error;
  }
  if (!(await isGone(cluster, name))) {
    throw (
      said ??
      new BridgeError({
        type: 'remote-error',
        title: 'Not deleted',
        status: 502,
        detail: `The cluster "${cluster.id}" said that it deleted "${name}", but it is still there.`,
        action: 'Try again.'
      })
    );
  }
  const after = await bucketNames(cluster);
  const left = (bucket: string): boolean =>
    after === undefined || (before && !before.has(bucket)) ? kept.has(bucket) : after.has(bucket);
  const lost = [...kept].filter(bucket => !left(bucket));
  if (lost.length > 0) {
    throw new BridgeError({
      type: 'remote-error',
      title: 'Data was lost',
      status: 502,
      detail: `"${name}" was deleted, and the cluster took ${lost.join(', ')} with it although the service did not use ${lost.length === 1 ? 'it' : 'them'} any more.`,
      action: 'Tell the administrator of the cluster.'
    });
  }
  return { service: name, kept: buckets.filter(left), deleted: buckets.filter(bucket => !left(bucket)) };
}

async function isGone(cluster: ICluster, name: string): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if ((await cluster.client.service(name)) === undefined) {
      return true;
    }
    await delay(250 * 2 ** look);
  }
  return false;
}
