import { linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN, call, startEndpoint, type IAnswer, type IEndpoint } from './endpoint';

let endpoint: IEndpoint;

const get = (key: string, headers?: Record<string, string>): Promise<IAnswer> =>
  call(endpoint, 'GET', `/data/${key}`, { as: ADMIN, headers });
const put = (key: string, body: string, headers?: Record<string, string>): Promise<IAnswer> =>
  call(endpoint, 'PUT', `/data/${key}`, { as: ADMIN, body, headers });
const fileOf = (key: string): string => join(endpoint.store.bucketFolder('data'), key);

/** Is it answered from memory? */
const isHeld = (key: string): boolean => endpoint.store.held('data', key) !== undefined;

beforeEach(async () => {
  endpoint = await startEndpoint();
  await endpoint.store.createBucket('data');
});

afterEach(() => endpoint.close());

describe('small objects that were just written or read', () => {
  it('are answered with the same bytes and headers as those that are read from their file', async () => {
    await put('bin', '\u00e9\u0000\r\n\r\n', { 'x-amz-meta-a': 'b', 'content-type': 'text/x' });
    expect(isHeld('bin')).toBe(true);
    const held = await get('bin');
    utimesSync(fileOf('bin'), statSync(fileOf('bin')).atime, statSync(fileOf('bin')).mtime);
    expect(isHeld('bin')).toBe(false);
    const read = await get('bin');
    for (const answer of [held, read]) {
      delete answer.headers['x-amz-request-id'];
      delete answer.headers.date;
    }
    expect(held).toMatchObject({ status: 200, body: '\u00e9\u0000\r\n\r\n' });
    expect(read.body).toBe(held.body);
    expect({ ...read.headers, 'last-modified': '' }).toEqual({ ...held.headers, 'last-modified': '' });
  });

  it('give ranges, conditions and heads as ever', async () => {
    await put('text', '0123456789');
    const { etag } = (await get('text')).headers;
    expect(isHeld('text')).toBe(true);
    expect(await get('text', { range: 'bytes=2-4' })).toMatchObject({ status: 206, body: '234' });
    expect(await get('text', { range: 'bytes=-3' })).toMatchObject({ status: 206, body: '789' });
    expect((await get('text', { range: 'bytes=10-' })).code).toBe('InvalidRange');
    expect(await get('text', { 'if-none-match': etag! })).toMatchObject({ status: 304, body: '' });
    expect((await get('text', { 'if-match': '"other"' })).status).toBe(412);
    const head = await call(endpoint, 'HEAD', '/data/text', { as: ADMIN });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe('10');
    await put('none', '');
    expect(await get('none')).toMatchObject({ status: 200, body: '' });
  });

  it.each([
    ['edited in place, as long as before', (file: string) => writeFileSync(file, 'NEW TEXT')],
    [
      'replaced by a file of the same size and time',
      (file: string) => {
        const { atime, mtime } = statSync(file);
        writeFileSync(`${file}.new`, 'NEW TEXT');
        utimesSync(`${file}.new`, atime, mtime);
        renameSync(`${file}.new`, file);
      }
    ],
    [
      'edited in place, its time set back',
      (file: string) => {
        const { atime, mtime } = statSync(file);
        writeFileSync(file, 'NEW TEXT');
        utimesSync(file, atime, mtime);
      }
    ]
  ])('are read anew when their file was %s', async (_what, change) => {
    await put('note', 'old text');
    expect((await get('note')).body).toBe('old text');
    expect(isHeld('note')).toBe(true);
    // Longer than the clock of any file system ticks.
    await new Promise(resolve => setTimeout(resolve, 20));
    change(fileOf('note'));
    expect(await get('note')).toMatchObject({ status: 200, body: 'NEW TEXT' });
  });

  it('are gone with their file, and are never read through a link', async () => {
    await put('note', 'old text');
    await put('deep/er/note', 'old text');
    rmSync(fileOf('note'));
    expect((await get('note')).code).toBe('NoSuchKey');
    const outside = join(endpoint.folder, 'outside');
    mkdirSync(outside);
    linkSync(fileOf('deep/er/note'), join(outside, 'note'));
    rmSync(fileOf('deep/er'), { recursive: true });
    symlinkSync(outside, fileOf('deep/er'));
    expect((await get('deep/er/note')).code).toBe('NoSuchKey');
  });

  it('follow each change made through the store', async () => {
    await put('note', 'one');
    await put('note', 'two');
    expect((await get('note')).body).toBe('two');
    await call(endpoint, 'PUT', '/data/note?tagging', {
      as: ADMIN,
      body: '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
    });
    expect((await get('note')).headers['x-amz-tagging-count']).toBe('1');
    await call(endpoint, 'DELETE', '/data/note', { as: ADMIN });
    expect((await get('note')).code).toBe('NoSuchKey');
    await put('note', 'three');
    await endpoint.store.deleteBucket('data', { force: true });
    expect((await get('note')).code).toBe('NoSuchBucket');
    await endpoint.store.createBucket('data');
    expect((await get('note')).code).toBe('NoSuchKey');
  });

  it('give way to newer ones', async () => {
    const body = Buffer.alloc(16 * 1024, 'x');
    for (let n = 0; n < 1000; n++) {
      await endpoint.store.put('data', `k${n}`, body);
    }
    expect(isHeld('k0')).toBe(false);
    expect(isHeld('k999')).toBe(true);
    expect((await get('k0')).body.length).toBe(body.length);
    expect(isHeld('k0')).toBe(true);
    await endpoint.store.put('data', 'large', Buffer.alloc(16 * 1024 + 1));
    expect(isHeld('large')).toBe(false);
  });
});
