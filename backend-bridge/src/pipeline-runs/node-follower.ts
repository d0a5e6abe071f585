import type { ICluster } from '../clusters';
import type { IOscarService } from '../fdl';
import { BridgeError, isProblem } from '../http';
import { edgeThere, sendAgain, startRoot } from './events';
import type { IKeptNode, IKeptRun } from './journal';
import { failureOf } from './job-failure';
import { judge, workerOf, type Verdict } from './judge';
import type { INodeJob, ISeenJobs, NodeJobs } from './node-jobs';
import { artifactsOf, type INodePlaces } from './places';
import { listArtifacts, readStatus, type IFoundStatus } from './storage';

/** How long the job behind a node that has ended is still looked for (milliseconds). */
const SETTLE = 15_000;

export interface INodeFollowerOptions {
  run: IKeptRun;
  cluster: (id: string) => Promise<ICluster>;
  jobs: NodeJobs;
  /** Something of this node has changed. */
  changed: (index: number) => void;
  /** Writes these nodes down now. Throws when it cannot. */
  save: (nodes: number[]) => void;
  /** How many other runs that go on have this service. */
  others: (cluster: string, service: string) => number;
  lostAfter: number;
}

/** Looks at the nodes of one run whose turn it is, starts them where nobody else does, and says what became of them. */
export class NodeFollower {
  constructor(private readonly _options: INodeFollowerOptions) {
    this._run = _options.run;
    this._index = new Map(this._run.nodes.map((node, index) => [node.view.id, index]));
  }

  /** When a job was stopped last; 0: none was. */
  get lastStop(): number {
    return this._lastStop;
  }

  parents(ids: string[]): IKeptNode[] {
    return ids.map(id => this._run.nodes[this._index.get(id) ?? -1]).filter(node => node !== undefined);
  }

  /** It is this node's turn. */
  isOpen(index: number): boolean {
    const { view } = this._run.nodes[index];
    return (
      (view.state === 'waiting' || view.state === 'running') &&
      this.parents(view.after).every(parent => parent.view.state === 'done')
    );
  }

  /** It has ended, and its job is not sure yet. */
  isUnsettled(index: number): boolean {
    const { view, settled } = this._run.nodes[index];
    if ((view.state !== 'done' && view.state !== 'failed') || settled !== false) {
      return false;
    }
    const since = this._endedAt.get(index) ?? Date.now();
    this._endedAt.set(index, since);
    return Date.now() - since <= SETTLE;
  }

  /** One look at a node whose turn it is, or that is not settled. */
  async look(index: number, cluster: ICluster): Promise<void> {
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
      this._options.changed(index);
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
    // One that was taken for ours and turned out to be of another run is forgotten.
    const possible = new Set([...seen.own, ...seen.unknown].map(item => item.job.id));
    const mine = node.jobs.filter(name => possible.has(name) || !seen.names.has(name));
    const fresh = seen.own.map(item => item.job.id).filter(id => !mine.includes(id));
    if (fresh.length > 0 || mine.length !== node.jobs.length) {
      node.jobs = [...mine, ...fresh];
      this._options.changed(index);
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
    const { jobs } = this._run.nodes[index];
    if (!jobs.includes(job.id)) {
      // Should it vanish before it has told whose it is, it was cancelled, and its event was not lost.
      jobs.push(job.id);
    }
    this.set(index, {
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
    this.set(index, {
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
      this.set(index, { job: worker.job.id });
    }
    if (worker?.over && worker.wrote !== undefined) {
      node.settled = true;
      this._options.changed(index);
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
        this.set(index, { state: 'waiting', reason: this._note(index) });
        return;
      case 'failed':
        return this._failedJob(index, cluster, verdict.job);
      case 'cancelled':
        this.set(index, {
          state: 'cancelled',
          finishedAt: new Date().toISOString(),
          reason: 'Its job was cancelled or deleted.',
          ...(verdict.job === undefined ? {} : { job: verdict.job })
        });
        return;
      case 'silent':
        if (await this._handedOn(index, cluster)) {
          this.set(index, {
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
          this.fail(
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
    this.set(index, { state: 'failed', ...(await failureOf(cluster, item)) });
  }

  fail(index: number, reason: string): void {
    this.set(index, { state: 'failed', finishedAt: new Date().toISOString(), reason });
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
    this._options.changed(index);
    try {
      const service = await this._service(cluster, node.view.service, true);
      const sent = await sendAgain(
        cluster,
        service,
        node,
        this._run,
        this.parents(node.view.after),
        this._options.cluster
      );
      if (sent.missing !== undefined) {
        this.fail(index, sent.missing);
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
    this.set(index, { reason: this._note(index) });
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

  /** After a cancel: its job is stopped, unless it had ended already. */
  async halt(index: number, cluster: ICluster): Promise<void> {
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
        this.set(index, { job: job.id });
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

  /** What is said of it next is new: quiet times begin again. */
  stir(index: number): void {
    this._quiet.delete(index);
  }

  set(index: number, values: Partial<IKeptNode['view']>): void {
    const { view } = this._run.nodes[index];
    const before = JSON.stringify(view);
    Object.assign(view, values);
    if (view.reason === undefined) {
      delete view.reason;
    }
    if (JSON.stringify(view) !== before) {
      this._options.changed(index);
    }
  }

  private readonly _run: IKeptRun;
  private readonly _index: Map<string, number>;
  private readonly _services = new Map<string, IOscarService>();
  private readonly _quiet = new Map<number, { mark: string; since: number }>();
  private readonly _endedAt = new Map<number, number>();
  private _lastStop = 0;
}

export function isTerminal({ view }: IKeptNode): boolean {
  return view.state !== 'waiting' && view.state !== 'running';
}
