import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ICluster } from '../clusters';
import { ChangeFeed } from '../clusters/changes';
import type { PipelineRerunRequest, PipelineRun } from '../contract';
import { BridgeError } from '../http';
import { findDone, markAttempt, rememberJobs, sameGraph } from './attempts';
import { RunBook, type ILive } from './book';
import { PipelineDeployer } from './deploy';
import { RunFollower } from './follower';
import type { IPipelineRunsOptions, IPipelineText, IPrepareOptions, IRunOptions, IRunQuery } from './interfaces';
import { RunJournal, viewOf, type IKeptRun } from './journal';
import { isTerminal } from './node-follower';
import { NodeJobs } from './node-jobs';
import { readParameters } from './parameters';
import type { IPrepared } from './prepare';
import { endedEarly, interrupt, newRun, notOver, removeObjects, reset, selectForRerun } from './run-parts';
import { SecretKeeper } from './secrets';

const LOST_AFTER = 60_000;
/** How long a cancel waits for the jobs to be stopped before it answers. */
const CANCEL_ANSWER = 10_000;

export interface IRunsOptions extends IPipelineRunsOptions {
  prepare: (source: IPipelineText, options: IPrepareOptions) => Promise<IPrepared>;
}

/** Runs of pipelines: begun, followed, cancelled, begun again; they outlive the bridge. */
export class Runs {
  constructor(private readonly _options: IRunsOptions) {
    const { state, log, onRun } = _options;
    this._book = new RunBook({ journal: new RunJournal(join(state, 'pipelines.db'), log), onRun, log });
    const spool = join(state, 'pipelines');
    // What a killed bridge has left there is of no use: nobody else has this folder.
    rmSync(spool, { recursive: true, force: true });
    this.secrets = new SecretKeeper();
    this.deployer = new PipelineDeployer({
      clusters: _options.clusters,
      cluster: this._cluster,
      spool,
      secrets: this.secrets,
      onCluster: _options.onCluster
    });
  }

  readonly secrets: SecretKeeper;
  readonly deployer: PipelineDeployer;

  async start(source: IPipelineText, options: IRunOptions = {}): Promise<PipelineRun> {
    const prepared = await this._options.prepare(source, options);
    const parameters = readParameters(prepared.pipeline.parameters, options.parameters);
    const kept = newRun(prepared, parameters);
    this._begin(kept, prepared);
    return viewOf(kept);
  }

  list(options: IRunQuery = {}): { items: PipelineRun[]; next?: string } {
    return this._book.list(options);
  }

  get(id: string, options: { since?: number; wait?: number; signal?: AbortSignal } = {}): Promise<PipelineRun> {
    return this._book.get(id, options);
  }

  async cancel(id: string): Promise<PipelineRun> {
    const live = this._book.live(id);
    const { view } = live?.kept ?? {};
    if (!live || !view || (view.state !== 'running' && view.state !== 'deploying')) {
      // It has ended: there is nothing to stop.
      return this._book.get(id);
    }
    const { kept } = live;
    kept.cancelledAt = Date.now();
    if (view.state === 'running') {
      view.state = 'cancelled';
      view.finishedAt = new Date().toISOString();
    }
    this._book.touch(live, []);
    // On disk at once, where that can be: the next bridge must not go on with it.
    this._book.save(live);
    live.deploying?.abort();
    live.follower?.wake();
    const until = Date.now() + CANCEL_ANSWER;
    const isDone = (): boolean => kept.over || (kept.view.state !== 'deploying' && kept.nodes.every(isTerminal));
    while (!isDone() && Date.now() < until && this._book.live(id) === live) {
      await this._book.get(id, { since: kept.view.revision, wait: 1 });
    }
    return viewOf(kept);
  }

  rerun(id: string, request: PipelineRerunRequest): Promise<PipelineRun> {
    return this._alone(id, () => this._rerun(id, request));
  }

  remove(id: string): Promise<void> {
    return this._alone(id, async () => {
      notOver(this._book.find(id));
      const live = this._book.live(id);
      if (live?.kept.cancelledAt !== undefined) {
        // A job that starts late would write again what is removed here.
        await live.work;
      }
      const kept = await this._book.end(id);
      await removeObjects(kept, this._cluster, this._options.log);
      this._book.remove(id);
    });
  }

  /** Services, as `<cluster>/<name>`, of runs that go on. */
  busy(): Set<string> {
    // All nodes of one that is told as ended have ended, though its last lines may still be written.
    const going = this._book.open().filter(({ kept }) => kept.view.state !== 'done' && kept.view.state !== 'failed');
    const nodes = going.flatMap(live => live.kept.nodes);
    return new Set(nodes.map(({ view }) => `${view.cluster}/${view.service}`));
  }

  running(): number {
    return this._book.open().length;
  }

  resume(options: { without?: string } = {}): void {
    for (const kept of this._book.unfinished()) {
      const uses = kept.nodes.some(node => node.view.cluster === options.without);
      if (this._book.live(kept.view.id) || (options.without !== undefined && uses)) {
        continue;
      }
      const live = this._book.add(kept);
      if (kept.view.state === 'deploying') {
        interrupt(kept);
        this._book.over(live);
      } else {
        this._follow(live);
      }
    }
  }

  async close(): Promise<void> {
    const closed = this._book.close();
    this._feeds.forEach(({ feed }) => feed.close());
    await closed;
  }

  private async _rerun(id: string, request: PipelineRerunRequest): Promise<PipelineRun> {
    const known = this._book.find(id);
    notOver(known);
    // Before anything is prepared: what is asked for must make sense.
    selectForRerun(known, request.node);
    const source = request.redeploy === false ? undefined : await this._options.resolve(known.source);
    const prepared =
      source && (await this._options.prepare(source, { cluster: known.view.cluster, secrets: request.secrets }));
    if (prepared) {
      sameGraph(known, prepared);
    }
    // Jobs that come late after a cancel are stopped no longer: they may be the new ones.
    const kept = await this._book.end(id);
    await findDone(kept, this._cluster);
    const again = selectForRerun(kept, request.node);
    if (!prepared && again.some(index => kept.nodes[index].places === undefined)) {
      throw new BridgeError({
        type: 'conflict',
        title: 'Not deployed',
        status: 409,
        detail: 'The pipeline was not deployed by this run.',
        action: 'Rerun it with deployment.'
      });
    }
    await markAttempt(kept, again, this._cluster);
    reset(kept, again);
    this._begin(kept, prepared);
    return viewOf(kept);
  }

  /** What begins is on disk when this returns. @throws BridgeError `not-writable` */
  private _begin(kept: IKeptRun, prepared: IPrepared | undefined): void {
    this._book.write(kept);
    const live = this._book.add(kept);
    this._book.touch(live, []);
    live.work = this._deploy(live, prepared)
      .then(() => this._work(live))
      .catch(error => this._failed(live, error));
  }

  private _follow(live: ILive): void {
    live.work = this._work(live).catch(error => this._failed(live, error));
  }

  private async _work(live: ILive): Promise<void> {
    live.follower = new RunFollower({
      run: live.kept,
      cluster: this._cluster,
      jobs: this._jobs,
      feed: cluster => this._feed(cluster),
      changed: nodes => this._book.touch(live, nodes),
      save: nodes => this._book.saveNow(live, nodes),
      others: (cluster, service) => this._others(live, cluster, service),
      lostAfter: this._options.lostAfter ?? LOST_AFTER
    });
    await live.follower.follow(live.abort.signal);
    if (!live.abort.signal.aborted) {
      this._book.over(live);
    }
  }

  private async _deploy(live: ILive, prepared: IPrepared | undefined): Promise<void> {
    const { kept } = live;
    if (prepared) {
      const deploying = new AbortController();
      live.deploying = deploying;
      const places = await this.deployer.deploy(prepared, {
        signal: deploying.signal,
        steps: steps => {
          kept.view.steps = steps;
          this._book.touch(live, []);
        }
      });
      deploying.signal.throwIfAborted();
      live.deploying = undefined;
      kept.nodes.forEach(node => (node.places = places.get(node.view.id) ?? node.places));
    }
    await rememberJobs(kept, this._cluster);
    if (kept.cancelledAt !== undefined || live.abort.signal.aborted) {
      throw new DOMException('cancelled', 'AbortError');
    }
    kept.view.state = 'running';
    this._book.touch(live, kept.nodes.keys());
    // Before anything is started: the next bridge has to know of it.
    this._book.saveNow(live, kept.nodes.keys());
  }

  private _failed(live: ILive, error: unknown): void {
    const { kept } = live;
    if (live.abort.signal.aborted) {
      // The bridge ends: the next one goes on, but not with a deployment, as it does not know its secrets.
      if (kept.view.state === 'deploying') {
        interrupt(kept);
        live.dirty = new Set(kept.nodes.keys());
      }
      return;
    }
    endedEarly(kept, kept.cancelledAt === undefined ? this._options.toProblem(error) : undefined);
    this._book.over(live);
  }

  private _others(live: ILive, cluster: string, service: string): number {
    const has = (run: IKeptRun): boolean =>
      run.nodes.some(({ view }) => view.cluster === cluster && view.service === service);
    return this._book.open().filter(other => other !== live && has(other.kept)).length;
  }

  private _feed(cluster: ICluster): ChangeFeed {
    const known = this._feeds.get(cluster.id);
    if (known?.client === cluster.client) {
      return known.feed;
    }
    // Registered anew, at another address perhaps.
    known?.feed.close();
    const feed = new ChangeFeed(cluster.client);
    this._feeds.set(cluster.id, { client: cluster.client, feed });
    return feed;
  }

  /** Two that change one run at once would undo each other's work. */
  private async _alone<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this._changing.has(id)) {
      throw new BridgeError({
        type: 'conflict',
        title: 'The run is being changed',
        status: 409,
        detail: `The run ${id} is being rerun or deleted already.`,
        action: 'Look at it again in a moment.'
      });
    }
    this._changing.add(id);
    try {
      return await work();
    } finally {
      this._changing.delete(id);
    }
  }

  private readonly _cluster = (id?: string): Promise<ICluster> => this._options.cluster(id);
  private readonly _book: RunBook;
  private readonly _changing = new Set<string>();
  private readonly _jobs = new NodeJobs();
  private readonly _feeds = new Map<string, { client: ICluster['client']; feed: ChangeFeed }>();
}
