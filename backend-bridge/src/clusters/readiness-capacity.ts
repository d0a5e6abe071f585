import type { ReadinessReport } from '../contract';
import { parseQuantity, type IOscarService } from '../fdl';
import { isProblem } from '../http';
import type { ICluster } from './interfaces';

type Item = ReadinessReport['items'][number];

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

const gibibytes = (bytes: number): string => `${Math.round((bytes / 2 ** 30) * 10) / 10} GiB`;
const cores = (millis: number): string => `${millis / 1000} ${millis === 1000 ? 'core' : 'cores'}`;

interface IAmount {
  what: string;
  asked: number;
  /** Of the largest node; undefined when the cluster does not tell. */
  most?: number;
  free?: number;
  show: (amount: number) => string;
}

/** What a job asks for against what the largest node has, and what the user may use. */
export async function checkCapacity(service: IOscarService, target: ICluster): Promise<Item[]> {
  const asked = { cpu: (parseQuantity(service.cpu) ?? 0) * 1000, memory: parseQuantity(service.memory) ?? 0 };
  const status = await optional(() => target.client.status());
  const quota = await optional(async () => target.client.quota?.());
  return [
    ...checkNodes(asked, status, target.id),
    ...checkQuota(asked, quota, target.id),
    ...(service.enable_gpu ? [await checkGpu(status, target)] : [])
  ];
}

function checkNodes(
  asked: { cpu: number; memory: number },
  status: Record<string, unknown> | undefined,
  cluster: string
): Item[] {
  const topic = 'capacity';
  const metrics = record(record(status?.['cluster'])['metrics']);
  const nodes = record(status?.['cluster'])['nodes'];
  const largest = (kind: 'cpu' | 'memory', key: string): number | undefined => {
    const all = Array.isArray(nodes) ? nodes.map(node => number(record(record(node)[kind])[key]) ?? 0) : [];
    return all.length > 0 ? Math.max(...all) : undefined;
  };
  const cpu = record(metrics['cpu']);
  const memory = record(metrics['memory']);
  const amounts: IAmount[] = [
    {
      what: 'cpu',
      asked: asked.cpu,
      most: largest('cpu', 'capacity_cores') ?? number(cpu['total_schedulable_on_node_cores']),
      free: number(cpu['total_schedulable_on_node_cores']) ?? number(cpu['max_free_on_node_cores']),
      show: cores
    },
    {
      what: 'memory',
      asked: asked.memory,
      most: largest('memory', 'capacity_bytes') ?? number(memory['max_schedulable_on_node_bytes']),
      free: number(memory['max_schedulable_on_node_bytes']) ?? number(memory['max_free_on_node_bytes']),
      show: gibibytes
    }
  ];
  if (amounts.every(({ most, free }) => most === undefined && free === undefined)) {
    return [{ topic, state: 'unknown', message: `${cluster} does not tell what its nodes have.` }];
  }
  const items: Item[] = [];
  for (const { what, asked: wanted, most, free, show } of amounts) {
    if (most !== undefined && wanted > most) {
      items.push({
        topic,
        state: 'error',
        message: `A job asks for ${show(wanted)} (${what}), and the largest node of ${cluster} has ${show(most)}. Lower ${what}.`
      });
    } else if (free !== undefined && wanted > free) {
      items.push({
        topic,
        state: 'warning',
        message: `A job asks for ${show(wanted)} (${what}), and ${show(free)} are free on one node now: it would wait.`
      });
    }
  }
  return items.length > 0
    ? items
    : [{ topic, state: 'ok', message: `A job fits: it asks for ${cores(asked.cpu)} and ${gibibytes(asked.memory)}.` }];
}

function checkQuota(
  asked: { cpu: number; memory: number },
  quota: Record<string, unknown> | undefined,
  cluster: string
): Item[] {
  const topic = 'quota';
  const resources = record(quota?.['resources']);
  const items: Item[] = [];
  for (const [what, wanted, show] of [
    ['cpu', asked.cpu, cores],
    ['memory', asked.memory, gibibytes]
  ] as const) {
    const max = number(record(resources[what])['max']);
    const used = number(record(resources[what])['used']) ?? 0;
    if (max === undefined || max <= 0) {
      continue; // none, or not told
    }
    if (wanted > max) {
      items.push({
        topic,
        state: 'error',
        message: `A job asks for ${show(wanted)} (${what}), and your quota on ${cluster} is ${show(max)}. Lower ${what}, or ask for more.`
      });
    } else if (wanted + used > max) {
      items.push({
        topic,
        state: 'warning',
        message: `${show(used)} of your ${show(max)} (${what}) on ${cluster} are in use: a job would wait.`
      });
    }
  }
  const buckets = record(record(quota?.['minio'])['buckets']);
  const most = number(buckets['max']) ?? 0;
  if (most > 0 && (number(buckets['used']) ?? 0) >= most) {
    items.push({
      topic,
      state: 'error',
      message: `You have ${most} buckets on ${cluster}, as many as you may. Delete one first.`
    });
  }
  return items;
}

async function checkGpu(status: Record<string, unknown> | undefined, target: ICluster): Promise<Item> {
  const { config } = await target.client.config();
  const gpus = number(record(record(record(status?.['cluster'])['metrics'])['gpu'])['total_gpu']);
  return config['gpu_available'] === true || (gpus ?? 0) > 0
    ? { topic: 'capacity', state: 'ok', message: `${target.id} has a GPU.` }
    : {
        topic: 'capacity',
        state: 'error',
        message: `It asks for a GPU, and ${target.id} has none. Set enable_gpu to false, or take another cluster.`
      };
}

/** Undefined where this cluster does not tell, or not to this user. */
async function optional<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isProblem(error, 'not-found', 'forbidden', 'unauthorized', 'remote-error', 'invalid')) {
      return undefined;
    }
    throw error;
  }
}
