import { setTimeout as delay } from 'node:timers/promises';
import { BridgeError } from '../http';
import type { ICluster } from './interfaces';

/** The connection is given back when nobody has waited for so long. */
const IDLE = 5000;

/**
 * Wakes those who wait for the jobs of a service. With the feature `events` the cluster says when something happens; else, and
 * while the connection is broken, a wait just takes its time.
 */
export class ChangeFeed {
  constructor(private readonly _client: ICluster['client']) {}

  /** Counts the changes of a service; take it before a look, and give it to the wait after it. */
  version(service: string): number {
    this._listen();
    return this._versions.get(service) ?? 0;
  }

  /** Waits at most so long, or until there was a change since `version`. Never throws. */
  async wait(service: string, version: number, milliseconds: number, signal?: AbortSignal): Promise<void> {
    this._listen();
    if ((this._versions.get(service) ?? 0) !== version) {
      return;
    }
    const wake = new AbortController();
    const waiter = { service, wake };
    this._waiters.add(waiter);
    try {
      await delay(milliseconds, undefined, { signal: signal ? AbortSignal.any([signal, wake.signal]) : wake.signal });
    } catch {
      // Woken.
    } finally {
      this._waiters.delete(waiter);
      this._rest();
    }
  }

  close(): void {
    clearTimeout(this._idle);
    this._listening?.abort();
    this._listening = undefined;
  }

  private _listen(): void {
    clearTimeout(this._idle);
    if (this._listening || !this._client.events || !this._client.features.has('events')) {
      return;
    }
    const listening = new AbortController();
    this._listening = listening;
    void this._follow(this._client.events({ signal: listening.signal }), listening);
  }

  private async _follow(
    events: ReturnType<NonNullable<ICluster['client']['events']>>,
    listening: AbortController
  ): Promise<void> {
    try {
      for await (const change of events) {
        const { service } = change as { service?: string };
        if (change.kind === 'job' && service !== undefined) {
          this._versions.set(service, (this._versions.get(service) ?? 0) + 1);
          [...this._waiters].filter(waiter => waiter.service === service).forEach(waiter => waiter.wake.abort());
        }
      }
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      // The connection broke: the next wait makes a new one, and until then time does.
    } finally {
      if (this._listening === listening) {
        this._listening = undefined;
      }
    }
  }

  private _rest(): void {
    if (this._waiters.size === 0) {
      clearTimeout(this._idle);
      this._idle = setTimeout(() => this.close(), IDLE);
      this._idle.unref();
    }
  }

  private readonly _waiters = new Set<{ service: string; wake: AbortController }>();
  private readonly _versions = new Map<string, number>();
  private _listening: AbortController | undefined;
  private _idle: NodeJS.Timeout | undefined;
}
