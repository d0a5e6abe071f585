import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export const SECRET = 'kept-between-us-0123456789abcdef';

const ROOT = join(__dirname, '..', '..');
let bundled: string | undefined;

/** The bundle that users get, made once for each test file. */
export function bundle(): string {
  if (bundled === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'oscar-bundle-'));
    execFileSync(process.execPath, [join(ROOT, 'bundle.mjs'), '--out', folder], { cwd: ROOT });
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    bundled = join(folder, 'bridge.cjs');
  }
  return bundled;
}

export interface IAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
  json: <T = Record<string, unknown>>() => T;
}

export interface ICall {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer | Readable;
  json?: unknown;
  secret?: string | null;
}

/** Sends a request over a unix socket; the path goes out byte for byte. */
export function send(socketPath: string, path: string, options: ICall = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { secret = SECRET } = options;
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    const request = httpRequest(
      {
        socketPath,
        path,
        method: options.method ?? (body === undefined ? 'GET' : 'POST'),
        agent: false,
        headers: {
          ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
          ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(typeof body === 'string' || Buffer.isBuffer(body)
            ? { 'content-length': String(Buffer.byteLength(body)) }
            : {}),
          ...options.headers
        }
      },
      resolve
    );
    request.once('error', reject);
    if (body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)) {
      body.pipe(request);
    } else {
      request.end(body);
    }
  });
}

export async function call(socketPath: string, path: string, options: ICall = {}): Promise<IAnswer> {
  const response = await send(socketPath, path, options);
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
  }
  const body = Buffer.concat(chunks);
  const text = body.toString('utf8');
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    text,
    json: <T>() => JSON.parse(text) as T
  };
}

export interface IBridge {
  readonly child: ChildProcessWithoutNullStreams;
  readonly socket: string;
  readonly data: string;
  readonly folder: string;
  /** The line that it answered the handshake with. */
  readonly answer: Record<string, unknown>;
  /** All that it has written to stderr. */
  log(): string;
  call(path: string, options?: ICall): Promise<IAnswer>;
  /** Exit status, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** SIGTERM, and waits. */
  stop(): Promise<number | string>;
  kill(signal: NodeJS.Signals): Promise<number | string>;
}

const folders: string[] = [];
const running = new Set<ChildProcessWithoutNullStreams>();

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oscar-b-'));
  folders.push(folder);
  return folder;
}

/** Ends what tests have left running and removes their folders. For `afterEach`. */
export async function cleanUp(): Promise<void> {
  await Promise.all(
    [...running].map(
      child =>
        new Promise<void>(resolve => {
          child.once('close', () => resolve());
          child.kill('SIGKILL');
        })
    )
  );
  for (const folder of folders.splice(0)) {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface IStartOptions {
  /** Sent as the first line; merged over the defaults. */
  handshake?: Record<string, unknown>;
  /** Sent instead of JSON. */
  line?: string;
  folder?: string;
  /** Run this instead, for instance a wrapper that starts the bridge. */
  command?: (bundle: string) => [string, string[]];
}

/** Starts a bridge as the Jupyter server does, and waits for its answer. The embedded cluster is off unless asked for. */
export async function start(options: IStartOptions = {}): Promise<IBridge> {
  const folder = options.folder ?? temporaryFolder();
  const socket = join(folder, 's');
  const data = join(folder, 'data');
  const [command, args] = options.command?.(bundle()) ?? [process.execPath, [bundle()]];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  running.add(child);
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | string>(resolve =>
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? 'unknown');
    })
  );
  const line =
    options.line ??
    JSON.stringify({ socket, secret: SECRET, data, localCluster: { enabled: false }, ...options.handshake });
  child.stdin.write(`${line}\n`);
  const lines = createInterface({ input: child.stdout });
  const first = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    void ended.then(status => reject(new Error(`The bridge ended with ${status} before it answered: ${log}`)));
  });
  const kill = (signal: NodeJS.Signals): Promise<number | string> => {
    child.kill(signal);
    return ended;
  };
  return {
    child,
    socket,
    data,
    folder,
    answer: JSON.parse(first) as Record<string, unknown>,
    log: () => log,
    call: (path, callOptions) => call(socket, path, callOptions),
    ended,
    stop: () => kill('SIGTERM'),
    kill
  };
}

/** Tries until it gives something, for at most ten seconds. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  milliseconds = 50_000
): Promise<T> {
  for (const began = Date.now(); ;) {
    const found = await probe();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (Date.now() - began > milliseconds) {
      throw new Error(`Waited in vain: ${what}`);
    }
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

export interface IStreamEvent {
  id?: string;
  type: string;
  data: Record<string, unknown>;
}

export interface IEventStream {
  readonly events: IStreamEvent[];
  readonly headers: IncomingHttpHeaders;
  readonly ended: Promise<void>;
  comments(): number;
  /** Waits for an event that has come or will come. */
  next(predicate: (event: IStreamEvent) => boolean): Promise<IStreamEvent>;
  close(): void;
  readonly response: IncomingMessage;
}

/** Opens the event stream and reads it as a browser would. */
export async function openEvents(socketPath: string, lastId?: string): Promise<IEventStream> {
  const response = await send(socketPath, '/v1/events', {
    headers: { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) }
  });
  const events: IStreamEvent[] = [];
  let comments = 0;
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
      );
      if (fields.has('')) {
        comments += 1;
      } else {
        const id = fields.get('id');
        events.push({
          ...(id === undefined ? {} : { id }),
          type: fields.get('event') ?? '',
          data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>
        });
      }
    }
  });
  const ended = new Promise<void>(resolve => response.once('close', () => resolve()));
  response.on('error', () => undefined);
  return {
    events,
    headers: response.headers,
    ended,
    comments: () => comments,
    next: predicate => until('an event', () => events.find(predicate)),
    close: () => response.destroy(),
    response
  };
}
