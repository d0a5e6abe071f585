import { createHmac } from 'node:crypto';
import { ADMIN, call, sign, startEndpoint, type IEndpoint } from './endpoint';

let endpoint: IEndpoint;

beforeAll(async () => {
  endpoint = await startEndpoint();
  await endpoint.store.createBucket('data');
  await endpoint.store.put('data', 'a b/ñ', Buffer.from('hello'));
});

afterAll(() => endpoint.close());

const PATH = '/data/a%20b/%C3%B1';
const soon = (): number => Math.floor(Date.now() / 1000) + 60;

interface ILink {
  path?: string;
  expires?: number;
  /** Canonical, as signed. */
  resource?: string;
  /** Between the verb and the time: MD5 and type of the content. */
  content?: string;
  amz?: string;
  secret?: string;
}

/** A link of signature version 2, made from its definition. */
function link(method: string, options: ILink = {}): string {
  const { path = PATH, expires = soon(), content = '\n', amz = '' } = options;
  const text = `${method}\n${content}\n${expires}\n${amz}${options.resource ?? path}`;
  const signature = createHmac('sha1', options.secret ?? ADMIN.secretKey)
    .update(text)
    .digest('base64');
  const query = new URLSearchParams({
    AWSAccessKeyId: ADMIN.accessKey,
    Signature: signature,
    Expires: String(expires)
  });
  return `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`;
}

describe('links of signature version 2', () => {
  it('read, write, name a type and ask for headers', async () => {
    expect((await call(endpoint, 'GET', link('GET'))).body).toBe('hello');
    const named = `${PATH}?response-content-type=text%2Fx`;
    const read = link('GET', { path: named, resource: `${PATH}?response-content-type=text/x` });
    expect((await call(endpoint, 'GET', read)).headers['content-type']).toBe('text/x');
    const write = link('PUT', { path: '/data/new', content: '\ntext/plain', amz: 'x-amz-meta-who:me\n' });
    const headers = { 'content-type': 'text/plain', 'x-amz-meta-who': 'me' };
    expect((await call(endpoint, 'PUT', write, { headers, body: 'new' })).status).toBe(200);
    expect(endpoint.store.head('data', 'new')).toMatchObject({ contentType: 'text/plain', metadata: { who: 'me' } });
    for (const resource of ['/data', '/data/']) {
      expect((await call(endpoint, 'GET', link('GET', { path: '/data?prefix=new', resource }))).status).toBe(200);
    }
    const path = '/data/new?content-type=text%2Fplain';
    const repeated = link('PUT', { path, resource: '/data/new', content: '\ntext/y' });
    expect((await call(endpoint, 'PUT', repeated, { headers: { 'content-type': 'text/y' } })).status).toBe(200);
    expect((await call(endpoint, 'PUT', repeated, { headers: { 'content-type': 'text/plain' } })).status).toBe(403);
    // No header can carry a control character: it becomes a space.
    const odd = link('GET', {
      path: `${PATH}?response-content-disposition=a%01b%0D%0Ac%7F`,
      resource: `${PATH}?response-content-disposition=a\x01b\r\nc\x7f`
    });
    expect((await call(endpoint, 'GET', odd)).headers['content-disposition']).toBe('a b  c');
  });

  it.each<[string, string, () => string, string, Record<string, string>?]>([
    ['another method', 'DELETE', () => link('GET'), 'SignatureDoesNotMatch'],
    ['another object', 'GET', () => link('GET').replace('/a%20b', '/a'), 'SignatureDoesNotMatch'],
    ['another time', 'GET', () => link('GET').replace(/Expires=\d+/, `Expires=${soon() + 9}`), 'SignatureDoesNotMatch'],
    ['another secret', 'GET', () => link('GET', { secret: 'guess' }), 'SignatureDoesNotMatch'],
    [
      'a shorter signature',
      'GET',
      () => link('GET').replace(/Signature=[^&]*/, 'Signature=AAAA'),
      'SignatureDoesNotMatch'
    ],
    ['no signature', 'GET', () => link('GET').replace(/&Signature=[^&]*/, ''), 'AccessDenied'],
    ['an end that has passed', 'GET', () => link('GET', { expires: soon() - 61 }), 'AccessDenied'],
    ['an end that is none', 'GET', () => link('GET').replace(/Expires=\d+/, 'Expires=never'), 'AccessDenied'],
    ['a parameter that is signed and was not', 'PUT', () => `${link('PUT')}&tagging=`, 'SignatureDoesNotMatch'],
    ['a parameter that cannot be signed', 'GET', () => `${link('GET')}&attributes=`, 'AccessDenied'],
    ['a parameter twice', 'GET', () => `${link('GET')}&Expires=99999999999`, 'InvalidArgument'],
    ['a header that was not signed', 'PUT', () => link('PUT'), 'SignatureDoesNotMatch', { 'x-amz-meta-a': 'b' }],
    ['two signatures', 'GET', () => link('GET'), 'InvalidRequest', { authorization: 'AWS minio:x' }],
    ['a stranger', 'GET', () => link('GET').replace('=minio', '=nobody'), 'InvalidAccessKeyId']
  ])('with %s are refused', async (_name, method, path, code, headers = {}) => {
    expect((await call(endpoint, method, path(), { headers })).code).toBe(code);
    expect(endpoint.store.head('data', 'a b/ñ')?.size).toBe(5);
  });
});

describe('forms', () => {
  const mark = 'the-boundary';
  const form = (fields: Record<string, string>, file: string): string =>
    Object.entries(fields)
      .map(([name, value]) => `--${mark}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      .join('') +
    `--${mark}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n${file}\r\n--${mark}--\r\n`;

  const post = (conditions: unknown[], fields: Record<string, string> = {}, expiration = '2099-01-01T00:00:00Z') => {
    const document = { expiration, conditions: [{ bucket: 'data' }, ['starts-with', '$key', 'f'], ...conditions] };
    const policy = Buffer.from(JSON.stringify(document)).toString('base64');
    const signature = createHmac('sha1', ADMIN.secretKey).update(policy).digest('base64');
    const all = { key: '${filename}', AWSAccessKeyId: ADMIN.accessKey, policy, signature, ...fields };
    const headers = { 'content-type': `multipart/form-data; boundary=${mark}` };
    return call(endpoint, 'POST', '/data', { headers, body: form(all, 'hello') });
  };

  it('of signature version 2 are taken, and their policy speaks of the name that the object gets', async () => {
    expect((await post([])).status).toBe(204);
    expect(endpoint.store.head('data', 'f.txt')?.size).toBe(5);
  });

  it.each<[string, unknown[], Record<string, string>, number, string, string?]>([
    ['a forged signature', [], { signature: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }, 403, 'SignatureDoesNotMatch'],
    ['a stranger', [], { AWSAccessKeyId: 'nobody' }, 403, 'InvalidAccessKeyId'],
    ['a time that is none', [], {}, 400, 'InvalidPolicyDocument', '2099-01-01 00:00:00'],
    ['half a range', [['content-length-range', 0]], {}, 400, 'InvalidPolicyDocument'],
    ['an empty condition', [{}], {}, 400, 'InvalidPolicyDocument'],
    ['an open access list', [{ acl: 'public-read' }], { acl: 'public-read' }, 501, 'NotImplemented'],
    [
      'a checksum of something else',
      [['starts-with', '$x-amz-checksum-crc32', '']],
      { 'x-amz-checksum-crc32': 'AAAAAA==' },
      400,
      'XAmzContentChecksumMismatch'
    ]
  ])('with %s are refused', async (_name, conditions, fields, status, code, expiration = '2099-01-01T00:00:00Z') => {
    await endpoint.store.remove('data', 'f.txt');
    const answer = await post(conditions, fields, expiration);
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(endpoint.store.head('data', 'f.txt')).toBeUndefined();
  });

  it('keep the checksum that held', async () => {
    const fields = { 'x-amz-checksum-crc32': 'NhCmhg==' };
    expect((await post([['starts-with', '$x-amz-checksum-crc32', '']], fields)).status).toBe(204);
    expect(endpoint.store.details('data', 'f.txt')?.checksums).toEqual({ crc32: 'NhCmhg==' });
  });
});

describe('headers beyond ASCII', () => {
  it('are signed as the bytes that go over the wire', async () => {
    // Clients sign the UTF-8 bytes; Node's client wants them as Latin-1.
    const headers: Record<string, string> = { host: `127.0.0.1:${endpoint.port}`, 'x-amz-meta-name': 'Zoë 日本' };
    sign('PUT', '/data/utf8', headers, Buffer.from('x'), { as: ADMIN });
    headers['x-amz-meta-name'] = Buffer.from('Zoë 日本').toString('latin1');
    expect((await call(endpoint, 'PUT', '/data/utf8', { headers, body: 'x' })).status).toBe(200);
    expect(endpoint.store.head('data', 'utf8')?.metadata).toEqual({ name: 'Zoë 日本' });
  });
});
