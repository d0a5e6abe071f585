import type { ComputeRequest } from '../../contract';
import type { ITaskDone, ITaskError, ITaskProgress, Task, TaskStore } from './task';
import type { IEngineTraits } from './traits';

/** What carries tasks to workers: ../engines/* implement it. */
export interface IEngine {
  /** As requests name it: `local`, `oscar:<cluster>`. */
  readonly id: string;
  readonly traits: IEngineTraits;
  /** Workers that a job may have now. */
  capacity(): Promise<number>;
  /** Where tasks of a job write. @param folder - the job's own folder on this machine */
  store(job: string, folder: string): Promise<IStore>;
  crew(job: IEngineJob, listener: ICrewListener): ICrew;
  close(): Promise<void>;
}

export interface IEngineJob {
  id: string;
  spec: ComputeRequest;
  store: IStore;
  /** Variables for worker processes of this machine; secrets are among them. */
  environment?: Record<string, string>;
}

/** The workers of one job. None is there before `want`. */
export interface ICrew {
  /** So many workers are of use; fewer: idle ones are let go. */
  want(count: number): void;
  /** Hands a task to a worker that has joined; several wait in their order. */
  start(worker: string, id: string, task: Task): void;
  /** End at this unit of the phase, or as soon as possible. */
  stop(worker: string, id: string, at?: number): void;
  /** Takes a worker down; `gone` follows with this error. */
  kill(worker: string, error: ITaskError): void;
  /**
   * Work that an earlier bridge has handed out and nobody has answered for yet; before `want`. The worker counts as joined. Absent:
   * workers end with their bridge.
   */
  adopt?(worker: string, id: string, task: { name: string; units: number }): void;
  /**
   * Lets all go. What still runs is interrupted, then killed. No report comes after it has resolved.
   *
   * @param leave - the job goes on with the next bridge: what can run without this one runs on
   */
  close(leave?: boolean): Promise<void>;
}

/** What a crew tells. Reports of one turn come together, `settled` after the last of them. */
export interface ICrewListener {
  joined(worker: { id: string; pid?: number }): void;
  started(id: string): void;
  progress(id: string, progress: ITaskProgress): void;
  done(id: string, answer: ITaskDone): void;
  failed(id: string, error: ITaskError): void;
  /** @param killed - it died by itself while it worked */
  gone(worker: string, error: ITaskError, killed: boolean): void;
  /** What the functions of this task have printed. */
  printed(id: string | undefined, text: string): void;
  /** Processor seconds that a worker was given, beside those before. */
  used?(worker: string, seconds: number): void;
  /** A sentence for the user, shown once. */
  note?(text: string): void;
  /** No worker can be had; the job cannot go on. */
  broken(error: ITaskError): void;
  settled(): void;
}

/** Where the files of a job are. Names are relative to it, with `/`. */
export interface IStore {
  readonly place: TaskStore;
  /** All are there with this size and crc32. */
  verify(files: ITaskDone['files']): Promise<boolean>;
  /** Removes files that do not count. Done, as far as others can see, when it returns. */
  discard(names: readonly string[]): Promise<void>;
  /** Removes what attempts have left, all but these names. */
  retain(names: ReadonlySet<string>): Promise<void>;
  /** Takes files of another job over; false when they are not there any more. */
  adopt(from: IStore, files: ITaskDone['files']): Promise<boolean>;
  remove(): Promise<void>;
}
