import type { Contents } from '@jupyterlab/services';

import type { IBridgeClient } from '../bridge/client';
import type { ObjectCalls } from '../bridge/objects';
import { AWS, DRIVE, lastPart, parsePath, refused } from './path';

/** Whether a path of JupyterLab leads into a bucket: `buckets:local/results/x.png`. */
export function inBucket(path: string): boolean {
  return path.startsWith(`${DRIVE}:`);
}

/**
 * The path of a file as the Jupyter server knows it.
 *
 * @throws BridgeError - when it lies in a bucket, which no path on the server leads to
 */
export function serverPath(contents: Contents.IManager, path: string): string {
  if (inBucket(path)) {
    throw refused(
      'Not from a bucket',
      `${lastPart(path)} is in a bucket; what it names is looked for beside files of JupyterLab.`,
      'Copy it into a folder of the file browser, and try it there.'
    );
  }
  return contents.localPath(path);
}

/** The buckets of a place: of a cluster by its id, or of the account on AWS. */
export function storageOf(client: IBridgeClient, place: string): ObjectCalls {
  return place === AWS ? client.aws.storage : client.storage(place);
}

/** A file that lies in a bucket, to be handed over as one of this computer is. */
export async function bucketFile(client: IBridgeClient, path: string): Promise<File> {
  const { place = '', bucket = '', key } = parsePath(path.slice(DRIVE.length + 1));
  return new File([await storageOf(client, place).bytes(bucket, key)], lastPart(key));
}
