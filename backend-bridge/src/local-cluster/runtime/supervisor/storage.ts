import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { IMinIOProvider, IOscarService, IS3Provider } from '../../../fdl/service';
import type { IObjectStore, IStoreError } from '../../interfaces';
import { SupervisorError } from './errors';
import { mediaType } from './media-types';

/** Where input comes from and outputs go to. Throws SupervisorError. */
export interface IStorage {
  download(bucket: string, key: string, file: string): Promise<void>;
  /** `last`: the file is not needed any more. */
  upload(file: string, bucket: string, key: string, last: boolean): Promise<{ size: number }>;
  /** True for the cluster's own store. */
  readonly own: boolean;
}

export interface IStorageContext {
  service: IOscarService;
  store: IObjectStore;
  /** Endpoint of the own store, to know it under another name. */
  ownEndpoint: string;
  /** Who the job's outputs belong to. */
  principal?: string;
  /** Guess content types of outputs; the original does not, and is lenient with unknown providers. */
  typed: boolean;
}

/**
 * The storage behind `minio.default`, `s3.results`, …; undefined when its credentials are not there.
 *
 * @throws SupervisorError for providers that are not supported here.
 */
export function openStorage(type: string, id: string, context: IStorageContext): IStorage | undefined {
  const providers = context.service.storage_providers ?? {};
  switch (type) {
    case 'minio': {
      const provider = providers.minio?.[id];
      if (id === 'default' || (provider && sameEndpoint(provider.endpoint, context.ownEndpoint))) {
        return ownStorage(context);
      }
      return provider && provider.access_key && provider.secret_key ? remoteStorage(minioConfig(provider)) : undefined;
    }
    case 's3': {
      const provider = providers.s3?.[id];
      const config = s3Config(provider, context.service);
      return config && remoteStorage(config);
    }
    default:
      if (!context.typed && !(providers as Record<string, Record<string, unknown> | undefined>)[type]?.[id]) {
        // Without credentials the original does not even come to the point of using it.
        return undefined;
      }
      throw new SupervisorError(
        `The storage provider ${type}.${id} is not yet supported by this cluster. Use minio or s3 instead.`
      );
  }
}

function ownStorage(context: IStorageContext): IStorage {
  const { store, principal } = context;
  return {
    own: true,
    download: (bucket, key, file) =>
      wrapStore('_parse_input', () => store.exportTo(bucket, key, file)).then(() => undefined),
    upload: (file, bucket, key, last) =>
      wrapStore('_parse_output', () =>
        store.put(
          bucket,
          key,
          { file, move: last },
          { contentType: context.typed ? mediaType(key) : 'binary/octet-stream', ...(principal ? { principal } : {}) }
        )
      )
  };
}

async function wrapStore<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as IStoreError;
    if (typeof code !== 'string') {
      throw error;
    }
    throw new SupervisorError(`An error occurred (${code}): ${message}`, [
      `There was an exception in ${step}`,
      message
    ]);
  }
}

function remoteStorage(config: S3ClientConfig): IStorage {
  // Loaded when a service needs it: most never do, and it is large.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const remote = require('./remote-storage') as typeof import('./remote-storage');
  return remote.remoteStorage(config);
}

function minioConfig(provider: IMinIOProvider): S3ClientConfig {
  return {
    endpoint: provider.endpoint,
    region: provider.region || 'us-east-1',
    forcePathStyle: true,
    // `verify: false` is what people set for the self-signed certificates of small clusters.
    ...(provider.verify === false ? { requestHandler: { httpsAgent: { rejectUnauthorized: false } } } : {}),
    credentials: { accessKeyId: provider.access_key, secretAccessKey: provider.secret_key }
  };
}

function s3Config(provider: IS3Provider | undefined, service: IOscarService): S3ClientConfig | undefined {
  // The original runs inside the container, where boto3 looks at the service's own variables.
  const variables = { ...service.environment.secrets, ...service.environment.variables };
  const accessKeyId = provider?.access_key || variables.AWS_ACCESS_KEY_ID;
  const secretAccessKey = provider?.secret_key || variables.AWS_SECRET_ACCESS_KEY;
  if (!accessKeyId || !secretAccessKey) {
    return undefined;
  }
  const endpoint = variables.AWS_ENDPOINT_URL_S3 ?? variables.AWS_ENDPOINT_URL ?? process.env.AWS_ENDPOINT_URL_S3;
  const sessionToken = provider?.access_key ? undefined : variables.AWS_SESSION_TOKEN;
  return {
    region: provider?.region || variables.AWS_DEFAULT_REGION || 'us-east-1',
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    ...(endpoint ? { endpoint, forcePathStyle: true } : {})
  };
}

function sameEndpoint(one: string, other: string): boolean {
  return one.replace(/\/+$/, '').toLowerCase() === other.replace(/\/+$/, '').toLowerCase();
}
