/**
 * A service definition as the text of an FDL file, to be looked at.
 *
 * Empty values, and those that a server fills in, are left out; what stays would deploy the same service.
 */
export function fdlText(cluster: string, definition: Record<string, unknown>): string {
  const service: Record<string, unknown> = {};
  for (const key of [...ORDER, ...Object.keys(definition)]) {
    if (key in definition && !(key in service) && !SERVER_ONLY.has(key) && !isEmpty(definition[key])) {
      service[key] = prune(definition[key]);
    }
  }
  return `${block({ functions: { oscar: [{ [cluster]: service }] } }, 0).trimStart()}\n`;
}

const ORDER = ['name', 'image', 'cpu', 'memory', 'script', 'log_level', 'input', 'output', 'environment'];

const SERVER_ONLY = new Set([
  'token',
  'cluster_id',
  'storage_providers',
  'clusters',
  'owner',
  'namespace',
  'deployment',
  'volume_status',
  'bucket_list'
]);

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false) {
    return true;
  }
  if (typeof value === 'object') {
    return Object.values(value).every(isEmpty);
  }
  return value === 0;
}

function prune(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(prune);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => !isEmpty(item))
        .map(([key, item]) => [key, prune(item)])
    );
  }
  return value;
}

/** YAML in block style. Begins with a line break for lists and maps. */
function block(value: unknown, indent: number): string {
  const pad = ' '.repeat(indent);
  if (Array.isArray(value)) {
    return value.length === 0 ? ' []' : value.map(item => `\n${pad}-${inList(item, indent)}`).join('');
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return entries.length === 0
      ? ' {}'
      : entries.map(([key, item]) => `\n${pad}${scalar(key)}:${block(item, indent + 2)}`).join('');
  }
  if (typeof value === 'string' && value.includes('\n') && isBlockSafe(value)) {
    const lines = value.replace(/\n$/, '').split('\n');
    return ` |${value.endsWith('\n') ? '' : '-'}\n${lines.map(line => (line ? pad + line : '')).join('\n')}`;
  }
  return ` ${scalar(value)}`;
}

function inList(item: unknown, indent: number): string {
  const text = block(item, indent + 2);
  // The first key of a map stands on the line of the dash.
  return text.startsWith('\n') ? ` ${text.slice(1 + indent + 2)}` : text;
}

/** A block scalar cannot begin with a space or hold control characters. */
function isBlockSafe(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return !/^\s/.test(text) && !/\n{2,}$/.test(text) && !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text);
}

function scalar(value: unknown): string {
  if (typeof value !== 'string') {
    return JSON.stringify(value) ?? 'null';
  }
  const plain = /^[A-Za-z_/][-\w./:@+]*$/.test(value) && !/:$|^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return plain ? value : JSON.stringify(value);
}
