import { parseFdl, parseProvider, type FdlMap, type FdlValue } from '../fdl';
import type { IConversion } from '../pipelines';

/** Settings of `minio.<cluster>`, by the name of the provider. */
export interface ICrossingKeys {
  [provider: string]: { endpoint: string; verify: boolean; access_key: string; secret_key: string; region: string };
}

export interface ICompleteOptions {
  /** Only the services of this cluster stay. */
  cluster: string;
  /** Values of a service's secrets; undefined: it has them already, and they stay out. */
  secrets: (service: string) => Record<string, string> | undefined;
  keys: ICrossingKeys;
  /** Leaves the outputs to other clusters out of these services. */
  withoutCrossings?: (service: string) => boolean;
}

/**
 * The FDL of a conversion as it is applied: services of one cluster, with true secrets and keys in place of placeholders. The text
 * is JSON, which is YAML; it is never written to a disk.
 */
export function completeFdl(text: string, options: ICompleteOptions): string {
  const { document } = parseFdl(text);
  const oscar = document.oscar
    .filter(entry => entry.clusterId === options.cluster || entry.clusterId === 'default-cluster')
    .map(entry => ({ [options.cluster]: complete(entry.service, options) }));
  const providers: Record<string, Record<string, FdlMap>> = structuredClone(document.storageProviders);
  for (const [provider, settings] of Object.entries(options.keys)) {
    const { type, id } = parseProvider(provider);
    (providers[type] ??= {})[id] = { ...settings };
  }
  return JSON.stringify({
    functions: { oscar },
    ...(Object.keys(providers).length > 0 ? { storage_providers: providers } : {})
  });
}

function complete(service: FdlMap, options: ICompleteOptions): FdlMap {
  const result: FdlMap = structuredClone(service);
  const name = String(service['name'] ?? '');
  const environment = result['environment'];
  const values = options.secrets(name);
  if (isMap(environment)) {
    delete environment['secrets'];
    if (values && Object.keys(values).length > 0) {
      environment['secrets'] = { ...values };
    }
  } else if (values && Object.keys(values).length > 0) {
    result['environment'] = { secrets: { ...values } };
  }
  const output = result['output'];
  if (options.withoutCrossings?.(name) && Array.isArray(output)) {
    result['output'] = output.filter(io => !isMap(io) || !(String(io['storage_provider'] ?? '') in options.keys));
  }
  return result;
}

function isMap(value: FdlValue | undefined): value is FdlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Clusters that get objects before those that send them; in rings, the order given. */
export function crossingOrder(clusters: string[], crossings: IConversion['crossings']): string[] {
  const rest = [...clusters];
  const result: string[] = [];
  while (rest.length > 0) {
    const free = rest.findIndex(id =>
      crossings.every(crossing => crossing.from !== id || crossing.to === id || !rest.includes(crossing.to))
    );
    result.push(...rest.splice(Math.max(free, 0), 1));
  }
  return result;
}
