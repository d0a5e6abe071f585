/**
 * JSON as Python's `json` module reads and writes it. The supervisor stores events with `json.dumps`, so scripts see its
 * spacing and escapes, and JavaScript's numbers would change what they see (`1.0`, integers beyond 2^53).
 */

/** A JSON value whose numbers keep their text. */
export type PyValue = null | boolean | string | PyNumber | PyValue[] | Map<string, PyValue>;

/** A number as `json.dumps` would write it. */
export class PyNumber {
  constructor(readonly text: string) {}
}

/** @throws SyntaxError where Python raises a ValueError. */
export function pyLoads(text: string): PyValue {
  const parser = new Parser(text);
  return parser.document();
}

/** `json.dumps` with its defaults: `", "` and `": "`, everything beyond ASCII escaped. */
export function pyDumps(value: PyValue): string {
  if (value === null) {
    return 'null';
  }
  if (typeof value === 'boolean') {
    return String(value);
  }
  if (typeof value === 'string') {
    return pyString(value);
  }
  if (value instanceof PyNumber) {
    return value.text;
  }
  if (Array.isArray(value)) {
    return `[${value.map(pyDumps).join(', ')}]`;
  }
  return `{${[...value].map(([key, item]) => `${pyString(key)}: ${pyDumps(item)}`).join(', ')}}`;
}

function pyString(value: string): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, unit =>
    unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}

/** Python's repr of a float: like JavaScript's, but `1.0`, and exponents from 1e16 and below 1e-4, with two digits at least. */
function pyFloat(value: number): string {
  if (!Number.isFinite(value)) {
    return value > 0 ? 'Infinity' : '-Infinity';
  }
  const [digits, exponentText] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    const sign = exponent < 0 ? '-' : '+';
    return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (Object.is(value, -0)) {
    return '-0.0';
  }
  const plain = Math.abs(value) < 1e-6 || Math.abs(value) >= 1e21 ? value.toFixed(20) : String(value);
  return /[.]/.test(plain) ? plain : `${plain}.0`;
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;

class Parser {
  constructor(private readonly _text: string) {}

  document(): PyValue {
    const value = this._value(0);
    this._space();
    if (this._at < this._text.length) {
      throw this._error('Extra data');
    }
    return value;
  }

  private _value(depth: number): PyValue {
    if (depth > 900) {
      // Python stops at its recursion limit.
      throw this._error('Too deeply nested');
    }
    this._space();
    const first = this._text[this._at];
    if (first === '{') {
      return this._object(depth);
    }
    if (first === '[') {
      return this._array(depth);
    }
    if (first === '"') {
      return this._string();
    }
    for (const [word, value] of CONSTANTS) {
      if (this._text.startsWith(word, this._at)) {
        this._at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this._at;
    const match = NUMBER.exec(this._text);
    if (!match) {
      throw this._error('Expecting value');
    }
    this._at = NUMBER.lastIndex;
    const whole = match[1] === undefined && match[2] === undefined;
    return new PyNumber(whole ? (match[0] === '-0' ? '0' : match[0]) : pyFloat(Number(match[0])));
  }

  private _object(depth: number): PyValue {
    const result = new Map<string, PyValue>();
    this._at++;
    this._space();
    if (this._text[this._at] === '}') {
      this._at++;
      return result;
    }
    for (;;) {
      this._space();
      if (this._text[this._at] !== '"') {
        throw this._error('Expecting property name enclosed in double quotes');
      }
      const key = this._string();
      this._space();
      this._expect(':');
      result.set(key, this._value(depth + 1));
      this._space();
      if (this._text[this._at] !== ',') {
        this._expect('}');
        return result;
      }
      this._at++;
    }
  }

  private _array(depth: number): PyValue {
    const result: PyValue[] = [];
    this._at++;
    this._space();
    if (this._text[this._at] === ']') {
      this._at++;
      return result;
    }
    for (;;) {
      result.push(this._value(depth + 1));
      this._space();
      if (this._text[this._at] !== ',') {
        this._expect(']');
        return result;
      }
      this._at++;
    }
  }

  private _string(): string {
    let end = this._at + 1;
    while (this._text[end] !== '"') {
      if (end >= this._text.length) {
        throw this._error('Unterminated string');
      }
      end += this._text[end] === '\\' ? 2 : 1;
    }
    const literal = this._text.slice(this._at, end + 1);
    this._at = end + 1;
    // JSON.parse refuses what Python's strict mode refuses: control characters and unknown escapes.
    return JSON.parse(literal) as string;
  }

  private _space(): void {
    SPACE.lastIndex = this._at;
    SPACE.exec(this._text);
    this._at = SPACE.lastIndex;
  }

  private _expect(character: string): void {
    if (this._text[this._at] !== character) {
      throw this._error(`Expecting '${character}' delimiter`);
    }
    this._at++;
  }

  private _error(message: string): SyntaxError {
    return new SyntaxError(`${message}: char ${this._at}`);
  }

  private _at = 0;
}

const CONSTANTS: [string, PyValue][] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', new PyNumber('NaN')],
  ['Infinity', new PyNumber('Infinity')],
  ['-Infinity', new PyNumber('-Infinity')]
];
