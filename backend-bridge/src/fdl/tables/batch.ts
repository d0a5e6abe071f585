import type { Fields } from './field';

/** Whose account and which region. */
export const account: Fields = {
  boto_profile: { kind: 'string', default: 'default', description: 'Profile of the AWS credentials.' },
  region: { kind: 'string', default: 'us-east-1', description: 'Region of AWS.' }
};

/** Variables as SCAR writes them. */
export const variables: Fields = {
  Variables: { kind: 'string-map', description: 'Names and texts. Here the word begins with a capital.' }
};

/** Settings of AWS Batch. */
export const batch: Fields = {
  ...account,
  vcpus: {
    kind: 'integer',
    unit: 'cores',
    min: 1,
    max: 192,
    default: '1',
    description: 'Virtual cores of a job.'
  },
  memory: { kind: 'integer', unit: 'MB', min: 4, default: '1024', description: 'Memory of a job.' },
  enable_gpu: {
    kind: 'boolean',
    default: 'false',
    description: 'Each job gets a GPU; needs instances that have one.'
  },
  state: {
    kind: 'string',
    values: ['ENABLED', 'DISABLED'],
    default: 'ENABLED',
    description: 'State of the compute environment.'
  },
  type: {
    kind: 'string',
    values: ['MANAGED', 'UNMANAGED'],
    default: 'MANAGED',
    description: 'Kind of the compute environment.'
  },
  service_role: { kind: 'string', description: 'ARN of the role with which Batch calls other services.' },
  environment: { kind: 'object', description: 'Variables of the jobs.', fields: variables },
  multi_node_parallel: {
    kind: 'object',
    description: 'Jobs over several machines (MPI).',
    fields: {
      enabled: { kind: 'boolean', default: 'false', description: 'Jobs run on several nodes.' },
      number_nodes: { kind: 'integer', min: 1, max: 1000, default: '10', description: 'Nodes of a job.' },
      main_node_index: {
        kind: 'integer',
        min: 0,
        default: '0',
        description: 'Number of the node that leads, from 0.'
      }
    }
  },
  compute_resources: {
    kind: 'object',
    description: 'Machines that jobs run on.',
    fields: {
      type: {
        kind: 'string',
        values: ['EC2', 'SPOT', 'FARGATE', 'FARGATE_SPOT'],
        default: 'EC2',
        description: 'Kind of machines.'
      },
      security_group_ids: {
        kind: 'strings',
        description: 'Security groups; needed for Batch, here or in the configuration of SCAR.'
      },
      subnets: {
        kind: 'strings',
        description: 'Subnets; needed for Batch, here or in the configuration of SCAR.'
      },
      desired_v_cpus: {
        kind: 'integer',
        unit: 'cores',
        min: 0,
        default: '0',
        description: 'Virtual cores at the start.'
      },
      min_v_cpus: {
        kind: 'integer',
        unit: 'cores',
        min: 0,
        default: '0',
        description: 'Virtual cores that are kept.'
      },
      max_v_cpus: { kind: 'integer', unit: 'cores', min: 1, default: '2', description: 'Most virtual cores.' },
      instance_types: {
        kind: 'strings',
        default: '[m3.medium]',
        description: 'Kinds of machines, families, or `optimal`.'
      },
      launch_template_name: {
        kind: 'string',
        default: 'faas-supervisor',
        description: 'Launch template of the machines.'
      },
      instance_role: { kind: 'string', description: 'ARN of the instance profile of the machines.' }
    }
  }
};
