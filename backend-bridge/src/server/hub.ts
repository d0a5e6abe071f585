import type { ServerResponse } from 'node:http';
import type { BridgeEvent } from '../contract';

interface IStored {
  sequence: number;
  frame: string;
}

/** One open `GET /v1/events`. */
interface IReader {
  response: ServerResponse;
  /** It did not keep up: nothing is sent until it has drained, then `reset`. */
  behind: boolean;
}

/**
 * The event stream of the bridge: numbers events, remembers the last ones for readers that come back, and bounds slow readers.
 *
 * Memory is bounded by `maxStored` events of `maxBytes` in all, and `maxPending` bytes for each reader.
 */
export class EventHub {
  constructor(options: EventHub.IOptions) {
    this._boot = options.boot;
    this._maxStored = options.maxStored ?? 2000;
    this._maxBytes = options.maxBytes ?? 4 * 1024 * 1024;
    this._maxPending = options.maxPending ?? 1024 * 1024;
    this._keepAlive = options.keepAliveMilliseconds ?? 15_000;
    this._onReaders = options.onReaders;
  }

  /** Open streams. */
  get readers(): number {
    return this._readers.size;
  }

  /** Sends an event to all readers and keeps it for those that come back. */
  emit(event: BridgeEvent): void {
    this._sequence += 1;
    const { type, ...rest } = event;
    const frame = `id: ${this._boot}-${this._sequence}\nevent: ${type}\ndata: ${JSON.stringify(rest)}\n\n`;
    this._stored.push({ sequence: this._sequence, frame });
    this._bytes += frame.length;
    while (this._stored.length > this._maxStored || (this._bytes > this._maxBytes && this._stored.length > 1)) {
      this._bytes -= (this._stored.shift() as IStored).frame.length;
    }
    for (const reader of this._readers) {
      this._send(reader, frame);
    }
  }

  /**
   * Takes over a response as an event stream. It ends with the connection, or with `close`.
   *
   * @param lastId What the reader saw last; undefined for a new one.
   */
  attach(response: ServerResponse, lastId?: string): void {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
      'X-Content-Type-Options': 'nosniff'
    });
    const reader: IReader = { response, behind: false };
    const hello = `event: hello\ndata: ${JSON.stringify({ boot: this._boot })}\n\n`;
    if (lastId === undefined || lastId === '') {
      response.write(this._idLine() + hello);
    } else {
      const missed = this._since(lastId);
      // The greeting of a resumed stream has no id: a break before the rest arrives must not skip it.
      response.write(missed ? hello + missed.join('') : this._idLine() + hello + this._reset());
    }
    this._readers.add(reader);
    response.on('drain', () => this._drained(reader));
    response.once('close', () => {
      this._readers.delete(reader);
      if (this._readers.size === 0) {
        clearInterval(this._timer);
        this._timer = undefined;
      }
      this._onReaders?.(this._readers.size);
    });
    this._timer ??= setInterval(() => this._comment(), this._keepAlive);
    this._onReaders?.(this._readers.size);
  }

  /** Ends all streams; with `bye` when the bridge goes idle. */
  close(options: { bye?: boolean } = {}): void {
    for (const { response } of this._readers) {
      response.end(options.bye === true ? `event: bye\ndata: {}\n\n` : undefined);
    }
    clearInterval(this._timer);
    this._timer = undefined;
  }

  private _send(reader: IReader, frame: string): void {
    if (reader.behind) {
      return;
    }
    if (reader.response.writableLength > this._maxPending) {
      reader.behind = true;
      return;
    }
    reader.response.write(frame);
  }

  private _drained(reader: IReader): void {
    if (reader.behind) {
      reader.behind = false;
      reader.response.write(this._reset());
    }
  }

  private _comment(): void {
    for (const reader of this._readers) {
      if (!reader.behind) {
        reader.response.write(': still here\n\n');
      }
    }
  }

  /** Frames after an id; undefined when they are not known any more. */
  private _since(id: string): string[] | undefined {
    const match = /^(.+)-(\d{1,15})$/.exec(id);
    if (match?.[1] !== this._boot) {
      return undefined;
    }
    const sequence = Number(match[2]);
    const first = this._stored[0]?.sequence ?? this._sequence + 1;
    if (sequence > this._sequence || sequence < first - 1) {
      return undefined;
    }
    return this._stored.filter(item => item.sequence > sequence).map(item => item.frame);
  }

  private _reset(): string {
    return `${this._idLine()}event: reset\ndata: {}\n\n`;
  }

  private _idLine(): string {
    return `id: ${this._boot}-${this._sequence}\n`;
  }

  private readonly _boot: string;
  private readonly _maxStored: number;
  private readonly _maxBytes: number;
  private readonly _maxPending: number;
  private readonly _keepAlive: number;
  private readonly _onReaders?: (count: number) => void;
  private readonly _readers = new Set<IReader>();
  private readonly _stored: IStored[] = [];
  private _bytes = 0;
  private _sequence = 0;
  private _timer: NodeJS.Timeout | undefined;
}

export namespace EventHub {
  export interface IOptions {
    boot: string;
    maxStored?: number;
    maxBytes?: number;
    /** Bytes that may wait for one reader. */
    maxPending?: number;
    keepAliveMilliseconds?: number;
    /** Called with the number of readers when it changes. */
    onReaders?: (count: number) => void;
  }
}
