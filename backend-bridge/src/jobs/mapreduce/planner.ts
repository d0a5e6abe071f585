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
import type { IMapTask, ISampleAnswer } from '../engine/task';
import { blockSize, reducerCount } from './blocks';
import { claimOutput } from './claims';
import { gather, sampleInput } from './gather';
import { listInputs } from './listing';
import { checkReach, invalid, workerKeys, type IPlaces } from './places';
import { MapReduceResult } from './result';
import { INLINE_LIST, mapOutputs, reduceParts } from './shuffle';
import { Space, type ISpaceData } from './space';
import { storeFiles, type IStoreFiles } from './store-files';
import { targetOf, type ITarget } from './target';
import { hasOrder } from './values';

/** What a map phase is made of, journaled. */
interface IMapData {
  space: ISpaceData;
  parts: IFixedPart[];
  combiner: IMapTask['combiner'];
  reducers: number;
  bounds?: string[];
  forms?: ISampleAnswer['forms'];
}

interface IReduceData {
  parts: IFixedPart[];
  outputs?: string[];
  manifest?: string;
  forms?: ISampleAnswer['forms'];
  /** Of the map phase and all it was made of. */
  key: string;
}

/** @returns What makes the planner of one job; `places` are the same for all jobs. */
export function createMapReducePlanner(places: IPlaces): CreatePlanner {
  return async context => {
    const target = await targetOf(context.spec, places, context.job);
    // Of a job that is over only the result is read.
    if (target !== undefined && places.active(context.job)) {
      claimOutput(target.place, context.job, job => places.active(job));
    }
    return new MapReducePlanner(context, places, target, await storeFiles(context, places));
  };
}

class MapReducePlanner implements IPlanner {
  constructor(
    private readonly _context: IPlanContext,
    private readonly _places: IPlaces,
    private readonly _target: ITarget | undefined,
    private readonly _store: IStoreFiles
  ) {
    const { mapreduce = {} } = _context.spec;
    this._options = mapreduce;
    const { sort = 'none', top } = mapreduce;
    // The largest values are what one asks for by a number alone.
    this._sort = sort === 'none' && top !== undefined ? 'value' : sort;
    this._result = new MapReduceResult({ context: _context, store: _store, target: _target, sort: this._sort });
  }

  environment(): Promise<Record<string, string>> {
    return workerKeys(this._places, this._context.spec);
  }

  async sampleTask(): Promise<SampleBody | undefined> {
    await this._target?.check();
    const space = await this._input();
    const sample = sampleInput(space, this._sort === 'key');
    if (sample === undefined) {
      return undefined;
    }
    return {
      phase: 'sample',
      kind: 'mapreduce',
      ...sample,
      combiner: this._options.combiner ?? 'auto',
      reducers: this._reducers(space, undefined),
      sort: this._sort
    };
  }

  async plan(sample: ISampleAnswer | undefined): Promise<IPhasePlan> {
    await this._target?.check();
    const space = await this._input();
    const block = blockSize({ ...this._blockRule(space.total), expansion: sample?.expansion, speed: sample?.speed });
    const bounds = this._sort === 'key' ? sample?.bounds : undefined;
    return this._map({
      space: space.data,
      parts: space.parts(block),
      combiner: sample?.combiner ?? 'none',
      // As many sections as the bounds make; the sample may have fewer keys than reducers are wanted.
      reducers: bounds === undefined ? (this._sort === 'key' ? 1 : this._reducers(space, sample)) : bounds.length + 1,
      ...(bounds === undefined ? {} : { bounds }),
      ...(sample === undefined ? {} : { forms: sample.forms })
    });
  }

  restore(phase: PhaseName, data: unknown): IPhasePlan {
    return phase === 'map' ? this._map(data as IMapData) : this._reduce(data as IReduceData);
  }

  async next(phase: IPhasePlan, committed: readonly ICommittedPart[]): Promise<IPhasePlan | undefined> {
    if (phase.name !== 'map' || committed.length === 0) {
      return undefined;
    }
    const { reducers, forms } = phase.data as IMapData;
    const outputs = mapOutputs(committed);
    const parts = reduceParts(committed, reducers);
    const list = Buffer.from(JSON.stringify(outputs));
    const key = digest([phase.key, committed.map(part => part.files)]);
    if (list.length <= INLINE_LIST) {
      return this._reduce({ parts, outputs, key, forms });
    }
    const manifest = 'manifest/map.json';
    await this._store.write(manifest, list);
    return this._reduce({ parts, manifest, key, forms });
  }

  finish(phase: IPhasePlan, committed: readonly ICommittedPart[]): Promise<IJobOutcome> {
    return this._result.finish(phase, committed);
  }

  read(_phase: IPhasePlan, _committed: readonly ICommittedPart[], offset: number, limit: number): Promise<IResultPage> {
    return this._result.read(offset, limit);
  }

  private _map(data: IMapData): IPhasePlan {
    const space = new Space(data.space);
    const { combiner, reducers, bounds, forms } = data;
    return {
      name: 'map',
      total: space.total,
      parts: data.parts,
      divisible: true,
      key: digest([data.space, combiner, reducers, bounds, forms]),
      data,
      task: (part: IPartRange) => ({
        phase: 'map',
        ...space.inputs(part),
        combiner,
        reducers,
        ...(bounds === undefined ? {} : { bounds }),
        ...(forms === undefined ? {} : { forms })
      })
    };
  }

  private _reduce(data: IReduceData): IPhasePlan {
    const { parts, outputs, manifest, key, forms } = data;
    const sections = new Map(parts.map((part, section) => [part.first, section]));
    const { top } = this._options;
    return {
      name: 'reduce',
      total: parts.reduce((sum, part) => sum + part.count, 0),
      parts,
      divisible: false,
      key: digest([key, this._sort, top]),
      data,
      task: (part: IPartRange) => ({
        phase: 'reduce',
        section: sections.get(part.first) ?? part.part,
        ...(outputs === undefined ? { manifest } : { outputs }),
        sort: this._sort,
        ...(top === undefined ? {} : { top }),
        ...(forms === undefined ? {} : { forms })
      })
    };
  }

  /** The input as it is now; listed once. */
  private async _input(): Promise<Space> {
    this._listed ??= await this._list();
    return this._listed;
  }

  private async _list(): Promise<Space> {
    const { spec, signal } = this._context;
    const inputs = spec.input ?? [];
    if (inputs.length === 0) {
      throw invalid('A map-reduce job needs input.', 'Give a file, a folder, a pattern or a bucket.');
    }
    const listing = await listInputs(inputs, spec, this._places, signal);
    checkReach(spec, listing);
    const { files } = listing;
    const kept = this._withoutOutput(files);
    const total = kept.reduce((sum, file) => sum + file.size, 0);
    const { space, notes } = await gather(kept, spec, { block: blockSize(this._blockRule(total)), signal });
    notes.forEach(note => this._context.note(note));
    return space;
  }

  /** What lies in the output folder is the result of a run before. @throws BridgeError when there is nothing else. */
  private _withoutOutput<T extends { uri: string }>(files: readonly T[]): T[] {
    const within = this._target?.within;
    const kept = within === undefined ? [...files] : files.filter(file => !file.uri.startsWith(within));
    if (kept.length === 0 && files.length > 0) {
      throw invalid(
        'The output folder is that of the input.',
        'Choose another output folder: this one would be replaced.'
      );
    }
    if (kept.length < files.length) {
      this._context.note('The output folder lies in the input; what is in it was not read.');
    }
    return kept;
  }

  private _blockRule(total: number): Parameters<typeof blockSize>[0] {
    const { workers, startCost, spec } = this._context;
    const { mappers, minBlock, maxBlock } = this._options;
    return { total, workers, startCost, memory: spec.memory, mappers, minBlock, maxBlock };
  }

  private _reducers(space: Space, sample: ISampleAnswer | undefined): number {
    const { workers, startCost } = this._context;
    if (this._sort === 'value' && sample?.pairs.some(([, value]) => !hasOrder(value))) {
      if (this._options.reducers !== undefined && this._options.reducers > 1) {
        this._context.note('One reducer sorts all values: only Python knows their order.');
      }
      return 1;
    }
    const intermediate = space.total * (sample?.shuffle ?? 1);
    return reducerCount({ wanted: this._options.reducers, workers, startCost, intermediate });
  }

  private readonly _options: NonNullable<IPlanContext['spec']['mapreduce']>;
  private readonly _sort: 'key' | 'value' | 'none';
  private readonly _result: MapReduceResult;
  private _listed?: Space;
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
