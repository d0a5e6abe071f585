import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComputeJob, ComputePart } from '../../src/contract';
import { cleanUp, temporaryFolder, until, type IBridge } from '../server/harness';
import { begin, follow, over, parts, request, result, run, startWithRunner } from './through-bridge';

jest.setTimeout(180_000);
afterEach(cleanUp);

/** Each call leaves a line in a file, so that it is known what was done how often. */
const slow = (folder: string, seconds = 0.05): string => `
import time
def task(item):
    with open(${JSON.stringify(join(folder, 'calls.txt'))}, 'a') as file:
        file.write(f'{item}\\n')
    time.sleep(${seconds})
    return item * item
`;

const calls = (folder: string): number[] =>
  readFileSync(join(folder, 'calls.txt'), 'utf8').split('\n').filter(Boolean).map(Number);

async function squares(bridge: IBridge, id: string, count: number): Promise<void> {
  const { items, total } = await result(bridge, id, '?limit=10000');
  expect(total).toBe(items.length);
  const values = (items as { first: number; count: number; value: unknown }[]).flatMap(
    ({ first, count: length, value }) =>
      length === 1 ? [[first, value]] : (value as unknown[]).map((one, index) => [first + index, one])
  );
  expect(values.sort(([a], [b]) => Number(a) - Number(b))).toEqual(
    Array.from({ length: count }, (_, item) => [item, item * item])
  );
}

const half = (job: ComputeJob): boolean => (job.phases[0]?.done ?? 0) >= job.phases[0]?.total / 3;
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

test.each([
  ['killed', 'SIGKILL'],
  ['stopped for ever', 'SIGSTOP']
] as const)('a worker is %s: another does its work', async (_name, signal) => {
  const folder = temporaryFolder();
  const bridge = await startWithRunner(folder);
  const { id } = await begin(bridge, request('htc', slow(folder), { htc: { iterations: 150 }, maxWorkers: 2 }));
  const job = await follow(bridge, id, what => half(what) && what.workers.length > 1);
  const pid = job.workers[0].pid as number;
  process.kill(pid, signal);
  const end = await follow(bridge, id);
  expect(end).toMatchObject({ state: 'succeeded' });
  await squares(bridge, id, 150);
  expect((await parts(bridge, id)).filter(part => part.state === 'lost').length).toBeGreaterThan(0);
  await until('its end', () => !alive(pid));
});

test('the bridge is killed in the middle: the next one goes on and repeats nothing that was done', async () => {
  const folder = temporaryFolder();
  const first = await startWithRunner(folder);
  const { id } = await begin(first, request('htc', slow(folder), { htc: { iterations: 200 }, maxWorkers: 2 }));
  const before = await follow(first, id, half);
  const done = (await parts(first, id)).filter(part => part.state === 'done');
  const pids = before.workers.map(worker => worker.pid as number);
  // One that does not hear that its bridge is gone.
  process.kill(pids[0], 'SIGSTOP');
  await first.kill('SIGKILL');

  const second = await startWithRunner(folder);
  const end = await follow(second, id);
  expect(end).toMatchObject({ state: 'succeeded' });
  expect(end.revision).toBeGreaterThan(0);
  await squares(second, id, 200);
  const after = (await parts(second, id)).filter(part => part.state === 'done');
  const key = (part: ComputePart): string => `${part.part}.${part.attempt}`;
  expect(after.map(key)).toEqual(expect.arrayContaining(done.map(key)));
  const counts = new Map<number, number>();
  calls(folder).forEach(item => counts.set(item, (counts.get(item) ?? 0) + 1));
  for (const part of done) {
    for (let unit = part.first; unit < part.first + part.count; unit++) {
      expect([unit, counts.get(unit)]).toEqual([unit, 1]);
    }
  }
  expect(pids.filter(alive)).toEqual([]);
});

test('map-reduce goes on after the bridge was killed, with the same result', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'text.txt');
  writeFileSync(file, Array.from({ length: 40_000 }, (_, line) => `w${line % 97} w${line % 13} é\n`).join(''));
  const source = `
import time
def mapper(chunk):
    time.sleep(0.3)
    return [(word, 1) for word in chunk.split()]
def reducer(pairs):
    sums = {}
    for key, value in pairs:
        sums[key] = sums.get(key, 0) + int(value)
    return list(sums.items())
`;
  const body = { input: [{ file: { path: file } }], mapreduce: { mappers: 12, minBlock: 1024 }, maxWorkers: 2 };
  const first = await startWithRunner(folder);
  const { id } = await begin(first, request('mapreduce', source, body));
  await follow(first, id, job => (job.phases[0]?.parts.done ?? 0) >= 4 && job.phases.length === 1);
  const done = (await parts(first, id)).filter(part => part.state === 'done');
  await first.kill('SIGKILL');
  const second = await startWithRunner(folder);
  expect(await follow(second, id)).toMatchObject({ state: 'succeeded' });
  const after = (await parts(second, id)).filter(part => part.phase === 'map' && part.state === 'done');
  expect(after.map(part => part.part).sort()).toEqual([...new Set(after.map(part => part.part))].sort());
  expect(after.map(({ part, attempt }) => [part, attempt])).toEqual(
    expect.arrayContaining(done.map(({ part, attempt }) => [part, attempt]))
  );
  const sorted = async (bridge: IBridge, job: string): Promise<unknown[]> =>
    (await result(bridge, job, '?limit=1000')).items.map(item => JSON.stringify(item)).sort();
  const whole = await run(second, request('mapreduce', source, { ...body, fresh: true }));
  expect(await sorted(second, id)).toEqual(await sorted(second, whole.id));
  expect(await sorted(second, id)).toContain('["é",40000]');
});

test('a file of a part that is gone after a crash is made again', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'text.txt');
  writeFileSync(file, 'a b c\n'.repeat(20_000));
  const source = `
import time
def mapper(line):
    for word in line.split():
        yield word, 1
def reducer(key, values):
    time.sleep(1)
    return sum(values)
`;
  const first = await startWithRunner(folder);
  const { id } = await begin(
    first,
    request('mapreduce', source, {
      input: [{ file: { path: file } }],
      mapreduce: { mappers: 4, minBlock: 1024, combiner: 'none' }
    })
  );
  await follow(first, id, job => job.phases.length === 2);
  await first.kill('SIGKILL');
  const shuffle = join(folder, 'data', 'bridge', 'jobs', id, 'shuffle', 'map-1');
  expect(existsSync(shuffle)).toBe(true);
  writeFileSync(shuffle, 'damaged');
  const second = await startWithRunner(folder);
  const end = await follow(second, id);
  expect(end).toMatchObject({ state: 'succeeded' });
  expect(end.notes.join(' ')).toContain('done again');
  const { items } = await result(second, id);
  expect(Object.fromEntries(items as [string, number][])).toEqual({ a: 20_000, b: 20_000, c: 20_000 });
});

test('a part that takes its workers down is given up after three of them', async () => {
  const folder = temporaryFolder();
  const bridge = await startWithRunner(folder);
  const source = `
import os, signal
def task(item):
    if item == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return item
`;
  const job = await run(bridge, request('htc', source, { htc: { iterations: 40 } }));
  expect(job.state).toBe('failed');
  expect(job.error).toMatchObject({ class: 'lost', type: 'SIGKILL', phase: 'htc' });
  expect(job.error?.message).toContain('taken down 3 workers');
});

test('functions that fail: the job says why at once; a retry does what is missing', async () => {
  const folder = temporaryFolder();
  const bridge = await startWithRunner(folder);
  const flag = join(folder, 'full');
  writeFileSync(flag, '');
  const source = `
import os
def task(item):
    if item == 30 and os.path.exists(${JSON.stringify(flag)}):
        raise ValueError('not yet')
    with open(${JSON.stringify(join(folder, 'calls.txt'))}, 'a') as file:
        file.write(f'{item}\\n')
    return item * item
`;
  const job = await run(bridge, request('htc', source, { htc: { iterations: 60, balance: 'fixed', initWorkers: 20 } }));
  expect(job.state).toBe('failed');
  expect(job.error).toMatchObject({ class: 'user', type: 'ValueError', line: 5, attempts: 2 });
  expect(job.error?.message).toContain('not yet');
  const before = (await parts(bridge, job.id)).filter(part => part.state === 'done').length;
  rmSync(flag);
  const answer = await bridge.call(`/v1/jobs/${job.id}/retry`, { method: 'POST' });
  expect(answer.status).toBe(200);
  const end = await follow(bridge, job.id);
  expect(end.state).toBe('succeeded');
  expect(end.error).toBeUndefined();
  expect(new Set(calls(folder)).size).toBe(59 + 1);
  expect(calls(folder).length).toBeLessThanOrEqual(60 + 3 * 2 * 2);
  expect(before).toBeGreaterThan(0);
  await squares(bridge, job.id, 60);
  expect((await bridge.call(`/v1/jobs/${job.id}/retry`, { method: 'POST' })).status).toBe(409);
});

test('memory: a part that takes too much is made smaller until it fits', async () => {
  const folder = temporaryFolder();
  const bridge = await startWithRunner(folder);
  const source = `
def task(first, count, ctx):
    block = bytearray(count * 30_000_000)
    for at in range(0, len(block), 4096):
        block[at] = 1
    import time
    time.sleep(0.4)
    return count
`;
  const job = await run(
    bridge,
    request('htc', source, { htc: { iterations: 8, balance: 'pull' }, memory: 150_000_000, maxWorkers: 1 })
  );
  expect(job.state).toBe('succeeded');
  const done = (await parts(bridge, job.id)).filter(part => part.state === 'done');
  expect(done.reduce((sum, part) => sum + part.count, 0)).toBe(8);
});

test('a job that is over stays over when the bridge starts anew', async () => {
  const folder = temporaryFolder();
  const first = await startWithRunner(folder);
  const job = await run(first, request('htc', 'def task(item):\n    return 1\n', { htc: { iterations: 3 } }));
  await first.kill('SIGKILL');
  const second = await startWithRunner(folder);
  const again = (await second.call(`/v1/jobs/${job.id}`)).json<ComputeJob>();
  expect(over(again)).toBe(true);
  expect(again).toMatchObject({ state: 'succeeded', results: job.results, phases: job.phases, counters: job.counters });
});
