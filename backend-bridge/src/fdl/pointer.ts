import type { FdlMap, FdlValue, IFdlDocument, IPlace, IRange } from './types';

/** Adds steps to a JSON pointer. */
export function join(pointer: string, ...parts: (string | number)[]): string {
  let result = pointer;
  for (const part of parts) {
    result += `/${typeof part === 'number' ? part : escapeStep(part)}`;
  }
  return result;
}

/** A key as a step of a JSON pointer. */
export function escapeStep(key: string): string {
  return /[~/]/.test(key) ? key.replace(/~/g, '~0').replace(/\//g, '~1') : key;
}

/** The place of a pointer or of its nearest parent that was written. */
export function placeOf(document: IFdlDocument, pointer: string): IPlace {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const place = document.places.get(at);
    if (place) {
      return place;
    }
    if (!at.includes('/')) {
      return { value: { line: 1, column: 1, endLine: 1, endColumn: 1 } };
    }
  }
}

/** The key where there is one, else the value: short, for what concerns a whole mapping. */
export function keyRange(document: IFdlDocument, pointer: string): IRange {
  const place = placeOf(document, pointer);
  return place.key ?? place.value;
}

export function valueRange(document: IFdlDocument, pointer: string): IRange {
  return placeOf(document, pointer).value;
}

export function isMap(value: FdlValue | undefined): value is FdlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asList(value: FdlValue | undefined): FdlValue[] {
  return Array.isArray(value) ? value : [];
}

export function asMap(value: FdlValue | undefined): FdlMap {
  return isMap(value) ? value : {};
}

/** The text of a scalar as it was written: `1.0` stays `1.0`. Undefined for lists, mappings and nothing. */
export function textOf(document: IFdlDocument, pointer: string, value: FdlValue | undefined): string | undefined {
  if (typeof value === 'string') {
    return value;
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return document.places.get(pointer)?.source ?? String(value);
  }
  return undefined;
}

/** The text of a scalar; nothing for lists and mappings. */
export function asText(value: FdlValue | undefined): string {
  return value === null || value === undefined || typeof value === 'object' ? '' : String(value);
}

/** A copy without some keys. */
export function without(map: FdlMap, ...keys: string[]): FdlMap {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}
