import { Follower, type IFollowerOptions } from './follower';
import type { IKept } from './journal';
import { isFinal } from './states';
import { anyFailed } from './steps';

/** A state that was read longer ago is read again when somebody looks. Milliseconds. */
const STALE = 10_000;

export interface IFollowersOptions extends Omit<IFollowerOptions, 'kept'> {
  log: (line: string) => void;
}

interface IEntry {
  follower: Follower;
  done: Promise<void>;
  /** Somebody wanted it followed while it was. */
  again: boolean;
}

/** Who follows which infrastructure. */
export class Followers {
  constructor(private readonly _options: IFollowersOptions) {}

  /** How many are worked on now; those that wait for somebody to sign in are not. */
  running(): number {
    return [...this._followers.values()].filter(({ follower }) => !follower.blocked).length;
  }

  resume(): void {
    if (this._resumed) {
      return;
    }
    this._resumed = true;
    for (const kept of this._options.records.all()) {
      if (kept.view.state === 'deleted') {
        continue;
      }
      // What was being changed when the bridge ended is done or not: the machines tell.
      this._options.records.change(kept, { operation: undefined });
      const open = kept.view.steps.some(step => step.state === 'running' || step.state === 'waiting');
      if (kept.deletion || !isFinal(kept.view.state) || (open && !anyFailed(kept.view.steps))) {
        this.follow(kept);
      }
    }
  }

  /** Somebody has signed in anew, or set another server: what waited for that goes on. */
  wake(): void {
    [...this._followers.values()].forEach(({ follower }) => follower.wake());
  }

  async close(): Promise<void> {
    this._closed.abort();
    await Promise.allSettled([...this._followers.values()].map(({ done }) => done));
    await Promise.allSettled([...this._operations]);
  }

  /** Reads its state again when it is old and nobody follows it. */
  refresh(kept: IKept): void {
    const age = Date.now() - Date.parse(kept.view.updatedAt ?? '1970-01-01');
    const waiting = kept.id === undefined && kept.view.state === 'failed';
    if (age > STALE && !waiting && kept.view.state !== 'deleted' && kept.im === this._options.connection.url) {
      this.follow(kept);
    }
  }

  follow(kept: IKept): void {
    const known = this._followers.get(kept.key);
    if (known) {
      known.again = true;
      known.follower.wake();
      return;
    }
    if (this._closed.signal.aborted) {
      return;
    }
    const follower = new Follower({ ...this._options, kept });
    const entry: IEntry = { follower, again: false, done: Promise.resolve() };
    this._followers.set(kept.key, entry);
    entry.done = follower
      .follow(this._closed.signal)
      .catch((error: unknown) =>
        this._options.log(`The infrastructure ${kept.view.name} is not followed any more: ${String(error)}`)
      )
      .then(() => {
        this._followers.delete(kept.key);
        // Somebody asked while it was ending.
        if (entry.again && kept.view.state !== 'deleted') {
          this.follow(kept);
        }
      });
  }

  /** Is waited for when the bridge ends. */
  add(work: Promise<void>): void {
    const done = work.finally(() => this._operations.delete(done));
    this._operations.add(done);
  }

  private readonly _followers = new Map<string, IEntry>();
  private readonly _operations = new Set<Promise<void>>();
  private readonly _closed = new AbortController();
  private _resumed = false;
}
