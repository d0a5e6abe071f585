import { Readable } from 'node:stream';
import { ObjectStorage } from '../../src/storage';
import { openRoom, type IRoom } from '../clusters/support';

jest.setTimeout(60_000);

async function text(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

describe('the object store of a cluster', () => {
  let room: IRoom;
  let storage: ObjectStorage;

  beforeAll(async () => {
    room = await openRoom();
    const { endpoint, access_key, secret_key, region } = room.local.s3;
    storage = new ObjectStorage({
      provider: { endpoint, access_key, secret_key, region, verify: true },
      who: 'the object store'
    });
    await storage.createBucket('things');
  });

  afterAll(async () => {
    storage.dispose();
    await room.close();
  });

  it.each(['a.txt', 'in/with space.txt', 'ä/ö+ü%20.txt', "it's (1).txt", '日本.txt'])(
    'puts, looks at, reads and removes %s',
    async key => {
      await storage.put('things', key, Buffer.from('content'), { contentType: 'text/plain' });
      expect(await storage.head('things', key)).toMatchObject({ size: 7, contentType: 'text/plain' });
      const object = await storage.get('things', key);
      expect(await text(object.body)).toBe('content');
      const part = await storage.get('things', key, { range: 'bytes=1-3' });
      expect(part.contentRange).toBe('bytes 1-3/7');
      expect(await text(part.body)).toBe('ont');
      expect((await storage.list('things', { prefix: key })).items.map(item => item.key)).toEqual([key]);
      await storage.copy({ bucket: 'things', key }, { bucket: 'things', key: `copy of ${key}` });
      expect(await storage.head('things', `copy of ${key}`)).toBeDefined();
      await storage.remove('things', key);
      expect(await storage.head('things', key)).toBeUndefined();
    }
  );

  it('sends streams of unknown length in parts, and tells how far it is', async () => {
    const size = 20 * 1024 * 1024;
    let seen = 0;
    await storage.put(
      'things',
      'large',
      Readable.from(
        (function* () {
          for (let sent = 0; sent < size; sent += 1024 * 1024) {
            yield Buffer.alloc(1024 * 1024, 120);
          }
        })()
      ),
      { onProgress: bytes => (seen = bytes) }
    );
    expect((await storage.head('things', 'large'))?.size).toBe(size);
    expect(seen).toBe(size);
  });

  it('sends streams of known length in one go', async () => {
    const seen: number[] = [];
    await storage.put('things', 'streamed', Readable.from([Buffer.from('abc'), Buffer.from('def')]), {
      size: 6,
      onProgress: bytes => seen.push(bytes)
    });
    expect((await storage.head('things', 'streamed'))?.size).toBe(6);
    expect(seen.pop()).toBe(6);
  });

  it('leaves nothing behind when a stream breaks or is stopped', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('the disk is gone'));
      }
    });
    await expect(storage.put('things', 'broken', broken, { size: 100 })).rejects.toMatchObject({
      problem: { detail: expect.stringContaining('could not write "things/broken"') as unknown }
    });
    const abort = new AbortController();
    const slow = new Readable({
      read() {
        setTimeout(() => this.push(Buffer.alloc(10)), 20);
      }
    });
    const put = storage.put('things', 'stopped', slow, { size: 1e6, signal: abort.signal });
    setTimeout(() => abort.abort(), 60);
    await expect(put).rejects.toMatchObject({ problem: { title: 'Cancelled' } });
    slow.destroy();
    expect(await storage.head('things', 'broken')).toBeUndefined();
    expect(await storage.head('things', 'stopped')).toBeUndefined();
  });

  it('does not write over what is there when it must not', async () => {
    await storage.put('things', 'once', Buffer.from('1'), { ifAbsent: true });
    await expect(storage.put('things', 'once', Buffer.from('2'), { ifAbsent: true })).rejects.toMatchObject({
      problem: { status: 409 }
    });
    expect(await text((await storage.get('things', 'once')).body)).toBe('1');
  });

  it('lists page by page, with folders', async () => {
    for (let n = 0; n < 5; n++) {
      await storage.put('things', `pages/${n}/x`, Buffer.from('x'));
    }
    const folders = await storage.list('things', { prefix: 'pages/', delimiter: '/' });
    expect(folders).toMatchObject({
      items: [],
      prefixes: ['pages/0/', 'pages/1/', 'pages/2/', 'pages/3/', 'pages/4/']
    });
    const first = await storage.list('things', { prefix: 'pages/', limit: 2 });
    const second = await storage.list('things', { prefix: 'pages/', limit: 3, page: first.next });
    expect([...first.items, ...second.items].map(item => item.key)).toEqual([0, 1, 2, 3, 4].map(n => `pages/${n}/x`));
    expect(second.next).toBeUndefined();
  });

  it("changes its own notifications and nobody else's, also many at once", async () => {
    await storage.createBucket('told');
    const script = { image: 'x', script: 'true', cpu: '0.1', memory: '64Mi' };
    for (const name of ['svc-a', 'svc-b', 'svc-c']) {
      await room.cluster.client.createService({
        name,
        ...script,
        input: [{ storage_provider: 'minio', path: `${name}/in` }],
        output: []
      });
    }
    const arn = (name: string): string => `arn:minio:sqs::${name}:webhook`;
    await Promise.all(
      ['svc-a', 'svc-b', 'svc-c'].map(name => storage.addNotification('told', { arn: arn(name), prefix: 'out/' }))
    );
    await storage.addNotification('told', { arn: arn('svc-a'), prefix: 'out/' });
    await storage.addNotification('told', { arn: arn('svc-a'), prefix: 'other/' });
    const names = async (): Promise<string[]> =>
      (await storage.notifications('told')).map(entry => `${entry.arn.split(':')[4]} ${entry.prefix}`).sort();
    expect(await names()).toEqual(['svc-a other/', 'svc-a out/', 'svc-b out/', 'svc-c out/']);
    await storage.removeNotification('told', arn('svc-a'), 'out/');
    await storage.removeNotification('told', arn('svc-c'));
    expect(await names()).toEqual(['svc-a other/', 'svc-b out/']);
    expect(await storage.notifications('svc-a')).toHaveLength(1);
  });

  it('says what is wrong', async () => {
    await expect(storage.list('nowhere')).rejects.toMatchObject({ problem: { status: 404 } });
    await expect(storage.get('things', 'nothing')).rejects.toMatchObject({
      problem: { type: expect.stringMatching(/:not-found$/) as unknown }
    });
    await expect(storage.createBucket('things')).rejects.toMatchObject({ problem: { status: 409 } });
    await storage.put('things', 'last', Buffer.from('x'));
    await expect(storage.deleteBucket('things')).rejects.toMatchObject({
      problem: { title: 'The bucket is not empty' }
    });
    const { endpoint, region } = room.local.s3;
    const stranger = new ObjectStorage({
      provider: { endpoint, region, access_key: 'stranger', secret_key: 'not the secret', verify: true },
      who: 'the object store'
    });
    await expect(stranger.list('things')).rejects.toMatchObject({
      problem: { type: expect.stringMatching(/:(unauthorized|forbidden)$/) as unknown }
    });
    stranger.dispose();
    const nobody = new ObjectStorage({
      provider: { endpoint: 'http://127.0.0.1:1', region, access_key: 'a', secret_key: 'not the secret', verify: true },
      who: 'the object store'
    });
    await expect(nobody.list('things')).rejects.toMatchObject({
      problem: { type: expect.stringMatching(/:unreachable$/) as unknown }
    });
    nobody.dispose();
  });
});
