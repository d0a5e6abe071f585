/** The manager's structs, field by field in its order (grycap/oscar pkg/types, v4.1.2; reference: data of test/fixtures/oscar-golden). */
import { bool, field, float, int, int32, int64, list, map, pointer, string, struct } from './go-types';

const StorageIO = struct('types.StorageIOConfig', [
  field('storage_provider', string),
  field('path', string),
  field('suffix', list(string), true),
  field('prefix', list(string), true),
  field('options', string, true)
]);

const MinIO = struct('types.MinIOProvider', [
  field('endpoint', string),
  field('verify', bool),
  field('access_key', string),
  field('secret_key', string),
  field('region', string)
]);

const StorageProviders = struct('types.StorageProviders', [
  field(
    's3',
    map(
      pointer(
        struct('types.S3Provider', [field('access_key', string), field('secret_key', string), field('region', string)])
      )
    ),
    true
  ),
  field('minio', map(pointer(MinIO)), true),
  field(
    'onedata',
    map(
      pointer(
        struct('types.OnedataProvider', [
          field('oneprovider_host', string),
          field('token', string),
          field('space', string)
        ])
      )
    ),
    true
  ),
  field(
    'webdav',
    map(
      pointer(
        struct('types.WebDavProvider', [field('hostname', string), field('login', string), field('password', string)])
      )
    ),
    true
  ),
  field(
    'rucio',
    map(
      pointer(
        struct(
          'types.RucioProvider',
          ['host', 'account', 'rse', 'refresh_token', 'auth_host', 'oidc_audience', 'token_endpoint'].map(key =>
            field(key, string)
          )
        )
      )
    ),
    true
  )
]);

export const Replica = struct('types.Replica', [
  field('type', string),
  field('cluster_id', string),
  field('service_name', string),
  field('url', string),
  field('ssl_verify', bool),
  field('priority', int),
  field('headers', map(string))
]);

const ReplicaList = list(Replica, 'types.ReplicaList');

const Clusters = map(
  struct('types.Cluster', [
    field('endpoint', string),
    field('auth_user', string),
    field('auth_password', string),
    field('ssl_verify', bool)
  ])
);

const Federation = struct('types.Federation', [
  field('group_id', string),
  field('topology', string),
  field('delegation', string, true),
  field('rescheduler_threshold', int, true),
  field('members', ReplicaList, true)
]);

const Kserve = struct('types.Kserve', [
  field('type', string),
  field(
    'inference',
    pointer(struct('types.KserveInference', [field('model_format', string), field('runtime', string, true)])),
    true
  ),
  field('llm_inference', pointer(struct('types.KserveLLMInference', [field('runtime_image', string, true)])), true),
  field('storage_uri', string),
  field('api_version', string, true, 'v1'),
  field('min_scale', int, true),
  field('max_scale', int, true, 1),
  field('cpu', string, false, '0.2'),
  field('memory', string, false, '256Mi'),
  field('args', list(string), true),
  field('env', map(string), true),
  field('enable_gpu', bool, true),
  field('set_auth', bool, true, true)
]);

export const Deployment = struct('types.ServiceDeploymentSummary', [
  field('state', string),
  field('reason', string, true),
  field('last_transition_time', string, true),
  field('active_instances', int),
  field('affected_instances', int),
  field('resource_kind', string),
  // Ours; absent in answers of a strict cluster.
  field('progress', float, true)
]);

export const Service = struct('types.Service', [
  field('name', string),
  field('cluster_id', string),
  field('memory', string),
  field('cpu', string),
  field('total_memory', string),
  field('total_cpu', string),
  field('ephemeral_storage_request', string),
  field('enable_gpu', bool),
  field('enable_sgx', bool),
  field('image_prefetch', bool),
  field('synchronous', struct('.', [field('min_scale', int), field('max_scale', int)])),
  field('federation', pointer(Federation), true),
  field('log_level', string),
  field('image', string),
  field('alpine', bool),
  field('token', string),
  field('file_stage_in', bool),
  field('input', list(StorageIO)),
  field('output', list(StorageIO)),
  field('script', string, true),
  field('image_pull_secrets', list(string), true),
  field(
    'expose',
    struct('types.Expose', [
      field('min_scale', int32),
      field('max_scale', int32),
      field('api_port', list(int), true),
      field('cpu_threshold', int32),
      field('rewrite_target', bool),
      field('nodePort', list(int32), true),
      field('default_command', bool),
      field('set_auth', bool),
      field('auth_type', string, true),
      field('health_path', string),
      field('probe_mode', string, true)
    ])
  ),
  field('environment', struct('.', [field('variables', map(string)), field('secrets', map(string))])),
  field('annotations', map(string)),
  field('vo', string),
  field('labels', map(string)),
  field('storage_providers', pointer(StorageProviders), true),
  field('clusters', Clusters, true),
  field('owner', string),
  field('namespace', string, true),
  field('interlink_node_name', string),
  field('visibility', string),
  field('allowed_users', list(string)),
  field('isolation_level', string),
  field('bucket_list', list(string)),
  field('mount', StorageIO),
  field(
    'volume',
    pointer(
      struct('types.ServiceVolumeConfig', [
        field('name', string, true),
        field('size', string),
        field('mount_path', string),
        field('lifecycle_policy', string, true)
      ])
    ),
    true
  ),
  field(
    'volume_status',
    struct('types.ServiceVolumeStatus', [
      field('enabled', bool),
      field('name', string, true),
      field('phase', string, true),
      field('error', string, true)
    ])
  ),
  field('deployment', pointer(Deployment), true),
  field('kserve', pointer(Kserve), true)
]);

export const ConfigForUser = struct('types.ConfigForUser', [field('allowed_image_repositories', list(string))]);

export const Bucket = struct('utils.MinIOBucket', [
  field('bucket_name', string),
  field('visibility', string),
  field('allowed_users', list(string)),
  field('owner', string)
]);

export const Presign = struct('buckets.PresignRequest', [
  field('object_key', string),
  field('operation', string),
  field('expires_in', int64),
  field('content_type', string),
  field('extra_headers', map(string))
]);

export const VolumeRequest = struct('types.ManagedVolumeCreateRequest', [field('name', string), field('size', string)]);

export const FederationRequest = struct('types.FederationRequest', [
  field('members', ReplicaList),
  field('update', ReplicaList),
  field('clusters', Clusters),
  field('storage_providers', pointer(StorageProviders)),
  field('delete', bool)
]);

export const FederationResponse = struct('types.FederationResponse', [
  field('topology', string),
  field('members', ReplicaList)
]);

export const QuotaRequest = struct('types.QuotaUpdateRequest', [
  field('cpu', string),
  field('memory', string),
  field('ephemeral_storage', string),
  field('gpu', string),
  field(
    'volumes',
    pointer(
      struct(
        'types.VolumeQuotaUpdate',
        ['disk', 'volumes', 'max_disk_per_volume', 'min_disk_per_volume'].map(key => field(key, string))
      )
    )
  ),
  field(
    'minio',
    pointer(struct('types.MinIOQuotaUpdate', [field('buckets', string), field('storage_per_bucket', string)]))
  )
]);
