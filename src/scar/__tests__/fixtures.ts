import type { AwsBatchJob, AwsContext, AwsFunction } from '../../contract';

export function context(change: Partial<AwsContext> = {}): AwsContext {
  return { region: 'eu-west-1', emulator: false, state: 'ready', account: '123456789012', ...change };
}

export function awsFunction(name: string, change: Partial<AwsFunction> = {}): AwsFunction {
  return {
    name,
    arn: `arn:aws:lambda:eu-west-1:123456789012:function:${name}`,
    region: 'eu-west-1',
    state: 'active',
    package: 'image',
    image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/grey:latest',
    memory: 1024,
    timeout: 300,
    mode: 'lambda',
    triggers: [{ bucket: 'photos', prefix: 'in/', suffix: '.jpg', active: true }],
    outputs: [{ provider: 's3', path: 'photos/out' }],
    ours: true,
    ...change
  };
}

export function batchJob(id: string, change: Partial<AwsBatchJob> = {}): AwsBatchJob {
  return {
    id,
    name: `name-${id}`,
    function: 'frames',
    state: 'runnable',
    createdAt: '2026-01-01T00:00:00Z',
    ...change
  };
}
