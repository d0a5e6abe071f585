import { createHash, createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ADMIN, ALICE, BOB, call, keyPath, sign, startEndpoint, type IEndpoint, type IRawOptions } from './endpoint';

let endpoint: IEndpoint;

beforeAll(async () => {
  endpoint = await startEndpoint({ knownArn: arn => !arn.includes('ghost') });
  await endpoint.store.createBucket('data');
  await endpoint.store.put('data', 'here', Buffer.from('hello'));
});

afterAll(() => endpoint.close());

const admin = (method: string, path: string, options: IRawOptions = {}) =>
  call(endpoint, method, path, { as: ADMIN, ...options });

/** Nothing but what was there: no object, no half of one. */
function expectUnchanged(): void {
  expect(endpoint.store.list('data').objects.map(object => object.key)).toEqual(['here']);
  expect(endpoint.store.head('data', 'here')?.etag).toBe('5d41402abc4b2a76b9719d911017c592');
  expect(readdirSync(join(endpoint.folder, 'staging'))).toEqual([]);
}

describe('signatures', () => {
  it.each<[string, number, string, IRawOptions]>([
    ['no signature', 403, 'AccessDenied', { as: undefined }],
    ['an unknown key', 403, 'InvalidAccessKeyId', { as: { accessKey: 'nobody', secretKey: 'x' } }],
    ['another secret', 403, 'SignatureDoesNotMatch', { as: { ...ADMIN, secretKey: 'x' } }],
    ['an old clock', 403, 'RequestTimeTooSkewed', { time: new Date(Date.now() - 20 * 60_000) }],
    ['a clock ahead', 403, 'RequestTimeTooSkewed', { time: new Date(Date.now() + 20 * 60_000) }],
    ['another method', 403, 'SignatureDoesNotMatch', { tamper: wire => (wire.method = 'DELETE') }],
    ['another path', 403, 'SignatureDoesNotMatch', { tamper: wire => (wire.path = '/data/other') }],
    ['another query', 403, 'SignatureDoesNotMatch', { tamper: wire => (wire.path += '?tagging') }],
    ['another body', 400, 'XAmzContentSHA256Mismatch', { tamper: wire => (wire.body = Buffer.from('evil!')) }],
    ['a header added', 400, 'AccessDenied', { tamper: wire => (wire.headers['x-amz-meta-a'] = 'b') }],
    [
      'a header changed',
      403,
      'SignatureDoesNotMatch',
      { headers: { 'x-amz-meta-a': 'b' }, tamper: wire => (wire.headers['x-amz-meta-a'] = 'c') }
    ],
    [
      'a header taken away',
      400,
      'AccessDenied',
      { headers: { 'x-amz-meta-a': 'b' }, tamper: wire => delete wire.headers['x-amz-meta-a'] }
    ],
    [
      'a date changed',
      403,
      'SignatureDoesNotMatch',
      {
        tamper: wire =>
          (wire.headers['x-amz-date'] = wire.headers['x-amz-date'].replace(/.Z$/, end => (end === '0Z' ? '1Z' : '0Z')))
      }
    ],
    ['no date', 403, 'AccessDenied', { tamper: wire => delete wire.headers['x-amz-date'] }],
    [
      'another region',
      400,
      'AuthorizationHeaderMalformed',
      { tamper: wire => (wire.headers.authorization = wire.headers.authorization.replace('us-east-1', 'mars')) }
    ],
    [
      'another service',
      400,
      'AuthorizationHeaderMalformed',
      { tamper: wire => (wire.headers.authorization = wire.headers.authorization.replace('/s3/', '/ec2/')) }
    ],
    [
      'no scope',
      400,
      'AuthorizationHeaderMalformed',
      {
        tamper: wire =>
          (wire.headers.authorization = wire.headers.authorization.replace(/Credential=[^,]*/, 'Credential=minio'))
      }
    ],
    ['version 2', 400, 'InvalidRequest', { tamper: wire => (wire.headers.authorization = 'AWS minio:abc') }],
    [
      'nonsense',
      400,
      'AuthorizationHeaderMalformed',
      { tamper: wire => (wire.headers.authorization = 'AWS4-HMAC-SHA256 what, ever') }
    ],
    [
      'a short signature',
      403,
      'SignatureDoesNotMatch',
      { tamper: wire => (wire.headers.authorization = wire.headers.authorization.slice(0, -2)) }
    ],
    ['a body hash of no form', 400, 'InvalidArgument', { payload: 'abc' }],
    ['a streaming form nobody knows', 400, 'InvalidArgument', { payload: 'STREAMING-MAGIC' }]
  ])('%s: %i %s', async (_, status, code, options) => {
    const answer = await admin('PUT', '/data/new', { body: 'hello', ...options });
    expect([answer.status, answer.code]).toEqual([status, code]);
    expectUnchanged();
  });

  it('hold against random changes of the request', async () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
    for (let round = 0; round < 300; round++) {
      const answer = await admin('PUT', keyPath('data', 'muta tion'), {
        headers: { 'x-amz-meta-who': 'me', 'content-type': 'text/plain' },
        body: 'hello',
        tamper: wire => {
          const names = [
            'authorization',
            'x-amz-date',
            'x-amz-content-sha256',
            'x-amz-meta-who',
            'content-type',
            'path'
          ];
          const name = names[random(names.length)];
          const text = name === 'path' ? wire.path : wire.headers[name];
          const at = name === 'path' ? 6 + random(text.length - 6) : random(text.length);
          const letter = String.fromCharCode(text.charCodeAt(at) === 120 ? 121 : 120);
          const next = text.slice(0, at) + letter + text.slice(at + 1);
          if (name === 'path') {
            wire.path = next;
          } else {
            wire.headers[name] = next;
          }
        }
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.code).not.toBe('');
    }
    expectUnchanged();
    expect(endpoint.lines).toEqual([]);
  });

  it('of links end, are for one method, and cover the headers named', async () => {
    const link = (time: Date, expires: number, more = ''): string => {
      const date = time.toISOString().replace(/[-:]|\.\d{3}/g, '');
      const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
      const names = `host${more}`;
      const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(`minio/${scope}`)}&X-Amz-Date=${date}&X-Amz-Expires=${expires}&X-Amz-SignedHeaders=${encodeURIComponent(names)}`;
      const head = `host:127.0.0.1:${endpoint.port}\n${more === '' ? '' : 'x-amz-meta-a:b\n'}`;
      const canonical = `GET\n/data/here\n${query}\n${head}\n${names}\nUNSIGNED-PAYLOAD`;
      const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
      const key = hmac(hmac(hmac(hmac(`AWS4${ADMIN.secretKey}`, date.slice(0, 8)), 'us-east-1'), 's3'), 'aws4_request');
      const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
      return `/data/here?${query}&X-Amz-Signature=${hmac(key, text).toString('hex')}`;
    };
    const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000);
    expect(await call(endpoint, 'GET', link(new Date(), 60))).toMatchObject({ status: 200, body: 'hello' });
    expect(await call(endpoint, 'GET', link(ago(61), 60))).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect((await call(endpoint, 'GET', link(ago(61), 60))).body).toContain('Request has expired');
    expect(await call(endpoint, 'HEAD', link(new Date(), 60))).toMatchObject({ status: 403, body: '' });
    expect(await call(endpoint, 'GET', link(new Date(), 604801))).toMatchObject({
      status: 400,
      code: 'AuthorizationQueryParametersError'
    });
    expect(await call(endpoint, 'GET', link(ago(-3600), 60))).toMatchObject({ status: 403, code: 'AccessDenied' });
    const signed = link(new Date(), 60, ';x-amz-meta-a');
    expect(await call(endpoint, 'GET', signed)).toMatchObject({ status: 400, code: 'AccessDenied' });
    expect(await call(endpoint, 'GET', signed, { headers: { 'x-amz-meta-a': 'c' } })).toMatchObject({ status: 403 });
    expect(await call(endpoint, 'GET', signed, { headers: { 'x-amz-meta-a': 'b' } })).toMatchObject({ status: 200 });
    expect(await call(endpoint, 'GET', link(new Date(), 60), { headers: { range: 'bytes=0-1' } })).toMatchObject({
      status: 206,
      body: 'he'
    });
    expect(await call(endpoint, 'GET', link(new Date(), 60).replace('X-Amz-Date=', 'X-Amz-Dat='))).toMatchObject({
      status: 400
    });
  });
});

describe('chunked bodies', () => {
  const CHUNKED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';

  /** A PUT whose body is made of signed chunks, with a hook to break it. */
  function putChunks(
    chunks: string[],
    options: { trailer?: string; length?: number; twist?: (body: string) => string } = {}
  ) {
    const headers: Record<string, string> = {
      host: `127.0.0.1:${endpoint.port}`,
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(options.length ?? chunks.join('').length),
      ...(options.trailer === undefined ? {} : { 'x-amz-trailer': 'x-amz-checksum-crc32' })
    };
    const payload = options.trailer === undefined ? CHUNKED : `${CHUNKED}-TRAILER`;
    const seed = sign('PUT', '/data/chunked', headers, Buffer.alloc(0), { as: ADMIN, payload });
    const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
    const hmac = (text: string): string => createHmac('sha256', seed.key).update(text).digest('hex');
    let previous = seed.signature;
    let body = '';
    for (const chunk of [...chunks, '']) {
      previous = hmac(`AWS4-HMAC-SHA256-PAYLOAD\n${seed.date}\n${seed.scope}\n${previous}\n${sha('')}\n${sha(chunk)}`);
      body += `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`;
    }
    if (options.trailer !== undefined) {
      const line = `x-amz-checksum-crc32:${options.trailer}\n`;
      body += `${line.trim()}\r\nx-amz-trailer-signature:${hmac(`AWS4-HMAC-SHA256-TRAILER\n${seed.date}\n${seed.scope}\n${previous}\n${sha(line)}`)}\r\n`;
    }
    body += '\r\n';
    return call(endpoint, 'PUT', '/data/chunked', { headers, body: options.twist?.(body) ?? body });
  }

  const sum = (text: string): string => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(text));
    return bytes.toString('base64');
  };

  it('are taken apart and verified', async () => {
    expect(await putChunks(['hello ', 'w'.repeat(70_000), '!'])).toMatchObject({ status: 200 });
    expect(endpoint.store.head('data', 'chunked')?.size).toBe(70_007);
    expect((await endpoint.store.open('data', 'chunked')).row.headers).toBe('');
    const answer = await putChunks(['hello'], { trailer: sum('hello') });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers['x-amz-checksum-crc32']).toBe(sum('hello'));
    await endpoint.store.remove('data', 'chunked');
  });

  it.each<[string, string, Parameters<typeof putChunks>]>([
    ['a byte changed', 'SignatureDoesNotMatch', [['hello'], { twist: body => body.replace('hello', 'hellO') }]],
    [
      'a signature changed',
      'SignatureDoesNotMatch',
      [
        ['hello'],
        {
          twist: body => body.replace(/signature=./, match => `${match.slice(0, -1)}${match.endsWith('0') ? '1' : '0'}`)
        }
      ]
    ],
    [
      'chunks swapped',
      'SignatureDoesNotMatch',
      [['aa', 'bb'], { twist: body => body.replace('aa', 'xx').replace('bb', 'aa').replace('xx', 'bb') }]
    ],
    ['the last chunk missing', 'IncompleteBody', [['hello'], { twist: body => body.slice(0, body.indexOf('\r\n0;')) }]],
    ['cut in the middle', 'IncompleteBody', [['hello'], { twist: body => body.slice(0, 90) }]],
    ['a size of no number', 'InvalidRequest', [['hello'], { twist: body => body.replace(/^5/, 'z') }]],
    ['a negative size', 'InvalidRequest', [['hello'], { twist: body => body.replace(/^5/, '-5') }]],
    ['a gigantic size', 'InvalidRequest', [['hello'], { twist: body => body.replace(/^5/, 'fffffffff') }]],
    ['no signature', 'InvalidRequest', [['hello'], { twist: body => body.replace(/;chunk-signature=\w+/, '') }]],
    ['a size too small', 'SignatureDoesNotMatch', [['hello'], { twist: body => body.replace(/^5/, '4') }]],
    ['an endless line', 'InvalidRequest', [['hello'], { twist: () => '5'.repeat(20_000) }]],
    ['more than was said', 'IncompleteBody', [['hello'], { length: 4 }]],
    ['less than was said', 'IncompleteBody', [['hello'], { length: 6 }]],
    ['bytes behind the end', 'InvalidRequest', [['hello'], { twist: body => `${body}more` }]],
    ['a wrong sum', 'XAmzContentChecksumMismatch', [['hello'], { trailer: sum('other') }]],
    ['a sum of no form', 'InvalidRequest', [['hello'], { trailer: 'abc' }]],
    [
      'a trailer changed',
      'SignatureDoesNotMatch',
      [['hello'], { trailer: sum('hello'), twist: body => body.replace(sum('hello'), sum('other')) }]
    ],
    [
      'an unannounced trailer',
      'InvalidRequest',
      [['hello'], { twist: body => `${body.slice(0, -2)}x-amz-checksum-crc32:${sum('hello')}\r\n\r\n` }]
    ]
  ])('%s: %s', async (_, code, [chunks, options]) => {
    expect(await putChunks(chunks, options)).toMatchObject({
      status: code === 'SignatureDoesNotMatch' ? 403 : 400,
      code
    });
    expectUnchanged();
  });
});

describe('bad requests', () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>`;
  const notify = (inner: string): string =>
    `<NotificationConfiguration><QueueConfiguration>${inner}</QueueConfiguration></NotificationConfiguration>`;

  it.each<[string, string, string, IRawOptions, number, string]>([
    ['an entity bomb', 'POST', '/data?delete=', { body: bomb }, 400, 'MalformedXML'],
    [
      'an external entity',
      'POST',
      '/data?delete=',
      { body: '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete>&x;</Delete>' },
      400,
      'MalformedXML'
    ],
    ['no XML', 'POST', '/data?delete=', { body: 'what?' }, 400, 'MalformedXML'],
    ['half an XML', 'POST', '/data?delete=', { body: '<Delete><Object>' }, 400, 'MalformedXML'],
    ['crossed tags', 'POST', '/data?delete=', { body: '<Delete><Object></Delete></Object>' }, 400, 'MalformedXML'],
    ['a deep XML', 'POST', '/data?delete=', { body: '<a>'.repeat(100) + '</a>'.repeat(100) }, 400, 'MalformedXML'],
    ['nothing to delete', 'POST', '/data?delete=', { body: '<Delete></Delete>' }, 400, 'MalformedXML'],
    ['a gigantic XML', 'POST', '/data?delete=', { body: Buffer.alloc(3 * 1024 * 1024, ' ') }, 400, 'EntityTooLarge'],
    [
      'a tag twice',
      'PUT',
      '/data?tagging=',
      { body: '<Tagging><TagSet><Tag><Key>a</Key><Value/></Tag><Tag><Key>a</Key><Value/></Tag></TagSet></Tagging>' },
      400,
      'InvalidTag'
    ],
    [
      'an ARN of nothing',
      'PUT',
      '/data?notification=',
      { body: notify('<Id/><Queue>arn:minio:sqs::ghost:webhook</Queue><Event>s3:ObjectCreated:*</Event>') },
      400,
      'InvalidArgument'
    ],
    [
      'an ARN of no form',
      'PUT',
      '/data?notification=',
      { body: notify('<Id/><Queue>arn:aws:sns:x</Queue><Event>s3:ObjectCreated:*</Event>') },
      400,
      'InvalidArgument'
    ],
    [
      'an event of none',
      'PUT',
      '/data?notification=',
      { body: notify('<Id/><Queue>arn:minio:sqs::svc:webhook</Queue><Event>s3:What</Event>') },
      400,
      'InvalidArgument'
    ],
    [
      'a lambda as target',
      'PUT',
      '/data?notification=',
      { body: '<NotificationConfiguration><CloudFunctionConfiguration/></NotificationConfiguration>' },
      400,
      'InvalidArgument'
    ],
    ['a policy of no form', 'PUT', '/data?policy=', { body: '{' }, 400, 'MalformedPolicy'],
    [
      'a policy for another bucket',
      'PUT',
      '/data?policy=',
      { body: '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::other/*"}]}' },
      400,
      'MalformedPolicy'
    ],
    [
      'a policy with a condition',
      'PUT',
      '/data?policy=',
      {
        body: '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/*","Condition":{"IpAddress":{"aws:SourceIp":"1.2.3.4"}}}]}'
      },
      400,
      'MalformedPolicy'
    ],
    ['a bucket name with capitals', 'PUT', '/Data', {}, 400, 'InvalidBucketName'],
    ['a bucket name of two letters', 'PUT', '/ab', {}, 400, 'InvalidBucketName'],
    ['a bucket name that is an address', 'PUT', '/127.0.0.1', {}, 400, 'InvalidBucketName'],
    ['a bucket that is there', 'PUT', '/data', {}, 409, 'BucketAlreadyOwnedByYou'],
    ['a bucket that is not', 'GET', '/nobody', {}, 404, 'NoSuchBucket'],
    ['a key that is not', 'GET', '/data/nothing', {}, 404, 'NoSuchKey'],
    ['a version', 'GET', '/data/here?versionId=abc', {}, 404, 'NoSuchVersion'],
    ['a key too long', 'PUT', `/data/${'k'.repeat(1025)}`, { body: 'x' }, 400, 'KeyTooLongError'],
    ['a key with a zero byte', 'PUT', '/data/a%00b', { body: 'x' }, 400, 'InvalidArgument'],
    [
      'a sum that is wrong',
      'PUT',
      '/data/new',
      { body: 'x', headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } },
      400,
      'XAmzContentChecksumMismatch'
    ],
    [
      'a sum of no form',
      'PUT',
      '/data/new',
      { body: 'x', headers: { 'x-amz-checksum-crc32': 'x' } },
      400,
      'InvalidRequest'
    ],
    [
      'an MD5 that is wrong',
      'PUT',
      '/data/new',
      { body: 'x', headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' } },
      400,
      'BadDigest'
    ],
    ['an MD5 of no form', 'PUT', '/data/new', { body: 'x', headers: { 'content-md5': 'x' } }, 400, 'InvalidDigest'],
    [
      'metadata too large',
      'PUT',
      '/data/new',
      { body: 'x', headers: { 'x-amz-meta-a': 'x'.repeat(2049) } },
      400,
      'MetadataTooLarge'
    ],
    [
      'encryption that we have not',
      'PUT',
      '/data/new',
      { body: 'x', headers: { 'x-amz-server-side-encryption': 'AES256' } },
      501,
      'NotImplemented'
    ],
    ['a copy of nothing', 'PUT', '/data/new', { headers: { 'x-amz-copy-source': '/data/nothing' } }, 404, 'NoSuchKey'],
    ['a copy from no bucket', 'PUT', '/data/new', { headers: { 'x-amz-copy-source': 'data' } }, 400, 'InvalidArgument'],
    [
      'a copy onto itself',
      'PUT',
      '/data/here',
      { headers: { 'x-amz-copy-source': '/data/here' } },
      400,
      'InvalidRequest'
    ],
    ['a part of no upload', 'PUT', '/data/new?partNumber=1&uploadId=x', { body: 'x' }, 404, 'NoSuchUpload'],
    ['a part of no number', 'PUT', '/data/new?partNumber=x&uploadId=x', { body: 'x' }, 400, 'InvalidArgument'],
    ['part 10,001', 'PUT', '/data/new?partNumber=10001&uploadId=x', { body: 'x' }, 400, 'InvalidArgument'],
    ['a page of letters', 'GET', '/data?max-keys=x', {}, 400, 'InvalidArgument'],
    ['a token of ours that is none', 'GET', '/data?continuation-token=%3F&list-type=2', {}, 400, 'InvalidArgument'],
    ['another encoding', 'GET', '/data?encoding-type=rot13', {}, 400, 'InvalidArgument'],
    ['a method of nobody', 'PATCH', '/data/here', {}, 405, 'MethodNotAllowed'],
    [
      'a form of no form',
      'POST',
      '/data',
      { headers: { 'content-type': 'multipart/form-data' }, body: 'x' },
      400,
      'MalformedPOSTRequest'
    ],
    [
      'a form without a file',
      'POST',
      '/data',
      {
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nx\r\n--b--\r\n'
      },
      400,
      'InvalidArgument'
    ]
  ])('%s', async (_, method, path, options, status, code) => {
    const answer = await admin(method, path, options);
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/xml');
    expect(answer.headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/);
    expectUnchanged();
  });

  /** What no HTTP library would send. */
  function raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(endpoint.port, '127.0.0.1', () => socket.write(text, 'latin1'));
      let got = '';
      socket.setEncoding('latin1');
      socket.on('data', chunk => (got += chunk));
      socket.on('error', reject);
      socket.on('close', () => resolve(got));
    });
  }

  it.each([
    [
      'a path that climbs',
      'GET /data/../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      403
    ],
    ['a bucket that climbs', 'GET /../secret HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    ['an escape of no form', 'GET /data/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    ['an escape of no UTF-8', 'GET /data/%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    [
      'an absolute address',
      'GET http://localhost/data/here HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      400
    ],
    ['no host', 'GET /data/here HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['another host', 'GET /data/here HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', 403],
    [
      'a host that begins like ours',
      'GET /data/here HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\nConnection: close\r\n\r\n',
      403
    ],
    ['gigantic headers', `GET /data/here HTTP/1.1\r\nHost: localhost\r\nX-A: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
    [
      'two lengths',
      'PUT /data/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
      400
    ],
    [
      'length and chunks',
      'PUT /data/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx',
      400
    ]
  ])('%s is refused', async (_, text, status) => {
    expect(await raw(text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expectUnchanged();
  });

  it('waits with the body of a refused upload, and keeps the connection usable otherwise', async () => {
    const refused = await raw(
      'PUT /data/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n'
    );
    expect(refused).toMatch(/^HTTP\/1.1 403 /);
    expect(refused).not.toContain('100 Continue');
    const twice = await raw(
      'PUT /data/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhelloGET /data/here HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    );
    expect(twice.match(/HTTP\/1.1 403 /g)).toHaveLength(2);
    expectUnchanged();
  });

  it('cannot inject a header by what an object carries or a link asks for', async () => {
    await endpoint.store.put('data', 'inject', Buffer.from('x'), {
      contentType: 'text/plain\r\nSet-Cookie: a=b',
      metadata: { a: 'x\r\nSet-Cookie: a=b' }
    });
    const answer = await admin('GET', '/data/inject?response-content-disposition=a%0D%0ASet-Cookie%3A%20a%3Db');
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']).toBeUndefined();
    await endpoint.store.remove('data', 'inject');
  });
});

describe('who may do what', () => {
  beforeAll(async () => {
    for (const [name, visibility, allowed] of [
      ['alices', '', []],
      ['public', 'public', []],
      ['shared', 'restricted', [BOB.accessKey]]
    ] as const) {
      await endpoint.store.createBucket(name, { owner: ALICE.accessKey });
      endpoint.store.setVisibility(name, visibility, [...allowed]);
      await endpoint.store.put(name, 'x', Buffer.from('x'));
    }
  });

  afterAll(async () => {
    for (const name of ['alices', 'public', 'shared']) {
      await endpoint.store.deleteBucket(name, { force: true });
    }
  });

  it.each<[string, typeof ADMIN | undefined, string, string, number]>([
    ['the owner reads', ALICE, 'GET', '/alices/x', 200],
    ['the owner writes', ALICE, 'PUT', '/alices/y', 200],
    ['the owner sees notifications', ALICE, 'GET', '/alices?notification=', 200],
    ['nobody but the administrator makes buckets', ALICE, 'PUT', '/another', 403],
    ['another user reads what is private', BOB, 'GET', '/alices/x', 403],
    ['another user lists what is private', BOB, 'GET', '/alices', 403],
    ['another user reads the administrator’s', BOB, 'GET', '/data/here', 403],
    ['another user writes what is public', BOB, 'PUT', '/public/y', 200],
    ['another user sees notifications of what is public', BOB, 'GET', '/public?notification=', 403],
    ['another user removes what is public', BOB, 'DELETE', '/public', 403],
    ['an allowed user reads', BOB, 'GET', '/shared/x', 200],
    ['an allowed user writes', BOB, 'PUT', '/shared/y', 200],
    ['an allowed user changes the policy', BOB, 'DELETE', '/shared?policy=', 403],
    ['nobody in particular reads what is public', undefined, 'GET', '/public/x', 403],
    ['nobody in particular lists buckets', undefined, 'GET', '/', 403],
    ['nobody in particular asks for what is not there', undefined, 'GET', '/nothing/x', 403],
    ['a copy out of what is private', BOB, 'COPY', '/public/stolen', 403]
  ])('%s', async (_, as, method, path, status) => {
    const options = method === 'COPY' ? { headers: { 'x-amz-copy-source': '/alices/x' } } : {};
    const answer = await call(endpoint, method === 'COPY' ? 'PUT' : method, path, { as, ...options });
    expect(answer.status).toBe(status);
    if (status === 403) {
      expect(answer.code).toBe('AccessDenied');
    }
  });

  it('lists to everybody what is theirs', async () => {
    const names = async (as: typeof ADMIN): Promise<string[]> =>
      [...(await call(endpoint, 'GET', '/', { as })).body.matchAll(/<Name>([^<]*)</g)].map(match => match[1]);
    expect(await names(ADMIN)).toEqual(['alices', 'data', 'public', 'shared']);
    expect(await names(ALICE)).toEqual(['alices', 'public', 'shared']);
    expect(await names(BOB)).toEqual(['public', 'shared']);
  });

  it('lets a policy open a folder to everybody, and a page elsewhere read none of it', async () => {
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: ['*'] },
          Action: ['s3:GetObject'],
          Resource: ['arn:aws:s3:::alices/open/*']
        },
        { Effect: 'Deny', Principal: '*', Action: 's3:Get*', Resource: 'arn:aws:s3:::alices/open/not*' }
      ]
    });
    expect((await call(endpoint, 'PUT', '/alices?policy=', { as: ALICE, body: policy })).status).toBe(204);
    await endpoint.store.put('alices', 'open/a', Buffer.from('open'));
    await endpoint.store.put('alices', 'open/not', Buffer.from('not'));
    expect((await call(endpoint, 'GET', '/alices/open/a')).body).toBe('open');
    expect((await call(endpoint, 'GET', '/alices/open/not')).status).toBe(403);
    expect((await call(endpoint, 'PUT', '/alices/open/b')).status).toBe(403);
    expect((await call(endpoint, 'GET', '/alices/x')).status).toBe(403);
    const foreign = await call(endpoint, 'GET', '/alices/open/a', { headers: { origin: 'https://evil.example' } });
    expect(foreign.status).toBe(403);
    expect((await call(endpoint, 'GET', '/alices?policy=', { as: ALICE })).body).toBe(policy);
    expect((await call(endpoint, 'GET', '/alices?policyStatus=', { as: ALICE })).body).toContain('TRUE');
    expect((await call(endpoint, 'DELETE', '/alices?policy=', { as: ALICE })).status).toBe(204);
    expect((await call(endpoint, 'GET', '/alices/open/a')).status).toBe(403);
  });

  it('gives no page anywhere leave to read answers', async () => {
    const signed = await admin('GET', '/data/here', { headers: { origin: 'https://evil.example' } });
    expect(signed.status).toBe(200);
    expect(signed.headers['access-control-allow-origin']).toBeUndefined();
    const asked = await call(endpoint, 'OPTIONS', '/data/here', {
      headers: { origin: 'http://localhost:8888', 'access-control-request-method': 'GET' }
    });
    expect(asked.status).toBe(403);
    expect(asked.headers['access-control-allow-origin']).toBeUndefined();
  });
});
