import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ICluster } from '../clusters';
import { ChangeFeed } from '../clusters/changes';
import { PROBLEM_PREFIX, type PipelineRerunRequest, type PipelineRun } from '../contract';
import { BridgeError } from '../http';
import { inPool } from '../clusters/pool';
import { PipelineDeployer } from './deploy';
import { isTerminal, RunFollower } from './follower';
import type { IPipelineRunsOptions, IPipelineText, IPrepareOptions, IRunOptions } from './interfaces';
import { RunJournal, viewOf, type IKeptRun } from './journal';
import { jobNames, NodeJobs } from './node-jobs';
import { readParameters } from './parameters';
import { artifactsOf, type INodePlaces } from './places';
import type { IPrepared } from './prepare';
import { notOver, removeObjects, reset, runId, selectForRerun } from './run-parts';
import { SecretKeeper } from './secrets';
import { listArtifacts, readStatus, statusMark } from './storage';

const ANNOUNCE = 150;
const LOST_AFTER = 60_000;
/** How long a cancel waits for the jobs to be stopped before it answers. */
const CANCEL_ANSWER = 10_000;

interface ILive {
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

export interface IRunsOptions extends IPipelineRunsOptions {
  prepare: (source: IPipelineText, options: IPrepareOptions) => Promise<IPrepared>;
}

/** Runs of pipelines: begun, followed, cancelled, begun again; they outlive the bridge. */
export class Runs {
  constructor(private readonly _options: IRunsOptions) {
    this._journal = new RunJournal(join(_options.state, 'pipelines.db'), _options.log);
    const spool = join(_options.state, 'pipelines');
    // What a killed bridge has left there is of no use: nobody else has this folder.
    rmSync(spool, { recursive: true, force: true });
    this.secrets = new SecretKeeper();
    this.deployer = new PipelineDeployer({
      clusters: _options.clusters,
      cluster: id => _options.cluster(id),
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
    const id = runId(prepared.pipeline.name);
    const kept: IKeptRun = {
      view: {
        id,
        pipeline: prepared.pipeline.name,
        file: source.shown,
        cluster: prepared.cluster,
        state: 'deploying',
        revision: 1,
        parameters,
        steps: [],
        startedAt: new Date().toISOString()
      },
      nodes: prepared.conversion.services.map(node => ({
        view: {
          id: node.node,
          label: node.label,
          kind: node.kind,
          service: node.service,
          cluster: node.target,
          state: 'waiting',
          after: [...node.after],
          attempt: 1,
          artifacts: []
        },
        before: [],
        jobs: []
      })),
      source: source.kept,
      file: source.file,
      over: false,
      createdAt: Date.now()
    };
    this._journal.save(kept, kept.nodes.keys());
    this._begin(kept, prepared);
    return viewOf(kept);
  }

  list(options: { file?: string; page?: string } = {}): { items: PipelineRun[]; next?: string } {
    const { runs, next } = this._journal.list(options);
    return {
      items: runs.map(run => viewOf(this._live.get(run.view.id)?.kept ?? run)),
      ...(next === undefined ? {} : { next })
    };
  }

  async get(id: string, options: { since?: number; wait?: number; signal?: AbortSignal } = {}): Promise<PipelineRun> {
    const live = this._live.get(id);
    if (!live) {
      return viewOf(this._find(id));
    }
    const patience = Math.min(Math.max(options.wait ?? 0, 0), 30) * 1000;
    if (patience > 0 && options.since !== undefined && live.kept.view.revision <= options.since) {
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
    return viewOf(live.kept);
  }

  async cancel(id: string): Promise<PipelineRun> {
    const live = this._live.get(id);
    if (!live || (live.kept.view.state !== 'running' && live.kept.view.state !== 'deploying')) {
      // It has ended: there is nothing to stop.
      return this.get(id);
    }
    const { kept } = live;
    kept.cancelledAt = Date.now();
    if (kept.view.state === 'running') {
      kept.view.state = 'cancelled';
      kept.view.finishedAt = new Date().toISOString();
    }
    this._touch(live, []);
    this._saveNow(live, []);
    live.deploying?.abort();
    live.follower?.wake();
    const until = Date.now() + CANCEL_ANSWER;
    while ((kept.view.state === 'deploying' || !kept.nodes.every(isTerminal)) && Date.now() < until) {
      await this.get(id, { since: kept.view.revision, wait: 1 });
      if (!this._live.has(id)) {
        break;
      }
    }
    return viewOf(kept);
  }

  async rerun(id: string, request: PipelineRerunRequest): Promise<PipelineRun> {
    const known = this._live.get(id)?.kept ?? this._find(id);
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
    await this._end(id);
    const kept = this._find(id);
    notOver(kept);
    await this._findDone(kept);
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
    await this._forget(kept, again);
    const { view } = kept;
    again.forEach(index => reset(kept, index));
    view.state = 'deploying';
    view.steps = [];
    view.revision += 1;
    delete view.finishedAt;
    delete view.problem;
    delete kept.cancelledAt;
    kept.over = false;
    this._journal.save(kept, kept.nodes.keys());
    const live = this._begin(kept, prepared);
    this._touch(live, []);
    return viewOf(kept);
  }

  async remove(id: string): Promise<void> {
    const kept = this._live.get(id)?.kept ?? this._find(id);
    notOver(kept);
    const live = this._live.get(id);
    if (live && kept.cancelledAt !== undefined) {
      // A job that starts late would write again what is removed here.
      await live.work;
    }
    await this._end(id);
    await removeObjects(kept, id => this._options.cluster(id), this._options.log);
    this._journal.remove(id);
  }

  /** Services, as `<cluster>/<name>`, of runs that go on. */
  busy(): Set<string> {
    return new Set(
      [...this._live.values()]
        .filter(live => !live.kept.over)
        .flatMap(live => live.kept.nodes.map(({ view }) => `${view.cluster}/${view.service}`))
    );
  }

  running(): number {
    return [...this._live.values()].filter(live => !live.kept.over).length;
  }

  resume(options: { without?: string } = {}): void {
    for (const kept of this._journal.unfinished()) {
      const uses = kept.nodes.some(node => node.view.cluster === options.without);
      if (this._live.has(kept.view.id) || (options.without !== undefined && uses)) {
        continue;
      }
      if (kept.view.state === 'deploying') {
        this._interrupt(kept);
        this._journal.save(kept, kept.nodes.keys());
        this._options.onRun?.(viewOf(kept));
      } else {
        this._begin(kept);
      }
    }
  }

  async close(): Promise<void> {
    this._closing = true;
    const works: Promise<void>[] = [];
    for (const live of this._live.values()) {
      live.abort.abort();
      live.deploying?.abort();
      live.follower?.wake();
      live.waiting.forEach(wake => wake());
      works.push(live.work);
    }
    this._feeds.forEach(({ feed }) => feed.close());
    await Promise.all(works);
    for (const live of this._live.values()) {
      clearTimeout(live.timer);
      if (live.dirty.size > 0) {
        this._save(live);
      }
    }
    this._journal.close();
  }

  private _begin(kept: IKeptRun, prepared?: IPrepared): ILive {
    const live: ILive = {
      kept,
      dirty: new Set(),
      waiting: new Set(),
      abort: new AbortController(),
      work: Promise.resolve(),
      announced: 0
    };
    this._live.set(kept.view.id, live);
    live.work = this._work(live, prepared).catch(error => this._failed(live, error));
    this._options.onRun?.(viewOf(kept));
    return live;
  }

  private async _work(live: ILive, prepared: IPrepared | undefined): Promise<void> {
    const { kept } = live;
    if (kept.view.state === 'deploying') {
      await this._deploy(live, prepared);
    }
    const follower = new RunFollower({
      run: kept,
      cluster: id => this._options.cluster(id),
      jobs: this._jobs,
      feed: cluster => this._feed(cluster),
      changed: nodes => this._touch(live, nodes),
      save: nodes => this._saveNow(live, nodes),
      others: (cluster, service) => this._others(live, cluster, service),
      lostAfter: this._options.lostAfter ?? LOST_AFTER
    });
    live.follower = follower;
    await follower.follow(live.abort.signal);
    if (!live.abort.signal.aborted) {
      this._over(live);
    }
  }

  private async _deploy(live: ILive, prepared: IPrepared | undefined): Promise<void> {
    const { kept } = live;
    let places: Map<string, INodePlaces> | undefined;
    if (prepared) {
      live.deploying = new AbortController();
      if (kept.cancelledAt !== undefined || this._closing) {
        live.deploying.abort();
      }
      places = await this.deployer.deploy(prepared, {
        signal: live.deploying.signal,
        steps: steps => {
          kept.view.steps = steps;
          this._touch(live, []);
        }
      });
      live.deploying.signal.throwIfAborted();
      live.deploying = undefined;
    }
    for (const [index, node] of kept.nodes.entries()) {
      node.places = places?.get(node.view.id) ?? node.places;
      live.dirty.add(index);
    }
    await this._remember(kept);
    if (kept.cancelledAt !== undefined) {
      throw new DOMException('cancelled', 'AbortError');
    }
    kept.view.state = 'running';
    this._touch(live, kept.nodes.keys());
    // Before anything is started: the next bridge has to know of it.
    this._saveNow(live, kept.nodes.keys());
  }

  /** Where a cluster does not tell a job's input, the jobs that are there already are none of this run. */
  private async _remember(kept: IKeptRun): Promise<void> {
    await inPool(kept.nodes, 6, async node => {
      const cluster = await this._options.cluster(node.view.cluster);
      if (!cluster.client.features.has('job-outputs') && node.view.attempt === 1) {
        node.before = await jobNames(cluster, node.view.service);
      }
    });
  }

  /** A node that was cancelled or lost sight of may have succeeded all the same: it is not repeated. */
  private async _findDone(kept: IKeptRun): Promise<void> {
    await inPool(kept.nodes, 6, async ({ view, places }) => {
      if (view.state === 'done' || !places) {
        return;
      }
      const cluster = await this._options.cluster(view.cluster);
      const folder = artifactsOf(places, kept.view.id);
      const found = await readStatus(cluster, folder, undefined);
      if (found?.status.code === 0) {
        Object.assign(view, {
          state: 'done',
          exitCode: 0,
          finishedAt: found.status.finishedAt,
          artifacts: await listArtifacts(cluster, folder, found.status.artifacts)
        });
        delete view.reason;
      }
    });
  }

  /** What the attempt before has left must not be taken for the new one's. */
  private async _forget(kept: IKeptRun, again: number[]): Promise<void> {
    await inPool(again, 6, async index => {
      const node = kept.nodes[index];
      const { places } = node;
      if (!places) {
        return;
      }
      const cluster = await this._options.cluster(node.view.cluster);
      const [names, mark] = await Promise.all([
        jobNames(cluster, node.view.service).catch(error => {
          // The service is gone: so are its jobs.
          if (error instanceof BridgeError && error.problem.status === 404) {
            return [];
          }
          throw error;
        }),
        statusMark(cluster, artifactsOf(places, kept.view.id))
      ]);
      node.before = names;
      if (mark === undefined) {
        delete node.oldStatus;
      } else {
        node.oldStatus = mark;
      }
    });
  }

  private _failed(live: ILive, error: unknown): void {
    const { kept } = live;
    if (this._closing || live.abort.signal.aborted) {
      if (kept.view.state === 'deploying') {
        this._interrupt(kept);
        this._saveNow(live, kept.nodes.keys());
      }
      return;
    }
    const cancelled = kept.cancelledAt !== undefined;
    if (!cancelled) {
      kept.view.problem = this._options.toProblem(error);
    }
    const before = kept.view.state === 'deploying';
    kept.view.state = cancelled ? 'cancelled' : 'failed';
    kept.view.finishedAt = new Date().toISOString();
    for (const node of kept.nodes.filter(item => !isTerminal(item))) {
      node.view.state = cancelled ? 'cancelled' : 'skipped';
      node.view.reason = cancelled
        ? 'The run was cancelled before it began.'
        : before
          ? 'The pipeline could not be deployed.'
          : 'The run could not be followed any more.';
    }
    this._touch(live, kept.nodes.keys());
    this._over(live);
  }

  private _over(live: ILive): void {
    live.kept.over = true;
    this._touch(live, live.kept.nodes.keys());
    this._announce(live);
    // What could not be written stays in memory, so that nobody hears less of it than there is.
    if (live.dirty.size === 0) {
      this._live.delete(live.kept.view.id);
    }
  }

  private _interrupt(kept: IKeptRun): void {
    kept.view.state = 'interrupted';
    kept.view.revision += 1;
    kept.view.finishedAt = new Date().toISOString();
    kept.view.problem = {
      type: `${PROBLEM_PREFIX}interrupted`,
      title: 'Interrupted',
      status: 500,
      detail: 'The bridge ended while the pipeline was being deployed.',
      action: 'Run it again: what is deployed already is kept.'
    };
    for (const node of kept.nodes.filter(item => !isTerminal(item))) {
      node.view.state = 'cancelled';
      node.view.reason = 'The bridge ended before it began.';
    }
    kept.over = true;
  }

  /** Stops what is done for a run, and waits for it. */
  private async _end(id: string): Promise<void> {
    const live = this._live.get(id);
    if (live) {
      live.abort.abort();
      live.follower?.wake();
      await live.work;
      clearTimeout(live.timer);
      live.kept.over = true;
      this._saveNow(live, live.kept.nodes.keys());
      this._live.delete(id);
    }
  }

  private _find(id: string): IKeptRun {
    const kept = this._journal.get(id);
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

  private _others(live: ILive, cluster: string, service: string): number {
    return [...this._live.values()].filter(
      other =>
        other !== live &&
        !other.kept.over &&
        other.kept.nodes.some(({ view }) => view.cluster === cluster && view.service === service)
    ).length;
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

  /** Something has changed: it is written down and told, at most every 150 ms. */
  private _touch(live: ILive, nodes: Iterable<number>): void {
    live.kept.view.revision += 1;
    for (const index of nodes) {
      live.dirty.add(index);
    }
    if (live.timer === undefined && !this._closing) {
      live.timer = setTimeout(() => this._announce(live), Math.max(0, live.announced + ANNOUNCE - Date.now()));
    }
  }

  private _announce(live: ILive): void {
    clearTimeout(live.timer);
    live.timer = undefined;
    live.announced = Date.now();
    if (this._closing) {
      return;
    }
    this._save(live);
    [...live.waiting].forEach(wake => wake());
    this._options.onRun?.(viewOf(live.kept));
  }

  /** A journal that cannot be written does not stop the work; the next change tries again. */
  private _save(live: ILive): void {
    try {
      this._journal.save(live.kept, live.dirty);
      live.dirty.clear();
    } catch (error) {
      this._options.log?.(
        `Run ${live.kept.view.id} is not saved: ${error instanceof BridgeError ? `${error.message} ${error.problem.cause ?? ''}` : String(error)}`
      );
    }
  }

  private _saveNow(live: ILive, nodes: Iterable<number>): void {
    const all = new Set([...live.dirty, ...nodes]);
    this._journal.save(live.kept, all);
    live.dirty.clear();
  }

  private readonly _journal: RunJournal;
  private readonly _jobs = new NodeJobs();
  private readonly _live = new Map<string, ILive>();
  private readonly _feeds = new Map<string, { client: ICluster['client']; feed: ChangeFeed }>();
  private _closing = false;
}

/** What a run has begun can only go on with the same nodes. */
function sameGraph(kept: IKeptRun, prepared: IPrepared): void {
  const shape = (nodes: { id: string; service: string; cluster: string; after: string[] }[]): string =>
    JSON.stringify(
      nodes
        .map(({ id, service, cluster, after }) => [id, service, cluster, [...after].sort()])
        .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
    );
  const now = prepared.conversion.services.map(({ node, service, target, after }) => ({
    id: node,
    service,
    cluster: target,
    after
  }));
  if (shape(kept.nodes.map(node => node.view)) !== shape(now)) {
    throw new BridgeError({
      type: 'conflict',
      title: 'The pipeline has changed',
      status: 409,
      detail: 'Its nodes, their names or their connections are not those of this run any more.',
      action: 'Start a new run.'
    });
  }
}
