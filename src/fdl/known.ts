import type { IKnown } from '../../backend-bridge/src/fdl/editor/types';
import type { IOscarModel } from '../tokens';

/** What the page knows of the current cluster, for completion. What was not read yet is absent. */
export function knownOf(model: IOscarModel, scripts: readonly string[]): IKnown {
  const { services, buckets, clusters } = model.state;
  const cluster = model.current;
  const paths = services.items.flatMap(service =>
    [...service.input, ...service.output].map(io => (io.prefix === '' ? io.bucket : `${io.bucket}/${io.prefix}`))
  );
  return {
    services: services.items.map(service => service.name),
    buckets: unique([...paths, ...buckets.items.map(bucket => bucket.name)]),
    images: unique(services.items.map(service => service.image)),
    clusterIds: clusters.map(item => item.id),
    scripts,
    ...(cluster?.version ? { version: cluster.version } : {})
  };
}

/** Ask for what completion wants to know, once: a file that is only looked at wakes nothing. */
export function learn(model: IOscarModel): void {
  if (model.state.phase === 'idle') {
    model.start().catch(() => undefined);
  } else if (model.state.phase === 'ready' && model.state.buckets.phase === 'none') {
    model.loadBuckets().catch(() => undefined);
  }
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items.filter(item => item !== ''))];
}
