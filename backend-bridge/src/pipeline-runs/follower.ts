import { setTimeout as delay } from 'node:timers/promises';
import type { ICluster } from '../clusters';
import type { ChangeFeed } from '../clusters/changes';
import { inPool } from '../clusters/pool';
import { BridgeError, isProblem } from '../http';
import type { IKeptNode, IKeptRun } from './journal';
import { isTerminal, NodeFollower, type INodeFollowerOptions } from './node-follower';

const SHORTEST_POLL = 200;
const LONGEST_POLL = 4000;
/** Between looks at a cluster that does not answer. */
const TROUBLED_POLL = 20_000;
/** Pause between two looks in any case. */
const BREATH = 30;
const AT_ONCE = 6;
/** How long jobs that appear after a cancel are looked for, and at most, when a cluster does not answer. */
const LATE = 6000;
const LATEST = 10 * 60_000;

export interface IFollowerOptions extends Omit<INodeFollowerOptions, 'changed'> {
  feed: (cluster: ICluster) => ChangeFeed;
  /** Something of these nodes has changed (empty: of the run itself). */
  changed: (nodes: number[]) => void;
}

/**
 * Follows one run to its end: looks at the nodes whose turn it is, by their status in the object store, which is the truth, and by
 * their jobs, which tell what happens meanwhile.
 */
export class RunFollower {
  constructor(private readonly _options: IFollowerOptions) {
    this._run = _options.run;
    this._nodes = new NodeFollower({
      ..._options,
      changed: index => {
        this._changes += 1;
        _options.changed([index]);
      }
    });
  }

  /** Until nothing can move any more, or the signal. Wake it with `wake` when the run was changed from outside. */
  async follow(signal: AbortSignal): Promise<void> {
    let pause = SHORTEST_POLL;
    while (!signal.aborted) {
      const before = this._changes;
      const versions = await this._versions();
      this._troubled = false;
      await (this._run.cancelledAt === undefined ? this._look(signal) : this._sweep());
      if (signal.aborted || this._finish()) {
        return;
      }
      const moved = this._changes !== before;
      pause = moved ? SHORTEST_POLL : Math.min(pause * 1.3, LONGEST_POLL);
      await this._wait(versions, this._troubled ? Math.min(TROUBLED_POLL, pause * 5) : pause, signal);
    }
  }

  wake(): void {
    this._waking.abort();
  }

  /** Ends a node whose parents make its turn impossible, and says so. */
  private _skip(): void {
    for (const [index, { view }] of this._run.nodes.entries()) {
      const broken = view.state !== 'waiting' ? undefined : this._nodes.parents(view.after).find(isBroken);
      if (broken) {
        this._nodes.set(index, { state: 'skipped', reason: `“${broken.view.label}” before it did not finish.` });
      }
    }
  }

  private async _look(signal: AbortSignal): Promise<void> {
    this._skip();
    const open = [...this._run.nodes.keys()].filter(
      index => this._nodes.isOpen(index) || this._nodes.isUnsettled(index)
    );
    await inPool(open, AT_ONCE, async index => {
      if (!signal.aborted && this._run.cancelledAt === undefined) {
        await this._guarded(index, cluster => this._nodes.look(index, cluster));
      }
    });
    this._skip();
  }

  /** A cluster that does not answer ends nothing: its jobs run on. */
  private async _guarded(index: number, work: (cluster: ICluster) => Promise<void>): Promise<void> {
    const node = this._run.nodes[index];
    try {
      await work(await this._options.cluster(node.view.cluster));
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      this._nodes.stir(index);
      if (isProblem(error, 'not-found') && !isTerminal(node)) {
        this._nodes.fail(index, `${error.message} The node cannot go on.`);
      } else if (!isTerminal(node)) {
        this._troubled = true;
        this._nodes.set(index, { reason: `${error.message} It is asked again.` });
      } else {
        this._troubled = true;
      }
    }
  }

  /** After a cancel: what runs is stopped, and what appears late, too. */
  private async _sweep(): Promise<void> {
    const open = [...this._run.nodes.entries()].filter(
      ([, { view }]) => view.state !== 'done' && view.state !== 'failed'
    );
    await inPool(open, AT_ONCE, async ([index, node]) => {
      const { view } = node;
      const began = node.started === true || view.after.length > 0;
      const possible =
        began &&
        this._nodes.parents(view.after).every(parent => parent.view.state === 'done' || parent.jobs.length > 0);
      if (possible && node.places) {
        await this._guarded(index, cluster => this._nodes.halt(index, cluster));
      }
      if (view.state === 'waiting' || view.state === 'running') {
        this._nodes.set(index, { state: 'cancelled', finishedAt: new Date().toISOString() });
      }
    });
  }

  /** Ends the run when nothing can move any more; true when nothing is left to do for it either. */
  private _finish(): boolean {
    const { view, nodes, cancelledAt } = this._run;
    if (!nodes.every(isTerminal)) {
      return false;
    }
    if (view.state === 'running') {
      view.state = nodes.every(node => node.view.state === 'done') ? 'done' : 'failed';
      view.finishedAt = new Date().toISOString();
      this._changes += 1;
      this._options.changed([]);
    }
    if (cancelledAt !== undefined) {
      const since = Date.now() - Math.max(cancelledAt, this._nodes.lastStop);
      return (since > LATE && !this._troubled) || Date.now() - cancelledAt > LATEST;
    }
    return ![...nodes.keys()].some(index => this._nodes.isUnsettled(index));
  }

  private async _versions(): Promise<{ feed: ChangeFeed; service: string; version: number }[]> {
    const result: { feed: ChangeFeed; service: string; version: number }[] = [];
    for (const [index, { view }] of this._run.nodes.entries()) {
      if (this._nodes.isOpen(index) || this._nodes.isUnsettled(index)) {
        try {
          const feed = this._options.feed(await this._options.cluster(view.cluster));
          result.push({ feed, service: view.service, version: feed.version(view.service) });
        } catch (error) {
          if (!(error instanceof BridgeError)) {
            throw error;
          }
          // The look that follows says what is wrong.
        }
      }
    }
    return result;
  }

  private async _wait(
    versions: { feed: ChangeFeed; service: string; version: number }[],
    pause: number,
    signal: AbortSignal
  ): Promise<void> {
    const done = new AbortController();
    const either = AbortSignal.any([signal, this._waking.signal, done.signal]);
    try {
      await Promise.race([
        delay(pause, undefined, { signal: either }).catch(() => undefined),
        ...versions.map(({ feed, service, version }) => feed.wait(service, version, pause, either))
      ]);
    } finally {
      done.abort();
      this._waking = new AbortController();
    }
    await delay(BREATH);
  }

  private readonly _run: IKeptRun;
  private readonly _nodes: NodeFollower;
  private _waking = new AbortController();
  private _changes = 0;
  private _troubled = false;
}

function isBroken({ view }: IKeptNode): boolean {
  return view.state === 'failed' || view.state === 'skipped' || view.state === 'cancelled';
}
