import type { IStoreFiles } from './store-files';

/** A file of one JSON value a line. */
export interface ILineFile {
  name: string;
  lines: number;
}

/** Every so many lines a place is remembered. */
const STRIDE = 1024;
/** A page ends early when it has so many bytes, though never before its first line. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** Files whose places are remembered. */
const REMEMBERED = 256;

/**
 * Pages over long files of lines, without reading all of them: the places of every 1024th line are remembered as far as the file
 * was read, so that a page starts close to its first line.
 */
export class LinePages {
  /** Lines `[offset, offset + limit)` of the files one after the other. */
  async page(
    files: readonly ILineFile[],
    from: IStoreFiles,
    key: string,
    offset: number,
    limit: number
  ): Promise<string[]> {
    const lines: string[] = [];
    let skip = offset;
    let bytes = 0;
    for (const file of files) {
      if (lines.length >= limit) {
        break;
      }
      if (skip >= file.lines) {
        skip -= file.lines;
        continue;
      }
      const places = this._placesOf(`${key}/${file.name}`);
      const read = await readLines(from, file.name, places, skip, limit - lines.length, PAGE_BYTES - bytes);
      read.forEach(line => (bytes += line.length));
      lines.push(...read);
      if (bytes >= PAGE_BYTES || read.length < Math.min(limit, file.lines - skip)) {
        break;
      }
      skip = 0;
    }
    return lines;
  }

  private _placesOf(key: string): number[] {
    const places = this._places.get(key) ?? [0];
    this._places.delete(key);
    this._places.set(key, places);
    if (this._places.size > REMEMBERED) {
      this._places.delete(this._places.keys().next().value as string);
    }
    return places;
  }

  private readonly _places = new Map<string, number[]>();
}

/** The same, as many at once as there are in a piece of the stream: for files of millions of lines. */
export async function* lineBatchesOf(stream: AsyncIterable<unknown>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() as string;
    if (lines.length > 0) {
      yield lines;
    }
  }
  rest += decoder.decode();
  if (rest !== '') {
    yield [rest];
  }
}

/** The lines of a stream; only a newline ends one (JSON leaves other line separators as they are). */
export async function* linesOf(stream: AsyncIterable<unknown>): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  for await (const piece of stream as AsyncIterable<Buffer>) {
    let at = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, at)) {
      pieces.push(piece.subarray(at, end));
      yield Buffer.concat(pieces).toString('utf8');
      pieces = [];
      at = end + 1;
    }
    pieces.push(piece.subarray(at));
  }
  const rest = Buffer.concat(pieces);
  if (rest.length > 0) {
    yield rest.toString('utf8');
  }
}

/** @param places Byte of each 1024th line that is known; more are added. */
async function readLines(
  from: IStoreFiles,
  name: string,
  places: number[],
  first: number,
  count: number,
  most: number
): Promise<string[]> {
  const lines: string[] = [];
  if (count <= 0) {
    return lines;
  }
  const near = Math.min(places.length - 1, Math.floor(first / STRIDE));
  let line = near * STRIDE;
  let place = places[near];
  let bytes = 0;
  let pieces: Buffer[] = [];
  const stream = await from.read(name, place);
  for await (const piece of stream as AsyncIterable<Buffer>) {
    let at = 0;
    for (;;) {
      const end = piece.indexOf(10, at);
      if (line >= first) {
        pieces.push(piece.subarray(at, end < 0 ? undefined : end));
      }
      if (end < 0) {
        place += piece.length - at;
        break;
      }
      place += end + 1 - at;
      at = end + 1;
      if (line >= first) {
        const text = Buffer.concat(pieces);
        pieces = [];
        bytes += text.length;
        lines.push(text.toString('utf8'));
      }
      line += 1;
      if (line % STRIDE === 0 && line / STRIDE === places.length) {
        places.push(place);
      }
      if (lines.length >= count || bytes >= most) {
        stream.destroy();
        return lines;
      }
    }
  }
  return lines;
}
