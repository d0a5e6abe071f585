import { lineStarts } from './edits';
import type { IPosition } from './types';

/** What the text around a cursor is, told from indentation alone: it works while the YAML is broken. */
export interface ICursor {
  /** Keys and list positions of the mapping or list that the cursor is in (for `value`: with the key). */
  path: (string | number)[];
  /**
   * `key`: a key (or an item of a list of texts) can be written here; `value`: behind a colon or in a list of texts; `none`:
   * a comment or the lines of a text block.
   */
  what: 'key' | 'value' | 'none';
  /** Keys that the mapping has already. */
  siblings: string[];
  /** What is replaced: from the begin of the word to its end. Columns of the line of the cursor. */
  from: number;
  to: number;
  /** The quotation mark that the word begins with. */
  quote: '' | "'" | '"';
  /** A colon follows the word already. */
  colon: boolean;
  /** Column in which the keys of this mapping begin. */
  indent: number;
  /** The cursor is in `{…}` or `[…]`. */
  flow: boolean;
  /** The first thing behind a dash. */
  afterDash: boolean;
  /** The key above in the same column, when what follows it may be the list that an item is added to here. */
  listAbove?: string;
}

interface ILine {
  /** Columns (from 0) of the dashes. */
  dashes: number[];
  /** Column where the content begins. */
  content: number;
  key?: string;
  /** Column behind the colon. */
  value?: number;
}

const KEY =
  /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s#'"[\]{},&*!|>%@`][^#]*?|[^\s#'"[\]{},&*!|>%@`]))\s*:(?=\s|$)/;

/** Characters in which a key is looked for. */
const LONGEST_KEY = 256;

/** Takes one line apart; undefined for what is empty or a comment. */
export function readLine(text: string): ILine | undefined {
  let at = 0;
  const dashes: number[] = [];
  for (;;) {
    while (text[at] === ' ') {
      at++;
    }
    if (text[at] === '-' && (at + 1 >= text.length || text[at + 1] === ' ')) {
      dashes.push(at++);
    } else {
      break;
    }
  }
  const rest = text.slice(at);
  if ((rest === '' && dashes.length === 0) || rest.startsWith('#') || /^(---|\.\.\.|%)/.test(text)) {
    return undefined;
  }
  const match = KEY.exec(rest.slice(0, LONGEST_KEY));
  return match
    ? { dashes, content: at, key: match[1] ?? match[2] ?? match[3], value: at + match[0].length }
    : { dashes, content: at };
}

interface IClimbed {
  path: (string | number)[];
  siblings: string[];
  /** The line belongs to a text block. */
  block: boolean;
  listAbove?: string;
}

/** Reads the surroundings of a place. */
export function cursorAt(text: string, position: IPosition): ICursor {
  const starts = lineStarts(text);
  const line = Math.max(1, Math.min(position.line, starts.length));
  const lineText = (index: number) =>
    text.slice(starts[index], index + 1 < starts.length ? starts[index + 1] - 1 : text.length).replace(/\r$/, '');
  const here = lineText(line - 1);
  const column = Math.max(0, Math.min(position.column - 1, here.length));
  return new Surroundings(lineText, starts.length, line - 1, here, column).read();
}

class Surroundings {
  constructor(
    private readonly _line: (index: number) => string,
    private readonly _count: number,
    private readonly _at: number,
    private readonly _text: string,
    private readonly _column: number
  ) {}

  read(): ICursor {
    const before = this._text.slice(0, this._column);
    const line = readLine(this._text);
    if (isComment(before) || /(?:^|\s)-$/.test(before)) {
      return this._none();
    }
    const typed = /^\s*(?:-\s+)*$/.test(before) ? undefined : line;
    const content = line === undefined || this._column < line.content ? this._column : line.content;
    const dashes = (line?.dashes ?? []).filter(dash => dash < this._column);
    const up = this._climb(content, dashes);
    if (up.block) {
      return this._none();
    }
    if (typed?.value !== undefined && this._column >= typed.value) {
      return this._inValue([...up.path, typed.key ?? ''], this._skip(typed.value), up.siblings, content);
    }
    const flow = this._flow(up.path, content);
    if (flow) {
      return flow;
    }
    const from = typed === undefined ? this._column : content;
    const word = /^["']?[^:#]*/.exec(this._text.slice(from))?.[0].trimEnd() ?? '';
    const own = typed?.key;
    return {
      path: up.path,
      what: 'key',
      siblings: [...up.siblings, ...this._below(content)].filter(key => key !== own),
      from,
      to: Math.max(from + word.length, this._column),
      quote: quoteOf(this._text[from]),
      colon: typed?.key !== undefined,
      indent: content,
      flow: false,
      afterDash: dashes.length > 0,
      ...(typed === undefined && up.listAbove !== undefined && dashes.length === 0 ? { listAbove: up.listAbove } : {})
    };
  }

  /** Parents of what stands in `column`, and the keys before it in the same mapping. */
  private _climb(column: number, dashes: number[]): IClimbed {
    const path: (string | number)[] = [];
    let above: { key?: string } | undefined;
    const siblings: string[] = [];
    let limit = column;
    let item = false;
    let level = 0;
    for (const dash of [...dashes].reverse()) {
      path.unshift(0);
      limit = dash;
      item = true;
      level++;
    }
    for (let index = this._at - 1; index >= 0 && (limit > 0 || item); index--) {
      const text = this._line(index);
      const line = readLine(text);
      if (!line) {
        continue;
      }
      if (line.key !== undefined && line.content <= limit) {
        if (line.content < limit || item) {
          path.unshift(line.key);
          if (/[|>][-+0-9]*\s*(#.*)?$/.test(text.slice(line.value)) && path.length === 1) {
            return { path, siblings, block: true };
          }
          limit = line.content;
          item = false;
          level++;
        } else if (level === 0) {
          above ??= isOpen(text, line) ? { key: line.key } : {};
          siblings.push(line.key);
        }
      }
      for (const dash of [...line.dashes].reverse()) {
        if (dash < limit) {
          path.unshift(0);
          limit = dash;
          item = true;
          level++;
        } else if (dash === limit && item && typeof path[0] === 'number') {
          path[0]++;
        }
      }
    }
    if (level === 0 && limit === 0) {
      for (let index = this._at - 1; index >= 0; index--) {
        const line = readLine(this._line(index));
        if (line?.key !== undefined && line.content === 0) {
          siblings.push(line.key);
        }
      }
    }
    return { path, siblings, block: false, ...(above?.key === undefined ? {} : { listAbove: above.key }) };
  }

  /** Keys after the cursor in the same mapping. */
  private _below(column: number): string[] {
    const result: string[] = [];
    for (let index = this._at + 1; index < this._count; index++) {
      const line = readLine(this._line(index));
      if (line && (line.dashes[0] ?? line.content) < column) {
        break;
      }
      if (line?.key !== undefined && line.content === column && line.dashes.length === 0) {
        result.push(line.key);
      }
    }
    return result;
  }

  private _skip(from: number): number {
    let at = from;
    while (at < this._column && this._text[at] === ' ') {
      at++;
    }
    return at;
  }

  /** Behind a colon: plain, in quotes, or in a flow collection. */
  private _inValue(path: (string | number)[], from: number, siblings: string[], indent: number): ICursor {
    const first = this._text[from];
    if (first === '[' || first === '{') {
      return this._inFlow(path, from, indent);
    }
    const quote = quoteOf(first);
    const rest = this._text.slice(from);
    const word =
      quote === ''
        ? (/^(?:[^\s#]|\s(?!\s*#|\s*$)|(?<=\S)#)*/.exec(rest)?.[0] ?? '')
        : rest.slice(0, closing(rest, quote));
    return {
      path,
      what: 'value',
      siblings,
      from,
      to: Math.max(from + word.trimEnd().length, this._column),
      quote,
      colon: false,
      indent,
      flow: false,
      afterDash: false
    };
  }

  /** An item like `- {storage_provider: x, …}` or `- [a, b]`. */
  private _flow(path: (string | number)[], content: number): ICursor | undefined {
    const first = this._text[content];
    return (first === '{' || first === '[') && this._column > content
      ? this._inFlow(path, content, content)
      : undefined;
  }

  private _inFlow(path: (string | number)[], from: number, indent: number): ICursor {
    interface ILevel {
      open: string;
      key?: string;
      keys: string[];
      index: number;
      start: number;
    }
    const levels: ILevel[] = [];
    let word = from;
    let quoted = '';
    for (let at = from; at < this._column; at++) {
      const c = this._text[at];
      const level = levels[levels.length - 1];
      if (quoted !== '') {
        quoted = c === quoted ? '' : quoted;
      } else if ((c === "'" || c === '"') && this._text.slice(word, at).trim() === '') {
        quoted = c;
      } else if (c === '{' || c === '[') {
        levels.push({ open: c, keys: [], index: 0, start: at + 1 });
        word = at + 1;
      } else if (c === '}' || c === ']') {
        levels.pop();
        word = at + 1;
      } else if (c === ',' && level) {
        level.key = undefined;
        level.index++;
        word = at + 1;
      } else if (c === ':' && level?.open === '{' && level.key === undefined && /\s/.test(this._text[at + 1] ?? ' ')) {
        level.key = this._text
          .slice(word, at)
          .trim()
          .replace(/^["']|["']$/g, '');
        level.keys.push(level.key);
        word = at + 1;
      }
    }
    if (levels.length === 0) {
      return { ...this._none(), path };
    }
    const whole = [...path];
    for (const level of levels) {
      if (level.open === '[') {
        whole.push(level.index);
      } else if (level.key !== undefined) {
        whole.push(level.key);
      }
    }
    const last = levels[levels.length - 1];
    const start = this._skip(word);
    const rest = this._text.slice(start);
    const quote = quoteOf(rest[0]);
    const text = quote === '' ? (/^[^,}\]:#]*/.exec(rest)?.[0] ?? '') : rest.slice(0, closing(rest, quote));
    const isKey = last.open === '{' && last.key === undefined;
    const later = isKey ? keysBehind(this._text.slice(this._column)) : [];
    return {
      path: whole,
      what: isKey ? 'key' : 'value',
      siblings: [...last.keys, ...later],
      from: start,
      to: Math.max(start + text.trimEnd().length, this._column),
      quote,
      colon: isKey && /^\s*:/.test(rest.slice(text.length)),
      indent,
      flow: true,
      afterDash: false
    };
  }

  private _none(): ICursor {
    return {
      path: [],
      what: 'none',
      siblings: [],
      from: this._column,
      to: this._column,
      quote: '',
      colon: false,
      indent: 0,
      flow: false,
      afterDash: false
    };
  }
}

/** Nothing stands behind the colon. */
function isOpen(text: string, line: ILine): boolean {
  return /^\s*(#.*)?$/.test(text.slice(line.value));
}

function quoteOf(text: string | undefined): '' | "'" | '"' {
  return text === "'" || text === '"' ? text : '';
}

/** Length of a quoted text, its end included where there is one. */
function closing(text: string, quote: string): number {
  const end = text.indexOf(quote, 1);
  return end < 0 ? text.trimEnd().length : end + 1;
}

/** True behind a `#` that begins a comment. */
function isComment(before: string): boolean {
  let quoted = '';
  for (let at = 0; at < before.length; at++) {
    const c = before[at];
    if (quoted !== '') {
      quoted = c === quoted ? '' : quoted;
    } else if ((c === "'" || c === '"') && (at === 0 || /[\s:[{,]/.test(before[at - 1]))) {
      quoted = c;
    } else if (c === '#' && (at === 0 || /\s/.test(before[at - 1]))) {
      return true;
    }
  }
  return false;
}

/** Keys of the same braces behind the cursor. */
function keysBehind(text: string): string[] {
  const end = text.search(/[}\]]/);
  return [...(end < 0 ? text : text.slice(0, end)).matchAll(/[,{]\s*["']?([\w.-]+)["']?\s*:/g)].map(match => match[1]);
}
