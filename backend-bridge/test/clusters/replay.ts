import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { EndpointAuth, type ICredential } from '../../src/credentials';
import { HttpClient } from '../../src/http';
import { OscarClient } from '../../src/clusters';

const FOLDER = join(__dirname, '../fixtures/oscar-golden');

export interface IEntry {
  id: string;
  auth?: string;
  request?: { method: string; path: string; body?: string };
  response?: { status: number; headers: Record<string, string>; body: string };
}

/** Entries of a recording. */
export function recording(name: string): IEntry[] {
  const file = join(FOLDER, name);
  if (!existsSync(file)) {
    throw new Error(`The recorded answers are missing: ${file}`);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as IEntry[];
}

/** The recorded text with something real in the place of what was taken out. */
export function filled(text: string): string {
  let count = 0;
  return text
    .replaceAll('<hex64>', '0f'.repeat(32))
    .replace(/<uuid>/g, () => `00000000-0000-4000-8000-${String(count++).padStart(12, '0')}`)
    .replace(/<rfc3339>/g, () => '2026-11-21T07:00:00Z')
    .replaceAll('<sub-of-u1>', 'u1@egi.eu');
}

/** A server that answers what a real one answered; everything else is 599. */
export class Replay {
  readonly seen: { method: string; path: string; authorization?: string; body: string }[] = [];

  async start(): Promise<void> {
    this._server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', part => parts.push(part as Buffer));
      request.on('end', () => {
        const method = request.method ?? '';
        const path = request.url ?? '';
        this.seen.push({
          method,
          path,
          authorization: request.headers.authorization,
          body: Buffer.concat(parts).toString()
        });
        const answers = this._answers.get(`${method} ${path}`);
        const answer = answers && answers.length > 1 ? answers.shift() : answers?.[0];
        response.writeHead(answer?.status ?? 599, answer?.headers ?? {});
        response.end(answer === undefined ? `no recorded answer to ${method} ${path}` : filled(answer.body));
      });
    });
    await new Promise<void>(resolve => this._server.listen(0, '127.0.0.1', resolve));
  }

  /** Answers from now on with these entries, in this order for equal requests; the last one stays. */
  play(name: string, ...ids: string[]): IEntry[] {
    const all = recording(name);
    this._answers.clear();
    return ids.map(id => {
      const entry = all.find(item => item.id === id);
      if (!entry?.request || !entry.response) {
        throw new Error(`no entry ${id} in ${name}`);
      }
      this.answer(`${entry.request.method} ${entry.request.path}`, entry.response);
      return entry;
    });
  }

  answer(request: string, response: { status: number; headers?: Record<string, string>; body: string }): void {
    const list = this._answers.get(request) ?? [];
    list.push({ headers: {}, ...response });
    this._answers.set(request, list);
  }

  get base(): string {
    return `http://127.0.0.1:${(this._server.address() as AddressInfo).port}`;
  }

  client(credential: ICredential = { user: 'oscar', password: 'password' }): OscarClient {
    const who = 'the cluster "real"';
    return new OscarClient({
      who,
      http: new HttpClient({ base: this.base, who, timeout: 5000 }),
      auth: new EndpointAuth({
        who,
        secure: true,
        credential: () => credential,
        env: { SECRETS_MOUNT_PATH: '/nonexistent' }
      })
    });
  }

  stop(): Promise<void> {
    this._server.closeAllConnections();
    return new Promise(resolve => this._server.close(() => resolve()));
  }

  private _server!: Server;
  private readonly _answers = new Map<string, { status: number; headers: Record<string, string>; body: string }[]>();
}
