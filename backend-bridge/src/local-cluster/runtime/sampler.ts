import { descendants, listProcesses, proportionalMemory } from './processes';

export interface IWatched {
  pid: number;
  /** Bytes; 0 for no limit. */
  limit: number;
  onExceeded: () => void;
  known: Map<number, string>;
  memory: number;
  peak: number;
}

/** Milliseconds between two looks, as long as they are cheap. */
const INTERVAL = 200;

/**
 * Measures what running programs use, all of them in one look at the process table. A program that ends before the first
 * look costs nothing.
 */
export class Sampler {
  add(watched: IWatched): void {
    this._watched.add(watched);
    this._schedule(INTERVAL);
  }

  remove(watched: IWatched): void {
    this._watched.delete(watched);
  }

  close(): void {
    this._watched.clear();
    clearTimeout(this._timer);
  }

  private _schedule(delay: number): void {
    if (this._timer === undefined && this._watched.size > 0) {
      this._timer = setTimeout(() => void this._sample(), delay);
      this._timer.unref();
    }
  }

  private async _sample(): Promise<void> {
    const start = process.cpuUsage();
    try {
      const processes = await listProcesses();
      for (const watched of [...this._watched]) {
        const members = descendants(watched.pid, processes, watched.known);
        watched.memory = members.reduce((sum, member) => sum + member.memory, 0);
        if (watched.limit > 0 && watched.memory > watched.limit && members.length > 1) {
          // Pages that a parent shares with its children count once.
          watched.memory = members.reduce((sum, member) => sum + proportionalMemory(member), 0);
        }
        watched.peak = Math.max(watched.peak, watched.memory);
        if (watched.limit > 0 && watched.memory > watched.limit) {
          this._watched.delete(watched);
          watched.onExceeded();
        }
      }
    } finally {
      this._timer = undefined;
      const { user, system } = process.cpuUsage(start);
      // At most a fiftieth of a core, also on a machine with very many processes.
      this._schedule(Math.max(INTERVAL, ((user + system) / 1000) * 50));
    }
  }

  private readonly _watched = new Set<IWatched>();
  private _timer: NodeJS.Timeout | undefined;
}
