import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalCluster } from '../../src/local-cluster';
import type { ILocalCluster, ILocalClusterOptions } from '../../src/local-cluster/interfaces';

const folders: string[] = [];

afterAll(() => folders.forEach(folder => rmSync(folder, { recursive: true, force: true })));

/** A folder that goes at the end of the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oscar-cluster-'));
  folders.push(folder);
  return folder;
}

export function testOptions(data: string, options: Partial<ILocalClusterOptions> = {}): ILocalClusterOptions {
  return { data, runtime: 'process', environments: join(data, 'environments'), cpus: 2, memory: 2 ** 30, ...options };
}

export interface IAnswer {
  status: number;
  text: string;
  headers: Headers;
  json<T>(): T;
}

/** A client that knows nothing of ours. */
export class TestClient {
  constructor(private readonly _cluster: Pick<ILocalCluster, 'endpoint' | 'user' | 'password'>) {}

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<IAnswer> {
    const response = await fetch(this._cluster.endpoint + path, {
      method,
      redirect: 'manual',
      headers: { Authorization: this.basic, ...headers },
      body:
        body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers, json: <T>() => JSON.parse(text) as T };
  }

  async token(service: string): Promise<string> {
    return (await this.call('GET', `/system/services/${service}`)).json<{ token: string }>().token;
  }

  get basic(): string {
    return `Basic ${Buffer.from(`${this._cluster.user}:${this._cluster.password}`).toString('base64')}`;
  }
}

/** Waits for a state; fails with what was seen last. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
  milliseconds = 50_000
): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const seen = await look();
    if (seen) {
      return seen;
    }
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${milliseconds} ms`);
    }
    await new Promise(resolve => setTimeout(resolve, 25));
  }
}

export async function start(options: ILocalClusterOptions): Promise<{ cluster: ILocalCluster; client: TestClient }> {
  const cluster = await startLocalCluster(options);
  return { cluster, client: new TestClient(cluster) };
}

export const SERVICE = { cpu: '0.2', memory: '64Mi', image: 'none', script: '#!/bin/sh\necho hi\n' };
