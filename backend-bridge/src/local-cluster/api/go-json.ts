/**
 * JSON as Go's `encoding/json` reads it: the same syntax errors in the same words, because clients and people compare them.
 *
 * Only the first value of a body is read, as `Decoder.Decode` does; what follows it is ignored.
 */

/** A parsed value; numbers keep their text, because Go decides by it whether they fit an integer. */
export type GoValue =
  | { kind: 'null' }
  | { kind: 'bool'; value: boolean }
  | { kind: 'number'; text: string }
  | { kind: 'string'; value: string }
  | { kind: 'array'; items: GoValue[] }
  | { kind: 'object'; entries: [string, GoValue][] };

/** The message is Go's. */
export class GoJsonError extends Error {}

/** Nesting that Go refuses too (it stops at 10,000; bodies of services are a few levels deep). */
const MAX_DEPTH = 512;

/** Reads the first value of a text. @throws GoJsonError with Go's words. */
export function parseGoJson(text: string): GoValue {
  return new Parser(text).parse();
}

class Parser {
  constructor(private readonly _text: string) {}

  parse(): GoValue {
    this._space();
    if (this._at >= this._text.length) {
      throw new GoJsonError('EOF');
    }
    return this._value(0);
  }

  private _value(depth: number): GoValue {
    if (depth > MAX_DEPTH) {
      throw new GoJsonError('exceeded max depth');
    }
    this._space();
    const character = this._need();
    switch (character) {
      case '{':
        return this._object(depth);
      case '[':
        return this._array(depth);
      case '"':
        return { kind: 'string', value: this._string() };
      case 't':
        this._literal('true');
        return { kind: 'bool', value: true };
      case 'f':
        this._literal('false');
        return { kind: 'bool', value: false };
      case 'n':
        this._literal('null');
        return { kind: 'null' };
    }
    if (character === '-' || isDigit(character)) {
      return { kind: 'number', text: this._number() };
    }
    throw this._unexpected('looking for beginning of value');
  }

  private _object(depth: number): GoValue {
    const entries: [string, GoValue][] = [];
    this._at++;
    this._space();
    if (this._need() === '}') {
      this._at++;
      return { kind: 'object', entries };
    }
    for (;;) {
      this._space();
      if (this._need() !== '"') {
        throw this._unexpected('looking for beginning of object key string');
      }
      const key = this._string();
      this._space();
      if (this._need() !== ':') {
        throw this._unexpected('after object key');
      }
      this._at++;
      entries.push([key, this._value(depth + 1)]);
      this._space();
      const next = this._need();
      if (next !== ',' && next !== '}') {
        throw this._unexpected('after object key:value pair');
      }
      this._at++;
      if (next === '}') {
        return { kind: 'object', entries };
      }
    }
  }

  private _array(depth: number): GoValue {
    const items: GoValue[] = [];
    this._at++;
    this._space();
    if (this._need() === ']') {
      this._at++;
      return { kind: 'array', items };
    }
    for (;;) {
      items.push(this._value(depth + 1));
      this._space();
      const next = this._need();
      if (next !== ',' && next !== ']') {
        throw this._unexpected('after array element');
      }
      this._at++;
      if (next === ']') {
        return { kind: 'array', items };
      }
    }
  }

  private _string(): string {
    const start = this._at;
    this._at++;
    for (;;) {
      const character = this._need();
      if (character === '"') {
        this._at++;
        return replaceLoneSurrogates(JSON.parse(this._text.slice(start, this._at)) as string);
      }
      if (character < ' ') {
        throw this._unexpected('in string literal');
      }
      this._at++;
      if (character === '\\') {
        const escape = this._need();
        if (escape === 'u') {
          this._at++;
          for (let digit = 0; digit < 4; digit++) {
            if (!/[0-9a-fA-F]/.test(this._need())) {
              throw this._unexpected('in \\u hexadecimal character escape');
            }
            this._at++;
          }
        } else if ('"\\/bfnrt'.includes(escape)) {
          this._at++;
        } else {
          throw this._unexpected('in string escape code');
        }
      }
    }
  }

  private _number(): string {
    const start = this._at;
    if (this._text[this._at] === '-') {
      this._at++;
    }
    if (this._need() === '0') {
      this._at++;
    } else if (isDigit(this._need())) {
      this._digits();
    } else {
      throw this._unexpected('in numeric literal');
    }
    if (this._text[this._at] === '.') {
      this._at++;
      if (!isDigit(this._need())) {
        throw this._unexpected('after decimal point in numeric literal');
      }
      this._digits();
    }
    if (this._text[this._at] === 'e' || this._text[this._at] === 'E') {
      this._at++;
      if ('+-'.includes(this._need())) {
        this._at++;
      }
      if (!isDigit(this._need())) {
        throw this._unexpected('in exponent of numeric literal');
      }
      this._digits();
    }
    return this._text.slice(start, this._at);
  }

  private _digits(): void {
    while (isDigit(this._text[this._at])) {
      this._at++;
    }
  }

  private _literal(word: string): void {
    for (let index = 0; index < word.length; index++) {
      if (this._need() !== word[index]) {
        throw this._unexpected(`in literal ${word} (expecting ${quote(word[index])})`);
      }
      this._at++;
    }
  }

  private _space(): void {
    while (' \t\r\n'.includes(this._text[this._at] ?? 'x')) {
      this._at++;
    }
  }

  private _need(): string {
    const character = this._text[this._at];
    if (character === undefined) {
      throw new GoJsonError('unexpected EOF');
    }
    return character;
  }

  private _unexpected(context: string): GoJsonError {
    // Go looks at bytes: of a character beyond ASCII it names the first one.
    const code = this._text.codePointAt(this._at) ?? 0;
    const character =
      code < 0x80 ? String.fromCharCode(code) : String.fromCharCode(Buffer.from(String.fromCodePoint(code))[0]);
    return new GoJsonError(`invalid character ${quote(character)} ${context}`);
  }

  private _at = 0;
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

function quote(character: string): string {
  if (character === "'") {
    return "'\\''";
  }
  if (character === '"') {
    return "'\"'";
  }
  const named: Record<string, string> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\\': '\\\\',
    '\b': '\\b',
    '\f': '\\f',
    '\v': '\\v',
    '\x07': '\\a'
  };
  const code = character.charCodeAt(0);
  if (named[character] !== undefined) {
    return `'${named[character]}'`;
  }
  if (code < 0x20 || code === 0x7f) {
    return `'\\x${code.toString(16).padStart(2, '0')}'`;
  }
  return code >= 0x80 && code < 0xa1 ? `'\\u${code.toString(16).padStart(4, '0')}'` : `'${character}'`;
}

/** Go's strings are UTF-8, which has no halves of a pair. */
function replaceLoneSurrogates(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** Writes a value as Go does: compact, `<`, `>`, `&` and the two line separators escaped. */
export function writeGoJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    character => '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0')
  );
}
