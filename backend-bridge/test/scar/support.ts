import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createScar, type IAwsPlan, type IScar, type IScarOptions, type ScarEvent } from '../../src/scar';
import { AwsClients } from '../../src/scar/clients';
import { sdk } from '../../src/scar/sdk';
import type { IResolvedSource } from '../../src/clusters/facade';
import { freePort } from '../free-port';

// moto loads each service when it is first called, on a busy machine for many seconds.
jest.setTimeout(120_000);

const ROOT = join(__dirname, '..', '..', '..');
const MOTO = join(ROOT, '.venv', 'bin', 'moto_server');
export const PYTHON = join(ROOT, '.venv', 'bin', 'python');
export const ACCOUNT = '123456789012';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/scar-role`;
export const REGION = 'eu-west-1';

/** `describe`, where moto is installed; else it is skipped and says so. */
export const describeAws: jest.Describe = existsSync(MOTO)
  ? describe
  : (((name: string, body: () => void) => {
      console.warn(`SKIPPED: ${name}: moto is not installed (pip install "jupyterlab-oscar[aws-emulator]").`);
      describe.skip(name, body);
    }) as unknown as jest.Describe);

/** moto as it is, on a port of its own. */
export class Moto {
  static async start(): Promise<Moto> {
    const port = await freePort();
    const child = spawn(MOTO, ['-p', String(port)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    child.stderr.on('data', chunk => lines.push(String(chunk)));
    child.stdout.on('data', () => undefined);
    const moto = new Moto(child, `http://127.0.0.1:${port}`);
    for (const deadline = Date.now() + 90_000; ;) {
      try {
        await fetch(`${moto.endpoint}/moto-api/config`);
        return moto;
      } catch (error) {
        if (Date.now() > deadline || child.exitCode !== null) {
          throw new Error(`moto did not start: ${lines.join('')}`, { cause: error });
        }
        await delay(100);
      }
    }
  }

  /** An account with nothing but its roles. */
  async reset(): Promise<void> {
    await fetch(`${this.endpoint}/moto-api/reset`, { method: 'POST' });
    const { iam } = sdk;
    const client = this.clients().iam();
    const trust = (service: string): string =>
      JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } }] });
    for (const [path, name, service] of [
      ['/', 'scar-role', 'lambda.amazonaws.com'],
      ['/service-role/', 'AWSBatchServiceRole', 'batch.amazonaws.com'],
      ['/', 'ecsInstanceRole', 'ec2.amazonaws.com']
    ]) {
      await client.send(
        new (iam().CreateRoleCommand)({ Path: path, RoleName: name, AssumeRolePolicyDocument: trust(service) })
      );
    }
    await client.send(new (iam().CreateInstanceProfileCommand)({ InstanceProfileName: 'ecsInstanceRole' }));
    await client.send(
      new (iam().AddRoleToInstanceProfileCommand)({
        InstanceProfileName: 'ecsInstanceRole',
        RoleName: 'ecsInstanceRole'
      })
    );
  }

  /** An independent look at the state. */
  clients(endpoint = this.endpoint): AwsClients {
    return new AwsClients({
      region: REGION,
      endpoint,
      credentials: async () => ({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret-of-the-test' })
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise(resolve => this._child.once('exit', resolve));
    this._child.kill('SIGKILL');
    await ended;
  }

  private constructor(
    private readonly _child: ChildProcess,
    readonly endpoint: string
  ) {}
}

/** One call of AWS as it passed. */
export interface ICallSeen {
  service: string;
  /** Name of the operation where a header has it, else method and path. */
  operation: string;
  method: string;
  path: string;
  body: string;
  /** Id of the access key. */
  key: string;
}

export interface IAnswer {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

/** What happens to a call: passed on; answered in its place; passed on, and its answer lost. */
export type Fate = 'pass' | 'lose' | 'cut' | IAnswer;

/** Stands before moto, counts the calls, and makes them fail as a test wants it. */
export class Proxy {
  static async start(target: string): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>(resolve => proxy._server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  readonly calls: ICallSeen[] = [];
  fate: (call: ICallSeen, index: number) => Fate = () => 'pass';

  get endpoint(): string {
    return `http://127.0.0.1:${(this._server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this._server.closeAllConnections();
    await new Promise(resolve => this._server.close(resolve));
  }

  private constructor(private readonly _target: string) {
    this._server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const call = seen(request, body);
        const fate = this.fate(call, this.calls.push(call) - 1);
        if (fate === 'cut') {
          request.socket.destroy();
          return;
        }
        if (typeof fate === 'object') {
          response.writeHead(fate.status, { 'content-type': 'application/json', ...fate.headers });
          response.end(fate.body);
          return;
        }
        const url = new URL(request.url ?? '/', this._target);
        const onward = httpRequest(url, { method: request.method, headers: request.headers }, answer => {
          if (fate === 'lose') {
            answer.resume();
            answer.on('end', () => request.socket.destroy());
            return;
          }
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        onward.on('error', () => request.socket.destroy());
        onward.end(body);
      });
    });
  }

  private readonly _server: Server;
}

function seen(request: IncomingMessage, body: Buffer): ICallSeen {
  const key = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const target = request.headers['x-amz-target'];
  const text = body.toString('utf8');
  const action = /(?:^|&)Action=(\w+)/.exec(text)?.[1];
  const path = request.url ?? '/';
  return {
    service: scope,
    operation: typeof target === 'string' ? (target.split('.').pop() ?? '') : (action ?? `${request.method} ${path}`),
    method: request.method ?? '',
    path,
    body: text,
    key
  };
}

/** "You may not", in the form that each service has. */
export function denied(call: ICallSeen): IAnswer {
  const message = `User: arn:aws:iam::${ACCOUNT}:user/test is not authorized to perform: ${call.service}:Something on resource: *`;
  return failing(call, 403, call.service === 'ec2' ? 'UnauthorizedOperation' : 'AccessDeniedException', message);
}

/** An error of AWS, in JSON or XML as the service speaks. */
export function failing(call: ICallSeen, status: number, code: string, message = 'Made by the test'): IAnswer {
  if (call.service === 's3') {
    return {
      status,
      headers: { 'content-type': 'application/xml' },
      body: `<Error><Code>${code}</Code><Message>${message}</Message></Error>`
    };
  }
  if (call.service === 'ec2') {
    return {
      status,
      headers: { 'content-type': 'application/xml' },
      body: `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`
    };
  }
  if (call.service === 'iam' || call.service === 'sts') {
    return {
      status,
      headers: { 'content-type': 'application/xml' },
      body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
    };
  }
  return {
    status,
    headers: { 'x-amzn-errortype': code },
    body: JSON.stringify({ __type: code, message })
  };
}

/** A bridge's room for AWS with folders of its own, at an address. */
export class Room {
  static async at(endpoint: string, options: Partial<IScarOptions> & { region?: string } = {}): Promise<Room> {
    const { region = REGION, ...rest } = options;
    const room = new Room(rest);
    await room.scar.change({ endpoint, region, role: ROLE });
    return room;
  }

  readonly folder = mkdtempSync(join(tmpdir(), 'oscar-scar-'));
  readonly events: ScarEvent[] = [];
  readonly scar: IScar;

  /** Nothing chosen. */
  static empty(options: Partial<IScarOptions> = {}): Room {
    return new Room(options);
  }

  file(name: string, text: string): string {
    const path = join(this.folder, 'work', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  source(text: string, name = 'fdl.yaml'): IResolvedSource {
    this.file(name, text);
    return { text, name, base: join(this.folder, 'work') };
  }

  plan(text: string): Promise<IAwsPlan> {
    return this.scar.plan(this.source(text));
  }

  apply(text: string): Promise<IAwsPlan> {
    return this.scar.apply(this.source(text));
  }

  /** The same state, as a bridge that starts again finds it. */
  again(): Room {
    return new Room({ state: join(this.folder, 'state'), data: join(this.folder, 'data') });
  }

  /** Files of deployments that neither ended nor were undone. */
  journals(): string[] {
    const folder = join(this.folder, 'state', 'aws-deployments');
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  async close(): Promise<void> {
    await this.scar.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private constructor(options: Partial<IScarOptions>) {
    this.scar = createScar({
      data: join(this.folder, 'data'),
      state: join(this.folder, 'state'),
      python: PYTHON,
      onEvent: event => this.events.push(event),
      ...options
    });
  }
}

/** A log to its end. */
export async function collect(source: AsyncIterable<string>): Promise<string> {
  let all = '';
  for await (const piece of source) {
    all += piece;
  }
  return all;
}

/** Keys of the tests, a home without files of AWS or SCAR; put back by the answer. */
export function setEnvironment(more: Record<string, string | undefined> = {}): () => void {
  const home = mkdtempSync(join(tmpdir(), 'oscar-home-'));
  const values: Record<string, string | undefined> = {
    HOME: home,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret-of-the-test',
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: undefined,
    AWS_DEFAULT_REGION: undefined,
    AWS_ENDPOINT_URL: undefined,
    AWS_CONFIG_FILE: undefined,
    AWS_SHARED_CREDENTIALS_FILE: undefined,
    AWS_EC2_METADATA_DISABLED: 'true',
    SCAR_CONFIG_FOLDER: undefined,
    ...more
  };
  const before = Object.fromEntries(Object.keys(values).map(key => [key, process.env[key]]));
  const set = (all: Record<string, string | undefined>): void => {
    for (const [key, value] of Object.entries(all)) {
      if (value === undefined) {
        delete process.env[key];
      } else {
        process.env[key] = value;
      }
    }
  };
  set(values);
  return () => {
    set(before);
    rmSync(home, { recursive: true, force: true });
  };
}

/** An image that lies in ECR. */
export const IMAGE = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/prepared:1`;

/** Puts it there. */
export async function pushImage(clients: AwsClients): Promise<void> {
  await clients.ecr().send(new (sdk.ecr().CreateRepositoryCommand)({ repositoryName: 'prepared' }));
  await putImage(clients, 'prepared', '1');
}

/** As `push` does, into a repository that is there. */
export async function putImage(clients: AwsClients, repositoryName: string, imageTag: string): Promise<void> {
  await clients.ecr().send(
    new (sdk.ecr().PutImageCommand)({
      repositoryName,
      imageTag,
      imageManifest: JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        config: {
          mediaType: 'application/vnd.docker.container.image.v1+json',
          size: 1,
          digest: `sha256:${'0'.repeat(64)}`
        },
        layers: []
      })
    })
  );
}

/** A function of a prepared image with an input, an output and an API. */
export function fdl(name = 'grey', more = '', sections = ''): string {
  return `functions:
  aws:
  - lambda:
      name: ${name}
      runtime: image
      memory: 512
      timeout: 60
      init_script: script.sh
      container:
        image: ${IMAGE}
        create_image: false
${more}
      input:
      - storage_provider: s3
        path: ${name}-bucket/in
      output:
      - storage_provider: s3
        path: ${name}-bucket/out
${sections}`;
}

export const WITH_API = `    api_gateway:
      name: grey-api
`;
