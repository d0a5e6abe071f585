/**
 * Where records of a CSV file begin, when there are newlines inside quotes: a part may not begin in the middle of a field.
 * The rules are those of Python's `csv` reader: a quote opens a field only as its first character, two quotes inside are one,
 * and after the closing quote further quotes are plain characters.
 */

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Takes a file piece by piece. */
export class CsvCuts {
  /** @param step Wanted distance of the cuts, bytes. @param separator Of fields. */
  constructor(
    private readonly _step: number,
    separator = ','
  ) {
    const bytes = Buffer.from(separator, 'utf8');
    this._separator = bytes[bytes.length - 1]!;
    this._wanted = _step;
  }

  push(piece: Buffer): void {
    let at = 0;
    if (this._closing) {
      this._closing = false;
      if (piece.length > 0 && piece[0] === QUOTE) {
        at = 1;
      } else {
        this._quoted = false;
      }
    }
    while (at < piece.length) {
      at = this._quoted ? this._inQuotes(piece, at) : this._outside(piece, at);
    }
    this._tail = Buffer.concat([this._tail, piece.subarray(-3)]).subarray(-3);
    this._place += piece.length;
  }

  /** Places where a record begins; undefined: no newline is inside quotes, a part may begin anywhere. */
  end(): number[] | undefined {
    return this._hidden ? this._cuts : undefined;
  }

  private _inQuotes(piece: Buffer, from: number): number {
    const quote = piece.indexOf(QUOTE, from);
    const until = quote < 0 ? piece.length : quote;
    if (!this._hidden) {
      const newline = piece.indexOf(NEWLINE, from);
      this._hidden = newline >= 0 && newline < until;
    }
    if (quote < 0) {
      return piece.length;
    }
    if (quote + 1 === piece.length) {
      this._closing = true;
      return piece.length;
    }
    if (piece[quote + 1] === QUOTE) {
      return quote + 2;
    }
    this._quoted = false;
    return quote + 1;
  }

  private _outside(piece: Buffer, from: number): number {
    let quote = piece.indexOf(QUOTE, from);
    while (quote >= 0 && !this._opens(piece, quote)) {
      quote = piece.indexOf(QUOTE, quote + 1);
    }
    const until = quote < 0 ? piece.length : quote;
    // The newline before the wanted place makes the record that begins exactly there.
    let search = Math.max(from, this._wanted - 1 - this._place);
    while (search < until) {
      const newline = piece.indexOf(NEWLINE, search);
      if (newline < 0 || newline >= until) {
        break;
      }
      const start = this._place + newline + 1;
      this._cuts.push(start);
      this._wanted = (Math.floor(start / this._step) + 1) * this._step;
      search = Math.max(newline + 1, this._wanted - 1 - this._place);
    }
    if (quote < 0) {
      return piece.length;
    }
    this._quoted = true;
    return quote + 1;
  }

  private _opens(piece: Buffer, quote: number): boolean {
    const place = this._place + quote;
    if (place === 0) {
      return true;
    }
    const before = quote > 0 ? piece[quote - 1]! : this._tail[this._tail.length - 1]!;
    if (before === this._separator || before === NEWLINE || before === RETURN) {
      return true;
    }
    // A byte order mark before the first field.
    return (
      place === 3 &&
      Buffer.concat([this._tail, piece.subarray(0, 3)])
        .subarray(0, 3)
        .equals(BOM)
    );
  }

  private readonly _separator: number;
  private readonly _cuts: number[] = [];
  private _wanted: number;
  private _place = 0;
  private _tail: Buffer = Buffer.alloc(0);
  private _quoted = false;
  private _closing = false;
  private _hidden = false;
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
