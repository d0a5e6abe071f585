import type { IPipelineNode } from './model';
import { isRecord, records, scalar, unwrap, word } from './values';

/** Pairs by their key, the last one counts; a value that is absent is undefined (Elyra leaves such an entry out). */
export function pairs(value: unknown, keys: readonly string[]): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const item of records(unwrap(value))) {
    const key = keys.map(name => word(item[name])).find(Boolean);
    if (key !== undefined) {
      const given = item.value;
      const text = scalar(given);
      found.set(key, text ?? (given === undefined || given === null ? undefined : JSON.stringify(given)));
    }
  }
  return found;
}

export function readSecrets(value: unknown): IPipelineNode['secrets'] {
  const found = new Map<string, IPipelineNode['secrets'][number]>();
  for (const item of records(unwrap(value))) {
    const variable = word(item.env_var);
    if (variable !== undefined) {
      const name = word(item.name);
      const key = word(item.key);
      found.set(variable, { variable, ...(name === undefined ? {} : { name }), ...(key === undefined ? {} : { key }) });
    }
  }
  return [...found.values()];
}

export function readVolumes(value: unknown): IPipelineNode['volumes'] {
  const found = new Map<string, IPipelineNode['volumes'][number]>();
  for (const item of records(unwrap(value))) {
    const path = word(item.path);
    const claim = word(item.pvc_name);
    if (path !== undefined || claim !== undefined) {
      const subPath = word(item.sub_path);
      found.set(path ?? '', {
        path: path ?? '',
        claim: claim ?? '',
        ...(subPath === undefined ? {} : { subPath }),
        ...(item.read_only === true ? { readOnly: true } : {})
      });
    }
  }
  return [...found.values()];
}

/** `key:operator:value:effect` each. */
export function tolerations(value: unknown): string[] {
  return records(unwrap(value)).flatMap(item => {
    const parts = [item.key, item.operator, item.value, item.effect].map(part => scalar(part) ?? '');
    return parts.every(part => part === '') ? [] : [parts.join(':')];
  });
}

/** As `<size> <unit>`. */
export function sharedMemory(value: unknown): string | undefined {
  const plain = unwrap(value);
  const size = isRecord(plain) ? scalar(plain.size) : scalar(plain);
  return size === undefined || size === '' || size === '0'
    ? undefined
    : `${size} ${(isRecord(plain) && word(plain.units)) || 'G'}`;
}

/** Content of `properties`, or nothing. */
export function record(value: unknown): { [key: string]: unknown } {
  return isRecord(value) ? value : {};
}
