import type {
  ComputeEnvironmentDetail,
  CreateComputeEnvironmentCommandInput,
  JobQueueDetail
} from '@aws-sdk/client-batch';
import { BridgeError } from '../http/errors';
import { making, type IAction, type IPlanning, type IRun } from './action';
import { calling } from './errors';
import { readBatch, type ILiveBatch } from './live';
import { definitionOf, definitionStep } from './job-definition';
import { templateSteps } from './launch-template';
import { kindName, removeMade } from './remove';
import { sdk } from './sdk';
import type { IBatchSpec } from './spec';
import { DEPLOYMENT } from './tags';
import { until } from './waits';

/** Bytes of a job definition: a limit of Batch. */
const DEFINITION_LIMIT = 24 * 1024;

/** Launch template, compute environment, queue and job definition; or their removal. */
export async function batchSteps(planning: IPlanning, live: ILiveBatch): Promise<IAction[]> {
  const { spec } = planning;
  const { batch } = spec;
  if (!batch) {
    return removals(planning, live);
  }
  const fargate = batch.type.startsWith('FARGATE');
  if (batch.subnets.length === 0 || batch.securityGroups.length === 0) {
    await useDefaultNetwork(planning, batch);
  }
  const definition = definitionOf(planning, batch);
  const size = Buffer.byteLength(JSON.stringify(definition));
  if (size > DEFINITION_LIMIT) {
    planning.problem(
      'aws-batch-size',
      'lambda/init_script',
      `The job with its script takes ${size} bytes, and Batch allows ${DEFINITION_LIMIT}. Put the larger part of the script into the image.`
    );
  }
  return [
    ...(fargate ? [] : await templateSteps(planning, batch)),
    environmentStep(planning, batch, live.environment),
    queueStep(planning, batch, live.queue),
    definitionStep(planning, definition, live)
  ];
}

/** The subnets and the group of the default network, where the FDL names none. */
async function useDefaultNetwork({ target, spec, problem }: IPlanning, batch: IBatchSpec): Promise<void> {
  const { ec2 } = sdk;
  const client = target.clients.ec2(batch.region);
  const filter = (Name: string, value: string): { Name: string; Values: string[] } => ({ Name, Values: [value] });
  const { Vpcs } = await calling('look for the default network', () =>
    client.send(new (ec2().DescribeVpcsCommand)({ Filters: [filter('is-default', 'true')] }))
  );
  const vpc = Vpcs?.[0]?.VpcId;
  if (vpc === undefined) {
    problem(
      'aws-batch-network',
      'batch/compute_resources',
      `${batch.region} has no default network: write subnets and security_group_ids in batch.compute_resources.`
    );
    return;
  }
  const [subnets, groups] = await calling('look at the default network', () =>
    Promise.all([
      client.send(new (ec2().DescribeSubnetsCommand)({ Filters: [filter('vpc-id', vpc)] })),
      client.send(
        new (ec2().DescribeSecurityGroupsCommand)({ Filters: [filter('vpc-id', vpc), filter('group-name', 'default')] })
      )
    ])
  );
  if (batch.subnets.length === 0) {
    batch.subnets = (subnets.Subnets ?? []).flatMap(item => item.SubnetId ?? []).sort();
  }
  if (batch.securityGroups.length === 0) {
    batch.securityGroups = (groups.SecurityGroups ?? []).flatMap(item => item.GroupId ?? []);
  }
  if (batch.subnets.length === 0 || batch.securityGroups.length === 0) {
    problem(
      'aws-batch-network',
      'batch/compute_resources',
      `The default network of ${spec.region} has no subnet or group: write subnets and security_group_ids in batch.compute_resources.`
    );
  }
}

function environmentStep(planning: IPlanning, batch: IBatchSpec, live?: ComputeEnvironmentDetail): IAction {
  const { target, spec } = planning;
  const name = spec.name;
  const client = () => target.clients.batch(batch.region);
  const fargate = batch.type.startsWith('FARGATE');
  if (live) {
    const different = live.computeResources?.maxvCpus !== batch.maxVCpus;
    return {
      step: {
        action: different ? 'change' : 'keep',
        kind: 'compute environment',
        name,
        ...(different ? { reason: `At most ${batch.maxVCpus} virtual cores` } : {})
      },
      run: async run => {
        if (different) {
          const set = (maxvCpus: number | undefined): Promise<unknown> =>
            client().send(
              new (sdk.batch().UpdateComputeEnvironmentCommand)({
                computeEnvironment: name,
                computeResources: { maxvCpus }
              })
            );
          run.revert(
            `the compute environment "${name}"`,
            async () => void (await set(live.computeResources?.maxvCpus))
          );
          await calling(`change the compute environment "${name}"`, () => set(batch.maxVCpus));
        }
        await environmentValid(planning, batch, run);
      }
    };
  }
  return {
    step: {
      action: 'create',
      kind: 'compute environment',
      name,
      reason: `${batch.type}, at most ${batch.maxVCpus} virtual cores`
    },
    run: async run => {
      const input: CreateComputeEnvironmentCommandInput = {
        computeEnvironmentName: name,
        type: 'MANAGED',
        state: batch.enabled ? 'ENABLED' : 'DISABLED',
        ...(batch.serviceRole === '' ? {} : { serviceRole: batch.serviceRole }),
        tags: run.tags,
        computeResources: {
          type: batch.type,
          maxvCpus: batch.maxVCpus,
          subnets: batch.subnets,
          securityGroupIds: batch.securityGroups,
          ...(fargate
            ? {}
            : {
                minvCpus: batch.minVCpus,
                desiredvCpus: Math.max(batch.desiredVCpus, batch.minVCpus),
                instanceTypes: batch.instanceTypes,
                instanceRole: batch.instanceRole,
                ...(batch.type === 'SPOT' ? { allocationStrategy: 'SPOT_CAPACITY_OPTIMIZED' as const } : {}),
                launchTemplate: { launchTemplateName: batch.launchTemplate, version: run.templateVersion },
                tags: run.tags
              })
        }
      };
      await calling(`create the compute environment "${name}"`, () =>
        making(
          run,
          { kind: 'compute-environment', region: batch.region, name },
          () => client().send(new (sdk.batch().CreateComputeEnvironmentCommand)(input)),
          async () =>
            (await readBatch(target, batch.region, name)).environment?.tags?.[DEPLOYMENT] === run.journal.head.id
        )
      );
      await environmentValid(planning, batch, run);
    }
  };
}

async function environmentValid({ target, spec, waits }: IPlanning, batch: IBatchSpec, run: IRun): Promise<void> {
  await until(
    `the compute environment "${spec.name}" is still not ready`,
    waits.batch,
    async () => {
      const answer = await calling(`look at the compute environment "${spec.name}"`, () =>
        target.clients
          .batch(batch.region)
          .send(new (sdk.batch().DescribeComputeEnvironmentsCommand)({ computeEnvironments: [spec.name] }))
      );
      const found = answer.computeEnvironments?.[0];
      if (found?.status === 'INVALID') {
        throw invalid('compute environment', spec.name, found.statusReason);
      }
      if (found?.status === 'VALID') {
        return true;
      }
      run.report(`The compute environment is ${found?.status?.toLowerCase() ?? 'not seen yet'}`);
      return undefined;
    },
    { signal: run.signal }
  );
}

function queueStep({ target, spec, waits }: IPlanning, batch: IBatchSpec, live?: JobQueueDetail): IAction {
  const name = spec.name;
  const client = () => target.clients.batch(batch.region);
  const valid = (run: IRun): Promise<boolean> =>
    until(
      `the job queue "${name}" is still not ready`,
      waits.batch,
      async () => {
        const answer = await calling(`look at the job queue "${name}"`, () =>
          client().send(new (sdk.batch().DescribeJobQueuesCommand)({ jobQueues: [name] }))
        );
        const found = answer.jobQueues?.[0];
        if (found?.status === 'INVALID') {
          throw invalid('job queue', name, found.statusReason);
        }
        return found?.status === 'VALID' ? true : undefined;
      },
      { signal: run.signal }
    );
  if (live) {
    return { step: { action: 'keep', kind: 'job queue', name }, run: async run => void (await valid(run)) };
  }
  return {
    step: { action: 'create', kind: 'job queue', name },
    run: async run => {
      await calling(`create the job queue "${name}"`, () =>
        making(
          run,
          { kind: 'job-queue', region: batch.region, name },
          () =>
            client().send(
              new (sdk.batch().CreateJobQueueCommand)({
                jobQueueName: name,
                priority: 1,
                state: batch.enabled ? 'ENABLED' : 'DISABLED',
                computeEnvironmentOrder: [{ order: 1, computeEnvironment: name }],
                tags: run.tags
              })
            ),
          async () => (await readBatch(target, batch.region, name)).queue?.tags?.[DEPLOYMENT] === run.journal.head.id
        )
      );
      await valid(run);
    }
  };
}

function invalid(kind: string, name: string, reason: string | undefined): BridgeError {
  return new BridgeError({
    type: 'deploy-failed',
    title: 'Batch refused it',
    status: 502,
    detail: `Batch calls the ${kind} "${name}" invalid.`,
    cause: reason ?? 'It gives no reason.',
    action: 'Check the roles, subnets and instance types in batch, then deploy again.'
  });
}

/** A function that uses Batch no more. */
function removals(planning: IPlanning, live: ILiveBatch): IAction[] {
  const { target, spec, waits } = planning;
  const region = spec.region;
  const found = [
    ...(live.definition ? [{ kind: 'job-definition' as const, region, name: spec.name }] : []),
    ...(live.queue ? [{ kind: 'job-queue' as const, region, name: spec.name }] : []),
    ...(live.environment ? [{ kind: 'compute-environment' as const, region, name: spec.name }] : [])
  ];
  return found.map(made => ({
    step: {
      action: 'delete',
      kind: kindName(made),
      name: made.name,
      reason: 'It runs in Lambda only'
    },
    run: async run => {
      await removeMade(target, made, { waits, signal: run.signal, onWait: detail => run.report(detail) });
    }
  }));
}
