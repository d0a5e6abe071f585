import type { ICrew } from './engine';
import { PartError } from './phase-run';
import type { ITaskDone, ITaskError, Task } from './task';

/** Name of the sample among tasks. */
export const SAMPLE = 'sample';

/** The functions are tried once, by the worker that is there first; a worker that is lost with it ends it. */
export class Sampling {
  /** @throws PartError when the functions fail */
  run(crew: ICrew, task: Task): Promise<ITaskDone> {
    return new Promise<ITaskDone>((resolve, reject) => {
      this._now = { crew, task, resolve, reject, sent: false };
      crew.want(1);
    }).finally(() => (this._now = undefined));
  }

  joined(worker: string): void {
    if (this._now && !this._now.sent) {
      this._now.sent = true;
      this._now.crew.start(worker, SAMPLE, this._now.task);
    }
  }

  done(answer: ITaskDone): void {
    this._now?.resolve(answer);
  }

  failed(error: ITaskError): void {
    this._now?.reject(new PartError(error, SAMPLE, 0, 1));
  }

  gone(error: ITaskError): void {
    if (this._now?.sent === true) {
      this.failed(error);
    }
  }

  private _now:
    | {
        crew: ICrew;
        task: Task;
        sent: boolean;
        resolve: (answer: ITaskDone) => void;
        reject: (error: Error) => void;
      }
    | undefined;
}
