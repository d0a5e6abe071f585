import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { NotificationConfiguration } from '@aws-sdk/client-s3';
import type { ComputeEnvironmentDetail, JobDefinition, JobQueueDetail } from '@aws-sdk/client-batch';
import { awsError, calling, isAws, isDenied, isGone } from './errors';
import { readNotifications } from './notifications';
import { sdk } from './sdk';
import type { ITarget } from './session';

/** What there is of a function in AWS. */
export interface ILiveFunction {
  configuration: FunctionConfiguration;
  tags: Record<string, string>;
  imageUri?: string;
}

export interface IPolicyStatement {
  Sid?: string;
  Principal?: { Service?: string } | string;
  Condition?: Record<string, Record<string, string>>;
}

export interface ILiveBucket {
  /** `other`: it belongs to somebody else. */
  state: 'own' | 'other' | 'absent';
  region?: string;
  /** Of own buckets that were asked for them. */
  notifications?: NotificationConfiguration;
}

export interface ILiveBatch {
  environment?: ComputeEnvironmentDetail;
  queue?: JobQueueDetail;
  /** The newest that is active. */
  definition?: JobDefinition;
}

/** @returns undefined when there is none. */
export async function readFunction(target: ITarget, region: string, name: string): Promise<ILiveFunction | undefined> {
  try {
    const answer = await target.clients
      .lambda(region)
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: name }));
    return {
      configuration: answer.Configuration ?? {},
      tags: answer.Tags ?? {},
      ...(answer.Code?.ImageUri === undefined ? {} : { imageUri: answer.Code.ImageUri })
    };
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    throw awsError(error, `look at the function "${name}"`);
  }
}

export async function readPolicy(target: ITarget, region: string, name: string): Promise<IPolicyStatement[]> {
  try {
    const answer = await target.clients
      .lambda(region)
      .send(new (sdk.lambda().GetPolicyCommand)({ FunctionName: name }));
    return (JSON.parse(answer.Policy ?? '{}') as { Statement?: IPolicyStatement[] }).Statement ?? [];
  } catch (error) {
    if (isGone(error)) {
      return [];
    }
    throw awsError(error, `read who may call "${name}"`);
  }
}

export async function readFunctionUrl(
  target: ITarget,
  region: string,
  name: string
): Promise<{ url: string; authorization: string } | undefined> {
  try {
    const answer = await target.clients
      .lambda(region)
      .send(new (sdk.lambda().GetFunctionUrlConfigCommand)({ FunctionName: name }));
    return { url: answer.FunctionUrl ?? '', authorization: answer.AuthType ?? 'NONE' };
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    throw awsError(error, `look at the address of "${name}"`);
  }
}

export async function readApi(target: ITarget, region: string, id: string) {
  try {
    return await target.clients.apiGateway(region).send(new (sdk.apiGateway().GetRestApiCommand)({ restApiId: id }));
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    throw awsError(error, `look at the API ${id}`);
  }
}

export async function readLogGroup(
  target: ITarget,
  region: string,
  name: string
): Promise<{ retention?: number } | undefined> {
  const answer = await calling(`look at the log group "${name}"`, () =>
    target.clients.logs(region).send(new (sdk.logs().DescribeLogGroupsCommand)({ logGroupNamePrefix: name }))
  );
  const group = answer.logGroups?.find(item => item.logGroupName === name);
  return group ? { ...(group.retentionInDays === undefined ? {} : { retention: group.retentionInDays }) } : undefined;
}

/** Whose a bucket is and where; with `notifications` also what it starts. */
export async function readBucket(
  target: ITarget,
  region: string,
  bucket: string,
  notifications: boolean
): Promise<ILiveBucket> {
  let where: string;
  try {
    const answer = await target.clients.s3(region).send(new (sdk.s3().GetBucketLocationCommand)({ Bucket: bucket }));
    const constraint: string = answer.LocationConstraint ?? '';
    where = constraint === '' ? 'us-east-1' : constraint === 'EU' ? 'eu-west-1' : constraint;
  } catch (error) {
    if (isAws(error, 'NoSuchBucket') || (isGone(error) && !isDenied(error))) {
      return { state: 'absent' };
    }
    if (isDenied(error)) {
      return { state: 'other' };
    }
    throw awsError(error, `look at the bucket "${bucket}"`);
  }
  return {
    state: 'own',
    region: where,
    ...(notifications && where === region ? { notifications: await readNotifications(target, region, bucket) } : {})
  };
}

export async function readBatch(target: ITarget, region: string, name: string): Promise<ILiveBatch> {
  const { batch } = sdk;
  const client = target.clients.batch(region);
  return calling(`look at Batch for "${name}"`, async () => {
    const [environments, queues, definitions] = await Promise.all([
      client.send(new (batch().DescribeComputeEnvironmentsCommand)({ computeEnvironments: [name] })),
      client.send(new (batch().DescribeJobQueuesCommand)({ jobQueues: [name] })),
      client.send(new (batch().DescribeJobDefinitionsCommand)({ jobDefinitionName: name, status: 'ACTIVE' }))
    ]);
    const definition = (definitions.jobDefinitions ?? [])
      .filter(item => item.status !== 'INACTIVE')
      .sort((a, b) => (b.revision ?? 0) - (a.revision ?? 0))[0];
    const environment = environments.computeEnvironments?.find(item => item.status !== 'DELETED');
    const queue = queues.jobQueues?.find(item => item.status !== 'DELETED');
    return {
      ...(environment ? { environment } : {}),
      ...(queue ? { queue } : {}),
      ...(definition ? { definition } : {})
    };
  });
}
