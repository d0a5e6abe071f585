import { randomBytes } from 'node:crypto';
import type { LogSubscriptionRequest } from '../contract';
import { BridgeError } from '../http/errors';
import type { EventHub } from './hub';

/** Text is sent at most this often, in milliseconds. */
const EVERY = 100;

/** More than this in one interval is cut to its tail: nobody reads a megabyte a second. Characters. */
const MOST = 64 * 1024;

const MAX_SUBSCRIPTIONS = 50;

/** A subscription without anybody at the event stream ends after this many milliseconds. */
const UNHEARD = 60_000;

interface ISubscription {
  controller: AbortController;
  pending: string;
  /** Text was dropped: the reader starts anew with what follows. */
  restart: boolean;
  timer?: NodeJS.Timeout;
}

/**
 * Logs on the event stream: a page has one connection for everything, so that tabs do not use up what a browser allows.
 */
export class LogSubscriptions {
  constructor(private readonly _options: LogSubscriptions.IOptions) {
    this._watch = setInterval(() => this._endUnheard(), UNHEARD / 4);
    this._watch.unref();
  }

  /** Begins to follow. The source has been checked to exist. */
  add(request: LogSubscriptionRequest): string {
    if (this._all.size >= MAX_SUBSCRIPTIONS) {
      throw new BridgeError({
        type: 'too-many',
        title: 'Too many logs are followed',
        status: 429,
        detail: `At most ${MAX_SUBSCRIPTIONS} logs can be followed at once.`,
        action: 'Close a log first.'
      });
    }
    const id = randomBytes(9).toString('hex');
    const subscription: ISubscription = { controller: new AbortController(), pending: '', restart: false };
    this._all.set(id, subscription);
    void this._follow(id, subscription, request);
    return id;
  }

  /** Nothing happens when it is gone: its job may have ended while the reader was saying so. */
  remove(id: string): void {
    const subscription = this._all.get(id);
    if (subscription) {
      this._drop(id, subscription);
    }
  }

  dispose(): void {
    clearInterval(this._watch);
    for (const [id, subscription] of this._all) {
      this._drop(id, subscription);
    }
  }

  private async _follow(id: string, subscription: ISubscription, request: LogSubscriptionRequest): Promise<void> {
    const { signal } = subscription.controller;
    try {
      for await (const text of this._options.follow(request, signal)) {
        if (signal.aborted) {
          return;
        }
        this._add(id, subscription, text);
      }
    } catch (error) {
      if (!signal.aborted) {
        this._add(id, subscription, `\n${this._options.describe(error)}\n`);
      }
    }
    if (!signal.aborted) {
      this._flush(id, subscription, true);
      this._drop(id, subscription);
    }
  }

  private _add(id: string, subscription: ISubscription, text: string): void {
    subscription.pending += text;
    if (subscription.pending.length > 2 * MOST) {
      subscription.pending = tail(subscription.pending);
      subscription.restart = true;
    }
    subscription.timer ??= setTimeout(() => this._flush(id, subscription, false), EVERY);
  }

  private _flush(id: string, subscription: ISubscription, end: boolean): void {
    clearTimeout(subscription.timer);
    subscription.timer = undefined;
    const { restart } = subscription;
    const text = restart
      ? `… earlier lines are in the whole log …\n${tail(subscription.pending)}`
      : subscription.pending;
    subscription.pending = '';
    subscription.restart = false;
    this._options.hub.emit({ type: 'log', subscription: id, text, end, ...(restart ? { restart } : {}) });
  }

  private _drop(id: string, subscription: ISubscription): void {
    clearTimeout(subscription.timer);
    subscription.controller.abort();
    this._all.delete(id);
  }

  private _endUnheard(): void {
    if (this._options.hub.readers > 0) {
      this._heard = performance.now();
    } else if (performance.now() - this._heard > UNHEARD) {
      for (const [id, subscription] of this._all) {
        this._drop(id, subscription);
      }
    }
  }

  private readonly _all = new Map<string, ISubscription>();
  private readonly _watch: NodeJS.Timeout;
  private _heard = performance.now();
}

/** The end of a text, from the beginning of a line. */
function tail(text: string): string {
  const cut = text.slice(-MOST);
  const line = cut.indexOf('\n');
  return text.length > MOST && line >= 0 ? cut.slice(line + 1) : cut;
}

export namespace LogSubscriptions {
  export interface IOptions {
    hub: EventHub;
    follow: (request: LogSubscriptionRequest, signal: AbortSignal) => AsyncIterable<string>;
    /** An error as a line of text. */
    describe: (error: unknown) => string;
  }
}
