/** A function as it is wanted: what an item of `functions.aws` means, over the defaults of SCAR's configuration. */
import type { FdlMap } from '../fdl';

export type ExecutionMode = 'lambda' | 'lambda-batch' | 'batch';

/**
 * How a function gets its code:
 * - `prepared`: an image of ECR that holds the supervisor already;
 * - `build`: an image that is made here with podman or docker, and pushed to ECR;
 * - `emulated`: the name of an image, whose script the local emulator runs;
 * - `zip`: a Python runtime with layers;
 * - `delegate`: a few lines of ours in a Python runtime of AWS, which start a job in Batch (mode `batch`).
 */
export type Packaging = 'prepared' | 'build' | 'emulated' | 'zip' | 'delegate';

/** Objects that start a function. */
export interface ITrigger {
  bucket: string;
  /** Ends in `/` unless empty. */
  prefix: string;
  /** Empty: every name. */
  suffix: string;
}

export interface IOutput {
  /** As the FDL has it: `s3`, `s3.id`, `minio.id`. */
  provider: string;
  path: string;
  prefix?: string[];
  suffix?: string[];
}

export interface IScript {
  /** Last part of its path. */
  name: string;
  text: string;
}

export interface IApiSpec {
  kind: 'rest' | 'url';
  name: string;
  stage: string;
  authorization: 'NONE' | 'AWS_IAM';
}

export interface IBatchSpec {
  region: string;
  vcpus: number;
  /** MB. */
  memory: number;
  gpu: boolean;
  environment: Record<string, string>;
  serviceRole: string;
  enabled: boolean;
  multiNode?: { nodes: number; main: number };
  type: 'EC2' | 'SPOT' | 'FARGATE' | 'FARGATE_SPOT';
  subnets: string[];
  securityGroups: string[];
  instanceTypes: string[];
  instanceRole: string;
  launchTemplate: string;
  minVCpus: number;
  maxVCpus: number;
  desiredVCpus: number;
}

export interface IFunctionSpec {
  name: string;
  region: string;
  role: string;
  mode: ExecutionMode;
  packaging: Packaging;
  /** Of `zip` and `delegate`. */
  runtime?: string;
  architecture: 'x86_64' | 'arm64';
  memory: number;
  timeout: number;
  ephemeral: number;
  description: string;
  logLevel: string;
  layers: string[];
  variables: Record<string, string>;
  vpc?: { subnets: string[]; securityGroups: string[] };
  fileSystems: { arn: string; path: string }[];
  image: string;
  alpine: boolean;
  /** Seconds that are kept for storing results. */
  threshold: number;
  containerVariables: Record<string, string>;
  script?: IScript;
  triggers: ITrigger[];
  /** The inputs as the supervisor reads them. */
  inputs: FdlMap[];
  outputs: IOutput[];
  /** Entries of `storage_providers` that outputs, and inputs outside S3, name. */
  providers: FdlMap;
  /** Name in Secrets Manager, where there are credentials in `providers` and the entrypoint of an image of ours fetches them. */
  secret?: string;
  /** Bucket that a large package goes through. */
  deploymentBucket?: string;
  api?: IApiSpec;
  /** Days. */
  retention: number;
  batch?: IBatchSpec;
  preheat: boolean;
  supervisor: string;
  deleteImage: boolean;
}

/** Release of faas-supervisor that is used where the FDL says `latest`. */
export const SUPERVISOR = '1.5.8';
/** Runtime of what starts jobs in Batch. */
export const DELEGATE_RUNTIME = 'python3.13';

/** Where the machines of Batch have it. */
export const SUPERVISOR_FOLDER = '/opt/faas-supervisor/bin';

/** True where an image is made here: for Lambda, or, with a secret in mode `batch`, for the jobs alone. */
export function buildsImage(spec: IFunctionSpec): boolean {
  return spec.packaging === 'build' || spec.secret !== undefined;
}

/** True where something of ours starts before the supervisor. */
export function hasEntrypoint(spec: IFunctionSpec): boolean {
  return buildsImage(spec) && (spec.mode === 'lambda-batch' || spec.secret !== undefined);
}
