import { readdirSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { cleanUp, SECRET, start, temporaryFolder, until, type IBridge } from './harness';

afterEach(cleanUp);

const MB = 1024 * 1024;

async function create(bridge: IBridge, name: string, size: number): Promise<string> {
  const answer = await bridge.call('/v1/uploads', { json: { name, size } });
  expect(answer.status).toBe(201);
  expect(answer.json()).toMatchObject({ name, size, received: 0 });
  return answer.json<{ id: string }>().id;
}

const part = (bridge: IBridge, id: string, offset: number, body: Buffer): ReturnType<IBridge['call']> =>
  bridge.call(`/v1/uploads/${id}?offset=${offset}`, {
    method: 'PUT',
    body,
    headers: { 'content-type': 'application/octet-stream' }
  });

test('parts add up, in their order only', async () => {
  const bridge = await start();
  const id = await create(bridge, 'página 1.bin', 10);
  expect((await part(bridge, id, 0, Buffer.from('01234'))).json()).toMatchObject({ received: 5 });
  const early = await part(bridge, id, 7, Buffer.from('789'));
  expect(early.status).toBe(409);
  expect(early.json()).toMatchObject({ type: 'urn:jupyterlab-oscar:problem:wrong-offset', received: 5 });
  const again = await part(bridge, id, 0, Buffer.from('xxxxx'));
  expect(again.status).toBe(409);
  const more = await part(bridge, id, 5, Buffer.from('56789ABC'));
  expect(more.status).toBe(413);
  expect((await part(bridge, id, 5, Buffer.from('56789'))).json()).toMatchObject({ received: 10, size: 10 });
  expect((await bridge.call(`/v1/uploads/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await bridge.call(`/v1/uploads/${id}`)).status).toBe(404);
  expect(readdirSync(join(bridge.data, 'bridge', 'uploads'))).toEqual([]);
});

test('a part above 16 MB is refused, one of 16 MB is taken, and memory stays small', async () => {
  const bridge = await start();
  const id = await create(bridge, 'big', 64 * MB);
  expect((await part(bridge, id, 0, Buffer.alloc(16 * MB + 1))).status).toBe(413);
  for (let offset = 0; offset < 64 * MB; offset += 16 * MB) {
    expect((await part(bridge, id, offset, Buffer.alloc(16 * MB, 'x'))).status).toBe(200);
  }
  expect((await bridge.call(`/v1/uploads/${id}`)).json()).toMatchObject({ received: 64 * MB });
  expect(statSync(join(bridge.data, 'bridge', 'uploads', id, 'data')).size).toBe(64 * MB);
});

test('an upload without a length is bounded too', async () => {
  const bridge = await start();
  const id = await create(bridge, 'small', 3);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath: bridge.socket,
        path: `/v1/uploads/${id}?offset=0`,
        method: 'PUT',
        headers: { authorization: `Bearer ${SECRET}` }
      },
      response => {
        response.resume();
        resolve(response.statusCode);
      }
    );
    request.once('error', reject);
    request.write('ab');
    request.end('cdef');
  });
  expect(status).toBe(413);
  expect((await bridge.call(`/v1/uploads/${id}`)).json()).toMatchObject({ received: 0 });
});

test('after kill -9 in the middle of a part, the upload goes on where it was acknowledged or later', async () => {
  const folder = temporaryFolder();
  const first = await start({ folder });
  const id = await create(first, 'big', 8 * MB);
  expect((await part(first, id, 0, Buffer.alloc(2 * MB, 'a'))).json()).toMatchObject({ received: 2 * MB });
  const request = httpRequest({
    socketPath: first.socket,
    path: `/v1/uploads/${id}?offset=${2 * MB}`,
    method: 'PUT',
    headers: { authorization: `Bearer ${SECRET}`, 'content-length': String(4 * MB) }
  });
  request.on('error', () => undefined);
  request.write(Buffer.alloc(MB, 'a'));
  await until(
    'some of the part is on disk',
    () => statSync(join(first.data, 'bridge', 'uploads', id, 'data')).size > 2 * MB
  );
  await first.kill('SIGKILL');

  const second = await start({ folder });
  const { received } = (await second.call(`/v1/uploads/${id}`)).json<{ received: number }>();
  expect(received).toBeGreaterThanOrEqual(2 * MB);
  expect(received).toBeLessThanOrEqual(3 * MB);
  expect((await part(second, id, received, Buffer.alloc(8 * MB - received, 'a'))).json()).toMatchObject({
    received: 8 * MB
  });
});

test('an incomplete upload cannot be used', async () => {
  const bridge = await start();
  const id = await create(bridge, 'fdl.yaml', 10);
  const answer = await bridge.call('/v1/fdl/check', { json: { source: { file: { upload: id } } } });
  expect(answer.status).toBe(409);
  expect(answer.json()).toMatchObject({ type: 'urn:jupyterlab-oscar:problem:incomplete', received: 0 });
});
