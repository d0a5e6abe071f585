import { isDeepStrictEqual as same } from 'node:util';
import type {
  CreateFunctionCommandInput,
  FunctionConfiguration,
  UpdateFunctionConfigurationCommandInput
} from '@aws-sdk/client-lambda';
import { BridgeError } from '../http/errors';
import { arnOf, making, type IAction, type IPlanning, type IRun } from './action';
import { awsError, calling, isAws } from './errors';
import { SECRET_VARIABLE, SECRET_VERSION_VARIABLE } from './entrypoint';
import { encodeConfig, environmentSize, ENVIRONMENT_LIMIT, withoutSecrets } from './function-config';
import { buildAndPush, hasImage, imageTag, imageUriOf, noTool } from './image';
import { readFunction, type ILiveFunction } from './live';
import { makePackage } from './package';
import { sdk } from './sdk';
import { buildsImage } from './spec';
import { DEPLOYMENT } from './tags';
import { waitActive } from './wait-active';

/** Fields of the configuration that are compared and changed. */
interface IWanted {
  Role: string;
  MemorySize: number;
  Timeout: number;
  Description: string;
  EphemeralStorage: { Size: number };
  Layers: string[];
  VpcConfig: { SubnetIds: string[]; SecurityGroupIds: string[] };
  FileSystemConfigs: { Arn: string; LocalMountPath: string }[];
  Variables: Record<string, string>;
}

/** Image, function, and its update in place. */
export async function functionSteps(planning: IPlanning, live: ILiveFunction | undefined): Promise<IAction[]> {
  const { spec } = planning;
  const actions: IAction[] = [];
  if (buildsImage(spec)) {
    actions.push(...(await imageSteps(planning)));
  }
  actions.push(live ? updateStep(planning, live) : createStep(planning));
  return actions;
}

async function imageSteps(planning: IPlanning): Promise<IAction[]> {
  const { target, spec, config, tool, problem } = planning;
  const tag = imageTag(spec, config);
  const uri = imageUriOf(planning);
  if (await hasImage(target, spec.region, spec.name, tag)) {
    return [
      {
        step: { action: 'keep', kind: 'image', name: `${spec.name}:${tag}` },
        run: async run => {
          run.imageUri = uri;
        }
      }
    ];
  }
  if (!tool) {
    problem('aws-no-builder', 'lambda/container/image', noTool(spec.image).problem.detail);
    return [];
  }
  return [
    {
      step: {
        action: 'create',
        kind: 'image',
        name: `${spec.name}:${tag}`,
        reason: `Built of ${spec.image} with ${tool.name}`
      },
      run: async run => {
        const client = target.clients.ecr(spec.region);
        const found = await client
          .send(new (sdk.ecr().DescribeRepositoriesCommand)({ repositoryNames: [spec.name] }))
          .catch((error: unknown) => {
            if (isAws(error, 'RepositoryNotFoundException')) {
              return undefined;
            }
            throw awsError(error, `look for the repository "${spec.name}"`);
          });
        if (!found) {
          await calling(`create the repository "${spec.name}"`, () =>
            making(
              run,
              { kind: 'repository', region: spec.region, name: spec.name },
              () =>
                client.send(
                  new (sdk.ecr().CreateRepositoryCommand)({
                    repositoryName: spec.name,
                    tags: Object.entries(run.tags).map(([Key, Value]) => ({ Key, Value }))
                  })
                ),
              async () => true
            )
          );
        }
        await buildAndPush({
          tool,
          target,
          spec,
          config,
          uri,
          signal: run.signal,
          report: detail => run.report(detail)
        });
        run.imageUri = uri;
      }
    }
  ];
}

function createStep(planning: IPlanning): IAction {
  const { target, spec, identity } = planning;
  return {
    step: {
      action: 'create',
      kind: 'function',
      name: spec.name,
      reason: `${spec.memory} MB, ${spec.timeout} s, ${spec.packaging === 'zip' || spec.packaging === 'delegate' ? spec.runtime : 'image'}`
    },
    run: async run => {
      const { code, handler } = codeOf(planning, run);
      const { Variables, Layers, VpcConfig, FileSystemConfigs, ...wanted } = wantedOf(planning, run);
      const input: CreateFunctionCommandInput = {
        FunctionName: spec.name,
        ...wanted,
        ...(Layers.length === 0 ? {} : { Layers }),
        Environment: { Variables },
        Tags: run.tags,
        Architectures: [spec.architecture],
        ...(VpcConfig.SubnetIds.length === 0 ? {} : { VpcConfig }),
        ...(FileSystemConfigs.length === 0 ? {} : { FileSystemConfigs }),
        ...(handler === undefined
          ? { PackageType: 'Image', Code: code }
          : { PackageType: 'Zip', Code: code, Handler: handler, Runtime: spec.runtime as never })
      };
      await calling(`create the function "${spec.name}"`, () =>
        making(
          run,
          { kind: 'function', region: spec.region, name: spec.name },
          () => target.clients.lambda(spec.region).send(new (sdk.lambda().CreateFunctionCommand)(input)),
          async () => {
            const found = await readFunction(target, spec.region, spec.name);
            return found?.tags[DEPLOYMENT] === run.journal.head.id;
          }
        )
      );
      await waitActive(planning, run);
      run.report(arnOf(identity, spec.region, spec.name));
    }
  };
}

function updateStep(planning: IPlanning, live: ILiveFunction): IAction {
  const { target, spec } = planning;
  const differences = differencesOf(planning, live);
  if (differences.length === 0) {
    return {
      step: { action: 'keep', kind: 'function', name: spec.name },
      // One that a crash left half way may still be on its way.
      run: async run => waitActive(planning, run)
    };
  }
  return {
    step: { action: 'change', kind: 'function', name: spec.name, reason: differences.join(', ') },
    run: async run => {
      const client = target.clients.lambda(spec.region);
      const { configuration: before } = live;
      const { code, sha256, handler } = codeOf(planning, run);
      const packageType = handler === undefined ? 'Image' : 'Zip';
      if ((before.PackageType ?? 'Zip') !== packageType) {
        throw new BridgeError({
          type: 'conflict',
          title: 'It has to be made anew',
          status: 409,
          detail: `"${spec.name}" is a ${before.PackageType === 'Image' ? 'container image' : 'zip package'} and would become the other: Lambda cannot change that.`,
          action: 'Delete the function first; its buckets stay.'
        });
      }
      await waitActive(planning, run);
      const { Variables, Layers, VpcConfig, FileSystemConfigs, ...wanted } = wantedOf(planning, run, live);
      const network = differsInNetwork(VpcConfig, FileSystemConfigs, before);
      const change = (input: UpdateFunctionConfigurationCommandInput): Promise<unknown> =>
        client.send(new (sdk.lambda().UpdateFunctionConfigurationCommand)(input));
      run.revert(`the settings of "${spec.name}"`, async () => {
        await change({
          FunctionName: spec.name,
          Role: before.Role,
          MemorySize: before.MemorySize,
          Timeout: before.Timeout,
          Description: before.Description,
          Environment: { Variables: before.Environment?.Variables ?? {} },
          ...(network ? networkOf(before) : {}),
          ...(before.EphemeralStorage ? { EphemeralStorage: before.EphemeralStorage } : {}),
          ...(packageType === 'Zip' ? { Layers: (before.Layers ?? []).flatMap(layer => layer.Arn ?? []) } : {})
        });
        await waitActive(planning, run);
      });
      await calling(`change the function "${spec.name}"`, () =>
        change({
          FunctionName: spec.name,
          ...wanted,
          ...(network ? { VpcConfig, FileSystemConfigs } : {}),
          Environment: { Variables },
          ...(packageType === 'Zip' ? { Layers, Handler: handler } : {})
        })
      );
      await waitActive(planning, run);
      if (packageType === 'Image' ? code.ImageUri !== live.imageUri : sha256 !== before.CodeSha256) {
        if (packageType === 'Image' && live.imageUri !== undefined) {
          run.revert(`the image of "${spec.name}"`, async () => {
            await client.send(
              new (sdk.lambda().UpdateFunctionCodeCommand)({ FunctionName: spec.name, ImageUri: live.imageUri })
            );
            await waitActive(planning, run);
          });
        }
        await calling(`change the code of "${spec.name}"`, () =>
          client.send(
            new (sdk.lambda().UpdateFunctionCodeCommand)({
              FunctionName: spec.name,
              ...code,
              Architectures: [spec.architecture]
            })
          )
        );
        await waitActive(planning, run);
      }
      await calling(`tag the function "${spec.name}"`, () =>
        client.send(
          new (sdk.lambda().TagResourceCommand)({
            Resource: before.FunctionArn,
            Tags: { ...run.tags, ...keptTags(live) }
          })
        )
      );
    }
  };
}

/** Who made it stays who made it. */
function keptTags(live: ILiveFunction): Record<string, string> {
  return Object.fromEntries(['owner'].flatMap(key => (live.tags[key] ? [[key, live.tags[key]]] : [])));
}

/** Sentences: what is not as it is wanted. */
function differencesOf(planning: IPlanning, live: ILiveFunction): string[] {
  const { configuration: before } = live;
  const wanted = wantedOf(planning, undefined, live);
  const { code, sha256 } = codeOf(planning);
  const list: string[] = [];
  const compare = (name: string, now: unknown, then: unknown): void => {
    if (!same(now, then)) {
      list.push(`${name}: ${show(then)} → ${show(now)}`);
    }
  };
  compare('role', wanted.Role, before.Role);
  compare('memory', wanted.MemorySize, before.MemorySize);
  compare('timeout', wanted.Timeout, before.Timeout);
  compare('description', wanted.Description, before.Description ?? '');
  compare('/tmp', wanted.EphemeralStorage.Size, before.EphemeralStorage?.Size ?? 512);
  compare(
    'layers',
    wanted.Layers,
    (before.Layers ?? []).flatMap(layer => layer.Arn ?? [])
  );
  if (differsInNetwork(wanted.VpcConfig, wanted.FileSystemConfigs, before)) {
    list.push('network');
  }
  if (!same({ ...wanted.Variables }, { ...before.Environment?.Variables })) {
    list.push('configuration');
  }
  if (
    code.ImageUri !== undefined ? code.ImageUri !== live.imageUri : sha256 !== undefined && sha256 !== before.CodeSha256
  ) {
    list.push(code.ImageUri === undefined ? 'code' : `image: ${live.imageUri ?? '?'} → ${code.ImageUri}`);
  }
  return list;
}

/** The network and the file systems that a function has. */
function networkOf({
  VpcConfig,
  FileSystemConfigs
}: FunctionConfiguration): Pick<IWanted, 'VpcConfig' | 'FileSystemConfigs'> {
  return {
    VpcConfig: { SubnetIds: VpcConfig?.SubnetIds ?? [], SecurityGroupIds: VpcConfig?.SecurityGroupIds ?? [] },
    FileSystemConfigs: (FileSystemConfigs ?? []).map(({ Arn, LocalMountPath }) => ({
      Arn: Arn ?? '',
      LocalMountPath: LocalMountPath ?? ''
    }))
  };
}

function differsInNetwork(
  vpc: IWanted['VpcConfig'],
  systems: IWanted['FileSystemConfigs'],
  before: FunctionConfiguration
): boolean {
  const now = networkOf(before);
  const sorted = (list: string[]): string[] => [...list].sort();
  return (
    !same(sorted(vpc.SubnetIds), sorted(now.VpcConfig.SubnetIds)) ||
    !same(sorted(vpc.SecurityGroupIds), sorted(now.VpcConfig.SecurityGroupIds)) ||
    !same(systems, now.FileSystemConfigs)
  );
}

function show(value: unknown): string {
  return typeof value === 'string' ? value || 'none' : JSON.stringify(value ?? null);
}

function codeOf(
  planning: IPlanning,
  run?: IRun
): { code: { ImageUri?: string; ZipFile?: Buffer }; sha256?: string; handler?: string } {
  const { spec, config } = planning;
  switch (spec.packaging) {
    case 'zip':
    case 'delegate': {
      const made = makePackage(spec, config);
      return { code: { ZipFile: made.zip }, sha256: made.sha256, handler: made.handler };
    }
    case 'build':
      return {
        code: {
          ImageUri: run?.imageUri ?? imageUriOf(planning)
        }
      };
    default:
      return { code: { ImageUri: /[:@][^/]*$/.test(spec.image) ? spec.image : `${spec.image}:latest` } };
  }
}

function wantedOf(planning: IPlanning, run?: IRun, live?: ILiveFunction): IWanted {
  const { spec } = planning;
  const api = run?.apiId ?? (spec.api ? live?.configuration.Environment?.Variables?.['API_GATEWAY_ID'] : undefined);
  return {
    Role: spec.role,
    MemorySize: spec.memory,
    Timeout: spec.timeout,
    Description: spec.description,
    EphemeralStorage: { Size: spec.ephemeral },
    Layers: spec.packaging === 'zip' ? spec.layers : [],
    VpcConfig: { SubnetIds: spec.vpc?.subnets ?? [], SecurityGroupIds: spec.vpc?.securityGroups ?? [] },
    FileSystemConfigs: spec.fileSystems.map(({ arn, path }) => ({ Arn: arn, LocalMountPath: path })),
    Variables: functionVariables(planning, api, run)
  };
}

/** All variables of the function. */
function functionVariables(
  { spec, config, secretVersion }: IPlanning,
  api?: string,
  run?: IRun
): Record<string, string> {
  const base: Record<string, string> = {
    ...spec.variables,
    IMAGE_ID: spec.image,
    ...(api === undefined ? {} : { API_GATEWAY_ID: api }),
    ...(spec.secret === undefined ? {} : { [SECRET_VARIABLE]: spec.secret }),
    // What only starts jobs need not start anew. As long as a version is, where there is none yet.
    ...(spec.secret === undefined || spec.packaging === 'delegate'
      ? {}
      : { [SECRET_VERSION_VARIABLE]: run?.secretVersion ?? secretVersion ?? '-'.repeat(36) }),
    // An image of ECR runs its own script; what runs an emulated one takes it as Batch jobs do.
    ...(spec.packaging === 'emulated' && spec.script
      ? { SCRIPT: Buffer.from(spec.script.text).toString('base64') }
      : {})
  };
  const described = { ...base, FDL: encodeConfig(spec.packaging === 'emulated' ? config : withoutSecrets(config)) };
  return spec.packaging === 'prepared' ||
    spec.packaging === 'emulated' ||
    environmentSize(described) <= ENVIRONMENT_LIMIT
    ? described
    : base;
}

/** Bytes of all variables, where Lambda would refuse them; the id of an API that is still to be made is counted. */
export function tooLargeEnvironment(planning: IPlanning): number | undefined {
  if (planning.spec.packaging === 'emulated') {
    return undefined;
  }
  const size = environmentSize(functionVariables(planning, planning.spec.api ? '0123456789' : undefined));
  return size > ENVIRONMENT_LIMIT ? size : undefined;
}
