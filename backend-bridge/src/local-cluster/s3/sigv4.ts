import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { IS3Accounts } from '../interfaces';
import { StoreError } from './errors';

const SKEW_MS = 15 * 60 * 1000;
const MAX_EXPIRES = 604_800;
const ALGORITHM = 'AWS4-HMAC-SHA256';
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
export const UNSIGNED = 'UNSIGNED-PAYLOAD';

/** HMAC-SHA256 with a key that is used again and again: two plain hashes cost a fraction of Node's key objects. */
export class SigningKey {
  constructor(key: Buffer) {
    this._inner = Buffer.alloc(64, 0x36);
    this._outer = Buffer.alloc(96, 0x5c);
    for (let n = 0; n < key.length; n++) {
      this._inner[n] ^= key[n];
      this._outer[n] ^= key[n];
    }
  }

  /** Hexadecimal. */
  sign(text: string): string {
    const inner = Buffer.concat([this._inner, Buffer.from(text)]);
    hash('sha256', inner, 'buffer').copy(this._outer, 64);
    return hash('sha256', this._outer, 'hex');
  }

  private readonly _inner: Buffer;
  /** The padded key, then room for the inner hash. */
  private readonly _outer: Buffer;
}

/** Who is asking; `undefined` account: nobody said who they are. */
export interface ICaller {
  accessKey: string;
  principal: string;
  admin: boolean;
}

export interface ISignedRequest {
  caller: ICaller;
  /** What x-amz-content-sha256 says of the body. */
  payload: string;
  /** For signed chunks. */
  seed: { key: SigningKey; date: string; scope: string; signature: string };
}

/** The parts of a request that a signature covers. */
export interface IRequestParts {
  method: string;
  /** As it came, still percent-encoded, without the query. */
  rawPath: string;
  /** Decoded, in the order in which they came. */
  query: readonly (readonly [string, string])[];
  headers: IncomingMessage['headers'];
  /** Names and values as they came, in turn. */
  rawHeaders: readonly string[];
}

interface ICredential {
  accessKey: string;
  day: string;
  region: string;
  scope: string;
}

/**
 * Checks a signature in the header or in the query.
 *
 * @returns undefined for a request without one
 * @throws StoreError with S3's code for all that is wrong with it
 */
export function verifyRequest(
  request: IRequestParts,
  accounts: IS3Accounts,
  region: string,
  now: number = Date.now()
): ISignedRequest | undefined {
  const header = request.headers.authorization;
  const query = request.query.length === 0 ? undefined : new Map(request.query);
  if (query?.has('X-Amz-Signature') || query?.has('X-Amz-Credential') || query?.has('X-Amz-Algorithm')) {
    if (header !== undefined) {
      throw new StoreError(
        'InvalidArgument',
        'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified'
      );
    }
    return verifyPresigned(request, query, accounts, region, now);
  }
  if (header === undefined) {
    return undefined;
  }
  return verifyHeader(request, header, accounts, region, now);
}

function verifyHeader(
  request: IRequestParts,
  header: string,
  accounts: IS3Accounts,
  region: string,
  now: number
): ISignedRequest {
  if (!header.startsWith(`${ALGORITHM} `)) {
    throw new StoreError(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.'
    );
  }
  const fields = new Map(
    header
      .slice(ALGORITHM.length)
      .split(',')
      .map(field => {
        const at = field.indexOf('=');
        return [field.slice(0, at).trim(), field.slice(at + 1).trim()] as const;
      })
  );
  const signature = fields.get('Signature') ?? '';
  const signedHeaders = fields.get('SignedHeaders') ?? '';
  if (signature === '' || signedHeaders === '') {
    throw new StoreError('AuthorizationHeaderMalformed');
  }
  const credential = parseCredential(fields.get('Credential') ?? '', region, 'AuthorizationHeaderMalformed');
  const date = oneValue(request.headers['x-amz-date']) ?? amzDate(request.headers.date);
  const time = date === undefined ? NaN : parseAmzDate(date);
  if (date === undefined || Number.isNaN(time)) {
    throw new StoreError('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  if (Math.abs(now - time) > SKEW_MS) {
    throw new StoreError('RequestTimeTooSkewed');
  }
  if (!date.startsWith(credential.day)) {
    throw new StoreError('SignatureDoesNotMatch');
  }
  // As MinIO: a client that says nothing of its body (older curl) signs that of no body, and the bytes go unchecked.
  const said = oneValue(request.headers['x-amz-content-sha256']);
  const payload = said ?? EMPTY_SHA256;
  const names = checkSignedHeaders(request, signedHeaders);
  const { caller, key } = account(accounts, credential);
  const text = stringToSign(canonicalRequest(request, request.query, names, payload), date, credential.scope);
  compare(key.sign(text), signature);
  return { caller, payload: said ?? UNSIGNED, seed: { key, date, scope: credential.scope, signature } };
}

function verifyPresigned(
  request: IRequestParts,
  query: Map<string, string>,
  accounts: IS3Accounts,
  region: string,
  now: number
): ISignedRequest {
  const need = (name: string): string => {
    const value = query.get(name);
    if (value === undefined || value === '') {
      throw new StoreError(
        'AuthorizationQueryParametersError',
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.'
      );
    }
    return value;
  };
  if (need('X-Amz-Algorithm') !== ALGORITHM) {
    throw new StoreError('AuthorizationQueryParametersError', 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  }
  const credential = parseCredential(need('X-Amz-Credential'), region, 'AuthorizationQueryParametersError');
  const date = need('X-Amz-Date');
  const time = parseAmzDate(date);
  const expires = Number(need('X-Amz-Expires'));
  const signature = need('X-Amz-Signature');
  const signedHeaders = need('X-Amz-SignedHeaders');
  if (Number.isNaN(time) || !date.startsWith(credential.day)) {
    throw new StoreError(
      'AuthorizationQueryParametersError',
      "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
    );
  }
  if (!Number.isInteger(expires) || expires < 0) {
    throw new StoreError('AuthorizationQueryParametersError', 'X-Amz-Expires must be a non-negative number');
  }
  if (expires > MAX_EXPIRES) {
    throw new StoreError(
      'AuthorizationQueryParametersError',
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds'
    );
  }
  if (time - now > SKEW_MS) {
    throw new StoreError('AccessDenied', 'Request is not valid yet');
  }
  const names = checkSignedHeaders(request, signedHeaders);
  const { caller, key } = account(accounts, credential);
  const payload = query.get('X-Amz-Content-Sha256') ?? oneValue(request.headers['x-amz-content-sha256']) ?? UNSIGNED;
  if (now > time + expires * 1000) {
    throw new StoreError('AccessDenied', 'Request has expired');
  }
  const signed = request.query.filter(([name]) => name !== 'X-Amz-Signature');
  const text = stringToSign(canonicalRequest(request, signed, names, payload), date, credential.scope);
  compare(key.sign(text), signature);
  return { caller, payload, seed: { key, date, scope: credential.scope, signature } };
}

/** Signature of a browser form: over the base64 of its policy. */
export function verifyPolicy(
  policy: string,
  fields: ReadonlyMap<string, string>,
  accounts: IS3Accounts,
  region: string
): ICaller {
  if (fields.get('x-amz-algorithm') !== ALGORITHM) {
    throw new StoreError('AccessDenied', 'Only forms signed with AWS4-HMAC-SHA256 are accepted.');
  }
  const credential = parseCredential(fields.get('x-amz-credential') ?? '', region, 'AccessDenied');
  const { caller, key } = account(accounts, credential);
  compare(key.sign(policy), fields.get('x-amz-signature') ?? '');
  return caller;
}

/** Signature of one chunk: chained to the one before. */
export function chunkSignature(seed: ISignedRequest['seed'], previous: string, data: string): string {
  return seed.key.sign(`${ALGORITHM}-PAYLOAD\n${seed.date}\n${seed.scope}\n${previous}\n${EMPTY_SHA256}\n${data}`);
}

export function trailerSignature(seed: ISignedRequest['seed'], previous: string, trailers: string): string {
  return seed.key.sign(
    `${ALGORITHM}-TRAILER\n${seed.date}\n${seed.scope}\n${previous}\n${hash('sha256', trailers, 'hex')}`
  );
}

/** @throws StoreError SignatureDoesNotMatch; takes the same time wherever they differ. */
export function compare(computed: string, given: string): void {
  const right = Buffer.from(computed, 'hex');
  const left = Buffer.from(given, 'hex');
  if (given.length !== 64 || left.length !== right.length || !timingSafeEqual(left, right)) {
    throw new StoreError('SignatureDoesNotMatch');
  }
}

function account(accounts: IS3Accounts, credential: ICredential): { caller: ICaller; key: SigningKey } {
  const found = accounts.lookup(credential.accessKey);
  if (found === undefined) {
    throw new StoreError('InvalidAccessKeyId');
  }
  return {
    caller: { accessKey: credential.accessKey, principal: found.principal, admin: found.admin },
    key: signingKey(found.secretKey, credential)
  };
}

function parseCredential(text: string, region: string, code: string): ICredential {
  const parts = text.split('/');
  const [day, scopeRegion, service, end] = parts.slice(-4);
  const accessKey = parts.slice(0, -4).join('/');
  if (parts.length < 5 || accessKey === '' || !/^\d{8}$/.test(day)) {
    throw new StoreError(
      code,
      'The Credential is malformed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
    );
  }
  if (service !== 's3' || end !== 'aws4_request') {
    throw new StoreError(code, 'The Credential should be scoped to the service "s3" and end in "aws4_request".');
  }
  // A server without a region, as the recorded one, takes what the client has; ours takes its own name as well.
  if (region !== '' && scopeRegion !== region && scopeRegion !== 'us-east-1' && scopeRegion !== '') {
    throw new StoreError(code, `The region '${scopeRegion.slice(0, 40)}' is wrong; expecting '${region}'`);
  }
  return { accessKey, day, region: scopeRegion, scope: `${day}/${scopeRegion}/s3/aws4_request` };
}

/** Every x-amz header that came must be signed, and every signed one must have come. */
function checkSignedHeaders(request: IRequestParts, list: string): string[] {
  const names = list.split(';');
  const signed = new Set(names);
  const unsigned = Object.keys(request.headers).some(
    name => name.startsWith('x-amz-') && !signed.has(name) && name !== 'x-amz-content-sha256'
  );
  const absent = names.some(name => request.headers[name] === undefined);
  if (!signed.has('host') || unsigned || absent) {
    throw new StoreError('AccessDenied', 'There were headers present in the request which were not signed', 400);
  }
  return names;
}

function canonicalRequest(
  request: IRequestParts,
  query: readonly (readonly [string, string])[],
  names: string[],
  payload: string
): string {
  const pairs = query
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => (nameA === nameB ? order(valueA, valueB) : order(nameA, nameB)))
    .map(([name, value]) => `${name}=${value}`);
  const headers = names.map(name => `${name}:${headerValue(request, name)}\n`).join('');
  return `${request.method}\n${canonicalPath(request.rawPath)}\n${pairs.join('&')}\n${headers}\n${names.join(';')}\n${payload}`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function headerValue(request: IRequestParts, name: string): string {
  const value = request.headers[name];
  if (typeof value === 'string' && !/ {2}|^ | $/.test(value)) {
    // Node joins repeated headers with ", ", the signature knows "," between them.
    return value.includes(', ') ? repeated(request, name) : value;
  }
  return repeated(request, name);
}

function repeated(request: IRequestParts, name: string): string {
  const values: string[] = [];
  for (let n = 0; n < request.rawHeaders.length; n += 2) {
    if (request.rawHeaders[n].toLowerCase() === name) {
      values.push(request.rawHeaders[n + 1].trim().replace(/ +/g, ' '));
    }
  }
  return values.join(',');
}

/** Decoded and encoded again: clients differ in what they leave as it is. */
function canonicalPath(rawPath: string): string {
  if (/^[A-Za-z0-9/._~-]*$/.test(rawPath)) {
    return rawPath;
  }
  return decodePath(rawPath).split('/').map(encode).join('/');
}

/** @throws StoreError InvalidArgument for what is no UTF-8 */
export function decodePath(rawPath: string): string {
  try {
    return decodeURIComponent(rawPath);
  } catch {
    throw new StoreError('InvalidArgument', 'The path is not valid percent-encoded UTF-8.');
  }
}

function encode(text: string): string {
  if (/^[A-Za-z0-9._~-]*$/.test(text)) {
    return text;
  }
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  );
}

function stringToSign(canonical: string, date: string, scope: string): string {
  // Node reads headers as Latin-1: as such they are again the bytes that came, and that the client signed.
  return `${ALGORITHM}\n${date}\n${scope}\n${hash('sha256', Buffer.from(canonical, 'latin1'), 'hex')}`;
}

/** One entry a key and day: four rounds saved with each request. */
const keys = new Map<string, SigningKey>();
const MAX_KEYS = 200;

function signingKey(secret: string, { day, region }: ICredential): SigningKey {
  const name = `${secret}\n${day}\n${region}`;
  let key = keys.get(name);
  if (key === undefined) {
    key = new SigningKey(hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request'));
    if (keys.size >= MAX_KEYS) {
      keys.clear();
    }
    keys.set(name, key);
  }
  return key;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function oneValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function amzDate(date: string | undefined): string | undefined {
  const time = date === undefined ? NaN : Date.parse(date);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** A busy client signs many requests in the same second. */
const lastDate = { text: '', time: NaN };

function parseAmzDate(text: string): number {
  if (text !== lastDate.text) {
    const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
    lastDate.time =
      match === null ? NaN : Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`);
    lastDate.text = text;
  }
  return lastDate.time;
}
