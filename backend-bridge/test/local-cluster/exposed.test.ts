import { connect, type Socket } from 'node:net';
import { request } from 'node:http';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { eventually, SERVICE, start, temporaryFolder, testOptions, type TestClient } from './cluster';

/** A server in plain Python: echoes requests, streams, speaks just enough of an upgraded protocol. */
const APP = `#!/bin/sh
exec python3 - <<'PY'
import os, http.server, socketserver, time, json
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path.endswith('/events'):
            self.send_response(200); self.send_header('Content-Type', 'text/event-stream'); self.send_header('Transfer-Encoding', 'chunked'); self.end_headers()
            for n in range(3):
                part = ('data: %d\\n\\n' % n).encode()
                self.wfile.write(b'%x\\r\\n' % len(part) + part + b'\\r\\n'); self.wfile.flush(); time.sleep(0.3)
            self.wfile.write(b'0\\r\\n\\r\\n'); return
        if self.headers.get('Upgrade'):
            self.send_response(101); self.send_header('Upgrade', self.headers['Upgrade']); self.send_header('Connection', 'Upgrade'); self.end_headers()
            self.wfile.flush()
            while True:
                got = self.connection.recv(1000)
                if not got: break
                self.connection.sendall(b'echo:' + got)
            self.close_connection = True; return
        body = json.dumps({'path': self.path, 'headers': dict(self.headers)}).encode()
        self.send_response(200); self.send_header('Content-Type', 'application/json'); self.send_header('Content-Length', str(len(body)))
        self.send_header('Set-Cookie', 'a=1'); self.send_header('Set-Cookie', 'b=2'); self.end_headers(); self.wfile.write(body)
    def do_POST(self):
        self.send_response(200); self.send_header('Transfer-Encoding', 'chunked'); self.end_headers()
        left = int(self.headers.get('Content-Length', 0))
        while left:
            got = self.rfile.read(min(left, 5)); left -= len(got)
            self.wfile.write(b'%x\\r\\n' % len(got) + got + b'\\r\\n'); self.wfile.flush()
        self.wfile.write(b'0\\r\\n\\r\\n')
    def log_message(self, *args): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer): daemon_threads = True
Server(('127.0.0.1', int(os.environ['OSCAR_EXPOSED_PORT'])), Handler).serve_forever()
PY
`;

describe('exposed services', () => {
  let cluster: ILocalCluster;
  let client: TestClient;
  let token: string;
  const expose = { min_scale: 1, max_scale: 1, cpu_threshold: 80, api_port: [8080] };
  const root = '/system/services/app/exposed';
  const basic = (): Record<string, string> => ({
    Authorization: `Basic ${Buffer.from(`app:${token}`).toString('base64')}`
  });

  beforeAll(async () => {
    ({ cluster, client } = await start(testOptions(temporaryFolder())));
    const created = await client.call('POST', '/system/services', {
      ...SERVICE,
      name: 'app',
      script: APP,
      expose: { ...expose, set_auth: true }
    });
    expect([created.status, created.text]).toEqual([201, '']);
    token = await client.token('app');
    await eventually(
      async () =>
        (await client.call('GET', '/system/services/app/deployment')).json<{ state: string }>().state === 'ready',
      'ready'
    );
  });
  afterAll(() => cluster?.close());

  it('answers below its path, without it, and keeps every header', async () => {
    const answer = await client.call('GET', `${root}/some/%20thing?a=1&b=%2F`, undefined, basic());
    const seen = answer.json<{ path: string; headers: Record<string, string> }>();
    expect(answer.status).toBe(200);
    expect(seen.path).toBe('/some/%20thing?a=1&b=%2F');
    expect(seen.headers['x-forwarded-prefix'] ?? seen.headers['X-Forwarded-Prefix']).toBe(root);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect((await client.call('GET', root, undefined, basic())).json<{ path: string }>().path).toBe('/');
  });

  it('asks for name and token, and never hands the password of the cluster on', async () => {
    const refused = await fetch(cluster.endpoint + root);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Basic realm="Authentication Required"'
    ]);
    const wrong = await client.call('GET', root, undefined, {
      Authorization: `Basic ${Buffer.from('app:wrong').toString('base64')}`
    });
    expect(wrong.status).toBe(401);
    const administrator = await client.call('GET', root);
    expect(administrator.status).toBe(200);
    expect(administrator.text).not.toContain(client.basic.slice(6));
    const cookie = await client.call('GET', '/system/services/app/auth', undefined, {
      Authorization: `Bearer ${token}`
    });
    const value = cookie.headers.getSetCookie()[0].split(';')[0];
    expect((await fetch(cluster.endpoint + root, { headers: { Cookie: value } })).status).toBe(200);
  });

  it('streams both ways, piece by piece', async () => {
    const started = Date.now();
    const response = await fetch(`${cluster.endpoint}${root}/events`, { headers: basic() });
    const reader = response.body!.getReader();
    const first = await reader.read();
    expect(Buffer.from(first.value!).toString()).toBe('data: 0\n\n');
    expect(Date.now() - started).toBeLessThan(600);
    await reader.cancel();

    const parts: string[] = [];
    const { hostname, port } = new URL(cluster.endpoint);
    await new Promise<void>((resolve, reject) => {
      const sent = request(
        { hostname, port, method: 'POST', path: `${root}/x`, headers: { ...basic(), 'Content-Length': '10' } },
        answer => {
          answer.on('data', (part: Buffer) => {
            parts.push(part.toString());
            if (parts.join('') === 'hello') {
              sent.end('world');
            }
          });
          answer.on('end', resolve);
        }
      );
      sent.on('error', reject);
      sent.write('hello');
    });
    expect(parts.join('')).toBe('helloworld');
  });

  it('passes WebSocket connections on, from its own pages only', async () => {
    const talk = (origin: string): Promise<{ socket: Socket; head: string }> =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(cluster.endpoint);
        const socket = connect(Number(port), hostname);
        socket.once('error', reject);
        socket.once('data', data => resolve({ socket, head: data.toString() }));
        socket.write(
          `GET ${root}/ws HTTP/1.1\r\nHost: ${hostname}:${port}\r\nOrigin: ${origin}\r\nAuthorization: ${basic().Authorization}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
        );
      });
    const { socket, head } = await talk(cluster.endpoint);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    const echoed = new Promise<string>(resolve => socket.once('data', data => resolve(data.toString())));
    socket.write('ping');
    expect(await echoed).toBe('echo:ping');
    socket.destroy();
    const stranger = await talk('http://evil.example');
    expect(stranger.head).toMatch(/^HTTP\/1\.1 403 /);
    stranger.socket.destroy();
  });

  it('says so while it is stopped, and comes back', async () => {
    const stopped = await client.call('POST', '/system/services/app/stop');
    expect(stopped.json<{ state: string }>().state).toBe('stopped');
    const answer = await client.call('GET', root, undefined, basic());
    expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'text/plain; charset=utf-8']);
    expect(answer.text).toContain('service "app" is stopped');
    await client.call('POST', '/system/services/app/start');
    await eventually(async () => (await client.call('GET', root, undefined, basic())).status === 200, 'back');
  });

  it('keeps the whole path with rewrite_target', async () => {
    const definition = (await client.call('GET', '/system/services/app')).json<{ expose: object }>();
    const update = await client.call('PUT', '/system/services', {
      ...definition,
      expose: { ...definition.expose, rewrite_target: true }
    });
    expect([update.status, update.text]).toEqual([204, '']);
    await eventually(async () => {
      const answer = await client.call('GET', `${root}/x`, undefined, basic());
      return answer.status === 200 && answer.json<{ path: string }>().path === `${root}/x`;
    }, 'the whole path');
  });
});
