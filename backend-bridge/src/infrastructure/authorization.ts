import { BridgeError } from '../http';

/** One object of IM's Authorization header: the IM itself, or one cloud. Values are texts. */
export type AuthItem = Record<string, string>;

/** Servers from this version on read the header as JSON. */
const JSON_FROM = [1, 19, 1];

/**
 * The Authorization header of IM: all credentials travel with each call, because the server keeps none.
 *
 * @param version as `/version` tells it; an unknown one is taken for a new one
 * @throws BridgeError `invalid` for a value that an old server would cut, or that would make a server read a file of its own
 */
export function imAuthorization(items: AuthItem[], version?: string): string {
  for (const item of items) {
    for (const [key, value] of Object.entries(item)) {
      if (/^\s*(file|command)\s*\(/.test(value)) {
        throw refused(key, 'it begins with file( or command(, which servers and other clients take as an order');
      }
    }
  }
  return version !== undefined && isOlder(version) ? lineForm(items) : jsonForm(items);
}

/**
 * JSON that holds neither the two characters `\n` nor `\\n`: the server turns these into line ends before it parses.
 * Everything that is not ASCII is escaped, as headers are.
 */
function jsonForm(items: AuthItem[]): string {
  return JSON.stringify(items)
    .replace(/\\\\/g, '\\u005c')
    .replace(/\\n/g, '\\u000a')
    .replace(/[\u007f-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `key = 'value'; …` for each object, joined by the two characters `\n`; always quoted, or a `=` would cut the line. */
function lineForm(items: AuthItem[]): string {
  return items
    .map(item =>
      Object.entries(item)
        .map(([key, value]) => `${key} = ${quoted(key, value)}`)
        .join('; ')
    )
    .join('\\n');
}

function quoted(key: string, value: string): string {
  const quote = !value.includes("'") ? "'" : !value.includes('"') ? '"' : undefined;
  if (quote === undefined) {
    throw refused(key, 'it holds both kinds of quotes, which this old server cannot read');
  }
  if (/[^\x20-\x7e\r\n\t]/.test(value)) {
    throw refused(key, 'it holds letters that this old server cannot read');
  }
  return quote + value.replace(/\r?\n/g, '\\\\n') + quote;
}

function isOlder(version: string): boolean {
  const parts = version.split('.').map(part => Number.parseInt(part, 10));
  for (const [index, wanted] of JSON_FROM.entries()) {
    const part = parts[index] ?? 0;
    if (!Number.isFinite(part)) {
      return false;
    }
    if (part !== wanted) {
      return part < wanted;
    }
  }
  return false;
}

function refused(key: string, why: string): BridgeError {
  return new BridgeError({
    type: 'invalid',
    title: 'Not usable for the Infrastructure Manager',
    status: 400,
    detail: `The value of "${key}" cannot be sent: ${why}.`,
    action: 'Change that value.'
  });
}
