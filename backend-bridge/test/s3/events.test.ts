import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IObjectEvent } from '../../src/local-cluster/interfaces';
import { ADMIN, call, REGION, startEndpoint, until, type IEndpoint } from './endpoint';

interface IRecorded {
  id: string;
  webhooks?: { body: string }[];
  event_body?: string;
}

function recorded(file: string): Map<string, string[]> {
  const entries = JSON.parse(readFileSync(join(__dirname, '../fixtures/oscar-golden', file), 'utf8')) as IRecorded[];
  return new Map(
    entries
      .filter(entry => entry.webhooks !== undefined || entry.event_body !== undefined)
      .map(entry => [entry.id, entry.webhooks?.map(hook => hook.body) ?? [entry.event_body!]])
  );
}

/** The recordings' placeholders in place of what differs from one run to the next. */
function masked(body: string, port: number): string {
  return body
    .replace(/"eventTime":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/, '"eventTime":"<rfc3339>"')
    .replace(/"x-amz-id-2":"[0-9a-f-]+"/, '"x-amz-id-2":"<x-amz-id-2>"')
    .replace(/"x-amz-request-id":"[0-9A-F]{16}"/, '"x-amz-request-id":"<x-amz-request-id>"')
    .replace(/"x-minio-deployment-id":"[0-9a-f-]{36}"/, '"x-minio-deployment-id":"<x-minio-deployment-id>"')
    .replace(`http://127.0.0.1:${port}`, 'http://127.0.0.1:9000')
    .replace(/"eTag":"[0-9a-f]{32}(-\d+)?"/, '"eTag":"<eTag>"')
    .replace(/"sequencer":"[0-9A-F]{16}"/, '"sequencer":"<sequencer>"')
    .replace(/"userAgent":"[^"]*"/, '"userAgent":"<userAgent>"');
}

let endpoint: IEndpoint;
let s3: S3Client;
const events: IObjectEvent[] = [];

beforeAll(async () => {
  endpoint = await startEndpoint();
  endpoint.store.onEvent(event => void events.push(event));
  await endpoint.store.createBucket('jobsvc');
  endpoint.store.setNotifications('jobsvc', [
    { id: '', arn: 'arn:minio:sqs::jobsvc:webhook', events: ['s3:ObjectCreated:*'], prefix: 'in/', suffix: '' }
  ]);
  s3 = new S3Client({
    endpoint: endpoint.url,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: ADMIN.accessKey, secretAccessKey: ADMIN.secretKey }
  });
});

afterAll(async () => {
  s3.destroy();
  await endpoint.close();
});

async function put(Key: string, Body: string, more: object = {}): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: 'jobsvc', Key, Body, ...more }));
}

async function multipart(Key: string, sizes: number[], more: object = {}): Promise<void> {
  const target = { Bucket: 'jobsvc', Key };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...target, ...more }));
  const Parts = [];
  for (const [index, size] of sizes.entries()) {
    const part = { ...target, UploadId, PartNumber: index + 1, Body: Buffer.alloc(size) };
    Parts.push({ PartNumber: index + 1, ETag: (await s3.send(new UploadPartCommand(part))).ETag });
  }
  await s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
}

const METADATA = {
  ContentType: 'application/x-thing',
  CacheControl: 'no-store',
  ContentEncoding: 'gzip',
  Metadata: { a: 'b', 'camel-case': 'v w' }
};

async function post(): Promise<void> {
  const mark = 'form';
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::jobsvc/*' }]
  };
  endpoint.store.setPolicy('jobsvc', JSON.stringify(policy));
  const field = (name: string, value: string): string =>
    `--${mark}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const answer = await call(endpoint, 'POST', '/jobsvc', {
    headers: { 'content-type': `multipart/form-data; boundary=${mark}` },
    body: `${field('key', 'in/posted.txt')}${field('Content-Type', 'text/plain')}--${mark}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nposted\r\n--${mark}--\r\n`
  });
  endpoint.store.setPolicy('jobsvc', '');
  expect(answer.status).toBe(204);
}

const second: [string, () => Promise<void>][] = [
  ['put', () => put('in/a.txt', 'hello', { ContentType: 'text/plain' })],
  ['put-special', () => put('in/canción nº 1 +&%=?#(ñ).txt', 'hello', { ContentType: 'binary/octet-stream' })],
  ['put-quotes', () => put('in/a"b\'c<d>,e;f.txt', 'hello', { ContentType: 'binary/octet-stream' })],
  ['put-subfolder', () => put('in/sub/dir/a.txt', 'hello', { ContentType: 'binary/octet-stream' })],
  ['put-metadata', () => put('in/m.txt', 'x', METADATA)],
  ['put-no-type', async () => void (await call(endpoint, 'PUT', '/jobsvc/in/noext', { as: ADMIN, body: 'x' }))],
  ['put-empty', () => put('in/zero.bin', '', { ContentType: 'binary/octet-stream' })],
  ['put-folder-marker', () => put('in/folder/', '', { ContentType: 'binary/octet-stream' })],
  ['put-outside-prefix', () => put('other/a.txt', 'x', { ContentType: 'binary/octet-stream' })],
  ['put-output', () => put('out/a.txt', 'x')],
  ['overwrite', () => put('in/a.txt', 'hello again', { ContentType: 'text/plain' })],
  [
    'copy',
    async () =>
      void (await s3.send(
        new CopyObjectCommand({ Bucket: 'jobsvc', Key: 'in/copied.txt', CopySource: 'jobsvc/other/a.txt' })
      ))
  ],
  ['multipart', () => multipart('in/big ñ.bin', [5 * 1024 * 1024, 1000], { ContentType: 'application/octet-stream' })],
  ['post-form', post],
  [
    'presigned-put',
    async () => {
      const command = new PutObjectCommand({ Bucket: 'jobsvc', Key: 'in/presigned ñ.txt' });
      await fetch(await getSignedUrl(s3, command), {
        method: 'PUT',
        body: 'by link.',
        headers: { 'content-type': 'text/plain' }
      });
    }
  ],
  ['delete', async () => void (await endpoint.store.remove('jobsvc', 'in/a.txt'))],
  [
    'tagging',
    async () =>
      void (await s3.send(
        new PutObjectTaggingCommand({
          Bucket: 'jobsvc',
          Key: 'in/m.txt',
          Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] }
        })
      ))
  ]
];

const first: [string, () => Promise<void>][] = [
  ['put', () => put('in/a.txt', 'hello', { ContentType: 'text/plain' })],
  ['put-special', () => put('in/sub dir/a b+c%d ñ&é=1.txt', 'hello', { ContentType: 'binary/octet-stream' })],
  ['put-metadata', () => put('in/m.bin', 'hello', { ContentType: 'binary/octet-stream', Metadata: { who: 'me' } })],
  ['put-folder-marker', () => put('in/folder/', '', { ContentType: 'binary/octet-stream' })],
  [
    'copy',
    async () =>
      void (await s3.send(
        new CopyObjectCommand({ Bucket: 'jobsvc', Key: 'in/copy.txt', CopySource: 'jobsvc/in/a.txt' })
      ))
  ],
  ['multipart', () => multipart('in/big.bin', [5 * 1024 * 1024], { ContentType: 'binary/octet-stream' })],
  ['overwrite', () => put('in/a.txt', 'again', { ContentType: 'binary/octet-stream' })]
];

/** The port is written out in Location, so its digits are in the length of the answer. */
function lengthOfPort(body: string): string {
  const more = String(endpoint.port).length - 4;
  return body.replace(
    /("s3:ObjectCreated:CompleteMultipartUpload".*"content-length":")(\d+)"/,
    (_, head: string, length: string) => `${head}${Number(length) - more}"`
  );
}

describe.each([
  ['events.json', first],
  ['r2-events.json', second]
])('event bodies as MinIO sent them: %s', (file, steps) => {
  const expected = recorded(file);

  it.each(steps)('%s', async (id, step) => {
    events.length = 0;
    const bodies = expected.get(id);
    expect(bodies).toBeDefined();
    await step();
    await until(() => events.length >= bodies!.length, `${bodies!.length} events`);
    await new Promise(resolve => setImmediate(resolve));
    const seen = events.map(event => lengthOfPort(masked(event.body, endpoint.port)));
    expect(seen).toEqual(bodies);
    expect(events.every(event => event.targets.join() === 'jobsvc')).toBe(true);
  });
});
