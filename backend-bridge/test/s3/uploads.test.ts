import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
  type ChecksumAlgorithm,
  type ChecksumType,
  type CompletedPart
} from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { combineChecksums, runningChecksum, type ChecksumName } from '../../src/local-cluster/s3/checksums';
import type { IObjectEvent } from '../../src/local-cluster/interfaces';
import { ADMIN, REGION, startEndpoint, type IEndpoint } from './endpoint';

const MB = 1024 * 1024;
let endpoint: IEndpoint;
let s3: S3Client;

beforeAll(async () => {
  endpoint = await startEndpoint();
  await endpoint.store.createBucket('data');
  s3 = new S3Client({
    endpoint: endpoint.url,
    region: REGION,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    credentials: { accessKeyId: ADMIN.accessKey, secretAccessKey: ADMIN.secretKey }
  });
});

afterAll(async () => {
  s3.destroy();
  await endpoint.close();
});

function sumOf(name: ChecksumName, ...chunks: Buffer[]): string {
  const sum = runningChecksum(name);
  chunks.forEach(chunk => sum.update(chunk));
  return sum.digest();
}

const bodies = [randomBytes(5 * MB), randomBytes(5 * MB), randomBytes(1234)];

/** An upload of the three bodies, before its completion. */
async function begin(Key: string, ChecksumAlgorithm?: ChecksumAlgorithm, ChecksumType?: ChecksumType) {
  const created = await s3.send(
    new CreateMultipartUploadCommand({ Bucket: 'data', Key, ChecksumAlgorithm, ChecksumType })
  );
  const UploadId = created.UploadId!;
  const Parts: CompletedPart[] = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const part = await s3.send(
      new UploadPartCommand({ Bucket: 'data', Key, UploadId, PartNumber, Body, ChecksumAlgorithm })
    );
    Parts.push({ ...part, PartNumber });
  }
  return { type: created.ChecksumType, request: { Bucket: 'data', Key, UploadId, MultipartUpload: { Parts } } };
}

describe('checksums of uploads in parts', () => {
  it.each<ChecksumName>(['crc32', 'crc32c', 'crc64nvme'])('%s: of the whole from those of any pieces', name => {
    const bytes = randomBytes(4096);
    for (const cuts of [[], [1], [0, 0, 7], [1000, 1001, 4095], [4096]]) {
      const edges = [0, ...cuts, bytes.length];
      const pieces = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      const parts = pieces.map(piece => ({ size: piece.length, value: sumOf(name, piece) }));
      expect(combineChecksums(name, parts)).toBe(sumOf(name, bytes));
    }
  });

  it.each<[ChecksumAlgorithm, ChecksumName]>([
    ['CRC32', 'crc32'],
    ['CRC32C', 'crc32c'],
    ['CRC64NVME', 'crc64nvme']
  ])('%s of the full object is had from the parts, and held against the one that is sent', async (algorithm, name) => {
    const { type, request } = await begin(`full-${name}`, algorithm, 'FULL_OBJECT');
    expect(type).toBe('FULL_OBJECT');
    const field = `Checksum${algorithm}` as const;
    const whole = sumOf(name, ...bodies);
    const other = sumOf(name, bodies[0]);
    await expect(s3.send(new CompleteMultipartUploadCommand({ ...request, [field]: other }))).rejects.toMatchObject({
      name: 'XAmzContentChecksumMismatch'
    });
    const done = await s3.send(new CompleteMultipartUploadCommand({ ...request, [field]: whole }));
    expect([done[field], done.ChecksumType]).toEqual([whole, 'FULL_OBJECT']);
    const where = { Bucket: 'data', Key: request.Key, ChecksumMode: 'ENABLED' } as const;
    const head = await s3.send(new HeadObjectCommand(where));
    expect([head[field], head.ChecksumType]).toEqual([whole, 'FULL_OBJECT']);
    // A client holds the checksum against what it gets: of a part that must be the part's.
    const part = await s3.send(new GetObjectCommand({ ...where, PartNumber: 2 }));
    expect([part[field], part.PartsCount]).toEqual([sumOf(name, bodies[1]), 3]);
    expect(Buffer.from(await part.Body!.transformToByteArray()).equals(bodies[1])).toBe(true);
  });

  it('CRC64NVME is always of the full object, SHA-256 never', async () => {
    const { type, request } = await begin('nvme', 'CRC64NVME');
    expect(type).toBe('FULL_OBJECT');
    const done = await s3.send(new CompleteMultipartUploadCommand(request));
    expect(done.ChecksumCRC64NVME).toBe(sumOf('crc64nvme', ...bodies));
    await expect(begin('sha', 'SHA256', 'FULL_OBJECT')).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(begin('nvme2', 'CRC64NVME', 'COMPOSITE')).rejects.toMatchObject({ name: 'InvalidRequest' });
  });

  it('of the parts are told with the object', async () => {
    const { type, request } = await begin('sha', 'SHA256');
    expect(type).toBe('COMPOSITE');
    const sums = bodies.map(body => sumOf('sha256', body));
    const whole = `${sumOf('sha256', ...sums.map(sum => Buffer.from(sum, 'base64')))}-3`;
    const done = await s3.send(new CompleteMultipartUploadCommand({ ...request, ChecksumSHA256: whole }));
    expect([done.ChecksumSHA256, done.ChecksumType]).toEqual([whole, 'COMPOSITE']);
    const ask = { Bucket: 'data', Key: 'sha', ObjectAttributes: ['Checksum', 'ObjectParts'] } as const;
    const seen = await s3.send(
      new GetObjectAttributesCommand({
        ...ask,
        ObjectAttributes: [...ask.ObjectAttributes],
        MaxParts: 1,
        PartNumberMarker: '1'
      })
    );
    expect(seen.Checksum).toMatchObject({ ChecksumSHA256: whole, ChecksumType: 'COMPOSITE' });
    expect(seen.ObjectParts).toMatchObject({
      TotalPartsCount: 3,
      IsTruncated: true,
      MaxParts: 1,
      PartNumberMarker: '1',
      NextPartNumberMarker: '2',
      Parts: [{ PartNumber: 2, Size: 5 * MB, ChecksumSHA256: sums[1] }]
    });
  });
});

describe('an upload that is completed twice', () => {
  it('answers the same again and is announced once, unless the object is another one by now', async () => {
    const heard: IObjectEvent[] = [];
    await endpoint.store.setNotifications('data', [
      { id: 'n', arn: 'arn:minio:sqs::x:webhook', events: ['s3:ObjectCreated:*'], prefix: 'twice', suffix: '' }
    ]);
    const listening = endpoint.store.onEvent(event => void heard.push(event));
    const { request } = await begin('twice', 'CRC32');
    const first = await s3.send(new CompleteMultipartUploadCommand(request));
    const second = await s3.send(new CompleteMultipartUploadCommand(request));
    expect([second.ETag, second.ChecksumCRC32]).toEqual([first.ETag, first.ChecksumCRC32]);
    await endpoint.store.put('data', 'twice', Buffer.from('another'));
    await expect(s3.send(new CompleteMultipartUploadCommand(request))).rejects.toMatchObject({ name: 'NoSuchUpload' });
    while (heard.length < 2) {
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(heard).toHaveLength(2);
    listening.dispose();
  });
});

describe('a copied part', () => {
  it('is never shorter than was asked for', async () => {
    await endpoint.store.put('data', 'five', Buffer.from('12345'));
    const where = { Bucket: 'data', Key: 'to' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(where));
    const copy = (CopySourceRange: string) =>
      s3.send(
        new UploadPartCopyCommand({ ...where, UploadId, PartNumber: 1, CopySource: 'data/five', CopySourceRange })
      );
    await expect(copy('bytes=0-21')).rejects.toMatchObject({ name: 'InvalidRange' });
    await expect(copy('bytes=9-9')).rejects.toMatchObject({ name: 'InvalidRange' });
    expect((await copy('bytes=1-4')).CopyPartResult?.ETag).toBe('"81b073de9370ea873f548e31b8adc081"');
  });
});
