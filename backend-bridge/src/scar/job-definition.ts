import type { ContainerProperties, RegisterJobDefinitionCommandInput } from '@aws-sdk/client-batch';
import type { IAction, IPlanning, IRun } from './action';
import { calling } from './errors';
import { SECRET_VARIABLE } from './entrypoint';
import { encodeConfig } from './function-config';
import { imageUriOf } from './image';
import type { ILiveBatch } from './live';
import { sdk } from './sdk';
import { SUPERVISOR_FOLDER, type IBatchSpec } from './spec';
import { DEPLOYMENT } from './tags';

/** What a job is: the supervisor reads the event, fetches, runs the script and stores. */
export function definitionOf(planning: IPlanning, batch: IBatchSpec): RegisterJobDefinitionCommandInput {
  const { spec, config } = planning;
  const fargate = batch.type.startsWith('FARGATE');
  const sealed = spec.secret !== undefined;
  const environment = {
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    SCRIPT: Buffer.from(spec.script?.text ?? '').toString('base64'),
    FUNCTION_CONFIG: encodeConfig(config),
    ...(spec.secret === undefined ? {} : { [SECRET_VARIABLE]: spec.secret }),
    ...spec.containerVariables,
    ...batch.environment
  };
  const supervisor = fargate ? '/var/task/supervisor' : `${SUPERVISOR_FOLDER}/supervisor`;
  const container: ContainerProperties = {
    ...(sealed
      ? // Its entrypoint fetches the credentials, and hands the event on.
        { image: imageUriOf(planning) }
      : {
          image: spec.image,
          // Quoted: names with spaces and backslashes arrive as they are.
          command: ['/bin/sh', '-c', `printf '%s' "$EVENT" | ${supervisor}`]
        }),
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
          ...(sealed
            ? {}
            : {
                volumes: [{ name: 'supervisor-bin', host: { sourcePath: SUPERVISOR_FOLDER } }],
                mountPoints: [{ sourceVolume: 'supervisor-bin', containerPath: SUPERVISOR_FOLDER, readOnly: false }]
              }),
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

/** Registers it, where it differs from the newest that is active. */
export function definitionStep(
  planning: IPlanning,
  wanted: RegisterJobDefinitionCommandInput,
  live: ILiveBatch
): IAction {
  const { target, spec } = planning;
  const region = spec.batch?.region ?? spec.region;
  const container = (definition: {
    containerProperties?: ContainerProperties;
    nodeProperties?: { nodeRangeProperties?: { container?: ContainerProperties }[] };
  }): string => {
    const found = definition.containerProperties ?? definition.nodeProperties?.nodeRangeProperties?.[0]?.container;
    const sorted = [...(found?.environment ?? [])].sort((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
    return JSON.stringify([found?.image, found?.command ?? [], sorted.map(({ name, value }) => [name, value])]);
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
