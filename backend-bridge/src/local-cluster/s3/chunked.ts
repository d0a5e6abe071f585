import { createHash } from 'node:crypto';
import { StoreError } from './errors';
import { chunkSignature, compare, trailerSignature, type ISignedRequest } from './sigv4';

/** Longest line between chunks: a size, a signature, a trailer. */
const MAX_LINE = 8 * 1024;
const MAX_TRAILERS = 20;
/** Larger than any client sends, small enough to be a length. */
const MAX_CHUNK = 5 * 1024 ** 3;

export interface IChunkedOptions {
  /** Present when each chunk carries a signature. */
  seed?: ISignedRequest['seed'];
  /** Trailers were announced. */
  trailers: boolean;
}

/**
 * Takes `aws-chunked` apart: `<hex size>[;chunk-signature=…]\r\n<bytes>\r\n … 0[;…]\r\n[trailers]\r\n`.
 * Bytes are passed on before their signature is known; the caller counts them only when the end was reached.
 *
 * @returns (of the generator) the trailers, names in lower case
 * @throws StoreError IncompleteBody, InvalidRequest, SignatureDoesNotMatch
 */
export async function* decodeChunks(
  source: AsyncIterable<Buffer>,
  options: IChunkedOptions
): AsyncGenerator<Buffer, Map<string, string>> {
  const reader = new Reader(source[Symbol.asyncIterator]());
  const { seed } = options;
  let previous = seed?.signature ?? '';
  for (;;) {
    const line = await reader.line();
    const match = /^([0-9a-fA-F]{1,9})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    const size = match === null ? -1 : parseInt(match[1], 16);
    if (match === null || size > MAX_CHUNK || (seed !== undefined) !== (match[2] !== undefined)) {
      throw new StoreError('InvalidRequest', 'A chunk of the body has no valid size or signature.');
    }
    const sha256 = seed === undefined ? undefined : createHash('sha256');
    for (let left = size; left > 0;) {
      const piece = await reader.upTo(left);
      left -= piece.length;
      sha256?.update(piece);
      yield piece;
    }
    if (seed !== undefined && sha256 !== undefined) {
      previous = chunkSignature(seed, previous, sha256.digest('hex'));
      compare(previous, match[2]);
    }
    if (size === 0) {
      break;
    }
    if ((await reader.line()) !== '') {
      throw new StoreError('InvalidRequest', 'A chunk of the body is longer than its size says.');
    }
  }
  const trailers = await readTrailers(reader, options, previous);
  await reader.expectEnd();
  return trailers;
}

async function readTrailers(reader: Reader, options: IChunkedOptions, previous: string): Promise<Map<string, string>> {
  const trailers = new Map<string, string>();
  let signature: string | undefined;
  let text = '';
  for (;;) {
    const line = await reader.line(true);
    if (
      line === undefined ||
      (line === '' && !(options.seed !== undefined && options.trailers && signature === undefined))
    ) {
      break;
    }
    if (line === '') {
      continue;
    }
    const at = line.indexOf(':');
    const name = line.slice(0, at).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (at < 1 || !options.trailers || trailers.size >= MAX_TRAILERS) {
      throw new StoreError('InvalidRequest', 'The body has a trailer that was not announced.');
    }
    if (name === 'x-amz-trailer-signature') {
      signature = value;
    } else {
      trailers.set(name, value);
      text += `${name}:${value}\n`;
    }
  }
  if (options.seed !== undefined && options.trailers) {
    compare(trailerSignature(options.seed, previous, text), signature ?? '');
  }
  return trailers;
}

/** Lines and bytes from a stream of buffers. */
class Reader {
  constructor(private readonly _source: AsyncIterator<Buffer>) {}

  async line(orEnd: true): Promise<string | undefined>;
  async line(): Promise<string>;
  async line(orEnd = false): Promise<string | undefined> {
    let line = '';
    for (;;) {
      const end = this._rest.indexOf(10);
      const part = end < 0 ? this._rest : this._rest.subarray(0, end);
      line += part.toString('latin1');
      if (line.length > MAX_LINE) {
        throw new StoreError('InvalidRequest', 'A line between the chunks of the body is too long.');
      }
      if (end >= 0) {
        this._rest = this._rest.subarray(end + 1);
        return line.endsWith('\r') ? line.slice(0, -1) : line;
      }
      this._rest = EMPTY;
      if (!(await this._more())) {
        if (orEnd && line === '') {
          return undefined;
        }
        throw new StoreError('IncompleteBody');
      }
    }
  }

  async upTo(length: number): Promise<Buffer> {
    if (this._rest.length === 0 && !(await this._more())) {
      throw new StoreError('IncompleteBody');
    }
    const piece = this._rest.subarray(0, length);
    // Nothing is kept of a buffer that goes on as a whole: its reader may give its memory back.
    this._rest = piece.length === this._rest.length ? EMPTY : this._rest.subarray(piece.length);
    return piece;
  }

  async expectEnd(): Promise<void> {
    if (this._rest.length > 0 || (await this._more())) {
      throw new StoreError('InvalidRequest', 'There are bytes behind the last chunk of the body.');
    }
  }

  private async _more(): Promise<boolean> {
    for (;;) {
      const { value, done } = await this._source.next();
      if (done === true) {
        return false;
      }
      if ((value as Buffer).length > 0) {
        this._rest = value as Buffer;
        return true;
      }
    }
  }

  private _rest: Buffer = EMPTY;
}

const EMPTY = Buffer.alloc(0);
