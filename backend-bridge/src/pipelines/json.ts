/** Strict reading of JSON that says where it is wrong, and where in the text a value lies. */

/** Offsets into the text, end exclusive. */
export interface ISpan {
  start: number;
  end: number;
}

export type JsonPath = readonly (string | number)[];

export type JsonResult = { value: unknown } | { error: { offset: number; message: string } };

/** Parses; on an error the place is found by a scanner of our own, as engines word and place theirs differently. */
export function parseJson(text: string): JsonResult {
  const body = text.charCodeAt(0) === 0xfeff ? ` ${text.slice(1)}` : text;
  try {
    return { value: JSON.parse(body) as unknown };
  } catch {
    return { error: findError(body) };
  }
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.exec(text);
  return SPACE.lastIndex;
}

/** Offset after a string that begins at `at`; -1 when it does not end on its line or has a wrong escape. */
function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) {
      return i + 1;
    }
    if (code < 32) {
      return -1;
    }
    if (code === 92) {
      const next = text[++i];
      if (next === 'u') {
        if (!/^[0-9a-fA-F]{4}$/.test(text.slice(i + 1, i + 5))) {
          return -1;
        }
        i += 4;
      } else if (next === undefined || !'"\\/bfnrt'.includes(next)) {
        return -1;
      }
    }
  }
  return -1;
}

/** First place where the text is not JSON. Without recursion: depth is the writer's choice. */
function findError(text: string): { offset: number; message: string } {
  const stack: ('{' | '[')[] = [];
  let at = skipSpace(text, 0);
  let expect: 'value' | 'key' | 'firstKey' | 'firstItem' | 'after' = 'value';
  const fail = (message: string, offset = at) => ({ offset: Math.min(offset, text.length), message });
  for (;;) {
    at = skipSpace(text, at);
    const char = text[at];
    if (char === undefined) {
      return fail(
        stack.length > 0 || expect !== 'after'
          ? 'The file ends too early: part of it is missing.'
          : 'The file cannot be read as JSON.'
      );
    }
    if (expect === 'after') {
      const open = stack[stack.length - 1];
      if (open === undefined) {
        return fail('There is more text after the end of the pipeline. Remove it.');
      }
      if (char === ',') {
        at++;
        expect = open === '{' ? 'key' : 'value';
      } else if (char === (open === '{' ? '}' : ']')) {
        stack.pop();
        at++;
      } else {
        return fail(`A comma or ${open === '{' ? '}' : ']'} is missing before this place.`);
      }
      continue;
    }
    if (expect === 'key' || expect === 'firstKey') {
      if (char === '}' && expect === 'firstKey') {
        stack.pop();
        at++;
        expect = 'after';
        continue;
      }
      const end = char === '"' ? endOfString(text, at) : 0;
      if (end === 0) {
        return fail(char === '}' ? 'There is a comma too many before }.' : 'A name in double quotes belongs here.');
      }
      if (end < 0) {
        return fail('This text in quotes does not end, or has a wrong escape.');
      }
      at = skipSpace(text, end);
      if (text[at] !== ':') {
        return fail('A colon is missing after the name.');
      }
      at++;
      expect = 'value';
      continue;
    }
    if (char === ']' && expect === 'firstItem') {
      stack.pop();
      at++;
      expect = 'after';
    } else if (char === '{' || char === '[') {
      stack.push(char);
      at++;
      expect = char === '{' ? 'firstKey' : 'firstItem';
    } else if (char === '"') {
      const end = endOfString(text, at);
      if (end < 0) {
        return fail('This text in quotes does not end, or has a wrong escape.');
      }
      at = end;
      expect = 'after';
    } else {
      SCALAR.lastIndex = at;
      const match = SCALAR.exec(text);
      if (!match) {
        return fail(
          char === ']' ? 'There is a comma too many before ].' : 'A value is missing or cannot be read here.'
        );
      }
      at = SCALAR.lastIndex;
      expect = 'after';
    }
  }
}

interface IChild extends ISpan {
  key: string | number;
  keyStart: number;
}

/** Offset after the value that begins at `at`, in a text that is known to be JSON. */
function skipValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === 34) {
    return skipString(text, at);
  }
  if (first !== 123 && first !== 91) {
    SCALAR.lastIndex = at;
    SCALAR.exec(text);
    return Math.max(SCALAR.lastIndex, at + 1);
  }
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) {
      i = skipString(text, i) - 1;
    } else if (code === 123 || code === 91) {
      depth++;
    } else if ((code === 125 || code === 93) && --depth === 0) {
      return i + 1;
    }
  }
  return text.length;
}

function skipString(text: string, at: number): number {
  for (let i = at + 1; ; i++) {
    i = text.indexOf('"', i);
    if (i < 0) {
      return text.length;
    }
    let slashes = 0;
    while (text.charCodeAt(i - 1 - slashes) === 92) {
      slashes++;
    }
    if (slashes % 2 === 0) {
      return i + 1;
    }
  }
}

/**
 * Places of values in a text that is JSON. Nothing is read before something is asked for; then only the containers on the way to it, each
 * once, so that many questions about a large file stay linear.
 */
export class Places {
  constructor(readonly text: string) {}

  /** Where the value lies, or the nearest container of it that exists. */
  find(path: JsonPath): ISpan {
    const start = this.text.charCodeAt(0) === 0xfeff ? 1 : 0;
    let span: ISpan = { start: skipSpace(this.text, start), end: this.text.trimEnd().length };
    for (const key of path) {
      const child = this._children(span).get(key);
      if (!child) {
        break;
      }
      span = child;
    }
    return { start: Math.min(span.start, this.text.length), end: Math.max(span.start, span.end) };
  }

  /** Where the value lies; undefined when there is none. */
  findExact(path: JsonPath): ISpan | undefined {
    let span = this.find([]);
    for (const key of path) {
      const child = this._children(span).get(key);
      if (!child) {
        return undefined;
      }
      span = child;
    }
    return span;
  }

  /** Lines and columns count from 1; columns in UTF-16 units, as editors do. */
  range({ start, end }: ISpan): { line: number; column: number; endLine: number; endColumn: number } {
    const from = this._position(start);
    const to = this._position(end);
    return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  private _position(offset: number): { line: number; column: number } {
    if (!this._lines) {
      this._lines = [0];
      for (let i = this.text.indexOf('\n'); i >= 0; i = this.text.indexOf('\n', i + 1)) {
        this._lines.push(i + 1);
      }
    }
    let low = 0;
    let high = this._lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this._lines[middle] <= offset) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return { line: low + 1, column: offset - this._lines[low] + 1 };
  }

  private _children(span: ISpan): Map<string | number, IChild> {
    const known = this._known.get(span.start);
    if (known) {
      return known;
    }
    const children = new Map<string | number, IChild>();
    const open = this.text[span.start];
    if (open === '{' || open === '[') {
      this._read(span, open === '{', children);
    }
    this._known.set(span.start, children);
    return children;
  }

  private _read(span: ISpan, keyed: boolean, children: Map<string | number, IChild>): void {
    let at = skipSpace(this.text, span.start + 1);
    for (let index = 0; at < span.end - 1; index++) {
      const keyStart = at;
      let key: string | number = index;
      if (keyed) {
        const end = skipString(this.text, at);
        key = JSON.parse(this.text.slice(at, end)) as string;
        at = skipSpace(this.text, skipSpace(this.text, end) + 1);
      }
      const end = skipValue(this.text, at);
      children.set(key, { key, keyStart, start: at, end });
      at = skipSpace(this.text, end);
      if (this.text[at] === ',') {
        at = skipSpace(this.text, at + 1);
      }
    }
  }

  private readonly _known = new Map<number, Map<string | number, IChild>>();
  private _lines?: number[];
}
