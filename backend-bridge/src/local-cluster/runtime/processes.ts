import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Variable that everything we start carries, and hands on to its children. */
export const MARK = 'OSCAR_LOCAL_MARK';

const LINUX = existsSync('/proc/self/stat');
const PAGE = 4096;

export interface IProcess {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Start time in the kernel's ticks: a pid with another one is another process. */
  started: string;
  /** Resident bytes. */
  memory: number;
}

/** All processes of this machine that we can see. */
export async function listProcesses(): Promise<IProcess[]> {
  return LINUX ? fromProc() : await fromPs();
}

function fromProc(): IProcess[] {
  const found: IProcess[] = [];
  for (const name of readdirSync('/proc')) {
    if (name.charCodeAt(0) < 49 || name.charCodeAt(0) > 57) {
      continue;
    }
    const stat = readSmall(`/proc/${name}/stat`);
    if (stat === undefined) {
      continue;
    }
    // The name is in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') {
      continue;
    }
    found.push({
      pid: Number(name),
      parent: Number(fields[1]),
      group: Number(fields[2]),
      session: Number(fields[3]),
      started: fields[19],
      memory: Number(fields[21]) * PAGE
    });
  }
  return found;
}

async function fromPs(): Promise<IProcess[]> {
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid=,pgid=,rss=,state=,lstart=']);
  return stdout.split('\n').flatMap(line => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    return match && !match[5].startsWith('Z')
      ? [
          {
            pid: Number(match[1]),
            parent: Number(match[2]),
            group: Number(match[3]),
            session: 0,
            started: match[6],
            memory: Number(match[4]) * 1024
          }
        ]
      : [];
  });
}

/**
 * Bytes that a process keeps from others: shared pages are divided among those who share them. Falls back to `memory`.
 */
export function proportionalMemory(process: IProcess): number {
  const match = /^Pss:\s+(\d+) kB/m.exec(readSmall(`/proc/${process.pid}/smaps_rollup`) ?? '');
  return match ? Number(match[1]) * 1024 : process.memory;
}

/** Processes whose environment carries a mark that `matches`. Costs a read of every process: for endings, not for watching. */
export async function markedProcesses(matches: (mark: string) => boolean): Promise<{ pid: number; mark: string }[]> {
  if (!LINUX) {
    const { stdout } = await run('ps', ['-axEww', '-o', 'pid=,command='], { maxBuffer: 2 ** 26 });
    return stdout.split('\n').flatMap(line => {
      const match = new RegExp(`^\\s*(\\d+) .*\\b${MARK}=(\\S+)`).exec(line);
      return match && matches(match[2]) ? [{ pid: Number(match[1]), mark: match[2] }] : [];
    });
  }
  const needle = `${MARK}=`;
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) {
      return [];
    }
    const environment = readSmall(`/proc/${name}/environ`);
    const at = environment === undefined ? -1 : `\0${environment}`.indexOf(`\0${needle}`);
    if (environment === undefined || at < 0) {
      return [];
    }
    const mark = environment.slice(at + needle.length).split('\0', 1)[0];
    return matches(mark) && Number(name) !== process.pid ? [{ pid: Number(name), mark }] : [];
  });
}

/** Members of `root`'s group and session, and what they started; `known` remembers those whose parents have gone. */
export function descendants(root: number, processes: IProcess[], known: Map<number, string>): IProcess[] {
  const members = new Map<number, IProcess>();
  for (const entry of processes) {
    if (
      entry.pid === root ||
      entry.group === root ||
      entry.session === root ||
      known.get(entry.pid) === entry.started
    ) {
      members.set(entry.pid, entry);
    }
  }
  let grew = members.size > 0;
  while (grew) {
    grew = false;
    for (const entry of processes) {
      if (!members.has(entry.pid) && members.has(entry.parent)) {
        members.set(entry.pid, entry);
        grew = true;
      }
    }
  }
  known.clear();
  for (const entry of members.values()) {
    known.set(entry.pid, entry.started);
  }
  return [...members.values()];
}

/** Sends a signal to a process, or to a group when negative. False when there is none. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ESRCH' || code === 'EPERM') {
      // Gone, or (macOS, for a group of zombies only) as good as gone.
      return false;
    }
    throw error;
  }
}

function readSmall(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It has ended, or belongs to somebody else.
    return undefined;
  }
}
