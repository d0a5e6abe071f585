import type { Fields } from './field';

/** Settings of each type of storage provider. */
export const PROVIDER_FIELDS: Readonly<Record<string, Fields>> = {
  minio: {
    endpoint: { kind: 'string', required: true, description: 'Address of the server.' },
    region: { kind: 'string', description: 'Region.' },
    access_key: { kind: 'string', required: true, description: 'Access key.' },
    secret_key: { kind: 'string', required: true, description: 'Secret key.' },
    verify: { kind: 'boolean', default: 'true', description: 'Check the certificate.' }
  },
  s3: {
    access_key: { kind: 'string', required: true, description: 'Access key.' },
    secret_key: { kind: 'string', required: true, description: 'Secret key.' },
    region: { kind: 'string', required: true, description: 'Region.' }
  },
  onedata: {
    oneprovider_host: { kind: 'string', required: true, description: 'Host of the Oneprovider.' },
    token: { kind: 'string', required: true, description: 'Access token.' },
    space: { kind: 'string', required: true, description: 'Space.' }
  },
  webdav: {
    hostname: { kind: 'string', required: true, description: 'Host, without https://.' },
    login: { kind: 'string', required: true, description: 'User.' },
    password: { kind: 'string', required: true, description: 'Password.' }
  },
  rucio: {
    host: { kind: 'string', required: true, description: 'Rucio host.' },
    account: { kind: 'string', required: true, description: 'Account.' },
    rse: { kind: 'string', required: true, description: 'Storage element.' },
    refresh_token: { kind: 'string', description: 'Refresh token.' },
    auth_host: { kind: 'string', description: 'Host that signs in.' },
    oidc_audience: { kind: 'string', description: 'Audience of the token.' },
    token_endpoint: { kind: 'string', description: 'Where tokens are renewed.' }
  }
};

export const CLUSTER_FIELDS: Fields = {
  endpoint: { kind: 'string', required: true, description: 'Address of the cluster.' },
  auth_user: { kind: 'string', description: 'User.' },
  auth_password: { kind: 'string', description: 'Password.' },
  ssl_verify: { kind: 'boolean', default: 'true', description: 'Check the certificate.' }
};

/** The parts of a file. */
export const TOP_LEVEL = ['functions', 'storage_providers', 'clusters'] as const;

export const TOP_DESCRIPTIONS: Readonly<Record<string, string>> = {
  functions: 'Services for OSCAR below `oscar`, functions for AWS below `aws`.',
  'functions/oscar':
    'List of services. Each item is the id of a cluster (or `default-cluster`), and below it the service.',
  'functions/aws': 'List of functions for AWS Lambda and Batch, as SCAR deploys them.',
  storage_providers:
    'Storage that inputs and outputs name as `type.id`: the type, below it ids, below each its settings.',
  clusters: 'Other clusters that services are passed on to, by id. Credentials do not belong here.'
};

export const PROVIDER_DESCRIPTIONS: Readonly<Record<string, string>> = {
  minio: 'MinIO servers besides the one of the cluster, which is always `minio.default`.',
  s3: 'Amazon S3 accounts.',
  onedata: 'Onedata spaces.',
  webdav: 'WebDAV servers, for instance dCache.',
  rucio: 'Rucio storage elements.'
};
