import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AwsContext, AwsFunction, AwsInvocation, FdlPlan, Operation } from '../../src/contract';
import { cleanUp, openEvents, start, until, type IBridge } from '../server/harness';
import { describeAws, PYTHON, setEnvironment } from './support';

jest.setTimeout(120_000);

const SERVICE = `  oscar:
  - local:
      name: shout
      image: none
      cpu: '0.1'
      memory: 64Mi
      script: shout.sh
      annotations:
        jupyterlab-oscar/runtime: process
      input:
      - storage_provider: minio.default
        path: shout/in
      output:
      - storage_provider: minio.default
        path: shout/out
`;
const FUNCTION = `  aws:
  - lambda:
      name: tail
      init_script: tail.sh
      container:
        image: ubuntu:24.04
      input:
      - storage_provider: s3
        path: tail-bucket/in
      output:
      - storage_provider: s3
        path: tail-bucket/out
`;

interface IEmulator {
  endpoint: string;
  access_key_id: string;
  secret_access_key: string;
  role: string;
}

const children: ChildProcess[] = [];

async function startEmulator(): Promise<IEmulator> {
  const child = spawn(PYTHON, ['-m', 'jupyterlab_oscar.aws_emulator', '--lifeline'], {
    stdio: ['pipe', 'pipe', 'ignore']
  });
  children.push(child);
  return JSON.parse(
    await new Promise<string>(resolve => createInterface({ input: child.stdout }).once('line', resolve))
  ) as IEmulator;
}

/** The whole bridge as users have it, with the embedded cluster and the emulator of AWS. */
describeAws('the routes of AWS', () => {
  let bridge: IBridge;
  let work: string;
  let restore: () => void;

  beforeAll(async () => {
    restore = setEnvironment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
    // Jest's environment is a copy: processes see it only when they are given it.
    bridge = await start({
      command: bundle => [
        'env',
        [
          ...['-u', 'AWS_ACCESS_KEY_ID', '-u', 'AWS_SECRET_ACCESS_KEY', '-u', 'AWS_PROFILE', '-u', 'AWS_REGION'],
          `HOME=${process.env['HOME'] ?? ''}`,
          'AWS_EC2_METADATA_DISABLED=true',
          process.execPath,
          bundle
        ]
      ],
      handshake: {
        python: PYTHON,
        localCluster: { enabled: true, runtime: 'process', cpus: 2, memory: 1024 ** 3 }
      }
    });
    work = join(bridge.folder, 'work');
    mkdirSync(work);
    writeFileSync(join(work, 'shout.sh'), 'tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/shout.txt"\n');
    writeFileSync(join(work, 'tail.sh'), 'cat "$INPUT_FILE_PATH"; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/tail.txt"\n');
  });
  afterAll(async () => {
    await bridge?.stop();
    await cleanUp();
    children.forEach(child => child.kill('SIGKILL'));
    restore();
  });

  const source = (text: string) => ({ text: `functions:\n${text}`, base: { path: work } });
  const finished = async (operation: Operation): Promise<Operation> => {
    let current = operation;
    while (current.state === 'running') {
      const path = `/v1/operations/${current.id}?since=${current.revision}&wait=20`;
      current = (await bridge.call(path)).json<Operation>();
    }
    return current;
  };

  it('is honest without credentials', async () => {
    const context = (await bridge.call('/v1/aws/context')).json<AwsContext>();
    expect(context).toMatchObject({ state: 'no-credentials', emulator: false, region: 'us-east-1' });
    expect(context.problem?.action).toContain('emulator');
    const refused = await bridge.call('/v1/aws/functions');
    expect(refused.status).toBe(403);
    expect(refused.json()).toMatchObject({ type: expect.stringMatching(/no-credentials$/) });
    // Also where the answer is a stream of text.
    expect((await bridge.call('/v1/aws/functions/grey/log?follow=true')).status).toBe(403);
    const page = await bridge.call('/v1/aws/context', {
      method: 'PUT',
      json: { endpoint: 'http://evil.example' },
      headers: { 'x-oscar-client': 'page' }
    });
    expect(page.status).toBe(403);
  });

  it('deploys both halves of a file with one plan and one operation', async () => {
    const events = await openEvents(bridge.socket);
    const context = await bridge.call('/v1/aws/context', { method: 'PUT', json: { emulator: true } });
    expect(context.json()).toMatchObject({ state: 'ready', emulator: true });
    await events.next(event => event.type === 'aws-context');
    const text = SERVICE + FUNCTION;
    const plan = (await bridge.call('/v1/fdl/plan', { json: { source: source(text) } })).json<FdlPlan>();
    expect(plan.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(plan).toMatchObject({ cluster: 'local', services: ['shout'], functions: ['tail'] });
    const kinds = plan.steps.map(step => step.kind);
    expect(kinds.indexOf('service')).toBeLessThan(kinds.indexOf('function'));
    const applied = await bridge.call('/v1/fdl/apply', { json: { source: source(text) } });
    expect(applied.status).toBe(202);
    const done = await finished(applied.json<Operation>());
    expect(done.problem).toBeUndefined();
    expect(done.state).toBe('done');
    expect(done.steps.length).toBe(plan.steps.length);
    expect(done.steps.every(step => step.state === 'done')).toBe(true);
    await events.next(event => event.type === 'aws-function' && event.data['name'] === 'tail');
    events.close();
    expect((await bridge.call('/v1/clusters/local/services/shout')).status).toBe(200);

    const { items } = (await bridge.call('/v1/aws/functions')).json<{ items: AwsFunction[] }>();
    expect(items.map(item => item.name)).toEqual(['tail']);
    const invoked = await bridge.call('/v1/aws/functions/tail/invoke', { json: { text: 'straight' } });
    expect(invoked.json<AwsInvocation>()).toMatchObject({ state: 'succeeded', text: 'straight' });
  });

  it('has objects, logs, metrics and lists', async () => {
    const put = await bridge.call('/v1/aws/buckets/tail-bucket/objects/in/a%20b.txt', {
      method: 'PUT',
      body: 'object'
    });
    expect(put.status).toBe(201);
    const got = await until('the result', async () => {
      const answer = await bridge.call('/v1/aws/buckets/tail-bucket/objects/out/tail.txt');
      return answer.text === 'object' ? answer : undefined;
    });
    expect(got.headers['content-security-policy']).toContain('sandbox');
    const log = await bridge.call('/v1/aws/functions/tail/log');
    expect(log.text).toContain('START RequestId');
    for (const path of ['metrics?hours=3', 'deletion']) {
      expect((await bridge.call(`/v1/aws/functions/tail/${path}`)).status).toBe(200);
    }
    for (const path of ['apis', 'orphans', 'batch-jobs', 'profiles', 'buckets', 'emulator']) {
      expect({ path, status: (await bridge.call(`/v1/aws/${path}`)).status }).toEqual({ path, status: 200 });
    }
    expect((await bridge.call('/v1/aws/functions/none')).status).toBe(404);
    expect((await bridge.call('/v1/aws/batch-jobs/none/log')).status).toBe(404);
  });

  it('takes the results of a service at the edge on to a function', async () => {
    // An account with keys of its own, as a service that runs elsewhere needs them.
    const cloud = await startEmulator();
    mkdirSync(join(process.env['HOME'] ?? '', '.aws'), { recursive: true });
    writeFileSync(
      join(process.env['HOME'] ?? '', '.aws', 'credentials'),
      `[cloud]\naws_access_key_id = ${cloud.access_key_id}\naws_secret_access_key = ${cloud.secret_access_key}\n`
    );
    const context = await bridge.call('/v1/aws/context', {
      method: 'PUT',
      json: { profile: 'cloud', endpoint: cloud.endpoint, role: cloud.role, region: 'us-east-1' }
    });
    expect(context.json()).toMatchObject({ state: 'ready', emulator: false, profile: 'cloud', source: 'keys' });
    const edge = SERVICE.replace(
      'storage_provider: minio.default\n        path: shout/out',
      'storage_provider: s3.cloud\n        path: tail-bucket/in'
    ).replace(
      'image: none\n',
      `image: none\n      environment:\n        variables:\n          AWS_ENDPOINT_URL_S3: ${cloud.endpoint}\n`
    );
    const providers = `storage_providers:
  s3:
    cloud:
      access_key: ${cloud.access_key_id}
      secret_key: ${cloud.secret_access_key}
      region: us-east-1
`;
    const text = edge + FUNCTION.replace('name: tail\n', 'name: tail\n      execution_mode: batch\n') + providers;
    const plan = (await bridge.call('/v1/fdl/plan', { json: { source: source(text) } })).json<FdlPlan>();
    expect(plan.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(JSON.stringify(plan)).not.toContain(cloud.secret_access_key);
    const applied = await finished(
      (await bridge.call('/v1/fdl/apply', { json: { source: source(text) } })).json<Operation>()
    );
    expect(applied).toMatchObject({ state: 'done' });
    await bridge.call('/v1/clusters/local/buckets/shout/objects/in/words.txt', {
      method: 'PUT',
      body: 'from the edge'
    });
    await until(
      'the result in the cloud',
      async () => (await bridge.call('/v1/aws/buckets/tail-bucket/objects/out/tail.txt')).text === 'FROM THE EDGE',
      60_000
    );
    await bridge.call('/v1/aws/context', { method: 'PUT', json: { profile: '', endpoint: '', emulator: true } });
  });

  it('tells what is wrong with a function before a service is deployed', async () => {
    const text = (SERVICE + FUNCTION)
      .replace('name: shout', 'name: second')
      .replace('tail-bucket/out', 'tail-bucket/in/x');
    const operation = await finished(
      (await bridge.call('/v1/fdl/apply', { json: { source: source(text) } })).json<Operation>()
    );
    expect(operation).toMatchObject({ state: 'failed', problem: { type: expect.stringMatching(/invalid-fdl$/) } });
    expect((await bridge.call('/v1/clusters/local/services/second')).status).toBe(404);
  });

  it('deletes in one operation', async () => {
    const removed = await bridge.call('/v1/aws/functions/tail', { method: 'DELETE' });
    expect(removed.status).toBe(202);
    expect(await finished(removed.json<Operation>())).toMatchObject({ kind: 'aws-delete', state: 'done' });
    expect((await bridge.call('/v1/aws/functions')).json()).toEqual({ items: [] });
    expect((await bridge.call('/v1/aws/functions/tail', { method: 'DELETE' })).status).toBe(404);
  });

  it('stops the emulator with itself', async () => {
    const { endpoint } = (await bridge.call('/v1/aws/emulator')).json<{ endpoint: string }>();
    expect(endpoint).toMatch(/^http:/);
    await bridge.stop();
    await until('the end of the emulator', async () => {
      try {
        await fetch(endpoint);
        return undefined;
      } catch {
        return true;
      }
    });
  });

  it('keeps a bridge that nobody calls while the emulator has something in it', async () => {
    const idle = await start({ handshake: { python: PYTHON, localCluster: { enabled: false }, idleSeconds: 0.5 } });
    let ended = false;
    void idle.ended.then(() => (ended = true));
    const started = await idle.call('/v1/aws/emulator/start', { method: 'POST' });
    const { endpoint } = started.json<{ endpoint: string }>();
    // Six times as long as it stays by itself.
    await delay(3000);
    expect(ended).toBe(false);
    expect((await idle.call('/v1/aws/emulator')).json()).toMatchObject({ state: 'running', endpoint });
    await idle.call('/v1/aws/emulator/stop', { method: 'POST' });
    expect(await idle.ended).toBe(0);
  });
});
