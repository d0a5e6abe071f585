import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import axios, { AxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import { BridgeError } from './errors';
import { isNetworkCode, unreachable } from './failures';

export interface IHttpOptions {
  /** http(s)://host[:port][/path] */
  base: string;
  /** How errors name the endpoint, for instance `cluster "edge"`. */
  who: string;
  /** PEM text of the authority. */
  ca?: string;
  /** Do not check the certificate. */
  insecure?: boolean;
  /** Milliseconds until the whole answer must be there; default 30 000. */
  timeout?: number;
}

export interface IHttpRequest {
  method: string;
  /** Path below the base, already encoded, with its query. */
  path: string;
  headers?: Record<string, string>;
  /** A stream is sent once: such a call is never tried again. */
  body?: string | Buffer | Readable;
  /** Milliseconds for the whole call; 0: none. */
  timeout?: number;
  signal?: AbortSignal;
  /** Default: true for GET and HEAD. */
  idempotent?: boolean;
  /** Bytes of an answer that are read at most; default 64 MiB. */
  limit?: number;
  /** Hand redirects and encoded bodies to the caller as they are: for calls that are only passed on. */
  passThrough?: boolean;
}

export interface IHttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

export interface IHttpStream {
  status: number;
  headers: Record<string, string>;
  body: Readable;
}

export interface IUpgraded {
  response: IncomingMessage;
  /** The connection, once it speaks the other protocol, and what came with the answer. */
  socket?: Duplex;
  head?: Buffer;
}

const RETRIED_STATUSES = new Set([429, 502, 503, 504]);
const TRIES = 4;
const DEFAULT_TIMEOUT = 30_000;
const DEFAULT_LIMIT = 64 * 1024 * 1024;

/** Hosts that are never reached through a proxy. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || /^127\./.test(host) || host === '[::1]';
}

/**
 * The HTTP client of one endpoint.
 *
 * - Answers of every status are returned; only the lack of an answer is an error (a problem of type `unreachable`).
 * - Calls that change nothing are tried again, with growing random pauses, after network errors and 429, 502, 503, 504.
 * - Redirects are followed on the same host by GET and HEAD only: credentials never travel to another host, and a write is
 *   never turned into a read.
 * - Answers are read up to a limit.
 */
export class HttpClient {
  constructor(options: IHttpOptions) {
    this.base = options.base.replace(/\/+$/, '');
    this._who = options.who;
    this._timeout = options.timeout ?? DEFAULT_TIMEOUT;
    const tls = { ca: options.ca, rejectUnauthorized: !options.insecure };
    const url = new URL(this.base);
    this._origin = url.origin;
    this._httpAgent = new HttpAgent({ keepAlive: true, maxSockets: 64 });
    this._httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: 64, ...tls });
    // A kept connection may just be closing: a call that must not be sent twice gets one of its own.
    this._freshHttpAgent = new HttpAgent({ keepAlive: false });
    this._freshHttpsAgent = new HttpsAgent({ keepAlive: false, ...tls });
    this._axios = axios.create({
      validateStatus: () => true,
      transformResponse: data => data as unknown,
      maxBodyLength: Infinity,
      ...(isLoopback(url.hostname) ? { proxy: false as const } : {}),
      headers: { common: { Accept: '*/*', 'User-Agent': 'jupyterlab-oscar' } }
    });
  }

  readonly base: string;

  /** One call, its whole answer in memory. */
  async request(request: IHttpRequest): Promise<IHttpResponse> {
    const limit = request.limit ?? DEFAULT_LIMIT;
    const response = await this._send(request, 'arraybuffer', limit);
    return { status: response.status, headers: headersOf(response), body: Buffer.from(response.data as ArrayBuffer) };
  }

  /** One call, its answer as a stream; the timeout counts until the first byte. */
  async stream(request: IHttpRequest): Promise<IHttpStream> {
    const response = await this._send(request, 'stream', Infinity);
    return { status: response.status, headers: headersOf(response), body: response.data as Readable };
  }

  /**
   * Asks for a WebSocket, on a connection of its own. An answer without `socket` is a plain one: the other end does not speak
   * the protocol, or refuses.
   *
   * @param path below the base, already encoded; sent as it is
   * @throws BridgeError `unreachable`
   */
  upgrade(path: string, headers: Record<string, string>, signal?: AbortSignal): Promise<IUpgraded> {
    const { protocol, hostname, port, pathname } = new URL(this.base);
    const secure = protocol === 'https:';
    return new Promise((resolve, reject) => {
      (secure ? httpsRequest : httpRequest)({
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port,
        path: pathname.replace(/\/+$/, '') + path,
        headers: { ...headers, Connection: 'Upgrade', Upgrade: 'websocket' },
        agent: secure ? this._freshHttpsAgent : this._freshHttpAgent,
        signal
      })
        .once('upgrade', (response, socket, head) => resolve({ response, socket, head }))
        .once('response', response => resolve({ response }))
        .once('error', (error: NodeJS.ErrnoException) => reject(unreachable(this._who, error.code, error.message)))
        .end();
    });
  }

  dispose(): void {
    this._httpAgent.destroy();
    this._httpsAgent.destroy();
  }

  private async _send(
    request: IHttpRequest,
    responseType: 'arraybuffer' | 'stream',
    limit: number
  ): Promise<AxiosResponse> {
    const reads = request.method === 'GET' || request.method === 'HEAD';
    const idempotent =
      (request.idempotent ?? reads) &&
      (request.body === undefined || typeof request.body === 'string' || Buffer.isBuffer(request.body));
    for (let attempt = 1; ; attempt++) {
      const last = !idempotent || attempt >= TRIES;
      try {
        const response = await this._once(request, responseType, limit, reads, idempotent);
        if (last || !RETRIED_STATUSES.has(response.status)) {
          return request.passThrough ? response : this._withoutRedirect(response, request);
        }
        if (responseType === 'stream') {
          (response.data as Readable).destroy();
        }
        await this._pause(attempt, request.signal, headersOf(response)['retry-after']);
      } catch (error) {
        const code = error instanceof AxiosError ? error.code : undefined;
        if (error instanceof BridgeError || request.signal?.aborted || last || !isNetworkCode(code)) {
          throw this._problem(error, request);
        }
        await this._pause(attempt, request.signal);
      }
    }
  }

  private async _once(
    request: IHttpRequest,
    responseType: 'arraybuffer' | 'stream',
    limit: number,
    reads: boolean,
    idempotent: boolean
  ): Promise<AxiosResponse> {
    const timeout = request.timeout ?? this._timeout;
    const late = new AbortController();
    const timer = timeout > 0 ? setTimeout(() => late.abort(), timeout) : undefined;
    const signals = request.signal ? [request.signal, late.signal] : [late.signal];
    try {
      return await this._axios.request({
        method: request.method,
        url: this.base + request.path,
        headers: { ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }), ...request.headers },
        data: request.body,
        responseType,
        maxContentLength: limit === Infinity ? -1 : limit,
        signal: AbortSignal.any(signals),
        httpAgent: idempotent ? this._httpAgent : this._freshHttpAgent,
        httpsAgent: idempotent ? this._httpsAgent : this._freshHttpsAgent,
        maxRedirects: reads && !request.passThrough ? 3 : 0,
        decompress: !request.passThrough,
        beforeRedirect: (options: Record<string, unknown>) => {
          const target = String(options['href'] ?? '');
          if (new URL(target, this.base).origin !== this._origin) {
            throw this._redirected(target);
          }
        }
      });
    } catch (error) {
      if (late.signal.aborted && !request.signal?.aborted) {
        throw new AxiosError(`no answer within ${Math.round(timeout / 1000)} s`, 'ETIMEDOUT');
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private _withoutRedirect(response: AxiosResponse, request: IHttpRequest): AxiosResponse {
    if (response.status >= 300 && response.status < 400 && response.status !== 304) {
      throw this._redirected(headersOf(response)['location'] ?? request.path);
    }
    return response;
  }

  private _redirected(target: string): BridgeError {
    let where = 'another address';
    try {
      where = new URL(target, this.base).origin;
    } catch {
      // An address that cannot be read is not worth showing.
    }
    return new BridgeError({
      type: 'unreachable',
      title: 'Sent elsewhere',
      status: 502,
      detail: `${this._who} sends the call on to ${where}; credentials are not taken there.`,
      action: 'If that is the right address, add the cluster again with it.'
    });
  }

  private _problem(error: unknown, request: IHttpRequest): unknown {
    if (request.signal?.aborted) {
      return new BridgeError({ type: 'cancelled', title: 'Cancelled', status: 499, detail: 'The call was cancelled.' });
    }
    if (error instanceof AxiosError) {
      // A refused redirect comes wrapped, once or twice.
      for (
        let inner: unknown = error.cause, depth = 0;
        inner instanceof Error && depth < 5;
        inner = inner.cause, depth++
      ) {
        if (inner instanceof BridgeError) {
          return inner;
        }
      }
      if (/maxContentLength/.test(error.message)) {
        return new BridgeError({
          type: 'remote-error',
          title: 'The answer is too large',
          status: 502,
          detail: `${this._who} answered more than ${Math.round((request.limit ?? DEFAULT_LIMIT) / 1024 / 1024)} MB, which is not read.`,
          action: 'Let the service write its output to its bucket, and read it from there.'
        });
      }
      return unreachable(this._who, error.code, error.message);
    }
    return error;
  }

  private async _pause(attempt: number, signal?: AbortSignal, retryAfter?: string): Promise<void> {
    const asked = Number(retryAfter);
    const base = 150 * 2 ** (attempt - 1);
    const pause = Number.isFinite(asked) && asked > 0 ? Math.min(asked * 1000, 5000) : base / 2 + Math.random() * base;
    try {
      await delay(pause, undefined, { signal });
    } catch {
      throw new BridgeError({ type: 'cancelled', title: 'Cancelled', status: 499, detail: 'The call was cancelled.' });
    }
  }

  private readonly _who: string;
  private readonly _timeout: number;
  private readonly _origin: string;
  private readonly _axios: AxiosInstance;
  private readonly _httpAgent: HttpAgent;
  private readonly _httpsAgent: HttpsAgent;
  private readonly _freshHttpAgent: HttpAgent;
  private readonly _freshHttpsAgent: HttpsAgent;
}

function headersOf(response: AxiosResponse): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers as Record<string, unknown>)) {
    result[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value);
  }
  return result;
}
