import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createJobs, createDeployments } from '../../src/local-cluster/runtime';
import type { IJobs } from '../../src/local-cluster/interfaces';
import { Namespaces } from '../../src/local-cluster/runtime/namespaces';
import { place, service, until } from './support';

let at: ReturnType<typeof place>;
let jobs: IJobs;
/** Asked before the tests are named, so that what cannot run here is counted as skipped. */
const bound = [
  ['bwrap', '--dev-bind', '/', '/', 'true'],
  ['unshare', '--user', '--map-root-user', '--mount', 'true']
].some(([program, ...args]) => spawnSync(program, args).status === 0);
const whenBound = bound ? test : test.skip;

beforeEach(async () => {
  at = place();
  await at.store.createBucket('data');
  await at.store.put('data', 'a b/c.txt', Buffer.from('one'));
  await at.store.put('data', 'old.txt', Buffer.from('old'));
  jobs = createJobs(at.options);
});

afterEach(async () => {
  await jobs.close();
  rmSync(at.data, { recursive: true, force: true });
});

const MORE = {
  mount: { storage_provider: 'minio.default', path: 'data' },
  volume: { name: 'vol', size: '1Gi', mount_path: '/data/volume' }
};

whenBound(
  'config, buckets, volumes and keys lie where a container has them (where namespaces are allowed)',
  async () => {
    const script = [
      'cat /oscar/config/script.sh | head -1 | tr -d "\\n"; echo',
      'grep ^name: /oscar/config/function_config.yaml',
      'cat "/mnt/data/a b/c.txt"; echo',
      'cat /var/run/secrets/providers/minio.default/secretKey; echo',
      'echo kept >> /data/volume/file; cat /data/volume/file',
      'echo new > /mnt/data/new.txt; echo more >> "/mnt/data/a b/c.txt"; rm /mnt/data/old.txt',
      'echo out > "$TMP_OUTPUT_DIR/x"; cat "$INPUT_FILE_PATH"; id -u; pwd; test -d /usr/bin && echo whole',
      'touch /oscar/config/no 2>/dev/null || echo readonly'
    ].join('\n');
    const places = service('places', script, { ...MORE, output: [{ storage_provider: 'minio', path: 'data/out' }] });
    at.services.set('places', places);
    const first = await until(jobs, jobs.submit(places, '{"a": 1}').name);
    const log = await jobs.log(first.name);
    expect(first.status).toBe('Succeeded');
    expect(log).toContain(`\nname: places\none\nminio-secret\nkept\n{"a": 1}${process.getuid?.()}\n`);
    expect(log).toContain('\nwhole\n');
    expect(at.store.text('data', 'new.txt')).toBe('new\n');
    expect(at.store.text('data', 'a b/c.txt')).toBe('onemore\n');
    expect(at.store.head('data', 'old.txt')).toBeUndefined();
    expect(first.outputs).toEqual(
      expect.arrayContaining([expect.objectContaining({ key: 'new.txt' }), expect.objectContaining({ key: 'out/x' })])
    );
    const second = await until(jobs, jobs.submit(places, '{}').name);
    expect(await jobs.log(second.name)).toContain('\nkept\nkept\n');
    for (const path of ['/oscar', '/mnt/data', '/data/volume', '/run/secrets/providers']) {
      expect(existsSync(path)).toBe(false);
    }
  }
);

test('a program in a namespace is ended like any other', async () => {
  const slow = service(
    'slow',
    'echo up; cat /oscar/config/script.sh >/dev/null; trap "" TERM; while :; do sleep 0.1; done'
  );
  at.services.set('slow', slow);
  const { name } = jobs.submit(slow, '{}');
  await until(jobs, name, job => job.status === 'Running');
  expect(await jobs.cancel(name)).toMatchObject({ cancelled: true, status: 'Failed' });
});

test('without namespaces variables say where things are', async () => {
  jest.spyOn(Namespaces.prototype, 'available').mockResolvedValue(false);
  try {
    const told = service(
      'told',
      'cat "$OSCAR_MOUNT_DIR/old.txt"; echo; echo new > "$OSCAR_MOUNT_DIR/new.txt"; touch "$OSCAR_VOLUME_DIR/x"; cat "$OSCAR_PROVIDERS_DIR/minio.default/accessKey"; echo; echo "$FUNCTION_CONFIG" | base64 -d | grep ^name:',
      MORE
    );
    at.services.set('told', told);
    const job = await until(jobs, jobs.submit(told, '{}').name);
    expect(await jobs.log(job.name)).toContain('\nold\nminio\nname: told\n');
    expect(at.store.text('data', 'new.txt')).toBe('new\n');
    expect(readFileSync(join(at.data, 'volumes', 'vol', 'x'), 'utf8')).toBe('');
  } finally {
    jest.restoreAllMocks();
  }
});

test('both factories with one options object share the machine', async () => {
  const deployments = createDeployments(at.options);
  const server = service('server', 'sleep 30', {
    cpu: '2',
    expose: { ...service('x', '').expose, min_scale: 1, max_scale: 1, api_port: [28099] }
  });
  at.services.set('server', server);
  const small = service('small', 'true');
  at.services.set('small', small);
  deployments.deploy(server);
  await new Promise<void>(resolve => {
    const look = (): void => {
      if (deployments.state('server').reason?.includes('nothing answers')) {
        resolve();
      }
    };
    deployments.onChange(look);
    look();
  });
  const { name } = jobs.submit(small, '{}');
  expect(jobs.get(name)?.reason).toBe('It waits for 0.2 CPUs; 0 CPUs of 2 CPUs are free.');
  await deployments.stop('server');
  expect((await until(jobs, name)).status).toBe('Succeeded');
  await deployments.close();
});
