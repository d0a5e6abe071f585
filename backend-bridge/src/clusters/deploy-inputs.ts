import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Bucket } from '../contract';
import { links, parseFdl, placeOfIO, type IFdlDocument, type IOscarService, type IPlanOptions } from '../fdl';
import { BridgeError, isProblem } from '../http';
import type { IResolvedSource } from './facade';
import type { ICluster } from './interfaces';
import type { ClusterConnection } from './connection';
import { ownPlaces } from './service-view';

/** Kubernetes keeps a script in an object of at most 1 MiB; what is far above it is not even read. */
const LARGEST_SCRIPT = 4 * 1024 * 1024;
const REQUIREMENTS = 'requirements.txt';

/** @param within folder that the file must be in, also through links; absent: anywhere */
async function textFile(path: string, within: string | undefined): Promise<string | null> {
  try {
    if (within !== undefined && !(await isInside(path, within))) {
      throw new BridgeError({
        type: 'outside',
        title: 'Outside of the file browser',
        status: 403,
        detail: `The FDL names ${path}, which is not in the folder that JupyterLab shows.`,
        action: 'Copy the file beside the FDL, or deploy it from the command line.'
      });
    }
    const info = await stat(path);
    if (!info.isFile()) {
      return null;
    }
    if (info.size > LARGEST_SCRIPT) {
      throw new BridgeError({
        type: 'invalid',
        title: 'The file is too large',
        status: 400,
        detail: `${path} has ${Math.round(info.size / 1024 / 1024)} MB; a script or a list of requirements has 1 MB at most.`,
        action: 'Put large data into a bucket or an image.'
      });
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'EACCES') {
      return null;
    }
    throw error;
  }
}

async function isInside(path: string, folder: string): Promise<boolean> {
  const [file, root] = [await realpath(path), await realpath(folder)];
  return file.startsWith(root.endsWith(sep) ? root : root + sep);
}

export interface ISourceFiles {
  document: IFdlDocument;
  /** By the path that the FDL writes; null: there is no such file. */
  scripts: { [path: string]: string | null };
  /** By service name. */
  requirements: { [service: string]: string };
  /** Bytes of the environment, by service name, where known. */
  sizes: { [service: string]: number };
}

/**
 * The FDL and the files that it names. Script paths are relative to the FDL file and may climb (`../common/run.sh`); the
 * requirements of a service are beside its script, else beside the FDL.
 */
export async function readSource(source: IResolvedSource): Promise<ISourceFiles> {
  const { document } = parseFdl(source.text, { file: source.name });
  const read = (path: string): Promise<string | null> => textFile(path, source.within);
  const scripts: ISourceFiles['scripts'] = {};
  const requirements: ISourceFiles['requirements'] = {};
  const sizes: ISourceFiles['sizes'] = {};
  for (const { service } of document.oscar) {
    const path = typeof service['script'] === 'string' ? service['script'] : undefined;
    if (path === undefined || path === '' || path.includes('\0')) {
      continue;
    }
    if (source.base === undefined) {
      scripts[path] = null;
      continue;
    }
    const file = resolve(source.base, path);
    if (!(path in scripts)) {
      scripts[path] = await read(file);
    }
    if (typeof service['name'] === 'string') {
      const text = (await read(join(dirname(file), REQUIREMENTS))) ?? (await read(join(source.base, REQUIREMENTS)));
      if (text !== null) {
        requirements[service['name']] = text;
        const size = source.environments?.get(text);
        if (size !== undefined) {
          sizes[service['name']] = size;
        }
      }
    }
  }
  // Functions of AWS are not deployed from here, but their scripts are checked.
  for (const { path } of links(document).filter(link => link.kind === 'script')) {
    if (source.base !== undefined && !(path in scripts)) {
      scripts[path] = await read(resolve(source.base, path));
    }
  }
  return { document, scripts, requirements, sizes };
}

/** What the cluster has, as far as a plan needs it. */
export async function readCluster(
  cluster: ClusterConnection,
  files: ISourceFiles
): Promise<
  Pick<IPlanOptions, 'deployed' | 'buckets' | 'volumes' | 'notifications' | 'storage' | 'version' | 'features' | 'user'>
> {
  const { version } = await cluster.client.info();
  const [deployed, buckets, volumes, user] = await Promise.all([
    cluster.client.services(),
    listBuckets(cluster),
    cluster.client.volumes(),
    userOf(cluster)
  ]);
  const store = await readNotifications(cluster, files.document, deployed, buckets);
  return {
    deployed,
    ...(buckets === undefined ? {} : { buckets }),
    ...(volumes === undefined ? {} : { volumes }),
    ...(user === undefined ? {} : { user }),
    ...store,
    version,
    features: cluster.client.features
  };
}

/**
 * The id under which the cluster knows who is signed in with a token: the same that its object store has as access key, and
 * that owners are written with. Undefined for the administrator.
 */
async function userOf(cluster: ClusterConnection): Promise<string | undefined> {
  const { kind } = cluster.credentials();
  if (kind === undefined || kind === 'basic') {
    return undefined;
  }
  const key = (await cluster.client.config()).minio_provider.access_key;
  return key === '' ? undefined : key;
}

/** Undefined when this cluster does not list buckets. */
export async function listBuckets(cluster: ICluster): Promise<Bucket[] | undefined> {
  try {
    return (await cluster.client.buckets()).map(bucket => ({
      name: bucket.bucket_name,
      ...(bucket.visibility === undefined ? {} : { visibility: bucket.visibility }),
      ...(bucket.owner === undefined ? {} : { owner: bucket.owner }),
      ...(bucket.metadata?.['from_service'] ? { fromService: bucket.metadata['from_service'] } : {})
    }));
  } catch (error) {
    if (isProblem(error, 'not-found', 'forbidden', 'remote-error')) {
      return undefined;
    }
    throw error;
  }
}

/** Notifications of the buckets that could carry links, and whether the object store can be reached at all. */
async function readNotifications(
  cluster: ICluster,
  document: IFdlDocument,
  deployed: IOscarService[],
  buckets: Bucket[] | undefined
): Promise<Pick<IPlanOptions, 'notifications' | 'storage'>> {
  const names = new Set<string>();
  for (const { service } of document.oscar) {
    for (const side of [service['input'], service['output']]) {
      for (const io of Array.isArray(side) ? side : []) {
        if (typeof io === 'object' && io !== null && !Array.isArray(io) && typeof io['path'] === 'string') {
          names.add(
            placeOfIO(
              { storage_provider: String(io['storage_provider'] ?? 'minio'), path: io['path'] },
              String(service['name'] ?? '')
            ).bucket
          );
        }
      }
    }
    const there = deployed.find(item => item.name === service['name']);
    if (there) {
      ownPlaces([...there.input, ...there.output], there.name).forEach(place => names.add(place.bucket));
      linkedBuckets(there).forEach(bucket => names.add(bucket));
    }
  }
  const existing = new Set(buckets?.map(bucket => bucket.name));
  const asked = [...names].filter(name => name !== '' && (buckets === undefined || existing.has(name)));
  const notifications: Record<string, { arn: string; prefix: string }[]> = {};
  try {
    const storage = await cluster.storage();
    if (asked.length === 0 && names.size > 0) {
      // Nothing to read yet: still, a plan with links has to know whether somebody answers there.
      await storage.head([...names][0], 'jupyterlab-oscar');
    }
    for (const bucket of asked) {
      try {
        notifications[bucket] = await storage.notifications(bucket);
      } catch (error) {
        // Another user's, or gone since.
        if (!isProblem(error, 'forbidden', 'not-found')) {
          throw error;
        }
      }
    }
    return { notifications, storage: true };
  } catch (error) {
    if (isProblem(error, 'unreachable')) {
      return { storage: false };
    }
    if (isProblem(error, 'forbidden', 'unauthorized')) {
      return { notifications, storage: true };
    }
    throw error;
  }
}

/** Buckets whose links the service was told of by an earlier apply. */
function linkedBuckets(service: IOscarService): string[] {
  try {
    const links = JSON.parse(service.environment.variables['OSCAR_LINKS'] ?? '[]') as { bucket?: unknown }[];
    return Array.isArray(links) ? links.map(link => String(link.bucket ?? '')).filter(Boolean) : [];
  } catch {
    return [];
  }
}
