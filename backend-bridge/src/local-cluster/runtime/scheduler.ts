import type { IOscarService } from '../../fdl/service';
import { requestOf, type IGrant, type Pool } from './pool';

/** Something that waits for a place. */
export interface IEntry {
  readonly service: string;
  /** Set to leave the queue. */
  gone: boolean;
  start(service: IOscarService, grant: IGrant): void;
  /** The service has gone while it waited. */
  orphan(): void;
}

export interface ISchedulerOptions {
  pool: Pool;
  service: (name: string) => IOscarService | undefined;
  /** Why a service's work cannot start yet, for instance its environment; undefined when it can. */
  blocked: (service: IOscarService) => string | undefined;
}

/** How often the head of a queue is overtaken before everything waits for it. */
const OVERTAKEN = 16;

interface IQueue {
  /** Synchronous calls, which somebody waits for, go before jobs of the same service. */
  urgent: Fifo;
  normal: Fifo;
  running: number;
  urgentRunning: number;
  /** When it last got a place. */
  served: number;
  overtaken: number;
}

/**
 * Hands out places: in each service first come, first served; among services to the one that uses the least, then to the
 * one that waited longest. What does not fit is overtaken by smaller work a few times, then everything waits for it.
 */
export class Scheduler {
  constructor(private readonly _options: ISchedulerOptions) {
    this._stop = _options.pool.onRelease(() => this.pump());
  }

  add(entry: IEntry, urgent: boolean): void {
    const queue = this._queue(entry.service);
    (urgent ? queue.urgent : queue.normal).push(entry);
    this._later();
  }

  /** Why a waiting entry of this service waits. */
  reason(name: string): string | undefined {
    const service = this._options.service(name);
    if (!service) {
      return undefined;
    }
    const request = requestOf(service);
    return (
      this._options.pool.impossible(request) ??
      this._options.blocked(service) ??
      this._options.pool.short(request) ??
      (this._reserved !== undefined && this._reserved !== name
        ? `It waits until the service ${this._reserved}, which needs more, has had its turn.`
        : 'It waits for its turn.')
    );
  }

  /** Looks again, soon: something has changed. */
  pump(): void {
    this._later();
  }

  close(): void {
    this._closed = true;
    this._stop();
  }

  private _later(): void {
    if (!this._scheduled && !this._closed) {
      this._scheduled = true;
      setImmediate(() => {
        this._scheduled = false;
        this._pump();
      });
    }
  }

  private _pump(): void {
    while (!this._closed && this._startOne()) {
      // One at a time: each start changes what is fair.
    }
  }

  private _startOne(): boolean {
    const waiting: { name: string; queue: IQueue; service: IOscarService; entry: IEntry; urgent: boolean }[] = [];
    for (const [name, queue] of this._queues) {
      const service = this._options.service(name);
      if (!service) {
        orphanAll(queue);
      }
      const limit = service?.synchronous?.max_scale ?? 0;
      const urgent = limit > 0 && queue.urgentRunning >= limit ? undefined : queue.urgent.peek();
      const entry = urgent ?? queue.normal.peek();
      if (entry && service) {
        waiting.push({ name, queue, service, entry, urgent: entry === urgent });
      } else if (!queue.urgent.peek() && !queue.normal.peek() && queue.running === 0) {
        this._queues.delete(name);
      }
    }
    waiting.sort((a, b) => a.queue.running - b.queue.running || a.queue.served - b.queue.served);
    // Who was passed over too often is first, and nobody passes any more.
    const starved = waiting.find(({ queue }) => queue.overtaken >= OVERTAKEN);
    const order = starved ? [starved, ...waiting.filter(candidate => candidate !== starved)] : waiting;
    this._reserved = undefined;
    const passed: IQueue[] = [];
    for (const { name, queue, service, entry, urgent } of order) {
      const request = requestOf(service);
      if (this._options.pool.impossible(request) !== undefined || this._options.blocked(service) !== undefined) {
        queue.overtaken = 0;
        continue;
      }
      const grant = this._options.pool.take(request);
      if (grant) {
        passed.forEach(other => other.overtaken++);
        this._begin(queue, entry, urgent, service, grant);
        return true;
      }
      if (queue.overtaken >= OVERTAKEN) {
        this._reserved = name;
        return false;
      }
      passed.push(queue);
    }
    return false;
  }

  private _begin(queue: IQueue, entry: IEntry, urgent: boolean, service: IOscarService, grant: IGrant): void {
    (urgent ? queue.urgent : queue.normal).shift();
    queue.running++;
    queue.urgentRunning += urgent ? 1 : 0;
    queue.served = ++this._clock;
    queue.overtaken = 0;
    let held = true;
    entry.start(service, {
      limits: grant.limits,
      release: () => {
        if (held) {
          held = false;
          queue.running--;
          queue.urgentRunning -= urgent ? 1 : 0;
          grant.release();
        }
      }
    });
  }

  private _queue(name: string): IQueue {
    let queue = this._queues.get(name);
    if (!queue) {
      queue = { urgent: new Fifo(), normal: new Fifo(), running: 0, urgentRunning: 0, served: 0, overtaken: 0 };
      this._queues.set(name, queue);
    }
    return queue;
  }

  private readonly _queues = new Map<string, IQueue>();
  private readonly _stop: () => void;
  private _clock = 0;
  private _scheduled = false;
  private _closed = false;
  private _reserved: string | undefined;
}

function orphanAll(queue: IQueue): void {
  for (const fifo of [queue.urgent, queue.normal]) {
    for (let entry = fifo.peek(); entry; entry = fifo.peek()) {
      fifo.shift();
      entry.orphan();
    }
  }
}

/** First in, first out, also with very many in it. */
class Fifo {
  push(entry: IEntry): void {
    this._entries.push(entry);
  }

  /** The first that has not left. */
  peek(): IEntry | undefined {
    while (this._first < this._entries.length && this._entries[this._first].gone) {
      this.shift();
    }
    return this._entries[this._first];
  }

  shift(): void {
    this._first++;
    if (this._first > 1024 && this._first * 2 > this._entries.length) {
      this._entries = this._entries.slice(this._first);
      this._first = 0;
    }
  }

  private _entries: IEntry[] = [];
  private _first = 0;
}
