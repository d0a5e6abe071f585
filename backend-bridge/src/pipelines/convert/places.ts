import { FOLDERS, PREFIXES } from '../layout';
import { AWS, type IStep } from './flow';
import type { IYamlMap } from './yaml';

/** Provider of a cluster's own object store, as its services name it. */
const OWN = 'minio.default';
/** Provider of S3 for services of clusters: they need keys of AWS. */
export const S3_FOR_CLUSTERS = 's3.aws';

export const ownProvider = (step: IStep): string => (step.target === AWS ? 's3' : OWN);

/** On one cluster a node reads where the one before it writes; between two places the archive goes into the bucket of the reader. */
function shares(parent: IStep, child: IStep): boolean {
  return parent.target === child.target && child.target !== AWS;
}

/** Where a child finds the archives of a parent: `<bucket>/<folder>`. */
export function placeOfEdge(parent: IStep, child: IStep): string {
  return shares(parent, child) ? `${parent.service}/${FOLDERS.edges}` : `${child.service}/${FOLDERS.start}`;
}

/** How a producer names the store of a child elsewhere. */
export function crossingProvider(parent: IStep, child: IStep): string {
  if (child.target === AWS) {
    return parent.target === AWS ? 's3' : S3_FOR_CLUSTERS;
  }
  return `minio.${child.target}`;
}

export const crosses = (parent: IStep, child: IStep): boolean => parent.target !== child.target;

export function inputsOf(step: IStep): IYamlMap[] {
  const paths =
    step.parents.length === 0
      ? [`${step.service}/${FOLDERS.start}`]
      : [...new Set(step.parents.map(parent => placeOfEdge(parent, step)))];
  return paths.map(path => ({ storage_provider: ownProvider(step), path }));
}

/** The archive goes out before the artifacts: who sees the status of a node sees that it was handed on. */
export function outputsOf(step: IStep): IYamlMap[] {
  const prefix = [PREFIXES.edges];
  const inside = step.children.some(child => shares(step, child))
    ? [{ storage_provider: OWN, path: `${step.service}/${FOLDERS.edges}`, prefix }]
    : [];
  const outside = step.children
    .filter(child => !shares(step, child))
    .map(child => ({ storage_provider: crossingProvider(step, child), path: placeOfEdge(step, child), prefix }));
  const artifacts = {
    storage_provider: ownProvider(step),
    path: `${step.service}/${FOLDERS.artifacts}`,
    prefix: [PREFIXES.artifacts]
  };
  return [...inside, ...outside, artifacts];
}

/** Links between places, each once, in the order of the pipeline. */
export function crossingsOf(steps: IStep[]): { from: string; to: string; provider: string }[] {
  const found = new Map<string, { from: string; to: string; provider: string }>();
  for (const parent of steps) {
    for (const child of parent.children.filter(other => crosses(parent, other))) {
      const provider = crossingProvider(parent, child);
      found.set(`${parent.target} ${child.target}`, { from: parent.target, to: child.target, provider });
    }
  }
  return [...found.values()];
}

/** Top-level providers that the crossings need, with placeholders for what the deployment knows. */
export function storageProviders(crossings: { provider: string }[]): IYamlMap {
  const minio: IYamlMap = {};
  let s3: IYamlMap | undefined;
  for (const { provider } of crossings) {
    if (provider === S3_FOR_CLUSTERS) {
      s3 = { aws: { access_key: '<access key>', secret_key: '<secret key>', region: 'us-east-1' } };
    } else if (provider.startsWith('minio.')) {
      minio[provider.slice(6)] = {
        endpoint: '<address of the object store>',
        verify: true,
        region: 'us-east-1',
        access_key: '<access key>',
        secret_key: '<secret key>'
      };
    }
  }
  return { ...(Object.keys(minio).length > 0 ? { minio } : {}), ...(s3 ? { s3 } : {}) };
}
