import { chmodSync, existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startLocalCluster } from '../../src/local-cluster';
import { DatabaseLockedError } from '../../src/local-cluster/database';
import { openOrShare } from '../../src/local-cluster/lock';
import { SERVICE, start, TestClient, temporaryFolder, testOptions } from './cluster';

describe('one owner of the data', () => {
  it('the second to open it uses the first, with its credentials, and leaves it alone', async () => {
    const data = temporaryFolder();
    const first = await startLocalCluster(testOptions(data));
    try {
      const second = await startLocalCluster(testOptions(data));
      expect(second).toMatchObject({
        shared: true,
        endpoint: first.endpoint,
        user: first.user,
        password: first.password,
        s3: first.s3
      });
      expect((await new TestClient(second).call('GET', '/system/services')).status).toBe(200);
      await second.close();
      expect((await new TestClient(first).call('GET', '/health')).status).toBe(200);
    } finally {
      await first.close();
    }
    expect(existsSync(join(data, 'cluster.lock'))).toBe(false);
  });

  it('two that start at once end as one', async () => {
    const data = temporaryFolder();
    const both = await Promise.all([startLocalCluster(testOptions(data)), startLocalCluster(testOptions(data))]);
    try {
      expect(both.filter(each => each.shared)).toHaveLength(1);
      expect(both[0].endpoint).toBe(both[1].endpoint);
    } finally {
      await Promise.all(both.map(each => each.close()));
    }
  });

  it('keeps ports, credentials and services over restarts; secrets are for the user alone', async () => {
    const data = temporaryFolder();
    const { cluster, client } = await start(testOptions(data));
    await client.call('POST', '/system/services', {
      ...SERVICE,
      name: 'kept',
      environment: { secrets: { KEY: 'very-secret' } }
    });
    const token = await client.token('kept');
    const before = { endpoint: cluster.endpoint, password: cluster.password, s3: cluster.s3 };
    await cluster.close();
    const again = await start(testOptions(data));
    try {
      expect({ endpoint: again.cluster.endpoint, password: again.cluster.password, s3: again.cluster.s3 }).toEqual(
        before
      );
      expect(await again.client.token('kept')).toBe(token);
      expect(statSync(data).mode & 0o777).toBe(0o700);
      for (const file of ['credentials.json', 'manager.db', 'cluster.lock']) {
        expect([file, statSync(join(data, file)).mode & 0o777]).toEqual([file, 0o600]);
      }
      expect(readFileSync(join(data, 'cluster.lock'), 'utf8')).not.toContain(cluster.password);
    } finally {
      await again.cluster.close();
    }
  });

  it('takes over a lock whose cluster is gone, also when its port has another server now', async () => {
    const data = temporaryFolder();
    const other = createServer(socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOk')).listen(
      0,
      '127.0.0.1'
    );
    await new Promise(resolve => other.once('listening', resolve));
    const endpoint = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { cluster } = await start(testOptions(data));
    const lock = JSON.parse(readFileSync(join(data, 'cluster.lock'), 'utf8')) as object;
    await cluster.close();
    writeFileSync(join(data, 'cluster.lock'), JSON.stringify({ ...lock, endpoint }));
    const next = await startLocalCluster(testOptions(data));
    expect(next.shared).toBe(false);
    await next.close();
    for (const broken of ['', '{', '[]', '{"instance":5}']) {
      writeFileSync(join(data, 'cluster.lock'), broken);
      const after = await startLocalCluster(testOptions(data));
      expect(after.shared).toBe(false);
      await after.close();
    }
    other.close();
  });

  it('says when another machine has it, for as long as that one gives signs of life', async () => {
    const data = temporaryFolder();
    const lock = {
      instance: 'x',
      endpoint: 'http://127.0.0.1:9',
      s3: 'http://127.0.0.1:9',
      region: 'r',
      host: 'another-pod'
    };
    writeFileSync(join(data, 'cluster.lock'), JSON.stringify(lock));
    await expect(startLocalCluster(testOptions(data))).rejects.toMatchObject({
      problem: {
        type: expect.stringContaining('locked-elsewhere'),
        detail: expect.stringContaining('another-pod'),
        action: expect.any(String)
      }
    });
    const old = new Date(Date.now() - 120_000);
    utimesSync(join(data, 'cluster.lock'), old, old);
    const taken = await startLocalCluster(testOptions(data));
    expect(taken.shared).toBe(false);
    await taken.close();
  });

  it('gives up on a process that has the files and does not answer', async () => {
    const clock = jest.spyOn(Date, 'now');
    let now = 1e12;
    clock.mockImplementation(() => (now += 6000));
    try {
      await expect(
        openOrShare(temporaryFolder(), () => {
          throw new DatabaseLockedError('manager.db');
        })
      ).rejects.toMatchObject({ problem: { type: expect.stringContaining('locked'), action: expect.any(String) } });
    } finally {
      clock.mockRestore();
    }
  });

  it('names a port that is taken, and leaves the data free', async () => {
    const data = temporaryFolder();
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(startLocalCluster(testOptions(data, { port }))).rejects.toMatchObject({
      problem: {
        type: expect.stringContaining('port-taken'),
        detail: expect.stringContaining(String(port)),
        action: expect.any(String)
      }
    });
    await expect(startLocalCluster(testOptions(data, { s3Port: port }))).rejects.toMatchObject({
      problem: { detail: expect.stringContaining('S3') }
    });
    // A remembered port that somebody else has now is given up silently.
    const first = await startLocalCluster(testOptions(data));
    await first.close();
    writeFileSync(join(data, 'ports.json'), JSON.stringify({ api: port, s3: port }));
    const second = await startLocalCluster(testOptions(data));
    expect(second.endpoint).not.toContain(`:${port}`);
    await second.close();
    other.close();
  });

  it('names a folder that cannot be written to', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    await expect(startLocalCluster(testOptions(join(folder, 'file', 'data')))).rejects.toMatchObject({
      problem: { type: expect.stringContaining('unwritable'), action: expect.any(String) }
    });
    if (process.getuid?.() !== 0) {
      chmodSync(folder, 0o500);
      await expect(startLocalCluster(testOptions(join(folder, 'data')))).rejects.toMatchObject({
        problem: { type: expect.stringContaining('unwritable') }
      });
      chmodSync(folder, 0o700);
    }
  });
});
