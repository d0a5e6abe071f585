import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  chmodSync
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ObjectStore } from '../../src/local-cluster/s3';
import { ADMIN, call, keyPath, sign, startEndpoint, until } from './endpoint';

const MB = 1024 * 1024;
let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oscar-s3-faults-'));
});

afterEach(() => {
  children.splice(0).forEach(child => child.kill('SIGKILL'));
  rmSync(folder, { recursive: true, force: true });
});

function startProcess(): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [join(__dirname, 'peers', 'endpoint-process.cjs'), folder], {
    stdio: ['pipe', 'pipe', 'inherit']
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`The endpoint ended with ${code}.`)));
    child.stdout?.once('data', chunk => resolve({ child, ...(JSON.parse(String(chunk)) as { port: number }) }));
  });
}

function killed(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('close', () => resolve());
    child.kill('SIGKILL');
  });
}

describe('kill -9', () => {
  it('in the middle of uploads loses nothing that was acknowledged and shows nothing half', async () => {
    const { child, port } = await startProcess();
    await call({ port }, 'PUT', '/data', { as: ADMIN });
    await call({ port }, 'PUT', '/data/over', { as: ADMIN, body: 'the old one' });
    const acknowledged = new Map<string, string>();
    // A large one that never ends, over an object that is there.
    const headers: Record<string, string> = { host: `127.0.0.1:${port}` };
    sign('PUT', '/data/over', headers, Buffer.alloc(0), { as: ADMIN, payload: 'UNSIGNED-PAYLOAD' });
    const large = request({
      port,
      host: '127.0.0.1',
      method: 'PUT',
      path: '/data/over',
      headers: { ...headers, 'content-length': 50 * MB }
    });
    large.on('error', () => undefined);
    large.write(randomBytes(8 * MB));
    // And small ones one after the other, some over each other.
    let stopped = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; !stopped; n++) {
        const key = `in/${writer}/${n % 50}`;
        const body = randomBytes(2000 + (n % 7) * 1000);
        try {
          const answer = await call({ port }, 'PUT', keyPath('data', key), { as: ADMIN, body });
          if (answer.status === 200) {
            acknowledged.set(key, createHash('md5').update(body).digest('hex'));
          }
        } catch {
          // Killed in between: it may be there or not, but not half.
          acknowledged.set(key, `${acknowledged.get(key) ?? ''}|${createHash('md5').update(body).digest('hex')}`);
          return;
        }
      }
    });
    await until(() => acknowledged.size >= 60, '60 objects');
    await killed(child);
    stopped = true;
    await Promise.all(writers);
    large.destroy();

    const lines: string[] = [];
    const store = new ObjectStore({ folder, log: line => lines.push(line) });
    expect(readdirSync(join(folder, 'staging'))).toEqual([]);
    expect(store.head('data', 'over')?.size).toBe(11);
    for (const [key, sums] of acknowledged) {
      const info = store.head('data', key);
      const possible = sums.split('|').filter(Boolean);
      if (info === undefined) {
        expect(sums.startsWith('|')).toBe(true);
        continue;
      }
      expect(possible).toContain(info.etag);
      const hash = createHash('md5');
      for await (const chunk of store.read('data', key)) {
        hash.update(chunk as Buffer);
      }
      expect(hash.digest('hex')).toBe(info.etag);
    }
    expect(lines).toEqual([]);
    const { objects } = store.usage();
    expect(objects).toBe(store.list('data').objects.length);
    await store.close();
  });

  it('between the parts of an upload leaves an upload that can be resumed', async () => {
    const first = await startProcess();
    await call(first, 'PUT', '/data', { as: ADMIN });
    const started = await call(first, 'POST', '/data/big?uploads=', { as: ADMIN });
    const id = /<UploadId>([^<]*)</.exec(started.body)![1];
    const parts = [randomBytes(5 * MB), randomBytes(5 * MB), randomBytes(10)];
    const put = async (port: number, n: number): Promise<string> =>
      (await call({ port }, 'PUT', `/data/big?partNumber=${n + 1}&uploadId=${id}`, { as: ADMIN, body: parts[n] }))
        .headers.etag!;
    const etags = [await put(first.port, 0), await put(first.port, 1)];
    await killed(first.child);
    const second = await startProcess();
    const listed = await call(second, 'GET', `/data/big?uploadId=${id}`, { as: ADMIN });
    expect([...listed.body.matchAll(/<PartNumber>(\d)</g)].map(match => match[1])).toEqual(['1', '2']);
    etags.push(await put(second.port, 2));
    const xml = etags.map((etag, n) => `<Part><PartNumber>${n + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('');
    const done = await call(second, 'POST', `/data/big?uploadId=${id}`, {
      as: ADMIN,
      body: `<CompleteMultipartUpload>${xml}</CompleteMultipartUpload>`
    });
    expect(done.status).toBe(200);
    await killed(second.child);
    const store = new ObjectStore({ folder });
    const hash = createHash('md5');
    for await (const chunk of store.read('data', 'big')) {
      hash.update(chunk as Buffer);
    }
    expect(hash.digest('hex')).toBe(createHash('md5').update(Buffer.concat(parts)).digest('hex'));
    expect(readdirSync(join(folder, 'staging'))).toEqual([]);
    await store.close();
  });
});

describe('a start after a crash', () => {
  /** As a crash leaves it: the lock is gone with the process, the mark of a clean end is missing. */
  async function crashed(store: ObjectStore): Promise<ObjectStore> {
    await store.close();
    const again = new ObjectStore({ folder });
    again.catalog.setMeta('clean', 'no');
    again.catalog.db.close();
    return new ObjectStore({ folder, log: line => lines.push(line) });
  }

  const lines: string[] = [];

  beforeEach(() => {
    lines.length = 0;
  });

  it('takes objects out of the index whose file is gone or cut short, and says so', async () => {
    let store = new ObjectStore({ folder });
    await store.createBucket('data');
    await store.put('data', 'whole', Buffer.from('whole'));
    await store.put('data', 'gone', Buffer.from('gone'));
    await store.put('data', 'cut', Buffer.from('cut short'));
    await store.put('data', 'marker/', Buffer.alloc(0));
    rmSync(join(store.bucketFolder('data'), 'gone'));
    truncateSync(join(store.bucketFolder('data'), 'cut'), 2);
    store = await crashed(store);
    expect(store.list('data').objects.map(object => object.key)).toEqual(['marker/', 'whole']);
    expect(store.usage()).toEqual({ buckets: 1, objects: 2, bytes: 5 });
    expect(lines).toEqual(['2 objects had no file of their size any more and were taken out of the index.']);
    await store.close();
  });

  it('finishes a rename that was committed and not done', async () => {
    let store = new ObjectStore({ folder });
    await store.createBucket('data');
    await store.put('data', 'a/b', Buffer.from('old'));
    // The state between the commit and the rename.
    const row = store.catalog.get(store.need('data'), 'a/b')!;
    writeFileSync(store.staging.path('staged-1'), 'newer');
    store.catalog.put(store.need('data'), { ...row, size: 5, etag: 'x' });
    store.catalog.redo({
      kind: 'rename',
      bucket: store.need('data').id,
      folder: 'data',
      key: 'a/b',
      path: 'a/b',
      staged: 'staged-1'
    });
    store = await crashed(store);
    expect(String(await store.read('data', 'a/b').toArray())).toBe('newer');
    expect(readdirSync(join(folder, 'staging'))).toEqual([]);
    expect(lines).toEqual([]);
    await store.close();
  });
});

describe('files changed by someone else', () => {
  it('are measured anew before they are read, and are gone when they are gone', async () => {
    const endpoint = await startEndpoint();
    await endpoint.store.createBucket('data');
    await endpoint.store.put('data', 'note.txt', Buffer.from('before'));
    const file = join(endpoint.store.bucketFolder('data'), 'note.txt');
    writeFileSync(file, 'edited by hand');
    utimesSync(file, new Date(), new Date(Date.now() + 5000));
    const answer = await call(endpoint, 'GET', '/data/note.txt', { as: ADMIN });
    expect(answer).toMatchObject({ status: 200, body: 'edited by hand' });
    expect(answer.headers.etag).toBe(`"${createHash('md5').update('edited by hand').digest('hex')}"`);
    expect(endpoint.store.head('data', 'note.txt')?.size).toBe(14);
    rmSync(file);
    expect((await call(endpoint, 'GET', '/data/note.txt', { as: ADMIN })).code).toBe('NoSuchKey');
    expect(endpoint.store.usage().objects).toBe(0);
    // And files that are no objects keep a bucket from being deleted by mistake.
    writeFileSync(file, 'mine');
    expect((await call(endpoint, 'DELETE', '/data', { as: ADMIN })).code).toBe('BucketNotEmpty');
    await endpoint.close();
  });
});

const root = process.getuid?.() === 0 && process.platform === 'linux';
const probe = mkdtempSync(join(tmpdir(), 'oscar-tmpfs-'));
const canMount = root && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]).status === 0;
if (canMount) {
  spawnSync('umount', [probe]);
}
rmSync(probe, { recursive: true, force: true });

(canMount ? describe : describe.skip)('a full disk (skipped where no tmpfs can be mounted)', () => {
  let mount: string;

  beforeEach(() => {
    mount = join(folder, 'small');
    mkdirSync(mount);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount]).status).toBe(0);
  });

  afterEach(() => {
    // Lazily: a test that failed still has files open there.
    spawnSync('umount', ['-l', mount]);
  });

  it('refuses what does not fit with a clear error, keeps what is there, and works again when there is room', async () => {
    const endpoint = await startEndpoint({ folder: mount });
    await endpoint.store.createBucket('data');
    await endpoint.store.put('data', 'kept', Buffer.alloc(1 * MB, 'k'));
    const over = await call(endpoint, 'PUT', '/data/kept', { as: ADMIN, body: Buffer.alloc(5 * MB) });
    expect(over).toMatchObject({ status: 507, code: 'XMinioStorageFull' });
    expect(over.body).toContain('Nothing was changed');
    const part = await call(endpoint, 'POST', '/data/new?uploads=', { as: ADMIN });
    const id = /<UploadId>([^<]*)</.exec(part.body)![1];
    expect(
      await call(endpoint, 'PUT', `/data/new?partNumber=1&uploadId=${id}`, { as: ADMIN, body: Buffer.alloc(5 * MB) })
    ).toMatchObject({ status: 507 });
    await call(endpoint, 'DELETE', `/data/new?uploadId=${id}`, { as: ADMIN });
    // Small ones until not even the index has room.
    let stored = 0;
    let answer = await call(endpoint, 'PUT', '/data/s/0', { as: ADMIN, body: Buffer.alloc(4096) });
    while (answer.status === 200 && stored < 5000) {
      stored++;
      answer = await call(endpoint, 'PUT', `/data/s/${stored}`, { as: ADMIN, body: Buffer.alloc(4096) });
    }
    expect(answer).toMatchObject({ status: 507, code: 'XMinioStorageFull' });
    expect(endpoint.store.head('data', `s/${stored}`)).toBeUndefined();
    expect(endpoint.store.usage()).toEqual({ buckets: 1, objects: stored + 1, bytes: MB + stored * 4096 });
    expect(readdirSync(join(mount, 'staging'))).toEqual([]);
    const kept = await call(endpoint, 'GET', '/data/kept', { as: ADMIN });
    expect(kept.body).toBe('k'.repeat(MB));
    expect((await call(endpoint, 'DELETE', '/data/kept', { as: ADMIN })).status).toBe(204);
    expect((await call(endpoint, 'PUT', '/data/again', { as: ADMIN, body: 'again' })).status).toBe(200);
    // Full to the last byte: it still ends, starts and lets something be freed.
    const filler = join(mount, 'filler');
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096']);
    await endpoint.close();
    const store = new ObjectStore({ folder: mount });
    expect(store.usage().objects).toBe(stored + 1);
    for (let n = 0; n < 20; n++) {
      expect(await store.remove('data', `s/${n}`)).toBe(true);
    }
    await store.put('data', 'fits', Buffer.alloc(4096));
    await store.close();
  });
});

describe('durability power', () => {
  it('flushes on the way and gives the same answers', async () => {
    const store = new ObjectStore({ folder, durability: 'power' });
    await store.createBucket('data');
    await store.put('data', 'a/b/c', Buffer.from('x'));
    await store.put('data', 'a/', Buffer.alloc(0));
    await store.put('data', 'stream', Readable.from([Buffer.alloc(MB), Buffer.alloc(10)]));
    expect(store.head('data', 'stream')?.size).toBe(MB + 10);
    await store.remove('data', 'a/b/c');
    expect(store.list('data').objects.map(object => object.key)).toEqual(['a/', 'stream']);
    expect(statSync(folder).mode & 0o077).toBe(0);
    await store.close();
  });
});

describe('an unwritable folder', () => {
  (root ? it.skip : it)('is a clear error (skipped for root, who may write everywhere)', () => {
    chmodSync(folder, 0o500);
    expect(() => new ObjectStore({ folder: join(folder, 'x') })).toThrow(/EACCES/);
    chmodSync(folder, 0o700);
  });
});
