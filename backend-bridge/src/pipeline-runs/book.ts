import type { IRunQuery } from './interfaces';
import type { PipelineRun } from '../contract';
import { BridgeError } from '../http';
import type { RunFollower } from './follower';
import { viewOf, type IKeptRun, type RunJournal } from './journal';

/** Changes come in heaps: they are told this often (milliseconds). */
const ANNOUNCE = 150;

/** A run that something is done for. */
export interface ILive {
  kept: IKeptRun;
  dirty: Set<number>;
  waiting: Set<() => void>;
  /** Ends the work: the bridge closes, or the run goes again. */
  abort: AbortController;
  /** Ends the deployment: the user cancelled. */
  deploying?: AbortController;
  follower?: RunFollower;
  work: Promise<void>;
  announced: number;
  timer?: NodeJS.Timeout;
}

export interface IRunBookOptions {
  journal: RunJournal;
  onRun?: (run: PipelineRun) => void;
  log?: (line: string) => void;
}

/** All runs: those that are followed in memory, the others in the journal; what changes is written down and told. */
export class RunBook {
  constructor(private readonly _options: IRunBookOptions) {
    this._journal = _options.journal;
  }

  live(id: string): ILive | undefined {
    return this._live.get(id);
  }

  all(): ILive[] {
    return [...this._live.values()];
  }

  /** Runs that something is still done for. */
  open(): ILive[] {
    return this.all().filter(live => !live.kept.over);
  }

  add(kept: IKeptRun): ILive {
    const live: ILive = {
      kept,
      dirty: new Set(),
      waiting: new Set(),
      abort: new AbortController(),
      work: Promise.resolve(),
      announced: 0
    };
    this._live.set(kept.view.id, live);
    this._options.onRun?.(viewOf(kept));
    return live;
  }

  /** @throws BridgeError not-found */
  find(id: string): IKeptRun {
    const kept = this._live.get(id)?.kept ?? this._journal.get(id);
    if (!kept) {
      throw new BridgeError({
        type: 'not-found',
        title: 'No such run',
        status: 404,
        detail: `There is no run “${id.slice(0, 100)}”.`,
        action: 'It may have been deleted; old runs are forgotten.'
      });
    }
    return kept;
  }

  list(options: IRunQuery): { items: PipelineRun[]; next?: string } {
    const { runs, next } = this._journal.list(options);
    return {
      items: runs.map(run => viewOf(this._live.get(run.view.id)?.kept ?? run)),
      ...(next === undefined ? {} : { next })
    };
  }

  async get(id: string, options: { since?: number; wait?: number; signal?: AbortSignal } = {}): Promise<PipelineRun> {
    const kept = this.find(id);
    const live = this._live.get(id);
    const patience = Math.min(Math.max(options.wait ?? 0, 0), 30) * 1000;
    if (live && patience > 0 && options.since !== undefined && kept.view.revision <= options.since) {
      await new Promise<void>(resolve => {
        const end = (): void => {
          clearTimeout(timer);
          options.signal?.removeEventListener('abort', end);
          live.waiting.delete(end);
          resolve();
        };
        const timer = setTimeout(end, patience);
        options.signal?.addEventListener('abort', end, { once: true });
        live.waiting.add(end);
      });
    }
    return viewOf(kept);
  }

  /** Something has changed: it is written down and told, at most every 150 ms. */
  touch(live: ILive, nodes: Iterable<number>): void {
    live.kept.view.revision += 1;
    for (const index of nodes) {
      live.dirty.add(index);
    }
    if (live.timer === undefined && !this._closing) {
      live.timer = setTimeout(() => this.announce(live), Math.max(0, live.announced + ANNOUNCE - Date.now()));
    }
  }

  announce(live: ILive): void {
    clearTimeout(live.timer);
    live.timer = undefined;
    live.announced = Date.now();
    if (this._closing) {
      return;
    }
    this.save(live);
    [...live.waiting].forEach(wake => wake());
    this._options.onRun?.(viewOf(live.kept));
  }

  /** A journal that cannot be written does not stop the work; the next change tries again. False when it could not. */
  save(live: ILive): boolean {
    try {
      this.saveNow(live, []);
      return true;
    } catch (error) {
      this._options.log?.(
        `Run ${live.kept.view.id} is not saved: ${error instanceof BridgeError ? `${error.message} ${error.problem.cause ?? ''}` : String(error)}`
      );
      return false;
    }
  }

  /** @throws BridgeError `not-writable` */
  saveNow(live: ILive, nodes: Iterable<number>): void {
    for (const index of nodes) {
      live.dirty.add(index);
    }
    this._journal.save(live.kept, live.dirty);
    live.dirty.clear();
  }

  /** Nothing is done for it any more. What could not be written stays in memory, so that nobody hears less of it than there is. */
  over(live: ILive): void {
    live.kept.over = true;
    this.touch(live, live.kept.nodes.keys());
    this.announce(live);
    if (live.dirty.size === 0) {
      this._live.delete(live.kept.view.id);
    }
  }

  /** Stops what is done for a run, and waits for it. Answers the run. */
  async end(id: string): Promise<IKeptRun> {
    const kept = this.find(id);
    const live = this._live.get(id);
    if (live) {
      live.abort.abort();
      live.follower?.wake();
      await live.work;
      clearTimeout(live.timer);
      kept.over = true;
      this.saveNow(live, kept.nodes.keys());
      [...live.waiting].forEach(wake => wake());
      this._live.delete(id);
    }
    return kept;
  }

  /** Puts a run on disk, whole. @throws BridgeError `not-writable` */
  write(kept: IKeptRun): void {
    this._journal.save(kept, kept.nodes.keys());
  }

  /** Runs that an earlier bridge has not brought to their end. */
  unfinished(): IKeptRun[] {
    return this._journal.unfinished();
  }

  remove(id: string): void {
    this._journal.remove(id);
  }

  async close(): Promise<void> {
    this._closing = true;
    for (const live of this._live.values()) {
      live.abort.abort();
      live.deploying?.abort();
      live.follower?.wake();
      [...live.waiting].forEach(wake => wake());
    }
    await Promise.all(this.all().map(live => live.work));
    for (const live of this._live.values()) {
      clearTimeout(live.timer);
      this.save(live);
    }
    this._journal.close();
  }

  private readonly _journal: RunJournal;
  private readonly _live = new Map<string, ILive>();
  private _closing = false;
}
