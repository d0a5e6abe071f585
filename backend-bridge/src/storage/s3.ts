import { Transform, type Readable } from 'node:stream';
import type {
  NotificationConfiguration,
  PutObjectCommandInput,
  QueueConfiguration,
  S3Client
} from '@aws-sdk/client-s3';
import type { IObjectStorage } from '../clusters/interfaces';
import type { ObjectPage } from '../contract';
import type { IMinIOProvider } from '../fdl/service';
import { BridgeError } from '../http/errors';
import { isProblem } from '../http/failures';
import { addSecret } from '../http/redact';
import { isMissing, storageError } from './errors';

type Sdk = typeof import('@aws-sdk/client-s3');

// `require` at the time of use: the bundle keeps both out of the start.
/* eslint-disable @typescript-eslint/no-require-imports */
const loadSdk = (): Sdk => require('@aws-sdk/client-s3') as Sdk;
const loadUpload = (): typeof import('@aws-sdk/lib-storage') =>
  require('@aws-sdk/lib-storage') as typeof import('@aws-sdk/lib-storage');
/* eslint-enable @typescript-eslint/no-require-imports */

/** Where the keys of AWS come from; asked for on each call, because they end. */
export interface IAwsStorage {
  credentials: () => Promise<{
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string;
    expiration?: Date;
  }>;
  region: string;
  /** Of an emulator or another cloud; absent: AWS. */
  endpoint?: string;
}

export interface IStorageOptions {
  /** Keys and address, from /system/config; or those of AWS. */
  provider: IMinIOProvider | IAwsStorage;
  /** How errors name it, for instance `the object store of "edge"`. */
  who: string;
  /** PEM text of the authority of the cluster. */
  ca?: string;
  insecure?: boolean;
  /** The keys are not accepted any more: they may have been changed. */
  onRefused?: () => void;
}

/** Bodies of this size and above, and those of unknown size, go up in parts. */
const PARTS_FROM = 64 * 1024 * 1024;
/** The smallest that S3 allows: two of them are in memory at a time, and the bridge must stay small while a gigabyte goes through. */
const PART_SIZE = 5 * 1024 * 1024;
/** S3 takes 10,000 parts; a few are left for what was announced too small. */
const MOST_PARTS = 9_900;
const SILENT = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined
};
const CREATED = 's3:ObjectCreated:*';

/**
 * S3 of a cluster, path style. The SDK is loaded on first use: it is the largest thing that the bridge loads, and a bridge
 * that only lists services does not need it.
 */
export class ObjectStorage implements IObjectStorage {
  constructor(options: IStorageOptions) {
    this._options = options;
    if (!isAws(options.provider)) {
      addSecret(options.provider.secret_key);
    }
  }

  async list(
    bucket: string,
    options: { prefix?: string; delimiter?: string; page?: string; limit?: number } = {}
  ): Promise<ObjectPage> {
    return this._call(`list the bucket "${bucket}"`, async (client, sdk) => {
      const answer = await client.send(
        new sdk.ListObjectsV2Command({
          Bucket: bucket,
          Prefix: options.prefix || undefined,
          Delimiter: options.delimiter || undefined,
          ContinuationToken: options.page || undefined,
          MaxKeys: options.limit
        })
      );
      return {
        items: (answer.Contents ?? []).map(item => ({
          key: item.Key ?? '',
          size: item.Size ?? 0,
          ...(item.LastModified ? { modified: item.LastModified.toISOString() } : {}),
          ...(item.ETag ? { etag: unquoted(item.ETag) } : {})
        })),
        prefixes: (answer.CommonPrefixes ?? []).map(item => item.Prefix ?? ''),
        ...(answer.IsTruncated && answer.NextContinuationToken ? { next: answer.NextContinuationToken } : {})
      };
    });
  }

  async head(
    bucket: string,
    key: string
  ): Promise<{ size: number; etag: string; modified?: string; contentType?: string } | undefined> {
    try {
      return await this._call(`look at "${bucket}/${key}"`, async (client, sdk) => {
        const answer = await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }));
        return {
          size: answer.ContentLength ?? 0,
          etag: unquoted(answer.ETag),
          ...(answer.LastModified ? { modified: answer.LastModified.toISOString() } : {}),
          ...(answer.ContentType ? { contentType: answer.ContentType } : {})
        };
      });
    } catch (error) {
      if (isMissing(error)) {
        return undefined;
      }
      throw error;
    }
  }

  async get(
    bucket: string,
    key: string,
    options: { range?: string; signal?: AbortSignal } = {}
  ): Promise<{ body: Readable; size: number; contentType: string; contentRange?: string; etag: string }> {
    return this._call(`read "${bucket}/${key}"`, async (client, sdk) => {
      const answer = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key, Range: options.range }), {
        abortSignal: options.signal
      });
      return {
        body: answer.Body as Readable,
        size: answer.ContentLength ?? 0,
        contentType: answer.ContentType ?? 'application/octet-stream',
        ...(answer.ContentRange ? { contentRange: answer.ContentRange } : {}),
        etag: unquoted(answer.ETag)
      };
    });
  }

  async put(
    bucket: string,
    key: string,
    body: Readable | Buffer,
    options: {
      size?: number;
      contentType?: string;
      ifAbsent?: boolean;
      signal?: AbortSignal;
      onProgress?: (bytes: number) => void;
    } = {}
  ): Promise<{ etag: string }> {
    const size = Buffer.isBuffer(body) ? body.length : options.size;
    const parameters: PutObjectCommandInput = {
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: options.contentType,
      IfNoneMatch: options.ifAbsent ? '*' : undefined
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
      return await this._call(`write "${bucket}/${key}"`, async (client, sdk) => {
        signal.throwIfAborted();
        if (size === undefined || size >= PARTS_FROM) {
          return this._putInParts(client, parameters, size, signal, options.onProgress);
        }
        const sent = source && options.onProgress ? counted(source, options.onProgress) : body;
        const answer = await client.send(new sdk.PutObjectCommand({ ...parameters, Body: sent, ContentLength: size }), {
          abortSignal: signal
        });
        options.onProgress?.(size);
        return { etag: unquoted(answer.ETag) };
      });
    } catch (error) {
      source?.destroy();
      if (broken !== undefined) {
        throw storageError(broken, this._options.who, `write "${bucket}/${key}"`);
      }
      throw error;
    }
  }

  private async _putInParts(
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

  /** Copies inside the store, without the bytes passing through here. */
  async copy(from: { bucket: string; key: string }, to: { bucket: string; key: string }): Promise<void> {
    await this._call(`copy "${from.bucket}/${from.key}"`, async (client, sdk) => {
      const source = [from.bucket, ...from.key.split('/')].map(encodeURIComponent).join('/');
      await client.send(new sdk.CopyObjectCommand({ Bucket: to.bucket, Key: to.key, CopySource: source }));
    });
  }

  async remove(bucket: string, key: string): Promise<void> {
    await this._call(`delete "${bucket}/${key}"`, async (client, sdk) => {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }));
    });
  }

  async createBucket(bucket: string): Promise<void> {
    await this._call(`create the bucket "${bucket}"`, async (client, sdk) => {
      await client.send(new sdk.CreateBucketCommand({ Bucket: bucket }));
    });
  }

  async deleteBucket(bucket: string): Promise<void> {
    await this._call(`delete the bucket "${bucket}"`, async (client, sdk) => {
      await client.send(new sdk.DeleteBucketCommand({ Bucket: bucket }));
    });
  }

  async addNotification(bucket: string, entry: { arn: string; prefix: string; suffix?: string }): Promise<void> {
    const wanted: QueueConfiguration = {
      QueueArn: entry.arn,
      Events: [CREATED],
      Filter: {
        Key: {
          FilterRules: [
            ...(entry.prefix ? [{ Name: 'prefix' as const, Value: entry.prefix }] : []),
            ...(entry.suffix ? [{ Name: 'suffix' as const, Value: entry.suffix }] : [])
          ]
        }
      }
    };
    const same = (queue: QueueConfiguration): boolean =>
      queue.QueueArn === entry.arn &&
      rule(queue, 'prefix') === entry.prefix &&
      rule(queue, 'suffix') === (entry.suffix ?? '');
    await this._changeNotifications(
      bucket,
      queues => (queues.some(same) ? undefined : [...queues, wanted]),
      queues => queues.some(same)
    );
  }

  async removeNotification(bucket: string, arn: string, prefix?: string): Promise<void> {
    const gone = (queue: QueueConfiguration): boolean =>
      queue.QueueArn === arn && (prefix === undefined || rule(queue, 'prefix') === prefix);
    await this._changeNotifications(
      bucket,
      queues => (queues.some(gone) ? queues.filter(queue => !gone(queue)) : undefined),
      queues => !queues.some(gone)
    );
  }

  async notifications(bucket: string): Promise<{ arn: string; prefix: string; events: string[] }[]> {
    const configuration = await this._readNotifications(bucket);
    return (configuration.QueueConfigurations ?? []).map(queue => ({
      arn: queue.QueueArn ?? '',
      prefix: rule(queue, 'prefix'),
      events: [...(queue.Events ?? [])]
    }));
  }

  dispose(): void {
    this._client?.client.destroy();
  }

  private _readNotifications(bucket: string): Promise<NotificationConfiguration> {
    return this._call(`read the notifications of the bucket "${bucket}"`, async (client, sdk) => {
      const answer = await client.send(new sdk.GetBucketNotificationConfigurationCommand({ Bucket: bucket }));
      const { QueueConfigurations, TopicConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration } =
        answer;
      return { QueueConfigurations, TopicConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration };
    });
  }

  /**
   * S3 can only replace the whole list, and others write it too (the manager on each create): read, change, write, read again,
   * and once more when somebody was faster. Changes of ours to one bucket wait for one another.
   */
  private async _changeNotifications(
    bucket: string,
    change: (queues: QueueConfiguration[]) => QueueConfiguration[] | undefined,
    done: (queues: QueueConfiguration[]) => boolean
  ): Promise<void> {
    const before = this._changes.get(bucket) ?? Promise.resolve();
    const work = before.then(async () => {
      for (let attempt = 1; attempt <= 4; attempt++) {
        const configuration = await this._readNotifications(bucket);
        const changed = change(configuration.QueueConfigurations ?? []);
        if (changed === undefined) {
          return;
        }
        await this._call(`set the notifications of the bucket "${bucket}"`, async (client, sdk) => {
          await client.send(
            new sdk.PutBucketNotificationConfigurationCommand({
              Bucket: bucket,
              NotificationConfiguration: { ...configuration, QueueConfigurations: changed }
            })
          );
        });
        if (done((await this._readNotifications(bucket)).QueueConfigurations ?? [])) {
          return;
        }
      }
      throw new BridgeError({
        type: 'conflict',
        title: 'Changed by somebody else',
        status: 409,
        detail: `The notifications of the bucket "${bucket}" were changed by somebody else each time.`,
        action: 'Try again.'
      });
    });
    const settled = work.catch(() => undefined);
    this._changes.set(bucket, settled);
    try {
      await work;
    } finally {
      if (this._changes.get(bucket) === settled) {
        this._changes.delete(bucket);
      }
    }
  }

  private async _call<T>(what: string, work: (client: S3Client, sdk: Sdk) => Promise<T>): Promise<T> {
    this._client ??= this._connect();
    const { client, sdk } = this._client;
    try {
      return await work(client, sdk);
    } catch (error) {
      const problem = storageError(error, this._options.who, what);
      if (isProblem(problem, 'unauthorized')) {
        this._options.onRefused?.();
      }
      throw problem;
    }
  }

  private _connect(): { client: S3Client; sdk: Sdk } {
    const sdk = loadSdk();
    const { provider, ca, insecure } = this._options;
    const tls = { ca, rejectUnauthorized: !insecure && (isAws(provider) || provider.verify !== false) };
    const client = new sdk.S3Client({
      ...(isAws(provider)
        ? {
            region: provider.region,
            credentials: provider.credentials,
            forcePathStyle: provider.endpoint !== undefined,
            followRegionRedirects: true,
            ...(provider.endpoint === undefined ? {} : { endpoint: provider.endpoint })
          }
        : {
            endpoint: provider.endpoint,
            region: provider.region || 'us-east-1',
            credentials: { accessKeyId: provider.access_key, secretAccessKey: provider.secret_key },
            forcePathStyle: true
          }),
      maxAttempts: 4,
      // It would write to the console; what fails is thrown anyway.
      logger: SILENT,
      // Stores that are a few years old do not know the checksums in trailers.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: 10_000,
        httpAgent: { keepAlive: true, maxSockets: 64 },
        httpsAgent: { keepAlive: true, maxSockets: 64, ...tls },
        socketAcquisitionWarningTimeout: 600_000
      }
    });
    return { client, sdk };
  }

  private readonly _options: IStorageOptions;
  private _client: { client: S3Client; sdk: Sdk } | undefined;
  private readonly _changes = new Map<string, Promise<unknown>>();
}

function isAws(provider: IMinIOProvider | IAwsStorage): provider is IAwsStorage {
  return 'credentials' in provider;
}

function unquoted(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

function rule(queue: QueueConfiguration, name: 'prefix' | 'suffix'): string {
  return queue.Filter?.Key?.FilterRules?.find(item => item.Name?.toLowerCase() === name)?.Value ?? '';
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
