import type { FdlProblem } from '../contract';
import { parsePath, parseProvider, type FdlMap, type FdlValue, type IFdlDocument } from '../fdl';
import { notesOf, RETIRED, validate } from './check-spec';
import { secretsIn } from './function-config';
import { asMap, merged, text, type ScarConfig } from './scar-cfg';
import { secretName } from './secret';
import {
  DELEGATE_RUNTIME,
  SUPERVISOR,
  type ExecutionMode,
  type IApiSpec,
  type IBatchSpec,
  type IFunctionSpec,
  type IOutput,
  type IScript,
  type ITrigger,
  type Packaging
} from './spec';
import { overlaps, problemsOf } from './validate';

/** Defaults of SCAR 4, but for what AWS takes no more: there the runtime is python3.7, here it is `image`. */
const DEFAULTS: FdlMap = {
  lambda: {
    execution_mode: 'lambda',
    memory: 512,
    timeout: 300,
    description: 'Automatically generated lambda function',
    log_level: 'INFO',
    container: { timeout_threshold: 10, environment: { Variables: {} } },
    environment: { Variables: {} },
    supervisor: { version: 'latest' }
  },
  api_gateway: { stage_name: 'scar' },
  cloudwatch: { log_retention_policy_in_days: 30 },
  ecr: { delete_image: true },
  batch: {
    vcpus: 1,
    memory: 1024,
    enable_gpu: false,
    state: 'ENABLED',
    service_role: 'arn:aws:iam::{account_id}:role/service-role/AWSBatchServiceRole',
    compute_resources: {
      type: 'EC2',
      desired_v_cpus: 0,
      min_v_cpus: 0,
      max_v_cpus: 2,
      instance_types: ['m5.large'],
      launch_template_name: 'faas-supervisor',
      instance_role: 'arn:aws:iam::{account_id}:instance-profile/ecsInstanceRole'
    }
  }
};

const ECR = /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\//;
/** What SCAR writes for udocker into every function; only its own runtimes need it. */
const UDOCKER = /^UDOCKER_/;

export interface IReadOptions {
  document: IFdlDocument;
  config: ScarConfig;
  /** Default region, role and account. */
  region: string;
  role?: string;
  account: string;
  emulator: boolean;
  /** Texts of scripts by their path as the FDL has it; null: not there; absent: cannot be read. */
  scripts: { [path: string]: string | null };
}

export interface IReadResult {
  functions: IFunctionSpec[];
  problems: FdlProblem[];
  notes: string[];
}

/** Profiles that the functions of a file name; SCAR writes `default` where nobody has chosen. */
export function profilesOf(document: IFdlDocument): string[] {
  const names = document.aws.flatMap(item => {
    const written = asMap(item);
    // `scar init -pf` writes it beside `lambda`, where SCAR itself never looks.
    const profile = text(asMap(written['lambda'])['boto_profile']) ?? text(written['boto_profile']);
    return profile === undefined || profile === 'default' ? [] : [profile];
  });
  return [...new Set(names)];
}

/** The functions of a file, checked; with an error there is no function for the item that has it. */
export function readFunctions(options: IReadOptions): IReadResult {
  const result: IReadResult = { functions: [], problems: [], notes: [] };
  options.document.aws.forEach((item, index) => {
    const before = result.problems.filter(problem => problem.severity === 'error').length;
    const spec = readFunction(asMap(item), index, options, result);
    if (spec && result.problems.filter(problem => problem.severity === 'error').length === before) {
      result.functions.push(spec);
    }
  });
  result.problems.push(...overlaps(result.functions, options.document));
  return result;
}

function readFunction(
  written: FdlMap,
  index: number,
  options: IReadOptions,
  result: IReadResult
): IFunctionSpec | undefined {
  const { document, config } = options;
  const problem = problemsOf(document, index, result.problems);
  if (written['lambda'] === undefined) {
    problem('legacy', '', 'This is a form of an older SCAR: put the fields of the function below "lambda:".');
    return undefined;
  }
  const item = merged(merged(DEFAULTS, config.aws), written);
  const lambda = asMap(item['lambda']);
  const container = asMap(lambda['container']);
  if (lambda['image'] !== undefined && container['image'] === undefined) {
    problem(
      'legacy-image',
      'lambda/image',
      'Since SCAR 4 image stands below container: write container: with image: below it.'
    );
    return undefined;
  }
  const name = text(lambda['name']) ?? '';
  const region = text(asMap(written['lambda'])['region']) ?? options.region;
  const mode = modeOf(written, lambda);
  // SCAR writes python3.7 into every new configuration: that is nobody's choice.
  const said = text(asMap(written['lambda'])['runtime']);
  const configured = text(asMap(config.aws['lambda'])['runtime']);
  const runtime = said ?? (configured !== undefined && !RETIRED.test(configured) ? configured : 'image');
  const image = text(container['image']) ?? '';
  const prepared = ECR.exec(image);
  const packaging = packagingOf({ mode, runtime, prepared: prepared !== null, container, emulator: options.emulator });
  const scriptPath = text(lambda['init_script']);
  let script: IScript | undefined;
  if (scriptPath !== undefined) {
    const found = options.scripts[scriptPath];
    if (typeof found === 'string') {
      script = { name: scriptPath.split('/').pop() ?? scriptPath, text: found };
    } else if (packaging === 'prepared') {
      // The script of such an image lies in it; only its name is needed.
      script = { name: scriptPath.split('/').pop() ?? scriptPath, text: '' };
    } else {
      problem(
        'script-not-found',
        'lambda/init_script',
        `There is no script "${scriptPath}". Paths count from the folder of the FDL.`
      );
    }
  }
  const { triggers, inputs } = readInputs(lambda, name, problem);
  const outputs = readOutputs(lambda, name);
  // The emulator has a role of its own, and knows no other.
  const role = (options.emulator ? undefined : text(asMap(written['iam'])['role'])) ?? options.role ?? '';
  const spec: IFunctionSpec = {
    name,
    region,
    role: role.replaceAll('{account_id}', options.account),
    mode,
    packaging,
    ...(packaging === 'zip' ? { runtime } : packaging === 'delegate' ? { runtime: DELEGATE_RUNTIME } : {}),
    architecture: list(lambda['architectures'])[0] === 'arm64' ? 'arm64' : 'x86_64',
    memory: number(lambda['memory'], 512),
    timeout: number(lambda['timeout'], 300),
    ephemeral: number(lambda['ephemeral_storage'], 512),
    description: text(lambda['description']) ?? '',
    logLevel: (text(lambda['log_level']) ?? 'INFO').toUpperCase(),
    layers: list(lambda['layers']),
    variables: variables(lambda, packaging === 'zip' ? undefined : UDOCKER),
    ...vpcOf(lambda),
    fileSystems: maps(lambda['file_system']).map(system => ({
      arn: text(system['Arn']) ?? '',
      path: text(system['LocalMountPath']) ?? ''
    })),
    image,
    alpine: container['alpine'] === true,
    threshold: number(container['timeout_threshold'], 10),
    containerVariables: variables(container),
    ...(script === undefined ? {} : { script }),
    triggers,
    inputs,
    outputs,
    ...withProviders(outputs, inputs, merged(config.storageProviders, document.storageProviders as unknown as FdlMap), {
      name,
      // A prepared image has no entrypoint of ours, and the emulator keeps what it is given.
      built:
        !options.emulator &&
        (packaging === 'build' || (packaging === 'delegate' && container['create_image'] !== false))
    }),
    ...(text(asMap(lambda['deployment'])['bucket']) === undefined
      ? {}
      : { deploymentBucket: text(asMap(lambda['deployment'])['bucket']) }),
    ...apiOf(item),
    retention: number(asMap(item['cloudwatch'])['log_retention_policy_in_days'], 30),
    ...(mode === 'lambda' ? {} : { batch: batchOf(item, written, region, options.account) }),
    preheat: lambda['preheat'] === true,
    supervisor: supervisorOf(lambda),
    deleteImage: asMap(item['ecr'])['delete_image'] !== false
  };
  if (text(lambda['extra_payload']) !== undefined) {
    problem(
      'aws-extra-payload',
      'lambda/extra_payload',
      'extra_payload is not packed from here: put these files into the image, or into a bucket that the script reads.'
    );
  }
  validate(spec, { said, prepared: prepared?.[1], container, emulator: options.emulator }, problem);
  notesOf(spec, result.notes);
  return spec;
}

function packagingOf(facts: {
  mode: ExecutionMode;
  runtime: string;
  prepared: boolean;
  container: FdlMap;
  emulator: boolean;
}): Packaging {
  if (facts.mode === 'batch') {
    return 'delegate';
  }
  if (facts.runtime.toLowerCase() !== 'image') {
    return 'zip';
  }
  if (facts.emulator) {
    return 'emulated';
  }
  return facts.container['create_image'] === false && facts.prepared ? 'prepared' : 'build';
}

type Report = ReturnType<typeof problemsOf>;

function readInputs(lambda: FdlMap, name: string, problem: Report): { triggers: ITrigger[]; inputs: FdlMap[] } {
  const triggers: ITrigger[] = [];
  const inputs: FdlMap[] = [];
  for (const input of maps(lambda['input'])) {
    const provider = text(input['storage_provider']) ?? 's3';
    const path = text(input['path']);
    inputs.push({ ...input });
    const { type } = parseProvider(provider);
    if (type !== 's3') {
      // Onedata and MinIO call the HTTP address of the function; there is nothing to make in AWS.
      continue;
    }
    if (path === undefined) {
      problem('missing-field', 'lambda/input', 'An input needs a path: bucket/folder.');
      continue;
    }
    const place = parsePath(provider, path, name);
    const prefix = place.prefix === '' ? '' : `${place.prefix}/`;
    const suffixes = list(input['suffix']);
    for (const suffix of suffixes.length > 0 ? suffixes : ['']) {
      triggers.push({ bucket: place.bucket, prefix, suffix });
    }
  }
  return { triggers, inputs };
}

function readOutputs(lambda: FdlMap, name: string): IOutput[] {
  return maps(lambda['output']).flatMap(output => {
    const provider = text(output['storage_provider']) ?? 's3';
    const path = text(output['path']);
    return path === undefined
      ? []
      : [
          {
            provider,
            path: parseProvider(provider).type === 's3' && !path.includes('/') ? `${name}/${path}` : path,
            ...(list(output['prefix']).length > 0 ? { prefix: list(output['prefix']) } : {}),
            ...(list(output['suffix']).length > 0 ? { suffix: list(output['suffix']) } : {})
          }
        ];
  });
}

/** Only what a function reads and writes: keys of other providers are not its business. In S3, inputs are read as the role. */
function withProviders(
  outputs: IOutput[],
  inputs: FdlMap[],
  all: FdlMap,
  { name, built }: { name: string; built: boolean }
): Pick<IFunctionSpec, 'providers' | 'secret'> {
  const read = inputs.flatMap(input => text(input['storage_provider']) ?? []);
  const providers: FdlMap = {};
  for (const provider of [
    ...outputs.map(output => output.provider),
    ...read.filter(item => parseProvider(item).type !== 's3')
  ]) {
    const { type, id } = parseProvider(provider);
    const entry = asMap(all[type])[id];
    if (entry !== undefined && provider !== 's3') {
      providers[type] = { ...asMap(providers[type]), [id]: entry };
    }
  }
  return { providers, ...(built && secretsIn(providers).length > 0 ? { secret: secretName(name) } : {}) };
}

function modeOf(written: FdlMap, lambda: FdlMap): ExecutionMode {
  // `scar init -em` writes it beside `lambda`, where SCAR itself never looks.
  const mode =
    text(asMap(written['lambda'])['execution_mode']) ??
    text(written['execution_mode']) ??
    text(lambda['execution_mode']);
  return mode === 'batch' || mode === 'lambda-batch' ? mode : 'lambda';
}

function supervisorOf(lambda: FdlMap): string {
  const version = text(asMap(lambda['supervisor'])['version']) ?? 'latest';
  return version === 'latest' ? SUPERVISOR : version;
}

function vpcOf(lambda: FdlMap): Pick<IFunctionSpec, 'vpc'> {
  const vpc = asMap(lambda['vpc']);
  const subnets = list(vpc['SubnetIds']);
  return subnets.length === 0 ? {} : { vpc: { subnets, securityGroups: list(vpc['SecurityGroupIds']) } };
}

function apiOf(item: FdlMap): { api?: IApiSpec } {
  const gateway = asMap(item['api_gateway']);
  const name = text(gateway['name']);
  if (name === undefined) {
    return {};
  }
  const authorization = text(asMap(gateway['method'])['authorizationType']);
  return {
    api: {
      kind: text(gateway['type']) === 'url' ? 'url' : 'rest',
      name,
      stage: text(gateway['stage_name']) ?? 'scar',
      authorization: authorization === 'AWS_IAM' ? 'AWS_IAM' : 'NONE'
    }
  };
}

function batchOf(item: FdlMap, written: FdlMap, region: string, account: string): IBatchSpec {
  const batch = asMap(item['batch']);
  const resources = asMap(batch['compute_resources']);
  const nodes = asMap(batch['multi_node_parallel']);
  const type = text(resources['type']) ?? 'EC2';
  const filled = (value: FdlValue | undefined): string => (text(value) ?? '').replaceAll('{account_id}', account);
  return {
    region: text(asMap(written['batch'])['region']) ?? region,
    vcpus: number(batch['vcpus'], 1),
    memory: number(batch['memory'], 1024),
    gpu: batch['enable_gpu'] === true,
    environment: variables(batch),
    serviceRole: filled(batch['service_role']),
    enabled: batch['state'] !== 'DISABLED',
    ...(nodes['enabled'] === true
      ? { multiNode: { nodes: number(nodes['number_nodes'], 10), main: number(nodes['main_node_index'], 0) } }
      : {}),
    type: type === 'SPOT' || type === 'FARGATE' || type === 'FARGATE_SPOT' ? type : 'EC2',
    subnets: list(resources['subnets']),
    securityGroups: list(resources['security_group_ids']),
    instanceTypes: list(resources['instance_types']),
    instanceRole: filled(resources['instance_role']),
    launchTemplate: text(resources['launch_template_name']) ?? 'faas-supervisor',
    minVCpus: number(resources['min_v_cpus'], 0),
    maxVCpus: number(resources['max_v_cpus'], 2),
    desiredVCpus: number(resources['desired_v_cpus'], 0)
  };
}

function variables(section: FdlMap, without?: RegExp): Record<string, string> {
  const environment = asMap(section['environment']);
  const values = asMap(environment['Variables'] ?? environment['variables']);
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => !without?.test(name))
      .map(([name, value]) => [
        name,
        value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
      ])
  );
}

function number(value: FdlValue | undefined, otherwise: number): number {
  return typeof value === 'number'
    ? value
    : typeof value === 'string' && /^\d+$/.test(value)
      ? Number(value)
      : otherwise;
}

function list(value: FdlValue | undefined): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}

function maps(value: FdlValue | undefined): FdlMap[] {
  return Array.isArray(value) ? value.map(item => asMap(item)) : [];
}
