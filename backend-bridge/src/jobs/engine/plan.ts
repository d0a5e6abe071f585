import type { ComputeRequest } from '../../contract';
import type {
  IHtcTask,
  IMapTask,
  IReduceTask,
  ISampleAnswer,
  ISampleTask,
  ITaskCounters,
  ITaskDone,
  TaskStore
} from './task';

/**
 * The seam between the engine and what knows a kind of job (../mapreduce, ../htc): a planner turns the inputs into phases of
 * parts and the committed parts into a result. A planner runs nothing and keeps no state that is not in `data` of its
 * phases: after a crash the engine makes a new one and gives it the journaled data back.
 */

export type PhaseName = 'map' | 'reduce' | 'htc';

/** What the engine adds to a task itself. */
type Added = 'job' | 'part' | 'attempt' | 'store' | 'limits' | 'code';
export type SampleBody = Omit<ISampleTask, Added>;
export type TaskBody = Omit<IMapTask, Added> | Omit<IReduceTask, Added> | Omit<IHtcTask, Added>;

/** Units `[first, first + count)` of a phase. */
export interface IRange {
  first: number;
  count: number;
}

/** A range that is worked on under a number; the number and the attempt name the files of the part. */
export interface IPartRange extends IRange {
  part: number;
  attempt: number;
}

/** A part whose borders the planner chose; its number is its place in the list. */
export interface IFixedPart extends IRange {
  /** Work relative to others, default `count`: heavy parts go first. */
  weight?: number;
}

export interface IPhasePlan {
  name: PhaseName;
  /** Units: bytes of map and reduce input, iterations or files of htc. */
  total: number;
  /** Fixed parts (together all of `[0, total)`); absent: the engine pulls ranges of `[0, total)` sized by time. */
  parts?: readonly IFixedPart[];
  /**
   * `task` takes any range, so a part may be shortened with `stop`, its rest given away, halved when memory is short. False: only
   * the ranges of `parts`; without `parts`: one range, all of it, cannot be shortened once it runs.
   */
  divisible: boolean;
  /** Wanted sizes of pulled ranges. Default `pull`: sized by time. */
  policy?: IChunkPolicy;
  /** Ranges are pulled but never longer than this, units. */
  maxRange?: number;
  /** Ranges are cut at multiples of this only. Default 1. */
  grain?: number;
  /**
   * All that decides the outcome besides the code and the range: inputs with their size and version, format, seed… Parts that an
   * earlier job committed for the same code and key are taken over. Absent: never.
   */
  key?: string;
  /** What `restore` needs to make this plan again, JSON. Journaled before the first part runs. */
  data: unknown;
  task(part: IPartRange): TaskBody;
}

/** A part that counts. Sorted by `first` where there are several. */
export interface ICommittedPart extends IPartRange {
  /** Relative to the store. */
  files: ITaskDone['files'];
  values?: ITaskDone['values'];
  counters: ITaskCounters;
}

export interface IJobOutcome {
  /** Pairs or values in the result. */
  results: number;
  /** Folder or `bucket/prefix`, for the user. */
  output?: string;
  notes?: string[];
}

export interface IResultPage {
  total: number;
  items: unknown[];
  files: { name: string; path?: string; size: number }[];
}

/** What a planner is told and may ask. */
export interface IPlanContext {
  job: string;
  spec: ComputeRequest;
  /** Where tasks write; for engines of this machine also where the planner may read and write (`manifest/…`). */
  store: TaskStore;
  /** The job's own folder on this machine, always; the store itself when that is a folder. */
  folder: string;
  /** Workers that are expected to be there; sizes of parts go by it. */
  workers: number;
  /** What starting a part costs, s, and the fewest seconds of work that are worth it: IEngineTraits. */
  startCost: number;
  minPart: number;
  /** A sentence for the user, shown once. */
  note(text: string): void;
  signal: AbortSignal;
}

export interface IPlanner {
  /**
   * Variables for the worker processes of this machine: keys of the bucket that the input is in. They are secrets: they go into
   * the environment of the processes and nowhere else.
   */
  environment?(): Promise<Record<string, string>>;
  /** What is tried first; undefined: nothing to try (shell bodies, empty input). */
  sampleTask(): Promise<SampleBody | undefined>;
  /** The first phase. Throws BridgeError for inputs that are not there. */
  plan(sample: ISampleAnswer | undefined): Promise<IPhasePlan>;
  /** A plan of before, from its `data`. */
  restore(phase: PhaseName, data: unknown): IPhasePlan;
  /** The phase after this one, whose parts are all committed; undefined: that was the last. */
  next(phase: IPhasePlan, committed: readonly ICommittedPart[]): Promise<IPhasePlan | undefined>;
  /**
   * Makes the result of the parts of the last phase (moves files to the output folder, counts). May be called again after a
   * crash in the middle, so each step must be one that can be repeated.
   */
  finish(phase: IPhasePlan, committed: readonly ICommittedPart[]): Promise<IJobOutcome>;
  /** A page of the result of a finished job, from `committed` of its last phase. */
  read(phase: IPhasePlan, committed: readonly ICommittedPart[], offset: number, limit: number): Promise<IResultPage>;
}

/** `../mapreduce` exports `createMapReducePlanner`, `../htc` exports `createHtcPlanner`. */
export type CreatePlanner = (context: IPlanContext) => Promise<IPlanner>;

/** One worker as a policy sees it; times are seconds since the phase began, from a clock that is never set. */
export interface IPolicyWorker {
  id: string;
  /** Units that it has done, committed or reported. */
  done: number;
  /** Units that it has done or has been given. */
  assigned: number;
  /** Units a second, as the engine smooths it; 0: not known. */
  speed: number;
  startedAt?: number;
  reportedAt?: number;
  busy: boolean;
}

export interface IPolicyView {
  now: number;
  total: number;
  /** Units that nobody has. */
  remaining: number;
  /** Parts that a worker may hold; wanted duration of the job, s, if there is one. */
  target?: number;
  workers: readonly IPolicyWorker[];
}

/** How much a worker is given at once. Pure: all it knows comes with the calls. */
export interface IChunkPolicy {
  /** Units for this worker that is idle now; at least 1, cut to what remains. */
  next(worker: string, view: IPolicyView): number;
  /**
   * After a report of a worker: units that workers shall have done when they end what they do now (`assigned`). Less than before:
   * its part is stopped there and the rest is given away; more: it gets it when it is done.
   */
  report?(worker: string, view: IPolicyView): { worker: string; assigned: number }[];
  /** The tail is left alone (no stealing, no backups) as the policy balances itself. */
  ownTail?: boolean;
}
