import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { IJobs } from '../../src/local-cluster/interfaces';
import { createJobs } from '../../src/local-cluster/runtime';
import { place, service, storageEvent, until } from './support';

let at: ReturnType<typeof place>;
let jobs: IJobs;

function open(options: Parameters<typeof place>[0] = {}): void {
  at = place(options);
  jobs = createJobs(at.options);
}

function add(...parameters: Parameters<typeof service>): ReturnType<typeof service> {
  const made = service(...parameters);
  at.services.set(made.name, made);
  return made;
}

afterEach(async () => {
  await jobs.close();
  rmSync(at.data, { recursive: true, force: true });
});

test('a file in a bucket becomes an output in another', async () => {
  open();
  const upper = add(
    'upper',
    'tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"; echo done',
    {
      input: [{ storage_provider: 'minio.default', path: 'upper/in' }],
      output: [{ storage_provider: 'minio.default', path: 'upper/out' }]
    }
  );
  await at.store.createBucket('upper');
  await at.store.put('upper', 'in/a b.txt', Buffer.from('hello'));
  const { name } = jobs.submit(upper, storageEvent('upper', 'in/a b.txt'));
  expect(name).toMatch(/^upper-[0-9a-f-]{36}$/);
  const job = await until(jobs, name);
  expect(await jobs.log(name)).toMatch(
    /^Runs as a process of this machine; the image registry.example\/library\/alpine is not used.\n/
  );
  expect(job).toMatchObject({
    status: 'Succeeded',
    exitCode: 0,
    input: { bucket: 'upper', key: 'in/a b.txt' },
    outputs: [{ bucket: 'upper', key: 'out/a b.txt', size: 5 }]
  });
  expect(at.store.text('upper', 'out/a b.txt')).toBe('HELLO');
  expect(await jobs.log(name)).toContain('\ndone\n');
  expect(readdirSync(join(at.data, 'w'))).toEqual([]);
});

test('output and error come in their order, and can be opened by name', async () => {
  open();
  const both = add(
    'both',
    'for i in 1 2 3; do echo out$i; echo err$i >&2; done; echo named > /dev/stdout; echo wrong > /dev/stderr'
  );
  const { name } = jobs.submit(both, '{}');
  await until(jobs, name);
  expect(await jobs.log(name)).toContain('out1\nerr1\nout2\nerr2\nout3\nerr3\nnamed\nwrong\n');
});

test('a script that fails is a job that failed', async () => {
  open();
  const { name } = jobs.submit(add('fails', 'echo no; exit 3'), '{}');
  expect(await until(jobs, name)).toMatchObject({
    status: 'Failed',
    exitCode: 3,
    reason: 'The script ended with exit code 3.'
  });
});

test('under --strict a failing script has succeeded, and its output comes at the end', async () => {
  open({ strict: true });
  const { name } = jobs.submit(add('fails', 'echo first; sleep 0.5; exit 3'), '{}');
  await until(jobs, name, job => job.status === 'Running');
  expect(await jobs.log(name)).not.toContain('first');
  const job = await until(jobs, name);
  expect(job.status).toBe('Succeeded');
  expect(job).not.toHaveProperty('exitCode');
  expect(job).not.toHaveProperty('reason');
  expect(await jobs.log(name)).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - supervisor - INFO - Reading storage configuration\n/
  );
  expect(await jobs.log(name)).toMatch(/- Creating response\nfirst\n\n$/);
});

test('a synchronous call answers with the file, the zip or the text', async () => {
  open();
  const one = add('one', 'cat "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/x"', { log_level: 'CRITICAL' });
  const body = Buffer.from('hello').toString('base64');
  expect(await jobs.run(one, Buffer.from(body))).toEqual({ status: 200, exitCode: 0, body: Buffer.from(`${body}\n`) });
  const none = add('none', 'cat "$INPUT_FILE_PATH"');
  expect((await jobs.run(none, Buffer.from(body))).body.toString()).toBe('hello\n');
  const many = add('many', 'mkdir "$TMP_OUTPUT_DIR/d"; echo a > "$TMP_OUTPUT_DIR/a"; echo b > "$TMP_OUTPUT_DIR/d/b"');
  const zip = Buffer.from((await jobs.run(many, Buffer.from(body))).body.toString(), 'base64');
  expect(zip.subarray(0, 2).toString()).toBe('PK');
  expect(jobs.list('one').jobs).toEqual([]);
});

test('an event is taken once', async () => {
  open();
  const once = add('once', 'true');
  const first = jobs.submit(once, '{}', { dedupe: 'e1' });
  expect(jobs.submit(once, '{}', { dedupe: 'e1' }).name).toBe(first.name);
  await until(jobs, first.name);
  await jobs.remove(first.name);
  expect(jobs.submit(once, '{}', { dedupe: 'e1' })).toMatchObject({ name: first.name, status: 'Unknown' });
  expect(jobs.list('once').jobs).toEqual([]);
});

test('lists newest first, by pages, whatever the clock does', async () => {
  open();
  const listed = add('listed', 'true');
  const clock = jest.spyOn(Date, 'now');
  const names = Array.from({ length: 7 }, (_, index) => {
    clock.mockReturnValueOnce(1e12 - index * 1e6);
    return jobs.submit(listed, '{}').name;
  });
  clock.mockRestore();
  const seen: string[] = [];
  for (let page: string | undefined; ;) {
    const part = jobs.list('listed', { limit: 3, ...(page ? { page } : {}) });
    seen.push(...part.jobs.map(job => job.name));
    page = part.next;
    if (!page) {
      break;
    }
  }
  expect(seen).toEqual([...names].reverse());
  expect(() => jobs.list('listed', { page: 'garbage' })).toThrow(expect.objectContaining({ code: 'BadPage' }));
  await Promise.all(names.map(name => until(jobs, name)));
});

test('names are cut and taken as Kubernetes does', async () => {
  open();
  const long = add('a-service-with-a-long-name', 'true');
  expect(jobs.submit(long, '{}').name).toMatch(/^a-service-with-a-[0-9a-f-]{36}$/);
  expect(jobs.submit(long, '{}', { name: 'given' }).name).toBe('given');
  expect(() => jobs.submit(long, '{}', { name: 'given' })).toThrow('jobs.batch "given" already exists');
  await until(jobs, 'given');
});

test('a log is followed while it grows', async () => {
  open();
  const slow = add('slow', 'for i in 1 2 3; do echo line$i; sleep 0.1; done');
  const { name } = jobs.submit(slow, '{}');
  let text = '';
  let early = false;
  for await (const part of jobs.followLog(name)) {
    text += part.toString();
    early ||= text.includes('line1') && !text.includes('line3');
  }
  expect(early).toBe(true);
  expect(text).toBe(await jobs.log(name));
  expect(await jobs.log(name, { timestamps: true })).toMatch(/^(\d{4}-\d\d-\d\dT[\d:.]+Z .*\n)+$/);
});

test('removing takes the log and the record', async () => {
  open();
  const kept = add('kept', 'echo hi');
  const bad = add('bad', 'exit 1');
  const [a, b] = [jobs.submit(kept, '{}').name, jobs.submit(bad, '{}').name];
  await Promise.all([until(jobs, a), until(jobs, b)]);
  expect(jobs.usage().bytes).toBeGreaterThan(0);
  await jobs.removeAll('bad', { succeededOnly: true });
  expect(jobs.get(b)).toBeDefined();
  expect(jobs.counts('bad').Failed).toBe(1);
  await jobs.removeAll('kept');
  expect(jobs.get(a)).toBeUndefined();
  await jobs.clear();
  expect(jobs.get(b)).toBeUndefined();
  expect(existsSync(join(at.data, 'logs', '0', '1.log'))).toBe(false);
});
