import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { BridgeEvent, Problem } from '../contract';
import type { IBridgeState } from './client';
import { toProblem } from './errors';
import { SseParser } from './sse';

/**
 * - `closed`: not asked for, or the tab is hidden;
 * - `connecting`: the first connection;
 * - `live`: events come;
 * - `broken`: the connection was lost and is tried again;
 * - `asleep`: the bridge went idle; `open` wakes it;
 * - `failed`: the bridge cannot start; `open` after a retry.
 */
export type StreamState = 'closed' | 'connecting' | 'live' | 'broken' | 'asleep' | 'failed';

/**
 * The page's one long-lived connection: the bridge's event stream, read with `fetch`.
 *
 * #### Notes
 * Browsers give an origin six connections over all tabs, so it is closed while the tab is hidden. When it is shown again the
 * stream goes on after the last event it saw. A bridge that went idle is not woken by this.
 */
export class EventStream implements IDisposable {
  constructor(options: EventStream.IOptions) {
    this._source = options.source;
    this._document = options.document ?? document;
    this._delay = options.delay ?? (attempt => Math.min(30000, 500 * 2 ** attempt) * (0.5 + Math.random() / 2));
    this._silence = options.silence ?? 45000;
    this._document.addEventListener('visibilitychange', this._onVisibility);
  }

  /** Events in the order of the bridge. */
  get received(): ISignal<this, BridgeEvent> {
    return this._received;
  }

  get stateChanged(): ISignal<this, StreamState> {
    return this._stateChanged;
  }

  get state(): StreamState {
    return this._state;
  }

  /** Why the state is `broken` or `failed`. */
  get problem(): Problem | undefined {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Connect, or connect again at once. Does nothing while events come. */
  open(): void {
    if (this._disposed || this._state === 'live' || this._state === 'connecting') {
      return;
    }
    this._wanted = true;
    if (this._hidden) {
      return;
    }
    this._attempt = 0;
    this._set(this._state === 'broken' ? 'broken' : 'connecting');
    void this._connect();
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this._wanted = false;
    this._document.removeEventListener('visibilitychange', this._onVisibility);
    this._hangUp();
    this._state = 'closed';
    Signal.clearData(this);
  }

  private get _hidden(): boolean {
    return this._document.visibilityState === 'hidden';
  }

  private _onVisibility = (): void => {
    if (this._hidden) {
      this._hangUp();
      if (this._wanted) {
        this._set('closed');
      }
    } else if (this._wanted && this._state === 'closed') {
      this._attempt = 0;
      this._set('connecting');
      void this._resume();
    }
  };

  /** Connect again, unless the bridge is not running: reading events must not wake it. */
  private async _resume(): Promise<void> {
    const turn = this._turn;
    try {
      const bridge = await this._source.bridgeState();
      if (turn !== this._turn) {
        return;
      }
      if (bridge.state === 'idle') {
        this._sleep();
        return;
      }
      if (bridge.state === 'failed') {
        this._fail(bridge.problem);
        return;
      }
    } catch (reason) {
      if (turn === this._turn) {
        this._retry(toProblem(reason));
      }
      return;
    }
    await this._connect();
  }

  private async _connect(): Promise<void> {
    this._hangUp();
    const turn = this._turn;
    const controller = new AbortController();
    this._controller = controller;
    try {
      const response = await this._source.events({ lastEventId: this._lastId, signal: controller.signal });
      if (!response.body) {
        throw new Error('The event stream has no body.');
      }
      await this._read(response.body, turn);
      if (turn === this._turn) {
        this._retry(undefined);
      }
    } catch (reason) {
      if (turn === this._turn) {
        this._retry(toProblem(reason));
      }
    } finally {
      controller.abort();
    }
  }

  private async _read(body: ReadableStream<Uint8Array>, turn: number): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const parser = new SseParser();
    try {
      for (;;) {
        // The bridge sends a comment every 15 s; a connection that is silent for longer is dead without knowing it.
        this._watch();
        const { done, value } = await reader.read();
        if (done || turn !== this._turn) {
          return;
        }
        for (const message of parser.push(decoder.decode(value, { stream: true }))) {
          this._lastId = message.id ?? this._lastId;
          const event = parse(message.event, message.data);
          if (event) {
            this._take(event);
          }
          if (turn !== this._turn) {
            return;
          }
        }
      }
    } finally {
      clearTimeout(this._watchdog);
      reader.cancel().catch(() => undefined);
    }
  }

  private _take(event: BridgeEvent): void {
    this._attempt = 0;
    this._problem = undefined;
    if (event.type === 'bye') {
      this._sleep();
    } else {
      this._set('live');
    }
    this._received.emit(event);
  }

  private _retry(problem: Problem | undefined): void {
    this._hangUp();
    this._problem = problem;
    this._set('broken');
    this._timer = setTimeout(() => void this._resume(), this._delay(this._attempt++));
  }

  private _sleep(): void {
    this._hangUp();
    this._wanted = false;
    this._set('asleep');
  }

  private _fail(problem: Problem | undefined): void {
    this._hangUp();
    this._wanted = false;
    this._problem = problem;
    this._set('failed');
  }

  /** End the connection and whatever waits for one. */
  private _hangUp(): void {
    this._turn++;
    clearTimeout(this._timer);
    clearTimeout(this._watchdog);
    this._controller?.abort();
    this._controller = null;
  }

  private _watch(): void {
    clearTimeout(this._watchdog);
    this._watchdog = setTimeout(() => this._retry(undefined), this._silence);
  }

  private _set(state: StreamState): void {
    if (this._state !== state) {
      this._state = state;
      this._stateChanged.emit(state);
    }
  }

  private readonly _source: EventStream.ISource;
  private readonly _document: Document;
  private readonly _delay: (attempt: number) => number;
  private readonly _silence: number;
  private readonly _received = new Signal<this, BridgeEvent>(this);
  private readonly _stateChanged = new Signal<this, StreamState>(this);
  private _state: StreamState = 'closed';
  private _problem: Problem | undefined;
  private _controller: AbortController | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _watchdog: ReturnType<typeof setTimeout> | undefined;
  private _lastId: string | undefined;
  private _attempt = 0;
  private _turn = 0;
  private _wanted = false;
  private _disposed = false;
}

export namespace EventStream {
  /** The two calls of the client that it needs. */
  export interface ISource {
    events(options: { lastEventId?: string; signal: AbortSignal }): Promise<Response>;
    bridgeState(): Promise<IBridgeState>;
  }

  export interface IOptions {
    source: ISource;
    document?: Document;
    /** Milliseconds before the attempt with this number. */
    delay?: (attempt: number) => number;
    /** Milliseconds of silence after which a connection counts as lost. */
    silence?: number;
  }
}

/** The event of a message; null when this page does not know its type or cannot read it. */
function parse(type: string, data: string): BridgeEvent | null {
  try {
    const body: unknown = JSON.parse(data);
    return typeof body === 'object' && body !== null ? ({ ...body, type } as BridgeEvent) : null;
  } catch (reason) {
    console.error('jupyterlab-oscar: an event could not be read', reason);
    return null;
  }
}
