import { some } from '../sample';
import { eventually, SERVICE, start, temporaryFolder, testOptions, type TestClient } from './cluster';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';

interface IJob {
  status: string;
  reason?: string;
  exit_code?: number;
  outputs?: { bucket: string; key: string; size: number }[];
}

describe.each(some([false, true]))('a service (strict: %s)', strict => {
  let cluster: ILocalCluster;
  let client: TestClient;

  beforeAll(async () => {
    ({ cluster, client } = await start(testOptions(temporaryFolder(), { strict })));
  });
  afterAll(() => cluster?.close());

  it('is made, runs on an upload and by POST /job, and goes', async () => {
    const created = await client.call('POST', '/system/services', {
      ...SERVICE,
      name: 'upper',
      log_level: 'CRITICAL',
      script: '#!/bin/sh\ntr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/out.txt"\necho done\n',
      input: [{ storage_provider: 'minio', path: 'upper/in' }],
      output: [{ storage_provider: 'minio', path: 'upper/out' }]
    });
    expect([created.status, created.text]).toEqual([201, '']);
    const link = await client.call('POST', '/system/buckets/upper/presign', {
      object_key: 'in/a b.txt',
      operation: 'upload'
    });
    expect(link.status).toBe(200);
    const put = await fetch(link.json<{ url: string }>().url, { method: 'PUT', body: 'hello' });
    expect(put.status).toBe(200);
    const jobs = await eventually(async () => {
      const list = (await client.call('GET', '/system/logs/upper')).json<{ jobs: Record<string, IJob> }>().jobs;
      return Object.values(list).some(job => job.status === 'Succeeded') && list;
    }, 'the job succeeds');
    const [name, job] = Object.entries(jobs)[0];
    expect(name).toMatch(/^upper-[0-9a-f-]{36}$/);
    expect('exit_code' in job).toBe(!strict);
    const log = await client.call('GET', `/system/logs/upper/${name}`);
    expect(log.text).toContain('done\n');
    const result = await client.call('POST', '/system/buckets/upper/presign', {
      object_key: 'out/out.txt',
      operation: 'download'
    });
    expect(await (await fetch(result.json<{ url: string }>().url)).text()).toBe('HELLO');

    const token = await client.token('upper');
    const submitted = await client.call('POST', '/job/upper', '{"a":1}', { Authorization: `Bearer ${token}` });
    expect(submitted.status).toBe(201);
    expect(submitted.headers.get('OSCAR-Job') !== null).toBe(!strict);
    const run = await client.call('POST', '/run/upper', Buffer.from('abc').toString('base64'), {
      Authorization: `Bearer ${token}`
    });
    expect(run.status).toBe(200);
    expect(Buffer.from(run.text, 'base64').toString()).toBe('ABC');

    expect((await client.call('DELETE', '/system/services/upper')).status).toBe(204);
    expect((await client.call('GET', '/system/services/upper')).status).toBe(404);
    expect((await client.call('GET', '/system/buckets')).text).toBe('null');
  });
});
