import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, temporaryFolder, type IBridge } from '../server/harness';
import { parts, request, result, run, startWithRunner } from './through-bridge';

jest.setTimeout(120_000);

const WORDS = `
def mapper(line):
    for word in line.split():
        yield word, 1

def reducer(key, values):
    return sum(values)
`;

const SQUARES = `
def task(item):
    return item * item
`;

let bridge: IBridge;
beforeAll(async () => {
  bridge = await startWithRunner(temporaryFolder());
});
afterAll(cleanUp);

test('map-reduce, from a file to a result', async () => {
  const file = join(bridge.folder, 'words.txt');
  writeFileSync(file, 'one two three two three three\n'.repeat(20_000));
  const job = await run(bridge, request('mapreduce', WORDS, { input: [{ file: { path: file } }] }));
  expect(job).toMatchObject({ state: 'succeeded', results: 3 });
  const { items, total } = await result(bridge, job.id);
  expect(total).toBe(3);
  expect(Object.fromEntries(items as [string, number][])).toEqual({ one: 20_000, two: 40_000, three: 60_000 });
});

test('high-throughput, every iteration once', async () => {
  const job = await run(bridge, request('htc', SQUARES, { htc: { iterations: 1000 } }));
  expect(job).toMatchObject({ state: 'succeeded', phases: [{ name: 'htc', total: 1000, done: 1000 }] });
  const done = (await parts(bridge, job.id)).filter(part => part.state === 'done');
  const units = done.flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index));
  expect(units.sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  const { items } = await result(bridge, job.id, '?limit=10000');
  expect(items.length).toBeGreaterThan(0);
});
