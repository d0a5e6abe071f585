import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterLoad, Service } from '../contract';
import { isExposed } from '../fdl';
import { BridgeError, isProblem } from '../http';
import type { ICluster } from './interfaces';
import { requireService } from './jobs';
import type { ClusterConnection } from './connection';
import { toService } from './service-view';

const LOG_POLL = 2000;

export async function listServices(cluster: ICluster): Promise<Service[]> {
  const services = await cluster.client.services({ deployment: true });
  return services.map(service => toService(cluster.id, service)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function describeService(cluster: ICluster, name: string): Promise<Service> {
  const service = await requireService(cluster, name);
  return toService(cluster.id, service, { deployment: await deploymentOf(cluster, name), definition: true });
}

async function deploymentOf(
  cluster: ICluster,
  name: string
): Promise<Awaited<ReturnType<ICluster['client']['deployment']>> | undefined> {
  try {
    return await cluster.client.deployment(name);
  } catch (error) {
    // A public service of somebody else: it may be seen, its deployment may not.
    if (isProblem(error, 'forbidden', 'not-found', 'remote-error')) {
      return undefined;
    }
    throw error;
  }
}

export async function controlService(
  cluster: ICluster,
  name: string,
  verb: 'start' | 'stop' | 'restart'
): Promise<Service> {
  const service = await requireService(cluster, name);
  if (!isExposed(service)) {
    throw new BridgeError({
      type: 'invalid',
      title: 'Nothing to start or stop',
      status: 400,
      detail: `"${name}" is not an exposed service: it runs only while it has jobs.`,
      action: 'Cancel its jobs instead.'
    });
  }
  await cluster.client.control(name, verb);
  return describeService(cluster, name);
}

/** The service's own log: the preparation of its environment, or the exposed process. */
export async function* serviceLog(
  cluster: ClusterConnection,
  name: string,
  options: { follow?: boolean; tail?: number; signal?: AbortSignal } = {}
): AsyncIterable<string> {
  await requireService(cluster, name);
  if (options.follow && cluster.client.features.has('live-logs')) {
    yield* cluster.client.followDeploymentLogs(name, { signal: options.signal });
    return;
  }
  let shown: string[] = [];
  for (;;) {
    const log = await cluster.client.deploymentLogs(name, Math.min(options.tail ?? 200, 1000));
    const lines = log.entries.map(entry => entry.message.replace(/\n$/, ''));
    const fresh = newLines(shown, lines);
    if (fresh.length > 0) {
      yield fresh.join('\n') + '\n';
    } else if (lines.length === 0 && !options.follow && log.message) {
      yield log.message + '\n';
    }
    shown = lines;
    if (!options.follow || options.signal?.aborted) {
      return;
    }
    try {
      await delay(LOG_POLL, undefined, { signal: options.signal });
    } catch {
      return;
    }
  }
}

/** What came since: only the tail of a log can be asked for, so the two are laid over one another. */
export function newLines(before: string[], now: string[]): string[] {
  for (let overlap = Math.min(before.length, now.length); overlap > 0; overlap--) {
    const start = before.length - overlap;
    let same = true;
    for (let index = 0; same && index < overlap; index++) {
      same = before[start + index] === now[index];
    }
    if (same) {
      return now.slice(overlap);
    }
  }
  return now;
}

function numberAt(value: unknown, ...path: string[]): number | undefined {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) {
      return undefined;
    }
    current = (current as Record<string, unknown>)[key];
  }
  const number = typeof current === 'string' && current.trim() !== '' ? Number(current) : current;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Cores come as thousandths; flat shape up to 3.6.4, nested since. */
export function readLoad(status: Record<string, unknown>): ClusterLoad {
  const cores = (value: number | undefined): number | undefined => (value === undefined ? undefined : value / 1000);
  const nested = 'cluster' in status;
  const nodes =
    (status['cluster'] as { nodes?: unknown[] } | undefined)?.nodes ??
    (status['detail'] as unknown[] | undefined) ??
    [];
  const sum = (...path: string[]): number | undefined => {
    const values = nodes.map(node => numberAt(node, ...path)).filter(value => value !== undefined);
    return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
  };
  const load = nested
    ? {
        cpuTotal: cores(
          sum('cpu', 'capacity_cores') ?? numberAt(status, 'cluster', 'metrics', 'cpu', 'total_schedulable_cores')
        ),
        cpuFree: cores(numberAt(status, 'cluster', 'metrics', 'cpu', 'total_free_cores')),
        memoryTotal:
          sum('memory', 'capacity_bytes') ??
          numberAt(status, 'cluster', 'metrics', 'memory', 'total_schedulable_bytes'),
        memoryFree: numberAt(status, 'cluster', 'metrics', 'memory', 'total_free_bytes'),
        gpus: numberAt(status, 'cluster', 'metrics', 'gpu', 'total_gpu'),
        jobs: numberAt(status, 'oscar', 'jobs_count')
      }
    : {
        cpuTotal: cores(sum('cpuCapacity')),
        cpuFree: cores(numberAt(status, 'cpuFreeTotal')),
        memoryTotal: sum('memoryCapacity'),
        memoryFree: numberAt(status, 'memoryFreeTotal')
      };
  return Object.fromEntries(Object.entries(load).filter(([, value]) => value !== undefined)) as ClusterLoad;
}

/** Numbers for the head of the panel; empty where the cluster has no metrics. */
export async function clusterLoad(cluster: ICluster): Promise<ClusterLoad> {
  try {
    return readLoad(await cluster.client.status());
  } catch (error) {
    if (isProblem(error, 'remote-error', 'not-found', 'forbidden')) {
      return {};
    }
    throw error;
  }
}
