import type { IRange } from '../types';
import type { IEdit } from './types';

/** Offsets at which the lines of a text begin. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}

/** The offset of a place; places outside the text are taken to its nearest end. */
export function offsetAt(starts: readonly number[], text: string, line: number, column: number): number {
  const index = Math.max(0, Math.min(line - 1, starts.length - 1));
  const end = index + 1 < starts.length ? starts[index + 1] - 1 : text.length;
  return Math.max(starts[index], Math.min(starts[index] + column - 1, end));
}

/** The text with the edits. Edits that overlap an earlier one are left out. */
export function applyEdits(text: string, edits: readonly IEdit[]): string {
  const starts = lineStarts(text);
  const spans = edits
    .map((edit, index) => ({
      from: offsetAt(starts, text, edit.line, edit.column),
      to: offsetAt(starts, text, edit.endLine, edit.endColumn),
      text: edit.text,
      index
    }))
    .sort((a, b) => a.from - b.from || a.to - b.to || a.index - b.index);
  let result = '';
  let at = 0;
  for (const span of spans) {
    if (span.from >= at) {
      result += text.slice(at, span.from) + span.text;
      at = Math.max(span.from, span.to);
    }
  }
  return result + text.slice(at);
}

/** True when a place is in a range, its end included. */
export function isInside(range: IRange, line: number, column: number): boolean {
  return (
    (line > range.line || (line === range.line && column >= range.column)) &&
    (line < range.endLine || (line === range.endLine && column <= range.endColumn))
  );
}
