import type { ICluster, IClusters } from '../clusters';
import type {
  PipelineCheckResult,
  PipelineConversion,
  PipelineLeftover,
  PipelineRerunRequest,
  PipelineRun,
  PipelineSource,
  PipelineTarget,
  PlanStep,
  Problem
} from '../contract';
import type { IPrepared } from './prepare';

/** Who named the files; the page sees the file browser only. */
export type SourceCaller = 'page' | 'local';

/** A pipeline whose references the server has resolved. */
export interface IPipelineText {
  text: string;
  /** As the caller named it. */
  shown: string;
  /** Name that tells pipelines apart: the absolute path; for a text without a folder only its name. */
  file: string;
  /** Absolute folder that the files of its nodes are relative to. */
  base?: string;
  /** Absolute folder that its files may not lead out of. */
  boundary?: string;
  /** How to find it again for a rerun. */
  kept: IKeptSource;
}

export interface IKeptSource {
  source: PipelineSource;
  caller: SourceCaller;
}

/** What a deployment may tell while it works. */
export interface IDeployHandle {
  readonly signal?: AbortSignal;
  steps?(steps: PlanStep[]): void;
  services?(names: string[]): void;
}

export interface IPrepareOptions {
  /** Default: the current cluster. */
  cluster?: string;
  secrets?: Record<string, string>;
}

export interface IRunOptions extends IPrepareOptions {
  parameters?: Record<string, unknown>;
}

/** Which runs are asked for. */
export interface IRunQuery {
  /** Of this pipeline, as it was named. */
  file?: string;
  /** The place of that pipeline, where it is known: runs of it that were named otherwise count, too. */
  place?: string;
  page?: string;
}

/** Pipelines on clusters: deployed, run, followed, cleaned up. */
export interface IPipelineRuns {
  check(source: IPipelineText, options?: { cluster?: string; target?: PipelineTarget }): Promise<PipelineCheckResult>;
  /** @param options.into - absolute folder that the files are written to; `folder` of the answer is `shown`, else this */
  convert(
    source: IPipelineText,
    options?: {
      cluster?: string;
      target?: PipelineTarget;
      into?: { path: string; shown: string };
      overwrite?: boolean;
    }
  ): Promise<PipelineConversion>;

  /** All that can be wrong before anything is changed. @throws BridgeError with the problems or the missing secrets */
  prepare(source: IPipelineText, options?: IPrepareOptions): Promise<IPrepared>;
  deploy(prepared: IPrepared, handle?: IDeployHandle): Promise<void>;

  /** Begins a run; it is on disk when this resolves. */
  start(source: IPipelineText, options?: IRunOptions): Promise<PipelineRun>;
  list(options?: IRunQuery): { items: PipelineRun[]; next?: string };
  /** Waits (at most `wait` seconds) until its revision is higher than `since`. @throws BridgeError not-found */
  get(id: string, options?: { since?: number; wait?: number; signal?: AbortSignal }): Promise<PipelineRun>;
  cancel(id: string): Promise<PipelineRun>;
  rerun(id: string, request: PipelineRerunRequest): Promise<PipelineRun>;
  /** Record and objects go. @throws BridgeError conflict while it runs */
  remove(id: string): Promise<void>;

  leftovers(options?: { cluster?: string }): Promise<PipelineLeftover[]>;
  /** @throws BridgeError for a service that is none. */
  checkLeftovers(cluster: string, services: string[]): Promise<void>;
  removeLeftovers(cluster: string, services: string[], data: 'keep' | 'delete', handle?: IDeployHandle): Promise<void>;

  /** Runs that are followed now. */
  running(): number;
  /** Goes on with what a killed bridge had begun; call it once the clusters are there, all but `without`. */
  resume(options?: { without?: string }): void;
  close(): Promise<void>;
}

export interface IPipelineRunsOptions {
  clusters: IClusters;
  /** A cluster by id; waits for one that is starting. */
  cluster: (id?: string) => Promise<ICluster>;
  /** Folder that this process alone has: journal and spool. */
  state: string;
  /** Finds the source of a run again. */
  resolve: (kept: IKeptSource) => Promise<IPipelineText>;
  /** Folder of the file browser, for names in annotations that are relative to it. */
  contentsRoot?: string | null;
  /** Tells users of one cluster apart in the names of services. */
  user?: string;
  onRun?: (run: PipelineRun) => void;
  /** Something was changed there. */
  onCluster?: (cluster: string) => void;
  toProblem: (error: unknown) => Problem;
  log?: (line: string) => void;
  /** How long a node whose turn it is may be without a job before its event counts as lost, milliseconds. */
  lostAfter?: number;
}
