import { availableParallelism } from 'node:os';
import type { ICrew, ICrewListener, IEngine, IEngineJob, IStore } from '../../engine/engine';
import type { IEngineTraits } from '../../engine/traits';
import { LocalCrew } from './crew';
import { findByEnvironment } from './look';
import { NONCE } from './process';
import { FolderStore } from './store';
import { WarmProcesses } from './warm';

export interface ILocalEngineOptions {
  /** Interpreter for jobs that name none. */
  python: string;
  /** Folder or zip file of the runner. */
  runner: string;
  /** Random name of this bridge. */
  nonce: string;
  /** Workers of one job; default: processors that this process may use. */
  workers?: number;
  /** How long workers without a job are kept, ms. */
  keep?: number;
}

/** Python processes on this machine, run as the user. */
export class LocalEngine implements IEngine {
  constructor(private readonly _options: ILocalEngineOptions) {
    this._workers = _options.workers ?? availableParallelism();
    const { runner, nonce, keep } = _options;
    this._warm = new WarmProcesses({ runner, nonce, most: 2 * this._workers, keep });
  }

  readonly id = 'local';
  readonly traits: IEngineTraits = {
    transport: 'lease',
    startCost: 0.001,
    minPart: 0.05,
    maxPart: 1,
    heartbeat: 1,
    lostAfter: 0,
    stoppable: true,
    backoff: 0.2,
    ahead: 0.02
  };

  async capacity(): Promise<number> {
    return this._workers;
  }

  async store(_job: string, folder: string): Promise<IStore> {
    return new FolderStore(folder).prepare();
  }

  crew(job: IEngineJob, listener: ICrewListener): ICrew {
    return new LocalCrew({ job, listener, warm: this._warm, python: this._options.python });
  }

  async close(): Promise<void> {
    await this._warm.close();
  }

  private readonly _workers: number;
  private readonly _warm: WarmProcesses;
}

/** Ends all that workers of bridges with these names have left running. */
export async function killOrphans(nonces: readonly string[]): Promise<number> {
  if (nonces.length === 0) {
    return 0;
  }
  const found = await findByEnvironment(NONCE, new Set(nonces));
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        throw error;
      }
    }
  }
  return found.length;
}
