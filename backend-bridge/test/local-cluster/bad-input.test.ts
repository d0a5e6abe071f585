import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { call, type IAnswer } from './golden/replay';
import { SERVICE, start, temporaryFolder, testOptions, type TestClient } from './cluster';

const NOT_VALID = 'The service specification is not valid: ';
const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** What is sent, and the exact answer. */
const SERVICES: [string, string, number, string | RegExp][] = [
  ['nothing', '', 400, `${NOT_VALID}EOF`],
  ['white space', ' \n\t ', 400, `${NOT_VALID}EOF`],
  ['a number', '5', 400, `${NOT_VALID}json: cannot unmarshal number into Go value of type types.Service`],
  ['a string', '"x"', 400, `${NOT_VALID}json: cannot unmarshal string into Go value of type types.Service`],
  ['an unfinished string', '{"name":"x', 400, `${NOT_VALID}unexpected EOF`],
  ['a tab in a string', '{"name":"a\tb"}', 400, `${NOT_VALID}invalid character '\\t' in string literal`],
  ['a bad escape', '{"name":"\\x"}', 400, `${NOT_VALID}invalid character 'x' in string escape code`],
  ['a bad number', '{"name":01}', 400, `${NOT_VALID}invalid character '1' after object key:value pair`],
  ['a missing colon', '{"name" "x"}', 400, `${NOT_VALID}invalid character '"' after object key`],
  [
    'a trailing comma',
    '{"name":"x",}',
    400,
    `${NOT_VALID}invalid character '}' looking for beginning of object key string`
  ],
  [
    'a comma too many in a list',
    '{"input":[1,]}',
    400,
    `${NOT_VALID}invalid character ']' looking for beginning of value`
  ],
  [
    'single quotes',
    "{'name':1}",
    400,
    `${NOT_VALID}invalid character '\\'' looking for beginning of object key string`
  ],
  ['letters beyond ASCII', 'ñ', 400, `${NOT_VALID}invalid character 'Ã' looking for beginning of value`],
  ['lists in lists', deep(20_000), 400, `${NOT_VALID}exceeded max depth`],
  [
    'a bool for a text',
    '{"name":true}',
    400,
    `${NOT_VALID}json: cannot unmarshal bool into Go struct field Service.name of type string`
  ],
  [
    'a text for a list',
    '{"allowed_users":"x"}',
    400,
    `${NOT_VALID}json: cannot unmarshal string into Go struct field Service.allowed_users of type []string`
  ],
  [
    'a fraction for a port',
    '{"expose":{"api_port":[80.5]}}',
    400,
    `${NOT_VALID}json: cannot unmarshal number 80.5 into Go struct field Expose.expose.api_port of type int`
  ],
  [
    'a number too big',
    '{"expose":{"min_scale":99999999999}}',
    400,
    `${NOT_VALID}json: cannot unmarshal number 99999999999 into Go struct field Expose.expose.min_scale of type int32`
  ],
  [
    'a path that climbs, as a name',
    JSON.stringify({ ...SERVICE, name: '../../etc' }),
    500,
    /^Error creating the service: ConfigMap "..\/..\/etc" is invalid/
  ],
  [
    'a path that climbs, as an input',
    JSON.stringify({ ...SERVICE, name: 'climb', input: [{ storage_provider: 'minio', path: '../../etc/in' }] }),
    500,
    /^error creating bucket \.\.: InvalidBucketName/
  ],
  [
    'a folder that climbs',
    JSON.stringify({ ...SERVICE, name: 'climb', volume: { size: '1Gi', mount_path: '/data/../oscar/config' } }),
    400,
    `${NOT_VALID}volume.mount_path cannot overlap OSCAR reserved paths`
  ],
  [
    'a volume named as a path',
    JSON.stringify({ ...SERVICE, name: 'climb', volume: { name: '..', size: '1Gi', mount_path: '/d' } }),
    400,
    `${NOT_VALID}volume.name must satisfy Kubernetes DNS-1123 naming rules`
  ],
  [
    'a line break in a name',
    JSON.stringify({ ...SERVICE, name: 'a\nb' }),
    500,
    /^Error creating the service: ConfigMap "a\nb" is invalid/
  ],
  [
    'a name of a prototype',
    JSON.stringify({ ...SERVICE, name: '__proto__' }),
    500,
    /^Error creating the service: ConfigMap "__proto__" is invalid/
  ],
  [
    'a provider of a prototype',
    JSON.stringify({ ...SERVICE, name: 'proto', output: [{ storage_provider: 'constructor.name', path: 'a/b' }] }),
    500,
    'the StorageProvider "constructor.name" is not defined'
  ],
  [
    'shell words as mount options',
    JSON.stringify({ ...SERVICE, name: 'mnt', mount: { storage_provider: 'minio', path: 'mnt', options: '$(rm)' } }),
    500,
    'mount options contain invalid characters'
  ],
  [
    'a port that is none',
    JSON.stringify({
      ...SERVICE,
      name: 'port',
      expose: { min_scale: 1, max_scale: 1, cpu_threshold: 80, api_port: [0] }
    }),
    500,
    /must be between 1 and 65535/
  ],
  [
    'a quantity that is none',
    JSON.stringify({ ...SERVICE, name: 'q', memory: '1.2.3Gi' }),
    500,
    /quantities must match/
  ]
];

const OTHERS: [string, string, string, string | undefined, number, string | RegExp][] = [
  ['GET', '/system/services/..%2f..%2fetc', 'a name that climbs', undefined, 404, /^/],
  ['GET', '/system/services/%00', 'a zero byte', undefined, 400, 'invalid serviceName'],
  ['GET', '/system/services/%ff', 'no UTF-8', undefined, 400, ''],
  ['GET', `/system/services/${'x'.repeat(5000)}`, 'a very long name', undefined, 400, 'invalid serviceName'],
  ['GET', '/system/services/__proto__', 'a name of a prototype', undefined, 400, 'invalid serviceName'],
  ['POST', '/system/buckets', 'a bucket that climbs', '{"bucket_name":"../x"}', 400, /InvalidBucketName/],
  [
    'POST',
    '/system/buckets/none/presign',
    'a link into nothing',
    '{"object_key":"x","operation":"upload"}',
    404,
    "Bucket 'none' not found"
  ],
  [
    'POST',
    '/system/buckets/real/presign',
    'a header that splits the answer',
    '{"object_key":"x","operation":"upload","extra_headers":{"X-A":"b\\r\\nSet-Cookie: c"}}',
    400,
    /cannot be sent/
  ],
  ['GET', '/system/buckets/real?page=%00', 'a page that is none', undefined, 500, /continuation token/],
  [
    'GET',
    '/system/logs/real-service?page=../../x',
    'a page of jobs that is none',
    undefined,
    500,
    /^invalid continue token/
  ],
  ['GET', '/system/logs/real-service/..%2f..%2fmanager.db', 'a job that climbs', undefined, 404, /^/],
  ['DELETE', '/system/logs/real-service/nothing', 'a job that is none', undefined, 404, ''],
  [
    'POST',
    '/system/volumes',
    'a volume that climbs',
    '{"name":"../x","size":"1Gi"}',
    400,
    'volume.name must satisfy Kubernetes DNS-1123 naming rules'
  ],
  ['DELETE', '/system/volumes/..%2f..%2fs3', 'a volume that climbs, to delete', undefined, 404, '404 page not found'],
  ['PUT', '/system/config', 'images as a map', '{"allowed_image_repositories":{}}', 400, /cannot unmarshal object/],
  ['POST', '/system/federation/real-service', 'members as a text', '{"members":"x"}', 400, /types\.ReplicaList/],
  [
    'GET',
    '/system/metrics?start=yesterday',
    'a time that is none',
    undefined,
    400,
    '{"error":"invalid start timestamp"}'
  ],
  ['POST', '/system/data/clear', 'parts that are none', '{"parts":["../.."]}', 400, /parts must be a list/],
  ['TRACE', '/system/info', 'a method that is none', undefined, 404, '404 page not found']
];

describe('bad input', () => {
  const data = temporaryFolder();
  let cluster: ILocalCluster;
  let client: TestClient;
  let before: string;

  const send = (method: string, path: string, body?: string): Promise<IAnswer> =>
    call(
      cluster.endpoint,
      method,
      path,
      { Authorization: client.basic },
      body === undefined ? undefined : Buffer.from(body)
    );
  const state = async (): Promise<string> =>
    JSON.stringify([
      (await client.call('GET', '/system/services')).text,
      (await client.call('GET', '/system/buckets')).text,
      (await client.call('GET', '/system/volumes')).text,
      (await client.call('GET', '/system/config')).text,
      readdirSync(data).sort(),
      readdirSync(join(data, '..')).filter(name => name === 'x' || name === 'etc')
    ]);

  beforeAll(async () => {
    ({ cluster, client } = await start(testOptions(data)));
    await client.call('POST', '/system/buckets', { bucket_name: 'real' });
    await client.call('POST', '/system/services', { ...SERVICE, name: 'real-service' });
    before = await state();
  });
  afterAll(() => cluster?.close());
  afterEach(async () => expect(await state()).toBe(before));

  it.each(SERVICES)('a service that is %s', async (_what, body, status, text) => {
    for (const method of ['POST', 'PUT']) {
      const answer = await send(method, '/system/services', body);
      // What only Kubernetes would refuse is asked after the service was looked for.
      if (method === 'PUT' && status === 500) {
        expect(answer.status).toBe(404);
        continue;
      }
      expect(answer.status).toBe(status);
      expect(answer.body).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
    }
  });

  it.each(OTHERS)('%s %s: %s', async (method, path, _what, body, status, text) => {
    const answer = await send(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('a body of any kind is a job, and none of them hurts', async () => {
    const token = { Authorization: `Bearer ${await client.token('real-service')}` };
    for (const body of [
      '',
      'null',
      '[]',
      '{"Records":{}}',
      '{"Records":[null]}',
      deep(3000),
      '\0\u00ff',
      '{"__proto__":{"a":1}}'
    ]) {
      expect(
        (await call(cluster.endpoint, 'POST', '/job/real-service', token, Buffer.from(body, 'latin1'))).status
      ).toBe(201);
    }
    for (const id of ['../../x', 'A b', 'x'.repeat(300), '-']) {
      expect(
        (
          await call(
            cluster.endpoint,
            'POST',
            '/job/real-service',
            { ...token, 'X-Delegated-Job-ID': id },
            Buffer.from('{}')
          )
        ).status
      ).toBe(500);
    }
    expect(existsSync(join(data, '..', 'x'))).toBe(false);
  });
});
