import { connect } from 'node:net';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { isAllowedHost } from '../../src/local-cluster/api/guard';
import { call } from './golden/replay';
import { SERVICE, start, temporaryFolder, testOptions, type TestClient } from './cluster';

describe('who may call', () => {
  let cluster: ILocalCluster;
  let client: TestClient;
  beforeAll(async () => {
    ({ cluster, client } = await start(testOptions(temporaryFolder())));
  });
  afterAll(() => cluster?.close());

  it.each([
    ['127.0.0.1:80', true],
    ['127.9.8.7', true],
    ['localhost:1234', true],
    ['LOCALHOST', true],
    ['a.localhost:80', true],
    ['host.containers.internal:80', true],
    ['[::1]:80', true],
    ['evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example:80', false],
    ['1270.0.0.1', false],
    ['', false],
    [undefined, false]
  ])('host %s: %s', (host, allowed) => {
    expect(isAllowedHost(host, '127.0.0.1')).toBe(allowed);
  });

  it.each(['/health', '/system/services', '/job/x', '/system/services/x/exposed/'])(
    'turns other hosts and origins away from %s',
    async path => {
      const rebound = await call(cluster.endpoint, 'GET', path, { Authorization: client.basic, Host: 'evil.example' });
      expect(rebound.status).toBe(403);
      for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', 'https://localhost']) {
        const answer = await call(cluster.endpoint, 'POST', path, { Authorization: client.basic, Origin: origin });
        expect([origin, answer.status]).toEqual([origin, 403]);
      }
    }
  );

  it('answers its own pages', async () => {
    const answer = await call(cluster.endpoint, 'GET', '/system/info', {
      Authorization: client.basic,
      Origin: cluster.endpoint
    });
    expect(answer.status).toBe(200);
  });

  it('bounds headers and bodies, and goes on', async () => {
    const headers = await call(cluster.endpoint, 'GET', '/health', { 'X-Long': 'x'.repeat(40_000) }).catch(() => ({
      status: 431
    }));
    expect(headers.status).toBe(431);
    const body = await client
      .call('POST', '/system/services', JSON.stringify({ ...SERVICE, name: 'big', script: 'x'.repeat(5_000_000) }))
      .catch(() => ({ status: 413 }));
    expect(body.status).toBe(413);
    expect((await client.call('GET', '/system/services')).text).toBe('[]');
  });

  it('survives nonsense on the wire', async () => {
    const { hostname, port } = new URL(cluster.endpoint);
    for (const bytes of [
      '\0\0\0\0',
      'GET / HTTP/9\r\n\r\n',
      'GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'POST /job/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'
    ]) {
      await new Promise<void>(resolve => {
        const socket = connect(Number(port), hostname);
        socket.on('data', () => socket.end());
        socket.on('close', () => resolve());
        socket.on('error', () => resolve());
        socket.end(bytes);
      });
    }
    expect((await client.call('GET', '/health')).text).toBe('Ok');
  });
});
