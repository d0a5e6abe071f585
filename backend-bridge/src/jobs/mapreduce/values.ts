/** A line of a reduce result. */
export interface IPair {
  key: unknown;
  value: unknown;
}

/** @param line As a worker wrote it: `[key, value]`, with `{"$pickle", "$repr"}` for what JSON has no word for. */
export function parsePair(line: string): IPair {
  const [key, value] = JSON.parse(line) as [unknown, unknown];
  return { key, value };
}

/** A pair as the API shows it. */
export function shownPair(line: string): [unknown, unknown] {
  const { key, value } = parsePair(line);
  return [shownValue(key), shownValue(value)];
}

/** What JSON has no word for becomes `{"$py": "<repr>"}`, with the pickle for those who speak Python. */
export function shownValue(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(shownValue);
  }
  if (typeof value === 'object' && value !== null) {
    const repr = reprOf(value);
    return repr === undefined
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shownValue(item)]))
      : { $py: repr, ...('$pickle' in value ? { $pickle: value.$pickle } : {}) };
  }
  return value;
}

/** Text of a value of Python that JSON has no word for. */
function reprOf(value: object): string | undefined {
  const { $pickle, $repr, $py } = value as Record<string, unknown>;
  if (typeof $py === 'string') {
    return $py;
  }
  return typeof $pickle === 'string' && typeof $repr === 'string' ? $repr : undefined;
}

/** Whether `compareValues` knows the order of such values. */
export function hasOrder(value: unknown): boolean {
  return rankOf(value).every(part => part !== undefined);
}

/**
 * The order of the workers (runner/keys.py): nothing, numbers (with those that are none last), texts by code point, lists, dicts.
 * Undefined: not known here, as for tuples.
 */
export function compareValues(a: unknown, b: unknown): number | undefined {
  const [rankA, valueA] = rankOf(a);
  const [rankB, valueB] = rankOf(b);
  if (rankA === undefined || rankB === undefined) {
    return undefined;
  }
  if (rankA !== rankB) {
    return rankA - rankB;
  }
  if (typeof valueA === 'string') {
    return valueA === valueB ? 0 : Buffer.compare(Buffer.from(valueA), Buffer.from(valueB as string));
  }
  if (Array.isArray(valueA)) {
    return compareLists(valueA, valueB as unknown[]);
  }
  const [left, right] = [valueA, valueB] as [number, number];
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareLists(a: readonly unknown[], b: readonly unknown[]): number | undefined {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareValues(a[i], b[i]);
    if (order !== 0) {
      return order;
    }
  }
  return a.length - b.length;
}

/** The place of a kind among the others, and what is compared inside it. */
function rankOf(value: unknown): [number | undefined, unknown] {
  switch (typeof value) {
    case 'number':
      return [1, value];
    case 'boolean':
      return [1, Number(value)];
    case 'string':
      return [2, value];
    case 'object':
      return value === null ? [0, 0] : rankOfObject(value);
    default:
      return [undefined, undefined];
  }
}

function rankOfObject(value: object): [number | undefined, unknown] {
  if (Array.isArray(value)) {
    return [4, value];
  }
  const repr = reprOf(value);
  if (repr === undefined) {
    const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return [6, entries];
  }
  // Numbers that JSON has no word for: large, or not finite.
  if (/^-?\d+$/.test(repr)) {
    return [1, BigInt(repr)];
  }
  const special = { inf: Infinity, '-inf': -Infinity }[repr];
  return special !== undefined ? [1, special] : repr === 'nan' ? [1.5, 0] : [undefined, undefined];
}
