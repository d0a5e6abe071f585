import { isDeepStrictEqual } from 'node:util';
import { WorkerProcess, type IProcessOptions } from './process';

/** How long a process without work is kept, ms. */
const KEEP = 60_000;
const EXIT = 1000;

/** Processes that have no job: the next one need not wait for an interpreter to start. */
export class WarmProcesses {
  constructor(private readonly _options: { runner: string; nonce: string; most: number; keep?: number }) {}

  /** One of this interpreter and with these variables, warm or new. */
  take(python: string, environment: Record<string, string> = {}): WorkerProcess {
    const at = this._idle.findIndex(
      ({ process: { options } }) => options.python === python && isDeepStrictEqual(options.environment, environment)
    );
    if (at >= 0) {
      const [{ process, timer }] = this._idle.splice(at, 1);
      clearTimeout(timer);
      process.user = undefined;
      return process;
    }
    const { runner, nonce } = this._options;
    const options: IProcessOptions = { python, runner, nonce, environment };
    const started = new WorkerProcess(options);
    this._all.add(started);
    return started;
  }

  /** A process that has forgotten its job. */
  give(process: WorkerProcess): void {
    if (process.over || this._closed) {
      void process.end(EXIT);
      return;
    }
    const timer = setTimeout(() => this._drop(process), this._options.keep ?? KEEP).unref();
    process.user = {
      frame: () => undefined,
      settled: () => undefined,
      output: () => undefined,
      exited: () => this._drop(process)
    };
    this._idle.push({ process, timer });
    if (this._idle.length > this._options.most) {
      this._drop(this._idle[0].process);
    }
  }

  /** It will not come back. */
  forget(process: WorkerProcess): void {
    this._all.delete(process);
  }

  async close(): Promise<void> {
    this._closed = true;
    this._idle.splice(0).forEach(({ timer }) => clearTimeout(timer));
    await Promise.all([...this._all].map(process => process.end(EXIT)));
  }

  private _drop(process: WorkerProcess): void {
    const at = this._idle.findIndex(item => item.process === process);
    if (at >= 0) {
      clearTimeout(this._idle[at].timer);
      this._idle.splice(at, 1);
    }
    this._all.delete(process);
    void process.end(EXIT);
  }

  private readonly _idle: { process: WorkerProcess; timer: NodeJS.Timeout }[] = [];
  private readonly _all = new Set<WorkerProcess>();
  private _closed = false;
}
