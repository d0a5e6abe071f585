import { redactService, REDACTED, toService, type IOscarService } from '../../src/fdl';
import { fdl, read } from './fixtures';

function write(text: string, version?: string, script?: string): Partial<IOscarService> {
  const document = read(text);
  return toService(document.oscar[0], { document, version, script });
}

const EXPOSED = fdl(
  'expose:\n  min_scale: 1\n  max_scale: 2\n  cpu_threshold: 80\n  api_port: [8080]\n  probe_mode: direct\n  auth_type: basic'
);

describe('toService', () => {
  it('writes texts as they were written', () => {
    const service = write(
      fdl('cpu: 1.0\nmemory: 512\nenvironment:\n  variables: {A: 010, B: yes, C: true, D: 1e3, E: }'),
      undefined,
      'a\r\nb\r\n'
    );
    expect(service.cpu).toBe('1.0');
    expect(service.memory).toBe('512');
    expect(service.environment?.variables).toEqual({ A: '010', B: 'yes', C: 'true', D: '1e3', E: '' });
    expect(service.script).toBe('a\nb\n');
  });

  it('follows the order of the server', () => {
    expect(Object.keys(write(fdl("log_level: debug\ncpu: '1'\nmemory: 1Gi"), undefined, 's'))).toEqual([
      'name',
      'memory',
      'cpu',
      'log_level',
      'image',
      'script'
    ]);
  });

  it.each<[string, unknown]>([
    [
      'v4.1.2',
      { min_scale: 1, max_scale: 2, cpu_threshold: 80, api_port: [8080], probe_mode: 'direct', auth_type: 'basic' }
    ],
    [
      'devel',
      { min_scale: 1, max_scale: 2, cpu_threshold: 80, api_port: [8080], probe_mode: 'direct', auth_type: 'basic' }
    ],
    ['4.0.0', { min_scale: 1, max_scale: 2, cpu_threshold: 80, api_port: 8080, probe_mode: 'direct' }],
    ['3.6.5', { min_scale: 1, max_scale: 2, cpu_threshold: 80, api_port: 8080 }]
  ])('writes ports for %s', (version, expose) => {
    expect(write(EXPOSED, version).expose).toEqual(expose);
    expect(write(EXPOSED.replace('[8080]', '8080'), version).expose).toEqual(expose);
  });

  it('writes variables for old and new servers', () => {
    const old = fdl('environment:\n  Variables: {A: b}');
    expect(write(old, '4.1.2').environment).toEqual({ variables: { A: 'b' } });
    expect(write(old.replace('Variables', 'variables'), '3.2.0').environment).toEqual({ Variables: { A: 'b' } });
  });

  it('writes replicas as a federation, and back', () => {
    const old = fdl(
      'replicas:\n- {type: oscar, cluster_id: b, service_name: c, priority: 1}\ndelegation: random\nrescheduler_threshold: 30'
    );
    const federation = {
      group_id: 'cowsay',
      topology: 'star',
      delegation: 'random',
      rescheduler_threshold: 30,
      members: [{ type: 'oscar', cluster_id: 'b', service_name: 'c', priority: 1 }]
    };
    expect(write(old, '4.1.0')).toMatchObject({ federation });
    expect(write(old, '4.1.0')).not.toHaveProperty('replicas');
    const back = write(
      fdl(
        'federation:\n  topology: star\n  delegation: random\n  members:\n  - {type: oscar, cluster_id: b, service_name: c}'
      ),
      '3.6.0'
    ) as Record<string, unknown>;
    expect(back.replicas).toEqual([{ type: 'oscar', cluster_id: 'b', service_name: 'c' }]);
    expect(back.delegation).toBe('random');
    expect(back).not.toHaveProperty('federation');
  });

  it('always names the bucket', () => {
    const text = fdl('input:\n- storage_provider: MinIO\n  path: /in/');
    expect(write(text).input).toEqual([{ storage_provider: 'minio.default', path: 'cowsay/in' }]);
  });

  it('leaves out what the server sets, does not know or must not get', () => {
    const service = write(
      fdl(
        'token: x\nowner: me\nnamespace: n\ncolour: red\nclusters: {a: {auth_password: p}}\nstorage_providers: {}\nvolume: {size: 1Gi, mount_path: /d}'
      ),
      '3.6.0'
    );
    expect(Object.keys(service)).toEqual(['name', 'image']);
  });
});

describe('redactService', () => {
  it('masks every secret and keeps the rest', () => {
    const service = {
      name: 'a',
      token: 'f'.repeat(64),
      environment: {
        variables: { DB_PASSWORD: 'p1', PLAIN: 'x', keyboard: 'y' },
        secrets: { anything: 's1', empty: '' }
      },
      storage_providers: {
        s3: { a: { access_key: 'k1', secret_key: 'k2', region: 'r' } },
        onedata: { b: { token: 't1', space: 's' } },
        webdav: { c: { login: 'l1', password: 'p2' } }
      },
      clusters: { c: { endpoint: 'e', auth_user: 'u1', auth_password: 'p3' } },
      federation: { members: [{ headers: { 'X-Key': 'h1' } }] }
    };
    const text = JSON.stringify(redactService(service));
    for (const secret of ['ffff', 'p1', 's1', 'k1', 'k2', 't1', 'l1', 'p2', 'u1', 'p3', 'h1']) {
      expect(text).not.toContain(`"${secret}`);
    }
    expect(redactService(service)).toMatchObject({
      name: 'a',
      token: REDACTED,
      environment: { variables: { PLAIN: 'x', keyboard: 'y' }, secrets: { empty: '' } },
      storage_providers: { s3: { a: { region: 'r' } } }
    });
    expect(service.token).toHaveLength(64);
  });
});
