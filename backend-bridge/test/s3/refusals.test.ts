import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN, call, startEndpoint, type IEndpoint, type IRawOptions } from './endpoint';

let endpoint: IEndpoint;

beforeEach(async () => {
  endpoint = await startEndpoint();
  await endpoint.store.createBucket('data');
  await endpoint.store.put('data', 'here', Buffer.from('hello'));
});

afterEach(() => endpoint.close());

const admin = (method: string, path: string, options: IRawOptions = {}) =>
  call(endpoint, method, path, { as: ADMIN, ...options });

const ETAG = '5d41402abc4b2a76b9719d911017c592';

describe('a deletion', () => {
  const modified = (): string => endpoint.store.head('data', 'here')!.modified.toUTCString();

  it.each<[string, string, () => Record<string, string>, number]>([
    ['of a version that is not there', '?versionId=0f', () => ({}), 404],
    ['with another ETag', '', () => ({ 'if-match': '"00"' }), 412],
    ['with another size', '', () => ({ 'x-amz-if-match-size': '4' }), 412],
    ['with a size that is none', '', () => ({ 'x-amz-if-match-size': 'four' }), 400],
    ['with another time', '', () => ({ 'x-amz-if-match-last-modified-time': new Date(0).toUTCString() }), 412]
  ])('%s leaves the object', async (_name, query, headers, status) => {
    expect((await admin('DELETE', `/data/here${query}`, { headers: headers() })).status).toBe(status);
    expect(endpoint.store.head('data', 'here')?.etag).toBe(ETAG);
  });

  it.each<[string, string, () => Record<string, string>]>([
    ['of the version null', '?versionId=null', () => ({})],
    ['with its ETag', '', () => ({ 'if-match': `"${ETAG}"` })],
    ['with any ETag', '', () => ({ 'if-match': '*' })],
    [
      'with its size and time',
      '',
      () => ({ 'x-amz-if-match-size': '5', 'x-amz-if-match-last-modified-time': modified() })
    ]
  ])('%s goes through, and again when nothing is there', async (_name, query, headers) => {
    const sent = headers();
    expect((await admin('DELETE', `/data/here${query}`, { headers: sent })).status).toBe(204);
    expect(endpoint.store.head('data', 'here')).toBeUndefined();
    expect((await admin('DELETE', `/data/here${query}`, { headers: sent })).status).toBe(204);
  });

  it('of many holds each against its own conditions', async () => {
    await endpoint.store.put('data', 'other', Buffer.from('x'));
    const body =
      '<Delete><Object><Key>here</Key><ETag>00</ETag></Object><Object><Key>here</Key><VersionId>7</VersionId></Object>' +
      '<Object><Key>here</Key><Size>9</Size></Object><Object><Key>other</Key><Size>1</Size></Object></Delete>';
    const answer = await admin('POST', '/data?delete=', { body });
    expect(answer.body.match(/<Code>\w+/g)).toEqual([
      '<Code>PreconditionFailed',
      '<Code>NoSuchVersion',
      '<Code>PreconditionFailed'
    ]);
    expect(endpoint.store.list('data').objects.map(object => object.key)).toEqual(['here']);
  });
});

describe('access lists', () => {
  it.each<[string, string, Record<string, string>]>([
    ['a public bucket', '/more', { 'x-amz-acl': 'public-read' }],
    ['a granted bucket', '/more', { 'x-amz-grant-read': 'id="x"' }],
    ['a public object', '/data/new', { 'x-amz-acl': 'public-read-write' }],
    ['a granted object', '/data/new', { 'x-amz-grant-full-control': 'id="x"' }]
  ])('%s is refused: nobody is told what does not hold', async (_name, path, headers) => {
    const answer = await admin('PUT', path, { headers });
    expect([answer.status, answer.code]).toEqual([501, 'NotImplemented']);
    expect(endpoint.store.catalog.buckets.has('more')).toBe(false);
    expect(endpoint.store.head('data', 'new')).toBeUndefined();
  });

  it('that say what holds anyway are taken', async () => {
    expect((await admin('PUT', '/more', { headers: { 'x-amz-acl': 'private' } })).status).toBe(200);
    const headers = { 'x-amz-acl': 'bucket-owner-full-control' };
    expect((await admin('PUT', '/data/new', { headers, body: 'x' })).status).toBe(200);
  });
});

describe('the list of buckets', () => {
  it('comes in pages and by prefix', async () => {
    for (const name of ['log-a', 'log-b', 'log-c']) {
      await endpoint.store.createBucket(name);
    }
    const names = (body: string): string[] => [...body.matchAll(/<Name>([^<]*)/g)].map(match => match[1]);
    const first = await admin('GET', '/?prefix=log-&max-buckets=2');
    expect(names(first.body)).toEqual(['log-a', 'log-b']);
    const token = /<ContinuationToken>([^<]+)/.exec(first.body)![1];
    const path = `/?prefix=log-&max-buckets=2&continuation-token=${encodeURIComponent(token)}`;
    const second = await admin('GET', path);
    expect(names(second.body)).toEqual(['log-c']);
    expect(second.body).not.toContain('ContinuationToken');
    expect((await admin('GET', '/?max-buckets=0')).code).toBe('InvalidArgument');
  });
});

describe('what an object carries', () => {
  it.each([
    ['deflate, gzip', 'deflate, gzip'],
    ['gzip, aws-chunked', 'gzip'],
    ['aws-chunked', undefined]
  ])('keeps the encoding %s as it was said, without the one of the request', async (sent, kept) => {
    await admin('PUT', '/data/encoded', { headers: { 'content-encoding': sent }, body: 'x' });
    expect((await admin('HEAD', '/data/encoded')).headers['content-encoding']).toBe(kept);
  });
});

const withPipes = process.platform === 'win32' ? it.skip : it;

withPipes('a pipe in the place of an object holds nothing up', async () => {
  const file = join(endpoint.store.bucketFolder('data'), 'here');
  rmSync(file);
  execFileSync('mkfifo', [file]);
  expect((await admin('GET', '/data/here')).code).toBe('NoSuchKey');
  expect((await admin('PUT', '/data/here', { body: 'back' })).status).toBe(200);
  expect((await admin('GET', '/data/here')).body).toBe('back');
});
