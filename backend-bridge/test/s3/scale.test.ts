import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ObjectStore } from '../../src/local-cluster/s3';
import { transaction } from '../../src/local-cluster/database';
import { ADMIN, call, sign, startEndpoint } from './endpoint';

const MB = 1024 * 1024;
const KEYS = 100_000;

describe('100,000 keys', () => {
  it('come page by page, each once, in order, and a folder is one step however much is in it', async () => {
    const endpoint = await startEndpoint();
    const { store } = endpoint;
    await store.createBucket('data');
    await store.put('data', 'template', Buffer.alloc(0));
    const bucket = store.need('data');
    const row = store.catalog.get(bucket, 'template')!;
    // Rows alone: the listing never looks at the files.
    transaction(store.catalog.db, () => {
      store.catalog.delete(bucket, 'template');
      for (let n = 0; n < KEYS; n++) {
        const key = `${n % 2 === 0 ? 'even' : 'odd'}/${String(n % 10)}/${String(n).padStart(6, '0')} ñ`;
        store.catalog.put(bucket, { ...row, key, path: key });
      }
    });
    const seen = new Set<string>();
    let token = '';
    let pages = 0;
    do {
      const answer = await call(
        endpoint,
        'GET',
        `/data?${token === '' ? '' : `continuation-token=${encodeURIComponent(token)}&`}list-type=2`,
        { as: ADMIN }
      );
      expect(answer.status).toBe(200);
      const keys = [...answer.body.matchAll(/<Key>([^<]*)</g)].map(match => match[1]);
      expect(keys).toEqual([...keys].sort());
      keys.forEach(key => seen.add(key));
      token = /<NextContinuationToken>([^<]*)</.exec(answer.body)?.[1] ?? '';
      pages++;
    } while (token !== '');
    expect(pages).toBe(KEYS / 1000);
    expect(seen.size).toBe(KEYS);

    const began = process.hrtime.bigint();
    for (let round = 0; round < 100; round++) {
      expect(store.list('data', { delimiter: '/' }).prefixes).toEqual(['even/', 'odd/']);
      expect(store.list('data', { delimiter: '/', prefix: 'odd/' }).prefixes).toEqual([
        'odd/1/',
        'odd/3/',
        'odd/5/',
        'odd/7/',
        'odd/9/'
      ]);
    }
    // Walking all keys 200 times would take a minute; seeks take milliseconds.
    expect(Number(process.hrtime.bigint() - began) / 1e6).toBeLessThan(5000);
    const first = store.list('data', { delimiter: '/', limit: 1 });
    expect(first).toMatchObject({ prefixes: ['even/'], next: 'even/' });
    expect(store.list('data', { delimiter: '/', limit: 1, after: first.next })).toMatchObject({ prefixes: ['odd/'] });
    expect(store.list('data', { delimiter: '/', limit: 1, after: 'odd/' }).next).toBeUndefined();
    await endpoint.close();
  });
});

const proc = process.platform === 'linux';
if (!proc) {
  console.warn('SKIPPED: the memory of large transfers is read from /proc, which Linux has.');
}

(proc ? describe : describe.skip)('large objects (skipped without /proc)', () => {
  it('of 300 MB go up slowly read and come down to a slow reader within a few tens of MB', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'oscar-s3-large-'));
    const child = spawn(process.execPath, [join(__dirname, 'peers', 'endpoint-process.cjs'), folder], {
      stdio: ['pipe', 'pipe', 'inherit']
    });
    try {
      const port = await new Promise<number>(resolve =>
        child.stdout.once('data', chunk => resolve((JSON.parse(String(chunk)) as { port: number }).port))
      );
      const resident = (name: string): number =>
        Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;
      await call({ port }, 'PUT', '/data', { as: ADMIN });
      await call({ port }, 'PUT', '/data/small', { as: ADMIN, body: Buffer.alloc(200_000) });
      await call({ port }, 'GET', '/data/small', { as: ADMIN });
      const before = resident('VmRSS');
      const size = 300 * MB;
      const headers: Record<string, string> = { host: `127.0.0.1:${port}` };
      sign('PUT', '/data/large', headers, Buffer.alloc(0), { as: ADMIN, payload: 'UNSIGNED-PAYLOAD' });
      const status = await new Promise<number>((resolve, reject) => {
        const up = request(
          {
            port,
            host: '127.0.0.1',
            method: 'PUT',
            path: '/data/large',
            headers: { ...headers, 'content-length': size }
          },
          answer => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          }
        );
        up.on('error', reject);
        const block = Buffer.alloc(MB, 'x');
        let left = size;
        const write = (): void => {
          while (left > 0) {
            left -= MB;
            if (!up.write(block)) {
              up.once('drain', write);
              return;
            }
          }
          up.end();
        };
        write();
      });
      expect(status).toBe(200);
      const down: Record<string, string> = { host: `127.0.0.1:${port}` };
      sign('GET', '/data/large', down, Buffer.alloc(0), { as: ADMIN });
      const got = await new Promise<number>((resolve, reject) => {
        request({ port, host: '127.0.0.1', path: '/data/large', headers: down }, answer => {
          let bytes = 0;
          answer.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            // A reader that pauses after every few megabytes: the server must not read on meanwhile.
            if (bytes % (8 * MB) < chunk.length) {
              answer.pause();
              setTimeout(() => answer.resume(), 5);
            }
          });
          answer.on('end', () => resolve(bytes));
          answer.on('error', reject);
        })
          .on('error', reject)
          .end();
      });
      expect(got).toBe(size);
      expect(resident('VmHWM') - before).toBeLessThan(100);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('are copied and exported without being read through memory, and moved in by name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'oscar-s3-move-'));
    const store = new ObjectStore({ folder });
    await store.createBucket('data');
    const file = join(folder, 'result.bin');
    writeFileSync(file, Buffer.alloc(3 * MB, 'r'));
    const kept = await store.put('data', 'copied', { file });
    expect(existsSync(file)).toBe(true);
    const moved = await store.put('data', 'moved', { file, move: true }, { metadata: { job: '1' } });
    expect(existsSync(file)).toBe(false);
    expect(moved.etag).toBe(kept.etag);
    const out = join(folder, 'out.bin');
    await store.exportTo('data', 'moved', out);
    expect(readFileSync(out).equals(Buffer.alloc(3 * MB, 'r'))).toBe(true);
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
