import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN, REGION, startEndpoint, type IEndpoint } from './endpoint';

interface IRecorded {
  id: string;
  response: { status: number; body: string };
}

const recorded = new Map(
  (JSON.parse(readFileSync(join(__dirname, '../fixtures/oscar-golden/r2-presign.json'), 'utf8')) as IRecorded[]).map(
    entry => [entry.id, entry.response]
  )
);

let endpoint: IEndpoint;
let s3: S3Client;

beforeAll(async () => {
  endpoint = await startEndpoint();
  s3 = new S3Client({
    endpoint: endpoint.url,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: ADMIN.accessKey, secretAccessKey: ADMIN.secretKey }
  });
  await endpoint.store.createBucket('data1');
  await endpoint.store.put('data1', 'f003.txt', Buffer.from('xxx'));
});

afterAll(async () => {
  s3.destroy();
  await endpoint.close();
});

const upload = (Key: string): Promise<string> => getSignedUrl(s3, new PutObjectCommand({ Bucket: 'data1', Key }));
const download = (Key: string, options: object = {}): Promise<string> =>
  getSignedUrl(s3, new GetObjectCommand({ Bucket: 'data1', Key }), options);
const anHourAgo = (): Date => new Date(Date.now() - 3_600_000);

/** In the order of the recording: what was uploaded is downloaded. */
const steps: [string, () => Promise<Response>][] = [
  ['use-upload', async () => fetch(await upload('up ñ.txt'), { method: 'PUT', body: 'hello' })],
  ['use-upload-as-get', async () => fetch(await upload('up ñ.txt'))],
  ['use-download', async () => fetch(await download('up ñ.txt'))],
  ['use-download-head', async () => fetch(await download('up ñ.txt'), { method: 'HEAD' })],
  ['use-download-range', async () => fetch(await download('up ñ.txt'), { headers: { range: 'bytes=0-1' } })],
  ['use-download-missing', async () => fetch(await download('missing.txt'))],
  ['use-expired', async () => fetch(await download('f003.txt', { expiresIn: 1, signingDate: anHourAgo() }))],
  ['use-tampered-key', async () => fetch((await download('f003.txt')).replace('f003', 'f004'))],
  [
    'use-tampered-signature',
    async () => fetch((await download('f003.txt')).replace(/Signature=.{4}/, 'Signature=0000'))
  ],
  ['use-no-signature', async () => fetch(`${endpoint.url}/data1/f003.txt`)],
  ['use-with-origin', async () => fetch(await download('f003.txt'), { headers: { origin: 'http://example.org' } })],
  [
    'use-after-bucket-delete',
    async () => {
      const link = await download('f003.txt');
      await endpoint.store.deleteBucket('data1', { force: true });
      return fetch(link);
    }
  ]
];

describe('links answer as the recorded MinIO does', () => {
  it.each(steps)('%s', async (id, step) => {
    const answer = await step();
    const body = (await answer.text())
      .replace(/<RequestId>[0-9A-F]{16}</, '<RequestId><request-id><')
      .replace(/<HostId>[0-9a-f]{64}</, '<HostId><hex64><');
    expect({ status: answer.status, body }).toEqual({
      status: recorded.get(id)?.status,
      body: recorded.get(id)?.body
    });
  });
});
