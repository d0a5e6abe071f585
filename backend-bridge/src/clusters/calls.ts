import { StringDecoder } from 'node:string_decoder';
import { authorization, type AuthOperation, type EndpointAuth } from '../credentials';
import {
  BridgeError,
  isProblem,
  remoteFailure,
  unreachable,
  type HttpClient,
  type IHttpResponse,
  type IHttpStream
} from '../http';

/** Header in which a cluster says what it can do beyond OSCAR. */
const FEATURES_HEADER = 'oscar-features';

export interface ICall {
  method: string;
  path: string;
  /** End of "could not …". */
  what: string;
  body?: unknown;
  timeout?: number;
  idempotent?: boolean;
  signal?: AbortSignal;
  /** Statuses that the caller looks at itself. */
  allow?: number[];
  /** For /job and /run. */
  operation?: AuthOperation;
  token?: string;
  limit?: number;
}

/** Calls of one manager: who asks, what the answer says it can do, and what is said when it says no. */
export class OscarCalls {
  constructor(options: { who: string; http: HttpClient; auth: EndpointAuth }) {
    this.who = options.who;
    this.http = options.http;
    this._auth = options.auth;
  }

  readonly who: string;
  readonly http: HttpClient;

  /** From the last answer. */
  get features(): ReadonlySet<string> {
    return this._features;
  }

  async call(call: ICall): Promise<IHttpResponse> {
    const body =
      call.body === undefined || typeof call.body === 'string' || Buffer.isBuffer(call.body)
        ? call.body
        : JSON.stringify(call.body);
    const response = await this.http.request({
      method: call.method,
      path: call.path,
      headers: await this._headers(call),
      body,
      timeout: call.timeout,
      idempotent: call.idempotent,
      signal: call.signal,
      limit: call.limit
    });
    const told = response.headers[FEATURES_HEADER];
    // A gateway that answers in the place of the cluster says nothing about it.
    if (told !== undefined || response.status < 500) {
      this._features = new Set(
        (told ?? '')
          .split(',')
          .map(item => item.trim())
          .filter(Boolean)
      );
    }
    if (response.status >= 400 && !call.allow?.includes(response.status)) {
      const failure = remoteFailure({
        who: this.who,
        what: call.what,
        status: response.status,
        text: response.body.toString('utf8', 0, 8000)
      });
      if (call.operation && isProblem(failure, 'unauthorized')) {
        throw new BridgeError({
          type: 'unauthorized',
          title: 'The token of the service is not accepted',
          status: 403,
          detail: `${this.who} does not accept the token of this service.`,
          cause: failure.problem.cause,
          action: 'The service may have been created anew: try again.'
        });
      }
      throw failure;
    }
    return response;
  }

  json<T>(response: IHttpResponse): T {
    try {
      return JSON.parse(response.body.toString('utf8')) as T;
    } catch {
      throw this.odd('its answer is no JSON', response.body.toString('utf8', 0, 500));
    }
  }

  /** An answer that no OSCAR gives. */
  odd(what: string, cause?: string): BridgeError {
    return new BridgeError({
      type: 'remote-error',
      title: 'This is no OSCAR cluster',
      status: 502,
      detail: `${this.who} does not answer as an OSCAR cluster does: ${what}.`,
      ...(cause ? { cause } : {}),
      action: 'Check its address.'
    });
  }

  /** Bytes of an answer as text, as they come; stops without an error when the signal says so. */
  async *stream(path: string, what: string, signal?: AbortSignal): AsyncIterable<string> {
    if (signal?.aborted) {
      return;
    }
    let response: IHttpStream;
    try {
      response = await this.http.stream({
        method: 'GET',
        path,
        headers: await this._headers({}),
        signal,
        timeout: 60_000
      });
    } catch (error) {
      if (signal?.aborted) {
        return;
      }
      throw error;
    }
    if (response.status === 404) {
      response.body.destroy();
      return;
    }
    const decoder = new StringDecoder('utf8');
    try {
      if (response.status >= 400) {
        let text = '';
        for await (const chunk of response.body) {
          text += decoder.write(chunk as Buffer);
          if (text.length > 4000) {
            break;
          }
        }
        throw remoteFailure({ who: this.who, what, status: response.status, text });
      }
      for await (const chunk of response.body) {
        const text = decoder.write(chunk as Buffer);
        if (text) {
          yield text;
        }
      }
      const rest = decoder.end();
      if (rest) {
        yield rest;
      }
    } catch (error) {
      if (!signal?.aborted) {
        throw error instanceof BridgeError
          ? error
          : unreachable(this.who, (error as NodeJS.ErrnoException).code ?? 'ECONNRESET', String(error));
      }
    } finally {
      response.body.destroy();
    }
  }

  private async _headers(call: Pick<ICall, 'operation' | 'token'>): Promise<Record<string, string>> {
    return { Authorization: authorization(await this._auth.getAuth(call.operation ?? 'system', call.token)) };
  }

  private readonly _auth: EndpointAuth;
  private _features: ReadonlySet<string> = new Set();
}
