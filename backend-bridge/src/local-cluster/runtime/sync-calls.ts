import { randomUUID } from 'node:crypto';
import type { IOscarService } from '../../fdl/service';
import { BridgeError } from '../../http/errors';
import type { IRunAnswer } from '../interfaces';
import { execute } from './execution';
import { gone } from './job-parts';
import type { IRuntimeOptions } from './options';
import { requestOf } from './pool';
import type { IEntry, Scheduler } from './scheduler';
import type { IShared } from './shared';

/** Synchronous calls: they wait for a place as jobs do, are in no list, and end with whoever asked. */
export class SyncCalls {
  constructor(
    private readonly _options: IRuntimeOptions,
    private readonly _shared: IShared,
    private readonly _scheduler: Scheduler
  ) {}

  /** @throws BridgeError when there can never be room, or the service goes away while it waits */
  async run(service: IOscarService, body: Buffer, options: { signal?: AbortSignal } = {}): Promise<IRunAnswer> {
    const impossible = this._shared.pool.impossible(requestOf(service));
    if (impossible !== undefined) {
      throw new BridgeError({
        type: 'no-room',
        title: 'The service does not fit on this cluster',
        status: 400,
        detail: impossible,
        action: "Lower cpu, memory or enable_gpu in the service's FDL."
      });
    }
    const abort = new AbortController();
    const stop = (): void => abort.abort(options.signal?.reason);
    options.signal?.throwIfAborted();
    options.signal?.addEventListener('abort', stop, { once: true });
    try {
      return await this._wait(service, body, abort);
    } finally {
      this._aborts.delete(abort);
      options.signal?.removeEventListener('abort', stop);
    }
  }

  async close(reason: Error): Promise<void> {
    for (const abort of this._aborts) {
      abort.abort(reason);
    }
    await Promise.allSettled(this._runs);
  }

  private _wait(service: IOscarService, body: Buffer, abort: AbortController): Promise<IRunAnswer> {
    const id = `run-${randomUUID()}`;
    return new Promise<IRunAnswer>((resolve, reject) => {
      const entry: IEntry = {
        service: service.name,
        gone: false,
        start: (current, grant) => {
          const call = execute({
            options: this._options,
            shared: this._shared,
            service: current,
            body,
            limits: grant.limits,
            variables: {},
            id,
            owner: '',
            sync: true,
            signal: abort.signal,
            log: () => undefined
          });
          this._runs.add(call);
          void call
            .then(result => ({
              status: result.exitCode === undefined && !result.ok ? 500 : 200,
              body: result.reply,
              exitCode: result.exitCode ?? 1
            }))
            .then(resolve, reject)
            .finally(() => {
              this._runs.delete(call);
              grant.release();
            });
        },
        orphan: () => reject(gone(service.name))
      };
      abort.signal.addEventListener('abort', () => {
        entry.gone = true;
        reject(abort.signal.reason as Error);
      });
      this._aborts.add(abort);
      this._scheduler.add(entry, true);
    });
  }

  private readonly _aborts = new Set<AbortController>();
  private readonly _runs = new Set<Promise<unknown>>();
}
