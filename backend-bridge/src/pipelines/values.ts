/** Small readings of unknown JSON. None of them throws. */
export type JsonRecord = { [key: string]: unknown };

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function records(value: unknown): JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** The text itself, or of a number or truth value; undefined for everything else. */
export function scalar(value: unknown): string | undefined {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;
}

/** A trimmed text that is not empty. */
export function word(value: unknown): string | undefined {
  const text = scalar(value)?.trim();
  return text === '' ? undefined : text;
}

/** Any value as one line of at most `limit` characters, for reports. Deep values are named, not written. */
export function inWords(value: unknown, limit = 200): string {
  let text = scalar(value);
  if (text === undefined) {
    try {
      text = JSON.stringify(value) ?? '';
    } catch {
      // Only values that are nested deeper than the stack goes.
      text = 'a deeply nested value';
    }
  }
  text = text.replace(/\s+/g, ' ');
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** Version 8 writes values of components as `{widget, value}`, version 7 as `{activeControl, <control>: value}`; ours are plain. */
export function unwrap(value: unknown): unknown {
  if (isRecord(value)) {
    if ('widget' in value && 'value' in value) {
      return value.value;
    }
    if (typeof value.activeControl === 'string') {
      return value[value.activeControl];
    }
  }
  return value;
}

export const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === false ||
  (Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0);

export function baseName(path: string): string {
  return path.replace(/[/\\]+$/, '').replace(/^.*[/\\]/, '');
}

export function folderOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '' : path.slice(0, at);
}

export const isAbsolute = (path: string): boolean => /^(?:[/\\~]|[A-Za-z]:[/\\])/.test(path);

/** Without `.`, `//` and what `..` takes back; leading `..` stay. An absolute path stays absolute. */
export function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..') {
      parts.pop();
    } else if (part !== '' && part !== '.') {
      parts.push(part);
    }
  }
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}`;
}

export const joinPath = (folder: string, path: string): string => normalise(folder === '' ? path : `${folder}/${path}`);

/** `a`, `b` and 3 more */
export function some(items: readonly string[], limit = 4): string {
  const quoted = items.slice(0, limit).map(item => `“${item}”`);
  const rest = items.length - quoted.length;
  return rest > 0
    ? `${quoted.join(', ')} and ${rest} more`
    : quoted.length < 2
      ? quoted.join('')
      : `${quoted.slice(0, -1).join(', ')} and ${quoted[quoted.length - 1]}`;
}
