import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { until } from '../server/harness';
import { collect, describeAws, fdl, PYTHON, Room, setEnvironment } from './support';

const EMULATOR = ((): boolean => {
  try {
    execFileSync(PYTHON, ['-c', 'import jupyterlab_oscar.aws_emulator.server'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const describeEmulator = EMULATOR && existsSync(PYTHON) ? describeAws : describe.skip;
if (!EMULATOR) {
  console.warn('SKIPPED: functions that really run: the local AWS emulator is not installed.');
}

/** Milliseconds that functions and jobs may take on a busy machine. */
const WITHIN = 30_000;
const SCRIPT = `#!/bin/sh
echo "input is $(basename "$INPUT_FILE_PATH")"
if [ -n "$STORAGE_OBJECT_KEY" ]; then
  tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH").upper"
else
  cat "$INPUT_FILE_PATH"
fi
`;

function text(mode = 'lambda'): string {
  return `functions:
  aws:
  - lambda:
      name: upper
      init_script: script.sh
      execution_mode: ${mode}
      timeout: 20
      container:
        image: ubuntu:24.04
      input:
      - storage_provider: s3
        path: upper-bucket/in
      output:
      - storage_provider: s3
        path: upper-bucket/out
    api_gateway:
      name: upper-api
`;
}

describeEmulator('functions that really run, on the local emulator', () => {
  let room: Room;
  let restore: () => void;

  beforeAll(async () => {
    restore = setEnvironment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
    room = Room.empty();
    expect(await room.scar.emulator()).toMatchObject({ installed: true, state: 'stopped' });
    const context = await room.scar.change({ emulator: true });
    expect(context).toMatchObject({ state: 'ready', emulator: true, source: 'emulator' });
    room.file('script.sh', SCRIPT);
    await room.apply(text());
  }, 120_000);
  afterAll(async () => {
    await room.close();
    restore();
  });

  it('says what it does not cover', async () => {
    const emulator = await room.scar.emulator();
    expect(emulator.state).toBe('running');
    expect(emulator.notCovered.length).toBeGreaterThan(3);
    const plan = await room.plan(text());
    expect(plan.notes.join()).toContain('The emulator runs the script of upper in the image');
    expect(plan.steps.filter(step => step.action !== 'keep')).toEqual([]);
  });

  it.each(['lambda', 'batch'])('keeps credentials itself, without a secret: %s', async mode => {
    const plan = await room.plan(
      `${fdl('kept', `      execution_mode: ${mode}`)
        .replace(/image: .*\n +create_image: false/, 'image: ubuntu:24.04')
        .replace(
          'storage_provider: s3\n        path: kept-bucket/out',
          'storage_provider: minio.edge\n        path: out/x'
        )}storage_providers:
  minio:
    edge:
      endpoint: https://minio.example
      access_key: AKEXAMPLE-of-edge
      secret_key: of-the-test-of-edge
`
    );
    expect(plan.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(plan.steps.map(step => step.kind)).toContain('function');
    expect(plan.steps.map(step => step.kind)).not.toContain('secret');
    expect(JSON.stringify(plan)).not.toContain('of-the-test-of-edge');
  });

  it('answers calls with text, files, JSON and scripts', async () => {
    const called = await room.scar.invoke('upper', { request: { text: 'hello' } });
    expect(called).toMatchObject({ state: 'succeeded', status: 200, text: expect.stringContaining('hello') });
    expect(called.seconds).toBeGreaterThan(0);
    expect(called.cost).toBeGreaterThan(0);
    const script = await room.scar.invoke('upper', { request: { script: '#!/bin/sh\necho from a script\n' } });
    expect(script.text).toBe('from a script\n');
    const api = await room.scar.invoke('upper', {
      request: { via: 'api' },
      file: { file: 'x.txt', name: 'x.txt', data: Buffer.from('through the gateway') }
    });
    expect(api).toMatchObject({ state: 'succeeded', text: expect.stringContaining('through the gateway') });
    const accepted = await room.scar.invoke('upper', { request: { async: true, text: 'later' } });
    expect(accepted).toMatchObject({ state: 'accepted', status: 202 });
    const log = await collect(room.scar.log('upper', { request: script.requestId }));
    expect(log).toMatch(/^START RequestId: /);
    expect(log).toContain('from a script');
    expect(log).toMatch(/REPORT RequestId: [^\n]+\n$/);
  });

  it('starts with a new object and stores its result', async () => {
    const storage = await room.scar.storage();
    await storage.put('upper-bucket', 'in/a b.txt', Buffer.from('quiet'));
    const found = await until('the result', () => storage.head('upper-bucket', 'out/a b.txt.upper'), WITHIN);
    expect(found.size).toBe(5);
    expect(
      (
        await room.scar.invoke('upper', {
          request: {},
          file: { file: 'x', name: 'x', object: { bucket: 'upper-bucket', key: 'in/a b.txt' } }
        })
      ).state
    ).toBe('succeeded');
  });

  it('processes what is there already, and follows the log meanwhile', async () => {
    const stop = new AbortController();
    let followed = '';
    const reading = (async () => {
      for await (const piece of room.scar.log('upper', { follow: true, signal: stop.signal })) {
        followed += piece;
      }
    })();
    const storage = await room.scar.storage();
    for (let index = 0; index < 12; index++) {
      await storage.put('upper-bucket', `more/${index}.txt`, Buffer.from(`number ${index}`));
    }
    let last = '';
    await room.scar.process(
      'upper',
      { bucket: 'upper-bucket', prefix: 'more/', concurrency: 4, wait: true },
      { onSteps: steps => (last = steps[steps.length - 1].detail ?? '') }
    );
    expect(last).toBe('12 of 12');
    const done = await storage.list('upper-bucket', { prefix: 'out/' });
    expect(done.items.filter(item => /^out\/\d+\.txt\.upper$/.test(item.key))).toHaveLength(12);
    await until(
      'the log',
      async () => (followed.match(/input is \d+\.txt/g)?.length === 12 ? true : undefined),
      WITHIN
    );
    stop.abort();
    await reading;
  });

  it('hands work over to Batch, and shows the job and its log', async () => {
    await room.scar.remove('upper', { onSteps: () => undefined });
    const plan = await room.apply(text('batch'));
    expect(plan.steps.map(step => step.kind)).toEqual(expect.arrayContaining(['job queue', 'job definition']));
    const storage = await room.scar.storage();
    await storage.put('upper-bucket', 'in/job.txt', Buffer.from('batch'));
    const job = await until(
      'the job',
      async () => {
        const jobs = await room.scar.batchJobs();
        return jobs.find(item => item.state === 'succeeded' || item.state === 'failed');
      },
      WITHIN
    );
    expect(job).toMatchObject({ function: 'upper', state: 'succeeded' });
    expect(await collect(room.scar.batchLog(job.id))).toContain('input is job.txt');
    expect(await storage.head('upper-bucket', 'out/job.txt.upper')).toMatchObject({ size: 5 });
    const log = await collect(room.scar.log('upper', { request: job.id }));
    expect(log).toContain('Batch job status: SUCCEEDED');
    const invoked = await room.scar.invoke('upper', { request: { script: 'echo wrong; exit 3' } });
    expect(invoked.batchJob).toBeTruthy();
    const failing = await until(
      'the second job',
      async () => {
        const found = await room.scar.batchJob(invoked.batchJob ?? '');
        return found.state === 'succeeded' || found.state === 'failed' ? found : undefined;
      },
      WITHIN
    );
    const listed = (await room.scar.batchJobs()).find(item => item.id === failing.id);
    expect(listed?.exitCode).toBeDefined();
    expect(failing.exitCode).toBe(listed?.exitCode);
    // Failed or not: what it has written is shown.
    expect(await collect(room.scar.batchLog(failing.id))).toContain('wrong');
    await room.scar.remove('upper', { onSteps: () => undefined });
    expect(await room.scar.functions()).toEqual([]);
    expect(await room.scar.orphans()).toEqual([]);
  }, 90_000);
});
