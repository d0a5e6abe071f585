import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

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
    return this._lines.length + (this._open === '' ? 0 : 1);
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
    return index < this._lines.length ? this._lines[index] : shown(this._open);
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
      this._lines.push(shown(part));
    }
    const over = this._lines.length - this._limit;
    if (over > 0) {
      this._lines.splice(this._head, over);
      this._dropped += over;
    }
    this._changed.emit();
  }

  clear(): void {
    this._lines.length = 0;
    this._open = '';
    this._dropped = 0;
    this._changed.emit();
  }

  /** The text of all lines that were kept. */
  text(): string {
    const lines = this._open === '' ? this._lines : [...this._lines, shown(this._open)];
    return lines.join('\n');
  }

  private readonly _limit: number;
  private readonly _head = 100;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _lines: string[] = [];
  private _open = '';
  private _dropped = 0;
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
