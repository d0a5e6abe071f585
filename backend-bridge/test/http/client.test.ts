import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { HttpClient, isProblem, remoteFailure } from '../../src/http';

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server that does what a test tells it to, and remembers who called. */
class Liar {
  readonly seen: { method: string; url: string; authorization?: string }[] = [];
  answer: Answer = (_request, response) => response.end('ok');

  async start(): Promise<void> {
    this._server = createServer((request, response) => {
      this.seen.push({
        method: request.method ?? '',
        url: request.url ?? '',
        authorization: request.headers.authorization
      });
      this.answer(request, response, this.seen.length);
    });
    await new Promise<void>(resolve => this._server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this._server.address() as AddressInfo).port;
  }

  get base(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  stop(): Promise<void> {
    this._server.closeAllConnections();
    return new Promise(resolve => this._server.close(() => resolve()));
  }

  private _server!: Server;
}

describe('the HTTP client', () => {
  let liar: Liar;
  let client: HttpClient;

  beforeEach(async () => {
    liar = new Liar();
    await liar.start();
    client = new HttpClient({ base: liar.base, who: 'the cluster "x"', timeout: 2000 });
  });

  afterEach(async () => {
    client.dispose();
    await liar.stop();
  });

  it('tries reads again after errors that pass', async () => {
    liar.answer = (_request, response, count) => {
      response.statusCode = count < 3 ? 503 : 200;
      response.end(`answer ${count}`);
    };
    const answer = await client.request({ method: 'GET', path: '/x' });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe('answer 3');
  });

  it('tries reads again after a cut connection', async () => {
    liar.answer = (request, response, count) => (count < 3 ? request.socket.destroy() : response.end('there'));
    expect((await client.request({ method: 'GET', path: '/x' })).body.toString()).toBe('there');
    expect(liar.seen).toHaveLength(3);
  });

  it('sends what changes something once only', async () => {
    liar.answer = (_request, response) => {
      response.statusCode = 503;
      response.end();
    };
    expect((await client.request({ method: 'POST', path: '/job', body: '{}' })).status).toBe(503);
    liar.answer = request => request.socket.destroy();
    await expect(client.request({ method: 'POST', path: '/job', body: '{}' })).rejects.toMatchObject({
      problem: { type: expect.stringMatching(/:unreachable$/) as unknown }
    });
    expect(liar.seen).toHaveLength(2);
  });

  it('does not try again what is no passing error', async () => {
    liar.answer = (_request, response) => {
      response.statusCode = 500;
      response.end();
    };
    expect((await client.request({ method: 'GET', path: '/x' })).status).toBe(500);
    expect(liar.seen).toHaveLength(1);
  });

  it('does not wait for ever', async () => {
    liar.answer = () => undefined;
    const began = Date.now();
    await expect(client.request({ method: 'POST', path: '/x', timeout: 200 })).rejects.toMatchObject({
      problem: { detail: expect.stringContaining('did not answer in time') as unknown }
    });
    expect(Date.now() - began).toBeLessThan(1500);
  });

  it('does not wait for an answer that drips', async () => {
    let timer: NodeJS.Timeout | undefined;
    liar.answer = (_request, response) => {
      response.writeHead(200);
      timer = setInterval(() => response.write('.'), 20);
      response.once('close', () => clearInterval(timer));
    };
    await expect(client.request({ method: 'POST', path: '/x', timeout: 300 })).rejects.toMatchObject({
      problem: { status: 502 }
    });
    clearInterval(timer);
  });

  it('stops when it is told to', async () => {
    liar.answer = () => undefined;
    const abort = new AbortController();
    const call = client.request({ method: 'GET', path: '/x', signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ problem: { title: 'Cancelled' } });
  });

  it('takes no credentials to another host', async () => {
    const other = new Liar();
    await other.start();
    try {
      liar.answer = (_request, response) => {
        response.writeHead(302, { Location: `${other.base}/steal` });
        response.end();
      };
      for (const method of ['GET', 'POST']) {
        await expect(
          client.request({ method, path: '/x', headers: { Authorization: 'Basic c2VjcmV0OnNlY3JldA==' } })
        ).rejects.toMatchObject({
          problem: { title: 'Sent elsewhere', detail: expect.stringContaining(other.base) as unknown }
        });
      }
      expect(other.seen).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  it('follows a redirect on the same host, for reads only', async () => {
    liar.answer = (request, response) => {
      if (request.url === '/system/config/') {
        response.writeHead(request.method === 'GET' ? 301 : 307, { Location: '/system/config' });
        response.end('<a href="/system/config">Moved Permanently</a>.');
      } else {
        response.end('here');
      }
    };
    expect(
      (
        await client.request({ method: 'GET', path: '/system/config/', headers: { Authorization: 'Basic eA==' } })
      ).body.toString()
    ).toBe('here');
    expect(liar.seen[1]).toMatchObject({ url: '/system/config', authorization: 'Basic eA==' });
    await expect(client.request({ method: 'PUT', path: '/system/config/', body: '{}' })).rejects.toMatchObject({
      problem: { title: 'Sent elsewhere' }
    });
  });

  it('reads answers up to a limit', async () => {
    liar.answer = (_request, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) {
          // Until the reader is slow.
        }
      };
      response.on('drain', more);
      more();
    };
    await expect(client.request({ method: 'GET', path: '/x', limit: 1024 * 1024 })).rejects.toMatchObject({
      problem: { title: 'The answer is too large' }
    });
  });

  it('hands a stream on as it comes', async () => {
    let sent: Socket | undefined;
    liar.answer = (request, response) => {
      sent = request.socket;
      response.write('first');
    };
    const answer = await client.stream({ method: 'GET', path: '/log' });
    const iterator = answer.body[Symbol.asyncIterator]();
    expect(String((await iterator.next()).value)).toBe('first');
    answer.body.destroy();
    sent?.destroy();
  });

  it('says what is wrong with an address', async () => {
    const port = liar.port;
    await liar.stop();
    const gone = new HttpClient({ base: `http://127.0.0.1:${port}`, who: 'the cluster "x"' });
    await expect(gone.request({ method: 'POST', path: '/' })).rejects.toMatchObject({
      problem: {
        type: 'urn:jupyterlab-oscar:problem:unreachable',
        status: 502,
        detail: 'The cluster "x" cannot be reached: nothing listens there.',
        action: expect.any(String) as unknown
      }
    });
    await liar.start();
  });
});

describe('failures of the remote', () => {
  it.each([
    [401, '', 'unauthorized'],
    [403, 'User x', 'forbidden'],
    [404, '', 'not-found'],
    [409, 'taken', 'conflict'],
    [400, 'A service with the provided name already exists', 'conflict'],
    [400, 'The service specification is not valid: x', 'invalid'],
    [502, '', 'unreachable'],
    [500, 'panic', 'remote-error']
  ])('%s %s is %s', (status, text, type) => {
    const failure = remoteFailure({ who: 'the cluster', what: 'do it', status, text });
    expect(isProblem(failure, type)).toBe(true);
  });

  it('shows what the remote said without its secrets', () => {
    const failure = remoteFailure({
      who: 'the cluster',
      what: 'do it',
      status: 500,
      text: `token ${'a1'.repeat(32)} is bad, "secret_key":"hunter2hunter2"`
    });
    expect(failure.problem.cause).not.toMatch(/a1a1|hunter2/);
    expect(failure.problem.cause).toContain('is bad');
  });
});
