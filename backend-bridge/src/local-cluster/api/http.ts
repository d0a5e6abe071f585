import type { IncomingMessage, ServerResponse } from 'node:http';
import { GoJsonError, writeGoJson } from './go-json';
import { decodeGo, type GoType, orderGo } from './go-types';

/** Longest body of the JSON routes: a script may have a megabyte, and JSON may double it. */
export const MAX_JSON_BODY = 4 * 1024 * 1024;
/** A client that sends nothing for so long is cut off. */
const BODY_IDLE_MS = 30_000;

/** What a handler answers. Errors are plain text, as the manager's are. */
export interface IReply {
  status: number;
  /** Absent: an empty body without Content-Type. */
  body?: string | Buffer;
  type?: string;
  headers?: Record<string, string>;
}

export const empty = (status: number): IReply => ({ status });
export const text = (status: number, body: string): IReply => ({ status, body, type: 'text/plain; charset=utf-8' });
export const json = (status: number, value: unknown, type?: GoType): IReply =>
  rawJson(status, writeGoJson(type ? orderGo(value, type) : value));
export const rawJson = (status: number, body: string): IReply => ({
  status,
  body,
  type: 'application/json; charset=utf-8'
});

/** Thrown by a handler instead of returned. */
export class ReplyError extends Error {
  constructor(readonly reply: IReply) {
    super(`answers ${reply.status}`);
  }
}

export function fail(status: number, body?: string): never {
  throw new ReplyError(body === undefined ? empty(status) : text(status, body));
}

/** Reads a body whole. @throws ReplyError 413 when it is longer, 408 when the client stalls. */
export function readBody(request: IncomingMessage, limit: number, tooLong?: IReply): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const stalled = (): void =>
      finish(() =>
        reject(
          new ReplyError({ ...text(408, 'the request body did not arrive in time'), headers: { Connection: 'close' } })
        )
      );
    let timer = setTimeout(stalled, BODY_IDLE_MS);
    const finish = (result: () => void): void => {
      clearTimeout(timer);
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('close', onClose);
      result();
    };
    const onData = (part: Buffer): void => {
      clearTimeout(timer);
      timer = setTimeout(stalled, BODY_IDLE_MS);
      size += part.length;
      if (size > limit) {
        // The rest is read away so that the answer reaches a client that is still sending.
        request.resume();
        finish(() =>
          reject(
            new ReplyError({
              ...(tooLong ?? text(413, `the request body is longer than ${limit} bytes`)),
              headers: { Connection: 'close' }
            })
          )
        );
        return;
      }
      parts.push(part);
    };
    const onEnd = (): void => finish(() => resolve(Buffer.concat(parts)));
    const onClose = (): void => finish(() => reject(new ReplyError(empty(400))));
    request.on('data', onData);
    request.once('end', onEnd);
    request.once('close', onClose);
    request.once('error', onClose);
  });
}

/** Reads a JSON body into a shape. @throws ReplyError 400 with `prefix` and Go's words. */
export async function readJson<T>(
  request: IncomingMessage,
  type: GoType,
  prefix: string,
  options: { lonePorts?: boolean } = {}
): Promise<T> {
  const body = await readBody(request, MAX_JSON_BODY);
  try {
    return decodeGo(body.toString('utf8'), type, options) as T;
  } catch (error) {
    if (error instanceof GoJsonError) {
      fail(400, prefix + error.message);
    }
    throw error;
  }
}

export function send(response: ServerResponse, reply: IReply, common: Record<string, string>): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = reply.body === undefined ? undefined : Buffer.from(reply.body as string);
  response.writeHead(reply.status, {
    ...common,
    ...(reply.type === undefined ? {} : { 'Content-Type': reply.type }),
    ...(reply.status === 204 ? {} : { 'Content-Length': String(body?.length ?? 0) }),
    ...reply.headers
  });
  response.end(body);
}

/** Go's `strconv.ParseBool`; anything else is false. */
export function parseBool(value: string | null): boolean {
  return value !== null && ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value);
}

/** RFC 3339 in UTC, whole seconds. */
export function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
