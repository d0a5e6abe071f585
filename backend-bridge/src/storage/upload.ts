import { Transform, type Readable } from 'node:stream';
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import type { BridgeError } from '../http/errors';
import type { IConnection } from './connect';
import { loadUpload } from './sdk';

/** Bodies of this size and above, and those of unknown size, go up in parts. */
const PARTS_FROM = 64 * 1024 * 1024;
/** The smallest that S3 allows: two of them are in memory at a time, and the bridge must stay small while a gigabyte goes through. */
const PART_SIZE = 5 * 1024 * 1024;
/** S3 takes 10,000 parts; a few are left for what was announced too small. */
const MOST_PARTS = 9_900;
export interface IUpload {
  bucket: string;
  key: string;
  body: Readable | Buffer;
  /** Bytes of a stream, where they are known. */
  size?: number;
  contentType?: string;
  ifAbsent?: boolean;
  signal?: AbortSignal;
  onProgress?: (bytes: number) => void;
}

/** Where it goes, and what is said when that fails. */
export interface IUploadStore {
  call<T>(work: (connection: IConnection) => Promise<T>): Promise<T>;
  failed(error: Error): BridgeError;
}

/** Writes an object at once or in parts; a stream that breaks is told as the reason. */
export async function upload(store: IUploadStore, options: IUpload): Promise<{ etag: string }> {
  const { bucket, key, body, ifAbsent, contentType, onProgress } = options;
  const size = Buffer.isBuffer(body) ? body.length : options.size;
  const parameters: PutObjectCommandInput = {
    Bucket: bucket,
    Key: key,
    Body: body,
    ContentType: contentType,
    IfNoneMatch: ifAbsent ? '*' : undefined
  };
  // The SDK does not look at the stream that it sends: one that breaks would hang, one that is left would stay open.
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  let broken: Error | undefined;
  const source = Buffer.isBuffer(body) ? undefined : body;
  const onError = (error: Error): void => {
    broken = error;
    stop.abort();
  };
  source?.once('error', onError);
  if (source?.errored) {
    onError(source.errored);
  }
  try {
    return await store.call(async ({ client, sdk }) => {
      signal.throwIfAborted();
      if (size === undefined || size >= PARTS_FROM) {
        return putInParts(client, parameters, size, signal, onProgress);
      }
      const sent = source && onProgress ? counted(source, onProgress) : body;
      const answer = await client.send(new sdk.PutObjectCommand({ ...parameters, Body: sent, ContentLength: size }), {
        abortSignal: signal
      });
      onProgress?.(size);
      return { etag: unquoted(answer.ETag) };
    });
  } catch (error) {
    source?.destroy();
    if (broken !== undefined) {
      throw store.failed(broken);
    }
    throw error;
  }
}

async function putInParts(
  client: S3Client,
  parameters: PutObjectCommandInput,
  size: number | undefined,
  signal: AbortSignal,
  onProgress: ((bytes: number) => void) | undefined
): Promise<{ etag: string }> {
  const { Upload } = loadUpload();
  const upload = new Upload({
    client,
    params: parameters,
    partSize: Math.max(PART_SIZE, Math.ceil((size ?? 0) / MOST_PARTS)),
    queueSize: 2,
    leavePartsOnError: false
  });
  upload.on('httpUploadProgress', progress => onProgress?.(progress.loaded ?? 0));
  const abort = (): void => void upload.abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const answer = await upload.done();
    return { etag: unquoted(answer.ETag) };
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** As HTTP has it, without the quotes. */
export function unquoted(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

/** The same bytes, counted as they pass. */
function counted(body: Readable, onProgress: (bytes: number) => void): Readable {
  let total = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      onProgress(total);
      done(null, chunk);
    }
  });
  body.once('error', error => counter.destroy(error));
  return body.pipe(counter);
}
