import { realpath } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import type { IClusterRegistry, IObjectStorage } from '../../clusters/interfaces';
import type { ComputeInput, ComputeRequest, FileRef } from '../../contract';
import { BridgeError } from '../../http/errors';

/** What planners may reach: the disk, and the buckets of the clusters. */
export interface IPlaces {
  clusters: Pick<IClusterRegistry, 'get'>;
  /** Folder that `contents` paths are relative to; absent: there is no file browser. */
  contentsRoot?: string | null;
  /** Whether a job is queued, runs, is paused or recovers: an output folder that it has claimed is taken. */
  active(job: string): boolean;
}

/**
 * Absolute path of a file reference; it need not exist.
 *
 * @throws BridgeError for paths outside of the file browser, uploads and objects.
 */
export async function pathOf(places: Pick<IPlaces, 'contentsRoot'>, ref: FileRef): Promise<string> {
  if ('path' in ref) {
    if (!isAbsolute(ref.path) || ref.path.includes('\0')) {
      throw invalid(`“${ref.path.slice(0, 200)}” is not an absolute path.`, 'Give the whole path.');
    }
    return ref.path;
  }
  if (!('contents' in ref)) {
    throw invalid('An upload or an object cannot be used here.', 'Give a path, or a bucket with a key.');
  }
  const root = places.contentsRoot;
  if (root === undefined || root === null) {
    throw invalid('File browser paths mean nothing here: there is no file browser.', 'Give the absolute path.');
  }
  const parts = ref.contents.split('/').filter(part => part !== '' && part !== '.');
  const base = await realpath(root);
  const path = join(base, ...parts);
  const inside = (target: string): boolean =>
    target === base || target.startsWith(base.endsWith(sep) ? base : base + sep);
  if (parts.includes('..') || !inside(await realpath(path).catch(() => path))) {
    throw new BridgeError({
      type: 'outside',
      title: 'Outside of the file browser',
      status: 403,
      detail: `“${ref.contents.slice(0, 200)}” leads out of the folder that JupyterLab shows.`,
      action: 'Choose something inside it.'
    });
  }
  return path;
}

/** The cluster of an engine `oscar:<cluster>`; undefined for workers of this machine. */
export function engineCluster(spec: Pick<ComputeRequest, 'engine'>): string | undefined {
  return /^oscar:(.+)$/.exec(spec.engine ?? '')?.[1];
}

/** The cluster that a bucket of the input is in: as given, else the engine's, else the current one. */
export function inputCluster(places: IPlaces, spec: ComputeRequest, input: ComputeInput): string | undefined {
  const named = 'bucket' in input ? input.cluster : undefined;
  const isObject = 'bucket' in input || 'object' in input.file;
  return isObject ? places.clusters.get(named ?? engineCluster(spec)).id : undefined;
}

/**
 * What workers of this machine need to read objects of the input: they ask the store themselves, for ranges, with the keys of the
 * cluster in their environment. Presigned addresses would be secrets in tasks, and those are journaled; and they end
 * before a long job does. Empty for input of this machine and for workers of a cluster, which have keys of their own.
 */
export async function workerKeys(places: IPlaces, spec: ComputeRequest): Promise<Record<string, string>> {
  const cluster = (spec.input ?? []).map(input => inputCluster(places, spec, input)).find(id => id !== undefined);
  if (cluster === undefined || engineCluster(spec) !== undefined) {
    return {};
  }
  const { minio_provider: provider } = await places.clusters.get(cluster).client.config();
  return {
    AWS_ENDPOINT_URL_S3: provider.endpoint,
    AWS_ACCESS_KEY_ID: provider.access_key,
    AWS_SECRET_ACCESS_KEY: provider.secret_key,
    // A token of the user's own account does not belong to these keys.
    AWS_SESSION_TOKEN: '',
    AWS_REGION: provider.region,
    ...(provider.verify ? {} : { OSCAR_RUNNER_INSECURE: '1' })
  };
}

/**
 * Files of this machine are copied to the cluster when parts need them (../engines/oscar/uploads.ts).
 *
 * @throws BridgeError for input that workers of the engine's cluster cannot reach.
 */
export function checkReach(spec: ComputeRequest, listing: { cluster?: string }): void {
  const engine = engineCluster(spec);
  if (engine === undefined) {
    return;
  }
  if (listing.cluster !== undefined && listing.cluster !== engine) {
    throw invalid(
      `Workers of the cluster ${engine} have no keys for the buckets of ${listing.cluster}.`,
      `Run the job on ${listing.cluster}, or copy the input.`
    );
  }
}

export function storageOf(places: IPlaces, cluster: string | undefined): Promise<IObjectStorage> {
  return places.clusters.get(cluster).storage();
}

export function invalid(detail: string, action?: string): BridgeError {
  return new BridgeError({ type: 'invalid', title: 'The job cannot be planned', status: 400, detail, action });
}
