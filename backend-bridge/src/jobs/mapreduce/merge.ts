import type { Readable } from 'node:stream';
import { linesOf } from './lines';
import { BridgeError } from '../../http/errors';
import { compareValues, parsePair, shownValue, type IPair } from './values';
import type { IStoreFiles } from './store-files';

/**
 * Sections that are sorted by value, the largest first, become one; with `top` only its beginning. Equal values are in the order
 * of their keys. Holds one line of each section.
 */
export async function* mergeByValue(
  from: IStoreFiles,
  names: readonly string[],
  top = Infinity
): AsyncGenerator<string> {
  const sources: ISource[] = [];
  try {
    for (const [order, name] of names.entries()) {
      const stream = await from.read(name);
      const source: ISource = { order, stream, lines: linesOf(stream), line: '', pair: { key: null, value: null } };
      if (await advance(source)) {
        sources.push(source);
      } else {
        stream.destroy();
      }
    }
    sources.sort(compareSources);
    for (let given = 0; given < top && sources.length > 0; given++) {
      const first = sources[0];
      yield `${first.line}\n`;
      sources.shift();
      if (await advance(first)) {
        const at = sources.findIndex(other => compareSources(first, other) < 0);
        sources.splice(at < 0 ? sources.length : at, 0, first);
      }
    }
  } finally {
    sources.forEach(source => source.stream.destroy());
  }
}

interface ISource {
  order: number;
  stream: Readable;
  lines: AsyncIterator<string>;
  line: string;
  pair: IPair;
}

async function advance(source: ISource): Promise<boolean> {
  const next = await source.lines.next();
  if (next.done === true) {
    return false;
  }
  source.line = next.value;
  source.pair = parsePair(next.value);
  return true;
}

/** Largest value first; equal ones by key, and where keys have no order that is known here, by section. */
function compareSources(a: ISource, b: ISource): number {
  const values = compareValues(b.pair.value, a.pair.value);
  if (values === undefined) {
    throw new BridgeError({
      type: 'unorderable',
      title: 'The result cannot be sorted',
      status: 422,
      detail: `The values ${shortened(a.pair.value)} and ${shortened(b.pair.value)} of two reducers cannot be compared.`,
      action: 'Ask for one reducer, or let the reducer return numbers, texts or lists.'
    });
  }
  return values || compareValues(a.pair.key, b.pair.key) || a.order - b.order;
}

function shortened(value: unknown): string {
  const text = JSON.stringify(shownValue(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** The lines of the sections one after the other, `top` of them at most. */
export async function* concatenated(
  from: IStoreFiles,
  names: readonly string[],
  top = Infinity
): AsyncGenerator<string> {
  let given = 0;
  for (const name of names) {
    const stream = await from.read(name);
    for await (const line of linesOf(stream)) {
      if (given >= top) {
        stream.destroy();
        return;
      }
      given += 1;
      yield `${line}\n`;
    }
  }
}
