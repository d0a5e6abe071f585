import type { AwsDeletionPreview, PlanStep } from '../contract';
import { parsePath } from '../fdl';
import { arnOf, logGroupOf } from './action';
import { SECRET_VARIABLE } from './entrypoint';
import { awsError, isDenied, missing } from './errors';
import type { Made } from './journal';
import { readApi, readBatch, readBucket, readFunction, readFunctionUrl, readLogGroup } from './live';
import { triggersOf } from './notifications';
import { describeMade, kindName, removeMade } from './remove';
import { isSecretOf, readSecret, secretName, type ILiveSecret } from './secret';
import { asMap, text } from './scar-cfg';
import { sdk } from './sdk';
import type { ITarget } from './session';
import { deployedOf } from './view';
import type { IWaits } from './waits';

interface IDeletion {
  preview: AwsDeletionPreview;
  /** In the order of SCAR: API, log group, triggers, function, image, Batch. */
  made: Made[];
}

/** What belongs to a function, also to one that is half gone. @throws BridgeError not-found */
export async function deletionOf(target: ITarget, name: string): Promise<IDeletion> {
  const { region } = target;
  const identity = await target.identity();
  const arn = arnOf(identity, region, name);
  const [live, logGroup, batch, repository] = await Promise.all([
    readFunction(target, region, name),
    readLogGroup(target, region, logGroupOf(name)),
    readBatch(target, region, name),
    ownRepository(target, region, name)
  ]);
  const deployed = live ? deployedOf(live.configuration) : undefined;
  const made: Made[] = [];
  const stays: AwsDeletionPreview['stays'] = [];
  if (deployed?.apiId !== undefined && (await readApi(target, region, deployed.apiId))) {
    made.push({ kind: 'api', region, name: deployed.apiId, deployment: '', id: deployed.apiId });
  }
  if (live && (await readFunctionUrl(target, region, name))) {
    made.push({ kind: 'function-url', region, name });
  }
  if (logGroup) {
    made.push({ kind: 'log-group', region, name: logGroupOf(name) });
  }
  const inputs = [...new Set(deployed?.triggers.map(trigger => trigger.bucket) ?? [])];
  for (const bucket of inputs) {
    const found = await readBucket(target, region, bucket, true);
    if (found.notifications && triggersOf(found.notifications, bucket, arn).length > 0) {
      made.push({ kind: 'notification', region, bucket, arn, name: `${bucket} → ${name}` });
    }
  }
  if (live) {
    made.push({ kind: 'function', region, name });
  }
  const config = deployed?.config ?? {};
  const container = asMap(config['container']);
  if (repository) {
    if (container['create_image'] !== false && asMap(config['ecr'])['delete_image'] !== false && live) {
      made.push({ kind: 'repository', region, name });
    } else {
      stays.push({
        kind: 'image',
        name,
        reason: live ? 'It was not made for this function alone' : 'The function is gone already'
      });
    }
  }
  if (batch.definition) {
    made.push({ kind: 'job-definition', region, name });
  }
  if (batch.queue) {
    made.push({ kind: 'job-queue', region, name });
  }
  if (batch.environment) {
    made.push({ kind: 'compute-environment', region, name });
    const template = batch.environment.computeResources?.launchTemplate?.launchTemplateName;
    if (template) {
      stays.push({ kind: 'launch template', name: template, reason: 'Other functions may use it' });
    }
  }
  const named = live?.configuration.Environment?.Variables?.[SECRET_VARIABLE] === secretName(name);
  const secret = named || !live ? await ownSecret(target, region, name) : undefined;
  if (secret === 'hidden') {
    if (named) {
      stays.push({ kind: 'secret', name: secretName(name), reason: 'You may not look at it' });
    }
  } else if (secret) {
    made.push({ kind: 'secret', region, name: secretName(name) });
  }
  if (made.length === 0) {
    throw missing('function', name);
  }
  const outputs = (Array.isArray(config['output']) ? config['output'] : []).flatMap(output => {
    const provider = text(asMap(output)['storage_provider']) ?? 's3';
    const path = text(asMap(output)['path']);
    return path !== undefined && /^s3(\.|$)/i.test(provider) ? [parsePath(provider, path).bucket] : [];
  });
  for (const bucket of new Set([...inputs, ...outputs])) {
    stays.push({ kind: 'bucket', name: bucket, reason: 'With all that is in it' });
  }
  for (const layer of live?.configuration.Layers ?? []) {
    stays.push({ kind: 'layer', name: layer.Arn ?? '', reason: 'Other functions may use it' });
  }
  return {
    preview: {
      function: name,
      goes: made.map(item => ({ kind: kindName(item), name: item.name })),
      stays
    },
    made
  };
}

/** The secret that was made for the function; `hidden` for who may not look. */
async function ownSecret(target: ITarget, region: string, name: string): Promise<ILiveSecret | 'hidden' | undefined> {
  try {
    const found = await readSecret(target, region, secretName(name));
    return found && !found.scheduled && isSecretOf(found.tags, name) ? found : undefined;
  } catch (error) {
    if (isDenied(error)) {
      return 'hidden';
    }
    throw error;
  }
}

/** The repository that has the name of the function. */
async function ownRepository(target: ITarget, region: string, name: string): Promise<boolean> {
  try {
    const answer = await target.clients
      .ecr(region)
      .send(new (sdk.ecr().DescribeRepositoriesCommand)({ repositoryNames: [name.toLowerCase()] }));
    return (answer.repositories ?? []).length > 0 && name === name.toLowerCase();
  } catch (error) {
    if (
      (error as Error).name === 'RepositoryNotFoundException' ||
      (error as Error).name === 'InvalidParameterException'
    ) {
      return false;
    }
    if (isDenied(error)) {
      // Who may not look at ECR may not delete there.
      return false;
    }
    throw awsError(error, `look for the image of "${name}"`);
  }
}

/** Removes one thing after the other; what is gone already is no error, so that a deletion can be repeated. */
export async function removeAll(
  target: ITarget,
  made: Made[],
  options: { waits: IWaits; signal?: AbortSignal; onSteps: (steps: PlanStep[]) => void }
): Promise<void> {
  const steps: PlanStep[] = made.map(item => ({
    action: 'delete',
    kind: kindName(item),
    name: item.name,
    state: 'waiting'
  }));
  const set = (index: number, change: Partial<PlanStep>): void => {
    steps[index] = { ...steps[index], ...change };
    options.onSteps(steps.map(step => ({ ...step })));
  };
  for (const [index, item] of made.entries()) {
    options.signal?.throwIfAborted();
    set(index, { state: 'running' });
    try {
      const gone = await removeMade(target, item, {
        waits: options.waits,
        ...(options.signal ? { signal: options.signal } : {}),
        onWait: detail => set(index, { detail })
      });
      set(index, { state: 'done', detail: gone ? undefined : 'It stays: there is data in it' });
    } catch (error) {
      set(index, { state: 'failed' });
      throw awsError(error, `remove the ${describeMade(item)}`);
    }
  }
}
