import type {
  AwsApi,
  AwsBatchJob,
  AwsContext,
  AwsContextChange,
  AwsDeletionPreview,
  AwsEmulator,
  AwsFunction,
  AwsInvocation,
  AwsInvokeRequest,
  AwsMetrics,
  AwsOrphan,
  AwsProcessRequest,
  AwsProfile,
  Bucket,
  FdlProblem,
  PlanStep
} from '../contract';
import type { IInputFile, IResolvedSource } from '../clusters/facade';
import type { IObjectStorage } from '../clusters/interfaces';
import type { ISelection } from './session';
import type { IWaits } from './waits';

export type { ISelection } from './session';

export interface IScarOptions {
  /** Folder of the bridge: results of calls go below it. */
  data: string;
  /** Folder of what this bridge alone may have open: the choice of account, and the journals of deployments. */
  state: string;
  /** Of the Jupyter environment: runs the emulator. */
  python: string;
  onEvent?: (event: ScarEvent) => void;
  log?: (line: string) => void;
  /** How long AWS may take. */
  waits?: Partial<IWaits>;
}

/** Something changed; the server makes events of them. */
export type ScarEvent =
  { type: 'aws-context'; context: AwsContext } | { type: 'aws-function'; name: string; function: AwsFunction | null };

export interface IAwsPlan {
  functions: string[];
  steps: PlanStep[];
  problems: FdlProblem[];
  notes: string[];
}

export interface IScarApplyOptions extends ISelection {
  onSteps?: (steps: PlanStep[]) => void;
  signal?: AbortSignal;
}

/** Hears of the steps of what takes a while. */
export interface IScarProgress {
  onSteps: (steps: PlanStep[]) => void;
  signal?: AbortSignal;
}

/** Container functions on AWS. All calls take the profile and region that are meant instead of the chosen ones. */
export interface IScar {
  // --------------------------------------------------------------------------------------------- where
  /** Never throws: what is wrong is its state. */
  context(selection?: ISelection): Promise<AwsContext>;
  change(change: AwsContextChange): Promise<AwsContext>;
  profiles(): AwsProfile[];
  emulator(): Promise<AwsEmulator>;
  startEmulator(): Promise<AwsEmulator>;
  stopEmulator(): Promise<AwsEmulator>;

  // --------------------------------------------------------------------------------------------- FDL
  /** What apply would do; changes nothing. */
  plan(source: IResolvedSource, selection?: ISelection): Promise<IAwsPlan>;
  /** Resolves with the finished plan; throws after it has undone what it made. */
  apply(source: IResolvedSource, options?: IScarApplyOptions): Promise<IAwsPlan>;

  // --------------------------------------------------------------------------------------------- functions
  functions(selection?: ISelection): Promise<AwsFunction[]>;
  /** With its FDL and its drift. @throws BridgeError not-found */
  function(name: string, selection?: ISelection): Promise<AwsFunction>;
  deletionPreview(name: string, selection?: ISelection): Promise<AwsDeletionPreview>;
  remove(name: string, options: IScarProgress & ISelection): Promise<void>;
  invoke(
    name: string,
    request: { request: Omit<AwsInvokeRequest, 'file'>; file?: IInputFile; signal?: AbortSignal },
    selection?: ISelection
  ): Promise<AwsInvocation>;
  process(name: string, request: AwsProcessRequest, options: IScarProgress & ISelection): Promise<void>;
  log(
    name: string,
    options: { request?: string; stream?: string; since?: string; follow?: boolean; signal?: AbortSignal } & ISelection
  ): AsyncIterable<string>;
  metrics(name: string, hours: number, selection?: ISelection): Promise<AwsMetrics>;

  // --------------------------------------------------------------------------------------------- Batch, APIs, orphans
  batchJobs(options?: { function?: string } & ISelection): Promise<AwsBatchJob[]>;
  batchJob(id: string, selection?: ISelection): Promise<AwsBatchJob>;
  batchLog(id: string, options?: { follow?: boolean; signal?: AbortSignal } & ISelection): AsyncIterable<string>;
  cancelBatchJob(id: string, selection?: ISelection): Promise<AwsBatchJob>;
  apis(selection?: ISelection): Promise<AwsApi[]>;
  orphans(selection?: ISelection): Promise<AwsOrphan[]>;
  removeOrphans(ids: string[], options: IScarProgress & ISelection): Promise<void>;

  // --------------------------------------------------------------------------------------------- buckets
  buckets(selection?: ISelection): Promise<Bucket[]>;
  storage(selection?: ISelection): Promise<IObjectStorage>;

  /** True while the bridge must stay although nobody calls it: the emulator has something in it. */
  busy(): boolean;
  /** Ends the emulator, and lets go of connections. */
  close(): Promise<void>;
}
