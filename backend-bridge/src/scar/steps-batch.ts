import type {
  ComputeEnvironmentDetail,
  ContainerProperties,
  CreateComputeEnvironmentCommandInput,
  JobQueueDetail,
  RegisterJobDefinitionCommandInput
} from '@aws-sdk/client-batch';
import { BridgeError } from '../http/errors';
import { making, type IAction, type IPlanning, type IRun } from './action';
import { calling, isGone } from './errors';
import { encodeConfig } from './function-config';
import { readBatch, type ILiveBatch } from './live';
import { removeMade } from './remove';
import { sdk } from './sdk';
import type { IBatchSpec } from './spec';
import { DEPLOYMENT, tagList } from './tags';
import { until } from './waits';

/** Where the launch template puts the supervisor on the machines. */
const SUPERVISOR_FOLDER = '/opt/faas-supervisor/bin';
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

/** The supervisor is put on each machine as it starts. */
function userData(version: string): string {
  const script = [
    '#!/bin/bash',
    `mkdir -p ${SUPERVISOR_FOLDER}`,
    `curl https://github.com/grycap/faas-supervisor/releases/download/${version}/supervisor -L -o ${SUPERVISOR_FOLDER}/supervisor`,
    `chmod +x ${SUPERVISOR_FOLDER}/supervisor`,
    ''
  ].join('\n');
  const boundary = '==OSCAR==';
  return Buffer.from(
    [
      `Content-Type: multipart/mixed; boundary="${boundary}"`,
      'MIME-Version: 1.0',
      '',
      `--${boundary}`,
      'Content-Type: text/x-shellscript; charset="us-ascii"',
      'MIME-Version: 1.0',
      'Content-Transfer-Encoding: 7bit',
      '',
      script,
      `--${boundary}--`,
      ''
    ].join('\n')
  ).toString('base64');
}

async function templateSteps({ target, spec }: IPlanning, batch: IBatchSpec): Promise<IAction[]> {
  const { ec2 } = sdk;
  const client = target.clients.ec2(batch.region);
  const name = batch.launchTemplate;
  const versions: { number?: number; description?: string }[] | undefined = [];
  let exists = true;
  try {
    let NextToken: string | undefined;
    do {
      const answer = await client.send(
        new (ec2().DescribeLaunchTemplateVersionsCommand)({ LaunchTemplateName: name, NextToken })
      );
      versions.push(
        ...(answer.LaunchTemplateVersions ?? []).map(item => ({
          number: item.VersionNumber,
          description: item.VersionDescription
        }))
      );
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
  } catch (error) {
    if (!isGone(error)) {
      throw await calling(`look at the launch template "${name}"`, () => Promise.reject(error as Error));
    }
    exists = false;
  }
  const found = versions.find(item => item.description === spec.supervisor);
  if (found) {
    return [
      {
        step: { action: 'keep', kind: 'launch template', name: `${name} ${spec.supervisor}` },
        run: async run => {
          run.templateVersion = String(found.number ?? 1);
        }
      }
    ];
  }
  return [
    {
      step: { action: exists ? 'change' : 'create', kind: 'launch template', name: `${name} ${spec.supervisor}` },
      run: async run => {
        run.signal?.throwIfAborted();
        const version = 1 + Math.max(0, ...versions.map(item => item.number ?? 0));
        const made = { kind: 'launch-template' as const, region: batch.region, name, version };
        run.journal.begin(made);
        const input = {
          LaunchTemplateName: name,
          VersionDescription: spec.supervisor,
          LaunchTemplateData: { UserData: userData(spec.supervisor) }
        };
        await calling(`make the launch template "${name}"`, async () => {
          const answer = exists
            ? (await client.send(new (ec2().CreateLaunchTemplateVersionCommand)(input))).LaunchTemplateVersion
                ?.VersionNumber
            : (
                await client.send(
                  new (ec2().CreateLaunchTemplateCommand)({
                    ...input,
                    TagSpecifications: [{ ResourceType: 'launch-template', Tags: tagList(run.tags) }]
                  })
                )
              ).LaunchTemplate?.LatestVersionNumber;
          run.templateVersion = String(answer ?? version);
        });
      }
    }
  ];
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

/** What a job is: the supervisor reads the event, fetches, runs the script and stores. */
export function definitionOf({ spec, config }: IPlanning, batch: IBatchSpec): RegisterJobDefinitionCommandInput {
  const fargate = batch.type.startsWith('FARGATE');
  const environment = {
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    SCRIPT: Buffer.from(spec.script?.text ?? '').toString('base64'),
    FUNCTION_CONFIG: encodeConfig(config),
    ...spec.containerVariables,
    ...batch.environment
  };
  const supervisor = fargate ? '/var/task/supervisor' : `${SUPERVISOR_FOLDER}/supervisor`;
  const container: ContainerProperties = {
    image: spec.image,
    // Quoted: names with spaces and backslashes arrive as they are.
    command: ['/bin/sh', '-c', `printf '%s' "$EVENT" | ${supervisor}`],
    environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
    ...(fargate
      ? {
          executionRoleArn: spec.role,
          jobRoleArn: spec.role,
          networkConfiguration: { assignPublicIp: 'ENABLED' as const },
          resourceRequirements: [
            { type: 'VCPU' as const, value: String(batch.vcpus) },
            { type: 'MEMORY' as const, value: String(batch.memory) }
          ]
        }
      : {
          vcpus: batch.vcpus,
          memory: batch.memory,
          volumes: [{ name: 'supervisor-bin', host: { sourcePath: SUPERVISOR_FOLDER } }],
          mountPoints: [{ sourceVolume: 'supervisor-bin', containerPath: SUPERVISOR_FOLDER, readOnly: false }],
          ...(batch.gpu ? { resourceRequirements: [{ type: 'GPU' as const, value: '1' }] } : {})
        })
  };
  return {
    jobDefinitionName: spec.name,
    ...(fargate ? { platformCapabilities: ['FARGATE' as const] } : {}),
    ...(batch.multiNode
      ? {
          type: 'multinode',
          nodeProperties: {
            numNodes: batch.multiNode.nodes,
            mainNode: batch.multiNode.main,
            nodeRangeProperties: [{ targetNodes: '0:', container }]
          }
        }
      : { type: 'container', containerProperties: container })
  };
}

function definitionStep(planning: IPlanning, wanted: RegisterJobDefinitionCommandInput, live: ILiveBatch): IAction {
  const { target, spec } = planning;
  const region = spec.batch?.region ?? spec.region;
  const container = (definition: {
    containerProperties?: ContainerProperties;
    nodeProperties?: { nodeRangeProperties?: { container?: ContainerProperties }[] };
  }): string => {
    const found = definition.containerProperties ?? definition.nodeProperties?.nodeRangeProperties?.[0]?.container;
    const sorted = [...(found?.environment ?? [])].sort((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
    return JSON.stringify([found?.image, found?.command, sorted.map(({ name, value }) => [name, value])]);
  };
  const kept = live.definition !== undefined && container(live.definition) === container(wanted as never);
  return {
    step: {
      action: kept ? 'keep' : live.definition ? 'change' : 'create',
      kind: 'job definition',
      name: spec.name
    },
    ...(kept
      ? {}
      : {
          run: async run => {
            run.signal?.throwIfAborted();
            const made = { kind: 'job-definition' as const, region, name: spec.name };
            if (!live.definition) {
              run.journal.begin(made);
            }
            const answer = await calling(`register the job definition "${spec.name}"`, () =>
              target.clients
                .batch(region)
                .send(new (sdk.batch().RegisterJobDefinitionCommand)({ ...wanted, tags: run.tags }))
            );
            await dropTwins(planning, region, answer.jobDefinitionArn, run);
            if (live.definition) {
              run.revert(`the job definition "${spec.name}"`, async () => {
                await target.clients
                  .batch(region)
                  .send(new (sdk.batch().DeregisterJobDefinitionCommand)({ jobDefinition: answer.jobDefinitionArn }));
              });
            }
          }
        })
  };
}

/** Revisions of this deployment whose answer was lost: the client had tried again. */
async function dropTwins(planning: IPlanning, region: string, kept: string | undefined, run: IRun): Promise<void> {
  const { target, spec } = planning;
  const client = target.clients.batch(region);
  await calling(`look at the job definition "${spec.name}"`, async () => {
    const answer = await client.send(
      new (sdk.batch().DescribeJobDefinitionsCommand)({ jobDefinitionName: spec.name, status: 'ACTIVE' })
    );
    for (const { jobDefinitionArn, status, tags } of answer.jobDefinitions ?? []) {
      const twin = jobDefinitionArn !== kept && status !== 'INACTIVE' && tags?.[DEPLOYMENT] === run.journal.head.id;
      if (twin) {
        await client.send(new (sdk.batch().DeregisterJobDefinitionCommand)({ jobDefinition: jobDefinitionArn }));
      }
    }
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
      kind: made.kind.replaceAll('-', ' '),
      name: made.name,
      reason: 'It runs in Lambda only'
    },
    run: async run => {
      await removeMade(target, made, { waits, signal: run.signal, onWait: detail => run.report(detail) });
    }
  }));
}
