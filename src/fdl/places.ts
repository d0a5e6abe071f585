import type { Text } from '@codemirror/state';

import type { IRange } from '../../backend-bridge/src/fdl/types';

/** Offsets at which the lines of a text begin. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}

/** The offset of a place that counts from 1; what is outside goes to the nearest end. */
export function offsetOf(starts: readonly number[], text: string, line: number, column: number): number {
  const index = Math.max(0, Math.min(line - 1, starts.length - 1));
  const end = index + 1 < starts.length ? starts[index + 1] - 1 : text.length;
  return Math.max(starts[index], Math.min(starts[index] + column - 1, end));
}

/** The same in a document of the editor, whose text may have moved on since. */
export function offsetIn(doc: Text, line: number, column: number): number {
  const at = doc.line(Math.max(1, Math.min(line, doc.lines)));
  return Math.max(at.from, Math.min(at.from + column - 1, at.to));
}

export function spanIn(doc: Text, range: IRange): { from: number; to: number } {
  const from = offsetIn(doc, range.line, range.column);
  return { from, to: Math.max(from, offsetIn(doc, range.endLine, range.endColumn)) };
}

export function positionIn(doc: Text, offset: number): { line: number; column: number } {
  const line = doc.lineAt(offset);
  return { line: line.number, column: offset - line.from + 1 };
}
