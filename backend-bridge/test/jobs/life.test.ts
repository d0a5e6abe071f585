import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComputeJob } from '../../src/contract';
import { cleanUp, openEvents, start, temporaryFolder, until, type IBridge } from '../server/harness';
import { begin, follow, parts, request, result, run, RUNNER, startWithRunner } from './through-bridge';

jest.setTimeout(120_000);

const SLEEPER = 'import time\ndef task(item):\n    time.sleep(0.1)\n    return item\n';

let bridge: IBridge;
beforeEach(async () => {
  bridge = await startWithRunner(temporaryFolder());
});
afterEach(cleanUp);

const post = async (id: string, verb: string): Promise<ComputeJob> =>
  (await bridge.call(`/v1/jobs/${id}/${verb}`, { method: 'POST' })).json<ComputeJob>();
const gone = (pid: number): boolean => {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
};

test('the same idempotency key: the job that is there, also after its end; not from the page', async () => {
  const body = request('htc', SLEEPER, { htc: { iterations: 5 } });
  const [one, two] = await Promise.all([
    bridge.call('/v1/jobs', { json: body }),
    bridge.call('/v1/jobs', { json: body })
  ]);
  expect([one.status, two.status].sort()).toEqual([200, 201]);
  const { id } = one.json<ComputeJob>();
  expect(two.json<ComputeJob>().id).toBe(id);
  await follow(bridge, id);
  const again = await bridge.call('/v1/jobs', { json: body });
  expect([again.status, again.json<ComputeJob>()]).toMatchObject([200, { id, state: 'succeeded' }]);
  const page = await bridge.call('/v1/jobs', {
    json: request('htc', SLEEPER, { htc: { iterations: 5 } }),
    headers: { 'x-oscar-client': 'page' }
  });
  expect(page.status).toBe(403);
  const { items } = (await bridge.call('/v1/jobs?kind=htc')).json<{ items: ComputeJob[] }>();
  expect(items.map(job => job.id)).toEqual([id]);
  expect((await bridge.call('/v1/jobs?state=failed')).json<{ items: ComputeJob[] }>().items).toEqual([]);
});

test('cancel stops functions that listen and functions that do not', async () => {
  const stubborn = `
import time, os, subprocess
def task(item):
    child = subprocess.Popen(['sleep', '600'])
    print('child', child.pid, flush=True)
    while True:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            pass
`;
  for (const source of [SLEEPER, stubborn]) {
    const { id } = await begin(bridge, request('htc', source, { htc: { iterations: 500 } }));
    const job = await follow(bridge, id, what => what.phases[0]?.parts.running > 0 && what.workers.length > 0);
    if (source === stubborn) {
      await until('the child', async () => (await bridge.call(`/v1/jobs/${id}/log`)).text.includes('child'));
    }
    const log = (await bridge.call(`/v1/jobs/${id}/log`)).text;
    expect(await post(id, 'cancel')).toMatchObject({ id, state: 'cancelled' });
    for (const pid of [...job.workers.map(worker => worker.pid as number), ...numbers(log)]) {
      await until(`the end of ${pid}`, () => gone(pid));
    }
    expect((await bridge.call(`/v1/jobs/${id}/result`)).status).toBe(409);
    expect((await bridge.call(`/v1/jobs/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await bridge.call(`/v1/jobs/${id}`)).status).toBe(404);
  }
});

const numbers = (text: string): number[] => [...text.matchAll(/child (\d+)/g)].map(match => Number(match[1]));

test('pause: nothing new is begun until it is resumed', async () => {
  const { id } = await begin(bridge, request('htc', SLEEPER, { htc: { iterations: 60 }, maxWorkers: 2 }));
  await follow(bridge, id, job => job.phases[0]?.done > 3);
  expect(await post(id, 'pause')).toMatchObject({ state: 'paused' });
  expect((await bridge.call(`/v1/jobs/${id}`, { method: 'DELETE' })).status).toBe(409);
  const still = await follow(bridge, id, job => job.phases[0]?.parts.running === 0);
  const started = (await parts(bridge, id)).length;
  await new Promise(resolve => setTimeout(resolve, 700));
  expect((await bridge.call(`/v1/jobs/${id}`)).json<ComputeJob>().phases[0]).toMatchObject({
    done: still.phases[0].done
  });
  expect((await parts(bridge, id)).length).toBe(started);
  expect(await post(id, 'resume')).toMatchObject({ state: 'running' });
  expect(await follow(bridge, id)).toMatchObject({ state: 'succeeded' });
});

test('a job that is paused stays so when the bridge is killed', async () => {
  const { id } = await begin(bridge, request('htc', SLEEPER, { htc: { iterations: 60 }, maxWorkers: 2 }));
  await follow(bridge, id, job => job.phases[0]?.done > 3);
  await post(id, 'pause');
  await bridge.kill('SIGKILL');
  bridge = await startWithRunner(bridge.folder);
  expect((await bridge.call(`/v1/jobs/${id}`)).json<ComputeJob>()).toMatchObject({ state: 'paused' });
  await new Promise(resolve => setTimeout(resolve, 500));
  expect((await bridge.call(`/v1/jobs/${id}`)).json<ComputeJob>()).toMatchObject({ state: 'paused' });
  expect(await post(id, 'resume')).toMatchObject({ state: 'running' });
  expect(await follow(bridge, id)).toMatchObject({ state: 'succeeded', phases: [{ done: 60 }] });
});

test('two jobs at once; each has its own namespace, log and result', async () => {
  const source = (word: string): string =>
    `import time\nNAME = ${JSON.stringify(word)}\ndef task(item):\n    time.sleep(0.05)\n    print(NAME, item)\n    return NAME\n`;
  const jobs = await Promise.all(
    ['one', 'two'].map(word => begin(bridge, request('htc', source(word), { htc: { iterations: 30 } })))
  );
  const ends = await Promise.all(jobs.map(job => follow(bridge, job.id)));
  for (const [index, word] of ['one', 'two'].entries()) {
    expect(ends[index].state).toBe('succeeded');
    const log = (await bridge.call(`/v1/jobs/${jobs[index].id}/log`)).text;
    const lines = log
      .trim()
      .split('\n')
      .filter(line => line.startsWith('[htc '));
    expect(new Set(lines.map(line => line.replace(/^\[htc \d+\] /, '')))).toEqual(
      new Set(Array.from({ length: 30 }, (_, item) => `${word} ${item}`))
    );
  }
});

test('what an earlier job has made of the same code and input is taken over, unless it is to be made anew', async () => {
  const file = join(bridge.folder, 'text.txt');
  writeFileSync(file, 'a b c\n'.repeat(50_000));
  const source = `
def mapper(line):
    for word in line.split():
        yield word, 1
def reducer(key, values):
    return sum(values)
`;
  const body = { input: [{ file: { path: file } }], mapreduce: { mappers: 4, minBlock: 1024 } };
  const first = await run(bridge, request('mapreduce', source, body));
  const second = await run(bridge, request('mapreduce', source, body));
  expect(second.phases.map(phase => phase.parts.cached)).toEqual(first.phases.map(phase => phase.parts.done));
  expect(second.notes.join(' ')).toContain('taken from an earlier job');
  expect((await result(bridge, second.id)).items).toEqual((await result(bridge, first.id)).items);
  // The files are its own: what happens to the first job does not matter to it.
  expect((await bridge.call(`/v1/jobs/${first.id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await result(bridge, second.id)).total).toBe(3);
  const fresh = await run(bridge, request('mapreduce', source, { ...body, fresh: true }));
  expect(fresh.phases.every(phase => phase.parts.cached === 0)).toBe(true);
  writeFileSync(file, 'a b d\n'.repeat(50_000));
  const changed = await run(bridge, request('mapreduce', source, body));
  expect(changed.phases.every(phase => phase.parts.cached === 0)).toBe(true);
  const other = await run(bridge, request('mapreduce', source.replace('sum(values)', 'sum(values) * 2'), body));
  expect(other.phases.every(phase => phase.parts.cached === 0)).toBe(true);
});

test('events, at most five a second; following the log; parts that have changed', async () => {
  const events = await openEvents(bridge.socket);
  const source = 'import time\ndef task(item):\n    time.sleep(0.02)\n    print("did", item)\n    return item\n';
  const began = performance.now();
  const { id } = await begin(bridge, request('htc', source, { htc: { iterations: 150 } }));
  const followed = bridge.call(`/v1/jobs/${id}/log?follow=true`);
  let since = 0;
  const seen = new Map<string, string>();
  const look = async (): Promise<void> => {
    const answer = (await bridge.call(`/v1/jobs/${id}/parts?since=${since}`)).json<{
      items: { part: number; attempt: number; state: string }[];
      next: number;
    }>();
    answer.items.forEach(item => seen.set(`${item.part}.${item.attempt}`, item.state));
    since = answer.next;
  };
  await follow(bridge, id, async_ => async_.phases[0]?.done > 20);
  await look();
  const job = await follow(bridge, id);
  await look();
  const all = await parts(bridge, id);
  expect(new Map(all.map(item => [`${item.part}.${item.attempt}`, item.state]))).toEqual(seen);
  const seconds = (performance.now() - began) / 1000;
  const about = events.events.filter(event => event.type === 'compute-job' && event.data['id'] === id);
  expect(about.length).toBeGreaterThan(2);
  expect(about.length).toBeLessThanOrEqual(5 * seconds + 3);
  expect(about[about.length - 1].data['job']).toMatchObject({ state: 'succeeded' });
  expect(job.revision).toBeGreaterThan(2);
  const text = (await followed).text;
  expect(text.match(/did \d+/g)?.length).toBe(150);
  expect((await bridge.call(`/v1/jobs/${id}/log?part=0`)).text).toMatch(/^(\[htc 0\] did \d+\n)+$/);
  events.close();
});

test('a job keeps an idle bridge awake', async () => {
  await bridge.stop();
  const folder = temporaryFolder();
  const idle = await start({ folder, handshake: { runner: RUNNER, idleSeconds: 2 } });
  const flag = join(folder, 'flag');
  writeFileSync(flag, '');
  const source = `import os, time\ndef task(item):\n    while os.path.exists(${JSON.stringify(flag)}):\n        time.sleep(0.05)\n    return 1\n`;
  const { id } = await begin(idle, request('htc', source, { htc: { iterations: 1 } }));
  await new Promise(resolve => setTimeout(resolve, 4000));
  expect(idle.child.exitCode).toBeNull();
  rmSync(flag);
  await idle.ended;
  const next = await startWithRunner(folder);
  expect((await next.call(`/v1/jobs/${id}`)).json<ComputeJob>().state).toBe('succeeded');
});

test('a process of its own for each part; an interpreter that is not there; an engine that is not there', async () => {
  const source = 'import os\ndef task(item):\n    return os.getpid()\n';
  const job = await run(
    bridge,
    request('htc', source, { htc: { iterations: 6, balance: 'fixed', initWorkers: 6 }, isolate: true })
  );
  expect(job.state).toBe('succeeded');
  const { items } = await result(bridge, job.id);
  const pids = (items as { value: unknown }[]).map(item => JSON.stringify(item.value));
  expect(new Set(pids).size).toBe(6);
  const missing = await run(bridge, request('htc', source, { htc: { iterations: 1 }, python: '/not/there/python' }));
  expect(missing).toMatchObject({ state: 'failed', error: { type: 'NotStarted' } });
  const answer = await bridge.call('/v1/jobs', { json: request('htc', source, { engine: 'lambda:none' }) });
  expect(answer.status).toBe(400);
});
