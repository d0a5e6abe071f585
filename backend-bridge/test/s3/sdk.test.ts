import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Readable } from 'node:stream';
import { ADMIN, REGION, startEndpoint, type IEndpoint } from './endpoint';

const MB = 1024 * 1024;
let endpoint: IEndpoint;
let s3: S3Client;

beforeAll(async () => {
  endpoint = await startEndpoint();
  s3 = new S3Client({
    endpoint: endpoint.url,
    region: REGION,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: ADMIN.accessKey, secretAccessKey: ADMIN.secretKey }
  });
  await s3.send(new CreateBucketCommand({ Bucket: 'data' }));
});

afterAll(async () => {
  s3.destroy();
  await endpoint.close();
});

describe('the JavaScript SDK', () => {
  it('walks through the life of a bucket', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'life' }));
    await s3.send(new HeadBucketCommand({ Bucket: 'life' }));
    expect((await s3.send(new GetBucketLocationCommand({ Bucket: 'life' }))).LocationConstraint).toBeUndefined();
    const tags = [
      { Key: 'owner', Value: '' },
      { Key: 'from_service', Value: 'a b&<c>' }
    ];
    await s3.send(new PutBucketTaggingCommand({ Bucket: 'life', Tagging: { TagSet: tags } }));
    expect((await s3.send(new GetBucketTaggingCommand({ Bucket: 'life' }))).TagSet).toEqual(tags);
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map(bucket => bucket.Name)).toContain('life');
    await s3.send(new PutObjectCommand({ Bucket: 'life', Key: 'x', Body: 'x' }));
    await expect(s3.send(new DeleteBucketCommand({ Bucket: 'life' }))).rejects.toMatchObject({
      name: 'BucketNotEmpty'
    });
    const deleted = await s3.send(
      new DeleteObjectsCommand({ Bucket: 'life', Delete: { Objects: [{ Key: 'x' }, { Key: 'never was' }] } })
    );
    expect(deleted.Deleted?.map(one => one.Key)).toEqual(['x', 'never was']);
    await s3.send(new DeleteBucketCommand({ Bucket: 'life' }));
    await expect(s3.send(new HeadBucketCommand({ Bucket: 'life' }))).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('puts and gets with metadata, type, tags and checksums of every kind', async () => {
    for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
      const Key = `sums/ñ ${ChecksumAlgorithm}`;
      await s3.send(
        new PutObjectCommand({
          Bucket: 'data',
          Key,
          Body: 'hello',
          ChecksumAlgorithm,
          ContentType: 'text/plain; charset=utf-8',
          CacheControl: 'no-store',
          Metadata: { who: 'me', 'two-words': 'a, b  c' },
          Tagging: 'a=b&c=d%20e'
        })
      );
      const got = await s3.send(new GetObjectCommand({ Bucket: 'data', Key, ChecksumMode: 'ENABLED' }));
      expect(await got.Body?.transformToString()).toBe('hello');
      expect(got.ContentType).toBe('text/plain; charset=utf-8');
      expect(got.CacheControl).toBe('no-store');
      expect(got.ContentEncoding).toBeUndefined();
      expect(got.Metadata).toEqual({ who: 'me', 'two-words': 'a, b  c' });
      expect(got.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
      expect(got[`Checksum${ChecksumAlgorithm}`]).toBeTruthy();
      const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: 'data', Key }));
      expect(TagSet).toEqual([
        { Key: 'a', Value: 'b' },
        { Key: 'c', Value: 'd e' }
      ]);
    }
  });

  it('streams a body of unknown length with trailers', async () => {
    const body = Buffer.alloc(3 * MB, 'abcdefg');
    await s3.send(
      new PutObjectCommand({
        Bucket: 'data',
        Key: 'stream',
        Body: Readable.from([body.subarray(0, MB), body.subarray(MB)]),
        ContentLength: body.length
      })
    );
    const got = await s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'stream' }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
  });

  it('uploads in parts with lib-storage, one part size and a rest', async () => {
    const body = Buffer.alloc(12 * MB + 123);
    for (let at = 0; at < body.length; at += 4) {
      body.writeUInt32LE(at, Math.min(at, body.length - 4));
    }
    const upload = new Upload({
      client: s3,
      params: { Bucket: 'data', Key: 'big', Body: body },
      partSize: 5 * MB,
      queueSize: 3
    });
    const done = await upload.done();
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    const got = await s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'big' }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
    const part = await s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'big', PartNumber: 3 }));
    expect(part.ContentLength).toBe(2 * MB + 123);
    expect(part.PartsCount).toBe(3);
    const copy = await s3.send(new CopyObjectCommand({ Bucket: 'data', Key: 'big copy', CopySource: 'data/big' }));
    expect(copy.CopyObjectResult?.ETag).toMatch(/^"[0-9a-f]{32}"$/);
  });

  it('takes parts in any order, twice, of several sizes, resumed and copied', async () => {
    const target = { Bucket: 'data', Key: 'parts ñ' };
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ ...target, ContentType: 'image/png', Metadata: { a: 'b' } })
    );
    const put = async (PartNumber: number, size: number, fill: string): Promise<string> =>
      (await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body: Buffer.alloc(size, fill) }))).ETag!;
    const third = await put(3, 1000, 'c');
    await put(2, 6 * MB, 'x');
    const second = await put(2, 5 * MB, 'b');
    const first = await put(1, 6 * MB, 'a');
    const { Parts } = await s3.send(new ListPartsCommand({ ...target, UploadId }));
    expect(Parts?.map(part => [part.PartNumber, part.Size])).toEqual([
      [1, 6 * MB],
      [2, 5 * MB],
      [3, 1000]
    ]);
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'data', Prefix: 'parts' }));
    expect(Uploads?.map(one => one.Key)).toEqual([target.Key]);
    const complete = (Parts: { PartNumber: number; ETag: string }[]) =>
      s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
    const parts = [
      { PartNumber: 1, ETag: first },
      { PartNumber: 2, ETag: second },
      { PartNumber: 3, ETag: third }
    ];
    await expect(complete([parts[1], parts[0]])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(complete([{ PartNumber: 1, ETag: second }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete([parts[2], { PartNumber: 4, ETag: second }])).rejects.toMatchObject({
      name: 'EntityTooSmall'
    });
    await complete(parts);
    const got = await s3.send(new GetObjectCommand(target));
    const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
    const expected = Buffer.concat([Buffer.alloc(6 * MB, 'a'), Buffer.alloc(5 * MB, 'b'), Buffer.alloc(1000, 'c')]);
    expect(bytes.equals(expected)).toBe(true);
    expect(got.ContentType).toBe('image/png');
    expect(got.Metadata).toEqual({ a: 'b' });

    const again = { Bucket: 'data', Key: 'of copies' };
    const next = await s3.send(new CreateMultipartUploadCommand(again));
    const source = `data/${encodeURIComponent(target.Key)}`;
    const copied = await Promise.all(
      [`bytes=0-${5 * MB - 1}`, `bytes=${6 * MB}-${6 * MB + 9}`].map((CopySourceRange, index) =>
        s3.send(
          new UploadPartCopyCommand({
            ...again,
            UploadId: next.UploadId,
            PartNumber: index + 1,
            CopySource: source,
            CopySourceRange
          })
        )
      )
    );
    await s3.send(
      new CompleteMultipartUploadCommand({
        ...again,
        UploadId: next.UploadId,
        MultipartUpload: {
          Parts: copied.map((part, index) => ({ PartNumber: index + 1, ETag: part.CopyPartResult?.ETag }))
        }
      })
    );
    const head = await s3.send(new HeadObjectCommand(again));
    expect(head.ContentLength).toBe(5 * MB + 10);
    const tail = await s3.send(new GetObjectCommand({ ...again, Range: 'bytes=-10' }));
    expect(await tail.Body?.transformToString()).toBe('bbbbbbbbbb');
  });

  it('aborts an upload and leaves nothing', async () => {
    const target = { Bucket: 'data', Key: 'aborted' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: Buffer.alloc(5 * MB) }));
    await s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    await expect(
      s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 2, Body: 'x' }))
    ).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect(
      (await s3.send(new ListMultipartUploadsCommand({ Bucket: 'data', Prefix: 'aborted' }))).Uploads
    ).toBeUndefined();
  });

  it('writes conditionally', async () => {
    const target = { Bucket: 'data', Key: 'commit' };
    const first = await s3.send(new PutObjectCommand({ ...target, Body: '1', IfNoneMatch: '*' }));
    await expect(s3.send(new PutObjectCommand({ ...target, Body: '2', IfNoneMatch: '*' }))).rejects.toMatchObject({
      name: 'PreconditionFailed'
    });
    await s3.send(new PutObjectCommand({ ...target, Body: '3', IfMatch: first.ETag }));
    await expect(s3.send(new PutObjectCommand({ ...target, Body: '4', IfMatch: first.ETag }))).rejects.toMatchObject({
      name: 'PreconditionFailed'
    });
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const { ETag } = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'part' }));
    const complete = { ...target, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
    await expect(s3.send(new CompleteMultipartUploadCommand({ ...complete, IfNoneMatch: '*' }))).rejects.toMatchObject({
      name: 'PreconditionFailed'
    });
    await s3.send(new CompleteMultipartUploadCommand(complete));
    expect(await (await s3.send(new GetObjectCommand(target))).Body?.transformToString()).toBe('part');
  });

  it('signs links for putting and getting', async () => {
    const Key = 'dir/a b+ñ&<>.txt';
    const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket: 'data', Key }), { expiresIn: 60 });
    expect((await fetch(put, { method: 'PUT', body: 'by link' })).status).toBe(200);
    const get = await getSignedUrl(
      s3,
      new GetObjectCommand({ Bucket: 'data', Key, ResponseContentType: 'text/html' }),
      { expiresIn: 60 }
    );
    const got = await fetch(get);
    expect(got.headers.get('content-type')).toBe('text/html');
    expect(got.headers.get('content-security-policy')).toContain('sandbox');
    expect(await got.text()).toBe('by link');
    expect((await fetch(put)).status).toBe(403);
    expect((await fetch(get.replace('ResponseContentType', 'x').replace('a%20b', 'a%20c'))).status).toBe(403);
  });

  it('keeps notifications', async () => {
    const QueueConfigurations = [
      {
        Id: '',
        QueueArn: 'arn:minio:sqs::svc:webhook',
        Events: ['s3:ObjectCreated:*' as const],
        Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value: 'in/' }] } }
      }
    ];
    await s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: 'data',
        NotificationConfiguration: { QueueConfigurations }
      })
    );
    const got = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: 'data' }));
    expect(got.QueueConfigurations).toEqual(QueueConfigurations);
    await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: 'data', NotificationConfiguration: {} }));
    await s3.send(new PutObjectTaggingCommand({ Bucket: 'data', Key: 'big', Tagging: { TagSet: [] } }));
  });

  it('lists with delimiter, pages and encoding', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'listing' }));
    const keys = ['a/1', 'a/2', 'a b', 'b/x/1', 'b/y', 'c+d', 'ñ/ü'];
    for (const Key of keys) {
      await s3.send(new PutObjectCommand({ Bucket: 'listing', Key, Body: 'x' }));
    }
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket: 'listing', Delimiter: '/', MaxKeys: 1, ContinuationToken })
      );
      expect(page.KeyCount).toBe(1);
      seen.push(...(page.Contents ?? []).map(one => one.Key!), ...(page.CommonPrefixes ?? []).map(one => one.Prefix!));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen).toEqual(['a b', 'a/', 'b/', 'c+d', 'ñ/']);
    const encoded = await s3.send(
      new ListObjectsV2Command({
        Bucket: 'listing',
        EncodingType: 'url',
        Prefix: 'ñ',
        StartAfter: 'ñ',
        FetchOwner: true
      })
    );
    expect(encoded.Contents?.[0]).toMatchObject({ Key: '%C3%B1/%C3%BC', Owner: { DisplayName: 'minio' } });
  });
});
