import { isRecord, scalar, type JsonRecord } from './values';

/**
 * Lists of pairs: until version 7 an item was a text (`A=b`, `/path=claim`, `E=secret:key`), since version 8 it is an object. Both shapes
 * are taken item by item, whatever the file says of its version. A text is cut at its first `=`; the rest is the value, unchanged.
 */
type Reader = (name: string, rest: string | undefined) => JsonRecord;

const pair = (key: string, value: string): Reader => {
  return (name, rest) => (rest === undefined ? { [key]: name } : { [key]: name, [value]: rest });
};

/** `secret:key` at the first colon: neither name may have one. */
const secret: Reader = (name, rest = '') => {
  const colon = rest.indexOf(':');
  return colon < 0
    ? { env_var: name, name: rest, key: '' }
    : { env_var: name, name: rest.slice(0, colon), key: rest.slice(colon + 1) };
};

/** `T=key:operator:value:effect`; T is only a name for the list. */
const toleration: Reader = (name, rest) => {
  const [key = '', operator = '', value = '', effect = ''] = (rest ?? name).split(':');
  return { key, operator, value, effect };
};

const READERS: { [property: string]: Reader } = {
  env_vars: pair('env_var', 'value'),
  mounted_volumes: pair('path', 'pvc_name'),
  kubernetes_pod_annotations: pair('key', 'value'),
  kubernetes_pod_labels: pair('key', 'value'),
  kubernetes_secrets: secret,
  kubernetes_tolerations: toleration
};

export const LIST_PROPERTIES = Object.keys(READERS);

export interface IItems {
  items: unknown[];
  /** Items that are neither text nor object. */
  bad: unknown[];
}

/** Reads one such list; undefined when the value already has the shape of version 8 or is none of ours. */
export function readItems(property: string, value: unknown): IItems | undefined {
  const read = READERS[property];
  if (!read || value === undefined || value === null || (isRecord(value) && 'widget' in value)) {
    return undefined;
  }
  const list = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(/\r?\n/)
      : isRecord(value)
        ? Object.entries(value).map(([name, rest]) => `${name}=${scalar(rest) ?? ''}`)
        : [value];
  if (Array.isArray(value) && list.every(isRecord)) {
    return undefined;
  }
  const items: unknown[] = [];
  const bad: unknown[] = [];
  for (const item of list) {
    if (isRecord(item)) {
      items.push(item);
    } else if (typeof item === 'string') {
      if (item.trim() !== '') {
        const at = item.indexOf('=');
        items.push(at < 0 ? read(item.trim(), undefined) : read(item.slice(0, at).trim(), item.slice(at + 1)));
      }
    } else if (item !== null) {
      bad.push(item);
    }
  }
  return { items, bad };
}
