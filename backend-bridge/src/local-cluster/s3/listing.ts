import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { IObjectRow } from './schema';

export interface IScanOptions {
  prefix: string;
  delimiter: string;
  /** Keys after this one; '' for all. */
  after: string;
  /** `after` names a group that was listed: none of its keys comes again. */
  skipGroup: boolean;
  limit: number;
}

export interface IScanResult {
  objects: IObjectRow[];
  prefixes: string[];
  /** The last key or group of the page; absent when it is the last page. */
  next?: string;
}

/**
 * Lists keys in the order of their UTF-8 bytes. A group behind a delimiter costs one seek, however many keys are in it, so
 * a page costs the same in a bucket of a thousand and of a million objects.
 */
export class Listing {
  constructor(db: DatabaseSync) {
    const columns = 'SELECT * FROM objects WHERE bucket = ?';
    this._after = db.prepare(`${columns} AND key > ? AND key < ? ORDER BY key LIMIT ?`);
    this._from = db.prepare(`${columns} AND key >= ? AND key < ? ORDER BY key LIMIT ?`);
    this._afterOpen = db.prepare(`${columns} AND key > ? ORDER BY key LIMIT ?`);
    this._fromOpen = db.prepare(`${columns} AND key >= ? ORDER BY key LIMIT ?`);
  }

  scan(bucket: number, options: IScanOptions): IScanResult {
    const { prefix, delimiter, limit } = options;
    const result: IScanResult = { objects: [], prefixes: [] };
    const end = prefix === '' ? undefined : successor(prefix);
    let from = prefix;
    let inclusive = true;
    if (options.after !== '' && compareKeys(options.after, prefix) >= 0) {
      from = options.after;
      inclusive = false;
      const group = groupOf(options.after, prefix, delimiter);
      if (options.skipGroup && group === options.after) {
        const beyond = successor(group);
        if (beyond === undefined) {
          return result;
        }
        from = beyond;
        inclusive = true;
      }
    }
    let last: string | undefined;
    let count = 0;
    while (count <= limit) {
      // One more than the page holds, to know whether another one follows.
      const rows = this._rows(bucket, from, inclusive, end, limit - count + 1);
      let jumped = false;
      for (const row of rows) {
        if (count === limit) {
          return last === undefined ? result : { ...result, next: last };
        }
        const group = groupOf(row.key, prefix, delimiter);
        count++;
        if (group === undefined) {
          result.objects.push(row);
          last = row.key;
          continue;
        }
        result.prefixes.push(group);
        last = group;
        const beyond = successor(group);
        if (beyond === undefined) {
          return result;
        }
        from = beyond;
        inclusive = true;
        jumped = true;
        break;
      }
      if (!jumped) {
        return result;
      }
    }
    return result;
  }

  /** Iterates, so that rows behind a jump are never read. */
  private _rows(
    bucket: number,
    from: string,
    inclusive: boolean,
    end: string | undefined,
    limit: number
  ): Iterable<IObjectRow> {
    const rows =
      end === undefined
        ? (inclusive ? this._fromOpen : this._afterOpen).iterate(bucket, from, limit)
        : (inclusive ? this._from : this._after).iterate(bucket, from, end, limit);
    return rows as unknown as Iterable<IObjectRow>;
  }

  private readonly _after: StatementSync;
  private readonly _from: StatementSync;
  private readonly _afterOpen: StatementSync;
  private readonly _fromOpen: StatementSync;
}

/** `prefix` up to and with the first delimiter behind it; undefined when there is none. */
function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') {
    return undefined;
  }
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** Smallest string that is greater than all that begin with `prefix`, by code points; undefined when there is none. */
export function successor(prefix: string): string | undefined {
  const points = [...prefix];
  while (points.length > 0) {
    const point = points.pop()!.codePointAt(0)!;
    if (point < 0x10ffff) {
      return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
    }
  }
  return undefined;
}

/** Order of UTF-8 bytes, which differs from that of JavaScript's strings beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
