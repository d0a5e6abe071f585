import { randomUUID } from 'node:crypto';
import type { IBucket } from './catalog';
import { eventBody, targetsOf, type IRequester } from './events';
import { toDetails, toInfo, type IWriteOptions } from './objects';
import type { Outbox } from './outbox';
import type { IObjectRow } from './schema';

/** Puts an event into the outbox for every change that somebody has asked to hear of. */
export class Announcer {
  constructor(
    private readonly _options: {
      outbox: Outbox;
      admin: string;
      origin: () => string;
      deployment: string;
      hostId: string;
    }
  ) {}

  /**
   * Call inside the transaction of the change.
   *
   * @returns its number in the outbox; undefined when nobody wants it
   */
  announce(bucket: IBucket, name: string, row: IObjectRow, options: IWriteOptions): number | undefined {
    if (bucket.notifications.length === 0) {
      return undefined;
    }
    const targets = targetsOf(bucket.notifications, name, row.key);
    if (targets.length === 0) {
      return undefined;
    }
    const now = Date.now();
    const sequencer = this._nextSequencer(now);
    const requester = options.requester ?? this._self(options.principal ?? this._options.admin, sequencer);
    const object = toInfo(row);
    const time = new Date(now);
    const contentLength = options.contentLength?.(object);
    return this._options.outbox.add({
      id: `${sequencer}-${randomUUID()}`,
      name,
      time,
      bucket: bucket.name,
      object,
      principal: requester.principal,
      sourceHost: requester.sourceHost,
      userAgent: requester.userAgent,
      targets,
      body: eventBody({
        name,
        time,
        bucket: bucket.name,
        object,
        headers: toDetails(row).headers,
        sequencer,
        requester,
        ...(contentLength === undefined ? {} : { contentLength })
      })
    });
  }

  /** Nanoseconds as MinIO's; goes on by one where the clock stands still or goes back. */
  private _nextSequencer(now: number): string {
    const nanoseconds = BigInt(now) * 1_000_000n;
    this._last = this._last < nanoseconds ? nanoseconds : this._last + 1n;
    return this._last.toString(16).toUpperCase();
  }

  /** Who writes when it is no request. */
  private _self(principal: string, requestId: string): IRequester {
    const { deployment, hostId, origin } = this._options;
    return {
      principal,
      sourceHost: '127.0.0.1',
      userAgent: 'jupyterlab-oscar',
      requestId,
      hostId,
      origin: origin(),
      deployment
    };
  }

  private _last = 0n;
}
