import type { FdlProblem } from '../contract';
import { parsePath, type IFdlDocument } from '../fdl';
import { logGroupOf, type IAction, type IPlanning } from './action';
import { SECRET_VARIABLE } from './entrypoint';
import { isDenied, isGone } from './errors';
import { decodeConfig, ENVIRONMENT_LIMIT, functionConfig, secretsIn } from './function-config';
import { hasImage, imageTag, noToolText, registryOf, type IContainerTool } from './image';
import { readBatch, readFunction, readLogGroup, readPolicy } from './live';
import { costNote } from './prices';
import { sdk } from './sdk';
import type { IIdentity, ITarget } from './session';
import { readSecret } from './secret';
import { buildsImage, type IFunctionSpec, type ITrigger } from './spec';
import { addressSteps, apiSteps, readLiveApi } from './steps-api';
import { batchSteps } from './steps-batch';
import { functionSteps, tooLargeEnvironment } from './steps-function';
import { logSteps } from './steps-log';
import { droppedSecret, secretSteps } from './steps-secret';
import { bucketSteps, droppedTriggers, readBuckets, triggerSteps } from './steps-storage';
import { CREATED_BY, SCAR } from './tags';
import { problemsOf } from './validate';
import type { IWaits } from './waits';
import { asMap, text } from './scar-cfg';

export interface IPlanOptions {
  target: ITarget;
  identity: IIdentity;
  document: IFdlDocument;
  waits: IWaits;
  tool: () => Promise<IContainerTool | undefined>;
  problems: FdlProblem[];
  notes: string[];
}

/** One function: what is to be done, in the order in which nothing comes too early. */
export interface IFunctionPlan {
  planning: IPlanning;
  actions: IAction[];
}

/** Compares what is wanted with what there is. Changes nothing. */
export async function planFunction(spec: IFunctionSpec, options: IPlanOptions): Promise<IFunctionPlan> {
  const { target, identity, document, waits, notes } = options;
  const index = document.aws.findIndex(item => text(asMap(asMap(item)['lambda'])['name']) === spec.name);
  const problem = problemsOf(document, Math.max(0, index), options.problems);
  const planning: IPlanning = {
    target,
    identity,
    spec,
    config: functionConfig(spec),
    waits,
    notes,
    problem: (code, at, message) => problem(code, at, message)
  };
  if (buildsImage(spec)) {
    [planning.tool, planning.registry] = await Promise.all([options.tool(), registryOf(target, spec.region)]);
    if (!planning.tool && !(await isBuilt(planning))) {
      problem('aws-no-builder', 'lambda/container/image', noToolText(spec.image));
    }
  }
  refuseSecrets(planning);
  const size = tooLargeEnvironment(planning);
  if (size !== undefined) {
    problem(
      'aws-environment-size',
      'lambda',
      `The variables of ${spec.name} take ${size} bytes, and Lambda allows ${ENVIRONMENT_LIMIT}: a prepared image has its configuration there and nowhere else. Remove variables and outputs, or let the image be built here (create_image: true).`
    );
  }
  const [live, logGroup, buckets, batch, secret] = await Promise.all([
    readFunction(target, spec.region, spec.name),
    readLogGroup(target, spec.region, logGroupOf(spec.name)),
    readBuckets(planning),
    readBatch(target, spec.batch?.region ?? spec.region, spec.name),
    spec.secret === undefined ? undefined : readSecret(target, spec.region, spec.secret, { value: true }),
    checkRole(planning),
    checkPrepared(planning),
    checkLayer(planning)
  ]);
  if (live && live.tags[CREATED_BY] !== SCAR) {
    problem(
      'aws-name-taken',
      'lambda/name',
      `There is a function ${spec.name} that SCAR did not make. Choose another name, or delete it.`
    );
  }
  const variables = live?.configuration.Environment?.Variables ?? {};
  const [policy, api] = await Promise.all([
    live ? readPolicy(target, spec.region, spec.name) : [],
    readLiveApi(planning, variables['API_GATEWAY_ID'] || undefined)
  ]);
  const actions = [
    // Before the function, which is told its version.
    ...secretSteps(planning, secret),
    ...apiSteps(planning, api),
    ...(await functionSteps(planning, live)),
    ...logSteps(planning, logGroup),
    ...(await bucketSteps(planning, buckets)),
    ...(await batchSteps(planning, batch)),
    ...addressSteps(planning, api, policy),
    ...triggerSteps(planning, buckets, policy),
    ...(await droppedTriggers(planning, formerTriggers(variables['FDL'])))
  ];
  if (spec.preheat) {
    actions.push(preheat(planning));
  }
  actions.push(...(await droppedSecret(planning, variables[SECRET_VARIABLE])));
  if (!target.emulator) {
    notes.push(costNote(spec));
  }
  return { planning, actions };
}

async function isBuilt(planning: IPlanning): Promise<boolean> {
  return hasImage(planning.target, planning.spec.region, planning.spec.name, imageTag(planning.spec, planning.config));
}

/**
 * Keys of storage providers would stand where everybody who may look at the function can read them: only an entrypoint of ours
 * fetches them from Secrets Manager.
 */
function refuseSecrets({ spec, target, problem }: IPlanning): void {
  if (target.emulator || spec.secret !== undefined) {
    return;
  }
  const secrets = secretsIn(spec.providers);
  if (secrets.length > 0) {
    problem(
      'aws-secret',
      'lambda/output',
      `${secrets.join(', ')} would stand readable in the configuration of ${spec.name}: ${spec.packaging === 'zip' ? 'a Python runtime' : 'a prepared image'} does not fetch them from Secrets Manager. Let the image be built here (runtime: image, create_image: true), or use the rights of the function's role (storage_provider: s3).`
    );
  }
}

/** The role has to be there; who may not ask goes on, and AWS will say so. */
async function checkRole({ target, spec, problem, notes }: IPlanning): Promise<void> {
  const name = spec.role.split('/').pop();
  if (!name) {
    return;
  }
  try {
    const { Role } = await target.clients.iam().send(new (sdk.iam().GetRoleCommand)({ RoleName: name }));
    const trust = decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '');
    if (trust !== '' && trust !== '{}' && !trust.includes('lambda.amazonaws.com')) {
      notes.push(`The role ${name} does not say that Lambda may use it: creating ${spec.name} may fail.`);
    }
  } catch (error) {
    if (isDenied(error)) {
      return;
    }
    if (isGone(error)) {
      problem('aws-role-missing', 'iam/role', `There is no role ${spec.role}. Make it, or name another.`);
      return;
    }
    throw error;
  }
}

/** A prepared image has to be there. */
async function checkPrepared({ target, spec, problem }: IPlanning): Promise<void> {
  if (spec.packaging !== 'prepared') {
    return;
  }
  const [, repository, , tag = 'latest'] = /^[^/]+\/([^:@]+)([:@](.+))?$/.exec(spec.image) ?? [];
  try {
    if (!(await hasImage(target, spec.region, repository ?? '', tag))) {
      problem(
        'aws-image-missing',
        'lambda/container/image',
        `There is no image ${spec.image}. Push it to ECR first, or write the tag that is there.`
      );
    }
  } catch (error) {
    if (!isDenied(error)) {
      throw error;
    }
  }
}

/** A Python runtime needs the layer of the supervisor: the one that SCAR published. */
async function checkLayer({ target, spec, problem }: IPlanning): Promise<void> {
  if (spec.packaging !== 'zip' || spec.layers.some(layer => layer.includes(':faas-supervisor'))) {
    return;
  }
  const client = target.clients.lambda(spec.region);
  let found;
  try {
    found = await client.send(new (sdk.lambda().ListLayerVersionsCommand)({ LayerName: 'faas-supervisor' }));
  } catch (error) {
    if (!isGone(error)) {
      throw error;
    }
  }
  const newest = found?.LayerVersions?.[0]?.LayerVersionArn;
  if (newest !== undefined) {
    spec.layers.push(newest);
  } else if (!target.emulator) {
    problem(
      'aws-layer-missing',
      'lambda/runtime',
      `A function with ${spec.runtime} needs the layer faas-supervisor, which ${spec.region} of this account has not. Write its ARN in layers, or runtime: image.`
    );
  }
}

/** What the function was deployed with before. */
function formerTriggers(variable: string | undefined): ITrigger[] {
  const inputs = asMap(decodeConfig(variable))['input'];
  return (Array.isArray(inputs) ? inputs : []).flatMap(input => {
    const path = text(asMap(input)['path']);
    const provider = text(asMap(input)['storage_provider']) ?? 's3';
    if (path === undefined || !/^s3(\.|$)/i.test(provider)) {
      return [];
    }
    const { bucket, prefix } = parsePath(provider, path);
    return [{ bucket, prefix: prefix === '' ? '' : `${prefix}/`, suffix: '' }];
  });
}

function preheat({ target, spec }: IPlanning): IAction {
  return {
    step: { action: 'create', kind: 'first call', name: spec.name, reason: 'So that the image is there' },
    run: async run => {
      const answer = await target.clients
        .invoker(spec.region)
        .send(new (sdk.lambda().InvokeCommand)({ FunctionName: spec.name, Payload: Buffer.from('{}') }), {
          abortSignal: run.signal
        });
      if (answer.FunctionError !== undefined) {
        // The function is there and works for real events, perhaps: its log tells.
        run.report(
          `It answered with an error: ${Buffer.from(answer.Payload ?? [])
            .toString()
            .slice(0, 200)}`
        );
      }
    }
  };
}
