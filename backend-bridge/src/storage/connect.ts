import type { S3Client } from '@aws-sdk/client-s3';
import type { IMinIOProvider } from '../fdl/service';
import { loadS3, SILENT, type S3Sdk } from './sdk';

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

export interface IConnection {
  client: S3Client;
  sdk: S3Sdk;
}

export function isAws(provider: IMinIOProvider | IAwsStorage): provider is IAwsStorage {
  return 'credentials' in provider;
}

/** A client for what `options` says; nothing is called yet. */
export function connect(options: IStorageOptions): IConnection {
  const sdk = loadS3();
  const { provider, ca, insecure } = options;
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
