import { BridgeClient } from '../bridge/client';
import type { ITransport } from '../bridge/transport';
import type { Cluster, Job, Service } from '../contract';

/** An answer of the fake server: a body, or a function that makes it from the request. */
export type Answer = unknown | ((request: IRequest) => unknown | Promise<unknown>);

export interface IRequest {
  method: string;
  /** With the query, without `v1/`. */
  path: string;
  body: unknown;
  init: RequestInit;
}

/** A failure with this status and problem document. */
export class Failure {
  constructor(
    readonly status: number,
    readonly problem: Record<string, unknown> = {}
  ) {}
}

/**
 * The one HTTP seam of the page, answered from a table `METHOD path` → body. What is not in the table is a 404.
 */
export class FakeServer implements ITransport {
  readonly requests: IRequest[] = [];
  readonly streams: EventSource[] = [];
  routes: Record<string, Answer> = {
    'GET bridge': { state: 'running' },
    'GET status': { version: '0.1.0', node: 'v24', pid: 1, boot: 'b', uptime: 1, data: '/d', running: 0, clusters: [] },
    'GET clusters': { items: [] },
    'GET operations': { items: [] },
    'GET examples': { items: [] }
  };

  url(path: string): string {
    return `http://test/user/a%40b/jupyterlab-oscar/${path}`;
  }

  async request(path: string, init: RequestInit): Promise<Response> {
    const method = init.method ?? 'GET';
    const short = path.replace(/^v1\//, '');
    const body = typeof init.body === 'string' ? parse(init.body) : init.body;
    const request = { method, path: short, body, init };
    this.requests.push(request);
    if (short === 'events') {
      const stream = new EventSource(init);
      this.streams.push(stream);
      return stream.response;
    }
    const route = this.routes[`${method} ${short}`] ?? this.routes[`${method} ${short.split('?')[0]}`];
    const answer: unknown = typeof route === 'function' ? await (route as (r: IRequest) => unknown)(request) : route;
    if (answer === undefined) {
      return respond(404, { type: 'urn:test:not-found', title: 'Not found', detail: `${method} ${short}` });
    }
    return answer instanceof Failure
      ? respond(answer.status, { type: 'urn:test', title: 'Failed', detail: '', ...answer.problem })
      : respond(200, answer);
  }

  /** Requests of this kind, as `METHOD path`. */
  count(what: string): number {
    return this.requests.filter(request => `${request.method} ${request.path}` === what).length;
  }

  /** The stream that was opened last. */
  get stream(): EventSource {
    return this.streams[this.streams.length - 1];
  }

  client(): BridgeClient {
    return new BridgeClient({ transport: this });
  }
}

/** One connection of the event stream, seen from the server. */
export class EventSource {
  constructor(init: RequestInit) {
    this.lastEventId = (init.headers as Record<string, string>)['Last-Event-ID'];
    const body = new ReadableStream<Uint8Array>({ start: controller => void (this._controller = controller) });
    this.response = { ok: true, status: 200, body } as unknown as Response;
    init.signal?.addEventListener('abort', () => {
      this.closed = true;
    });
  }

  readonly response: Response;
  readonly lastEventId: string | undefined;
  closed = false;

  send(event: string, data: unknown, id = `b-${++this._seq}`): void {
    this.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  write(text: string): void {
    this._controller?.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this._controller?.close();
  }

  private _controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  private _seq = 0;
}

/** A document of which the tests say whether it can be seen. */
export class FakeDocument extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';

  show(visible: boolean): void {
    this.visibilityState = visible ? 'visible' : 'hidden';
    this.dispatchEvent(new Event('visibilitychange'));
  }

  asDocument(): Document {
    return this as unknown as Document;
  }
}

export function cluster(change: Partial<Cluster> = {}): Cluster {
  return {
    id: 'local',
    endpoint: 'http://127.0.0.1:9000',
    state: 'ready',
    features: [],
    current: true,
    removable: false,
    ...change
  };
}

export function service(name: string, change: Partial<Service> = {}): Service {
  return {
    name,
    cluster: 'local',
    image: 'example/image',
    cpu: '1',
    memory: '1Gi',
    gpu: false,
    exposed: false,
    state: 'ready',
    input: [],
    output: [],
    visibility: 'private',
    owner: 'oscar',
    ...change
  };
}

export function job(id: string, change: Partial<Job> = {}): Job {
  return { id, kind: 'service', cluster: 'local', service: 'ocr', state: 'running', ...change };
}

/** Wait until `check` does not throw. */
export async function until(check: () => void, timeout = 5000): Promise<void> {
  const end = Date.now() + timeout;
  for (;;) {
    try {
      check();
      return;
    } catch (reason) {
      if (Date.now() > end) {
        throw reason;
      }
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function respond(status: number, body: unknown): Response {
  const text = JSON.stringify(body);
  return {
    ok: status < 400,
    status,
    text: async () => text,
    json: async () => JSON.parse(text) as unknown,
    blob: async () => new Blob([text])
  } as unknown as Response;
}
