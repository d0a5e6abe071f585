import type { IFdlDocument, IRange } from '../types';
import type { IEdit } from './types';

/** A key with its value as lines of their own. */
export interface IBlock {
  /** Column of the key, from 1. */
  column: number;
  /** Key and value. */
  range: IRange;
  /** Whole lines, with the line end behind them. */
  line: IRange;
  /** What follows the colon, as it is written. */
  after: string;
}

/** The lines of a key; undefined when something else stands on them (braces, a dash before it). */
export function blockOf(document: IFdlDocument, pointer: string): IBlock | undefined {
  const place = document.places.get(pointer);
  if (!place?.key) {
    return undefined;
  }
  const { key } = place;
  const lines = document.text.split('\n');
  const empty = place.value.line === key.line && place.value.column < key.endColumn;
  const end = empty
    ? { line: key.endLine, column: key.endColumn + 1 }
    : { line: place.value.endLine, column: place.value.endColumn };
  const before = (lines[key.line - 1] ?? '').slice(0, key.column - 1);
  const behind = (lines[end.line - 1] ?? '').slice(end.column - 1);
  if (before.trim() !== '' || !/^\s*(#.*)?$/.test(behind)) {
    return undefined;
  }
  const own = lines.slice(key.line - 1, end.line);
  own[own.length - 1] = own[own.length - 1].slice(0, end.column - 1);
  const text = own.join('\n').slice(key.endColumn - 1);
  const colon = text.indexOf(':');
  // With an alias or a merge the value stands elsewhere.
  if (colon < 0 || place.value.line < key.line) {
    return undefined;
  }
  return {
    column: key.column,
    range: { line: key.line, column: key.column, endLine: end.line, endColumn: end.column },
    line: { line: key.line, column: 1, endLine: end.line + 1, endColumn: 1 },
    after: text.slice(colon + 1)
  };
}

/** Moves all lines but the first by some columns. */
export function reindent(text: string, by: number): string {
  const [first, ...rest] = text.split('\n');
  return [
    first,
    ...rest.map(line =>
      line.trim() === '' ? line : by >= 0 ? ' '.repeat(by) + line : line.replace(new RegExp(`^ {0,${-by}}`), '')
    )
  ].join('\n');
}

/** Makes comments of the lines of a key. None when other things stand on them. */
export function commentOut(document: IFdlDocument, pointer: string): IEdit[] {
  const block = blockOf(document, pointer);
  if (!block) {
    return [];
  }
  const edits: IEdit[] = [];
  const lines = document.text.split('\n');
  for (let line = block.range.line; line <= block.range.endLine; line++) {
    const text = lines[line - 1] ?? '';
    const column = Math.min(block.column, text.length - text.trimStart().length + 1);
    if (text.trim() !== '') {
      edits.push({ line, column, endLine: line, endColumn: column, text: '# ' });
    }
  }
  return edits;
}
