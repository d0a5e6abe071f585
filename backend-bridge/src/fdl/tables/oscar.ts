import type { Fields } from './field';

const path: Fields = {
  storage_provider: {
    kind: 'string',
    required: true,
    names: 'provider',
    description: 'Provider: `minio.default`, or `type.id` with an id of `storage_providers`.'
  },
  path: { kind: 'string', required: true, names: 'path', description: 'Bucket and folder: `bucket/folder`.' },
  suffix: { kind: 'strings', description: 'Outputs only: files that end in one of these are uploaded.' },
  prefix: { kind: 'strings', description: 'Outputs only: files whose name begins with one of these are uploaded.' }
};

const replica: Fields = {
  type: {
    kind: 'string',
    required: true,
    values: ['oscar', 'endpoint'],
    description: 'Another cluster, or any endpoint.'
  },
  cluster_id: { kind: 'string', names: 'cluster', description: 'Id of the other cluster.' },
  service_name: { kind: 'string', names: 'service', description: 'Name of the service there.' },
  url: { kind: 'string', description: 'Address of the endpoint.' },
  ssl_verify: { kind: 'boolean', default: 'true', description: 'Check the certificate of the endpoint.' },
  priority: { kind: 'integer', default: '0', description: 'The lowest is tried first.' },
  headers: { kind: 'string-map', description: 'Headers for the endpoint.' }
};

/** A service of `functions.oscar`, in the order in which the server writes it. */
export const SERVICE_FIELDS: Fields = {
  name: {
    kind: 'string',
    required: true,
    description: 'Name of the service: 1 to 39 lower-case letters, digits and hyphens.'
  },
  cluster_id: {
    kind: 'string',
    names: 'cluster',
    description: 'Id of the cluster; the key above the service says the same.'
  },
  memory: {
    kind: 'quantity',
    unit: 'bytes',
    default: '256Mi',
    description: 'Memory limit of each job, for instance 512Mi or 2Gi.'
  },
  cpu: {
    kind: 'quantity',
    unit: 'cores',
    default: '0.2',
    description: "CPU limit of each job in cores, in quotes: '0.5'."
  },
  total_memory: { kind: 'quantity', unit: 'bytes', description: 'Memory of all jobs together (YuniKorn).' },
  total_cpu: { kind: 'quantity', unit: 'cores', description: 'Cores of all jobs together (YuniKorn).' },
  ephemeral_storage_request: {
    kind: 'quantity',
    unit: 'bytes',
    since: '4.1',
    description: 'Local disk that each job asks for.'
  },
  enable_gpu: { kind: 'boolean', default: 'false', description: 'Each job gets one GPU.' },
  enable_sgx: { kind: 'boolean', default: 'false', description: 'Each job gets an SGX enclave.' },
  image_prefetch: {
    kind: 'boolean',
    default: 'false',
    description: 'Pull the image on every node when the service is made.'
  },
  synchronous: {
    kind: 'object',
    description: 'Scaling of synchronous calls.',
    fields: {
      min_scale: { kind: 'integer', default: '0', description: 'Copies that are kept running.' },
      max_scale: { kind: 'integer', default: '0', description: 'Most copies; 0 is no limit.' }
    }
  },
  replicas: { kind: 'objects', until: '4.1', description: 'Clusters that jobs are passed on to.', fields: replica },
  rescheduler_threshold: {
    kind: 'integer',
    unit: 'seconds',
    until: '4.1',
    description: 'Seconds after which a waiting job is passed on.'
  },
  delegation: {
    kind: 'string',
    until: '4.1',
    values: ['static', 'random', 'load-based'],
    description: 'How a cluster is chosen.'
  },
  federation: {
    kind: 'object',
    since: '4.1',
    description: 'Clusters that share this service.',
    fields: {
      group_id: { kind: 'string', description: 'Name of the group; default: the name of the service.' },
      topology: {
        kind: 'string',
        values: ['none', 'star', 'mesh'],
        default: 'none',
        description: 'Who passes jobs on to whom.'
      },
      delegation: {
        kind: 'string',
        values: ['static', 'random', 'load-based', 'topsis'],
        description: 'How a cluster is chosen.'
      },
      rescheduler_threshold: {
        kind: 'integer',
        unit: 'seconds',
        description: 'Seconds after which a waiting job is passed on.'
      },
      members: { kind: 'objects', fields: replica, description: 'The other clusters.' }
    }
  },
  log_level: {
    kind: 'string',
    values: ['NOTSET', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'],
    default: 'INFO',
    description: 'How much the supervisor says; CRITICAL keeps synchronous answers clean.'
  },
  image: { kind: 'string', required: true, names: 'image', description: 'Container image: `registry/name:tag`.' },
  alpine: { kind: 'boolean', default: 'false', description: 'The image is an Alpine Linux.' },
  token: { kind: 'string', readOnly: true, description: 'Token of the service.' },
  file_stage_in: {
    kind: 'boolean',
    default: 'false',
    description: 'true: do not download the input file (the name says the opposite).'
  },
  input: { kind: 'objects', fields: path, description: 'Folders whose new files start a job.' },
  output: { kind: 'objects', fields: path, description: 'Folders that results are uploaded to.' },
  script: {
    kind: 'string',
    required: true,
    names: 'script',
    description: 'Path of the script, relative to this file.'
  },
  image_pull_secrets: { kind: 'strings', description: 'Secrets of the cluster for private images.' },
  expose: {
    kind: 'object',
    description: 'A long-running service behind a path of the cluster.',
    fields: {
      min_scale: { kind: 'integer', default: '1', description: 'Copies that are kept running.' },
      max_scale: { kind: 'integer', default: '10', description: 'Most copies, at least 1.' },
      api_port: { kind: 'integers', description: 'Ports that the program listens on.' },
      cpu_threshold: {
        kind: 'integer',
        unit: 'percent',
        default: '80',
        description: 'Percentage of CPU at which copies are added, 1 to 100.'
      },
      rewrite_target: { kind: 'boolean', default: 'false', description: 'true: the program sees the whole path.' },
      nodePort: { kind: 'integers', description: 'Ports of the nodes, 30000 to 32767; 0: any.' },
      default_command: {
        kind: 'boolean',
        default: 'false',
        description: "Run the image's own command in place of the script."
      },
      set_auth: { kind: 'boolean', default: 'false', description: 'Ask for the name of the service and its token.' },
      auth_type: {
        kind: 'string',
        since: '4.1',
        values: ['basic', 'forward'],
        default: 'basic',
        description: 'How it is asked for.'
      },
      health_path: { kind: 'string', default: '/', description: 'Path that answers when the program is ready.' },
      probe_mode: {
        kind: 'string',
        since: '4.0',
        values: ['legacy', 'direct'],
        description: 'legacy: probes use the whole path.'
      }
    }
  },
  environment: {
    kind: 'object',
    description: 'Variables and secrets of the script.',
    fields: {
      variables: { kind: 'string-map', description: 'Names and texts.' },
      secrets: { kind: 'string-map', since: '3.4', description: 'As variables, but kept as a secret of the cluster.' }
    }
  },
  annotations: { kind: 'string-map', description: 'Annotations of what the cluster makes.' },
  vo: { kind: 'string', description: 'Virtual organisation (or group) whose members may use the cluster.' },
  labels: { kind: 'string-map', description: 'Labels of what the cluster makes.' },
  storage_providers: { kind: 'any', description: 'Belongs to the top level of the file.' },
  clusters: { kind: 'any', description: 'Belongs to the top level of the file.' },
  owner: { kind: 'string', readOnly: true, description: 'Who made it.' },
  namespace: { kind: 'string', readOnly: true, description: 'Namespace of the cluster.' },
  interlink_node_name: { kind: 'string', description: 'Node of interLink that jobs go to.' },
  visibility: {
    kind: 'string',
    since: '3.6',
    values: ['private', 'public', 'restricted'],
    default: 'private',
    description: 'Who may use it.'
  },
  allowed_users: { kind: 'strings', description: 'Users that a restricted service is for.' },
  isolation_level: {
    kind: 'string',
    since: '3.4',
    values: ['SERVICE', 'USER'],
    description: 'USER: each allowed user gets a bucket of their own.'
  },
  bucket_list: { kind: 'strings', readOnly: true, description: 'Buckets of the users.' },
  mount: {
    kind: 'object',
    since: '3.3',
    description: 'A bucket that is mounted at /mnt/<bucket>.',
    fields: {
      storage_provider: path.storage_provider,
      path: { kind: 'string', required: true, names: 'bucket', description: 'The bucket.' },
      options: { kind: 'string', since: '4.1', description: 'Options of rclone.' }
    }
  },
  volume: {
    kind: 'object',
    since: '4.0',
    description: 'A folder that stays between jobs.',
    fields: {
      name: { kind: 'string', description: 'Name of an existing volume, or of the new one.' },
      size: { kind: 'quantity', unit: 'bytes', description: 'Size of a new volume. Leave it out for an existing one.' },
      mount_path: { kind: 'string', required: true, description: 'Where it is found, an absolute path.' },
      lifecycle_policy: {
        kind: 'string',
        values: ['delete', 'retain'],
        default: 'delete',
        description: 'What happens to it when the service is deleted.'
      }
    }
  },
  volume_status: { kind: 'any', readOnly: true, description: 'State of the volume.' },
  deployment: { kind: 'any', readOnly: true, description: 'State of the deployment.' },
  kserve: {
    kind: 'object',
    since: '4.1',
    description: 'A model served by KServe.',
    fields: {
      type: { kind: 'string', required: true, values: ['inference', 'llm_inference'], description: 'Kind of model.' },
      inference: {
        kind: 'object',
        description: 'A model in one of the usual formats.',
        fields: {
          model_format: { kind: 'string', description: 'Format of the model.' },
          runtime: { kind: 'string', description: 'Runtime that serves it.' }
        }
      },
      llm_inference: {
        kind: 'object',
        description: 'A language model.',
        fields: { runtime_image: { kind: 'string', description: 'Image that serves it.' } }
      },
      storage_uri: { kind: 'string', required: true, description: 'Where the model lies.' },
      api_version: { kind: 'string', values: ['v1', 'v2'], default: 'v1', description: 'Protocol.' },
      min_scale: { kind: 'integer', description: 'Copies that are kept running.' },
      max_scale: { kind: 'integer', default: '1', description: 'Most copies.' },
      cpu: { kind: 'quantity', unit: 'cores', default: '0.2', description: 'Cores of a copy.' },
      memory: { kind: 'quantity', unit: 'bytes', default: '256Mi', description: 'Memory of a copy.' },
      args: { kind: 'strings', description: 'Arguments of the runtime.' },
      env: { kind: 'string-map', description: 'Variables of the runtime.' },
      enable_gpu: { kind: 'boolean', default: 'false', description: 'Each copy gets one GPU.' },
      set_auth: { kind: 'boolean', default: 'true', description: 'Ask for the token of the service.' }
    }
  }
};
