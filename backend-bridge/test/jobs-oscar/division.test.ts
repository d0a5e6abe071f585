import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComputeJob } from '../../src/contract';
import { become, finish, openBench, request, units, type IBench } from './support';

jest.setTimeout(240_000);

let bench: IBench;
beforeEach(async () => {
  bench = await openBench({ workers: 4 });
});
afterEach(() => bench.close());

const RANDOM = `
import time
def task(first, count, ctx):
    time.sleep(0.001)
    return [first, count, sum(ctx.rng.random() for _ in range(count))]
`;

const values = async (job: ComputeJob): Promise<unknown[]> => {
  const { items, total } = await bench.jobs.result(job.id, 0, 20_000);
  expect(items).toHaveLength(total);
  return items;
};

/** Ends one worker while it works on something that is not its first. */
async function killOne(id: string): Promise<void> {
  const { workers } = await become(
    bench.jobs,
    id,
    job => job.workers.some(({ parts, pid }) => parts > 1 && pid !== undefined),
    60
  );
  process.kill(workers.find(({ parts }) => parts > 1)?.pid as number, 'SIGKILL');
}

test('the same seed gives the same result with one worker, with four of which one is killed, and on a cluster', async () => {
  const htc = { iterations: 12_001, seed: 5 };
  const one = await finish(bench.jobs, request('htc', RANDOM, { htc, maxWorkers: 1 }));
  const expected = await values(one);
  expect(expected).toHaveLength(6001);
  const { job: four } = await bench.jobs.create(request('htc', RANDOM, { htc, maxWorkers: 4, fresh: true }));
  await killOne(four.id);
  await become(bench.jobs, four.id, ({ state }) => state === 'succeeded');
  expect(bench.jobs.parts(four.id, {}).items.map(({ state }) => state)).toContain('lost');
  expect(await values(four)).toEqual(expected);
  const shared = await finish(bench.jobs, request('htc', RANDOM, { htc: { ...htc, balance: 'ruper' }, fresh: true }));
  expect(await values(shared)).toEqual(expected);
  const there = await finish(bench.jobs, request('htc', RANDOM, { htc, engine: 'oscar:local' }));
  expect(await values(there)).toEqual(expected);
});

const SLOW = `
import os, time
def task(item):
    with open(os.environ['COUNTED'], 'a') as file:
        file.write(f'{item}\\n')
    time.sleep(0.02)
    return item
`;

describe('what a worker had told', () => {
  let counted: string;
  const shares = { htc: { iterations: 600, balance: 'ruper' as const }, maxWorkers: 2, fresh: true };
  /** Iterations that were done twice. */
  const twice = (): number => readFileSync(counted, 'utf8').split('\n').length - 1 - 600;
  const begin = async (): Promise<ComputeJob> => {
    counted = join(bench.folder, 'counted.txt');
    const source = SLOW.replace("os.environ['COUNTED']", JSON.stringify(counted));
    const { job } = await bench.jobs.create(request('htc', source, shares));
    // Each has half of it as one range, and has told of a second of work.
    return become(bench.jobs, job.id, ({ phases, workers }) => (phases[0]?.doing ?? 0) > 150 && workers.length === 2);
  };
  const checkAll = async (id: string): Promise<void> => {
    const done = await become(bench.jobs, id, ({ state }) => state === 'succeeded');
    expect(units(bench.jobs, id, 'htc')).toEqual(Array.from({ length: 600 }, (_, index) => index));
    expect((await values(done)).map(item => (item as { value: number }).value)).toEqual(units(bench.jobs, id, 'htc'));
  };

  test('counts when it is killed: it loses what it had not told of', async () => {
    const { id, workers } = await begin();
    process.kill(workers[0].pid as number, 'SIGKILL');
    await checkAll(id);
    const { items } = bench.jobs.parts(id, {});
    const lost = items.find(({ state }) => state === 'lost');
    expect(items.find(({ state, first }) => state === 'done' && first === lost?.first)?.count).toBeGreaterThan(20);
    // Two seconds of its work at the most, on a machine that may be busy.
    expect(twice()).toBeLessThan(100);
  });

  test('counts when the bridge is gone', async () => {
    const { id } = await begin();
    await bench.restart();
    await checkAll(id);
    expect(twice()).toBeLessThan(200);
    expect(twice()).toBeGreaterThan(0);
  });
});
