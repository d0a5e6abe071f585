import { createHash } from 'node:crypto';
import type {
  CreatePlanner,
  ICommittedPart,
  IFixedPart,
  IJobOutcome,
  IPartRange,
  IPhasePlan,
  IPlanContext,
  IPlanner,
  IResultPage,
  PhaseName,
  SampleBody
} from '../engine/plan';
import type { ISampleAnswer, ITaskInput } from '../engine/task';
import { claimOutput } from '../mapreduce/claims';
import { listInputs } from '../mapreduce/listing';
import { checkReach, invalid, workerKeys, type IPlaces } from '../mapreduce/places';
import { storeFiles, type IStoreFiles } from '../mapreduce/store-files';
import { targetOf, type ITarget } from '../mapreduce/target';
import { HtcResult } from './result';
import { ruperPolicy } from './ruper-policy';
import { division, grainOf } from './work';

type WholeFile = Pick<ITaskInput, 'uri' | 'size' | 'version'>;

/** What the phase is made of, journaled. */
interface IHtcData {
  total: number;
  seed: number;
  shell: boolean;
  balance: 'pull' | 'ruper' | 'fixed';
  parts?: IFixedPart[];
  /** Iterations of one call. */
  grain?: number;
  files?: WholeFile[];
  common?: WholeFile[];
  time?: number;
  /** Who is expected at the beginning. */
  workers?: number;
  forms?: ISampleAnswer['forms'];
}

/** Of the JSON of one task's files: a task must stay under 100 kB. */
const LIST_LIMIT = 60_000;

/** @returns What makes the planner of one job; `places` are the same for all jobs. */
export function createHtcPlanner(places: IPlaces): CreatePlanner {
  return async context => {
    const target = await targetOf(context.spec, places, context.job);
    // Of a job that is over only the result is read.
    if (target !== undefined && places.active(context.job)) {
      claimOutput(target.place, context.job, job => places.active(job));
    }
    return new HtcPlanner(context, places, target, await storeFiles(context, places));
  };
}

class HtcPlanner implements IPlanner {
  constructor(
    private readonly _context: IPlanContext,
    private readonly _places: IPlaces,
    private readonly _target: ITarget | undefined,
    store: IStoreFiles
  ) {
    this._result = new HtcResult({ context: _context, store, target: _target });
  }

  environment(): Promise<Record<string, string>> {
    return workerKeys(this._places, this._context.spec);
  }

  async sampleTask(): Promise<SampleBody | undefined> {
    await this._target?.check();
    const { total, files, common, shell } = await this._work();
    if (shell || total === 0) {
      return undefined;
    }
    const input = (files ?? common ?? []).slice(0, 1).map(whole);
    return { phase: 'sample', kind: 'htc', input, combiner: 'none', reducers: 1, sort: 'none' };
  }

  async plan(sample: ISampleAnswer | undefined): Promise<IPhasePlan> {
    await this._target?.check();
    const work = await this._work();
    return this._phase(sample === undefined ? work : { ...work, forms: sample.forms });
  }

  restore(_phase: PhaseName, data: unknown): IPhasePlan {
    return this._phase(data as IHtcData);
  }

  next(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  finish(_phase: IPhasePlan, committed: readonly ICommittedPart[]): Promise<IJobOutcome> {
    return this._result.finish(committed);
  }

  read(_phase: IPhasePlan, _committed: readonly ICommittedPart[], offset: number, limit: number): Promise<IResultPage> {
    return this._result.read(offset, limit);
  }

  private _phase(data: IHtcData): IPhasePlan {
    const { total, seed, shell, parts, grain, files, common, balance, forms } = data;
    return {
      name: 'htc',
      total,
      ...(parts === undefined ? {} : { parts }),
      divisible: parts === undefined,
      ...(balance === 'ruper' && parts === undefined ? { policy: ruperPolicy(data.time, data.workers) } : {}),
      ...(files === undefined ? {} : { maxRange: mostFiles(files) }),
      ...(grain === undefined ? {} : { grain }),
      key: createHash('sha256')
        .update(JSON.stringify([total, seed, files, common, grain]))
        .digest('hex'),
      data,
      task: (range: IPartRange) => ({
        phase: 'htc',
        first: range.first,
        count: range.count,
        seed,
        total,
        ...(grain === undefined ? {} : { grain }),
        ...(files === undefined ? {} : { files: files.slice(range.first, range.first + range.count).map(whole) }),
        ...(common === undefined ? {} : { common: common.map(whole) }),
        shell,
        divisible: !shell && parts === undefined,
        ...(forms === undefined ? {} : { forms })
      })
    };
  }

  private async _work(): Promise<IHtcData> {
    this._data ??= await this._plan();
    return this._data;
  }

  private async _plan(): Promise<IHtcData> {
    const { spec, signal, workers } = this._context;
    const { htc = {} } = spec;
    const listed = spec.input?.length ? await listInputs(spec.input, spec, this._places, signal) : undefined;
    if (htc.iterations === undefined && listed === undefined) {
      throw invalid('The job has no work.', 'Give a number of iterations, or files.');
    }
    if (listed !== undefined) {
      checkReach(spec, listed);
    }
    const within = this._target?.within;
    const found = listed?.files.filter(file => within === undefined || !file.uri.startsWith(within));
    const asFiles = htc.iterations === undefined;
    const total = htc.iterations ?? found?.length ?? 0;
    const shell = spec.code.language === 'shell';
    // TaScaaS: a wanted time of 0 or less means that counts never change.
    const balance = htc.balance ?? (htc.time !== undefined && htc.time <= 0 ? 'fixed' : 'pull');
    const parts = division({ total, workers, balance, shell, files: asFiles, initWorkers: htc.initWorkers });
    return {
      total,
      seed: htc.seed ?? 0,
      shell,
      balance,
      // With a wanted duration there are only as many as it needs.
      workers: htc.initWorkers ?? ((htc.time ?? 0) > 0 ? 1 : workers),
      ...(parts === undefined
        ? { grain: grainOf(total, asFiles && found !== undefined ? mostFiles(found) : Infinity) }
        : { parts }),
      ...(found === undefined ? {} : asFiles ? { files: found } : { common: found }),
      ...(htc.time === undefined ? {} : { time: htc.time })
    };
  }

  private readonly _result: HtcResult;
  private _data?: IHtcData;
}

/** Files that one task can list. */
function mostFiles(files: readonly WholeFile[]): number {
  const longest = files.reduce((most, file) => Math.max(most, file.uri.length + 150), 1);
  return Math.max(1, Math.floor(LIST_LIMIT / longest));
}

const whole = (file: WholeFile): ITaskInput => ({
  uri: file.uri,
  start: 0,
  size: file.size,
  version: file.version
});
