import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Cluster, Problem } from '../../src/contract';
import { cleanUp, SECRET, start, temporaryFolder, type IBridge } from './harness';

jest.setTimeout(60_000);

const openssl = spawnSync('openssl', ['version']).status === 0;
if (!openssl) {
  console.warn('SKIPPED: clusters with a certificate authority of their own need openssl.');
}

const TOKEN = 'service-token-0123456789';
const PASSWORD = 'cluster-password-1';

/** A certificate for 127.0.0.1, and that of the authority that signed it. */
function certificates(): { ca: string; cert: string; key: string } {
  const folder = temporaryFolder();
  const run = (...args: string[]): unknown => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const make = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run('req', '-x509', ...make, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=Own authority');
  run('req', ...make, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=cluster');
  writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1');
  run(
    ...['x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-extfile', 'names', '-days', '30', '-out', 'cert.pem']
  );
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

/** As much of a manager as a WebSocket needs, and an exposed service that echoes. */
function manager(tls: { cert: string; key: string }, seen: string[]): Server {
  const service = {
    name: 'web',
    token: TOKEN,
    image: 'none',
    script: '',
    environment: { variables: {}, secrets: {} },
    expose: { min_scale: 1, max_scale: 1, api_port: [8000], cpu_threshold: 80, set_auth: true }
  };
  return createServer(tls, (request, response) => {
    const answers: Record<string, unknown> = {
      '/base/system/services/web': service,
      '/base/system/info': { version: '4.1.0' }
    };
    const answer = answers[(request.url ?? '').split('?')[0]];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(answer === undefined ? '' : JSON.stringify(answer));
  }).on('upgrade', (request, socket: Duplex) => {
    seen.push(`${request.url} ${request.headers.authorization ?? ''}`);
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
    );
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
}

(openssl ? describe : describe.skip)('a cluster with a certificate authority of its own (needs openssl)', () => {
  let bridge: IBridge;
  let server: Server;
  let ca: string;
  const seen: string[] = [];

  beforeAll(async () => {
    const made = certificates();
    ca = made.ca;
    server = manager(made, seen);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    bridge = await start();
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
    for (const [id, trust] of Object.entries({ trusted: { ca }, unchecked: { insecure: true }, strange: {} })) {
      const added = await bridge.call('/v1/clusters', {
        json: { id, endpoint, user: 'oscar', password: PASSWORD, ...trust }
      });
      expect(added.status).toBeLessThan(300);
    }
  });

  afterAll(async () => {
    await bridge.stop();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    await cleanUp();
  });

  function upgrade(cluster: string): Promise<{ status?: number; socket?: Duplex; body: string }> {
    return new Promise((resolve, reject) => {
      httpRequest({
        socketPath: bridge.socket,
        path: `/v1/clusters/${cluster}/services/web/exposed/deep/a%2Fb?x=1`,
        headers: {
          authorization: `Bearer ${SECRET}`,
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-version': '13'
        }
      })
        .once('upgrade', (response, socket) => resolve({ status: response.statusCode, socket, body: '' }))
        .once('response', response => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
        })
        .once('error', reject)
        .end();
    });
  }

  it.each(['trusted', 'unchecked'])('passes WebSockets on when it is %s', async id => {
    seen.length = 0;
    const { status, socket } = await upgrade(id);
    expect(status).toBe(101);
    const echoed = new Promise<string>(resolve => socket?.once('data', chunk => resolve(String(chunk))));
    socket?.write('over TLS');
    expect(await echoed).toBe('over TLS');
    socket?.destroy();
    expect(seen).toEqual([
      `/base/system/services/web/exposed/deep/a%2Fb?x=1 Basic ${Buffer.from(`web:${TOKEN}`).toString('base64')}`
    ]);
  });

  it('sends nothing to one whose certificate nobody vouches for, and says so', async () => {
    seen.length = 0;
    const { status, body } = await upgrade('strange');
    expect(status).toBe(502);
    expect((JSON.parse(body) as Problem).title).toBe('The certificate is not trusted');
    expect(seen).toEqual([]);
    const clusters = (await bridge.call('/v1/clusters')).json<{ items: Cluster[] }>().items;
    expect(clusters.find(({ id }) => id === 'strange')?.state).toBe('unreachable');
  });
});
