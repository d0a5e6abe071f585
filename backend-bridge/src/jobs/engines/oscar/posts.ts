import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isProblem } from '../../../http';
import type { IEngineJob } from '../../engine/engine';
import type { ITaskError, Task } from '../../engine/task';
import { messageOf, type IAttempt } from './attempt';
import { Handles } from './handles';
import type { BucketStore } from './store';
import { BODY_LIMIT, type IDescriptorTransport } from './transport';
import { InputError, InputUploads } from './uploads';

export interface IDescriptorPostsOptions {
  job: IEngineJob;
  store: BucketStore;
  transport: IDescriptorTransport;
  signal: AbortSignal;
  /** Shown once when files of this machine are copied. */
  note: (text: string) => void;
  /** The attempt is still waited for. */
  wanted: (attempt: IAttempt) => boolean;
  failed: (attempt: IAttempt, error: ITaskError) => void;
  /** Removes what an attempt of this name has left of a time before. */
  forget: (name: string) => Promise<void>;
}

const CODE = 'code.json';
const CANCEL = 'cancel';
const LONGEST_PAUSE = 30_000;

/** Sends descriptors, and takes them back. */
export class DescriptorPosts {
  constructor(private readonly _options: IDescriptorPostsOptions) {
    const { store, note } = _options;
    this._handles = new Handles(store.folder);
    this._uploads = new InputUploads(store, () =>
      note(
        `Input files of this machine are copied to the bucket ${store.bucket}, where the workers read them; the copies go ` +
          'with the job.'
      )
    );
  }

  /** Names that were used before the job was begun anew. */
  stale: Set<string> = new Set();

  /** The code goes to where workers find it. @returns handles of what an earlier bridge has sent, by name */
  async prepare(): Promise<Map<string, string>> {
    const { store, job } = this._options;
    await store.discard([CANCEL]);
    const { code } = job.spec;
    const data = Buffer.from(
      JSON.stringify({
        language: code.language,
        name: code.name ?? '<job>',
        line: code.language === 'python' ? (code.line ?? 1) : 1,
        with: code.language === 'python' ? (code.with ?? {}) : {},
        packages: code.language === 'python' ? (code.packages ?? []) : [],
        source: code.source
      })
    );
    this._code = { key: CODE, sha256: createHash('sha256').update(data).digest('hex') };
    await store.write(CODE, data);
    return this._handles.load();
  }

  send(attempt: IAttempt, task: Task): void {
    const work = this._send(attempt, task).finally(() => this._sending.delete(work));
    this._sending.add(work);
  }

  cancel({ handle }: IAttempt): void {
    if (handle !== undefined) {
      // That it could not be ended is known at the end: its work does not count in any case.
      const work = this._options.transport.cancel(handle);
      work.catch(() => undefined);
      this._cancelled.push(work);
    }
  }

  /** The job is over: what waits or runs is ended, also what is on its way to the cluster now. */
  cancelAll(attempts: readonly IAttempt[]): void {
    this._over = true;
    attempts.forEach(attempt => this.cancel(attempt));
    if (attempts.length > 0 || this._sending.size > 0) {
      // Who cannot be reached otherwise looks at it.
      this._cancelled.push(this._options.store.write(CANCEL, Buffer.alloc(0)));
    }
  }

  /** Ends when nothing is on its way any more. @returns why something could not be taken back */
  async settled(): Promise<unknown[]> {
    await Promise.all(this._sending);
    const results = await Promise.allSettled(this._cancelled);
    return results.flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []));
  }

  private async _send(attempt: IAttempt, task: Task): Promise<void> {
    const { signal, wanted, failed, forget } = this._options;
    try {
      if (this.stale.delete(attempt.name)) {
        await forget(attempt.name);
      }
      const placed = await this._uploads.placed({ ...task, code: this._code });
      const body = Buffer.from(JSON.stringify(placed));
      if (body.length > BODY_LIMIT) {
        const message = `Its description has ${body.length} bytes; ${BODY_LIMIT} are the most. Use fewer or larger files.`;
        throw new InputError({ class: 'input', type: 'TooLarge', message });
      }
      if (signal.aborted) {
        return;
      }
      const handle = await this._post(body, attempt);
      attempt.postedAt = performance.now();
      if (handle !== undefined) {
        attempt.handle = handle;
        await this._handles.add(attempt.name, handle);
      }
      if (this._over || (!wanted(attempt) && !signal.aborted)) {
        this.cancel(attempt);
      }
    } catch (error) {
      if (!signal.aborted && wanted(attempt)) {
        const lost: ITaskError = { class: 'lost', type: 'NotSent', message: messageOf(error) };
        failed(attempt, error instanceof InputError ? error.error : lost);
      }
    }
  }

  private async _post(body: Buffer, attempt: IAttempt): Promise<string | undefined> {
    const { transport, wanted, signal } = this._options;
    for (let pause = 1000; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        return await transport.post(body);
      } catch (error) {
        if (!isProblem(error, 'unreachable') || !wanted(attempt)) {
          throw error;
        }
      }
      await delay(pause, undefined, { signal });
    }
  }

  private readonly _handles: Handles;
  private readonly _uploads: InputUploads;
  private readonly _sending = new Set<Promise<void>>();
  private readonly _cancelled: Promise<void>[] = [];
  private _code: Task['code'];
  private _over = false;
}
