import type { IClusters } from '../clusters';
import type { Elasticity } from '../contract';
import { parseQuantity } from '../fdl';
import { BridgeError } from '../http';
import type { IKept } from './journal';

const MOST_SERVICES = 50;

/** How many workers there are, and would be filled by what waits. An estimate: the scheduler of the cluster tells no such number. */
export async function elasticityOf(kept: IKept, clusters: IClusters): Promise<Elasticity> {
  const machines = kept.view.vms.filter(vm => !vm.frontEnd);
  const workers = machines.filter(vm => vm.state !== 'deleting' && vm.state !== 'deleted').length;
  const { cluster: id } = kept.view;
  if (id === undefined) {
    return { workers, note: 'The cluster is not in the list yet, so only the Infrastructure Manager was asked.' };
  }
  try {
    const cluster = clusters.registry.get(id);
    const [load, status, services] = await Promise.all([
      clusters.load(cluster),
      cluster.client.status().catch(ignoreRefusal),
      cluster.client.services()
    ]);
    const nodes = nodesOf(status);
    let pendingJobs = 0;
    let cores = 0;
    for (const service of services.slice(0, MOST_SERVICES)) {
      const { items } = await clusters.jobs(cluster, { service: service.name });
      const waiting = items.filter(job => job.state === 'pending').length;
      pendingJobs += waiting;
      cores += waiting * (parseQuantity(String(service.cpu ?? '1')) ?? 1);
    }
    const perWorker = machines.find(vm => vm.cpus !== undefined)?.cpus;
    const missing = cores - (load.cpuFree ?? 0);
    const needed = perWorker === undefined ? undefined : Math.max(0, Math.ceil(missing / perWorker));
    return {
      workers,
      ...(nodes === undefined ? {} : { nodes }),
      ...(load.cpuFree === undefined ? {} : { freeCores: load.cpuFree }),
      pendingJobs,
      ...(needed === undefined ? {} : { needed }),
      note: noteOf(needed, pendingJobs)
    };
  } catch (error) {
    if (!(error instanceof BridgeError)) {
      throw error;
    }
    return { workers, note: `The cluster could not be asked: ${error.message}` };
  }
}

function noteOf(needed: number | undefined, pending: number): string {
  if (pending === 0) {
    return 'No job waits.';
  }
  return needed === undefined
    ? `${pending} jobs wait.`
    : needed === 0
      ? `${pending} jobs wait, and there are free cores for them.`
      : `${pending} jobs wait: they need about ${needed} more workers (an estimate).`;
}

function ignoreRefusal(error: unknown): undefined {
  if (!(error instanceof BridgeError)) {
    throw error;
  }
  return undefined;
}

/** OSCAR's `/system/status` lists its nodes in more than one place, by version. */
function nodesOf(status: Record<string, unknown> | undefined): number | undefined {
  const cluster = status?.['cluster'] as { nodes?: unknown; nodes_count?: unknown } | undefined;
  const detail = status?.['detail'] ?? cluster?.nodes;
  return Array.isArray(detail)
    ? detail.length
    : typeof cluster?.nodes_count === 'number'
      ? cluster.nodes_count
      : undefined;
}
