import { StoreError } from './errors';
import { unquote } from './objects';

/** Conditional headers of a read, or of the source of a copy. */
export interface IReadConditions {
  ifMatch: string;
  ifNoneMatch: string;
  ifModifiedSince: string;
  ifUnmodifiedSince: string;
}

/**
 * In the order of RFC 9110: ETags win over times.
 *
 * @returns true when the answer is 304
 * @throws StoreError PreconditionFailed
 */
export function checkRead(conditions: IReadConditions, object: { etag: string; modified: number }): boolean {
  const seconds = Math.floor(object.modified / 1000) * 1000;
  if (conditions.ifMatch !== '') {
    if (!matches(conditions.ifMatch, object.etag)) {
      throw new StoreError('PreconditionFailed');
    }
  } else if (conditions.ifUnmodifiedSince !== '') {
    const time = Date.parse(conditions.ifUnmodifiedSince);
    if (!Number.isNaN(time) && seconds > time) {
      throw new StoreError('PreconditionFailed');
    }
  }
  if (conditions.ifNoneMatch !== '') {
    return matches(conditions.ifNoneMatch, object.etag);
  }
  if (conditions.ifModifiedSince !== '') {
    const time = Date.parse(conditions.ifModifiedSince);
    return !Number.isNaN(time) && seconds <= time;
  }
  return false;
}

function matches(list: string, etag: string): boolean {
  return list.split(',').some(one => one.trim() === '*' || unquote(one.trim().replace(/^W\//, '')) === etag);
}

/**
 * One range; none, several or nonsense mean the whole object, as in MinIO.
 *
 * @returns inclusive ends, undefined for the whole
 * @throws StoreError InvalidRange when it lies behind the end
 */
export function parseRange(text: string, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=\s*(\d{0,16})\s*-\s*(\d{0,16})\s*$/i.exec(text);
  if (match === null || (match[1] === '' && match[2] === '')) {
    return undefined;
  }
  if (match[1] === '') {
    const last = Math.min(Number(match[2]), size);
    if (last === 0) {
      throw new StoreError('InvalidRange');
    }
    return { start: size - last, end: size - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < start) {
    return undefined;
  }
  if (start >= size) {
    throw new StoreError('InvalidRange');
  }
  return { start, end };
}
