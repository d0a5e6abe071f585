import { calling, isGone, isTaken } from './errors';
import type { Made } from './journal';
import { setTriggers } from './notifications';
import { allPages } from './pages';
import { sdk } from './sdk';
import type { ITarget } from './session';
import { DEPLOYMENT } from './tags';
import { until, type IWaits } from './waits';

export interface IRemoveOptions {
  waits: IWaits;
  signal?: AbortSignal;
  /** Hears what is waited for. */
  onWait?: (detail: string) => void;
}

/**
 * Takes away something that a deployment made. What is gone already is fine; a bucket or a folder with data stays.
 *
 * @returns false when it stays because there is data in it.
 */
export async function removeMade(target: ITarget, made: Made, options: IRemoveOptions): Promise<boolean> {
  try {
    return await calling(`remove the ${describeMade(made)}`, () => remove(target, made, options));
  } catch (error) {
    if (isGone(error)) {
      return true;
    }
    throw error;
  }
}

/** For instance `log group "/aws/lambda/ocr"`. */
export function describeMade(made: Made): string {
  return `${kindName(made)} "${made.name}"`;
}

/** Its kind as it is shown. */
export function kindName({ kind }: Pick<Made, 'kind'>): string {
  return kind.replaceAll('-', ' ');
}

async function remove(target: ITarget, made: Made, options: IRemoveOptions): Promise<boolean> {
  const { clients } = target;
  const { region } = made;
  switch (made.kind) {
    case 'function':
      await clients.lambda(region).send(new (sdk.lambda().DeleteFunctionCommand)({ FunctionName: made.name }));
      return true;
    case 'log-group':
      await clients.logs(region).send(new (sdk.logs().DeleteLogGroupCommand)({ logGroupName: made.name }));
      return true;
    case 'bucket':
      return removeBucket(target, region, made.name);
    case 'folder':
      return removeFolder(target, region, made.bucket, made.name);
    case 'permission':
      await clients
        .lambda(region)
        .send(new (sdk.lambda().RemovePermissionCommand)({ FunctionName: made.function, StatementId: made.name }));
      return true;
    case 'notification':
      await setTriggers(target, { region, bucket: made.bucket, name: '', arn: made.arn, triggers: [] });
      return true;
    case 'api':
      return removeApi(target, made);
    case 'function-url':
      await clients.lambda(region).send(new (sdk.lambda().DeleteFunctionUrlConfigCommand)({ FunctionName: made.name }));
      return true;
    case 'launch-template':
      return removeTemplate(target, made);
    case 'job-definition':
      return removeDefinitions(target, region, made.name);
    case 'job-queue':
      return removeQueue(target, region, made.name, options);
    case 'compute-environment':
      return removeEnvironment(target, region, made.name, options);
    case 'repository':
      await clients
        .ecr(region)
        .send(new (sdk.ecr().DeleteRepositoryCommand)({ repositoryName: made.name, force: true }));
      return true;
    case 'secret':
      // Without the days in which it could be had back: its name would be taken, and the credentials are in the FDL.
      await clients
        .secrets(region)
        .send(new (sdk.secrets().DeleteSecretCommand)({ SecretId: made.name, ForceDeleteWithoutRecovery: true }));
      return true;
  }
}

async function removeBucket(target: ITarget, region: string, bucket: string): Promise<boolean> {
  try {
    await target.clients.s3(region).send(new (sdk.s3().DeleteBucketCommand)({ Bucket: bucket }));
    return true;
  } catch (error) {
    if ((error as Error).name === 'BucketNotEmpty' || isTaken(error)) {
      return false;
    }
    throw error;
  }
}

/** The marker of a folder, unless there is something in the folder. */
async function removeFolder(target: ITarget, region: string, bucket: string, key: string): Promise<boolean> {
  const s3 = target.clients.s3(region);
  const found = await s3.send(new (sdk.s3().ListObjectsV2Command)({ Bucket: bucket, Prefix: key, MaxKeys: 2 }));
  if ((found.Contents ?? []).some(object => object.Key !== key)) {
    return false;
  }
  await s3.send(new (sdk.s3().DeleteObjectCommand)({ Bucket: bucket, Key: key }));
  return true;
}

async function removeApi(target: ITarget, made: Extract<Made, { kind: 'api' }>): Promise<boolean> {
  const client = target.clients.apiGateway(made.region);
  const ids = made.id === undefined ? await apisOfDeployment(target, made.region, made.deployment) : [made.id];
  for (const restApiId of ids) {
    await client.send(new (sdk.apiGateway().DeleteRestApiCommand)({ restApiId }));
  }
  return true;
}

/** APIs whose answer may have been lost: by the tag of the deployment that made them. */
export async function apisOfDeployment(target: ITarget, region: string, deployment: string): Promise<string[]> {
  return (await allApis(target, region))
    .filter(api => api.tags?.[DEPLOYMENT] === deployment)
    .flatMap(api => api.id ?? []);
}

export async function allApis(target: ITarget, region: string) {
  const client = target.clients.apiGateway(region);
  return allPages(async position => {
    const answer = await client.send(new (sdk.apiGateway().GetRestApisCommand)({ limit: 500, position }));
    return { items: answer.items, next: answer.position };
  });
}

/** One version of a template that others share; the template goes with its only version. */
async function removeTemplate(target: ITarget, made: Extract<Made, { kind: 'launch-template' }>): Promise<boolean> {
  const { ec2 } = sdk;
  const client = target.clients.ec2(made.region);
  const found = await client.send(new (ec2().DescribeLaunchTemplateVersionsCommand)({ LaunchTemplateName: made.name }));
  const versions = found.LaunchTemplateVersions ?? [];
  if (versions.length === 1 && (made.version === undefined || versions[0].VersionNumber === made.version)) {
    await client.send(new (ec2().DeleteLaunchTemplateCommand)({ LaunchTemplateName: made.name }));
  } else if (made.version !== undefined && versions.some(version => version.VersionNumber === made.version)) {
    await client.send(
      new (ec2().DeleteLaunchTemplateVersionsCommand)({
        LaunchTemplateName: made.name,
        Versions: [String(made.version)]
      })
    );
  }
  return true;
}

/** Active ones only: what was taken away stays in the list for half a year. */
async function removeDefinitions(target: ITarget, region: string, name: string): Promise<boolean> {
  const client = target.clients.batch(region);
  const found = await allPages(async nextToken => {
    const answer = await client.send(
      new (sdk.batch().DescribeJobDefinitionsCommand)({ jobDefinitionName: name, status: 'ACTIVE', nextToken })
    );
    return { items: answer.jobDefinitions, next: answer.nextToken };
  });
  for (const definition of found) {
    if (definition.status !== 'INACTIVE') {
      await client.send(
        new (sdk.batch().DeregisterJobDefinitionCommand)({ jobDefinition: definition.jobDefinitionArn })
      );
    }
  }
  return true;
}

function removeQueue(target: ITarget, region: string, name: string, options: IRemoveOptions): Promise<boolean> {
  const { batch } = sdk;
  const client = target.clients.batch(region);
  return dissolve('job queue', name, options, {
    look: async () => (await client.send(new (batch().DescribeJobQueuesCommand)({ jobQueues: [name] }))).jobQueues,
    disable: () => client.send(new (batch().UpdateJobQueueCommand)({ jobQueue: name, state: 'DISABLED' })),
    remove: () => client.send(new (batch().DeleteJobQueueCommand)({ jobQueue: name }))
  });
}

function removeEnvironment(target: ITarget, region: string, name: string, options: IRemoveOptions): Promise<boolean> {
  const { batch } = sdk;
  const client = target.clients.batch(region);
  return dissolve('compute environment', name, options, {
    look: async () =>
      (await client.send(new (batch().DescribeComputeEnvironmentsCommand)({ computeEnvironments: [name] })))
        .computeEnvironments,
    disable: () =>
      client.send(new (batch().UpdateComputeEnvironmentCommand)({ computeEnvironment: name, state: 'DISABLED' })),
    remove: () => client.send(new (batch().DeleteComputeEnvironmentCommand)({ computeEnvironment: name }))
  });
}

/** What Batch deletes only after it is disabled, and both in its own time: each is asked for once. */
async function dissolve(
  kind: string,
  name: string,
  { waits, signal, onWait }: IRemoveOptions,
  calls: {
    look(): Promise<{ status?: string; state?: string }[] | undefined>;
    disable(): Promise<unknown>;
    remove(): Promise<unknown>;
  }
): Promise<true> {
  let asked = '';
  return until(
    `the ${kind} "${name}" is still there`,
    waits.batch,
    async () => {
      const found = (await calls.look())?.find(item => item.status !== 'DELETED');
      if (!found) {
        return true;
      }
      if (found.status === 'VALID' || found.status === 'INVALID') {
        const next = found.state === 'ENABLED' ? 'disable' : 'remove';
        if (asked !== next) {
          await calls[next]();
          asked = next;
        }
      }
      onWait?.(`Waiting for the end of the ${kind} (${found.status?.toLowerCase()})`);
      return undefined;
    },
    { signal }
  );
}
