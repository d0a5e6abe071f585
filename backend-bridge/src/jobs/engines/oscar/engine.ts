import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IObjectStorage } from '../../../clusters/interfaces';
import type { ICrew, ICrewListener, IEngine, IEngineJob, IStore } from '../../engine/engine';
import type { TaskStore } from '../../engine/task';
import type { IEngineTraits } from '../../engine/traits';
import { DescriptorCrew, type ICrewTimes } from './crew';
import { BucketStore } from './store';
import type { IDescriptorTransport } from './transport';

type Place = Extract<TaskStore, { type: 's3' }>;

export interface IDescriptorEngineOptions {
  /** As requests name it. */
  id: string;
  transport: IDescriptorTransport;
  storage: () => Promise<IObjectStorage>;
  /** Where the files of new jobs go. Makes what is needed for it. */
  place: () => Promise<Omit<Place, 'type' | 'prefix'>>;
  times?: Partial<ICrewTimes>;
  log?: (line: string) => void;
}

/** Of jobs when nothing says how large the cluster is. */
const WORKERS = 4;
const TIMES: ICrewTimes = {
  list: 1000,
  look: 5000,
  grace: 10_000,
  patience: { first: 900, least: 60, factor: 5 }
};

/** Runs parts on machines that get descriptors and share an object store: `oscar:<cluster>`. */
export class DescriptorEngine implements IEngine {
  constructor(private readonly _options: IDescriptorEngineOptions) {
    this.id = _options.id;
  }

  readonly id: string;
  readonly traits: IEngineTraits = {
    transport: 'descriptor',
    startCost: 2,
    minPart: 5,
    maxPart: 120,
    heartbeat: 0,
    lostAfter: 0,
    stoppable: false,
    backoff: 2,
    ahead: 0
  };

  async capacity(): Promise<number> {
    const { most = WORKERS } = await this._options.transport.room();
    return Math.max(1, most);
  }

  async store(job: string, folder: string): Promise<IStore> {
    // Where it began it stays: a newer bridge puts other jobs elsewhere.
    const file = join(folder, 'store.json');
    let place: Place;
    try {
      place = JSON.parse(await readFile(file, 'utf8')) as Place;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw error;
      }
      place = { type: 's3', ...(await this._options.place()), prefix: `jobs/${job}` };
      await writeFile(file, JSON.stringify(place), { mode: 0o600, flush: true });
    }
    return new BucketStore({ storage: this._options.storage, place, folder });
  }

  crew(job: IEngineJob, listener: ICrewListener): ICrew {
    const { transport, times, id, log = () => undefined } = this._options;
    if (!(job.store instanceof BucketStore)) {
      throw new TypeError('Workers of a cluster need a bucket.');
    }
    return new DescriptorCrew({
      job,
      store: job.store,
      transport,
      listener,
      times: { ...TIMES, ...times },
      name: id.replace(/^oscar:/, ''),
      log
    });
  }

  async close(): Promise<void> {
    // Crews are closed with their jobs; nothing else is open.
  }
}
