import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IS3Accounts } from '../interfaces';
import { StoreError } from './errors';
import type { IRequester } from './events';
import { decodePath, type ICaller, type ISignedRequest } from './sigv4';
import type { ObjectStore } from './store';

export interface IS3Options {
  store: ObjectStore;
  accounts: IS3Accounts;
  region: string;
  /** Which Host headers are answered, lower case and without port; default: loopback names, see hosts.ts. */
  hosts?: (host: string) => boolean;
  /** Whether a notification's ARN is of something that exists; default: any service name. */
  knownArn?: (arn: string) => boolean;
  /** Defects and refusals, one line each, without secrets. */
  log?: (line: string) => void;
}

/** One request on its way. */
export interface IContext {
  readonly options: IS3Options;
  readonly store: ObjectStore;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly rawPath: string;
  /** '' for the list of buckets. */
  readonly bucket: string;
  /** '' for a bucket. */
  readonly key: string;
  readonly query: Query;
  /** Undefined for a request without a signature. */
  caller: ICaller | undefined;
  signed: ISignedRequest | undefined;
  /** The client holds its body back until it hears "100 Continue". */
  waits: boolean;
}

/** Query parameters in their order; names are as exact as S3's. */
export class Query {
  constructor(readonly pairs: readonly (readonly [string, string])[]) {}

  has(name: string): boolean {
    return this.pairs.some(([other]) => other === name);
  }

  /** '' when absent. */
  get(name: string): string {
    return this.pairs.find(([other]) => other === name)?.[1] ?? '';
  }

  /** @throws StoreError InvalidArgument for what is no number from 0 to `most`; more than `most` counts as `most`. */
  number(name: string, missing: number, most: number): number {
    const text = this.get(name);
    if (text === '') {
      return missing;
    }
    if (!/^\d{1,10}$/.test(text)) {
      throw new StoreError('InvalidArgument', `Argument ${name} must be an integer between 0 and 2147483647`);
    }
    return Math.min(Number(text), most);
  }
}

const NO_QUERY = new Query([]);
const boot = randomBytes(4).readUInt32BE();
let served = 0;

/** 16 hexadecimal digits, as MinIO's. */
export function newRequestId(): string {
  served = (served + 1) >>> 0;
  return (boot.toString(16).padStart(8, '0') + served.toString(16).padStart(8, '0')).toUpperCase();
}

/** @throws StoreError InvalidArgument */
export function parseUrl(url: string): { rawPath: string; bucket: string; key: string; query: Query } {
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  if (!rawPath.startsWith('/')) {
    throw new StoreError('InvalidArgument', 'The request target must be a path.');
  }
  const slash = rawPath.indexOf('/', 1);
  const bucket = decodePath(slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash));
  const key = slash < 0 ? '' : decodePath(rawPath.slice(slash + 1));
  return { rawPath, bucket, key, query: mark < 0 ? NO_QUERY : parseQuery(url.slice(mark + 1)) };
}

function parseQuery(text: string): Query {
  const pairs = text
    .split('&')
    .filter(pair => pair !== '')
    .map(pair => {
      const at = pair.indexOf('=');
      const name = at < 0 ? pair : pair.slice(0, at);
      const value = at < 0 ? '' : pair.slice(at + 1);
      return [decodePath(name.replaceAll('+', ' ')), decodePath(value.replaceAll('+', ' '))] as const;
    });
  return new Query(pairs);
}

/** One value of a header; '' when absent. */
export function header(context: IContext, name: string): string {
  const value = context.request.headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

/** The bytes of the body, which begin to come only now: a request that was refused before has sent none in vain. */
export function startBody(context: IContext): IncomingMessage {
  if (context.waits) {
    context.waits = false;
    context.response.writeContinue();
  }
  return context.request;
}

/** Who asks, for the body of events. */
export function requester(context: IContext): IRequester {
  const { request, store } = context;
  const address = request.socket.remoteAddress ?? '';
  return {
    principal: context.caller?.accessKey ?? '',
    sourceHost: address.startsWith('::ffff:') ? address.slice(7) : address,
    userAgent: header(context, 'user-agent'),
    requestId: context.requestId,
    hostId: store.hostId,
    origin: `http://${header(context, 'host')}`,
    deployment: store.deployment
  };
}
