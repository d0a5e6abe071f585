/**
 * The service definition of OSCAR 4.1, in the order in which the manager writes its JSON
 * (grycap/oscar pkg/types/service.go). One type for the FDL, the client and the embedded cluster.
 */

export interface IStorageIO {
  storage_provider: string;
  path: string;
  suffix?: string[];
  prefix?: string[];
  /** `mount` only: options of rclone. */
  options?: string;
}

export interface IMinIOProvider {
  endpoint: string;
  verify: boolean;
  access_key: string;
  secret_key: string;
  region: string;
}

export interface IS3Provider {
  access_key: string;
  secret_key: string;
  region: string;
}

export interface IStorageProviders {
  s3?: Record<string, IS3Provider>;
  minio?: Record<string, IMinIOProvider>;
  onedata?: Record<string, { oneprovider_host: string; token: string; space: string }>;
  webdav?: Record<string, { hostname: string; login: string; password: string }>;
  rucio?: Record<string, Record<string, string>>;
}

export interface IReplica {
  type: string;
  cluster_id: string;
  service_name: string;
  url: string;
  ssl_verify: boolean;
  priority: number;
  headers: Record<string, string>;
}

export interface IExpose {
  min_scale: number;
  max_scale: number;
  api_port?: number[];
  cpu_threshold: number;
  rewrite_target: boolean;
  nodePort?: number[];
  default_command: boolean;
  set_auth: boolean;
  auth_type?: string;
  health_path: string;
  probe_mode?: string;
}

export interface IFederation {
  group_id: string;
  topology: string;
  delegation?: string;
  rescheduler_threshold?: number;
  members?: IReplica[] | null;
}

export interface IDeployment {
  state: 'pending' | 'ready' | 'degraded' | 'failed' | 'stopped' | 'unavailable';
  reason?: string;
  last_transition_time?: string;
  active_instances: number;
  affected_instances: number;
  resource_kind: string;
}

/** What `GET /system/services/:name` answers. On write, `name`, `image` and `script` are required. */
export interface IOscarService {
  name: string;
  cluster_id: string;
  memory: string;
  cpu: string;
  total_memory: string;
  total_cpu: string;
  ephemeral_storage_request: string;
  enable_gpu: boolean;
  enable_sgx: boolean;
  image_prefetch: boolean;
  synchronous: { min_scale: number; max_scale: number };
  federation?: IFederation;
  log_level: string;
  image: string;
  alpine: boolean;
  /** 64 hex digits, made by the server. */
  token: string;
  /** True means: do NOT download the input file (the name is OSCAR's). */
  file_stage_in: boolean;
  input: IStorageIO[];
  output: IStorageIO[];
  /** The text of the script (in an FDL file: its path). */
  script: string;
  image_pull_secrets?: string[];
  expose: IExpose;
  environment: { variables: Record<string, string>; secrets: Record<string, string> };
  annotations: Record<string, string>;
  vo: string;
  labels: Record<string, string>;
  storage_providers?: IStorageProviders;
  clusters?: Record<string, { endpoint: string; auth_user: string; auth_password: string; ssl_verify: boolean }>;
  owner: string;
  namespace?: string;
  interlink_node_name: string;
  visibility: string;
  allowed_users: string[];
  isolation_level: string;
  bucket_list: string[];
  mount: IStorageIO;
  volume?: { name?: string; size: string; mount_path: string; lifecycle_policy?: string };
  volume_status: { enabled: boolean; name?: string; phase?: string; error?: string };
  deployment?: IDeployment;
  kserve?: Record<string, unknown>;
}

/**
 * Annotation that carries the text of requirements.txt to a cluster with the feature `requirements`. Written by apply only
 * when the cluster has that feature.
 */
export const REQUIREMENTS_ANNOTATION = 'jupyterlab-oscar/requirements';

/** Annotation that asks for a runtime of the embedded cluster: `process` or `container`. */
export const RUNTIME_ANNOTATION = 'jupyterlab-oscar/runtime';
