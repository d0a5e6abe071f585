import { writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Operation, Result, Service } from '../../src/contract';
import { cleanUp, SECRET, send, start, temporaryFolder, until, type IBridge } from './harness';

jest.setTimeout(60_000);

let bridge: IBridge;
const BASE = '/v1/clusters/local/services/web';

/** What an exposed service may try: it tells what it was sent, sets cookies and policies, redirects, streams. */
const SERVER = `
const http = require('node:http');
http.createServer((request, response) => {
  if (request.url.endsWith('/redirect')) {
    response.writeHead(302, { Location: '/system/services/web/exposed/target?x=1', 'Set-Cookie': 'a=b' }).end();
  } else if (request.url.endsWith('/stream')) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: one\\n\\n');
    setTimeout(() => response.end('data: two\\n\\n'), 1500);
  } else if (request.url.endsWith('/hostile')) {
    response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy': 'default-src *', 'Set-Cookie': ['_xsrf=1', 'jupyter=2'], 'Access-Control-Allow-Origin': '*', 'Clear-Site-Data': '*', 'Service-Worker-Allowed': '/' });
    response.end('<script>fetch("/api/contents")</script>');
  } else {
    let body = '';
    request.on('data', chunk => (body += chunk));
    request.on('end', () => response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body })));
  }
}).on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nX-Cookie: ' + (request.headers.cookie || 'none') + '\\r\\n\\r\\n');
  socket.pipe(socket);
}).listen(Number(process.env.OSCAR_EXPOSED_PORT));
`;

beforeAll(async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'script.sh'),
    `cat > server.cjs <<'END'\n${SERVER}\nEND\nexec '${process.execPath}' server.cjs\n`
  );
  bridge = await start({
    folder,
    handshake: {
      baseUrl: '/user/a%40b/',
      localCluster: { enabled: true, runtime: 'process', cpus: 2, memory: 1024 ** 3 }
    }
  });
  const text = `functions:
  oscar:
    - local:
        name: web
        image: none
        cpu: '0.2'
        memory: 256Mi
        script: script.sh
        annotations:
          jupyterlab-oscar/runtime: process
        expose:
          min_scale: 1
          max_scale: 1
          cpu_threshold: 80
          api_port: [8000]
          rewrite_target: true
          set_auth: true
`;
  const begun = (
    await bridge.call('/v1/fdl/apply', { json: { source: { text, base: { path: folder } } } })
  ).json<Operation>();
  const operation = await until(
    'the apply to end',
    async () => {
      const current = (
        await bridge.call(`/v1/operations/${begun.id}?since=${begun.revision}&wait=20`)
      ).json<Operation>();
      return current.state !== 'running' && current;
    },
    30_000
  );
  expect({ state: operation.state, problem: operation.problem }).toEqual({ state: 'done', problem: undefined });
  await until(
    'the service to be ready',
    async () => (await bridge.call(BASE)).json<Service>().state === 'ready',
    30_000
  );
});
afterAll(async () => {
  // Ended in order, it takes the process of the service along; killed, it would leave that to its next start.
  await bridge.stop();
  await cleanUp();
});

interface IEcho {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

test('a call is passed on with the token of the service and nothing of the caller', async () => {
  const answer = await bridge.call(`${BASE}/exposed/some/p%C3%A4th?q=1&r=%2F`, {
    body: 'payload',
    headers: {
      cookie: 'jupyter=secret',
      origin: 'http://evil.example',
      referer: 'http://host/?token=x',
      'x-custom': 'kept',
      'content-type': 'text/plain',
      'x-oscar-client': 'page'
    }
  });
  expect(answer.status).toBe(200);
  const echo = answer.json<IEcho>();
  expect(echo).toMatchObject({ method: 'POST', body: 'payload' });
  expect(echo.url).toContain('some/p%C3%A4th?q=1&r=%2F');
  expect(echo.headers['x-custom']).toBe('kept');
  for (const header of ['cookie', 'origin', 'referer', 'x-oscar-client']) {
    expect(echo.headers).not.toHaveProperty(header);
  }
  expect(echo.headers['authorization'] ?? '').not.toContain('kept-between-us');
});

test('its pages run as nobody: no cookies, no policies of their own', async () => {
  const answer = await bridge.call(`${BASE}/exposed/hostile`);
  expect(answer.text).toContain('<script>');
  expect(answer.headers['content-security-policy']).toBe('sandbox allow-scripts allow-forms');
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  for (const header of ['set-cookie', 'access-control-allow-origin', 'clear-site-data', 'service-worker-allowed']) {
    expect(answer.headers).not.toHaveProperty(header);
  }
});

test('redirects inside it lead to where the caller sees it', async () => {
  const page = await bridge.call(`${BASE}/exposed/redirect`, { headers: { 'x-oscar-client': 'page' } });
  expect({ status: page.status, location: page.headers.location }).toEqual({
    status: 302,
    location: '/user/a%40b/jupyterlab-oscar/v1/clusters/local/services/web/exposed/target?x=1'
  });
  const kernel = await bridge.call(`${BASE}/exposed/redirect`);
  expect(kernel.headers.location).toBe(`${BASE}/exposed/target?x=1`);
});

test('what it streams comes as it is sent', async () => {
  const response = await send(bridge.socket, `${BASE}/exposed/stream`);
  const began = Date.now();
  const times: number[] = [];
  let text = '';
  for await (const chunk of response) {
    times.push(Date.now() - began);
    text += String(chunk);
  }
  expect(text).toBe('data: one\n\ndata: two\n\n');
  expect(times[0]).toBeLessThan(1000);
});

function upgrade(
  path: string,
  secret = SECRET
): Promise<{ status?: number; headers: IncomingHttpHeaders; socket?: Duplex }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      socketPath: bridge.socket,
      path,
      headers: {
        authorization: `Bearer ${secret}`,
        connection: 'Upgrade',
        upgrade: 'websocket',
        cookie: 'jupyter=secret',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13'
      }
    });
    request.once('upgrade', (response, socket) =>
      resolve({ status: response.statusCode, headers: response.headers, socket })
    );
    request.once('response', response => {
      response.resume();
      resolve({ status: response.statusCode, headers: response.headers });
    });
    request.once('error', reject);
    request.end();
  });
}

test('WebSockets are passed on, in both directions', async () => {
  const { status, headers, socket } = await upgrade(`${BASE}/exposed/ws`);
  expect({ status, cookie: headers['x-cookie'] }).toEqual({ status: 101, cookie: 'none' });
  const echoed = new Promise<string>(resolve => socket?.once('data', chunk => resolve(String(chunk))));
  socket?.write('back and forth');
  expect(await echoed).toBe('back and forth');
  socket?.destroy();
  expect((await upgrade(`${BASE}/exposed/ws`, 'x'.repeat(32))).status).toBe(401);
  expect((await upgrade('/v1/status')).status).toBe(404);
  expect((await upgrade('/v1/clusters/local/services/nothing/exposed/ws')).status).toBe(404);
  expect((await upgrade('/v1/clusters/%zz/services/web/exposed/ws')).status).toBe(400);
});

test('it can be invoked at a path, like any service', async () => {
  const answer = await bridge.call(`${BASE}/invoke?path=/deep/er`, {
    body: '{"x":1}',
    headers: { 'content-type': 'application/json' }
  });
  const result = answer.json<Result>();
  expect(result).toMatchObject({ via: 'exposed', state: 'succeeded' });
  const echo = JSON.parse(result.text ?? '') as IEcho;
  expect(echo).toMatchObject({ method: 'POST', body: '{"x":1}', headers: { 'content-type': 'application/json' } });
  expect(echo.url).toContain('/deep/er');
});

test('a service that is not exposed, or not there, is not called', async () => {
  expect((await bridge.call('/v1/clusters/local/services/nothing/exposed/')).status).toBe(404);
  expect((await bridge.call('/v1/clusters/nowhere/services/web/exposed/')).status).toBe(404);
});

test('it is stopped, which a call is told, and started', async () => {
  expect((await bridge.call(`${BASE}/stop`, { method: 'POST' })).status).toBe(200);
  await until('it to be stopped', async () => (await bridge.call(BASE)).json<Service>().state === 'stopped', 20_000);
  expect((await bridge.call(`${BASE}/exposed/`)).status).toBeGreaterThanOrEqual(500);
  expect((await bridge.call(`${BASE}/start`, { method: 'POST' })).status).toBe(200);
  await until('it to answer', async () => (await bridge.call(`${BASE}/exposed/`)).status === 200, 30_000);
});
