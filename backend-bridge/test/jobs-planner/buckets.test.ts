import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { ComputeJob, ObjectPage } from '../../src/contract';
import { follow, request, result, RUNNER } from '../jobs/through-bridge';
import { cleanUp, start, temporaryFolder, type IBridge } from '../server/harness';

jest.setTimeout(180_000);

const COUNT = `
def mapper(line):
    yield line.split(",")[0], 1
def reducer(key, values):
    return sum(values)
`;
const BUCKETS = '/v1/clusters/local/buckets';

let bridge: IBridge;
beforeAll(async () => {
  const folder = temporaryFolder();
  bridge = await start({
    folder,
    handshake: {
      contentsRoot: folder,
      runner: RUNNER,
      localCluster: { enabled: true, strict: false, runtime: 'process', cpus: 2, memory: 1024 ** 3 }
    }
  });
  for (const name of ['jobs-in', 'jobs-out']) {
    expect((await bridge.call(BUCKETS, { json: { name } })).status).toBe(201);
  }
  const rows = Array.from({ length: 60_000 }, (_, i) => `k${i % 5},${i},ñ\n`).join('');
  await put('jobs-in/data/rows 1+1.txt', Buffer.from(rows));
  await put('jobs-in/data/more/rows.txt.gz', gzipSync(rows));
  await put('jobs-in/data/_SUCCESS', Buffer.alloc(0));
});
afterAll(cleanUp);

async function put(place: string, body: Buffer): Promise<void> {
  const [bucket, ...key] = place.split('/');
  const answer = await bridge.call(`${BUCKETS}/${bucket}/objects/${key.map(encodeURIComponent).join('/')}`, {
    method: 'PUT',
    body
  });
  expect(answer.status).toBeLessThan(300);
}

async function run(more: Parameters<typeof request>[2]): Promise<ComputeJob> {
  const answer = await bridge.call('/v1/jobs', { json: request('mapreduce', COUNT, more) });
  return follow(bridge, answer.json<ComputeJob>().id);
}

const expected = new Map(['k0', 'k1', 'k2', 'k3', 'k4'].map(key => [key, 24_000]));

test('workers read ranges of objects and compressed objects, and the result is in a bucket', async () => {
  const job = await run({
    input: [{ bucket: 'jobs-in', prefix: 'data/' }],
    output: { bucket: 'jobs-out', prefix: 'counts' },
    mapreduce: { mappers: 7, reducers: 2 }
  });
  expect(job.problem ?? job.error).toBeUndefined();
  expect(job.phases[0].parts.done).toBeGreaterThan(4);
  const page = await result(bridge, job.id);
  expect(new Map(page.items as [string, number][])).toEqual(expected);
  const { items } = (await bridge.call(`${BUCKETS}/jobs-out/objects?prefix=counts/`)).json<ObjectPage>();
  expect(items.map(item => item.key).sort()).toEqual(
    ['0_results', '1_results', '_SUCCESS', '_manifest.json'].map(name => `counts/${name}`)
  );
  const again = await run({
    input: [{ bucket: 'jobs-out', prefix: 'counts/' }],
    output: { bucket: 'jobs-out', prefix: 'counts' }
  });
  expect(again).toMatchObject({ state: 'failed', problem: { status: 409 } });
});

test('a pattern, and one key of a named cluster', async () => {
  for (const input of [
    [{ bucket: 'jobs-in', glob: '**/*.gz' }],
    [{ bucket: 'jobs-in', key: 'data/rows 1+1.txt', cluster: 'local' }]
  ]) {
    const job = await run({ input });
    expect(job.problem ?? job.error).toBeUndefined();
    const page = await result(bridge, job.id);
    expect(page.items).toHaveLength(5);
  }
});

test('the keys of the store are nowhere but in the environment of workers', async () => {
  const marker = randomBytes(4).toString('hex');
  const answer = await bridge.call('/v1/jobs', {
    json: request(
      'mapreduce',
      `import os\ndef mapper(line):\n    yield os.environ["AWS_SECRET_ACCESS_KEY"], "${marker}"\ndef reducer(key, values):\n    return 1\n`,
      { input: [{ bucket: 'jobs-in', key: 'data/rows 1+1.txt' }] }
    )
  });
  const job = await follow(bridge, answer.json<ComputeJob>().id);
  const { items } = await result(bridge, job.id);
  const [secret] = (items as [string, number][])[0];
  expect(secret.length).toBeGreaterThan(8);
  expect(JSON.stringify(job)).not.toContain(secret);
  expect(bridge.log()).not.toContain(secret);
});
