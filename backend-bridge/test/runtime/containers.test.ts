import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RUNTIME_ANNOTATION } from '../../src/fdl/service';
import type { IJobs } from '../../src/local-cluster/interfaces';
import { createDeployments, createJobs } from '../../src/local-cluster/runtime';
import { findEngine, type IEngine } from '../../src/local-cluster/runtime/container-runtime';
import { eventually, place, service, until } from './support';

const IMAGE = 'localhost/oscar-test-busybox:1';

/** Asked before the tests are named, so that what cannot run here is counted as skipped. */
const hasEngine =
  existsSync('/bin/busybox') && ['podman', 'docker'].some(program => spawnSync(program, ['ps', '-q']).status === 0);

let engine: IEngine | undefined;
let at: ReturnType<typeof place>;
let jobs: IJobs;

/** An image of nothing but busybox, made here: none can be pulled in a test. */
function makeImage(found: IEngine): void {
  const root = mkdtempSync(join(tmpdir(), 'oscar-image-'));
  try {
    ['bin', 'tmp', 'etc'].forEach(name => mkdirSync(join(root, name)));
    copyFileSync('/bin/busybox', join(root, 'bin', 'busybox'));
    chmodSync(join(root, 'bin', 'busybox'), 0o755);
    for (const applet of [
      'sh',
      'cat',
      'echo',
      'tr',
      'id',
      'sleep',
      'ls',
      'env',
      'grep',
      'httpd',
      'mkdir',
      'head',
      'dd',
      'true'
    ]) {
      symlinkSync('busybox', join(root, 'bin', applet));
    }
    const tar = spawnSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 2 ** 26 });
    execFileSync(found.program, [...found.options, 'import', '-', IMAGE], {
      input: tar.stdout,
      stdio: ['pipe', 'ignore', 'ignore']
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

beforeAll(async () => {
  if (!hasEngine) {
    return;
  }
  engine = await findEngine();
  if (!engine) {
    throw new Error('podman or docker answers, but no engine was found.');
  }
  makeImage(engine);
});

beforeEach(() => {
  at = place({ runtime: 'auto' });
  jobs = createJobs(at.options);
});

afterEach(async () => {
  await jobs.close();
  rmSync(at.data, { recursive: true, force: true });
});

const reason = 'skipped without podman or docker and a static busybox';

function whenThere(name: string, work: () => Promise<void>): void {
  (hasEngine ? test : test.skip)(hasEngine ? name : `${name} (${reason})`, work, 60000);
}

function add(...parameters: Parameters<typeof service>): ReturnType<typeof service> {
  const [name, script, more] = parameters;
  const made = service(name, script, { image: IMAGE, ...more });
  at.services.set(made.name, made);
  return made;
}

whenThere('a job runs in a container of its image, with everything at its place', async () => {
  await at.store.createBucket('data');
  await at.store.put('data', 'here.txt', Buffer.from('mounted'));
  const boxed = add(
    'boxed',
    [
      'cat "$INPUT_FILE_PATH"; echo',
      'ls /bin | head -1',
      'cat /mnt/data/here.txt; echo',
      'cat /var/run/secrets/providers/minio.default/accessKey; echo',
      'echo "$SECRET"',
      'echo "$LINES_OF"',
      'echo kept > /data/file',
      'echo new > /mnt/data/new.txt',
      'tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/x"',
      'grep host.containers.internal /etc/hosts',
      'echo "$OSCAR_ENDPOINT"'
    ].join('\n'),
    {
      environment: { variables: { LINES_OF: 'one\ntwo' }, secrets: { SECRET: 'hush #hush' } },
      mount: { storage_provider: 'minio', path: 'data' },
      volume: { name: 'v', size: '1Gi', mount_path: '/data' },
      output: [{ storage_provider: 'minio', path: 'data/out' }]
    }
  );
  at.options.endpoint = () => 'http://127.0.0.1:8080';
  const job = await until(jobs, jobs.submit(boxed, '{"a": "b"}').name);
  const log = await jobs.log(job.name);
  expect(log).toMatch(/^Runs in a container of the image localhost\/oscar-test-busybox:1 with (podman|docker)\.\n/);
  expect(log).toContain(
    '\n{"a": "b"}\nbusybox\nmounted\nminio\nhush #hush\none\ntwo\n127.0.0.1\thost.containers.internal\nhttp://host.containers.internal:8080\n'
  );
  expect(job.status).toBe('Succeeded');
  expect(at.store.text('data', 'out/x')).toBe('{"A": "B"}');
  expect(at.store.text('data', 'new.txt')).toBe('new\n');
  expect(readFileSync(join(at.data, 'volumes', 'v', 'file'), 'utf8')).toBe('kept\n');
});

whenThere('exit codes, cancelling, and no secret among the arguments', async () => {
  const fails = add('fails', 'exit 3');
  expect(await until(jobs, jobs.submit(fails, '{}').name)).toMatchObject({ status: 'Failed', exitCode: 3 });
  const slow = add('slow', 'trap "" TERM; echo up; while :; do sleep 0.2; done', {
    environment: { variables: {}, secrets: { SECRET: 'never-in-arguments' } }
  });
  const { name } = jobs.submit(slow, '{}');
  await eventually(async () => (await jobs.log(name))?.includes('\nup\n') ?? false);
  const lines = readdirSync('/proc').flatMap(pid => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'latin1')] : [];
    } catch {
      return [];
    }
  });
  expect(lines.some(line => line.includes(IMAGE))).toBe(true);
  expect(lines.filter(line => line.includes('never-in-arguments'))).toEqual([]);
  expect(await jobs.cancel(name)).toMatchObject({ status: 'Failed', cancelled: true });
});

whenThere('an image that is not here is an error that says what to do; auto uses the process', async () => {
  const image = 'localhost/ghost:1';
  const asked = add('asked', 'echo hi', { image, annotations: { [RUNTIME_ANNOTATION]: 'container' } });
  const job = await until(jobs, jobs.submit(asked, '{}').name);
  expect(job).toMatchObject({
    status: 'Failed',
    reason: expect.stringMatching(
      /^The image localhost\/ghost:1 is not on this machine\. Get it with: (podman|docker) pull localhost\/ghost:1/
    )
  });
  const auto = add('auto', 'echo hi', { image });
  const second = await until(jobs, jobs.submit(auto, '{}').name);
  expect(await jobs.log(second.name)).toMatch(/^Runs as a process/);
});

whenThere('two exposed containers with the same port', async () => {
  const deployments = createDeployments(at.options);
  const expose = { ...service('x', '').expose, min_scale: 1, max_scale: 1, api_port: [8080], health_path: '/' };
  try {
    for (const name of ['one', 'two']) {
      deployments.deploy(
        add(name, `#!/bin/sh\nmkdir /tmp/w; echo ${name} > /tmp/w/index.html; exec httpd -f -p 8080 -h /tmp/w\n`, {
          expose
        })
      );
    }
    const done = (name: string): boolean => ['ready', 'failed'].includes(deployments.state(name).state);
    await eventually(() => done('one') && done('two'));
    expect([deployments.state('one'), deployments.state('two')]).toMatchObject([
      { state: 'ready' },
      { state: 'ready' }
    ]);
    const answers = await Promise.all(
      ['one', 'two'].map(
        name =>
          new Promise<string>((resolve, reject) =>
            get({ ...deployments.target(name), path: '/' }, response => void text(response).then(resolve, reject)).on(
              'error',
              reject
            )
          )
      )
    );
    expect(answers).toEqual(['one\n', 'two\n']);
  } finally {
    await deployments.close();
  }
});
