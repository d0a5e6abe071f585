import { checkFdl, type ICheckContext } from '../../src/fdl';
import { applyFix, read } from './fixtures';

interface ICase {
  code: string;
  /** Lines of the function, below `lambda`. */
  lambda?: string;
  /** Parts beside `lambda`. */
  beside?: string;
  /** The whole file in place of one made of the two. */
  text?: string;
  at: string;
  says?: string;
  severity?: 'error' | 'warning' | 'information';
  /** The line after the fix. */
  fixed?: string;
  context?: ICheckContext;
}

const indent = (text: string, by: number) => text.replace(/^(?=.)/gm, ' '.repeat(by));

/** A function without problems, then lines 6 and on are `lambda`. */
function aws(lambda = '', beside = '', top = ''): string {
  return (
    'functions:\n  aws:\n  - lambda:\n      name: grey\n      runtime: python3.11\n' +
    (lambda === '' ? '' : indent(lambda, 6) + '\n') +
    (/^container:/m.test(lambda) ? '' : '      container:\n        image: grycap/imagemagick\n') +
    (beside === '' ? '' : indent(beside, 4) + '\n') +
    top
  );
}

const S3_IN = 'input:\n- storage_provider: s3\n  path: b-one/in';
const named = (name: string) => aws().replace('grey', name);
const runtime = (name: string, lambda = '') => aws(lambda).replace('python3.11', name);

const CASES: ICase[] = [
  { code: 'aws-memory', lambda: 'memory: 64', at: '6:15', says: '128', fixed: '      memory: 128' },
  { code: 'aws-memory', lambda: 'memory: 20000', at: '6:15', fixed: '      memory: 10240' },
  { code: 'aws-memory', lambda: 'memory: 512Mi', at: '6:15', says: '512', fixed: '      memory: 512' },
  { code: 'aws-memory', lambda: 'memory: 512.5', at: '6:15', fixed: '      memory: 513' },
  { code: 'aws-memory', lambda: 'memory: lots', at: '6:15' },
  { code: 'aws-memory-quota', lambda: 'memory: 4096', at: '6:15', severity: 'information' },
  { code: 'out-of-range', lambda: 'timeout: 901', at: '6:16', says: '900', fixed: '      timeout: 900' },
  { code: 'out-of-range', lambda: 'timeout: 0', at: '6:16', fixed: '      timeout: 1' },
  { code: 'out-of-range', lambda: 'ephemeral_storage: 256', at: '6:26', fixed: '      ephemeral_storage: 512' },
  { code: 'out-of-range', lambda: 'ephemeral_storage: 20480', at: '6:26', fixed: '      ephemeral_storage: 10240' },
  { code: 'aws-tmp', lambda: 'ephemeral_storage: 1024', at: '6:7', severity: 'information' },
  { code: 'aws-name', text: named('a b'), at: '4:13', fixed: '      name: a-b' },
  { code: 'aws-name', text: named('a'.repeat(65)), at: '4:13', says: '65' },
  {
    code: 'aws-name',
    text: named('Grey').replace('python3.11', 'image\n      init_script: s.sh'),
    at: '4:13',
    says: 'ECR',
    fixed: '      name: grey'
  },
  {
    code: 'aws-threshold',
    lambda: 'timeout: 60\ncontainer:\n  image: a\n  timeout_threshold: 60',
    at: '9:28'
  },
  { code: 'aws-description', lambda: `description: ${'x'.repeat(257)}`, at: '6:20' },
  { code: 'aws-region', lambda: 'region: spain', at: '6:15' },
  { code: 'aws-role', beside: 'iam:\n  role: arn:aws:iam::123:role/x', at: '9:13' },
  {
    code: 'aws-runtime',
    text: aws().replace('      runtime: python3.11\n', ''),
    at: '3:5',
    severity: 'warning',
    says: 'image'
  },
  { code: 'aws-runtime', text: runtime('python3.7'), at: '5:16', severity: 'warning', fixed: '      runtime: image' },
  { code: 'aws-runtime', text: runtime('nodejs24.x'), at: '5:16', fixed: '      runtime: image' },
  {
    code: 'aws-runtime',
    text: runtime('python3.6', 'execution_mode: batch'),
    at: '5:16',
    severity: 'warning',
    fixed: '      runtime: python3.11'
  },
  { code: 'bad-value', lambda: 'architectures: [aarch64]', at: '6:23', fixed: '      architectures: [arm64]' },
  { code: 'aws-arm', lambda: 'architectures: [arm64]', at: '6:22', severity: 'warning' },
  { code: 'aws-layers', lambda: 'layers: [a, b, c, d, e]', at: '6:15' },
  { code: 'aws-layers', text: runtime('image', 'init_script: s.sh\nlayers: [a]'), at: '7:7', severity: 'warning' },
  { code: 'aws-no-script', text: runtime('image'), at: '3:5', severity: 'warning' },
  { code: 'missing-field', lambda: 'container: {alpine: false}', at: '6:7', says: 'image' },
  { code: 'missing-field', text: 'functions:\n  aws:\n  - lambda:\n      name: a\n', at: '3:5', says: 'container' },
  { code: 'bad-image', lambda: 'container:\n  image: https://a/b', at: '7:16', fixed: '        image: a/b' },
  {
    code: 'aws-image-file',
    text: runtime('image', 'init_script: s\ncontainer:\n  image_file: a.tar'),
    at: '8:21',
    severity: 'warning'
  },
  { code: 'aws-prepared-image', lambda: 'container: {image: a/b, create_image: false}', at: '6:26' },
  { code: 'aws-alpine', lambda: 'container: {image: a/b, alpine: true}', at: '6:39', severity: 'warning' },
  { code: 'script-missing', lambda: 'init_script: s.sh', at: '6:20', context: { scripts: { 's.sh': null } } },
  {
    code: 'script-crlf',
    lambda: 'run_script: s.sh',
    at: '6:19',
    severity: 'warning',
    context: { scripts: { 's.sh': '#!/bin/sh\r\n' } }
  },
  {
    code: 'script-shebang',
    lambda: 'init_script: s.sh',
    at: '6:20',
    severity: 'warning',
    says: 'python3',
    context: { scripts: { 's.sh': '#!/usr/bin/env python3\n' } }
  },
  { code: 'script-is-text', lambda: 'init_script: |\n  #!/bin/sh\n  echo', at: '6:7', says: 'init_script' },
  { code: 'aws-file-system', lambda: 'file_system: [{Arn: a, LocalMountPath: /mnt/x}]', at: '6:7', says: 'vpc' },
  {
    code: 'aws-file-system',
    lambda: 'vpc: {SubnetIds: [a]}\nfile_system: [{Arn: a, LocalMountPath: /data}]',
    at: '7:46'
  },
  {
    code: 'variable-looks-secret',
    lambda: 'environment: {Variables: {API_KEY: abc}}',
    at: '6:42',
    severity: 'warning'
  },
  { code: 'bad-variable-name', lambda: 'environment: {Variables: {a-b: c}}', at: '6:33', severity: 'warning' },
  { code: 'reserved-variable', lambda: 'environment: {Variables: {AWS_REGION: c}}', at: '6:33', severity: 'warning' },
  {
    code: 'aws-variables',
    lambda: 'environment:\n  variables: {A: b}',
    at: '7:9',
    fixed: '        Variables: {A: b}'
  },
  {
    code: 'aws-environment-size',
    lambda: `environment: {Variables: {A: ${'x'.repeat(3000)}}}`,
    at: '3:5',
    severity: 'warning'
  },
  // Storage
  {
    code: 'aws-trigger',
    lambda: 'input:\n- storage_provider: s3.mine\n  path: b-one/in',
    text: undefined,
    at: '7:27',
    severity: 'warning',
    fixed: '      - storage_provider: s3'
  },
  {
    code: 'aws-trigger',
    lambda: 'input: [{storage_provider: minio.mine, path: b-one/in}]',
    at: '6:34',
    severity: 'warning',
    says: 'minio'
  },
  { code: 'unknown-provider', lambda: 'output: [{storage_provider: minio.x, path: b-one/in}]', at: '6:35' },
  { code: 'unknown-provider', lambda: 'output: [{storage_provider: minio, path: b-one/in}]', at: '6:35' },
  { code: 'unknown-provider-type', lambda: 'output: [{storage_provider: ftp, path: b-one/in}]', at: '6:35' },
  {
    code: 'path-without-folder',
    lambda: 'input: [{storage_provider: s3, path: bucket}]',
    at: '6:44',
    severity: 'warning'
  },
  { code: 'bad-bucket-name', lambda: 'input: [{storage_provider: s3, path: Bucket_/in}]', at: '6:44' },
  { code: 'bad-path', lambda: 'input: [{storage_provider: s3, path: b-one/../in}]', at: '6:44' },
  {
    code: 'filter-on-input',
    lambda: 'input: [{storage_provider: s3, path: b-one/in, suffix: [a]}]',
    at: '6:54',
    severity: 'information'
  },
  { code: 'wrong-type', lambda: 'input: b-one/in', at: '6:7', says: 'list' },
  { code: 'wrong-type', lambda: 'input: [b-one/in]', at: '6:15', says: 'mapping' },
  { code: 'missing-field', lambda: 'input: [{storage_provider: s3}]', at: '6:15', says: 'path' },
  {
    code: 'output-triggers-itself',
    lambda: `${S3_IN}\noutput: [{storage_provider: s3, path: b-one/in/x}]`,
    at: '9:45'
  },
  { code: 'double-input', lambda: `${S3_IN}\n- storage_provider: s3\n  path: b-one/in/x`, at: '10:15' },
  {
    code: 'aws-overlapping-trigger',
    text:
      aws(S3_IN) +
      '  - lambda:\n      name: other\n      runtime: python3.11\n      container: {image: a}\n      input: [{storage_provider: s3, path: b-one/in}]\n',
    at: '15:44',
    says: 'grey'
  },
  {
    code: 'loop',
    text:
      aws(`${S3_IN}\noutput: [{storage_provider: s3, path: b-two/in}]`) +
      '  - lambda:\n      name: back\n      runtime: python3.11\n      container: {image: a}\n      input: [{storage_provider: s3, path: b-two/in}]\n      output: [{storage_provider: s3, path: b-one/in}]\n',
    at: '17:45',
    says: 'grey → back → grey'
  },
  {
    code: 'duplicate-name',
    text: aws() + '  - lambda: {name: grey, runtime: python3.11, container: {image: a}}\n',
    at: '8:20'
  },
  // Batch and the rest
  { code: 'bad-value', lambda: 'execution_mode: batsh', at: '6:23', fixed: '      execution_mode: batch' },
  {
    code: 'aws-lambda-batch',
    lambda: 'execution_mode: lambda-batch',
    at: '6:23',
    severity: 'information',
    fixed: '      execution_mode: batch'
  },
  {
    code: 'aws-batch-image',
    text: runtime('image', 'init_script: s\nexecution_mode: batch'),
    at: '7:23',
    severity: 'information'
  },
  { code: 'aws-batch-unused', beside: 'batch: {vcpus: 1}', at: '8:5', severity: 'information' },
  { code: 'aws-batch-network', lambda: 'execution_mode: batch', at: '6:23', severity: 'information', says: 'subnets' },
  { code: 'aws-batch-order', beside: 'batch:\n  compute_resources: {min_v_cpus: 4, max_v_cpus: 2}', at: '9:39' },
  { code: 'aws-batch-order', beside: 'batch:\n  compute_resources: {desired_v_cpus: 4, max_v_cpus: 2}', at: '9:43' },
  { code: 'aws-batch-vcpus', beside: 'batch: {vcpus: 4}', at: '8:20', says: 'max_v_cpus: 4' },
  { code: 'aws-batch-gpu', beside: 'batch: {enable_gpu: true}', at: '8:25', says: 'instance_types' },
  {
    code: 'aws-batch-gpu',
    beside: 'batch: {enable_gpu: true, compute_resources: {type: FARGATE}}',
    at: '8:25',
    says: 'Fargate'
  },
  {
    code: 'aws-fargate',
    beside: 'batch: {compute_resources: {type: FARGATE, instance_types: [m5.large]}}',
    at: '8:64',
    severity: 'warning'
  },
  {
    code: 'aws-fargate',
    beside: 'batch: {multi_node_parallel: {enabled: true}, compute_resources: {type: FARGATE}}',
    at: '8:44'
  },
  {
    code: 'aws-batch-nodes',
    beside: 'batch: {multi_node_parallel: {enabled: true, number_nodes: 3, main_node_index: 3}}',
    at: '8:84'
  },
  { code: 'unknown-key', beside: 'batch: {multi_node_parallel: {enable: true}}', at: '8:35', says: 'enabled' },
  { code: 'out-of-range', beside: 'batch: {vcpus: 0}', at: '8:20' },
  { code: 'aws-api-timeout', beside: 'api_gateway:\n  name: api', at: '9:13', severity: 'information' },
  {
    code: 'aws-retention',
    beside: 'cloudwatch:\n  log_retention_policy_in_days: 20',
    at: '9:37',
    fixed: '      log_retention_policy_in_days: 30'
  },
  // Forms of before SCAR 4
  {
    code: 'legacy-image',
    text: 'functions:\n  aws:\n  - lambda:\n      name: a\n      runtime: python3.11\n      image: b\n',
    at: '6:7',
    says: 'container',
    fixed: '      container:'
  },
  { code: 'missing-lambda', text: 'functions:\n  aws:\n  - name: a\n    container: {image: b}\n', at: '3:5' },
  { code: 'wrong-type', text: 'functions:\n  aws: [grey]\n', at: '2:9' },
  { code: 'wrong-type', text: 'functions:\n  aws:\n  - lambda: grey\n', at: '3:13' },
  { code: 'missing-field', text: 'functions:\n  aws:\n  - iam: {role: ""}\n', at: '3:5', says: 'lambda' },
  { code: 'unknown-key', lambda: 'script: s.sh', at: '6:7', says: 'init_script' }
];

describe('checks of the functions of AWS', () => {
  it.each(
    CASES.map((item, index) => [`${item.code} ${item.lambda ?? item.beside ?? index}`.slice(0, 70), item] as const)
  )('%s', (_, { code, lambda, beside, text: whole, at, says, severity, fixed, context }) => {
    const top = /minio\.mine|s3\.mine/.test(lambda ?? '')
      ? 'storage_providers:\n  s3: {mine: {access_key: x, secret_key: x, region: us-east-1}}\n  minio: {mine: {endpoint: x, access_key: x, secret_key: x}}\n'
      : '';
    const text = whole ?? aws(lambda, beside, top);
    const found = checkFdl(read(text), context);
    const problem = found.find(item => item.code === code && `${item.line}:${item.column}` === at);
    if (!problem) {
      throw new Error(`not found: ${JSON.stringify(found, null, 1)}`);
    }
    expect(problem.severity).toBe(severity ?? 'error');
    expect(problem.message).toContain(says ?? '');
    if (fixed !== undefined) {
      const edits = problem.fix?.edits ?? [];
      const after = applyFix(text, edits);
      expect(after.split('\n')[edits[0].line - 1]).toBe(fixed);
      const again = checkFdl(read(after), context);
      expect(again.filter(item => item.code === code && `${item.line}:${item.column}` === at)).toEqual([]);
    }
  });

  it('finds nothing in a good function', () => {
    const good = `${S3_IN}\nmemory: 1024\ntimeout: 60\nenvironment: {Variables: {A: b}}\noutput: [{storage_provider: s3, path: b-one/out}]`;
    expect(checkFdl(read(aws(good)))).toEqual([]);
  });

  it('takes a hand-over from a service to a function through S3', () => {
    const text =
      aws(`${S3_IN}\noutput: [{storage_provider: s3, path: b-one/out}]`) +
      '  oscar:\n  - default-cluster:\n      name: send\n      image: a/b\n      script: s.sh\n      input: [{storage_provider: minio, path: send/in}]\n' +
      '      output: [{storage_provider: s3.mine, path: b-one/in}]\n' +
      'storage_providers:\n  s3: {mine: {access_key: x, secret_key: x, region: us-east-1}}\n';
    expect(checkFdl(read(text)).filter(item => item.severity === 'error')).toEqual([]);
  });

  it.each([
    ['functions:\n- name: a\n  input: []\n', 'legacy-functions'],
    ['functions:\n  aws: []\nstorage_providers:\n  s3:\n  - name: a\n', 'legacy-providers']
  ])('says what old files have to become: %j', (text, code) => {
    expect(read(text).syntax.map(problem => problem.code)).toContain(code);
  });

  it('names the sections of before SCAR 4', () => {
    const found = checkFdl(read('functions:\n  aws: []\nstorages:\n- name: a\n'));
    expect(found.map(problem => problem.code)).toEqual(['legacy-providers']);
  });
});
