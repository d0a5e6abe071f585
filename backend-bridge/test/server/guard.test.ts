import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { cleanUp, SECRET, start, type IBridge } from './harness';

let bridge: IBridge;

beforeAll(async () => {
  bridge = await start();
});
afterAll(cleanUp);

/** Bytes as they are, answered until the connection closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(bridge.socket);
    let answer = '';
    socket.on('data', chunk => (answer += chunk.toString('latin1')));
    socket.on('close', () => resolve(answer));
    // What is not read any more is answered with a reset, which may overtake the answer.
    socket.on('error', error =>
      'code' in error && ['ECONNRESET', 'EPIPE'].includes(String(error.code)) ? undefined : reject(error)
    );
    socket.write(text);
  });
}

test.each([
  ['none', null],
  ['an empty one', ''],
  ['a wrong one', 'wrong'],
  ['a longer one', `${SECRET}x`],
  ['a shorter one', SECRET.slice(0, -1)],
  ['another case', SECRET.toUpperCase()]
])('a call with a bearer: %s, is refused before anything else is looked at', async (_name, secret) => {
  for (const path of ['/v1/status', '/v1/nothing', '/v1/%zz', '/v1/events', '/v1/clusters/x/buckets/b/objects/k']) {
    const answer = await bridge.call(path, { secret });
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  }
});

test('a body without the bearer is not waited for', async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath: bridge.socket,
        path: '/v1/fdl/check',
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': '1000000' }
      },
      response => {
        resolve(response.statusCode);
        request.destroy();
      }
    );
    request.once('error', reject);
    // The head only: the million bytes never come.
    request.flushHeaders();
  });
  expect(status).toBe(401);
});

const problem = (type: string): unknown =>
  expect.objectContaining({
    type: `urn:jupyterlab-oscar:problem:${type}`,
    title: expect.any(String),
    detail: expect.any(String),
    status: expect.any(Number)
  });

test.each<[string, string, Parameters<IBridge['call']>[1], number, string, string]>([
  ['an unknown address', '/v1/nothing', {}, 404, 'unknown-route', 'GET /v1/nothing'],
  ['an unknown method', '/v1/status', { method: 'DELETE' }, 404, 'unknown-route', 'DELETE /v1/status'],
  ['wrong percent-encoding', '/v1/clusters/%E0%A4%A', {}, 400, 'invalid', 'percent-encoding'],
  [
    'an empty body',
    '/v1/clusters',
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: '' },
    400,
    'invalid',
    'empty'
  ],
  [
    'no JSON',
    '/v1/clusters',
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' },
    400,
    'invalid',
    'could not be read'
  ],
  [
    'another type of content',
    '/v1/clusters',
    { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'id=x' },
    415,
    'media-type',
    'Content-Type'
  ],
  ['a missing field', '/v1/clusters', { json: { id: 'edge' } }, 400, 'invalid', '`endpoint` is missing: give a text'],
  [
    'a wrong type',
    '/v1/clusters',
    { json: { id: 'edge', endpoint: 7 } },
    400,
    'invalid',
    '`endpoint` is 7: write a text'
  ],
  ['null', '/v1/clusters', { json: null }, 400, 'invalid', 'The body is null: write {"id"'],
  ['a list', '/v1/clusters', { json: [] }, 400, 'invalid', 'The body is a list'],
  [
    'an unknown field',
    '/v1/clusters',
    { json: { id: 'edge', endpoint: 'http://x', colour: 1 } },
    400,
    'invalid',
    '`colour` is not known here'
  ],
  [
    'a name with a path',
    '/v1/clusters',
    { json: { id: '../edge', endpoint: 'http://x' } },
    400,
    'invalid',
    '`id` has characters'
  ],
  ['a number as text in a query', '/v1/operations/x?wait=soon', {}, 400, 'invalid', '`wait`'],
  ['a wait that is too long', '/v1/operations/x?wait=99', {}, 400, 'invalid', '`wait` must be at most 30'],
  ['an unknown operation', '/v1/operations/x', {}, 404, 'not-found', 'operation “x”'],
  ['an unknown upload', '/v1/uploads/../../etc', {}, 404, 'unknown-route', ''],
  ['an upload id with a path', '/v1/uploads/..%2F..%2Fetc', {}, 404, 'not-found', 'upload'],
  ['an unknown cluster', '/v1/clusters/nowhere/services', {}, 404, 'not-found', 'nowhere'],
  ['an upload name with a path', '/v1/uploads', { json: { name: '../x', size: 1 } }, 400, 'invalid', 'file name'],
  [
    'an upload name with a line break',
    '/v1/uploads',
    { json: { name: 'a\r\nX-Evil: 1', size: 1 } },
    400,
    'invalid',
    'file name'
  ],
  ['a negative size', '/v1/uploads', { json: { name: 'a', size: -1 } }, 400, 'invalid', '`size` must be at least 0'],
  [
    'a size beyond the disk',
    '/v1/uploads',
    { json: { name: 'a', size: Number.MAX_SAFE_INTEGER } },
    507,
    'disk-full',
    'bytes'
  ],
  [
    'an empty list of files',
    '/v1/clusters/local/services/s/submissions',
    { json: { files: [] } },
    400,
    'invalid',
    '`files` must have at least 1 entry'
  ],
  [
    'a reference of two forms',
    '/v1/clusters/local/services/s/submissions',
    { json: { files: [{ path: '/a', contents: 'b' }] } },
    400,
    'invalid',
    '`files[0]`'
  ],
  [
    'a prototype in JSON',
    '/v1/uploads',
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"__proto__":{"x":1},"name":"a","size":1}'
    },
    400,
    'invalid',
    ''
  ]
])('%s is answered with a problem that says what is wrong', async (_name, path, options, status, type, detail) => {
  const answer = await bridge.call(path, options);
  expect({ status: answer.status, type: answer.headers['content-type'] }).toEqual({
    status,
    type: expect.stringMatching(/^application\/problem\+json/)
  });
  expect(answer.json()).toEqual(problem(type));
  expect(answer.json<{ detail: string }>().detail).toContain(detail);
  expect(answer.headers['x-evil']).toBeUndefined();
});

test('a huge body is refused by its announced size, before it is sent', async () => {
  const answer = await raw(
    `POST /v1/clusters HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${SECRET}\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\n\r\n{`
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toContain('urn:jupyterlab-oscar:problem:too-large');
});

test('a huge body without an announced size is cut off', async () => {
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  await raw(
    `POST /v1/clusters HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SECRET}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(100)}`
  );
  expect((await bridge.call('/v1/status')).status).toBe(200);
});

test('deeply nested JSON does not end it', async () => {
  const depth = 200_000;
  const answer = await bridge.call('/v1/uploads', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"name":${'['.repeat(depth)}${']'.repeat(depth)},"size":1}`
  });
  expect(answer.status).toBe(400);
  expect((await bridge.call('/v1/status')).status).toBe(200);
});

test.each([
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['a head without an end', `GET /v1/status HTTP/1.1\r\nX: ${'a'.repeat(100_000)}`],
  ['two lengths', 'POST /v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  [
    'length and chunks',
    `POST /v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SECRET}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
  ]
])('%s closes that connection only', async (_name, text) => {
  expect(await raw(text)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
  expect((await bridge.call('/v1/status')).status).toBe(200);
});

test('the secret is in no log', async () => {
  await bridge.call('/v1/clusters', {
    json: { id: 'edge', endpoint: 'nonsense', user: 'u', password: 'hunter2-hunter2' }
  });
  expect(bridge.log()).not.toContain(SECRET);
  expect(bridge.log()).not.toContain('hunter2');
});
