import { loadS3 } from '../storage/sdk';

/**
 * The clients of AWS, loaded at the time of use: together they are larger than the bridge, and most people never call AWS.
 * `require` instead of `import`: the bundle keeps them in a file of their own.
 */
/* eslint-disable @typescript-eslint/no-require-imports */
export const sdk = {
  lambda: () => require('@aws-sdk/client-lambda') as typeof import('@aws-sdk/client-lambda'),
  apiGateway: () => require('@aws-sdk/client-api-gateway') as typeof import('@aws-sdk/client-api-gateway'),
  batch: () => require('@aws-sdk/client-batch') as typeof import('@aws-sdk/client-batch'),
  logs: () => require('@aws-sdk/client-cloudwatch-logs') as typeof import('@aws-sdk/client-cloudwatch-logs'),
  metrics: () => require('@aws-sdk/client-cloudwatch') as typeof import('@aws-sdk/client-cloudwatch'),
  iam: () => require('@aws-sdk/client-iam') as typeof import('@aws-sdk/client-iam'),
  secrets: () => require('@aws-sdk/client-secrets-manager') as typeof import('@aws-sdk/client-secrets-manager'),
  sts: () => require('@aws-sdk/client-sts') as typeof import('@aws-sdk/client-sts'),
  ecr: () => require('@aws-sdk/client-ecr') as typeof import('@aws-sdk/client-ecr'),
  ec2: () => require('@aws-sdk/client-ec2') as typeof import('@aws-sdk/client-ec2'),
  tags: () =>
    require('@aws-sdk/client-resource-groups-tagging-api') as typeof import('@aws-sdk/client-resource-groups-tagging-api'),
  s3: loadS3,
  credentials: () => require('@aws-sdk/credential-providers') as typeof import('@aws-sdk/credential-providers')
};
/* eslint-enable @typescript-eslint/no-require-imports */
