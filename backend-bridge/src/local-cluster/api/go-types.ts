import { GoJsonError, type GoValue, parseGoJson } from './go-json';

/**
 * The shapes that request bodies are read into, and answers are written from, in the order of the manager's Go structs.
 * Unknown keys are ignored, keys are matched whatever their case, absent ones get Go's zero value.
 */
export type GoType =
  | { kind: 'string' }
  | { kind: 'bool' }
  /** `name`: `int`, `int32`, `int64`. */
  | { kind: 'int'; name: string }
  | { kind: 'float' }
  | { kind: 'list'; of: GoType; name?: string }
  | { kind: 'map'; of: GoType }
  /** `name` without package; `''` for an unnamed struct, as error texts show it. */
  | IStructType
  | { kind: 'pointer'; to: GoType }
  /** Kept as it came. */
  | { kind: 'any' };

export interface IStructType {
  kind: 'struct';
  name: string;
  /** With its package, for lists: `types.StorageIOConfig`. */
  qualified: string;
  fields: readonly IField[];
}

export interface IField {
  key: string;
  type: GoType;
  /** Left out of answers when empty. */
  omitEmpty?: boolean;
  /** What it is when the body does not say, instead of Go's zero value. */
  initial?: unknown;
}

export const string: GoType = { kind: 'string' };
export const bool: GoType = { kind: 'bool' };
export const int: GoType = { kind: 'int', name: 'int' };
export const int32: GoType = { kind: 'int', name: 'int32' };
export const int64: GoType = { kind: 'int', name: 'int64' };
export const float: GoType = { kind: 'float' };
export const any: GoType = { kind: 'any' };
export const list = (of: GoType, name?: string): GoType => ({ kind: 'list', of, name });
export const map = (of: GoType): GoType => ({ kind: 'map', of });
export const pointer = (to: GoType): GoType => ({ kind: 'pointer', to });
export const field = (key: string, type: GoType, omitEmpty = false, initial?: unknown): IField => ({
  key,
  type,
  omitEmpty,
  initial
});
export const struct = (qualified: string, fields: readonly IField[]): IStructType => ({
  kind: 'struct',
  name: qualified.slice(qualified.indexOf('.') + 1),
  qualified,
  fields
});

/**
 * Reads a body. `lonePorts` takes a number where a list of numbers belongs: clients older than 4.1 send one port, and 0 for none.
 *
 * @throws GoJsonError with the text that Go's decoder has for it.
 */
export function decodeGo(text: string, type: GoType, options: { lonePorts?: boolean } = {}): unknown {
  const state: IState = { ...options };
  const value = decode(parseGoJson(text), type, '', [], zeroOf(type), state);
  if (state.error) {
    throw state.error;
  }
  return value;
}

interface IState {
  lonePorts?: boolean;
  error?: GoJsonError;
}

/** Go goes on after a value of the wrong type and reports the first one at the end. */
function mismatch(state: IState, what: string, type: GoType, owner: string | undefined, path: string[]): void {
  const where = owner === undefined || path.length === 0 ? 'Go value' : `Go struct field ${owner}.${path.join('.')}`;
  state.error ??= new GoJsonError(`json: cannot unmarshal ${what} into ${where} of type ${nameOf(type)}`);
}

function decode(value: GoValue, type: GoType, owner: string, path: string[], current: unknown, state: IState): unknown {
  if (value.kind === 'null') {
    return type.kind === 'list' || type.kind === 'map' || type.kind === 'pointer' || type.kind === 'any'
      ? null
      : current;
  }
  const wrong = (what: string = value.kind): unknown => {
    mismatch(state, what, type, owner, path);
    return current;
  };
  switch (type.kind) {
    case 'any':
      return plain(value);
    case 'pointer':
      return decode(value, type.to, owner, path, current ?? zeroOf(type.to), state);
    case 'string':
      return value.kind === 'string' ? value.value : wrong();
    case 'bool':
      return value.kind === 'bool' ? value.value : wrong();
    case 'float':
      return value.kind === 'number' ? Number(value.text) : wrong();
    case 'int':
      if (value.kind !== 'number') {
        return wrong();
      }
      return /^-?[0-9]+$/.test(value.text) && fits(value.text, type.name)
        ? Number(value.text)
        : wrong(`number ${value.text}`);
    case 'list':
      if (state.lonePorts && value.kind === 'number' && type.of.kind === 'int') {
        const port = decode(value, type.of, owner, path, 0, state);
        return port === 0 ? current : [port];
      }
      return value.kind === 'array'
        ? value.items.map(item => decode(item, type.of, owner, path, zeroOf(type.of), state))
        : wrong();
    case 'map': {
      if (value.kind !== 'object') {
        return wrong();
      }
      const entries = value.entries.map(([key, item]) => [
        key,
        decode(item, type.of, owner, path, zeroOf(type.of), state)
      ]);
      return Object.fromEntries(entries);
    }
    case 'struct': {
      if (value.kind !== 'object') {
        return wrong();
      }
      const result = { ...(current as Record<string, unknown>) };
      for (const [key, item] of value.entries) {
        const known =
          type.fields.find(each => each.key === key) ??
          type.fields.find(each => each.key.toLowerCase() === key.toLowerCase());
        if (known) {
          result[known.key] = decode(item, known.type, type.name, [...path, known.key], result[known.key], state);
        }
      }
      return result;
    }
  }
}

/** The value that Go gives to what is not in the body. */
export function zeroOf(type: GoType): unknown {
  switch (type.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int':
    case 'float':
      return 0;
    case 'struct':
      return Object.fromEntries(type.fields.map(each => [each.key, each.initial ?? zeroOf(each.type)]));
    default:
      return null;
  }
}

/** The same value with its keys in the struct's order, empty ones left out where Go does; maps sorted by key. */
export function orderGo(value: unknown, type: GoType): unknown {
  if (value === null || value === undefined) {
    return type.kind === 'list' || type.kind === 'map' || type.kind === 'pointer' || type.kind === 'any'
      ? null
      : zeroOf(type);
  }
  switch (type.kind) {
    case 'pointer':
      return orderGo(value, type.to);
    case 'list':
      return (value as unknown[]).map(item => orderGo(item, type.of));
    case 'map': {
      const source = value as Record<string, unknown>;
      // An array of pairs would keep keys that look like numbers in order, but no key here does.
      return Object.fromEntries(
        Object.keys(source)
          .sort(byBytes)
          .map(key => [key, orderGo(source[key], type.of)])
      );
    }
    case 'struct': {
      const source = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const each of type.fields) {
        if (!(each.omitEmpty && isEmpty(source[each.key], each.type))) {
          result[each.key] = orderGo(source[each.key], each.type);
        }
      }
      return result;
    }
    default:
      return value;
  }
}

/** Go's maps and lists that nobody set are written as `null`; a stored definition has them empty instead. */
export function fillGo(value: unknown, type: GoType): unknown {
  switch (type.kind) {
    case 'list':
      return ((value as unknown[] | null | undefined) ?? []).map(item => fillGo(item, type.of));
    case 'map':
      return Object.fromEntries(
        Object.entries((value as object | null | undefined) ?? {}).map(([key, item]) => [key, fillGo(item, type.of)])
      );
    case 'pointer':
      return value === null || value === undefined ? null : fillGo(value, type.to);
    case 'struct': {
      const source = (value ?? {}) as Record<string, unknown>;
      return Object.fromEntries(
        type.fields.map(each => [each.key, fillGo(source[each.key] ?? zeroOf(each.type), each.type)])
      );
    }
    default:
      return value ?? zeroOf(type);
  }
}

function isEmpty(value: unknown, type: GoType): boolean {
  switch (type.kind) {
    case 'list':
      return !value || (value as unknown[]).length === 0;
    case 'map':
      return !value || Object.keys(value).length === 0;
    case 'struct':
      return false;
    case 'pointer':
    case 'any':
      return value === null || value === undefined;
    default:
      return !value;
  }
}

function nameOf(type: GoType): string {
  switch (type.kind) {
    case 'int':
      return type.name;
    case 'float':
      return 'float64';
    case 'list':
      return type.name ?? `[]${nameOf(type.of)}`;
    case 'map':
      return `map[string]${nameOf(type.of)}`;
    case 'pointer':
      return type.to.kind === 'struct' ? nameOf(type.to) : `*${nameOf(type.to)}`;
    case 'struct':
      return type.qualified;
    case 'any':
      return 'interface {}';
    default:
      return type.kind;
  }
}

function fits(text: string, name: string): boolean {
  const number = BigInt(text);
  const bits = name === 'int32' ? 31n : 63n;
  return number >= -(1n << bits) && number < 1n << bits;
}

/** An ordinary value; keys are own properties whatever their name. */
function plain(value: GoValue): unknown {
  switch (value.kind) {
    case 'null':
      return null;
    case 'number':
      return Number(value.text);
    case 'array':
      return value.items.map(plain);
    case 'object':
      return Object.fromEntries(value.entries.map(([key, item]) => [key, plain(item)]));
    default:
      return value.value;
  }
}

/** Go sorts by bytes; for UTF-16 that differs only beyond the basic plane. */
export function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
