import { checkFdl, parseFdl, type ICheckContext } from '../../src/fdl';
import { applyFix, fdl, read } from './fixtures';

/** code, text of the service, where (line:column), part of the message, and how the line reads after the fix. */
interface ICase {
  code: string;
  text: string;
  at: string;
  says?: string;
  severity?: 'error' | 'warning' | 'information';
  fixed?: string;
  context?: ICheckContext;
}

const IN = 'input:\n- storage_provider: minio\n  path: cowsay/in';
const EXPOSE = 'expose:\n  min_scale: 1\n  max_scale: 2\n  cpu_threshold: 80\n  api_port: [8080]';

const CASES: ICase[] = [
  { code: 'bad-script-path', text: fdl().replace('script.sh', 'https://x/script.sh'), at: '6:15', says: 'address' },
  { code: 'empty-path', text: fdl('input: [{storage_provider: minio, path: /}]'), at: '7:47', says: 'bucket/folder' },
  { code: 'stage-in', text: fdl(`${IN}\nfile_stage_in: true`), at: '10:22', severity: 'information' },
  {
    code: 'total-too-small',
    text: fdl("cpu: '2'\ntotal_cpu: '1'"),
    at: '8:18',
    severity: 'warning'
  },
  {
    code: 'expose-field-missing',
    text: fdl('expose:\n  min_scale: 1\n  max_scale: 1\n  api_port: [80]'),
    at: '7:7',
    says: 'cpu_threshold: 80',
    severity: 'error'
  },
  {
    code: 'expose-field-missing',
    text: fdl('expose: {min_scale: 1, max_scale: 1, api_port: [80]}'),
    at: '7:7',
    severity: 'error',
    fixed: '      expose: {cpu_threshold: 80, min_scale: 1, max_scale: 1, api_port: [80]}'
  },
  ...['a//b', 'a/b:tag:tag', 'a:b c', 'localhost:5000/', 'a@sha256:12', '-a/b', 'a/b:-x', '<repo/image>'].map(
    (image): ICase => ({ code: 'bad-image', text: fdl().replace('ghcr.io/grycap/cowsay', image), at: '5:14' })
  ),
  {
    code: 'shared-trigger',
    text:
      fdl('input: [{storage_provider: minio, path: shared/in}]') +
      '  - default-cluster:\n      name: other\n      image: a\n      script: s\n      input: [{storage_provider: minio, path: shared/in/deep}]\n',
    at: '12:47',
    severity: 'warning',
    says: 'one folder lies in the other'
  },
  {
    code: 'bad-name',
    text: fdl().replace('name: cowsay', 'name: My_Service'),
    at: '4:13',
    says: 'my-service',
    fixed: '      name: my-service'
  },
  {
    code: 'bad-name',
    text: fdl().replace('name: cowsay', `name: ${'a'.repeat(40)}`),
    at: '4:13',
    says: '40 characters'
  },
  { code: 'missing-field', text: fdl().replace('      image: ghcr.io/grycap/cowsay\n', ''), at: '3:5', says: 'image' },
  { code: 'missing-field', text: fdl().replace('name: cowsay', 'name:'), at: '4:7', says: 'name' },
  { code: 'missing-field', text: fdl().replace('      script: script.sh\n', ''), at: '3:5', says: 'script' },
  {
    code: 'bad-image',
    text: fdl().replace('ghcr.io/grycap/cowsay', 'https://ghcr.io/grycap/cowsay'),
    at: '5:14',
    says: 'https'
  },
  {
    code: 'bad-image',
    text: fdl().replace('ghcr.io/grycap/cowsay', 'ghcr.io/Grycap/cowsay:V1'),
    at: '5:14',
    says: 'lower case'
  },
  {
    code: 'unquoted-quantity',
    text: fdl('cpu: 1.0'),
    at: '7:12',
    severity: 'warning',
    says: "'1.0'",
    fixed: "      cpu: '1.0'"
  },
  { code: 'bad-quantity', text: fdl("cpu: 'two'"), at: '7:12', says: 'not a quantity' },
  { code: 'bad-quantity', text: fdl("cpu: '0'"), at: '7:12' },
  { code: 'bad-quantity', text: fdl('memory: 512MB'), at: '7:15', says: '512M', fixed: "      memory: '512M'" },
  { code: 'bad-quantity', text: fdl('memory: [1]'), at: '7:15' },
  {
    code: 'small-memory',
    text: fdl('memory: 512'),
    at: '7:15',
    severity: 'warning',
    says: '512 bytes',
    fixed: '      memory: 512Mi'
  },
  {
    code: 'unknown-key',
    text: fdl('memmory: 1Gi'),
    at: '7:7',
    says: 'Did you mean memory',
    fixed: '      memory: 1Gi'
  },
  { code: 'unknown-key', text: fdl('CPU: 1'), at: '7:7', fixed: '      cpu: 1' },
  {
    code: 'unknown-key',
    text: fdl().replace('script: script.sh', 'init_script: script.sh'),
    at: '6:7',
    says: 'script',
    fixed: '      script: script.sh'
  },
  { code: 'unknown-key', text: fdl('colour: red'), at: '7:7', severity: 'warning', says: 'ignored' },
  { code: 'unknown-key', text: 'function:\n  oscar: []\nfunctions:\n  aws: []\n', at: '1:1', severity: 'warning' },
  { code: 'unknown-key', text: fdl('', 'storage_provider:\n  s3: {}\n'), at: '7:1', fixed: 'storage_providers:' },
  {
    code: 'unknown-key',
    text: fdl('expose:\n  port: 8080'),
    at: '8:9',
    says: 'api_port',
    fixed: '        api_port: 8080'
  },
  { code: 'wrong-type', text: fdl("enable_gpu: 'yes'"), at: '7:19', fixed: '      enable_gpu: true' },
  {
    code: 'wrong-type',
    text: fdl("synchronous: {max_scale: '3'}"),
    at: '7:32',
    fixed: '      synchronous: {max_scale: 3}'
  },
  {
    code: 'wrong-type',
    text: fdl('image_pull_secrets: docker'),
    at: '7:27',
    fixed: "      image_pull_secrets: ['docker']"
  },
  { code: 'wrong-type', text: fdl('input:\n  storage_provider: minio\n  path: cowsay/in'), at: '7:7', says: 'list' },
  { code: 'wrong-type', text: fdl('environment: [A]'), at: '7:20', says: 'mapping' },
  {
    code: 'unquoted-value',
    text: fdl('environment:\n  variables:\n    COUNT: 010'),
    at: '9:18',
    severity: 'warning',
    fixed: "          COUNT: '010'"
  },
  { code: 'empty-field', text: fdl('memory:'), at: '7:7', severity: 'information' },
  { code: 'read-only-field', text: fdl('token: abc'), at: '7:7', severity: 'warning' },
  { code: 'misplaced-key', text: fdl('clusters: {}'), at: '7:7', severity: 'warning' },
  { code: 'bad-value', text: fdl('log_level: info'), at: '7:18', severity: 'warning', fixed: '      log_level: INFO' },
  { code: 'bad-value', text: fdl('log_level: LOUD'), at: '7:18', severity: 'error', says: 'CRITICAL' },
  { code: 'bad-visibility', text: fdl('visibility: publc'), at: '7:19', fixed: '      visibility: public' },
  {
    code: 'isolation-case',
    text: fdl('isolation_level: user'),
    at: '7:24',
    severity: 'warning',
    fixed: '      isolation_level: USER'
  },
  { code: 'restricted-to-nobody', text: fdl('visibility: restricted'), at: '7:19', severity: 'warning' },
  { code: 'allowed-users-unused', text: fdl('allowed_users: [a]'), at: '7:7', severity: 'warning' },
  { code: 'public-service', text: fdl('visibility: public'), at: '7:19', severity: 'information' },
  {
    code: 'unknown-provider',
    text: fdl(
      'output:\n- storage_provider: s3.mine\n  path: b/out',
      'storage_providers:\n  s3: {mines: {access_key: x, secret_key: x, region: r}}\n'
    ),
    at: '8:27',
    says: 's3.mines',
    fixed: '      - storage_provider: s3.mines'
  },
  {
    code: 'unknown-provider',
    text: fdl('output:\n- storage_provider: onedata\n  path: b/out'),
    at: '8:27',
    says: 'onedata.default'
  },
  {
    code: 'unknown-provider-type',
    text: fdl('output:\n- storage_provider: minnio\n  path: b/out'),
    at: '8:27',
    says: 'minio.default',
    fixed: '      - storage_provider: minio.default'
  },
  { code: 'unknown-provider-type', text: fdl('', 'storage_providers:\n  azure: {a: {b: c}}\n'), at: '8:3' },
  {
    code: 'input-provider',
    text: fdl(
      'input:\n- storage_provider: s3.a\n  path: b/in',
      'storage_providers:\n  s3: {a: {access_key: x, secret_key: x, region: r}}\n'
    ),
    at: '8:27',
    fixed: '      - storage_provider: minio.default'
  },
  {
    code: 'input-provider-minio',
    text: fdl(
      'input:\n- storage_provider: minio.far\n  path: b/in',
      'storage_providers:\n  minio: {far: {endpoint: e, access_key: x, secret_key: x}}\n'
    ),
    at: '8:27',
    severity: 'warning'
  },
  { code: 'filter-on-input', text: fdl(IN + '\n  suffix: [.png]'), at: '10:9', severity: 'warning' },
  {
    code: 'path-without-folder',
    text: fdl('input:\n- storage_provider: minio\n  path: in'),
    at: '9:15',
    severity: 'warning',
    says: 'cowsay/in',
    fixed: '        path: cowsay/in'
  },
  {
    code: 'path-without-folder',
    text: fdl('input:\n- storage_provider: minio\n  path: bucket/'),
    at: '9:15',
    severity: 'error',
    context: { version: '3.6.0' },
    fixed: '        path: bucket/in'
  },
  {
    code: 'bad-path',
    text: fdl('input:\n- storage_provider: minio\n  path: b/../in'),
    at: '9:15',
    fixed: '        path: b/in'
  },
  { code: 'bad-bucket-name', text: fdl('input:\n- storage_provider: minio\n  path: My_Bucket/in'), at: '9:15' },
  {
    code: 'output-triggers-itself',
    text: fdl(IN + '\noutput:\n- storage_provider: minio.default\n  path: cowsay/in/done'),
    at: '12:15'
  },
  { code: 'double-input', text: fdl(IN + '\n- storage_provider: minio\n  path: cowsay/in/sub'), at: '11:15' },
  {
    code: 'two-inputs-one-bucket',
    text: fdl(IN + '\n- storage_provider: minio\n  path: cowsay/in2'),
    at: '11:15',
    severity: 'warning'
  },
  {
    code: 'mount-options',
    text: fdl('mount:\n  storage_provider: minio\n  path: data\n  options: --a; rm'),
    at: '10:18'
  },
  {
    code: 'mount-provider',
    text: fdl(
      'mount:\n  storage_provider: onedata.a\n  path: data',
      'storage_providers:\n  onedata: {a: {oneprovider_host: h, token: x, space: s}}\n'
    ),
    at: '8:27'
  },
  {
    code: 'mount-not-private',
    text: fdl(IN + '\nvisibility: public\nmount:\n  storage_provider: minio\n  path: cowsay'),
    at: '13:15'
  },
  { code: 'volume-incomplete', text: fdl('volume:\n  mount_path: /data'), at: '7:7' },
  {
    code: 'volume-path',
    text: fdl('volume:\n  size: 1Gi\n  mount_path: data'),
    at: '9:21',
    fixed: '        mount_path: /data'
  },
  { code: 'volume-path', text: fdl('volume:\n  size: 1Gi\n  mount_path: /oscar/config/x'), at: '9:21' },
  {
    code: 'volume-policy',
    text: fdl('volume:\n  name: v\n  mount_path: /data\n  lifecycle_policy: retain'),
    at: '10:9'
  },
  { code: 'bad-volume-name', text: fdl('volume:\n  name: V_1\n  mount_path: /data'), at: '8:15' },
  {
    code: 'expose-field-missing',
    text: fdl('expose:\n  min_scale: 1\n  cpu_threshold: 80\n  api_port: [80]'),
    at: '7:7',
    severity: 'error',
    says: 'max_scale'
  },
  {
    code: 'expose-field-missing',
    text: fdl('expose:\n  max_scale: 1\n  cpu_threshold: 80\n  api_port: [80]'),
    at: '7:7',
    severity: 'warning',
    says: 'min_scale'
  },
  {
    code: 'ports-form',
    text: fdl(EXPOSE.replace('[8080]', '8080')),
    at: '11:19',
    severity: 'warning',
    fixed: '        api_port: [8080]'
  },
  {
    code: 'ports-form',
    text: fdl(EXPOSE),
    at: '11:19',
    severity: 'warning',
    context: { version: 'v4.0.0' },
    fixed: '        api_port: 8080'
  },
  {
    code: 'ports-form',
    text: fdl(EXPOSE.replace('[8080]', '[80, 81]')),
    at: '11:19',
    severity: 'error',
    context: { version: '3.6.2' }
  },
  { code: 'bad-port', text: fdl(EXPOSE.replace('8080', '70000')), at: '11:20' },
  { code: 'bad-port', text: fdl(EXPOSE + '\n  nodePort: [80]'), at: '12:20', says: '30000' },
  { code: 'node-port-count', text: fdl(EXPOSE + '\n  nodePort: [30001, 30002]'), at: '12:19' },
  { code: 'scale-order', text: fdl(EXPOSE.replace('min_scale: 1', 'min_scale: 5')), at: '8:20' },
  {
    code: 'bad-scale',
    text: fdl(EXPOSE.replace('max_scale: 2', 'max_scale: 0')),
    at: '9:20',
    fixed: '        max_scale: 1'
  },
  { code: 'bad-threshold', text: fdl(EXPOSE.replace('80\n', '800\n')), at: '10:24' },
  {
    code: 'bad-health-path',
    text: fdl(EXPOSE + '\n  health_path: health'),
    at: '12:22',
    fixed: '        health_path: /health'
  },
  {
    code: 'old-variables',
    text: fdl('environment:\n  Variables:\n    A: b'),
    at: '8:9',
    severity: 'warning',
    fixed: '        variables:'
  },
  { code: 'old-replicas', text: fdl('replicas: []'), at: '7:7', severity: 'warning' },
  {
    code: 'newer-field',
    text: fdl('volume:\n  size: 1Gi\n  mount_path: /d'),
    at: '7:7',
    severity: 'warning',
    context: { version: '3.6.0' },
    says: '4.0'
  },
  {
    code: 'federation-token',
    text: fdl('federation:\n  topology: star\n  members:\n  - type: oscar\n    cluster_id: b\n    service_name: c'),
    at: '7:7'
  },
  {
    code: 'secret-in-plain-text',
    text: fdl('environment:\n  secrets:\n    API: abc'),
    at: '9:16',
    severity: 'warning'
  },
  {
    code: 'secret-in-plain-text',
    text: fdl('', 'storage_providers:\n  s3: {a: {access_key: AKIA, secret_key: shh, region: r}}\n'),
    at: '8:42',
    severity: 'warning'
  },
  {
    code: 'variable-looks-secret',
    text: fdl('environment:\n  variables:\n    DB_PASSWORD: abc'),
    at: '9:24',
    severity: 'warning'
  },
  {
    code: 'reserved-variable',
    text: fdl('environment:\n  variables:\n    INPUT_FILE_PATH: abc'),
    at: '9:11',
    severity: 'warning'
  },
  { code: 'bad-variable-name', text: fdl('environment:\n  variables:\n    A-B: abc'), at: '9:11', severity: 'warning' },
  {
    code: 'cluster-credentials',
    text: fdl('', 'clusters:\n  a:\n    endpoint: https://a\n    auth_user: me\n    auth_password: shh\n'),
    at: '11:20',
    severity: 'warning'
  },
  {
    code: 'provider-overwritten',
    text: fdl('', 'storage_providers:\n  minio: {default: {endpoint: e}}\n'),
    at: '8:11',
    severity: 'information'
  },
  { code: 'bad-label', text: fdl('labels:\n  a: b c'), at: '8:12' },
  { code: 'duplicate-name', text: fdl() + fdl().split('\n').slice(2).join('\n'), at: '8:13' },
  {
    code: 'unknown-cluster',
    text: fdl().replace('default-cluster', 'clouds'),
    at: '3:5',
    severity: 'information',
    context: { clusterIds: ['local', 'cloud'] },
    fixed: '  - cloud:'
  },
  { code: 'script-missing', text: fdl(), at: '6:15', context: { scripts: { 'script.sh': null } } },
  {
    code: 'script-crlf',
    text: fdl(),
    at: '6:15',
    severity: 'warning',
    context: { scripts: { 'script.sh': '#!/bin/sh\r\necho\r\n' } }
  },
  { code: 'script-empty', text: fdl(), at: '6:15', severity: 'warning', context: { scripts: { 'script.sh': ' \n' } } },
  { code: 'script-not-text', text: fdl(), at: '6:15', context: { scripts: { 'script.sh': 'a\0b' } } },
  { code: 'script-too-large', text: fdl(), at: '6:15', context: { scripts: { 'script.sh': 'x'.repeat(1_000_001) } } },
  {
    code: 'script-shebang',
    text: fdl(),
    at: '6:15',
    severity: 'warning',
    context: { scripts: { 'script.sh': '#!/usr/bin/env python3\nprint()\n' } }
  },
  {
    code: 'script-bash',
    text: fdl(),
    at: '6:15',
    severity: 'warning',
    context: { scripts: { 'script.sh': '#!/bin/bash\nif [[ a ]]; then :; fi\n' } }
  },
  {
    code: 'container-path',
    text: fdl(),
    at: '6:15',
    severity: 'warning',
    says: 'Line 2',
    context: { processRuntime: true, scripts: { 'script.sh': '#!/bin/sh\ncp /opt/model/x .\n' } }
  },
  {
    code: 'script-is-text',
    text: fdl().replace('script: script.sh', 'script: |\n        #!/bin/sh\n        echo'),
    at: '6:7'
  },
  {
    code: 'absolute-script-path',
    text: fdl().replace('script.sh', '/home/me/script.sh'),
    at: '6:15',
    severity: 'warning'
  }
];

describe('checkFdl', () => {
  it('finds nothing in a good file', () => {
    const text = fdl(
      `memory: 1Gi\ncpu: '1.0'\n${IN}\noutput:\n- storage_provider: minio.default\n  path: cowsay/out\n  suffix: [.txt]\nenvironment:\n  variables:\n    A: b`
    );
    const { document, problems } = parseFdl(text, { file: 'f' });
    expect([
      ...problems,
      ...checkFdl(document, { scripts: { 'script.sh': '#!/bin/sh\necho\n' }, processRuntime: true })
    ]).toEqual([]);
  });

  it.each(
    CASES.map(
      (item, index) =>
        [`${index} ${item.code} ${item.text.split('\n').slice(6).join(' ').trim().slice(0, 50)}`, item] as const
    )
  )('%s', (_name, item) => {
    const document = read(item.text);
    const found = checkFdl(document, item.context).filter(problem => problem.code === item.code);
    const at = found.map(problem => `${problem.line}:${problem.column}`);
    expect(at).toContain(item.at);
    const problem = found[at.indexOf(item.at)];
    expect(problem.severity).toBe(item.severity ?? 'error');
    expect(problem.file).toBe('fdl.yaml');
    expect(problem.message).toContain(item.says ?? '');
    expect(problem.message).toMatch(/[.?]$/);
    if (item.fixed !== undefined) {
      const fixed = applyFix(item.text, problem.fix?.edits ?? []);
      expect(fixed.split('\n')[problem.line - 1]).toBe(item.fixed);
      expect(parseFdl(fixed).problems).toEqual([]);
      const again = checkFdl(read(fixed), item.context).filter(
        other => other.code === item.code && `${other.line}:${other.column}` === item.at
      );
      expect(again).toEqual([]);
    }
  });

  it('adds a missing line of expose where it belongs', () => {
    const text = fdl('expose:\n  min_scale: 1\n  cpu_threshold: 80\n  api_port: [80]');
    const problem = checkFdl(read(text)).find(item => item.code === 'expose-field-missing');
    const fixed = applyFix(text, problem?.fix?.edits ?? []);
    expect(fixed).toContain('      expose:\n        max_scale: 1\n        min_scale: 1\n');
    expect(checkFdl(read(fixed))).toEqual([]);
  });

  it('names the services of a loop once', () => {
    const service = (name: string, from: string, to: string) =>
      `  - c:\n      name: ${name}\n      image: i\n      script: s\n      input:\n      - {storage_provider: minio, path: ${from}}\n      output:\n      - {storage_provider: minio, path: ${to}}\n`;
    const text = `functions:\n  oscar:\n${service('aaa', 'one/in', 'two/in')}${service('bbb', 'two/in', 'three/in')}${service('ccc', 'three/in', 'one/in/back')}`;
    const loops = checkFdl(read(text)).filter(problem => problem.code === 'loop');
    expect(loops).toHaveLength(1);
    expect(loops[0].message).toContain('aaa → bbb → ccc → aaa');
  });

  it('sees services that are there already', () => {
    const text = fdl('input:\n- storage_provider: minio\n  path: other/in');
    const other = { name: 'other', input: [{ storage_provider: 'minio', path: 'other/in' }], output: [] } as never;
    expect(checkFdl(read(text), { deployed: [other] }).map(problem => problem.code)).toEqual(['shared-trigger']);
  });

  it('gives each problem in the order of the text', () => {
    const lines = checkFdl(read(fdl('zzz: 1\nvisibility: no\nmemory: x').replace('cowsay', 'Cow'))).map(
      problem => problem.line
    );
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
  });
});
