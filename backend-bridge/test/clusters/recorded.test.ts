import type { IOscarService } from '../../src/fdl';
import type { OscarClient } from '../../src/clusters';
import { readJobs, readService, withoutReadSecrets, writeService } from '../../src/clusters/compat';
import { readLoad } from '../../src/clusters/service-actions';
import { toService } from '../../src/clusters/service-view';
import { filled, recording, Replay } from './replay';

const problem = (type: string): object => ({ problem: { type: `urn:jupyterlab-oscar:problem:${type}` } });

describe('the client against recorded answers of a real cluster', () => {
  let replay: Replay;
  let client: OscarClient;

  beforeEach(async () => {
    replay = new Replay();
    await replay.start();
    client = replay.client();
  });

  afterEach(async () => {
    client.http.dispose();
    await replay.stop();
  });

  it('knows its version, its store, and that it has no features', async () => {
    replay.play('r2-run.json', 'info', 'config');
    expect((await client.info()).version).toBe('v4.1.2');
    const { minio_provider: store } = await client.config();
    expect(store.endpoint).toMatch(/^http/);
    expect([...client.features]).toEqual([]);
    expect(replay.seen[0].authorization).toBe(`Basic ${Buffer.from('oscar:password').toString('base64')}`);
  });

  it('reads every service that was recorded', async () => {
    replay.play('services.json', 'list', 'list-include', 'read-cowsay', 'read-unknown');
    const services = await client.services();
    expect(services.length).toBeGreaterThan(10);
    for (const service of await client.services({ deployment: true })) {
      const view = toService('real', service);
      expect(view).toMatchObject({ name: service.name, cluster: 'real', state: expect.any(String) as unknown });
      expect(JSON.stringify(toService('real', service, { definition: true }))).not.toMatch(/[0-9a-f]{64}/);
    }
    expect(await client.service('cowsay')).toMatchObject({ input: [{ path: 'cowsay/in' }], token: '0f'.repeat(32) });
    expect(await client.service('ghost')).toBeUndefined();
  });

  it.each([
    ['create-duplicate', 'conflict'],
    ['create-bucket-exists', 'conflict'],
    ['create-bad-quantity', 'remote-error'],
    ['create-output-undefined-provider', 'remote-error'],
    ['create-empty-body', 'invalid']
  ])('%s is a problem of type %s with what the cluster said', async (id, type) => {
    const [entry] = replay.play('services.json', id);
    replay.answer('GET /system/info', { status: 200, body: '{"version":"v4.1.2"}' });
    await expect(client.createService({ name: 'x' })).rejects.toMatchObject(problem(type));
    await expect(client.createService({ name: 'x' })).rejects.toMatchObject({
      problem: { cause: entry.response?.body.trim() }
    });
  });

  it('reads jobs in every state, page by page', async () => {
    replay.play('jobs.json', 'list-at-once', 'list-running', 'list-done', 'list-page-1');
    expect((await client.jobs('jobsvc')).jobs.map(job => job.status)).toEqual([
      'Pending',
      'Pending',
      'Pending',
      'Pending'
    ]);
    expect((await client.jobs('jobsvc')).jobs[0]).toMatchObject({
      status: 'Running',
      start_time: '2026-11-21T07:00:00Z'
    });
    expect((await client.jobs('jobsvc')).jobs[0]).toMatchObject({
      status: 'Succeeded',
      finish_time: '2026-11-21T07:00:00Z'
    });
    const page = await client.jobs('jobsvc');
    expect(page.jobs).toHaveLength(70);
    expect(page.next).toBeTruthy();
    replay.answer(`GET /system/logs/jobsvc?page=${encodeURIComponent(page.next ?? '')}`, {
      status: 200,
      body: '{"jobs":{}}'
    });
    expect(await client.jobs('jobsvc', page.next)).toEqual({ jobs: [] });
  });

  it('takes an empty answer with 200 for what it is: not allowed', async () => {
    replay.play('oidc.json', 'logs-other');
    await expect(client.jobs('privone')).rejects.toMatchObject(problem('forbidden'));
  });

  it('knows that a job without a log has none, and does not fail over it', async () => {
    replay.play('jobs.json', 'log', 'log-unknown-job', 'log-unknown-service');
    expect(await client.jobLog('jobsvc', 'nope')).toBeUndefined();
    expect(await client.jobLog('ghost', 'jobsvc-4c1fd0d3-2873-404e-b6aa-ac3deb5fe095')).toBeUndefined();
    expect(await client.jobLog('jobsvc', 'jobsvc-4c1fd0d3-2873-404e-b6aa-ac3deb5fe095')).toContain(
      'hello from the script'
    );
  });

  it('calls /run with the token of the service only, and knows a cluster without it', async () => {
    const service = { name: 'runsvc', token: '0f'.repeat(32) } as IOscarService;
    replay.play('r2-run.json', 'run-base64', 'run-404', 'run-500', 'run-unknown');
    expect((await client.run(service, Buffer.from('aGVsbG8=')))?.toString()).toBe('out:aGVsbG8=');
    expect(replay.seen[0].authorization).toBe(`Bearer ${service.token}`);
    await expect(client.run(service, Buffer.from('x'))).rejects.toMatchObject({ problem: { cause: 'out:boom' } });
    await expect(client.run(service, Buffer.from('x'))).rejects.toMatchObject(problem('remote-error'));
    await expect(client.run({ ...service, name: 'ghost' }, Buffer.from('x'))).rejects.toMatchObject({
      problem: { title: 'The token of the service is not accepted' }
    });
    replay.play('services.json', 'run-no-backend');
    expect(await client.run({ ...service, name: 'syncsvc' }, Buffer.from('x'))).toBeUndefined();
    await expect(client.run({ ...service, token: '' }, Buffer.from('x'))).rejects.toMatchObject(problem('forbidden'));
  });

  it.each([
    ['general.json', 'info-wrong', 'unauthorized'],
    ['oidc.json', 'bad-issuer', 'unauthorized'],
    ['oidc.json', 'bad-not-jwt', 'unauthorized'],
    ['oidc.json', 'read-other', 'forbidden']
  ])('%s %s is %s', async (file, id, type) => {
    const [entry] = replay.play(file, id);
    const call =
      entry.request?.path === '/system/info'
        ? client.info()
        : entry.request?.path === '/system/services'
          ? client.services()
          : client.service('privone');
    await expect(call).rejects.toMatchObject(problem(type));
  });

  it('reads the state and the logs of deployments', async () => {
    const [, logs] = replay.play(
      'services.json',
      'deployment-exposed',
      'deployment-logs-exposed',
      'deployment-job-service'
    );
    replay.answer('GET /system/services/exparray/deployment/logs?tailLines=200', {
      status: 200,
      body: logs.response?.body ?? ''
    });
    expect(await client.deployment('exparray')).toMatchObject({ state: 'ready' });
    expect((await client.deploymentLogs('exparray')).entries.length).toBeGreaterThan(0);
    expect(await client.deployment('minimal')).toMatchObject({ state: 'unavailable' });
  });

  it('reads buckets, also when there are none', async () => {
    replay.play('chain.json', 'list-buckets');
    expect((await client.buckets()).map(bucket => bucket.bucket_name)).toContain('chainb');
    replay.answer('GET /system/buckets', { status: 200, body: 'null' });
    await client.buckets();
    expect(await client.buckets()).toEqual([]);
  });

  it('does not take just any web server for a cluster', async () => {
    replay.answer('GET /system/info', { status: 200, body: '<!doctype html><h1>Welcome to nginx</h1>' });
    await expect(client.info()).rejects.toMatchObject({ problem: { title: 'This is no OSCAR cluster' } });
  });
});

describe('load', () => {
  it('comes from the nested form in cores and bytes', () => {
    const entry = recording('r2-status.json').find(item => item.id === 'status-with-jobs');
    const load = readLoad(JSON.parse(filled(entry?.response?.body ?? '{}')) as Record<string, unknown>);
    expect(load.cpuFree).toBe(3.75);
    expect(load.memoryTotal).toBeGreaterThan(1e6);
    expect(load.jobs).toEqual(expect.any(Number));
  });

  it('comes from the flat form of 3.x', () => {
    expect(
      readLoad({
        numberNodes: 1,
        cpuFreeTotal: 1500,
        memoryFreeTotal: 1024,
        detail: [{ nodeName: 'n', cpuCapacity: '4000', memoryCapacity: '4096' }]
      })
    ).toEqual({ cpuTotal: 4, cpuFree: 1.5, memoryTotal: 4096, memoryFree: 1024 });
  });
});

describe('versions', () => {
  it('reads the bare job map of clusters before 3.6.4, newest first', () => {
    const list = readJobs({
      a: { status: 'Succeeded', creation_time: '2024-01-01T00:00:00Z' },
      b: { status: 'Running', creation_time: '2024-01-02T00:00:00Z' },
      c: { status: 'Pending' }
    });
    expect(list.jobs.map(job => job.name)).toEqual(['c', 'b', 'a']);
    expect(list.next).toBeUndefined();
  });

  it('does not take a job named "jobs" for the list', () => {
    expect(readJobs({ jobs: { status: 'Running' } }).jobs.map(job => job.name)).toEqual(['jobs']);
  });

  it('reads null lists, scalar ports and Variables', () => {
    const service = readService({
      name: 'x',
      input: null,
      output: null,
      allowed_users: null,
      labels: null,
      expose: { api_port: 8080, nodePort: 0 },
      environment: { Variables: { A: '1' } }
    });
    expect(service).toMatchObject({
      input: [],
      output: [],
      allowed_users: [],
      labels: {},
      expose: { api_port: [8080] },
      environment: { variables: { A: '1' }, secrets: {} }
    });
    expect(service.expose.nodePort).toBeUndefined();
  });

  it('writes ports and variables as the version wants them', () => {
    const service = {
      name: 'x',
      expose: { api_port: [8080], nodePort: [30000] },
      environment: { variables: { A: '1' }, secrets: {} }
    } as unknown as Partial<IOscarService>;
    expect(writeService(service, 'v4.1.0')).toMatchObject({ expose: { api_port: [8080] } });
    expect(writeService(service, 'devel')).toMatchObject({ expose: { api_port: [8080] } });
    expect(writeService(service, 'v4.0.0')).toMatchObject({
      expose: { api_port: 8080, nodePort: 30000 },
      environment: { variables: { A: '1' } }
    });
    expect(writeService(service, 'v3.3.0')).toMatchObject({ environment: { Variables: { A: '1' } } });
  });

  it('never writes secrets that were read', () => {
    const service = (secrets: Record<string, string>): Partial<IOscarService> => ({
      name: 'x',
      environment: { variables: { A: '1' }, secrets }
    });
    expect(withoutReadSecrets(service({ KEY: '' })).environment).toEqual({ variables: { A: '1' } });
    expect(withoutReadSecrets(service({ KEY: 'v', OTHER: '' })).environment).toEqual({ variables: { A: '1' } });
    expect(withoutReadSecrets(service({ KEY: 'v' })).environment).toEqual({
      variables: { A: '1' },
      secrets: { KEY: 'v' }
    });
  });
});
