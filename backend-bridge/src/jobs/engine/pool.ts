import type { IRange } from './plan';

/** Disjoint ranges in order, neighbours merged. Taking from the front and giving back are cheap also with many pieces. */
export class RangePool {
  constructor(ranges: readonly IRange[] = []) {
    for (const range of ranges) {
      this.put(range);
    }
  }

  /** Units in it. */
  get remaining(): number {
    return this._remaining;
  }

  get ranges(): readonly IRange[] {
    return this._ranges;
  }

  /** The first `count` units, or fewer: never more than one piece, and cut at a multiple of `grain`. */
  take(count: number, grain = 1): IRange | undefined {
    const head = this._ranges[0];
    if (head === undefined) {
      return undefined;
    }
    const border = Math.floor((head.first + Math.floor(count)) / grain) * grain;
    const next = (Math.floor(head.first / grain) + 1) * grain;
    const taken = Math.min(head.count, Math.max(border, next) - head.first);
    this._remaining -= taken;
    if (taken === head.count) {
      this._ranges.shift();
    } else {
      this._ranges[0] = { first: head.first + taken, count: head.count - taken };
    }
    return { first: head.first, count: taken };
  }

  /** Gives back. @throws RangeError when some of it is in the pool: it would be done twice. */
  put(range: IRange): void {
    if (range.count <= 0) {
      return;
    }
    const at = this._after(range.first);
    const before = this._ranges[at - 1];
    const next = this._ranges[at];
    const end = range.first + range.count;
    if ((before && before.first + before.count > range.first) || (next && next.first < end)) {
      throw new RangeError(`Units ${range.first} to ${end} are in the pool already.`);
    }
    const joinsBefore = before !== undefined && before.first + before.count === range.first;
    const joinsNext = next !== undefined && next.first === end;
    const first = joinsBefore ? before.first : range.first;
    const last = joinsNext ? next.first + next.count : end;
    this._ranges.splice(at - (joinsBefore ? 1 : 0), (joinsBefore ? 1 : 0) + (joinsNext ? 1 : 0), {
      first,
      count: last - first
    });
    this._remaining += range.count;
  }

  /** Takes out what is in it of this range. */
  remove(range: IRange): void {
    const end = range.first + range.count;
    for (let at = Math.max(0, this._after(range.first) - 1); at < this._ranges.length;) {
      const piece = this._ranges[at];
      const last = piece.first + piece.count;
      if (piece.first >= end) {
        return;
      }
      if (last <= range.first) {
        at += 1;
        continue;
      }
      const rest = [
        { first: piece.first, count: range.first - piece.first },
        { first: end, count: last - end }
      ].filter(item => item.count > 0);
      this._ranges.splice(at, 1, ...rest);
      this._remaining -= piece.count - rest.reduce((sum, item) => sum + item.count, 0);
      at += rest.length;
    }
  }

  /** Place of the first piece that starts after this unit. */
  private _after(unit: number): number {
    let low = 0;
    let high = this._ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this._ranges[middle].first > unit) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private readonly _ranges: IRange[] = [];
  private _remaining = 0;
}
