import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { IOscarService } from '../fdl';
import { BridgeError } from '../http';
import type { ICluster } from './interfaces';
import type { IKeptItem } from './journal';

/** Bodies of POST /job become an environment variable on a plain OSCAR: Linux takes 128 KiB. */
const LARGEST_BODY = 90 * 1024;

/**
 * Gives one file to a service: into its input bucket, or, when no bucket starts it, in the call itself.
 *
 * @param options.resumed - what was begun before a restart may be done already
 */
export async function uploadItem(
  cluster: ICluster,
  service: IOscarService,
  item: IKeptItem,
  options: { resumed: boolean; signal: AbortSignal }
): Promise<void> {
  const { source, bucket, objectKey } = item;
  if (bucket === undefined || objectKey === undefined) {
    if (options.resumed) {
      throw new BridgeError({
        type: 'interrupted',
        title: 'Interrupted',
        status: 502,
        detail: `It is not known whether "${item.view.file}" was given to the service before the bridge was stopped.`,
        action: 'Look at the jobs of the service, and submit the file again if it is not among them.'
      });
    }
    await post(cluster, service, item);
    return;
  }
  const storage = await cluster.storage();
  item.view.key = `${bucket}/${objectKey}`;
  if (options.resumed && (await storage.head(bucket, objectKey))) {
    return;
  }
  if (source.object) {
    const from = await storage.get(source.object.bucket, source.object.key, { signal: options.signal });
    await storage.put(bucket, objectKey, from.body, {
      size: from.size,
      contentType: from.contentType,
      signal: options.signal
    });
    return;
  }
  const { path, size } = await readable(source.path, item.view.file);
  await storage.put(bucket, objectKey, createReadStream(path), { size, signal: options.signal });
}

async function post(cluster: ICluster, service: IOscarService, item: IKeptItem): Promise<void> {
  const { path, size } = await readable(item.source.path, item.view.file);
  if (size > LARGEST_BODY) {
    throw new BridgeError({
      type: 'invalid',
      title: 'Too large for this service',
      status: 400,
      detail: `"${service.name}" has no input bucket, and a call can carry ${Math.floor(LARGEST_BODY / 1024)} kB at most.`,
      action: 'Give the service an input path in its FDL, or invoke it synchronously.'
    });
  }
  const job = await cluster.client.submitJob(service, (await readFile(path)).toString('base64'));
  if (job !== undefined) {
    item.view.job = job;
  }
}

async function readable(path: string | undefined, shown: string): Promise<{ path: string; size: number }> {
  try {
    const info = path === undefined ? undefined : await stat(path);
    if (path !== undefined && info?.isFile()) {
      return { path, size: info.size };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
  }
  throw new BridgeError({
    type: 'not-found',
    title: 'No such file',
    status: 404,
    detail: `"${shown}" is not a file that can be read.`,
    action: 'Check its name.'
  });
}
