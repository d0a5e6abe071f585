import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { build } from 'esbuild';
import type { IJobs } from '../../src/local-cluster/interfaces';
import { createJobs } from '../../src/local-cluster/runtime';
import { eventually, place, service, until } from './support';

let at: ReturnType<typeof place>;
let jobs: IJobs | undefined;

function open(options: Parameters<typeof place>[0] = {}): IJobs {
  at = place(options);
  jobs = createJobs(at.options);
  return jobs;
}

function add(...parameters: Parameters<typeof service>): ReturnType<typeof service> {
  const made = service(...parameters);
  at.services.set(made.name, made);
  return made;
}

let hostPid = 0;

/** Processes whose command line holds a text. */
function alive(text: string): number[] {
  return readdirSync('/proc').flatMap(name => {
    try {
      return /^\d+$/.test(name) &&
        Number(name) !== process.pid &&
        Number(name) !== hostPid &&
        readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(text)
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

afterEach(async () => {
  await jobs?.close();
  jobs = undefined;
  rmSync(at.data, { recursive: true, force: true });
});

const linux = existsSync('/proc/self/environ') ? test : test.skip;

linux('cancelling ends a script that ignores SIGTERM, and what it sent away', async () => {
  open({ settings: { graceSeconds: 0.3 } });
  const marker = `4711.${process.pid}`;
  const stubborn = add(
    'stubborn',
    `trap '' TERM; echo up; setsid sleep ${marker} & (setsid sh -c 'sleep ${marker}; true' </dev/null >/dev/null 2>&1 &) ; while :; do sleep 0.1; done`
  );
  const { name } = jobs!.submit(stubborn, '{}');
  await until(jobs!, name, job => job.status === 'Running');
  await eventually(() => alive(marker).length >= 2);
  const job = await jobs!.cancel(name);
  expect(job).toMatchObject({ status: 'Failed', cancelled: true, reason: 'It was cancelled.' });
  await eventually(() => alive(marker).length === 0);
});

linux('what a script leaves in the background ends with it', async () => {
  open();
  const marker = `4712.${process.pid}`;
  const { name } = jobs!.submit(
    add(
      'leaves',
      `setsid sleep ${marker} & sleep ${marker} & (setsid sleep ${marker} </dev/null >/dev/null 2>&1 &) ; echo over`
    ),
    '{}'
  );
  expect((await until(jobs!, name)).status).toBe('Succeeded');
  expect(await jobs!.log(name)).toContain('over\n');
  await eventually(() => alive(marker).length === 0);
});

test('a waiting job is cancelled without ever having run', async () => {
  open({ cpus: 1 });
  const big = add('big', 'sleep 30', { cpu: '1' });
  const first = jobs!.submit(big, '{}').name;
  const second = jobs!.submit(big, '{}').name;
  await until(jobs!, first, job => job.status === 'Running');
  expect(jobs!.get(second)?.reason).toBe('It waits for 1 CPU; 0 CPUs of 1 CPU are free.');
  expect(await jobs!.cancel(second)).toMatchObject({ status: 'Failed', cancelled: true });
  expect(jobs!.get(second)?.startedAt).toBeUndefined();
  await jobs!.cancel(first);
});

test('what never fits says so and waits, and lets others pass', async () => {
  open({ cpus: 2, memory: 2 ** 30 });
  const cpu = jobs!.submit(add('cpu', 'true', { cpu: '8' }), '{}').name;
  const memory = jobs!.submit(add('memory', 'true', { memory: '4Gi' }), '{}').name;
  const gpu = jobs!.submit(add('gpu', 'true', { enable_gpu: true }), '{}').name;
  const small = jobs!.submit(add('small', 'true'), '{}').name;
  expect((await until(jobs!, small)).status).toBe('Succeeded');
  expect(jobs!.get(cpu)).toMatchObject({ status: 'Pending', reason: 'It needs 8 CPUs, this cluster has 2.' });
  expect(jobs!.get(memory)).toMatchObject({
    status: 'Pending',
    reason: 'It needs 4Gi of memory, this cluster has 1Gi.'
  });
  expect(jobs!.get(gpu)).toMatchObject({ status: 'Pending', reason: 'It needs 1 GPU, this machine has 0.' });
  await expect(jobs!.run(service('gpu', 'true', { enable_gpu: true }), Buffer.alloc(0))).rejects.toMatchObject({
    problem: { status: 400, detail: 'It needs 1 GPU, this machine has 0.' }
  });
});

test('a device is given to one job at a time', async () => {
  open({ gpus: 1 });
  const gpu = add('gpu', 'sleep 0.2', { enable_gpu: true });
  const [a, b] = [jobs!.submit(gpu, '{}').name, jobs!.submit(gpu, '{}').name];
  await until(jobs!, a, job => job.status === 'Running');
  expect(jobs!.get(b)).toMatchObject({ status: 'Pending', reason: 'It waits for a GPU.' });
  const [first, second] = [await until(jobs!, a), await until(jobs!, b)];
  expect(second.startedAt!.getTime()).toBeGreaterThanOrEqual(first.finishedAt!.getTime());
});

test('a large job is not starved by a stream of small ones', async () => {
  open({ cpus: 2 });
  const small = add('small', 'sleep 0.05', { cpu: '1' });
  const large = add('large', 'true', { cpu: '2' });
  const stream = Array.from({ length: 60 }, () => jobs!.submit(small, '{}').name);
  const { name } = jobs!.submit(large, '{}');
  const job = await until(jobs!, name);
  const before = stream.filter(
    other => (jobs!.get(other)?.startedAt?.getTime() ?? Infinity) < job.startedAt!.getTime()
  ).length;
  expect(before).toBeLessThan(30);
  await jobs!.removeAll('small');
});

test('services take turns', async () => {
  open({ cpus: 1 });
  const first = add('first', 'true', { cpu: '1' });
  const second = add('second', 'true', { cpu: '1' });
  const many = Array.from({ length: 20 }, () => jobs!.submit(first, '{}').name);
  const { name } = jobs!.submit(second, '{}');
  const job = await until(jobs!, name);
  await Promise.all(many.map(other => until(jobs!, other)));
  expect(many.filter(other => jobs!.get(other)!.startedAt! < job.startedAt!).length).toBeLessThan(5);
});

linux(
  'a gigabyte of output leaves a bounded log with both ends',
  async () => {
    open({ settings: { logBytes: 100000 } });
    const loud = add('loud', 'echo FIRST; yes 0123456789abcdef | head -c 1000000000; echo; echo LAST');
    const { name } = jobs!.submit(loud, '{}');
    let most = 0;
    const before = process.memoryUsage().rss;
    while (!jobs!.get(name)?.finishedAt) {
      most = Math.max(most, process.memoryUsage().rss - before);
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    expect(jobs!.get(name)!.status).toBe('Succeeded');
    const log = (await jobs!.log(name))!;
    expect(log).toMatch(/^Runs as.*\n[\s\S]*\nFIRST\n/);
    expect(log).toMatch(/\n\[… 999\.8 MB of output are not kept …\]\n0123456789abcdef\n/);
    expect(log).toContain('\nLAST\n');
    expect(Buffer.byteLength(log)).toBeLessThan(201000);
    expect(most).toBeLessThan(128 * 2 ** 20);
  },
  60000
);

linux('a job that takes too much memory ends and says so', async () => {
  open();
  const hungry = add(
    'hungry',
    'python3 -c "\nimport time\nx = bytearray(200 * 2**20)\nfor i in range(0, len(x), 4096): x[i] = 1\ntime.sleep(30)"',
    { memory: '64Mi' }
  );
  const { name } = jobs!.submit(hungry, '{}');
  expect(await until(jobs!, name)).toMatchObject({ status: 'Failed', reason: 'It used more memory than 64Mi.' });
});

test('jobs learn how many threads they may use, and nothing of the secrets of the bridge', async () => {
  process.env.JUPYTER_TOKEN_OF_A_TEST = 'secret';
  try {
    open();
    const shows = add('shows', 'env; tr "\\0" "\\n" < /proc/$$/cmdline', {
      cpu: '1.5',
      environment: { variables: { A: 'x y' }, secrets: { KEY: 'hush-hush' } }
    });
    const { body } = await jobs!.run(shows, Buffer.from('{}'));
    const text = body.toString();
    expect(text).toContain('OMP_NUM_THREADS=2\n');
    expect(text).toContain('A=x y\n');
    expect(text).toContain('KEY=hush-hush\n');
    expect(text).not.toContain('JUPYTER_TOKEN_OF_A_TEST');
    expect(text.split('\n').filter(line => line.includes('hush-hush'))).toEqual(['KEY=hush-hush']);
  } finally {
    delete process.env.JUPYTER_TOKEN_OF_A_TEST;
  }
});

test('an unwritable data folder is said at once', () => {
  at = place();
  mkdirSync(at.data, { recursive: true });
  // A file where the folder should be: also root cannot write below it.
  const blocked = join(at.data, 'file');
  writeFileSync(blocked, '');
  expect(() => createJobs({ ...at.options, data: join(blocked, 'data') })).toThrow(
    expect.objectContaining({ problem: expect.objectContaining({ title: 'The data folder cannot be written to' }) })
  );
});

test('a missing bucket and missing credentials fail the job', async () => {
  open();
  const nowhere = add('nowhere', 'echo hi > "$TMP_OUTPUT_DIR/x"', {
    output: [{ storage_provider: 'minio.default', path: 'ghost/out' }]
  });
  const unknown = add('unknown', 'echo hi > "$TMP_OUTPUT_DIR/x"', {
    output: [{ storage_provider: 's3.results', path: 'b/out' }]
  });
  const later = add('later', 'echo hi > "$TMP_OUTPUT_DIR/x"', {
    output: [{ storage_provider: 'onedata.mine', path: 'b/out' }]
  });
  const [a, b, c] = [nowhere, unknown, later].map(each => jobs!.submit(each, '{}').name);
  expect(await until(jobs!, a)).toMatchObject({ status: 'Failed', reason: 'The specified bucket does not exist' });
  expect(await jobs!.log(a)).toContain(
    'There was an exception in _parse_output\nThe specified bucket does not exist\n'
  );
  expect((await until(jobs!, b)).reason).toMatch(/^There are no credentials for the storage provider s3.results\./);
  expect((await until(jobs!, c)).reason).toMatch(/onedata.mine is not yet supported/);
});

linux(
  'killed in the middle of a job, it starts again and loses nothing',
  async () => {
    at = place();
    const bundle = join(at.data, 'host.cjs');
    // The queue of another process, to be killed as a machine kills.
    await build({
      entryPoints: [join(__dirname, 'host.ts')],
      bundle: true,
      platform: 'node',
      outfile: bundle,
      external: ['@aws-sdk/*'],
      logLevel: 'error'
    });
    const marker = `4713.${process.pid}`;
    const script = `echo run >> "${at.data}/runs"; if [ $(wc -l < "${at.data}/runs") = 1 ]; then sleep ${marker}; fi; echo finished`;
    const host = spawn(process.execPath, [bundle, at.data, script], { stdio: ['ignore', 'pipe', 'inherit'] });
    hostPid = host.pid ?? 0;
    const names = await new Promise<string[]>(resolve =>
      host.stdout.once('data', data => resolve(JSON.parse(String(data)) as string[]))
    );
    await eventually(() => alive(marker).length > 0);
    const gone = new Promise(resolve => host.once('exit', resolve));
    host.kill('SIGKILL');
    await gone;
    add('killed', script, { cpu: '2' });
    jobs = createJobs(at.options);
    const records = await Promise.all(names.map(name => until(jobs!, name)));
    expect(records.map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded', 'Succeeded']);
    expect(await jobs.log(names[0])).toContain('This is attempt 2: the cluster was stopped while it ran.');
    expect(readFileSync(join(at.data, 'runs'), 'utf8').trim().split('\n')).toHaveLength(4);
    expect(alive(marker)).toEqual([]);
    expect(jobs.submit(at.services.get('killed')!, '{}', { dedupe: 'event-0' }).name).toBe(names[0]);
  },
  30000
);

test('a job that brings the cluster down again and again is not tried for ever', async () => {
  open({ settings: { maxAttempts: 1 } });
  const { name } = jobs!.submit(add('doomed', 'sleep 30'), '{}');
  await until(jobs!, name, job => job.status === 'Running');
  // What a kill leaves: a row that says Running.
  await jobs!.close();
  const db = new DatabaseSync(join(at.data, 'jobs.db'));
  db.exec("UPDATE jobs SET status = 'Running', attempt = 1");
  db.close();
  jobs = createJobs(at.options);
  expect(jobs.get(name)).toMatchObject({
    status: 'Failed',
    reason: 'The cluster was stopped under it 1 times; it is not tried again.'
  });
});

test('closed in the middle of a job, it is the first work of the next run', async () => {
  open();
  const flag = join(at.data, 'flag');
  const { name } = jobs!.submit(add('closed', `test -e ${flag} || { touch ${flag}; sleep 30; }`), '{}');
  await eventually(() => existsSync(flag));
  await jobs!.close();
  jobs = createJobs(at.options);
  expect((await until(jobs, name)).status).toBe('Succeeded');
});
