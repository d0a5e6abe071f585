import {
  mkdtempSync,
  readFileSync,
  rmSync,
  existsSync,
  writeFileSync,
  mkdirSync,
  symlinkSync,
  readdirSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ObjectStore } from '../../src/local-cluster/s3/store';
import { KEYS } from './keys';
import type { IObjectEvent } from '../../src/local-cluster/interfaces';

let folder: string;
let store: ObjectStore;
const logged: string[] = [];

function open(): ObjectStore {
  return new ObjectStore({ folder, log: line => logged.push(line), origin: () => 'http://127.0.0.1:9000' });
}

async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 50_000;
  while (!condition()) {
    if (Date.now() > end) {
      throw new Error('It did not come to be.');
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'oscar-s3-'));
  store = open();
  logged.length = 0;
  await store.createBucket('data');
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('keys', () => {
  it('are all kept apart, inside the bucket, and survive a restart', async () => {
    for (const key of KEYS) {
      await store.put('data', key, Buffer.from(`of ${key}`));
    }
    await store.close();
    store = open();
    for (const key of KEYS) {
      expect(await text(store.read('data', key))).toBe(`of ${key}`);
    }
    const listed = store.list('data').objects.map(object => object.key);
    expect(listed).toEqual([...KEYS].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))));
    expect(readdirSync(folder).sort()).toEqual(['buckets', 'index.db', 'index.db-wal', 'reserve', 'staging']);
    expect(readdirSync(join(folder, 'staging'))).toEqual([]);
    for (const key of KEYS) {
      expect(await store.remove('data', key)).toBe(true);
    }
    expect(readdirSync(store.bucketFolder('data'))).toEqual([]);
    await store.deleteBucket('data');
  });

  it('are paths that a user can open wherever they can be', async () => {
    await store.put('data', 'in/übung 1.txt', Buffer.from('x'));
    expect(readFileSync(join(store.bucketFolder('data'), 'in', 'übung 1.txt'), 'utf8')).toBe('x');
    await store.put('data', 'folder/', Buffer.alloc(0));
    expect(readdirSync(join(store.bucketFolder('data'), 'folder'))).toEqual([]);
  });

  it.each([
    ['', 'InvalidArgument'],
    ['a\0b', 'InvalidArgument'],
    ['\uD800', 'InvalidArgument'],
    ['k'.repeat(1025), 'KeyTooLongError'],
    ['é'.repeat(513), 'KeyTooLongError']
  ])('refuse %j', async (key, code) => {
    await expect(store.put('data', key, Buffer.from('x'))).rejects.toMatchObject({ code });
    expect(store.usage()).toEqual({ buckets: 1, objects: 0, bytes: 0 });
  });

  it('never lead through a symbolic link', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'secret');
    await store.put('data', 'in/x', Buffer.from('1'));
    await store.put('data', 'y', Buffer.from('2'));
    const bucket = store.bucketFolder('data');
    rmSync(join(bucket, 'in'), { recursive: true });
    symlinkSync(outside, join(bucket, 'in'));
    rmSync(join(bucket, 'y'));
    symlinkSync(join(outside, 'secret'), join(bucket, 'y'));
    await store.put('data', 'in/new', Buffer.from('3'));
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(await text(store.read('data', 'in/new'))).toBe('3');
    expect(() => store.read('data', 'in/x')).toThrow('The specified key does not exist.');
    expect(() => store.read('data', 'y')).toThrow('The specified key does not exist.');
    await store.remove('data', 'in/new');
    expect(existsSync(join(outside, 'secret'))).toBe(true);
  });
});

describe('events', () => {
  const notification = {
    id: '',
    arn: 'arn:minio:sqs::svc:webhook',
    events: ['s3:ObjectCreated:*'],
    prefix: 'in/',
    suffix: ''
  };

  it('are offered until the listener has returned, also after a restart, in order', async () => {
    store.setNotifications('data', [notification]);
    await store.put('data', 'in/1', Buffer.from('1'));
    await store.put('data', 'out/1', Buffer.from('1'));
    const ids: string[] = [];
    store.onEvent(event => {
      ids.push(event.id);
      throw new Error('not now');
    });
    await until(() => ids.length === 1);
    await store.put('data', 'in/2', Buffer.from('2'));
    await store.close();
    store = open();
    const events: IObjectEvent[] = [];
    store.onEvent(event => void events.push(event));
    await until(() => events.length === 2);
    expect(events.map(event => event.object.key)).toEqual(['in/1', 'in/2']);
    expect(events[0].id).toBe(ids[0]);
    expect(events[0].targets).toEqual(['svc']);
    expect(events[0].object.modified).toBeInstanceOf(Date);
    await store.close();
    store = open();
    const again: IObjectEvent[] = [];
    store.onEvent(event => void again.push(event));
    await store.put('data', 'in/3', Buffer.from('3'));
    await until(() => again.length === 1);
    expect(again[0].object.key).toBe('in/3');
  });
});

describe('conditions', () => {
  it('let one of many writers through', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        store.put('data', 'lock', Readable.from([Buffer.from(String(n))]), { ifAbsent: true })
      )
    );
    expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(1);
    const codes = results.flatMap(result =>
      result.status === 'rejected' ? [(result.reason as { code: string }).code] : []
    );
    expect(new Set(codes)).toEqual(new Set(['ConditionalRequestConflict']));
    await expect(store.put('data', 'lock', Buffer.from('x'), { ifAbsent: true })).rejects.toMatchObject({
      status: 412
    });
    const { etag } = store.head('data', 'lock')!;
    await store.put('data', 'lock', Buffer.from('next'), { ifMatch: `"${etag}"` });
    await expect(store.put('data', 'lock', Buffer.from('x'), { ifMatch: etag })).rejects.toMatchObject({ status: 412 });
    await expect(store.put('data', 'none', Buffer.from('x'), { ifMatch: etag })).rejects.toMatchObject({ status: 404 });
    expect(await text(store.read('data', 'lock'))).toBe('next');
    expect(readdirSync(join(folder, 'staging'))).toEqual([]);
  });
});
