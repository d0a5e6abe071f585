import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { toProblem } from '../bridge/errors';
import type { BridgeEvent, ComputeJob, Problem } from '../contract';
import type { IOscarModel } from '../oscar/model';
import { computeJobsOf } from './model';
import { PartTable } from './table';
import { isOver } from './words';

/** The bridge may have more when it answers so many. */
const FULL = 1000;
/** Parts are read at most so often, ms. */
const PAUSE = 500;

/**
 * Follows one job and its parts while somebody looks: after an event, only the parts that changed are read.
 */
export class JobFollower implements IDisposable {
  constructor(options: { model: IOscarModel; id: string; pause?: number }) {
    this._model = options.model;
    this._id = options.id;
    this._pause = options.pause ?? PAUSE;
    this._job = computeJobsOf(this._model).get(this._id);
    this._model.events.connect(this._onEvent, this);
    void this.read();
  }

  /** Undefined until it was read. */
  get job(): ComputeJob | undefined {
    return this._job;
  }

  get table(): PartTable {
    return this._table;
  }

  /** Counts the changes of the table. */
  get turn(): number {
    return this._turn;
  }

  /** Why the job could not be read. */
  get problem(): Problem | undefined {
    return this._problem;
  }

  /** Why the parts could not be read. */
  get partsProblem(): Problem | undefined {
    return this._partsProblem;
  }

  /** True when the job was deleted while it was looked at. */
  get gone(): boolean {
    return this._gone;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Views that cannot be seen do not read. */
  get visible(): boolean {
    return this._visible;
  }
  set visible(value: boolean) {
    this._visible = value;
    if (value && this._stale) {
      this._soon();
    }
  }

  /** Read the job again, and all that it has. */
  async read(): Promise<void> {
    try {
      const job = await this._model.client.compute.job(this._id);
      this._problem = undefined;
      this._gone = false;
      this.keep(job);
    } catch (reason) {
      const problem = toProblem(reason);
      this._problem = problem;
      this._emit();
      return;
    }
    this._soon();
  }

  /** Take what a call answered. */
  keep(job: ComputeJob): void {
    this._job = job;
    computeJobsOf(this._model).keep(job);
    this._emit();
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    clearTimeout(this._timer);
    this._model.events.disconnect(this._onEvent, this);
    Signal.clearData(this);
  }

  private _onEvent(_: unknown, event: BridgeEvent): void {
    if (event.type === 'compute-job' && event.id === this._id) {
      this._gone = event.job === null;
      this._job = event.job ?? this._job;
      this._emit();
      this._soon();
    } else if (event.type === 'hello' || event.type === 'reset') {
      void this.read();
    }
  }

  /** Read the parts, but not more often than somebody can look. */
  private _soon(): void {
    this._stale = true;
    if (this._timer === undefined && this._visible && !this._disposed && !this._reading) {
      const wait = Math.max(0, this._readAt + this._pause - performance.now());
      this._timer = setTimeout(() => void this._readParts(), wait);
    }
  }

  private async _readParts(): Promise<void> {
    this._timer = undefined;
    this._reading = true;
    this._stale = false;
    this._readAt = performance.now();
    try {
      for (;;) {
        const { items, next } = await this._model.client.compute.parts(this._id, this._since);
        if (this._disposed) {
          return;
        }
        this._table.apply(items);
        this._since = next;
        this._turn += items.length > 0 ? 1 : 0;
        if (items.length < FULL) {
          break;
        }
        this._emit();
      }
      this._partsProblem = undefined;
    } catch (reason) {
      // Events of a job that runs come again and again, and with them the next attempt.
      this._partsProblem = toProblem(reason);
      this._stale = this._job !== undefined && !isOver(this._job);
    } finally {
      this._reading = false;
      this._emit();
      if (this._stale && this._partsProblem === undefined) {
        this._soon();
      }
    }
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private readonly _model: IOscarModel;
  private readonly _id: string;
  private readonly _pause: number;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _table = new PartTable();
  private _job: ComputeJob | undefined;
  private _problem: Problem | undefined;
  private _partsProblem: Problem | undefined;
  private _gone = false;
  private _visible = true;
  private _stale = false;
  private _reading = false;
  private _since = 0;
  private _turn = 0;
  private _readAt = -Infinity;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _disposed = false;
}
