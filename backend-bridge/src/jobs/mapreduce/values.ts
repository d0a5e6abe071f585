import { BridgeError } from '../../http/errors';

/** A line of a reduce result. */
export interface IPair {
  key: unknown;
  value: unknown;
}

/** As JSON.parse, but integers that a number cannot hold come as bigint: the order of large values must be right. */
export function parseExact(text: string): unknown {
  const exact = (_: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source ?? '';
    return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
  };
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

/** @param line A line of a reduce result. */
export function parsePair(line: string): IPair {
  const [key, value] = parseExact(line) as [unknown, unknown];
  return { key, value };
}

/**
 * The order of two values as Python has it: numbers (and true, false) among themselves, strings by code point, lists by their
 * elements.
 *
 * @throws BridgeError for values that have no order here.
 */
export function compareValues(a: unknown, b: unknown): number {
  const left = numeric(a);
  const right = numeric(b);
  if (left !== undefined && right !== undefined) {
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (typeof a === 'string' && typeof b === 'string') {
    return a === b ? 0 : Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compareValues(a[i], b[i]);
      if (order !== 0) {
        return order;
      }
    }
    return a.length - b.length;
  }
  throw new BridgeError({
    type: 'unorderable',
    title: 'The result cannot be sorted',
    status: 422,
    detail: `${shown(a)} and ${shown(b)} cannot be compared.`,
    action: 'Let the reducer return values of one kind, ask for one reducer, or sort by something else.'
  });
}

function numeric(value: unknown): number | bigint | undefined {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    default:
      return undefined;
  }
}

function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? value.toString() : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** A pair as the API shows it: what JSON has no word for is `{"$py": "<repr>"}`, integers that a number cannot hold too. */
export function shownPair(line: string): [unknown, unknown] {
  const { key, value } = parsePair(line);
  return [shownValue(key), shownValue(value)];
}

/** @param value As a worker wrote it: `{"$pickle", "$repr"}` for Python's own types. */
export function shownValue(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return { $py: value.toString() };
  }
  if (Array.isArray(value)) {
    return value.map(shownValue);
  }
  if (typeof value === 'object' && value !== null) {
    const { $pickle, $repr } = value as Record<string, unknown>;
    return typeof $pickle === 'string' && typeof $repr === 'string'
      ? { $py: $repr }
      : Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shownValue(item)]));
  }
  return value;
}
