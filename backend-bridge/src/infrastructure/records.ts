import { isDeepStrictEqual } from 'node:util';
import type { Infrastructure } from '../contract';
import { type CredentialStore } from '../credentials';
import { InfrastructureJournal, type IKept } from './journal';
import { noSuch } from './problems';
import { explain } from './states';

const LONGEST_WAIT = 30;

/** The infrastructures of this bridge: what is known of each, on disk and told to whoever listens. */
export class Records {
  constructor(options: {
    file: string;
    store: CredentialStore;
    onEvent: (id: string, infrastructure: Infrastructure | null) => void;
    log: (line: string) => void;
  }) {
    this._journal = new InfrastructureJournal(options.file, options.log);
    this._store = options.store;
    this._onEvent = options.onEvent;
    for (const kept of this._journal.all()) {
      this._records.set(kept.key, kept);
    }
  }

  all(): IKept[] {
    return [...this._records.values()];
  }

  find(id: string): IKept | undefined {
    return this._records.get(id) ?? this.all().find(kept => kept.id === id);
  }

  /** @throws BridgeError `not-found` */
  get(id: string): IKept {
    const found = this.find(id);
    if (!found) {
      throw noSuch('infrastructure', id, 'The list shows those there are.');
    }
    return found;
  }

  /** It is on disk when this returns. */
  add(kept: IKept, secrets: Record<string, string>): void {
    if (Object.keys(secrets).length > 0) {
      this._store.set(secretsId(kept), { secrets });
    }
    this._journal.save(kept);
    this._records.set(kept.key, kept);
    this._onEvent(kept.view.id, kept.view);
  }

  /** Passwords of the template, by the input's name. */
  secrets(kept: IKept): Record<string, string> {
    return this._store.get(secretsId(kept))?.secrets ?? {};
  }

  setSecrets(kept: IKept, secrets: Record<string, string>): void {
    this._store.set(secretsId(kept), { secrets });
  }

  /** Writes down and tells what has changed; nothing when nothing has. */
  change(kept: IKept, change: Partial<Infrastructure>, also: Partial<Omit<IKept, 'key' | 'view'>> = {}): void {
    const before = kept.view.id;
    const { updatedAt: _seen, ...old } = kept.view;
    const view: Infrastructure = { ...kept.view, ...change };
    for (const key of Object.keys(change) as (keyof Infrastructure)[]) {
      if (change[key] === undefined) {
        delete view[key];
      }
    }
    const detail = explain(view);
    if (detail === undefined) {
      delete view.stateDetail;
    } else {
      view.stateDetail = detail;
    }
    const { updatedAt: _now, ...fresh } = view;
    const shown = !isDeepStrictEqual(old, fresh);
    Object.assign(kept, also, { view: shown ? { ...view, revision: view.revision + 1 } : view });
    for (const key of Object.keys(also) as (keyof typeof also)[]) {
      if (also[key] === undefined) {
        delete kept[key];
      }
    }
    if (!shown && Object.keys(also).length === 0) {
      return;
    }
    this._journal.save(kept);
    if (shown) {
      if (before !== kept.view.id) {
        this._onEvent(before, null);
      }
      this._onEvent(kept.view.id, kept.view.state === 'deleted' ? null : kept.view);
      [...this._waiters].forEach(wake => wake());
    }
  }

  /** Passwords of one that is gone. */
  forgetSecrets(kept: IKept): void {
    this._store.remove(secretsId(kept));
  }

  /** Waits (at most `wait` seconds) until its revision is higher than `since`. */
  async wait(
    id: string,
    options: { since?: number; wait?: number; signal?: AbortSignal } = {}
  ): Promise<Infrastructure> {
    const kept = this.get(id);
    const until = Date.now() + Math.min(options.wait ?? 0, LONGEST_WAIT) * 1000;
    while (kept.view.revision <= (options.since ?? -1) && Date.now() < until && !options.signal?.aborted) {
      await new Promise<void>(resolve => {
        const done = (): void => {
          clearTimeout(timer);
          this._waiters.delete(done);
          options.signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, until - Date.now());
        this._waiters.add(done);
        options.signal?.addEventListener('abort', done);
      });
    }
    return kept.view;
  }

  close(): void {
    [...this._waiters].forEach(wake => wake());
    this._journal.close();
  }

  private readonly _journal: InfrastructureJournal;
  private readonly _store: CredentialStore;
  private readonly _onEvent: (id: string, infrastructure: Infrastructure | null) => void;
  private readonly _records = new Map<string, IKept>();
  private readonly _waiters = new Set<() => void>();
}

function secretsId({ key }: IKept): string {
  return `infrastructure:${key}`;
}
