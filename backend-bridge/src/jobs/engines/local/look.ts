import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What the system says of a process. */
export interface ILook {
  /** It was stopped by a signal. */
  stopped: boolean;
  /** Ticks of CPU time so far; only their change means something. */
  ticks: number;
  /** Resident memory of the process and of all others of its group, bytes. */
  memory: number;
}

const PAGE_SIZE = 4096;

/** Looks at a process group; undefined when it is gone. Where there is no /proc, `ps` is asked. */
export async function lookAt(pid: number): Promise<ILook | undefined> {
  return process.platform === 'linux' ? lookInProc(pid) : lookWithPs(pid);
}

interface IStat {
  state: string;
  group: number;
  ticks: number;
  memory: number;
}

async function readStat(pid: number | string): Promise<IStat | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
  // The name may hold spaces and brackets: the fields are counted from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0],
    group: Number(fields[2]),
    ticks: Number(fields[11]) + Number(fields[12]),
    memory: Number(fields[21]) * PAGE_SIZE
  };
}

async function lookInProc(pid: number): Promise<ILook | undefined> {
  const own = await readStat(pid);
  if (!own || own.state === 'Z') {
    return undefined;
  }
  let { memory, ticks } = own;
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name) && Number(name) !== pid) {
      const other = await readStat(name);
      if (other?.group === pid) {
        memory += other.memory;
        ticks += other.ticks;
      }
    }
  }
  return { stopped: own.state === 'T' || own.state === 't', ticks, memory };
}

async function lookWithPs(pid: number): Promise<ILook | undefined> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,pgid=,stat=,time=,rss=']);
  let found: ILook | undefined;
  let memory = 0;
  let ticks = 0;
  for (const line of stdout.split('\n')) {
    const [id, group, state = '', time = '', rss] = line.trim().split(/\s+/);
    if (Number(group) !== pid) {
      continue;
    }
    memory += Number(rss) * 1024;
    ticks += time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0) * 100;
    if (Number(id) === pid) {
      found = { stopped: state.startsWith('T'), ticks: 0, memory: 0 };
    }
  }
  return found && { ...found, memory, ticks };
}

/** Processes of this user whose environment says one of these. */
export async function findByEnvironment(name: string, values: ReadonlySet<string>): Promise<number[]> {
  const found: number[] = [];
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['eww', '-o', 'pid=,command='], { maxBuffer: 64 * 1024 * 1024 });
    for (const line of stdout.split('\n')) {
      const value = new RegExp(` ${name}=(\\w+)`).exec(line)?.[1];
      if (value !== undefined && values.has(value)) {
        found.push(Number.parseInt(line, 10));
      }
    }
    return found;
  }
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) {
      continue;
    }
    let text: string;
    try {
      text = await readFile(`/proc/${pid}/environ`, 'utf8');
    } catch {
      // Of somebody else, or it has ended.
      continue;
    }
    const entry = text.split('\0').find(item => item.startsWith(`${name}=`));
    if (entry !== undefined && values.has(entry.slice(name.length + 1))) {
      found.push(Number(pid));
    }
  }
  return found;
}
