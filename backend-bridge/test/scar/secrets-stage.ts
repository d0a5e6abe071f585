/** What the tests of secrets stand on: a function with credentials, AWS played by moto, and what others could read. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sdk } from '../../src/scar/sdk';
import { Builder } from './podman';
import { fdl, IMAGE, Moto, Proxy, Room, setEnvironment } from './support';

export const PREPARED = `image: ${IMAGE}\n        create_image: false`;
export const KEY = 'first-key-of-the-test';

/** A function that is built here and writes to MinIO. */
export function text(key = KEY, mode = 'lambda'): string {
  return `${fdl('grey', `      execution_mode: ${mode}`)
    .replace(PREPARED, 'image: ubuntu:24.04')
    .replace(
      'storage_provider: s3\n        path: grey-bucket/out',
      'storage_provider: minio.edge\n        path: out/x'
    )}storage_providers:
  minio:
    edge:
      endpoint: https://minio.example
      access_key: AKEXAMPLE-of-edge
      secret_key: ${key}
    other:
      endpoint: https://other.example
      access_key: AKEXAMPLE-of-other
      secret_key: not-needed-here
`;
}
export const WITHOUT = fdl().replace(PREPARED, 'image: ubuntu:24.04');

/** What the secret holds. */
export const providers = (key = KEY): unknown => ({
  minio: { edge: { endpoint: 'https://minio.example', access_key: 'AKEXAMPLE-of-edge', secret_key: key } }
});

/** moto behind a proxy, what images are built with, and a room of its own for each test. */
class Stage {
  moto!: Moto;
  proxy!: Proxy;
  builder!: Builder;
  room!: Room;
  lines: string[] = [];

  async start(): Promise<void> {
    this.moto = await Moto.start();
    this.proxy = await Proxy.start(this.moto.endpoint);
    this.builder = await Builder.start();
    this._restore = setEnvironment(this.builder.environment);
  }

  /** An empty account. */
  async begin(): Promise<void> {
    this.proxy.fate = () => 'pass';
    await this.moto.reset();
    this.lines = [];
    this.room = await Room.at(this.proxy.endpoint, { log: line => this.lines.push(line) });
    this.room.file('script.sh', 'echo hello\n');
    this.proxy.calls.length = 0;
  }

  async stop(): Promise<void> {
    this._restore?.();
    this.builder?.stop();
    await this.proxy?.stop();
    await this.moto?.stop();
  }

  async secret(): Promise<{ value?: unknown; version?: string; tags: Record<string, string> } | undefined> {
    const client = this.moto.clients().secrets();
    const { SecretList } = await client.send(new (sdk.secrets().ListSecretsCommand)({}));
    if (!SecretList?.length) {
      return undefined;
    }
    expect(SecretList.map(item => item.Name)).toEqual(['scar/grey']);
    const { SecretString, VersionId } = await client.send(
      new (sdk.secrets().GetSecretValueCommand)({ SecretId: 'scar/grey', VersionStage: 'AWSCURRENT' })
    );
    return {
      value: JSON.parse(SecretString ?? 'null'),
      version: VersionId,
      tags: Object.fromEntries((SecretList[0].Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']))
    };
  }

  async variables(): Promise<Record<string, string>> {
    const { Configuration } = await this.moto
      .clients()
      .lambda()
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: 'grey' }));
    return Configuration?.Environment?.Variables ?? {};
  }

  /** All that others could read: calls but those of Secrets Manager, the image, the state and what the log says. */
  readable(): string {
    const files = execFileSync('find', [this.builder.notes, join(this.room.folder, 'state'), '-type', 'f'])
      .toString()
      .trim()
      .split('\n')
      .map(path => readFileSync(path, 'latin1'));
    const bodies = this.proxy.calls.filter(call => call.service !== 'secretsmanager').map(call => call.body);
    const texts = [...files, ...bodies, ...this.lines];
    // Configurations are encoded: what is in them counts, too.
    return [
      ...texts,
      ...(texts
        .join('\n')
        .match(/[A-Za-z0-9+/=]{40,}/g)
        ?.map(item => Buffer.from(item, 'base64').toString('latin1')) ?? [])
    ].join('\n');
  }

  private _restore: (() => void) | undefined;
}

/** Has all tests of the block it is called in begin on an empty one. */
export function useStage(): Stage {
  const stage = new Stage();
  beforeAll(() => stage.start(), 100_000);
  afterAll(() => stage.stop());
  beforeEach(() => stage.begin());
  afterEach(() => stage.room.close());
  return stage;
}
