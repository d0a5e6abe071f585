import { statSync } from 'node:fs';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { eventually, SERVICE, start, temporaryFolder, testOptions, type TestClient } from './cluster';

interface IJob {
  status: string;
  exit_code?: number;
  cancelled?: number;
  reason?: string;
  input?: { bucket: string; key: string };
  outputs?: { bucket: string; key: string; size: number }[];
}

describe('better than the original', () => {
  let cluster: ILocalCluster;
  let client: TestClient;
  const job = async (service: string, name: string): Promise<IJob | undefined> =>
    (await client.call('GET', `/system/logs/${service}`)).json<{ jobs: Record<string, IJob> }>().jobs[name];
  const submit = async (service: string, body = '{}'): Promise<string> => {
    const answer = await client.call('POST', `/job/${service}`, body, {
      Authorization: `Bearer ${await client.token(service)}`
    });
    expect(answer.status).toBe(201);
    return answer.headers.get('oscar-job') ?? '';
  };
  const create = async (definition: object): Promise<void> => {
    const answer = await client.call('POST', '/system/services', { ...SERVICE, log_level: 'CRITICAL', ...definition });
    expect([answer.status, answer.text]).toEqual([201, '']);
  };

  beforeAll(async () => {
    ({ cluster, client } = await start(testOptions(temporaryFolder())));
  });
  afterAll(() => cluster?.close());

  it('names what it can do, also on errors and redirects', async () => {
    for (const path of ['/health', '/system/services/', '/system/nothing', '/system/services/ghost']) {
      expect((await client.call('GET', path)).headers.get('OSCAR-Features')).toBe(
        'job-id, live-logs, exit-code, pending-reason, job-cancel, job-outputs, existing-bucket, requirements, data-usage, events'
      );
    }
  });

  it('says which job it made, how it ended, and what it wrote', async () => {
    await create({ name: 'fails', script: 'echo oh no; exit 3' });
    const failed = await submit('fails');
    const ended = await eventually(async () => {
      const seen = await job('fails', failed);
      return seen?.status === 'Failed' && seen;
    }, 'it fails');
    expect(ended).toMatchObject({ exit_code: 3, reason: expect.any(String) });
    expect((await client.call('GET', '/system/logs/fails')).text).not.toMatch(/true|false|null/);

    await create({
      name: 'writes',
      script: 'echo hi > "$TMP_OUTPUT_DIR/a.txt"',
      output: [{ storage_provider: 'minio', path: 'writes/out' }]
    });
    const wrote = await submit('writes');
    const done = await eventually(async () => {
      const seen = await job('writes', wrote);
      return seen?.status === 'Succeeded' && seen;
    }, 'it succeeds');
    expect(done).toMatchObject({ exit_code: 0, outputs: [{ bucket: 'writes', key: 'out/a.txt', size: 3 }] });
  });

  it('streams logs as they are written, from any byte on, and cancels', async () => {
    await create({ name: 'slow', script: 'echo first; sleep 300; echo never' });
    const name = await submit('slow');
    await eventually(async () => (await job('slow', name))?.status === 'Running', 'it runs');
    const live = await fetch(`${cluster.endpoint}/system/logs/slow/${name}?follow=true`, {
      headers: { Authorization: client.basic }
    });
    const reader = live.body!.getReader();
    let text = '';
    while (!text.includes('first')) {
      text += Buffer.from((await reader.read()).value ?? []).toString();
    }
    const rest = reader.read();
    const cancelled = await client.call('POST', `/system/logs/slow/${name}/cancel`);
    expect(cancelled.status).toBe(204);
    // The stream ends with the job.
    let end = await rest;
    while (!end.done) {
      end = await reader.read();
    }
    expect(await job('slow', name)).toMatchObject({ cancelled: 1 });
    const from = await client.call('GET', `/system/logs/slow/${name}?follow=true&from=2`);
    const whole = await client.call('GET', `/system/logs/slow/${name}`);
    expect(from.text).toBe(whole.text.slice(2));
  });

  it('takes buckets that exist, and keeps what was in them before the service', async () => {
    await client.call('POST', '/system/buckets', { bucket_name: 'mine' });
    await create({
      name: 'guest',
      input: [{ storage_provider: 'minio', path: 'mine/in' }],
      output: [{ storage_provider: 'minio', path: 'guest-made/out' }]
    });
    expect((await client.call('DELETE', '/system/services/guest')).status).toBe(204);
    expect((await client.call('GET', '/system/buckets/mine')).status).toBe(200);
    expect((await client.call('GET', '/system/buckets/guest-made')).status).toBe(500);
  });

  it('takes one port where clients of older versions send no list', async () => {
    const expose = { min_scale: 0, max_scale: 0, cpu_threshold: 0, rewrite_target: false, api_port: 0, nodePort: 0 };
    await create({ name: 'unexposed', expose });
    const { expose: kept } = (await client.call('GET', '/system/services/unexposed')).json<{ expose: object }>();
    expect(kept).not.toHaveProperty('api_port');
    await create({
      name: 'port',
      script: 'sleep 60',
      expose: { ...expose, min_scale: 1, max_scale: 1, cpu_threshold: 80, api_port: 8080 }
    });
    expect((await client.call('GET', '/system/services/port')).json()).toMatchObject({ expose: { api_port: [8080] } });
    const odd = await client.call('PUT', '/system/services', { ...SERVICE, name: 'port', expose: { api_port: '80' } });
    expect(odd.status).toBe(400);
    expect((await client.call('DELETE', '/system/services/port')).status).toBe(204);
  });

  it('leaves nothing of a create that fails, and refuses a taken name without touching its secrets', async () => {
    const bad = await client.call('POST', '/system/services', {
      ...SERVICE,
      name: 'half',
      input: [{ storage_provider: 'minio', path: 'half/in' }],
      output: [{ storage_provider: 'minio', path: 'Bad_Bucket/out' }]
    });
    expect(bad.status).toBe(500);
    expect((await client.call('GET', '/system/buckets/half')).status).toBe(500);
    await create({
      name: 'half',
      input: [{ storage_provider: 'minio', path: 'half/in' }],
      environment: { secrets: { KEY: 'right' } },
      script: 'echo "key=$KEY"'
    });
    const again = await client.call('POST', '/system/services', {
      ...SERVICE,
      name: 'half',
      environment: { secrets: { KEY: 'wrong' } }
    });
    expect([again.status, again.text]).toEqual([400, 'A service with the provided name already exists']);
    // A definition that comes back as it was read keeps its secrets, owner and labels.
    const read = (await client.call('GET', '/system/services/half')).json<{
      environment: { secrets: object };
      owner: string;
    }>();
    expect(read.environment.secrets).toEqual({ KEY: '' });
    const { owner, ...without } = read;
    expect((await client.call('PUT', '/system/services', without)).status).toBe(204);
    expect((await client.call('GET', '/system/services/half')).json<{ owner: string }>().owner).toBe(owner);
    const name = await submit('half');
    await eventually(async () => (await job('half', name))?.status === 'Succeeded', 'it runs');
    expect((await client.call('GET', `/system/logs/half/${name}`)).text).toContain('key=right');
  });

  it('tells changes as they happen', async () => {
    const response = await fetch(`${cluster.endpoint}/system/events`, { headers: { Authorization: client.basic } });
    const reader = response.body!.getReader();
    await reader.read();
    await create({ name: 'told' });
    let text = '';
    while (!text.includes('"kind":"service","name":"told"')) {
      text += Buffer.from((await reader.read()).value ?? []).toString();
    }
    const name = await submit('told');
    while (!text.includes(`"kind":"job","name":"${name}"`) || !text.includes('"status":"Succeeded"')) {
      text += Buffer.from((await reader.read()).value ?? []).toString();
    }
    await client.call('DELETE', '/system/services/told');
    while (!text.includes('"name":"told","removed":true')) {
      text += Buffer.from((await reader.read()).value ?? []).toString();
    }
    await reader.cancel();
  });

  it('counts what the local data takes, and clears what is asked for', async () => {
    const usage = (await client.call('GET', '/system/data')).json<{
      path: string;
      buckets: { count: number };
      jobs: { bytes: number };
    }>();
    expect(statSync(usage.path).isDirectory()).toBe(true);
    expect(usage.buckets.count).toBeGreaterThan(0);
    expect(usage.jobs.bytes).toBeGreaterThan(0);
    expect((await client.call('POST', '/system/data/clear', { parts: ['buckets'] })).status).toBe(400);
    expect((await client.call('POST', '/system/data/clear', { parts: ['jobs'] })).status).toBe(204);
  });

  it('shows true values of this machine', async () => {
    const status = (await client.call('GET', '/system/status')).json<{
      cluster: { nodes: { cpu: { capacity_cores: number }; memory: { capacity_bytes: number } }[] };
    }>();
    expect(status.cluster.nodes[0].cpu.capacity_cores).toBe(2000);
    expect(status.cluster.nodes[0].memory.capacity_bytes).toBe(2 ** 30);
  });
});
