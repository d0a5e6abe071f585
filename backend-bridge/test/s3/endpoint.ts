import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash, createHmac } from 'node:crypto';
import { createS3Server, ObjectStore, type IS3Options } from '../../src/local-cluster/s3';

export const ADMIN = { accessKey: 'minio', secretKey: 'minio-secret-123' };
export const ALICE = { accessKey: 'alice@egi.eu', secretKey: 'alice-secret-123' };
export const BOB = { accessKey: 'bob', secretKey: 'bob-secret-1234' };
export const REGION = 'us-east-1';

/** A running endpoint on a folder of its own. */
export interface IEndpoint {
  store: ObjectStore;
  server: Server;
  port: number;
  url: string;
  folder: string;
  lines: string[];
  close(): Promise<void>;
}

export async function startEndpoint(
  options: Partial<IS3Options> & { folder?: string; durability?: 'process' | 'power' } = {}
): Promise<IEndpoint> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'oscar-s3-'));
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const store = new ObjectStore({ folder, log, durability: options.durability });
  const accounts = new Map([ADMIN, ALICE, BOB].map(one => [one.accessKey, one]));
  const server = createS3Server({
    store,
    region: REGION,
    accounts: {
      lookup: key => {
        const found = accounts.get(key);
        return found && { secretKey: found.secretKey, principal: key, admin: key === ADMIN.accessKey };
      }
    },
    log,
    ...options
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    store,
    server,
    port,
    url: `http://127.0.0.1:${port}`,
    folder,
    lines,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      await store.close();
      if (options.folder === undefined) {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  };
}

export interface IAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  code: string;
}

export interface IRawOptions {
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** Undefined: unsigned. */
  as?: { accessKey: string; secretKey: string };
  time?: Date;
  /** Changes what goes over the wire after it was signed. */
  tamper?: (wire: { method: string; path: string; headers: Record<string, string>; body: Buffer }) => void;
  /** x-amz-content-sha256; default: that of the body. */
  payload?: string;
}

/** An own small signer, so that the server is not held against itself. `path` is percent-encoded as it goes over the wire. */
export function call(
  endpoint: { port: number },
  method: string,
  path: string,
  options: IRawOptions = {}
): Promise<IAnswer> {
  const body = Buffer.from(options.body ?? '');
  const headers: Record<string, string> = { host: `127.0.0.1:${endpoint.port}`, ...options.headers };
  if (options.as !== undefined) {
    sign(method, path, headers, body, options as IRawOptions & { as: NonNullable<IRawOptions['as']> });
  }
  if (method !== 'GET' && method !== 'HEAD' && headers['transfer-encoding'] === undefined) {
    headers['content-length'] ??= String(body.length);
  }
  const wire = { method, path, headers, body };
  options.tamper?.(wire);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: endpoint.port,
        method: wire.method,
        path: wire.path,
        headers: wire.headers,
        agent: false
      },
      incoming => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: text,
            code: /<Code>([^<]*)</.exec(text)?.[1] ?? ''
          });
        });
      }
    );
    outgoing.on('error', reject);
    outgoing.end(wire.body);
  });
}

export interface ISeed {
  key: Buffer;
  date: string;
  scope: string;
  signature: string;
}

/** Adds the headers of signature version 4. */
export function sign(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Buffer,
  options: IRawOptions & { as: { accessKey: string; secretKey: string } }
): ISeed {
  const date = (options.time ?? new Date()).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = date.slice(0, 8);
  const payload = options.payload ?? createHash('sha256').update(body).digest('hex');
  headers['x-amz-date'] = date;
  headers['x-amz-content-sha256'] = payload;
  const names = Object.keys(headers)
    .map(name => name.toLowerCase())
    .sort();
  const [rawPath, query = ''] = path.split('?');
  const pairs = query
    .split('&')
    .filter(Boolean)
    .map(pair => (pair.includes('=') ? pair : `${pair}=`))
    .sort();
  const canonical = [
    method,
    rawPath,
    pairs.join('&'),
    ...names.map(name => `${name}:${headers[Object.keys(headers).find(key => key.toLowerCase() === name)!].trim()}`),
    '',
    names.join(';'),
    payload
  ].join('\n');
  const scope = `${day}/${REGION}/s3/aws4_request`;
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${options.as.secretKey}`, day), REGION), 's3'), 'aws4_request');
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  const signature = hmac(key, text).toString('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${options.as.accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { key, date, scope, signature };
}

/** Percent-encoding of a key in a path. */
export function keyPath(bucket: string, key: string): string {
  return `/${bucket}/${key
    .split('/')
    .map(name => encodeURIComponent(name).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`))
    .join('/')}`;
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 50_000;
  while (!condition()) {
    if (Date.now() > end) {
      throw new Error(`It did not come to be: ${what}`);
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
