import { setTimeout as delay } from 'node:timers/promises';
import type { FdlPlan, FdlProblem, PlanStep } from '../contract';
import { checkFdl, isExposed, planFdl, type IOscarService, type IPlanResult, type PlanAction } from '../fdl';
import { BridgeError, isProblem } from '../http';
import { bucketNames } from './deletion';
import { readCluster, readSource } from './deploy-inputs';
import type { IApplyOptions, IResolvedSource } from './facade';
import type { ICluster } from './interfaces';
import { matches, notApplied, samePaths } from './read-back';
import type { ClusterConnection } from './connection';
import { deleteMade, removeEmpty, restore } from './undo';

/** An environment with heavy packages on a slow line, or a large image that has to be pulled. */
const READY_TIMEOUT = 30 * 60_000;
const READY_POLL = 500;
/** How long a change that was answered with an error is looked for: a cut connection may leave it under way. */
const READ_BACK = [0, 300, 1000];
const READ_BACK_CUT = [...READ_BACK, 3000, 6000, 10_000];

type CreateAction = Extract<PlanAction, { type: 'create-service' }>;
type UpdateAction = Extract<PlanAction, { type: 'update-service' }>;

async function planWith(
  cluster: ClusterConnection,
  source: IResolvedSource,
  rawScript: boolean | undefined
): Promise<IPlanResult> {
  const files = await readSource(source);
  const there = await readCluster(cluster, files);
  return planFdl({ ...files, ...there, rawScript });
}

function toPlan(cluster: ICluster, plan: IPlanResult, steps: PlanStep[] = plan.steps): FdlPlan {
  return { cluster: cluster.id, services: plan.services, problems: plan.problems, steps, notes: plan.notes };
}

/** Problems of an FDL; with a cluster also those that only show against it. */
export async function checkOn(cluster: ClusterConnection | undefined, source: IResolvedSource): Promise<FdlProblem[]> {
  const files = await readSource(source);
  let context: { version?: string; processRuntime?: boolean; deployed?: IOscarService[] } = {};
  if (cluster) {
    try {
      const { version } = await cluster.client.info();
      context = {
        version,
        processRuntime: cluster.client.features.has('requirements'),
        deployed: await cluster.client.services()
      };
    } catch (error) {
      // The text can be checked without the cluster.
      if (!(error instanceof BridgeError)) {
        throw error;
      }
    }
  }
  const scripts = source.base === undefined ? undefined : files.scripts;
  return [...files.document.syntax, ...checkFdl(files.document, { ...context, ...(scripts ? { scripts } : {}) })];
}

/** What an apply would do now. */
export async function planOn(
  cluster: ClusterConnection,
  source: IResolvedSource,
  options: { rawScript?: boolean } = {}
): Promise<FdlPlan> {
  return toPlan(cluster, await planWith(cluster, source, options.rawScript));
}

/**
 * Makes the cluster hold what the file says. Each change is read back: an error answer may have been applied, and a good one
 * may not. When a change cannot be made, all that this call made is taken back, and nothing else. Running it again goes on
 * from whatever is there.
 */
export async function applyOn(
  cluster: ClusterConnection,
  source: IResolvedSource,
  options: IApplyOptions = {}
): Promise<FdlPlan> {
  const plan = await planWith(cluster, source, options.rawScript);
  const errors = plan.problems.filter(problem => problem.severity === 'error');
  if (errors.length > 0) {
    const [first] = errors;
    throw new BridgeError({
      type: 'invalid-fdl',
      title: 'The FDL has errors',
      status: 400,
      detail: `${first.file}:${first.line}:${first.column}: ${first.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`,
      action: 'Correct the file and apply it again.',
      extra: { problems: plan.problems }
    });
  }
  return toPlan(cluster, plan, await new Deployment(cluster, plan, options).run());
}

/** One run of a plan. */
class Deployment {
  constructor(cluster: ClusterConnection, plan: IPlanResult, options: IApplyOptions) {
    this._cluster = cluster;
    this._plan = plan;
    this._options = options;
    this._steps = plan.steps.map(step => ({ ...step, state: step.action === 'keep' ? 'done' : 'waiting' }));
  }

  async run(): Promise<PlanStep[]> {
    this._tell();
    for (const action of this._plan.actions) {
      try {
        this._options.signal?.throwIfAborted();
        this._set(action.steps, { state: 'running' });
        await this._do(action);
        this._set(action.steps, { state: 'done' }, ['detail', 'progress']);
      } catch (error) {
        this._set(
          action.steps.filter(index => this._steps[index].state === 'running'),
          {
            state: 'failed',
            detail: error instanceof Error ? error.message : String(error)
          }
        );
        throw await this._rollBack(error);
      }
    }
    return this._steps;
  }

  private _do(action: PlanAction): Promise<void> {
    switch (action.type) {
      case 'create-service':
        return this._create(action);
      case 'update-service':
        return this._update(action);
      case 'link':
        return this._link(action, true);
      case 'unlink':
        return this._link(action, false);
    }
  }

  private async _create(action: CreateAction): Promise<void> {
    const { client } = this._cluster;
    if (await client.service(action.name)) {
      // A create with a taken name overwrites that service's secret before it fails.
      throw new BridgeError({
        type: 'conflict',
        title: 'The name is taken',
        status: 409,
        detail: `A service "${action.name}" has appeared on the cluster meanwhile.`,
        action: 'Apply the file again: it then changes that service, if it is yours.'
      });
    }
    const before = await bucketNames(this._cluster);
    const made = action.buckets.filter(bucket => before !== undefined && !before.has(bucket));
    this._undo.push({
      steps: action.steps,
      what: `the service ${action.name}`,
      work: async () => {
        await deleteMade(this._cluster, action.name, made);
        await removeEmpty(this._cluster, made);
      }
    });
    let said: unknown;
    try {
      await client.createService(action.service);
    } catch (error) {
      said = error;
    }
    if (!(await this._readBack(action.name, said, service => matches(action.service, service)))) {
      throw said ?? notApplied(this._cluster.id, action.name, 'created');
    }
    const environment = action.steps.filter(index => this._steps[index].kind === 'environment');
    this._set(
      action.steps.filter(index => !environment.includes(index) && this._steps[index].kind !== 'service'),
      { state: 'done' }
    );
    await this._ready(
      action.name,
      action.service,
      environment.length ? environment : action.steps.filter(index => this._steps[index].kind === 'service')
    );
  }

  private async _update(action: UpdateAction): Promise<void> {
    const { previous } = action;
    const before = await bucketNames(this._cluster);
    const made = action.buckets.filter(bucket => before !== undefined && !before.has(bucket));
    this._undo.push({
      steps: action.steps,
      what: `the change of ${action.name}`,
      work: async () => {
        if (previous) {
          await restore(this._cluster, previous);
        }
        await removeEmpty(this._cluster, made);
      }
    });
    let said: unknown;
    try {
      await this._cluster.client.updateService(action.service);
    } catch (error) {
      said = error;
    }
    const applied = (service: IOscarService): boolean =>
      samePaths(service.input, action.expect.input, action.name) &&
      samePaths(service.output, action.expect.output, action.name) &&
      (said === undefined || matches(action.service, service));
    if (!(await this._readBack(action.name, said, applied))) {
      throw said ?? notApplied(this._cluster.id, action.name, 'changed');
    }
    const environment = action.steps.filter(index => this._steps[index].kind === 'environment');
    await this._ready(action.name, action.service, environment.length ? environment : action.steps);
  }

  private async _link(action: Extract<PlanAction, { type: 'link' | 'unlink' }>, make: boolean): Promise<void> {
    const storage = await this._cluster.storage();
    const entry = { arn: action.arn, prefix: action.prefix };
    const there = (await storage.notifications(action.bucket)).some(
      item => item.arn === entry.arn && item.prefix === entry.prefix
    );
    if (there === make) {
      return;
    }
    this._undo.push({
      steps: action.steps,
      what: `the link from ${action.bucket}`,
      work: () =>
        make
          ? storage.removeNotification(action.bucket, entry.arn, entry.prefix)
          : storage.addNotification(action.bucket, entry)
    });
    await (make
      ? storage.addNotification(action.bucket, entry)
      : storage.removeNotification(action.bucket, entry.arn, entry.prefix));
  }

  /** Looks for the change; true when it is there. An error that says "no" clearly is looked for once only. */
  private async _readBack(name: string, said: unknown, applied: (service: IOscarService) => boolean): Promise<boolean> {
    if (said !== undefined && !(said instanceof BridgeError)) {
      throw said;
    }
    const clear = isProblem(said, 'invalid', 'unauthorized', 'forbidden', 'conflict');
    for (const pause of clear ? [0] : isProblem(said, 'unreachable') ? READ_BACK_CUT : READ_BACK) {
      await delay(pause);
      try {
        const service = await this._cluster.client.service(name);
        if (service && applied(service)) {
          return true;
        }
      } catch (error) {
        if (!isProblem(error, 'unreachable')) {
          throw error;
        }
      }
    }
    return false;
  }

  /** Waits until what stands behind the service is ready, where that means something. */
  private async _ready(name: string, service: Partial<IOscarService>, steps: number[]): Promise<void> {
    if (!this._cluster.client.features.has('requirements') && !isExposed(service)) {
      return;
    }
    const end = Date.now() + READY_TIMEOUT;
    for (let pause = 20; ; pause = Math.min(pause * 1.5, READY_POLL)) {
      this._options.signal?.throwIfAborted();
      const state = await this._cluster.client.deployment(name);
      if (state.state === 'ready' || state.state === 'unavailable' || state.state === 'stopped') {
        return;
      }
      if (state.state === 'failed') {
        throw await this._notReady(name, state.reason);
      }
      if (Date.now() > end) {
        throw await this._notReady(name, 'It took more than half an hour.');
      }
      this._set(steps, {
        ...(state.reason ? { detail: state.reason } : {}),
        ...(typeof state.progress === 'number' ? { progress: state.progress } : {})
      });
      await delay(pause);
    }
  }

  private async _notReady(name: string, reason: string | undefined): Promise<BridgeError> {
    let tail = '';
    try {
      tail = (await this._cluster.client.deploymentLogs(name, 20)).entries
        .map(entry => entry.message.trimEnd())
        .join('\n');
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
    }
    return new BridgeError({
      type: 'not-ready',
      title: 'The service does not get ready',
      status: 502,
      detail: `"${name}" was created but does not get ready${reason ? `: ${reason}` : '.'}`,
      ...(tail ? { cause: tail } : {}),
      action: 'Correct its requirements or its image, and apply the file again.'
    });
  }

  private async _rollBack(error: unknown): Promise<unknown> {
    const left: string[] = [];
    for (const undo of this._undo.reverse()) {
      try {
        await undo.work();
        this._set(
          undo.steps.filter(index => this._steps[index].state === 'done'),
          { state: 'undone' }
        );
      } catch (problem) {
        left.push(`${undo.what} (${problem instanceof Error ? problem.message : String(problem)})`);
      }
    }
    const extra = { steps: this._steps };
    if (this._options.signal?.aborted) {
      return new BridgeError({
        type: 'cancelled',
        title: 'Cancelled',
        status: 499,
        detail: 'The apply was cancelled; what it had made was taken back.',
        extra
      });
    }
    if (!(error instanceof BridgeError)) {
      return error;
    }
    const { type, title, status, detail, cause, action } = error.problem;
    return new BridgeError({
      type: type.slice(type.lastIndexOf(':') + 1),
      title,
      status,
      detail:
        left.length === 0
          ? `${detail} What had been made was taken back.`
          : `${detail} Some of it could not be taken back: ${left.join('; ')}`,
      cause,
      action,
      extra
    });
  }

  private _set(steps: number[], values: Partial<PlanStep>, without: ('detail' | 'progress')[] = []): void {
    let changed = false;
    for (const index of steps) {
      const before = JSON.stringify(this._steps[index]);
      Object.assign(this._steps[index], values);
      without.forEach(key => delete this._steps[index][key]);
      changed ||= JSON.stringify(this._steps[index]) !== before;
    }
    if (changed) {
      this._tell();
    }
  }

  private _tell(): void {
    this._options.onSteps?.(this._steps.map(step => ({ ...step })));
  }

  private readonly _cluster: ClusterConnection;
  private readonly _plan: IPlanResult;
  private readonly _options: IApplyOptions;
  private readonly _steps: PlanStep[];
  private readonly _undo: { steps: number[]; what: string; work: () => Promise<void> }[] = [];
}
