import { createReadStream, createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { SupervisorError } from './errors';
import type { IStorage } from './storage';

/** Another MinIO, or Amazon S3. */
export function remoteStorage(config: S3ClientConfig): IStorage {
  const client = new S3Client(config);
  return {
    own: false,
    download: (bucket, key, file) =>
      wrap('_parse_input', async () => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        await pipeline(Body as Readable, createWriteStream(file, { mode: 0o600 }));
      }),
    upload: (file, bucket, key) =>
      wrap('_parse_output', async () => {
        const body = createReadStream(file);
        await new Upload({ client, params: { Bucket: bucket, Key: key, Body: body } }).done();
        return { size: body.bytesRead };
      })
  };
}

async function wrap<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { name, message } = error as Error;
    throw new SupervisorError(`An error occurred (${name}): ${message}`, [
      `There was an exception in ${step}`,
      message
    ]);
  }
}
