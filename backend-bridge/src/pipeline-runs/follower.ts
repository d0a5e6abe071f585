import { setTimeout as delay } from 'node:timers/promises';
import type { ICluster } from '../clusters';
import type { ChangeFeed } from '../clusters/changes';
import { readFacts } from '../clusters/job-facts';
import { inPool } from '../clusters/pool';
import type { IOscarService } from '../fdl';
import { BridgeError, isProblem, redactText } from '../http';
import { edgeThere, sendAgain, startRoot } from './events';
import type { IKeptNode, IKeptRun } from './journal';
import { judge, workerOf, type Verdict } from './judge';
import type { INodeJob, ISeenJobs, NodeJobs } from './node-jobs';
import { artifactsOf, type INodePlaces } from './places';
import { listArtifacts, readStatus, type IFoundStatus } from './storage';

const SHORTEST_POLL = 200;
const LONGEST_POLL = 4000;
/** Between looks at a cluster that does not answer. */
const TROUBLED_POLL = 20_000;
/** Pause between two looks in any case. */
const BREATH = 30;
const AT_ONCE = 6;
/** How long the job behind a node that has ended is still looked for. */
const SETTLE = 15_000;
/** How long jobs that appear after a cancel are looked for, and at most, when a cluster does not answer. */
const LATE = 6000;
const LATEST = 10 * 60_000;

export interface IFollowerOptions {
  run: IKeptRun;
  cluster: (id: string) => Promise<ICluster>;
  jobs: NodeJobs;
  feed: (cluster: ICluster) => ChangeFeed;
  /** Something of these nodes has changed (empty: of the run itself). */
  changed: (nodes: number[]) => void;
  /** Writes these nodes down now. Throws when it cannot. */
  save: (nodes: number[]) => void;
  /** How many other runs that go on have this service. */
  others: (cluster: string, service: string) => number;
  lostAfter: number;
}

/**
 * Follows one run to its end: looks at the nodes whose turn it is, by their status in the object store, which is the truth, and by
 * their jobs, which tell what happens meanwhile.
 */
export class RunFollower {
  constructor(private readonly _options: IFollowerOptions) {
    this._run = _options.run;
    this._index = new Map(this._run.nodes.map((node, index) => [node.view.id, index]));
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
      const broken = view.state !== 'waiting' ? undefined : this._parents(view.after).find(isBroken);
      if (broken) {
        this._set(index, { state: 'skipped', reason: `“${broken.view.label}” before it did not finish.` });
      }
    }
  }

  private async _look(signal: AbortSignal): Promise<void> {
    this._skip();
    const open = [...this._run.nodes.keys()].filter(index => this._isOpen(index) || this._isUnsettled(index));
    await inPool(open, AT_ONCE, async index => {
      if (!signal.aborted && this._run.cancelledAt === undefined) {
        await this._guarded(index, cluster => this._lookAt(index, cluster));
      }
    });
    this._skip();
  }

  private _isOpen(index: number): boolean {
    const { view } = this._run.nodes[index];
    return (
      (view.state === 'waiting' || view.state === 'running') &&
      this._parents(view.after).every(parent => parent.view.state === 'done')
    );
  }

  private _isUnsettled(index: number): boolean {
    const node = this._run.nodes[index];
    return (
      (node.view.state === 'done' || node.view.state === 'failed') && node.settled === false && !this._isTired(index)
    );
  }

  private _isTired(index: number): boolean {
    return Date.now() - (this._endedAt.get(index) ?? Date.now()) > SETTLE;
  }

  private _parents(ids: string[]): IKeptNode[] {
    return ids.map(id => this._run.nodes[this._index.get(id) ?? -1]).filter(node => node !== undefined);
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
      this._quiet.delete(index);
      if (isProblem(error, 'not-found') && isTerminal(node) === false) {
        this._fail(index, `${error.message} The node cannot go on.`);
      } else if (!isTerminal(node)) {
        this._troubled = true;
        this._set(index, { reason: `${error.message} It is asked again.` });
      } else {
        this._troubled = true;
      }
    }
  }

  private async _lookAt(index: number, cluster: ICluster): Promise<void> {
    const node = this._run.nodes[index];
    const { view } = node;
    const places = node.places;
    if (!places) {
      throw new BridgeError({
        type: 'not-found',
        title: 'Not deployed',
        status: 409,
        detail: `“${view.label}” was not deployed.`
      });
    }
    const run = this._run.view.id;
    if (isTerminal(node)) {
      await this._settle(index, await this._seen(index, cluster));
      return;
    }
    if (view.after.length === 0 && !node.started) {
      await startRoot(cluster, node, this._run);
      node.started = true;
      this._options.save([index]);
      this._changed(index);
    }
    if (node.kick) {
      await this._send(index, cluster, 'kick');
    }
    // First the jobs: what a job has written before it ended is then there.
    const seen = await this._seen(index, cluster);
    const status = await readStatus(cluster, artifactsOf(places, run), node.oldStatus);
    if (status) {
      await this._ended(index, cluster, status, seen);
      return;
    }
    const active = this._active(index, seen);
    if (active.length > 0) {
      this._quiet.delete(index);
      this._runs(index, active);
      return;
    }
    await this._decide(index, cluster, seen);
  }

  private async _seen(index: number, cluster: ICluster): Promise<ISeenJobs> {
    const node = this._run.nodes[index];
    const service = await this._service(cluster, node.view.service);
    const seen = await this._options.jobs.look(cluster, service, this._run.view.id, new Set(node.before));
    const fresh = seen.own.map(item => item.job.id).filter(id => !node.jobs.includes(id));
    if (fresh.length > 0) {
      node.jobs.push(...fresh);
      this._changed(index);
    }
    return seen;
  }

  /** Jobs under way that are of this node; one whose input is not told is, when it can be nobody else's. */
  private _active(index: number, seen: ISeenJobs): INodeJob[] {
    const own = seen.own.filter(item => !item.over);
    const unknown = seen.unknown.filter(item => !item.over);
    const { cluster, service } = this._run.nodes[index].view;
    return own.length === 0 && unknown.length === 1 && this._options.others(cluster, service) === 0 ? unknown : own;
  }

  private _runs(index: number, active: INodeJob[]): void {
    const worker = workerOf(active) as INodeJob;
    const { job } = worker;
    this._set(index, {
      state: job.state === 'running' ? 'running' : 'waiting',
      job: job.id,
      ...(job.startedAt === undefined ? {} : { startedAt: job.startedAt }),
      reason: job.state === 'running' ? this._note(index) : (job.reason ?? 'Its job waits.')
    });
  }

  private async _ended(index: number, cluster: ICluster, found: IFoundStatus, seen: ISeenJobs): Promise<void> {
    const node = this._run.nodes[index];
    const { status } = found;
    const artifacts = await listArtifacts(
      cluster,
      artifactsOf(node.places as INodePlaces, this._run.view.id),
      status.artifacts
    );
    const missing = status.missing.length > 0 ? `It did not write ${status.missing.join(', ')}.` : undefined;
    const worker = workerOf(seen.own) ?? workerOf(this._active(index, seen));
    node.settled = false;
    this._endedAt.set(index, Date.now());
    this._set(index, {
      state: status.code === 0 ? 'done' : 'failed',
      exitCode: status.code,
      ...(status.startedAt ? { startedAt: status.startedAt } : {}),
      finishedAt: status.finishedAt || new Date().toISOString(),
      ...(worker ? { job: worker.job.id } : {}),
      reason:
        status.code === 0
          ? (missing ?? this._note(index))
          : (status.reason ?? `It ended with exit code ${status.code}.`),
      ...(status.notebook ? { notebook: status.notebook } : {}),
      artifacts
    });
    await this._settle(index, seen);
  }

  /** The job of a node is sure when it has ended and its outputs are told. */
  private async _settle(index: number, seen: ISeenJobs): Promise<void> {
    const node = this._run.nodes[index];
    const worker = workerOf(seen.own);
    if (worker && worker.job.id !== node.view.job) {
      this._set(index, { job: worker.job.id });
    }
    if (worker?.over && worker.wrote !== undefined) {
      node.settled = true;
      this._changed(index);
    }
  }

  /** Nothing runs, and nothing was left. */
  private async _decide(index: number, cluster: ICluster, seen: ISeenJobs): Promise<void> {
    const node = this._run.nodes[index];
    const quiet = this._quietFor(index, seen);
    // A job that failed before it could say whose it is, is of the one run that it can be of.
    const { cluster: id, service } = node.view;
    const alone = this._options.others(id, service) === 0;
    const mute = alone ? seen.unknown.filter(item => item.over && item.job.state === 'failed') : [];
    const verdict = judge({
      own: [...seen.own, ...mute],
      unknown: seen.unknown.filter(item => !mute.includes(item)),
      vanished: node.jobs.filter(name => !seen.names.has(name)),
      join: node.view.after.length > 1,
      quiet,
      lostAfter: this._options.lostAfter
    });
    await this._obey(index, cluster, verdict);
  }

  private async _obey(index: number, cluster: ICluster, verdict: Verdict): Promise<void> {
    const node = this._run.nodes[index];
    switch (verdict.kind) {
      case 'wait':
        this._set(index, { state: 'waiting', reason: this._note(index) });
        return;
      case 'failed':
        return this._failedJob(index, cluster, verdict.job);
      case 'cancelled':
        this._set(index, {
          state: 'cancelled',
          finishedAt: new Date().toISOString(),
          reason: 'Its job was cancelled or deleted.',
          ...(verdict.job === undefined ? {} : { job: verdict.job })
        });
        return;
      case 'silent':
        if (await this._handedOn(index, cluster)) {
          this._set(index, {
            state: 'done',
            exitCode: 0,
            job: verdict.job.job.id,
            finishedAt: verdict.job.job.finishedAt ?? new Date().toISOString(),
            reason: 'It handed its results on, but its record did not arrive.',
            artifacts: await listArtifacts(
              cluster,
              artifactsOf(node.places as INodePlaces, this._run.view.id),
              undefined
            )
          });
          return;
        }
        return this._failedJob(index, cluster, verdict.job);
      case 'lost':
        if (node.resent) {
          this._fail(
            index,
            'No job has started for it, although its event was sent a second time. Deploy the pipeline again, then rerun this node.'
          );
          return;
        }
        return this._send(index, cluster, 'lost');
    }
  }

  /** True when an archive of this node lies where one of its children looks for it. */
  private async _handedOn(index: number, cluster: ICluster): Promise<boolean> {
    const node = this._run.nodes[index];
    for (const child of this._run.nodes.filter(other => other.view.after.includes(node.view.id))) {
      if (await edgeThere(this._run, node, child, this._options.cluster, cluster)) {
        return true;
      }
    }
    return false;
  }

  private async _failedJob(index: number, cluster: ICluster, item: INodeJob): Promise<void> {
    const { job } = item;
    const log = await cluster.client.jobLog(job.service, job.id).catch(error => {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      return undefined;
    });
    const facts = log === undefined ? undefined : readFacts(log);
    const last = facts?.printed.trim().split('\n').pop()?.trim();
    const how =
      job.reason ??
      (job.exitCode === undefined || job.exitCode === 0
        ? 'Its job ended without a record of the node.'
        : `Its job ended with exit code ${job.exitCode}.`);
    this._set(index, {
      state: 'failed',
      job: job.id,
      ...(job.exitCode === undefined ? {} : { exitCode: job.exitCode }),
      ...(job.startedAt === undefined ? {} : { startedAt: job.startedAt }),
      finishedAt: job.finishedAt ?? new Date().toISOString(),
      reason: last && !how.includes(last) ? `${how} Its log ends with: ${redactText(last.slice(0, 300))}` : how
    });
  }

  private _fail(index: number, reason: string): void {
    this._set(index, { state: 'failed', finishedAt: new Date().toISOString(), reason });
  }

  /** Sends the event of a node: once more when it was lost, or for another attempt. */
  private async _send(index: number, cluster: ICluster, why: 'lost' | 'kick'): Promise<void> {
    const node = this._run.nodes[index];
    const before = { kick: node.kick, resent: node.resent };
    // On disk first: a bridge that is killed here must not send it twice.
    delete node.kick;
    if (why === 'lost') {
      node.resent = true;
    }
    this._options.save([index]);
    this._changed(index);
    try {
      const service = await this._service(cluster, node.view.service, true);
      const sent = await sendAgain(
        cluster,
        service,
        node,
        this._run,
        this._parents(node.view.after),
        this._options.cluster
      );
      if (sent.missing !== undefined) {
        this._fail(index, sent.missing);
        return;
      }
      if (sent.job !== undefined) {
        this._options.jobs.know(cluster.id, service.name, sent.job, this._run.view.id);
      }
    } catch (error) {
      if (error instanceof BridgeError && !isProblem(error, 'unreachable')) {
        // It was refused, so it may be tried again; a cut connection may have brought it through.
        Object.assign(node, before);
        this._options.save([index]);
      }
      throw error;
    }
    this._quiet.delete(index);
    this._set(index, { reason: this._note(index) });
  }

  private _note(index: number): string | undefined {
    return this._run.nodes[index].resent
      ? `No job had started for ${Math.round(this._options.lostAfter / 1000)} s, so its event was sent again.`
      : undefined;
  }

  /** How long nothing has changed for this node (milliseconds). */
  private _quietFor(index: number, seen: ISeenJobs): number {
    const mark = JSON.stringify([
      seen.own.map(item => [item.job.id, item.over]),
      seen.unknown.map(item => [item.job.id, item.over])
    ]);
    const known = this._quiet.get(index);
    if (known?.mark === mark) {
      return Date.now() - known.since;
    }
    this._quiet.set(index, { mark, since: Date.now() });
    return 0;
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
        began && this._parents(view.after).every(parent => parent.view.state === 'done' || parent.jobs.length > 0);
      if (possible && node.places) {
        await this._guarded(index, cluster => this._halt(index, cluster));
      }
      if (view.state === 'waiting' || view.state === 'running') {
        this._set(index, { state: 'cancelled', finishedAt: new Date().toISOString() });
      }
    });
  }

  private async _halt(index: number, cluster: ICluster): Promise<void> {
    const node = this._run.nodes[index];
    const { view, places } = node;
    const seen = await this._seen(index, cluster);
    const found = isTerminal(node)
      ? undefined
      : await readStatus(cluster, artifactsOf(places as INodePlaces, this._run.view.id), node.oldStatus);
    if (found) {
      // It had ended already: a rerun must know that.
      await this._ended(index, cluster, found, seen);
      return;
    }
    for (const { job } of this._active(index, seen)) {
      await this._stop(cluster, view.service, job.id);
      this._lastStop = Date.now();
      if (view.job !== job.id) {
        this._set(index, { job: job.id });
      }
    }
  }

  private async _stop(cluster: ICluster, service: string, job: string): Promise<void> {
    try {
      await cluster.client.cancelJob(service, job);
    } catch (error) {
      if (!isProblem(error, 'not-found', 'conflict')) {
        throw error;
      }
    }
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
      const since = Date.now() - Math.max(cancelledAt, this._lastStop);
      return (since > LATE && !this._troubled) || Date.now() - cancelledAt > LATEST;
    }
    return ![...nodes.keys()].some(index => this._isUnsettled(index));
  }

  private async _service(cluster: ICluster, name: string, fresh = false): Promise<IOscarService> {
    const key = `${cluster.id}/${name}`;
    const known = fresh ? undefined : this._services.get(key);
    if (known) {
      return known;
    }
    const service = await cluster.client.service(name);
    if (!service) {
      throw new BridgeError({
        type: 'not-found',
        title: 'No such service',
        status: 404,
        detail: `The cluster "${cluster.id}" has no service "${name}" any more.`
      });
    }
    this._services.set(key, service);
    return service;
  }

  private _set(index: number, values: Partial<IKeptNode['view']>): void {
    const { view } = this._run.nodes[index];
    const before = JSON.stringify(view);
    Object.assign(view, values);
    if (view.reason === undefined) {
      delete view.reason;
    }
    if (JSON.stringify(view) !== before) {
      this._changed(index);
    }
  }

  private _changed(index: number): void {
    this._changes += 1;
    this._options.changed([index]);
  }

  private async _versions(): Promise<{ feed: ChangeFeed; service: string; version: number }[]> {
    const result: { feed: ChangeFeed; service: string; version: number }[] = [];
    for (const [index, { view }] of this._run.nodes.entries()) {
      if (this._isOpen(index) || this._isUnsettled(index)) {
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
  private readonly _index: Map<string, number>;
  private readonly _services = new Map<string, IOscarService>();
  private readonly _quiet = new Map<number, { mark: string; since: number }>();
  private readonly _endedAt = new Map<number, number>();
  private _waking = new AbortController();
  private _changes = 0;
  private _troubled = false;
  private _lastStop = 0;
}

export function isTerminal({ view }: IKeptNode): boolean {
  return view.state !== 'waiting' && view.state !== 'running';
}

function isBroken({ view }: IKeptNode): boolean {
  return view.state === 'failed' || view.state === 'skipped' || view.state === 'cancelled';
}
