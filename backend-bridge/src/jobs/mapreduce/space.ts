import type { IFixedPart, IRange } from '../engine/plan';
import type { ITaskFormat, ITaskInput } from '../engine/task';
import { isSplittable } from './formats';

/** One file of the input as it is journaled. Sizes and places are bytes. */
export interface ISpaceFile {
  uri: string;
  size: number;
  /** `mtime` in ns, or ETag. */
  version: string;
  /** Place in `formats`. */
  format: number;
  /**
   * Where parts may begin, ascending, the beginning of the file left out: records of a CSV file that has newlines in quotes, row
   * groups of a Parquet file. Absent: anywhere, or (not splittable) nowhere.
   */
  cuts?: number[];
}

export interface ISpaceData {
  formats: ITaskFormat[];
  files: ISpaceFile[];
}

/** Of a small file beside its bytes: opening it costs about as much as reading this much. */
const OPEN_COST = 4096;
/** Of the JSON of one part's inputs: a task must stay under 100 kB. */
const LIST_LIMIT = 60_000;

/**
 * All input as one row of bytes: files one after the other, those of one format together. A part is a range of it, and every
 * range is a part: what can be cut belongs to where it is, and what cannot (a compressed file, a row group, a whole picture)
 * belongs to where its first byte is. So the parts of any division of `[0, total)` have each record once.
 */
export class Space {
  constructor(readonly data: ISpaceData) {
    let place = 0;
    for (const file of data.files) {
      this._starts.push(place);
      // An empty file that counts (as a record of its own) needs a place too.
      place += Math.max(1, file.size);
    }
    this.total = place;
  }

  /** Length of the row, bytes. */
  readonly total: number;

  /**
   * The whole row in parts of about `block` bytes: large files in equal pieces, small ones packed together, formats apart.
   * No part is empty.
   */
  parts(block: number): IFixedPart[] {
    const parts: IFixedPart[] = [];
    let first = 0;
    let weight = 0;
    let listed = 0;
    const close = (end: number): void => {
      if (end > first) {
        parts.push({ first, count: end - first, weight: Math.max(1, weight) });
      }
      first = end;
      weight = 0;
      listed = 0;
    };
    this.data.files.forEach((file, index) => {
      const start = this._starts[index];
      const entry = file.uri.length + 150;
      const open = weight > 0 && weight + file.size + OPEN_COST <= block && listed + entry <= LIST_LIMIT;
      if (!open || this.data.files[index - 1]?.format !== file.format) {
        close(start);
      }
      for (const border of this._borders(file, block)) {
        weight = start + border - first;
        close(start + border);
      }
      weight += start + Math.max(1, file.size) - Math.max(first, start) + OPEN_COST;
      listed += entry;
    });
    close(this.total);
    return parts;
  }

  /** What is in a range: the input of one task. @throws RangeError when it holds more than one format. */
  inputs(range: IRange): { format: ITaskFormat; input: ITaskInput[] } {
    const input: ITaskInput[] = [];
    const end = range.first + range.count;
    const formats = new Set<number>();
    for (let index = this._at(range.first); index < this.data.files.length && this._starts[index] < end; index++) {
      const file = this.data.files[index];
      const start = this._starts[index];
      const piece = this._piece(file, Math.max(0, range.first - start), end - start);
      formats.add(file.format);
      if (piece !== undefined) {
        input.push(piece);
      }
    }
    if (formats.size > 1) {
      throw new RangeError('A part of the input has more than one format.');
    }
    return { format: this.data.formats[[...formats][0] ?? 0], input };
  }

  /** Where the files of a format end; they follow one another. */
  endOfFormat(format: number): number {
    const next = this.data.files.findIndex(file => file.format > format);
    return next < 0 ? this.total : this._starts[next];
  }

  /** Borders inside a file, without its ends. */
  private _borders(file: ISpaceFile, block: number): number[] {
    const pieces = Math.ceil(file.size / block);
    const format = this.data.formats[file.format];
    if (pieces < 2 || (file.cuts === undefined && !isSplittable(format))) {
      return [];
    }
    const borders = new Set<number>();
    for (let i = 1; i < pieces; i++) {
      borders.add(snap(file, format, Math.floor((i * file.size) / pieces)));
    }
    borders.delete(file.size);
    borders.delete(0);
    return [...borders];
  }

  private _piece(file: ISpaceFile, from: number, to: number): ITaskInput | undefined {
    const format = this.data.formats[file.format];
    const whole = { uri: file.uri, start: 0, size: file.size, version: file.version };
    if (file.cuts === undefined && !isSplittable(format)) {
      return from === 0 ? whole : undefined;
    }
    if (format.type === 'parquet') {
      const groups = [0, ...(file.cuts ?? [])].flatMap((cut, index) => (cut >= from && cut < to ? [index] : []));
      return groups.length === 0 ? undefined : { ...whole, rowGroups: groups };
    }
    const start = snap(file, format, from);
    const end = to >= file.size ? file.size : snap(file, format, to);
    if (start >= end) {
      return undefined;
    }
    return { ...whole, start, ...(end === file.size ? {} : { end }) };
  }

  /** The file that a place is in. */
  private _at(place: number): number {
    let low = 0;
    let high = this._starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this._starts[middle] <= place) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private readonly _starts: number[] = [];
}

/** The first place at or after `place` where a part may begin. */
function snap(file: ISpaceFile, format: ITaskFormat, place: number): number {
  if (place <= 0) {
    return 0;
  }
  if (file.cuts !== undefined) {
    let low = 0;
    let high = file.cuts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (file.cuts[middle] < place) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return file.cuts[low] ?? file.size;
  }
  if (format.type === 'fixed') {
    const size = format.size ?? 1;
    return Math.min(file.size, Math.ceil(place / size) * size);
  }
  return Math.min(file.size, place);
}
