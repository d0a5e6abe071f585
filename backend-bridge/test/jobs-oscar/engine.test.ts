import { some } from '../sample';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComputeResultPage } from '../../src/contract';
import { become, finish, items, openBench, request, SQUARES, units, WORDS, type IBench } from './support';

jest.setTimeout(240_000);

const TEXT = 'one two three two three three\nfour eins zwei\n'.repeat(500);
const ENGINE = 'oscar:local';

describe.each(
  some([
    { strict: false, what: 'with features' },
    { strict: true, what: 'as a plain OSCAR' }
  ])
)('on a cluster $what', ({ strict }) => {
  let bench: IBench;
  beforeAll(async () => {
    bench = await openBench({ strict });
  });
  afterAll(() => bench.close());

  test('words of a file of this machine are counted as they are here', async () => {
    const path = join(bench.folder, 'words.txt');
    writeFileSync(path, TEXT);
    const more = { input: [{ file: { path } }], mapreduce: { mappers: 2, reducers: 2 }, maxWorkers: 2 };
    const here = await finish(bench.jobs, request('mapreduce', WORDS, more));
    const there = await finish(bench.jobs, request('mapreduce', WORDS, { ...more, engine: ENGINE }));
    expect(await items(bench.jobs, there.id)).toEqual(await items(bench.jobs, here.id));
    expect(there.counters.recordsIn).toBe(here.counters.recordsIn);
    expect(there.notes.join(' ')).toContain('are copied to the bucket mr-runner-');
    // One service for all of it, and what is removed leaves nothing.
    const names = (await bench.cluster.client.services()).map(({ name }) => name);
    expect(names).toEqual([expect.stringMatching(/^mr-runner-[0-9a-f]{8}$/)]);
    await bench.jobs.remove(there.id);
    const left = await (await bench.cluster.storage()).list(names[0], { prefix: 'jobs/' });
    expect(left.items).toEqual([]);
  });

  test('objects of a bucket are read in place', async () => {
    const storage = await bench.cluster.storage();
    await storage.createBucket('texts');
    await storage.put('texts', 'a/words.txt', Buffer.from(TEXT));
    const job = await finish(
      bench.jobs,
      request('mapreduce', WORDS, { engine: ENGINE, input: [{ bucket: 'texts', prefix: 'a/' }], maxWorkers: 2 })
    );
    const { items: pairs } = await bench.jobs.result(job.id, 0, 100);
    expect(Object.fromEntries(pairs as [string, number][])).toMatchObject({ one: 500, two: 1000, three: 1500 });
    expect(job.notes.join(' ')).not.toContain('copied');
  });

  test('iterations are done once each, with the same values', async () => {
    const more = { htc: { iterations: 40 }, maxWorkers: 2 };
    const here = await finish(bench.jobs, request('htc', SQUARES, more));
    const there = await finish(bench.jobs, request('htc', SQUARES, { ...more, engine: ENGINE }));
    expect(units(bench.jobs, there.id, 'htc')).toEqual(Array.from({ length: 40 }, (_, index) => index));
    const values = ({ items: found }: ComputeResultPage): unknown[] =>
      (found as { value: unknown }[]).flatMap(({ value }) => value);
    const [one, two] = [await bench.jobs.result(here.id, 0, 100), await bench.jobs.result(there.id, 0, 100)];
    expect(values(two)).toEqual(values(one));
    const log: string[] = [];
    for await (const line of bench.jobs.log(there.id, {})) {
      log.push(line);
    }
    expect(log.join('\n')).toContain('item 39');
  });

  test('what runs and what waits ends with its job', async () => {
    const source = 'import time\ndef task(item):\n    time.sleep(600)\n';
    const { job } = await bench.jobs.create(request('htc', source, { engine: ENGINE, htc: { iterations: 4 } }));
    await become(bench.jobs, job.id, ({ phases }) => (phases[0]?.parts.running ?? 0) > 0);
    const { client } = bench.cluster;
    const [{ name }] = await client.services();
    const open = async (): Promise<number> =>
      (await client.jobs(name)).jobs.filter(({ status }) => status === 'Pending' || status === 'Running').length;
    await until(async () => (await open()) > 0);
    expect((await bench.jobs.cancel(job.id)).state).toBe('cancelled');
    await until(async () => (await open()) === 0);
  });
});

async function until(what: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !(await what());) {
    if (Date.now() > end) {
      throw new Error('It did not happen.');
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

test('services of older versions go when nothing uses them any more', async () => {
  const bench = await openBench();
  try {
    const { client } = bench.cluster;
    const [idle, kept, other] = ['mr-runner-00000000', 'mr-runner-11111111', 'mr-runner-of-mine'];
    for (const name of [idle, kept, other]) {
      await client.createService({
        name,
        image: 'docker.io/library/python:3.12-slim',
        cpu: '0.1',
        memory: '128Mi',
        script: '#!/bin/sh',
        output: [{ storage_provider: 'minio.default', path: `${name}/out` }]
      });
    }
    // The result of an earlier job.
    await (await bench.cluster.storage()).put(kept, 'jobs/mr-1/out/0_results', Buffer.from('["a",1]'));
    await finish(bench.jobs, request('htc', SQUARES, { engine: ENGINE, htc: { iterations: 2 } }));
    const names = async (): Promise<string[]> => (await client.services()).map(({ name }) => name).sort();
    await until(async () => !(await names()).includes(idle));
    const left = await names();
    expect(left).toHaveLength(3);
    expect(left).toEqual(expect.arrayContaining([kept, other]));
  } finally {
    await bench.close();
  }
});
