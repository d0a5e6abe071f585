import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster, Job, Operation, Result, Service, Submission } from '../../src/contract';
import {
  cleanUp,
  openEvents,
  SECRET,
  send,
  start,
  temporaryFolder,
  until,
  type IBridge,
  type IEventStream
} from './harness';

jest.setTimeout(60_000);

/** The whole bridge with its embedded cluster, driven as the page and kernels do. */
let bridge: IBridge;
let events: IEventStream;
const LOCAL = '/v1/clusters/local';

const FDL = `functions:
  oscar:
    - local:
        name: shout
        image: none
        cpu: '0.1'
        memory: 64Mi
        script: script.sh
        annotations:
          jupyterlab-oscar/runtime: process
        input:
          - storage_provider: minio.default
            path: shout/in
        output:
          - storage_provider: minio.default
            path: shout/out
`;

const SCRIPT = `echo "shouting"
tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"
`;

const handshake = { localCluster: { enabled: true, runtime: 'process', cpus: 2, memory: 1024 ** 3 } };

async function apply(target: IBridge, text: string, base: string): Promise<Operation> {
  const answer = await target.call('/v1/fdl/apply', { json: { source: { text, base: { path: base } } } });
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 202 });
  return answer.json<Operation>();
}

async function finished(target: IBridge, operation: Operation): Promise<Operation> {
  let current = operation;
  while (current.state === 'running') {
    current = (await target.call(`/v1/operations/${current.id}?since=${current.revision}&wait=20`)).json<Operation>();
  }
  return current;
}

beforeAll(async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'script.sh'), SCRIPT);
  bridge = await start({ folder, handshake: { ...handshake, contentsRoot: folder } });
  events = await openEvents(bridge.socket);
});
afterAll(cleanUp);

test('the local cluster comes up by itself, and calls wait for it', async () => {
  const answer = await bridge.call(`${LOCAL}/services`);
  expect(answer.json()).toEqual({ items: [] });
  const { clusters } = (await bridge.call('/v1/status')).json<{ clusters: Cluster[] }>();
  expect(clusters).toEqual([expect.objectContaining({ id: 'local', current: true, removable: false })]);
  await events.next(event => event.type === 'cluster' && (event.data['cluster'] as Cluster).state === 'ready');
  expect((await bridge.call(LOCAL)).json<Cluster>()).toMatchObject({
    state: 'ready',
    features: expect.arrayContaining(['job-id'])
  });
});

test('a plan changes nothing, an apply is followed to its end, and its service appears', async () => {
  const source = { text: FDL, base: { contents: '' } };
  const plan = await bridge.call('/v1/fdl/plan', { json: { source }, headers: { 'x-oscar-client': 'page' } });
  expect(plan.json()).toMatchObject({ cluster: 'local', services: ['shout'], problems: [] });
  expect((await bridge.call(`${LOCAL}/services`)).json()).toEqual({ items: [] });

  const operation = await finished(bridge, await apply(bridge, FDL, bridge.folder));
  expect(operation).toMatchObject({ state: 'done', services: ['shout'] });
  await events.next(event => event.type === 'operation' && (event.data['operation'] as Operation).state === 'done');
  await events.next(
    event => event.type === 'service' && event.data['name'] === 'shout' && event.data['service'] !== null
  );
  const service = (await bridge.call(`${LOCAL}/services/shout`)).json<Service>();
  expect(service).toMatchObject({ name: 'shout', cluster: 'local' });
  expect(JSON.stringify(service.definition)).not.toMatch(/"token":"[0-9a-f]{64}"/);
});

test('an FDL that cannot be applied is a failed operation with the reason', async () => {
  const operation = await finished(
    bridge,
    await apply(bridge, FDL.replace("cpu: '0.1'", "cpu: 'lots'").replace('name: shout', 'name: bad'), bridge.folder)
  );
  expect(operation).toMatchObject({ state: 'failed', problem: { detail: expect.any(String) } });
  expect((await bridge.call(`${LOCAL}/services/bad`)).status).toBe(404);
});

test('a submission runs a job that is told as it changes, with its log and its output', async () => {
  const file = join(bridge.folder, 'words one.txt');
  writeFileSync(file, 'hello');
  const submitted = await bridge.call(`${LOCAL}/services/shout/submissions`, { json: { files: [{ path: file }] } });
  expect(submitted.status).toBe(202);
  let submission = submitted.json<Submission>();
  while (!submission.done) {
    submission = (
      await bridge.call(`/v1/submissions/${submission.id}?since=${submission.revision}&wait=20`)
    ).json<Submission>();
  }
  const [item] = submission.items;
  expect(item).toMatchObject({
    state: 'succeeded',
    exitCode: 0,
    outputs: [expect.objectContaining({ name: 'words one.txt' })]
  });
  const id = item?.job ?? '';
  await events.next(
    event => event.type === 'job' && event.data['id'] === id && (event.data['job'] as Job).state === 'succeeded'
  );
  await events.next(event => event.type === 'submission' && (event.data['submission'] as Submission).done);
  expect((await bridge.call(`${LOCAL}/jobs/${id}/log`)).text).toContain('shouting');
  // A finished log that is followed ends by itself.
  expect((await bridge.call(`${LOCAL}/jobs/${id}/log?follow=true`)).text).toContain('shouting');
  const output = item?.outputs[0];
  expect((await bridge.call(`/v1/${output?.href.replace(/^\/?(v1\/)?/, '')}`)).text).toBe('HELLO');
  expect((await bridge.call(`${LOCAL}/jobs/${id}/result`)).json<Result>()).toMatchObject({
    job: id,
    state: 'succeeded'
  });

  const { id: subscription } = (
    await bridge.call('/v1/log-subscriptions', { json: { cluster: 'local', service: 'shout', job: id } })
  ).json<{ id: string }>();
  await events.next(
    event => event.type === 'log' && event.data['subscription'] === subscription && event.data['end'] === true
  );
  const text = events.events
    .filter(event => event.data['subscription'] === subscription)
    .map(event => event.data['text'])
    .join('');
  expect(text).toContain('shouting');
  // Its end and the reader's goodbye cross on the way.
  expect((await bridge.call(`/v1/log-subscriptions/${subscription}`, { method: 'DELETE' })).status).toBe(204);
});

test('a call with the input itself, and one with a reference', async () => {
  const direct = await bridge.call(`${LOCAL}/services/shout/invoke`, {
    body: 'quiet',
    headers: { 'content-type': 'text/plain', 'x-oscar-filename': encodeURIComponent('señal.txt') }
  });
  expect(direct.json<Result>()).toMatchObject({ service: 'shout', state: 'succeeded', via: 'run' });
  const [file] = direct.json<Result>().files;
  const bytes = await bridge.call(`/v1/${file?.href.replace(/^\/?(v1\/)?/, '')}`);
  expect(bytes.text).toBe('QUIET');
  expect(bytes.headers).toMatchObject({
    'content-security-policy': 'sandbox allow-scripts allow-forms',
    'x-content-type-options': 'nosniff'
  });
  const reference = await bridge.call(`${LOCAL}/services/shout/invoke`, {
    body: JSON.stringify({ contents: 'words one.txt' }),
    headers: { 'content-type': 'application/vnd.oscar.file+json', 'x-oscar-client': 'page' }
  });
  expect(reference.json<Result>()).toMatchObject({ state: 'succeeded' });
  const wrong = await bridge.call(`${LOCAL}/services/shout/invoke`, {
    body: '{"path":7}',
    headers: { 'content-type': 'application/vnd.oscar.file+json' }
  });
  expect(wrong.status).toBe(400);
  const traversal = await bridge.call(`${LOCAL}/services/shout/invoke`, {
    body: 'x',
    headers: { 'x-oscar-filename': '..%2Fx' }
  });
  expect(traversal.status).toBe(400);
});

test('objects go in and out byte for byte, with keys of every kind', async () => {
  expect((await bridge.call(`${LOCAL}/buckets`, { json: { name: 'things' } })).status).toBe(201);
  expect((await bridge.call(`${LOCAL}/buckets`)).json<{ items: unknown[] }>().items).toContainEqual(
    expect.objectContaining({ name: 'things' })
  );
  const objects = `${LOCAL}/buckets/things/objects`;
  for (const key of ['plain.txt', 'with space+plus%.txt', 'ñandú/ü.txt', 'a//b', '../up', '/lead', 'x'.repeat(1000)]) {
    const path = `${objects}/${encodeURIComponent(key)}`;
    expect({
      key,
      status: (await bridge.call(path, { method: 'PUT', body: key, headers: { 'content-type': 'text/html' } })).status
    }).toEqual({ key, status: 201 });
    const read = await bridge.call(path);
    expect(read.text).toBe(key);
    expect(read.headers).toMatchObject({
      'content-type': 'text/html',
      'content-security-policy': 'sandbox allow-scripts allow-forms',
      'x-content-type-options': 'nosniff'
    });
    expect((await bridge.call(path, { method: 'HEAD' })).headers['content-length']).toBe(
      String(Buffer.byteLength(key))
    );
  }
  const ranged = await bridge.call(`${objects}/plain.txt?download=true`, { headers: { range: 'bytes=1-3' } });
  expect({ status: ranged.status, text: ranged.text }).toEqual({ status: 206, text: 'lai' });
  expect(ranged.headers).toMatchObject({
    'content-range': 'bytes 1-3/9',
    'content-disposition': expect.stringMatching(/^attachment; filename="plain.txt"/)
  });
  const evil = await bridge.call(`${objects}/${encodeURIComponent('a"\r\nX-Evil: 1')}`, { method: 'PUT', body: 'x' });
  if (evil.status === 201) {
    const answer = await bridge.call(`${objects}/${encodeURIComponent('a"\r\nX-Evil: 1')}?download=true`);
    expect(answer.status).toBe(200);
    expect(answer.headers['x-evil']).toBeUndefined();
  }
  expect((await bridge.call(`${objects}/`, { method: 'PUT', body: 'x' })).status).toBe(400);
  expect((await bridge.call(`${objects}/${'k'.repeat(1025)}`, { method: 'PUT', body: 'x' })).status).toBe(400);
  expect((await bridge.call(`${objects}/missing`)).status).toBe(404);
  const page = (await bridge.call(`${objects}?delimiter=/&limit=1000`)).json<{
    items: { key: string }[];
    prefixes: string[];
  }>();
  expect(page.items.map(item => item.key)).toContain('plain.txt');
  expect((await bridge.call(`${objects}/plain.txt`, { method: 'DELETE' })).status).toBe(204);
  expect((await bridge.call(`${objects}/plain.txt`)).status).toBe(404);
});

test('a large object is streamed both ways: memory stays bounded', async () => {
  const block = randomBytes(1024 * 1024);
  const blocks = 150;
  const sent = createHash('md5');
  const body = Readable.from(
    (function* () {
      for (let count = 0; count < blocks; count++) {
        sent.update(block);
        yield block;
      }
    })()
  );
  const rss = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${bridge.child.pid}/status`, 'utf8'))?.[1]) / 1024;
  const before = rss();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, rss())), 20);
  const path = `${LOCAL}/buckets/things/objects/large.bin`;
  const put = await bridge.call(path, {
    method: 'PUT',
    body,
    headers: { 'content-length': String(blocks * block.length) }
  });
  expect({ status: put.status, text: put.text }).toMatchObject({ status: 201 });
  const got = createHash('md5');
  for await (const chunk of await send(bridge.socket, path)) {
    got.update(chunk as Buffer);
  }
  clearInterval(watch);
  expect(got.digest('hex')).toBe(sent.digest('hex'));
  // Client and server of the object store are in this one process, so both their buffers count.
  expect(most - before).toBeLessThan(128);
});

test('an upload that breaks off leaves no object', async () => {
  const path = `${LOCAL}/buckets/things/objects/half.bin`;
  const request = httpRequest({
    socketPath: bridge.socket,
    path,
    method: 'PUT',
    headers: { authorization: `Bearer ${SECRET}`, 'content-length': '1000000' }
  });
  const gone = new Promise<void>(resolve => request.once('error', () => resolve()));
  request.write(Buffer.alloc(100_000));
  // The store has a file for it by then, or has not: neither may show.
  await new Promise(resolve => setTimeout(resolve, 100));
  request.destroy(new Error('gone'));
  await gone;
  expect((await bridge.call(path)).status).toBe(404);
  const listed = (await bridge.call(`${LOCAL}/buckets/things/objects?prefix=half`)).json<{ items: unknown[] }>();
  expect(listed.items).toEqual([]);
});

test('kill -9 in the middle of an apply: the next bridge says so, and it can be run again', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'script.sh'), SCRIPT);
  const first = await start({ folder, handshake });
  await first.call(`${LOCAL}/services`);
  const many =
    FDL +
    Array.from({ length: 40 }, (_, index) =>
      FDL.split('\n').slice(2).join('\n').replace(/shout/g, `shout${index}`)
    ).join('');
  const stream = await openEvents(first.socket);
  const operation = await apply(first, many, folder);
  await stream.next(
    event =>
      event.type === 'operation' && (event.data['operation'] as Operation).steps.some(step => step.state === 'done')
  );
  await first.kill('SIGKILL');

  const second = await start({ folder, handshake });
  const left = (await second.call(`/v1/operations/${operation.id}`)).json<Operation>();
  expect(left).toMatchObject({ state: 'interrupted', problem: { type: 'urn:jupyterlab-oscar:problem:interrupted' } });
  const again = await finished(second, await apply(second, many, folder));
  expect({ state: again.state, problem: again.problem }).toEqual({ state: 'done', problem: undefined });
  expect((await second.call(`${LOCAL}/services`)).json<{ items: unknown[] }>().items).toHaveLength(41);
});

test('a running job keeps an idle bridge alive, and deleting a service keeps its data', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'script.sh'), 'sleep 2\n');
  const idle = await start({ folder, handshake: { ...handshake, idleSeconds: 0.5 } });
  await finished(idle, await apply(idle, FDL, folder));
  const put = await idle.call(`${LOCAL}/buckets/shout/objects/in/a.txt`, { method: 'PUT', body: 'a' });
  expect(put.status).toBe(201);
  const ended = idle.ended.then(() => Date.now());
  const began = Date.now();
  expect(await idle.ended).toBe(0);
  expect((await ended) - began).toBeGreaterThan(1500);

  const again = await start({ folder, handshake });
  const { items } = (await again.call(`${LOCAL}/jobs`)).json<{ items: Job[] }>();
  expect(items).toEqual([expect.objectContaining({ service: 'shout', state: 'succeeded' })]);
  const preview = await again.call(`${LOCAL}/services/shout/deletion`);
  expect(preview.json()).toMatchObject({ service: 'shout', jobs: 1 });
  const deleted = await again.call(`${LOCAL}/services/shout`, { method: 'DELETE' });
  expect(deleted.json()).toMatchObject({ kept: ['shout'], deleted: [] });
  expect((await again.call(`${LOCAL}/buckets/shout/objects/in/a.txt`)).text).toBe('a');
});

test('nothing secret is in the log', async () => {
  const { password } = JSON.parse(readFileSync(join(bridge.data, 'local-cluster', 'credentials.json'), 'utf8')) as {
    password: string;
  };
  expect(password.length).toBeGreaterThan(10);
  expect(bridge.log()).not.toContain(password);
  expect(bridge.log()).not.toMatch(/\b[0-9a-f]{64}\b/);
  await until('the log to be written', () => bridge.log().includes('Local cluster'));
});
