import type { IClusters } from '../clusters/facade';
import type { IClusterRegistry } from '../clusters/interfaces';
import type { ComputeJob, ComputePart, ComputeRequest, ComputeResultPage, Problem } from '../contract';
import type { IEngine } from './engine/engine';

export interface IJobsOptions {
  /** Folder that this process alone has: journal and folders of jobs are made below it. */
  data: string;
  clusters: Pick<IClusterRegistry, 'get'>;
  /** Folder that `contents` paths are relative to. */
  contentsRoot?: string | null;
  /** Interpreter of local workers for jobs that name none. */
  python: string;
  /** Folder or zip file of the Python runner. */
  runner: string;
  /** Local workers of one job; default: processors that this process may use. */
  workers?: number;
  /** Sets up the workers of `oscar:<cluster>`; absent: there are only the engines below. */
  apply?: IClusters['apply'];
  /** Engines beside these, by the name that requests use; undefined: there is none of that name. */
  engine?: (name: string) => IEngine | undefined;
  /** State of a job, at most five times a second; null: it was removed. */
  onEvent?: (id: string, job: ComputeJob | null) => void;
  toProblem: (error: unknown) => Problem;
  log?: (line: string) => void;
}

/** MapReduce and high-throughput jobs: begun, followed, stopped, gone on with; they outlive the bridge. */
export interface IJobs {
  /** The job is on disk when this resolves. The same `idempotencyKey` again gives the job that is there. */
  create(request: ComputeRequest): Promise<{ job: ComputeJob; created: boolean }>;
  list(query: { kind?: string; state?: string; page?: string }): { items: ComputeJob[]; next?: string };
  /** Waits (at most `wait` seconds) for another revision than `since`. @throws BridgeError not-found */
  get(id: string, options?: { since?: number; wait?: number; signal?: AbortSignal }): Promise<ComputeJob>;
  /** Record, log and shuffle go. @throws BridgeError conflict while it runs */
  remove(id: string): Promise<void>;
  cancel(id: string): Promise<ComputeJob>;
  /** No new parts are begun; those that run are finished. */
  pause(id: string): ComputeJob;
  resume(id: string): ComputeJob;
  /** Does what is missing of a job that failed or was cancelled. */
  retry(id: string): ComputeJob;
  parts(id: string, options: { phase?: string; since?: number }): { items: ComputePart[]; next: number };
  /** Lines of what the functions have printed; `part` is a number or `<phase> <number>`. */
  log(id: string, options: { part?: string; follow?: boolean; signal?: AbortSignal }): AsyncIterable<string>;
  result(id: string, offset: number, limit: number): Promise<ComputeResultPage>;
  /** A file of the result. @throws BridgeError not-found */
  file(id: string, name: string): Promise<{ path: string; size: number }>;
  /** Jobs that are not over, those that are paused aside. */
  running(): number;
  /** Goes on with what a killed bridge had begun. */
  recover(): Promise<void>;
  close(): Promise<void>;
}
