import { SILENT } from '../storage/sdk';
import type { AwsCredentialIdentityProvider } from './credentials';
import { sdk } from './sdk';

export interface IClientsOptions {
  /** Default region. */
  region: string;
  endpoint?: string;
  credentials: AwsCredentialIdentityProvider;
}

/** Longer than the longest call of a function, milliseconds. */
const LONGEST = 930_000;

/** The clients of one account and endpoint; made on first use, one for each service and region. */
export class AwsClients {
  constructor(private readonly _options: IClientsOptions) {}

  get region(): string {
    return this._options.region;
  }

  get endpoint(): string | undefined {
    return this._options.endpoint;
  }

  get credentials(): AwsCredentialIdentityProvider {
    return this._options.credentials;
  }

  lambda(region?: string) {
    return this._client('lambda', region, options => new (sdk.lambda().LambdaClient)(options));
  }

  /** Calls of functions: they may take a quarter of an hour, and are never repeated by themselves. */
  invoker(region?: string) {
    return this._client('invoker', region, options => new (sdk.lambda().LambdaClient)({ ...options, maxAttempts: 1 }));
  }

  apiGateway(region?: string) {
    return this._client('apiGateway', region, options => new (sdk.apiGateway().APIGatewayClient)(options));
  }

  batch(region?: string) {
    return this._client('batch', region, options => new (sdk.batch().BatchClient)(options));
  }

  logs(region?: string) {
    return this._client('logs', region, options => new (sdk.logs().CloudWatchLogsClient)(options));
  }

  metrics(region?: string) {
    return this._client('metrics', region, options => new (sdk.metrics().CloudWatchClient)(options));
  }

  iam() {
    return this._client('iam', undefined, options => new (sdk.iam().IAMClient)(options));
  }

  secrets(region?: string) {
    return this._client('secrets', region, options => new (sdk.secrets().SecretsManagerClient)(options));
  }

  sts(region?: string) {
    return this._client('sts', region, options => new (sdk.sts().STSClient)(options));
  }

  ecr(region?: string) {
    return this._client('ecr', region, options => new (sdk.ecr().ECRClient)(options));
  }

  ec2(region?: string) {
    return this._client('ec2', region, options => new (sdk.ec2().EC2Client)(options));
  }

  tags(region?: string) {
    return this._client('tags', region, options => new (sdk.tags().ResourceGroupsTaggingAPIClient)(options));
  }

  s3(region?: string) {
    return this._client(
      's3',
      region,
      options =>
        new (sdk.s3().S3Client)({
          ...options,
          // Names of buckets below an address of one's own would have to be in the DNS.
          forcePathStyle: this._options.endpoint !== undefined,
          followRegionRedirects: true
        })
    );
  }

  dispose(): void {
    this._clients.forEach(client => client.destroy());
    this._clients.clear();
  }

  private _client<T extends { destroy(): void }>(
    kind: string,
    region: string | undefined,
    make: (options: ReturnType<AwsClients['_common']>) => T
  ): T {
    const key = `${kind} ${region ?? this._options.region}`;
    let client = this._clients.get(key) as T | undefined;
    if (!client) {
      client = make(this._common(region));
      this._clients.set(key, client);
    }
    return client;
  }

  private _common(region: string | undefined) {
    return {
      region: region ?? this._options.region,
      credentials: this._options.credentials,
      ...(this._options.endpoint === undefined ? {} : { endpoint: this._options.endpoint }),
      maxAttempts: 5,
      retryMode: 'adaptive' as const,
      logger: SILENT,
      requestHandler: {
        connectionTimeout: 10_000,
        requestTimeout: LONGEST,
        httpAgent: { keepAlive: true, maxSockets: 128 },
        httpsAgent: { keepAlive: true, maxSockets: 128 },
        socketAcquisitionWarningTimeout: 600_000
      }
    };
  }

  private readonly _clients = new Map<string, { destroy(): void }>();
}
