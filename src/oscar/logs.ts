import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { hiddenLines, isCopied } from './sentinel';

/**
 * Lines of a log, bounded: the first lines and the last ones stay when a script prints without end.
 */
export class LogBuffer {
  constructor(options: { limit?: number } = {}) {
    this._limit = Math.max(200, options.limit ?? 20000);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Number of lines that can be read with `line`. */
  get length(): number {
    const open = this._open === '' || hidesOpen(this._open) ? 0 : 1;
    return this._lines.length - this._hidden() + open;
  }

  /** Lines that were dropped in the middle. */
  get dropped(): number {
    return this._dropped;
  }

  /** Index of the first line after the gap; 0 when there is none. */
  get gap(): number {
    return this._dropped === 0 ? 0 : this._head;
  }

  line(index: number): string {
    const at = index < this._first ? index : index + this._hidden();
    return at < this._lines.length ? this._lines[at] : shown(this._open);
  }

  append(text: string): void {
    if (text === '') {
      return;
    }
    const parts = (this._open + text).split('\n');
    this._open = parts.pop() ?? '';
    // A program that draws a bar never ends its line.
    if (this._open.length > MAX_LINE) {
      this._open = this._open.slice(this._open.lastIndexOf('\r') + 1).slice(-MAX_LINE);
    }
    for (const part of parts) {
      if (!isCopied(part)) {
        this._lines.push(shown(part));
      }
    }
    const over = this._lines.length - this._limit;
    if (over > 0) {
      this._lines.splice(this._head, over);
      this._dropped += over;
    }
    const { first, end } = hiddenLines(this._lines);
    this._first = first;
    this._end = end;
    this._changed.emit();
  }

  clear(): void {
    this._lines.length = 0;
    this._open = '';
    this._dropped = 0;
    this._first = this._end = 0;
    this._changed.emit();
  }

  /** The text of all lines that were kept. */
  text(): string {
    return Array.from({ length: this.length }, (_, index) => this.line(index)).join('\n');
  }

  /** Number of lines that are for the bridge only. */
  private _hidden(): number {
    return this._end - this._first;
  }

  private readonly _limit: number;
  private readonly _head = 100;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _lines: string[] = [];
  private _open = '';
  private _dropped = 0;
  private _first = 0;
  private _end = 0;
}

/** The beginning of a line for the bridge would flash up otherwise. */
function hidesOpen(text: string): boolean {
  return /(?:^|[Z:\d] )OSCAR-(?:EXIT|OUTPUT):[^\n]*$/.test(text);
}

const MAX_LINE = 20000;
// eslint-disable-next-line no-control-regex
const ANSI = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** A line as a terminal would leave it: without colours, and what a carriage return overwrote. */
function shown(line: string): string {
  const plain = line.replace(ANSI, '').replace(/\r+$/, '');
  const last = plain.slice(plain.lastIndexOf('\r') + 1);
  return last.length > MAX_LINE ? `${last.slice(0, MAX_LINE)}…` : last;
}
