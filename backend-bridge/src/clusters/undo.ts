import { placeOfIO, type IOscarService } from '../fdl';
import { BridgeError } from '../http';
import { bucketNames } from './deletion';
import type { ICluster } from './interfaces';
import { matches } from './read-back';

/** Deletes a service that was there for a moment, with the buckets that were made for it and no others. */
export async function deleteMade(cluster: ICluster, name: string, made: string[]): Promise<void> {
  const { client } = cluster;
  const service = await client.service(name);
  if (!service) {
    return;
  }
  // Buckets that were there before must survive the delete of a service that was there for a moment.
  const foreign = [...service.input, ...service.output]
    .map(io => placeOfIO(io, name).bucket)
    .some(bucket => !made.includes(bucket));
  if (foreign) {
    await client.updateService({ ...service, input: [], output: [] }).catch((error: unknown) => {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
    });
    const now = await client.service(name);
    if (now && (now.input.length > 0 || now.output.length > 0)) {
      throw new BridgeError({
        type: 'data-at-risk',
        title: 'Left as it is',
        status: 409,
        detail: `"${name}" stays: deleting it would delete buckets that were there before.`
      });
    }
  }
  try {
    await client.deleteService(name);
  } catch (error) {
    if (await client.service(name)) {
      throw error;
    }
  }
}

/** Writes a service as it was read; its secrets stay as they are. */
export async function restore(cluster: ICluster, previous: IOscarService): Promise<void> {
  try {
    await cluster.client.updateService(previous);
  } catch (error) {
    const now = await cluster.client.service(previous.name);
    if (!now || !matches(previous, now)) {
      throw error;
    }
  }
}

/** Buckets that were absent before and hold nothing but folder markers. */
export async function removeEmpty(cluster: ICluster, buckets: string[]): Promise<void> {
  if (buckets.length === 0) {
    return;
  }
  const now = await bucketNames(cluster);
  const storage = await cluster.storage();
  for (const bucket of buckets.filter(name => now?.has(name))) {
    const list = await storage.list(bucket);
    if (list.next !== undefined || list.items.some(item => item.size > 0 || !item.key.endsWith('/'))) {
      continue;
    }
    for (const item of list.items) {
      await storage.remove(bucket, item.key);
    }
    await storage.deleteBucket(bucket);
  }
}
