import { join } from 'node:path';
import { readSource } from '../clusters/deploy-inputs';
import { ResultStore } from '../clusters/results';
import type { IResolvedSource } from '../clusters/facade';
import type { IObjectStorage } from '../clusters/interfaces';
import type { FdlProblem } from '../contract';
import { checkFdl } from '../fdl';
import { BridgeError } from '../http/errors';
import { isProblem } from '../http/failures';
import { ObjectStorage } from '../storage';
import { listApis } from './apis';
import { BatchJobs } from './batch-jobs';
import { deletionOf, removeAll } from './deletion';
import { Deployment } from './deploy';
import { EmulatorProcess } from './emulator';
import { calling, notSupported, refuseErrors } from './errors';
import { findTool, type IContainerTool } from './image';
import type { IAwsPlan, IScar, IScarOptions, ISelection } from './interfaces';
import { invokeFunction } from './invoke';
import { describeFunction, listFunctions } from './list';
import { functionLog } from './logs';
import { functionMetrics } from './metrics';
import { chosen, forget, listOrphans } from './orphans';
import { planFunction, type IFunctionPlan } from './planner';
import { processObjects } from './process';
import { profilesOf, readFunctions } from './read';
import { ScarConfig } from './scar-cfg';
import { sdk } from './sdk';
import { AwsSession, type ITarget } from './session';
import { WAITS } from './waits';

/** What the language says of SCAR's own ways; deployed from here these hold no more, or are measured instead of guessed. */
const SETTLED = new Set([
  'aws-batch-image',
  'aws-lambda-batch',
  'aws-environment-size',
  'aws-runtime',
  'aws-tmp',
  'aws-batch-network',
  'aws-prepared-image',
  'aws-trigger',
  'aws-role',
  'filter-on-input',
  'script-missing'
]);

/** Makes the room: nothing of AWS is loaded or called before it is used. */
export function createScar(options: IScarOptions): IScar {
  const { state, log } = options;
  const journals = join(state, 'aws-deployments');
  const waits = { ...WAITS, ...options.waits };
  const results = new ResultStore({ folder: join(options.data, 'results'), ...(log ? { log } : {}) });
  const emulator = new EmulatorProcess({ python: options.python, ...(log ? { log } : {}) });
  const session = new AwsSession({
    state,
    config: () => ScarConfig.read(),
    emulator,
    onContext: context => options.onEvent?.({ type: 'aws-context', context })
  });
  let tool: Promise<IContainerTool | undefined> | undefined;
  const storages = new Map<string, ObjectStorage>();
  /** One deployment of a function at a time. */
  const busy = new Set<string>();
  /** Functions that are looked at for those who listen. */
  const telling = new Set<Promise<void>>();

  const targetOf = (selection: ISelection = {}): Promise<ITarget> =>
    session.target({
      ...(selection.profile ? { profile: selection.profile } : {}),
      ...(selection.region ? { region: selection.region } : {})
    });

  const announce = async (name: string, selection: ISelection): Promise<void> => {
    if (!options.onEvent) {
      return;
    }
    try {
      const found = await describeFunction(await targetOf(selection), name);
      options.onEvent({ type: 'aws-function', name, function: found });
    } catch (error) {
      if (isProblem(error, 'not-found')) {
        options.onEvent({ type: 'aws-function', name, function: null });
      } else {
        log?.(`AWS: the function ${name} could not be looked at: ${(error as Error).message}`);
      }
    }
  };

  const prepare = async (
    source: IResolvedSource,
    selection: ISelection
  ): Promise<{ plan: IAwsPlan; plans: IFunctionPlan[] }> => {
    const files = await readSource(source);
    const { document } = files;
    const profiles = profilesOf(document);
    if (profiles.length > 1 && selection.profile === undefined) {
      throw notSupported(
        `The functions of this file name several profiles: ${profiles.join(', ')}.`,
        'Write a file for each account, or choose one profile for all.'
      );
    }
    const target = await targetOf({ profile: profiles[0], ...selection });
    const identity = await target.identity();
    const scripts = source.base === undefined ? {} : files.scripts;
    const found = readFunctions({
      document,
      config: ScarConfig.read(),
      region: target.region,
      ...(target.role === undefined ? {} : { role: target.role }),
      account: identity.account,
      emulator: target.emulator,
      scripts
    });
    const checked = checkFdl(document, { scripts }).filter(problem => !SETTLED.has(problem.code));
    const codes = new Set(checked.map(problem => problem.code));
    const problems: FdlProblem[] = unique([
      ...document.syntax,
      ...checked,
      // The language and this room may see the same fault, at places of their own.
      ...found.problems.filter(problem => !codes.has(problem.code))
    ]);
    const notes = [...found.notes];
    const plans: IFunctionPlan[] = [];
    if (!hasErrors(problems)) {
      for (const spec of found.functions) {
        plans.push(
          await planFunction(spec, {
            target,
            identity,
            document,
            waits,
            tool: () => (tool ??= findTool()),
            problems,
            notes
          })
        );
      }
    }
    shareOnce(plans);
    return {
      plan: {
        functions: found.functions.map(spec => spec.name),
        steps: hasErrors(problems) ? [] : plans.flatMap(plan => plan.actions.map(({ step }) => ({ ...step }))),
        problems,
        notes
      },
      plans
    };
  };

  const scar: IScar = {
    context: selection => session.context(selection),
    change: change => session.change(change),
    profiles: () => session.profiles(),
    emulator: () => emulator.describe(),
    async startEmulator() {
      await emulator.ready();
      return emulator.describe();
    },
    async stopEmulator() {
      await emulator.stop();
      return emulator.describe();
    },

    plan: async (source, selection = {}) => (await prepare(source, selection)).plan,
    async apply(source, applyOptions = {}) {
      const { onSteps, signal, ...selection } = applyOptions;
      const { plan, plans } = await prepare(source, selection);
      refuseErrors(plan.problems);
      const taken = plan.functions.find(name => busy.has(name));
      if (taken !== undefined) {
        throw new BridgeError({
          type: 'busy',
          title: 'Under way already',
          status: 409,
          detail: `"${taken}" is being deployed already.`,
          action: 'Wait until that has ended.'
        });
      }
      plan.functions.forEach(name => busy.add(name));
      try {
        const deployment = new Deployment(plans, {
          journals,
          waits,
          ...(onSteps ? { onSteps } : {}),
          ...(signal ? { signal } : {}),
          ...(log ? { log } : {}),
          onFunction: name => {
            const told = announce(name, selection).finally(() => telling.delete(told));
            telling.add(told);
          }
        });
        onSteps?.(deployment.steps);
        await deployment.run();
        return { ...plan, steps: deployment.steps };
      } finally {
        plan.functions.forEach(name => busy.delete(name));
      }
    },

    functions: async selection => listFunctions(await targetOf(selection)),
    function: async (name, selection) => describeFunction(await targetOf(selection), name),
    deletionPreview: async (name, selection) => (await deletionOf(await targetOf(selection), name)).preview,
    async remove(name, { onSteps, signal, ...selection }) {
      const target = await targetOf(selection);
      const { made } = await deletionOf(target, name);
      try {
        await removeAll(target, made, { waits, onSteps, ...(signal ? { signal } : {}) });
        forget(journals, made);
      } finally {
        await announce(name, selection);
      }
    },
    invoke: async (name, request, selection) =>
      invokeFunction(await targetOf(selection), name, { ...request, results }),
    process: async (name, request, { onSteps, signal, ...selection }) =>
      processObjects(await targetOf(selection), name, request, { onSteps, ...(signal ? { signal } : {}) }),
    async *log(name, { since, profile, region, ...rest }) {
      const target = await targetOf({ profile, region });
      const from = since === undefined ? undefined : Date.parse(since);
      yield* functionLog(target, name, {
        ...rest,
        ...(from === undefined || Number.isNaN(from) ? {} : { since: from })
      });
    },
    metrics: async (name, hours, selection) => functionMetrics(await targetOf(selection), name, hours),

    async batchJobs({ function: name, ...selection } = {}) {
      const target = await targetOf(selection);
      const names =
        name === undefined
          ? (await listFunctions(target)).filter(item => item.mode !== 'lambda').map(item => item.name)
          : [name];
      return new BatchJobs(target).list(names);
    },
    batchJob: async (id, selection) => new BatchJobs(await targetOf(selection)).get(id),
    async *batchLog(id, { follow, signal, ...selection } = {}) {
      yield* new BatchJobs(await targetOf(selection)).log(id, {
        ...(follow === undefined ? {} : { follow }),
        ...(signal ? { signal } : {})
      });
    },
    cancelBatchJob: async (id, selection) => new BatchJobs(await targetOf(selection)).cancel(id),
    apis: async selection => listApis(await targetOf(selection)),
    orphans: async selection => (await listOrphans(await targetOf(selection), journals)).map(({ orphan }) => orphan),
    async removeOrphans(ids, { onSteps, signal, ...selection }) {
      const target = await targetOf(selection);
      const made = chosen(await listOrphans(target, journals), ids);
      await removeAll(target, made, { waits, onSteps, ...(signal ? { signal } : {}) });
      forget(journals, made);
    },

    async buckets(selection) {
      const target = await targetOf(selection);
      const answer = await calling('list the buckets', () =>
        target.clients.s3().send(new (sdk.s3().ListBucketsCommand)({}))
      );
      return (answer.Buckets ?? []).map(bucket => ({ name: bucket.Name ?? '' }));
    },
    async storage(selection): Promise<IObjectStorage> {
      const { clients, region, endpoint, profile } = await targetOf(selection);
      const key = JSON.stringify([profile, region, endpoint]);
      let storage = storages.get(key);
      if (!storage) {
        storage = new ObjectStorage({
          provider: { credentials: clients.credentials, region, ...(endpoint === undefined ? {} : { endpoint }) },
          who: 'S3'
        });
        storages.set(key, storage);
      }
      return storage;
    },

    busy: () => emulator.kept,

    async close() {
      await Promise.all(telling);
      results.close();
      storages.forEach(storage => storage.dispose());
      session.dispose();
      await emulator.stop();
    }
  };
  return scar;
}

/** Buckets and folders that several functions have in common are made once. */
function shareOnce(plans: IFunctionPlan[]): void {
  const seen = new Set<string>();
  for (const plan of plans) {
    plan.actions = plan.actions.filter(({ step }) => {
      const place = `${step.kind} ${step.name}`;
      const again = (step.kind === 'bucket' || step.kind === 'folder') && seen.has(place);
      seen.add(place);
      return !again;
    });
  }
}

function hasErrors(problems: FdlProblem[]): boolean {
  return problems.some(problem => problem.severity === 'error');
}

function unique(problems: FdlProblem[]): FdlProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ code, line, severity }) => {
    const key = `${code} ${line} ${severity}`;
    return seen.has(key) ? false : seen.add(key) && true;
  });
}
