import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescriptorEngine } from '../../src/jobs/engines/oscar';
import type { IRoom } from '../clusters/support';
import { LossyTransport, type Fate } from './lossy';
import {
  become,
  finish,
  items,
  openBench,
  request,
  SQUARES,
  units,
  WORDS,
  type IBench,
  type MakeEngine
} from './support';

jest.setTimeout(240_000);

const TEXT = 'one two three two three three\nfour eins zwei\n'.repeat(500);
const LOST: Fate = [];
const TWICE: Fate = [0, 0];
const LATE: Fate = [9000];

let transport: LossyTransport;
let fates: readonly Fate[] = [];
let bench: IBench;
const engines = new WeakMap<object, DescriptorEngine>();

const engine: MakeEngine = (room: IRoom, name) => {
  if (name !== 'oscar:local') {
    return undefined;
  }
  // One for each bridge.
  const known = engines.get(room.clusters);
  if (known) {
    return known;
  }
  transport = new LossyTransport(room, () => fates);
  const made = new DescriptorEngine({
    id: name,
    transport,
    storage: () => room.cluster.storage(),
    place: async () => {
      const storage = await room.cluster.storage();
      const { minio_provider: store } = await room.cluster.client.config();
      if (!(await room.cluster.client.buckets()).some(bucket => bucket.bucket_name === 'shared')) {
        await storage.createBucket('shared');
      }
      return { endpoint: store.endpoint, region: store.region, bucket: 'shared' };
    },
    times: { list: 300, look: 500, grace: 1000, patience: { first: 5, least: 5, factor: 4 } }
  });
  engines.set(room.clusters, made);
  return made;
};

beforeEach(async () => {
  bench = await openBench({ engine });
});
afterEach(async () => {
  await transport.idle();
  await bench.close();
});

test('descriptors that are lost, come twice and late change nothing', async () => {
  const path = join(bench.folder, 'words.txt');
  writeFileSync(path, TEXT);
  const more = { input: [{ file: { path } }], mapreduce: { mappers: 3, reducers: 2 }, maxWorkers: 2 };
  const here = await finish(bench.jobs, request('mapreduce', WORDS, more));
  // The sample, then map parts and reduce parts.
  fates = [LOST, [0], LOST, TWICE, LATE, TWICE, LOST];
  const there = await finish(bench.jobs, request('mapreduce', WORDS, { ...more, engine: 'oscar:local' }));
  expect(await items(bench.jobs, there.id)).toEqual(await items(bench.jobs, here.id));
  expect(there.counters.recordsIn).toBe(here.counters.recordsIn);
  expect(transport.sent.slice(0, 2)).toEqual(['sample-0.1', 'sample-0.1']);
  expect(transport.sent.length).toBeGreaterThan(fates.length);
});

const SLOW = `
import time
def task(item):
    time.sleep(0.3)
    return item * item
`;

test('a bridge that comes after takes over what runs', async () => {
  fates = [];
  const { job } = await bench.jobs.create(
    request('htc', SLOW, {
      engine: 'oscar:local',
      htc: { iterations: 24, balance: 'fixed', initWorkers: 2 },
      maxWorkers: 2
    })
  );
  // Both parts are being worked on.
  await become(bench.jobs, job.id, ({ phases }) => phases[0]?.parts.running === 2);
  const before = transport;
  await bench.restart();
  const done = await become(bench.jobs, job.id, ({ state }) => state === 'succeeded');
  expect(done.results).toBeGreaterThan(0);
  expect(units(bench.jobs, job.id, 'htc')).toEqual(Array.from({ length: 24 }, (_, index) => index));
  const attempts = bench.jobs.parts(job.id, {}).items;
  // Those that were there before have ended well: nothing was begun anew.
  expect(attempts.map(({ attempt, state }) => [attempt, state])).toEqual([
    [1, 'done'],
    [1, 'done']
  ]);
  expect(before.sent.filter(name => name.startsWith('htc'))).toHaveLength(2);
  expect(transport.sent).toEqual([]);
  await before.idle();
});

test('workers of a cancelled job end', async () => {
  fates = [];
  const { job } = await bench.jobs.create(
    request('htc', SLOW.replace('0.3', '600'), { engine: 'oscar:local', htc: { iterations: 2 }, sampleOnly: false })
  );
  await become(bench.jobs, job.id, () => transport?.begun > 0);
  await bench.jobs.cancel(job.id);
  // It would take ten minutes otherwise.
  await transport.idle();
  expect((await bench.jobs.get(job.id)).state).toBe('cancelled');
});

test('htc values are the same with descriptors that come twice', async () => {
  fates = [[0], TWICE, TWICE, TWICE];
  const job = await finish(bench.jobs, request('htc', SQUARES, { engine: 'oscar:local', htc: { iterations: 20 } }));
  expect(units(bench.jobs, job.id, 'htc')).toEqual(Array.from({ length: 20 }, (_, index) => index));
});
