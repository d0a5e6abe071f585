/** The entrypoint of images that are built here, against Lambda's runtime interface and Batch, both played by the test. */
import { createHash, createHmac } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignatureV4 } from '@smithy/signature-v4';
import { ENTRYPOINT_PY } from '../../src/scar/entrypoint';
import { PYTHON } from './support';

/** As the SDK takes hashes. */
class Sha256 {
  constructor(secret?: Parameters<typeof createHmac>[1]) {
    this._hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }

  update(data: string | Uint8Array): void {
    this._hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this._hash.digest());
  }

  private readonly _hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;
}

/** The signature that AWS's own signer makes for a request. */
async function signature(
  headers: Record<string, string>,
  body: string,
  { service, path } = { service: 'batch', path: '/v1/submitjob' }
): Promise<string | undefined> {
  const signer = new SignatureV4({
    service,
    region: 'eu-west-1',
    applyChecksum: false,
    sha256: Sha256 as never,
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'of-the-test', sessionToken: 'of-the-session' }
  });
  const signed = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: headers['host'],
      path,
      query: {},
      headers: {
        host: headers['host'],
        'content-type': headers['content-type'],
        ...(headers['x-amz-target'] === undefined ? {} : { 'x-amz-target': headers['x-amz-target'] })
      },
      body
    },
    { signingDate: new Date(headers['x-amz-date'].replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5')) }
  );
  return signed.headers['authorization'];
}

/** What the supervisor does with the runtime interface; it sleeps, ends or answers as the event says. */
const SUPERVISOR = `#!${PYTHON}
import json, os, sys, time, urllib.request
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation"
while True:
    answer = urllib.request.urlopen(base + "/next")
    event = json.load(answer)
    if event.get("exit"):
        sys.exit(7)
    time.sleep(event.get("sleep", 0))
    left = int(answer.headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
    body = json.dumps({"answer": event["name"], "late": left > 60}).encode()
    path = base + "/" + answer.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    urllib.request.urlopen(urllib.request.Request(path, data=body, method="POST"))
`;

interface IEvent {
  name: string;
  sleep?: number;
  exit?: boolean;
  script?: string;
}

(existsSync(PYTHON) ? describe : describe.skip)('the entrypoint of built images', () => {
  let folder: string;
  let child: ChildProcess | undefined;
  const servers: ReturnType<typeof createServer>[] = [];

  const serve = async (
    handle: (request: IncomingMessage, body: string, response: ServerResponse) => void
  ): Promise<string> => {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => handle(request, Buffer.concat(chunks).toString(), response));
    });
    servers.push(server);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'oscar-entry-'));
    writeFileSync(join(folder, 'entrypoint.py'), ENTRYPOINT_PY);
    writeFileSync(join(folder, 'supervisor'), SUPERVISOR);
    chmodSync(join(folder, 'supervisor'), 0o755);
    writeFileSync(
      join(folder, 'function_config.yaml'),
      JSON.stringify({ execution_mode: 'lambda-batch', container: { timeout_threshold: 1 }, batch: {} })
    );
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    servers.splice(0).forEach(server => {
      server.closeAllConnections();
      server.close();
    });
    rmSync(folder, { recursive: true, force: true });
  });

  /** Sends the events one after the other; gives what Lambda was told of each. */
  async function run(events: IEvent[], batchStatus = 200) {
    const told: { path: string; body: Record<string, unknown> }[] = [];
    const jobs: { headers: Record<string, string>; text: string; body: Record<string, unknown> }[] = [];
    const batch = await serve((request, body, response) => {
      jobs.push({
        headers: request.headers as Record<string, string>,
        text: body,
        body: JSON.parse(body) as Record<string, unknown>
      });
      response.writeHead(batchStatus, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jobId: '11111111-2222-3333-4444-555555555555', message: 'refused' }));
    });
    let done: () => void = () => undefined;
    const all = new Promise<void>(resolve => (done = resolve));
    let next = 0;
    const api = await serve((request, body, response) => {
      if (request.method === 'POST') {
        told.push({ path: request.url ?? '', body: JSON.parse(body) as Record<string, unknown> });
        response.writeHead(202).end();
        return;
      }
      if (next === events.length) {
        done();
        return;
      }
      const number = next++;
      response.writeHead(200, {
        'Lambda-Runtime-Aws-Request-Id': `request-${number}`,
        'Lambda-Runtime-Deadline-Ms': String(Date.now() + 5000),
        'Content-Type': 'application/json'
      });
      response.end(JSON.stringify(events[number]));
    });
    child = spawn(PYTHON, [join(folder, 'entrypoint.py')], {
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'],
        AWS_LAMBDA_RUNTIME_API: api,
        LAMBDA_TASK_ROOT: folder,
        AWS_LAMBDA_FUNCTION_NAME: 'long',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'of-the-test',
        AWS_SESSION_TOKEN: 'of-the-session',
        AWS_ENDPOINT_URL_BATCH: `http://${batch}`
      }
    });
    await all;
    return { told, jobs };
  }

  it('passes on what is quick, hands over what is not, and goes on after a supervisor that ends', async () => {
    const { told, jobs } = await run([
      { name: 'first' },
      { name: 'slow', sleep: 60, script: 'ZWNobyBoaQ==' },
      { name: 'broken', exit: true },
      { name: 'last' }
    ]);
    expect(told.map(item => item.path.split('/invocation/')[1])).toEqual([
      'request-0/response',
      'request-1/response',
      'request-2/error',
      'request-3/response'
    ]);
    expect(told[0].body).toEqual({ answer: 'first', late: true });
    const answer = told[1].body as { statusCode: number; body: string };
    expect(answer.statusCode).toBe(200);
    expect(Buffer.from(answer.body, 'base64').toString()).toMatch(/delegated to batch[\s\S]*-ri 11111111-/);
    expect(told[2].body).toMatchObject({ errorType: 'Supervisor.Exit' });
    expect(told[3].body).toMatchObject({ answer: 'last' });
    expect(jobs).toHaveLength(1);
    expect(jobs[0].headers['authorization']).toBe(await signature(jobs[0].headers, jobs[0].text));
    const { jobName, containerOverrides } = jobs[0].body as {
      jobName: string;
      containerOverrides: { environment: { name: string; value: string }[] };
    };
    expect(jobName).toBe('long');
    const variables = Object.fromEntries(containerOverrides.environment.map(({ name, value }) => [name, value]));
    expect(JSON.parse(variables['EVENT'])).toMatchObject({ name: 'slow' });
    expect(variables['SCRIPT']).toBe('ZWNobyBoaQ==');
    expect(JSON.parse(variables['CONTEXT'])).toMatchObject({ function_name: 'long', aws_request_id: 'request-1' });
  });

  it('tells Lambda when Batch takes nothing', async () => {
    const { told } = await run([{ name: 'slow', sleep: 60 }], 403);
    expect(told[0]).toMatchObject({
      path: expect.stringMatching(/request-0\/error$/),
      body: { errorType: 'Batch.Submit', errorMessage: expect.stringContaining('403') }
    });
  });

  it.each(['container', 'machine'])(
    'fetches credentials in a job of Batch with the role of its %s',
    async where => {
      const keys = { AccessKeyId: 'AKIAIOSFODNN7EXAMPLE', SecretAccessKey: 'of-the-test', Token: 'of-the-session' };
      const roles = await serve((request, _body, response) => {
        const { headers, method, url } = request;
        const asked =
          `${method} ${url} ${headers['authorization'] ?? headers['x-aws-ec2-metadata-token'] ?? ''}`.trim();
        const answers: Record<string, string> = {
          'GET /keys of-the-container': JSON.stringify(keys),
          'PUT /latest/api/token': 'of-the-machine',
          'GET /latest/meta-data/iam/security-credentials/ of-the-machine': 'a-role',
          'GET /latest/meta-data/iam/security-credentials/a-role of-the-machine': JSON.stringify(keys)
        };
        response.writeHead(answers[asked] === undefined ? 401 : 200).end(answers[asked]);
      });
      const calls: { headers: Record<string, string>; text: string }[] = [];
      const secrets = await serve((request, text, response) => {
        calls.push({ headers: request.headers as Record<string, string>, text });
        response.end(JSON.stringify({ SecretString: '{"minio":{"edge":{"secret_key":"of-edge"}}}' }));
      });
      const config = {
        execution_mode: 'batch',
        region: 'eu-west-1',
        storage_providers: { minio: { edge: { secret_key: '' } } }
      };
      writeFileSync(join(folder, 'function_config.public.yaml'), JSON.stringify(config));
      rmSync(join(folder, 'function_config.yaml'));
      symlinkSync(join(folder, 'whole.yaml'), join(folder, 'function_config.yaml'));
      writeFileSync(join(folder, 'supervisor'), '#!/bin/sh\ncat\nexit 3\n');
      const job = spawn(PYTHON, [join(folder, 'entrypoint.py')], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          PATH: process.env['PATH'],
          LAMBDA_TASK_ROOT: folder,
          SCAR_SECRET_ID: 'scar/long',
          EVENT: 'it happened',
          AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://${secrets}`,
          ...(where === 'container'
            ? {
                AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${roles}/keys`,
                AWS_CONTAINER_AUTHORIZATION_TOKEN: 'of-the-container'
              }
            : { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://${roles}/` })
        }
      });
      child = job;
      let output = '';
      job.stdout.on('data', chunk => (output += String(chunk)));
      expect(await new Promise(resolve => job.once('close', resolve))).toBe(3);
      expect(output).toBe('it happened');
      expect(calls).toHaveLength(1);
      const [{ headers, text }] = calls;
      expect(JSON.parse(text)).toEqual({ SecretId: 'scar/long', VersionStage: 'AWSCURRENT' });
      expect(headers['authorization']).toBe(await signature(headers, text, { service: 'secretsmanager', path: '/' }));
      expect(JSON.parse(readFileSync(join(folder, 'whole.yaml'), 'utf8'))).toEqual({
        ...config,
        storage_providers: { minio: { edge: { secret_key: 'of-edge' } } }
      });
    },
    60_000
  );
});
