import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

export interface ICapacity {
  /** Cores. */
  cpus: number;
  /** Bytes. */
  memory: number;
  /** Devices. */
  gpus: number;
}

/**
 * What this machine, or the pod that it is, really has: the limits of control groups (v1 and v2, also those of the groups
 * above), then the CPU affinity. `os.cpus()` and `os.totalmem()` show the whole node.
 */
export function machineCapacity(root = ''): ICapacity {
  return {
    cpus: Math.min(availableParallelism(), cgroupCpus(root) ?? Infinity),
    memory: Math.min(totalmem(), cgroupMemory(root) ?? Infinity),
    gpus: countGpus(root)
  };
}

/** What is handed out by default: a quarter stays with Jupyter, and there is always enough for one small job. */
export function defaultCapacity(machine: ICapacity = machineCapacity()): ICapacity {
  return {
    cpus: Math.max(1, machine.cpus * 0.75),
    memory: Math.max(Math.min(machine.memory, 2 ** 29), machine.memory * 0.75),
    gpus: machine.gpus
  };
}

function cgroupCpus(root: string): number | undefined {
  const quotas = groupFolders(root, 'cpu').flatMap(({ folder, version }) => {
    if (version === 2) {
      const [quota, period] = read(`${folder}/cpu.max`)?.split(/\s+/) ?? [];
      return quota === undefined || quota === 'max' ? [] : [Number(quota) / Number(period)];
    }
    const quota = Number(read(`${folder}/cpu.cfs_quota_us`) ?? -1);
    const period = Number(read(`${folder}/cpu.cfs_period_us`) ?? 0);
    return quota > 0 && period > 0 ? [quota / period] : [];
  });
  return smallest(quotas);
}

function cgroupMemory(root: string): number | undefined {
  const limits = groupFolders(root, 'memory').flatMap(({ folder, version }) => {
    const text = read(`${folder}/${version === 2 ? 'memory.max' : 'memory.limit_in_bytes'}`);
    return text === undefined || text === 'max' ? [] : [Number(text)];
  });
  return smallest(limits);
}

/** This process's group and all above it, for one controller. In a container the path may name a group that is not mounted. */
function groupFolders(root: string, controller: string): { folder: string; version: 1 | 2 }[] {
  const folders: { folder: string; version: 1 | 2 }[] = [];
  for (const line of (read(`${root}/proc/self/cgroup`) ?? '').split('\n')) {
    const [id, controllers, path] = line.split(':');
    const version = id === '0' && controllers === '' ? 2 : 1;
    if (path === undefined || (version === 1 && !controllers.split(',').includes(controller))) {
      continue;
    }
    const mount = `${root}/sys/fs/cgroup${version === 2 ? '' : `/${controllers}`}`;
    const parts = path.split('/').filter(part => part && part !== '..');
    for (let depth = parts.length; depth >= 0; depth--) {
      folders.push({ folder: [mount, ...parts.slice(0, depth)].join('/'), version });
      if (version === 1 && controllers !== controller) {
        folders.push({ folder: [`${root}/sys/fs/cgroup/${controller}`, ...parts.slice(0, depth)].join('/'), version });
      }
    }
  }
  return folders;
}

function countGpus(root: string): number {
  try {
    return readdirSync(`${root}/dev`).filter(name => /^nvidia\d+$/.test(name)).length;
  } catch {
    // No /dev to look at: no devices to give.
    return 0;
  }
}

function smallest(values: number[]): number | undefined {
  const real = values.filter(value => Number.isFinite(value) && value > 0);
  return real.length > 0 ? Math.min(...real) : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // The file of the other version, or of a group that is not mounted here.
    return undefined;
  }
}
