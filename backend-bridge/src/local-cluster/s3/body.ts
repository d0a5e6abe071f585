import { createHash, hash, type Hash } from 'node:crypto';
import { decodeChunks } from './chunked';
import {
  checkSum,
  CHECKSUM_NAMES,
  isChecksum,
  isChecksumName,
  runningChecksum,
  type ChecksumName,
  type IRunningChecksum
} from './checksums';
import { StoreError } from './errors';
import { header, startBody, type IContext } from './request';
import { UNSIGNED } from './sigv4';

/** Bodies up to this size are taken whole. */
export const SMALL_BODY = 128 * 1024;
/** Largest object or part in one request, as S3. */
const MAX_BODY = 5 * 1024 ** 3;

const SIGNED_CHUNKS = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

/** The bytes of a request, verified while they come: reading to the end without an error means they are what was signed. */
export interface IBody {
  bytes: AsyncIterable<Buffer>;
  /** Decoded length when the client said it. */
  length: number | undefined;
  /** Checksums that were sent and held; call after the end. */
  checksums(): Record<string, string>;
}

/** What the headers promise about the body. */
interface IPromise {
  length: number | undefined;
  chunked: boolean;
  signedChunks: boolean;
  /** Expected SHA-256, hexadecimal. */
  sha256: string | undefined;
  /** Expected MD5, base64. */
  md5: string | undefined;
  checksum: { name: ChecksumName; value: string | undefined } | undefined;
}

export function requestBody(context: IContext, foreignChecksum = false): IBody {
  const promise = readPromise(context, foreignChecksum);
  const checker = new Checker(promise);
  return { bytes: verified(context, promise, checker), length: promise.length, checksums: () => checker.checksums };
}

/** The whole body when it is small and plain, without the price of a stream; undefined: use `requestBody`. */
export function smallBody(
  context: IContext
): Promise<{ bytes: Buffer; checksums: Record<string, string> }> | undefined {
  const promise = readPromise(context);
  const { length } = promise;
  if (length === undefined || length > SMALL_BODY || promise.chunked) {
    return undefined;
  }
  return collect(context, length).then(bytes => {
    const checker = new Checker(promise);
    return { bytes, checksums: checker.whole(bytes) };
  });
}

/**
 * A body of at most `most` bytes, for XML and JSON documents.
 *
 * @param options.foreignChecksum the checksum headers are those of an object, not of this body
 */
export async function wholeBody(
  context: IContext,
  most: number,
  options: { foreignChecksum?: boolean } = {}
): Promise<Buffer> {
  const body = requestBody(context, options.foreignChecksum);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body.bytes) {
    size += chunk.length;
    if (size > most) {
      throw new StoreError('EntityTooLarge', `This document may have at most ${most} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* verified(context: IContext, promise: IPromise, checker: Checker): AsyncGenerator<Buffer> {
  const source = startBody(context) as AsyncIterable<Buffer>;
  let size = 0;
  const count = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > (promise.length ?? MAX_BODY)) {
      throw new StoreError(promise.length === undefined ? 'EntityTooLarge' : 'IncompleteBody');
    }
    checker.update(chunk);
  };
  try {
    if (promise.chunked) {
      const chunks = decodeChunks(source, {
        trailers: header(context, 'x-amz-trailer') !== '',
        ...(promise.signedChunks && context.signed !== undefined ? { seed: context.signed.seed } : {})
      });
      let next = await chunks.next();
      while (next.done !== true) {
        count(next.value);
        yield next.value;
        next = await chunks.next();
      }
      checker.trailers(next.value);
    } else {
      for await (const chunk of source) {
        count(chunk);
        yield chunk;
      }
    }
  } catch (error) {
    throw (error as { code?: string }).code === 'ECONNRESET' ? new StoreError('IncompleteBody') : error;
  }
  if (promise.length !== undefined && size !== promise.length) {
    throw new StoreError('IncompleteBody');
  }
  checker.end();
}

/** Node's own stream iterator costs more than a small body itself. */
function collect(context: IContext, length: number): Promise<Buffer> {
  const request = startBody(context);
  if (length === 0) {
    return Promise.resolve(Buffer.alloc(0));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let ended = false;
    const broken = (): void => {
      if (!ended) {
        ended = true;
        reject(new StoreError('IncompleteBody'));
      }
    };
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      if (bytes.length !== length) {
        broken();
      } else if (!ended) {
        ended = true;
        resolve(bytes);
      }
    });
    request.on('error', broken);
    request.on('close', broken);
  });
}

function readPromise(context: IContext, foreignChecksum = false): IPromise {
  const payload = context.signed?.payload ?? (header(context, 'x-amz-content-sha256') || UNSIGNED);
  const streaming = payload.startsWith('STREAMING-');
  const encoded = header(context, 'content-encoding')
    .split(',')
    .some(name => name.trim() === 'aws-chunked');
  const declared = header(context, streaming ? 'x-amz-decoded-content-length' : 'content-length');
  if (!streaming && payload !== UNSIGNED && !/^[0-9a-f]{64}$/i.test(payload)) {
    throw new StoreError(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-…, or a SHA-256 in hexadecimal.'
    );
  }
  if (streaming && ![SIGNED_CHUNKS, `${SIGNED_CHUNKS}-TRAILER`, UNSIGNED_TRAILER].includes(payload)) {
    throw new StoreError('InvalidArgument', `Payload encoding ${payload.slice(0, 60)} is not supported.`);
  }
  if (streaming && declared === '') {
    throw new StoreError('MissingContentLength', 'You must provide the x-amz-decoded-content-length header.');
  }
  if (declared !== '' && !/^\d{1,15}$/.test(declared)) {
    throw new StoreError('InvalidArgument', 'The length of the body is not a number.');
  }
  const length = declared === '' ? undefined : Number(declared);
  if (length !== undefined && length > MAX_BODY) {
    throw new StoreError('EntityTooLarge');
  }
  const md5 = context.request.headers['content-md5'];
  if (typeof md5 === 'string' && Buffer.from(md5, 'base64').length !== 16) {
    throw new StoreError('InvalidDigest');
  }
  return {
    length,
    chunked:
      streaming ||
      (encoded && payload === UNSIGNED && context.signed !== undefined && header(context, 'x-amz-trailer') !== ''),
    signedChunks: payload.startsWith(SIGNED_CHUNKS),
    sha256: streaming || payload === UNSIGNED ? undefined : payload.toLowerCase(),
    md5: typeof md5 === 'string' ? md5 : undefined,
    checksum: foreignChecksum ? undefined : readChecksum(context)
  };
}

function readChecksum(context: IContext): IPromise['checksum'] {
  const { headers } = context.request;
  const sent = CHECKSUM_NAMES.filter(name => headers[`x-amz-checksum-${name}`] !== undefined);
  const trailer = header(context, 'x-amz-trailer').toLowerCase().trim();
  if (trailer !== '') {
    const name = trailer.replace(/^x-amz-checksum-/, '');
    if (sent.length > 0 || !trailer.startsWith('x-amz-checksum-') || !isChecksumName(name)) {
      throw new StoreError('InvalidRequest', 'Expecting a single x-amz-checksum- header');
    }
    return { name, value: undefined };
  }
  if (sent.length === 0) {
    return undefined;
  }
  const [name] = sent;
  const value = header(context, `x-amz-checksum-${name}`);
  if (sent.length > 1 || !isChecksum(name, value)) {
    throw new StoreError('InvalidRequest', 'Value for x-amz-checksum- header is invalid.');
  }
  return { name, value };
}

/** Runs the sums that somebody asked for, and no others. */
class Checker {
  constructor(private readonly _promise: IPromise) {}

  readonly checksums: Record<string, string> = {};

  /** All at once, which costs less for small bodies. */
  whole(bytes: Buffer): Record<string, string> {
    const { sha256, md5 } = this._promise;
    if (sha256 !== undefined && hash('sha256', bytes, 'hex') !== sha256) {
      throw new StoreError('XAmzContentSHA256Mismatch');
    }
    if (md5 !== undefined && hash('md5', bytes, 'base64') !== md5) {
      throw new StoreError('BadDigest');
    }
    if (this._promise.checksum !== undefined) {
      this._start();
      this._sum?.update(bytes);
      this._checkSum();
    }
    return this.checksums;
  }

  update(chunk: Buffer): void {
    this._start();
    this._sha256?.update(chunk);
    this._md5?.update(chunk);
    this._sum?.update(chunk);
  }

  trailers(trailers: Map<string, string>): void {
    const { checksum } = this._promise;
    if (checksum !== undefined && checksum.value === undefined) {
      const value = trailers.get(`x-amz-checksum-${checksum.name}`);
      if (value === undefined || !isChecksum(checksum.name, value)) {
        throw new StoreError(
          'InvalidRequest',
          `The trailer x-amz-checksum-${checksum.name} is missing or no checksum.`
        );
      }
      this._trailer = value;
    }
  }

  end(): void {
    this._start();
    const { sha256, md5 } = this._promise;
    if (sha256 !== undefined && this._sha256?.digest('hex') !== sha256) {
      throw new StoreError('XAmzContentSHA256Mismatch');
    }
    if (md5 !== undefined && this._md5?.digest('base64') !== md5) {
      throw new StoreError('BadDigest');
    }
    this._checkSum();
  }

  private _start(): void {
    if (this._started) {
      return;
    }
    this._started = true;
    const { sha256, md5, checksum } = this._promise;
    this._sha256 = sha256 === undefined ? undefined : createHash('sha256');
    this._md5 = md5 === undefined ? undefined : createHash('md5');
    this._sum = checksum === undefined ? undefined : runningChecksum(checksum.name);
  }

  private _checkSum(): void {
    const { checksum } = this._promise;
    const expected = checksum?.value ?? this._trailer;
    if (checksum === undefined || this._sum === undefined) {
      return;
    }
    if (expected === undefined) {
      throw new StoreError('InvalidRequest', `The trailer x-amz-checksum-${checksum.name} is missing.`);
    }
    const computed = this._sum.digest();
    checkSum(expected, computed);
    this.checksums[checksum.name] = computed;
  }

  private _started = false;
  private _sha256: Hash | undefined;
  private _md5: Hash | undefined;
  private _sum: IRunningChecksum | undefined;
  private _trailer: string | undefined;
}
