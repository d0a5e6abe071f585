import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { BridgeEvent, Problem } from '../contract';
import { toProblem } from '../bridge/errors';
import { LogBuffer } from './logs';

type LogEvent = Extract<BridgeEvent, { type: 'log' }>;

/** What following a log needs of the rest. */
export interface ILogSource {
  subscribeLog(cluster: string, service: string, job?: string): Promise<string>;
  unsubscribeLog(id: string): Promise<void>;
}

/**
 * Follows one log over the event stream: no connection of its own.
 */
export class LogFollower implements IDisposable {
  constructor(options: LogFollower.IOptions) {
    this._options = options;
    this.buffer = new LogBuffer({ limit: options.limit });
    options.events.connect(this._onEvent, this);
    options.lost.connect(this._subscribe, this);
    this._subscribe();
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
    return this._disposed;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this._options.events.disconnect(this._onEvent, this);
    this._options.lost.disconnect(this._subscribe, this);
    this._drop();
    Signal.clearData(this);
    Signal.clearData(this.buffer);
  }

  /** Subscribe, also again after the bridge forgot about us. */
  private _subscribe(): void {
    const { source, cluster, service, job } = this._options;
    this._drop();
    const turn = ++this._turn;
    this._early = [];
    source.subscribeLog(cluster, service, job).then(
      id => {
        if (turn !== this._turn || this._disposed) {
          source.unsubscribeLog(id).catch(() => undefined);
          return;
        }
        this._id = id;
        this._problem = undefined;
        this._ended = false;
        this.buffer.clear();
        // Events may overtake the answer to the call that asked for them.
        const early = this._early.filter(event => event.subscription === id);
        this._early = [];
        early.forEach(event => this._take(event));
        this._changed.emit();
      },
      (reason: unknown) => {
        if (turn === this._turn && !this._disposed) {
          this._problem = toProblem(reason);
          this._changed.emit();
        }
      }
    );
  }

  private _onEvent(_: unknown, event: BridgeEvent): void {
    if (event.type !== 'log') {
      return;
    }
    if (this._id === null) {
      this._early.push(event);
    } else if (event.subscription === this._id) {
      this._take(event);
    }
  }

  private _take(event: LogEvent): void {
    if (event.restart) {
      this.buffer.clear();
    }
    this.buffer.append(event.text);
    if (event.end) {
      this._ended = true;
      this._id = ENDED;
      this._changed.emit();
    }
  }

  private _drop(): void {
    if (this._id !== null && this._id !== ENDED) {
      this._options.source.unsubscribeLog(this._id).catch(() => undefined);
    }
    this._id = null;
  }

  private readonly _options: LogFollower.IOptions;
  private readonly _changed = new Signal<this, void>(this);
  private _id: string | null = null;
  private _early: LogEvent[] = [];
  private _turn = 0;
  private _ended = false;
  private _problem: Problem | undefined;
  private _disposed = false;
}

/** Not an id of the bridge: the subscription is over by itself. */
const ENDED = '';

export namespace LogFollower {
  export interface IOptions {
    source: ILogSource;
    /** All events of the bridge. */
    events: ISignal<unknown, BridgeEvent>;
    /** Emitted when the bridge no longer knows this page's subscriptions. */
    lost: ISignal<unknown, void>;
    cluster: string;
    service: string;
    job?: string;
    /** Lines that are kept. */
    limit?: number;
  }
}
