import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { zipSync } from 'fflate';
import { sdk } from '../../src/scar/sdk';
import { AwsClients } from '../../src/scar/clients';
import { until } from '../server/harness';
import { collect, describeAws, PYTHON, REGION, Room, setEnvironment } from './support';

const PODMAN = existsSync('/bin/busybox') && spawnSync('podman', ['info']).status === 0;
const describePodman = PODMAN ? describeAws : describe.skip;
if (!PODMAN) {
  console.warn('SKIPPED: images that are really built and run: podman or a static busybox is not here.');
}

/** Milliseconds that functions and jobs may take on a busy machine. */
const WITHIN = 30_000;
const BASE = 'localhost/oscar-aws-base:1';
const APPLETS = 'sh cat echo chmod ln mkdir wget sleep env tr sed base64 basename touch'.split(' ');

/** Speaks Lambda's runtime interface as a supervisor does, in the words of busybox. */
const SUPERVISOR = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while :; do
  wget -q -S -O /tmp/event "$api/invocation/next" 2> /tmp/headers || exit 3
  id=$(sed -n 's/\\r//; s/^ *[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p' /tmp/headers)
  sh /var/task/script.sh > /tmp/out
  body=$(base64 /tmp/out | tr -d '\\n')
  printf '{"statusCode":200,"isBase64Encoded":true,"headers":{"amz-lambda-request-id":"%s"},"body":"%s"}' "$id" "$body" > /tmp/answer
  wget -q -O /dev/null --post-file=/tmp/answer "$api/invocation/$id/response"
done
`;

/** An image of nothing but busybox and a file, made here: none can be fetched in a test. */
function makeBase(): void {
  const root = mkdtempSync(join(tmpdir(), 'oscar-aws-image-'));
  try {
    ['bin', 'tmp', 'etc'].forEach(name => mkdirSync(join(root, name)));
    copyFileSync('/bin/busybox', join(root, 'bin', 'busybox'));
    chmodSync(join(root, 'bin', 'busybox'), 0o755);
    APPLETS.forEach(name => symlinkSync('busybox', join(root, 'bin', name)));
    writeFileSync(join(root, 'etc', 'made-of'), 'the image\n');
    const tar = spawnSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 2 ** 26 });
    execFileSync('podman', ['import', '--change', 'ENV PATH=/bin', '-', BASE], {
      input: tar.stdout,
      stdio: 'pipe',
      env: process.env
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

// The environment is given: without it a child gets that of jest, not what the tests have set.
const podman = (...words: string[]): string =>
  execFileSync('podman', words, { encoding: 'utf8', stdio: 'pipe', env: process.env });

/** An emulator of its own, as a user starts one in a terminal. */
async function startEmulator(): Promise<{ child: ChildProcess; endpoint: string; key: string; secret: string }> {
  const child = spawn(PYTHON, ['-m', 'jupyterlab_oscar.aws_emulator', '--lifeline'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: process.env
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const told = JSON.parse(line) as Record<string, string>;
  return { child, endpoint: told['endpoint'], key: told['access_key_id'], secret: told['secret_access_key'] };
}

function text(name: string, image: string, more = ''): string {
  return `functions:
  aws:
  - lambda:
      name: ${name}
      runtime: image
      memory: 128
      timeout: 20
      init_script: script.sh
      container:
        image: ${image}
${more}`;
}

describePodman('images that are really built and run', () => {
  let restore: () => void;
  let emulator: Awaited<ReturnType<typeof startEmulator>>;
  let supervisors: Server;
  let room: Room;
  let store: string;
  let clients: AwsClients;

  beforeAll(async () => {
    // A store of images of its own: nothing is left on the machine that tests.
    store = mkdtempSync(join(tmpdir(), 'oscar-aws-store-'));
    const conf = join(store, 'storage.conf');
    writeFileSync(conf, `[storage]\ndriver = "vfs"\ngraphroot = "${store}/graph"\nrunroot = "${store}/run"\n`);
    const zip = Buffer.from(zipSync({ 'supervisor/supervisor': Buffer.from(SUPERVISOR) }));
    supervisors = createServer((request, response) => {
      response.writeHead(request.url === '/1.5.8/supervisor.zip' ? 200 : 404).end(zip);
    });
    await new Promise<void>(resolve => supervisors.listen(0, '127.0.0.1', resolve));
    const home = setEnvironment({
      CONTAINERS_STORAGE_CONF: conf,
      REGISTRY_AUTH_FILE: join(store, 'auth.json'),
      JUPYTERLAB_OSCAR_SUPERVISOR_URL: `http://127.0.0.1:${(supervisors.address() as AddressInfo).port}`
    });
    makeBase();
    emulator = await startEmulator();
    const keys = setEnvironment({ AWS_ACCESS_KEY_ID: emulator.key, AWS_SECRET_ACCESS_KEY: emulator.secret });
    restore = () => [keys, home].forEach(back => back());
    clients = new AwsClients({
      region: REGION,
      endpoint: emulator.endpoint,
      credentials: async () => ({ accessKeyId: emulator.key, secretAccessKey: emulator.secret })
    });
    room = await Room.at(emulator.endpoint);
  }, 120_000);
  afterAll(async () => {
    await room?.close();
    const ended = emulator && once(emulator.child, 'exit');
    emulator?.child.stdin?.end();
    await ended;
    restore?.();
    supervisors?.close();
    spawnSync('umount', ['-R', join(store, 'graph')]);
    rmSync(store, { recursive: true, force: true });
  });

  it('is built here, pushed to the registry that ECR names, fetched again, and answers from its container', async () => {
    room.file('script.sh', 'echo "made of $(cat /etc/made-of)"\ntouch /etc/x 2> /dev/null || echo sealed\n');
    const file = text('built', BASE);
    const plan = await room.plan(file);
    expect(plan.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(plan.steps[0]).toMatchObject({ action: 'create', kind: 'image' });
    await room.apply(file);
    const { Configuration, Code } = await clients
      .lambda()
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: 'built' }));
    expect(Configuration?.PackageType).toBe('Image');
    const uri = Code?.ImageUri ?? '';
    expect(uri).toMatch(new RegExp(`^${emulator.endpoint.slice('http://'.length)}/built:[0-9a-f]{16}$`));
    const { repositories } = await clients.ecr().send(new (sdk.ecr().DescribeRepositoriesCommand)({}));
    expect(uri.startsWith(`${repositories?.[0]?.repositoryUri}:`)).toBe(true);
    // What is here is taken away: it has to come out of the registry, layer by layer.
    podman('rmi', '--force', uri);
    const called = await room.scar.invoke('built', { request: { text: 'hello' } });
    expect(called).toMatchObject({ state: 'succeeded', text: 'made of the image\nsealed\n' });
    // The same contents are not built twice.
    expect((await room.plan(file)).steps.filter(step => step.action !== 'keep')).toEqual([]);
    // Nobody is asked in without what ECR gives out.
    expect((await fetch(`${emulator.endpoint}/v2/built/tags/list`)).status).toBe(401);
  }, 120_000);

  it('what it prints is in its log, its memory is measured, and its time limit ends the container', async () => {
    room.file('script.sh', 'echo begun >&2\nsleep 60\n');
    await room.apply(text('slow', BASE).replace('timeout: 20', 'timeout: 4'));
    const called = await room.scar.invoke('slow', { request: {} });
    expect(called.state).toBe('failed');
    expect(JSON.stringify(called)).toContain('Task timed out after 4.00 seconds');
    expect(podman('ps', '--all', '--quiet').trim()).toBe('');
    const log = await collect(room.scar.log('slow', {}));
    expect(log).toContain('begun');
    expect(log).toMatch(/Max Memory Used: [1-9]\d* MB/);
  }, 120_000);

  it('of an image that is here the local emulator runs the script in it, as a function and as a job', async () => {
    const local = Room.empty();
    try {
      await local.scar.change({ emulator: true });
      local.file('script.sh', 'echo "made of $(cat /etc/made-of): $(cat "$INPUT_FILE_PATH")"\n');
      for (const mode of ['lambda', 'batch']) {
        await local.apply(text(`in-${mode}`, BASE, `      execution_mode: ${mode}\n`));
        const called = await local.scar.invoke(`in-${mode}`, { request: { text: 'hello' } });
        expect(called.state).toBe('succeeded');
        if (mode === 'lambda') {
          expect(called.text).toBe('made of the image: hello\n');
        } else {
          const log = await until(
            'the job',
            async () => {
              const [job] = await local.scar.batchJobs({ function: 'in-batch' });
              return job?.state === 'succeeded' ? collect(local.scar.batchLog(job.id)) : undefined;
            },
            WITHIN
          );
          expect(log).toContain('made of the image: ');
        }
      }
      expect(podman('ps', '--all', '--quiet').trim()).toBe('');
    } finally {
      await local.close();
    }
  }, 120_000);
});
