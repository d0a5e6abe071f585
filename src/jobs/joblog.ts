import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { isAbort, toProblem } from '../bridge/errors';
import type { Problem } from '../contract';
import { LogBuffer } from '../oscar/logs';

/** Reads the log of a map-reduce or high-throughput job until the job is over. */
export class JobLogFollower implements IDisposable {
  constructor(options: { read: (signal: AbortSignal) => AsyncIterable<string>; limit?: number }) {
    this.buffer = new LogBuffer({ limit: options.limit });
    void this._read(options.read(this._controller.signal));
  }

  readonly buffer: LogBuffer;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** True when there will be no more. */
  get ended(): boolean {
    return this._ended;
  }

  get problem(): Problem | undefined {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._controller.signal.aborted;
  }

  dispose(): void {
    this._controller.abort();
    Signal.clearData(this);
    Signal.clearData(this.buffer);
  }

  private async _read(text: AsyncIterable<string>): Promise<void> {
    try {
      for await (const piece of text) {
        if (this.isDisposed) {
          return;
        }
        this.buffer.append(piece);
      }
      this._ended = true;
    } catch (reason) {
      if (isAbort(reason) || this.isDisposed) {
        return;
      }
      this._problem = toProblem(reason);
    }
    this._changed.emit();
  }

  private readonly _controller = new AbortController();
  private readonly _changed = new Signal<this, void>(this);
  private _ended = false;
  private _problem: Problem | undefined;
}
