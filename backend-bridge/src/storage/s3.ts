import type { Readable } from 'node:stream';
import type { NotificationConfiguration, QueueConfiguration, S3Client } from '@aws-sdk/client-s3';
import type { IObjectStorage } from '../clusters/interfaces';
import type { ObjectPage } from '../contract';
import { isProblem } from '../http/failures';
import { addSecret } from '../http/redact';
import { connect, isAws, type IConnection, type IStorageOptions } from './connect';
import { isMissing, storageError } from './errors';
import { changeNotifications, CREATED, filterRules, kindsOf, ruleOf } from './notifications';
import type { S3Sdk } from './sdk';
import { unquoted, upload } from './upload';

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
    return upload(
      {
        call: work => this._call(`write "${bucket}/${key}"`, (client, sdk) => work({ client, sdk })),
        failed: error => storageError(error, this._options.who, `write "${bucket}/${key}"`)
      },
      { ...options, bucket, key, body }
    );
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
      Filter: { Key: { FilterRules: filterRules(entry.prefix, entry.suffix) } }
    };
    await this._changeQueues(bucket, queues =>
      queues.some(
        queue =>
          queue.QueueArn === entry.arn &&
          ruleOf(queue, 'prefix') === entry.prefix &&
          ruleOf(queue, 'suffix') === (entry.suffix ?? '')
      )
        ? undefined
        : [...queues, wanted]
    );
  }

  async removeNotification(bucket: string, arn: string, prefix?: string): Promise<void> {
    const gone = (queue: QueueConfiguration): boolean =>
      queue.QueueArn === arn && (prefix === undefined || ruleOf(queue, 'prefix') === prefix);
    await this._changeQueues(bucket, queues => (queues.some(gone) ? queues.filter(queue => !gone(queue)) : undefined));
  }

  async notifications(bucket: string): Promise<{ arn: string; prefix: string; events: string[] }[]> {
    const configuration = await this._readNotifications(bucket);
    return (configuration.QueueConfigurations ?? []).map(queue => ({
      arn: queue.QueueArn ?? '',
      prefix: ruleOf(queue, 'prefix'),
      events: [...(queue.Events ?? [])]
    }));
  }

  dispose(): void {
    this._client?.client.destroy();
  }

  private _readNotifications(bucket: string): Promise<NotificationConfiguration> {
    return this._call(`read the notifications of the bucket "${bucket}"`, async (client, sdk) => {
      return kindsOf(await client.send(new sdk.GetBucketNotificationConfigurationCommand({ Bucket: bucket })));
    });
  }

  /** Changes of ours to one bucket wait for one another. */
  private async _changeQueues(
    bucket: string,
    change: (queues: QueueConfiguration[]) => QueueConfiguration[] | undefined
  ): Promise<void> {
    const before = this._changes.get(bucket) ?? Promise.resolve();
    const work = before.then(() =>
      changeNotifications(
        bucket,
        {
          read: () => this._readNotifications(bucket),
          write: configuration =>
            this._call(`set the notifications of the bucket "${bucket}"`, (client, sdk) =>
              client.send(
                new sdk.PutBucketNotificationConfigurationCommand({
                  Bucket: bucket,
                  NotificationConfiguration: configuration
                })
              )
            )
        },
        configuration => {
          const QueueConfigurations = change(configuration.QueueConfigurations ?? []);
          return QueueConfigurations && { ...configuration, QueueConfigurations };
        }
      )
    );
    // Who asked for a change hears of its failure; the next one only waits for its end.
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

  private async _call<T>(what: string, work: (client: S3Client, sdk: S3Sdk) => Promise<T>): Promise<T> {
    this._client ??= connect(this._options);
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

  private readonly _options: IStorageOptions;
  private _client: IConnection | undefined;
  private readonly _changes = new Map<string, Promise<unknown>>();
}
