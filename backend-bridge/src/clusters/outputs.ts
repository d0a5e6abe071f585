import type { ResultFile } from '../contract';
import type { IOscarService } from '../fdl';
import { isProblem } from '../http';
import type { ICluster, IRemoteJob } from './interfaces';
import type { IJobFacts } from './job-facts';
import { typeOfName } from './media';
import { inPool } from './pool';
import { keyIn, ownPlaces, type IPlace } from './service-view';

interface IOutput {
  bucket: string;
  key: string;
  size?: number;
}

/** Most pages of a folder that are searched for names with the token of an input. */
const PAGES_SEARCHED = 50;

/** Path of an object below `/v1` of the bridge. */
export function objectHref(cluster: string, bucket: string, key: string): string {
  return `/clusters/${cluster}/buckets/${encodeURIComponent(bucket)}/objects/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** The name without the token that made its input unique. */
export function withoutToken(name: string, token: string | undefined): string {
  return token ? name.replaceAll(`-${token}`, '') : name;
}

function passes(place: IPlace, name: string): boolean {
  const { prefix = [], suffix = [] } = place.filter ?? {};
  return (
    (prefix.length === 0 || prefix.some(item => name.startsWith(item))) &&
    (suffix.length === 0 || suffix.some(item => name.endsWith(item)))
  );
}

async function searched(cluster: ICluster, places: IPlace[], token: string): Promise<IOutput[]> {
  const storage = await cluster.storage();
  const found: IOutput[] = [];
  for (const place of places) {
    let page: string | undefined;
    for (let pages = 0; pages < PAGES_SEARCHED; pages++) {
      const list = await storage.list(place.bucket, { prefix: place.prefix ? `${place.prefix}/` : '', page });
      found.push(
        ...list.items
          .filter(item => item.key.includes(token))
          .map(item => ({ bucket: place.bucket, key: item.key, size: item.size }))
      );
      page = list.next;
      if (page === undefined) {
        break;
      }
    }
  }
  return found;
}

/**
 * What a finished job wrote into the cluster's own object store, by the best witness there is: the cluster itself (feature
 * `job-outputs`), the lines of the epilogue, the supervisor's lines about its uploads, or the names that carry the token of
 * the input.
 */
export async function outputsOf(
  cluster: ICluster,
  service: IOscarService,
  remote: Pick<IRemoteJob, 'outputs'> | undefined,
  options: { facts?: IJobFacts; token?: string } = {}
): Promise<ResultFile[]> {
  const places = ownPlaces(service.output, service.name);
  const { facts, token } = options;
  let outputs: IOutput[];
  if (remote?.outputs) {
    outputs = remote.outputs;
  } else if (facts && facts.uploads.length > 0) {
    // The manager of a shared service may put them into the bucket of the user whose event it was: the log knows.
    const buckets = new Set([
      ...places.map(place => place.bucket),
      ...service.bucket_list,
      ...(facts.input ? [facts.input.bucket] : [])
    ]);
    outputs = facts.uploads.filter(upload => buckets.has(upload.bucket));
  } else if (facts && facts.names.length > 0) {
    outputs = places.flatMap(place =>
      facts.names.filter(name => passes(place, name)).map(name => ({ bucket: place.bucket, key: keyIn(place, name) }))
    );
  } else if (token && places.length > 0) {
    outputs = await searched(cluster, places, token);
  } else {
    outputs = [];
  }
  const storage = outputs.length > 0 ? await cluster.storage() : undefined;
  const files = await inPool(outputs, 8, async output => {
    let size = output.size;
    if (size === undefined) {
      try {
        size = (await storage?.head(output.bucket, output.key))?.size;
      } catch (error) {
        // Another user's bucket: it was written, and we may not look.
        if (!isProblem(error, 'forbidden')) {
          throw error;
        }
        size = 0;
      }
    }
    if (size === undefined) {
      return undefined;
    }
    const name = withoutToken(nameIn(places, output), token);
    return {
      name,
      mediaType: typeOfName(name) ?? 'application/octet-stream',
      size,
      href: objectHref(cluster.id, output.bucket, output.key),
      bucket: output.bucket,
      key: output.key
    };
  });
  return files.filter(file => file !== undefined);
}

/** Without the folder of the output path. */
function nameIn(places: IPlace[], output: IOutput): string {
  const place = places.find(
    item => item.bucket === output.bucket && item.prefix !== '' && output.key.startsWith(`${item.prefix}/`)
  );
  return place ? output.key.slice(place.prefix.length + 1) : output.key.slice(output.key.lastIndexOf('/') + 1);
}
