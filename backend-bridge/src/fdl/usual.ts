import { escapeStep } from './pointer';
import type { FdlMap, FdlValue, IPlace, IRange } from './types';
import type { ILimits, IRead } from './yaml-reader';

/**
 * Reads the usual form of a file without the YAML library, which takes ten times as long: mappings and lists in block style, each
 * scalar on one line, lists of plain scalars in brackets, comments. It answers only what the library would answer, to the column,
 * or nothing: then the library is asked. The tests compare the two.
 */
export function readUsual(text: string, limits: ILimits): IRead | undefined {
  if (ODD.test(text)) {
    return undefined;
  }
  try {
    return new UsualReader(limits).read(text);
  } catch (reason) {
    if (reason instanceof Unusual) {
      return undefined;
    }
    throw reason;
  }
}

/** Characters that break lines, or that one of the two takes for a space and the other does not. */
const ODD = /[^\n\P{C}]|[^ \P{Z}]/u;

/** Something that only the library reads. */
class Unusual extends Error {}

/** A mapping or list whose lines are being read. */
interface IOpen {
  value: FdlMap | FdlValue[];
  /** Offset in the line at which its keys or dashes stand. */
  column: number;
  pointer: string;
  place: IPlace;
}

/** A key or dash behind which nothing stood on its line. */
interface IWaiting {
  column: number;
  /** A list may stand at the column of its key, and not at that of the dash it is an item of. */
  dash: boolean;
  pointer: string;
  place: IPlace;
  put: (value: FdlValue) => void;
}

const KEY = /([A-Za-z_][\w./-]{0,199}):(?= |$)/y;
const DASH = /-(?: +|$)/y;
const SPACES = / */y;
const SINGLE = /'((?:[^']|'')*)'/y;
const DOUBLE = /"([^"\\]*)"/y;
const PLAIN = /[\w./~+(][^#:]*(?:(?:#|:(?=[^ ]))[^#:]*)*/y;
const NEGATIVE = /-\d[\d.]*/y;
const REST = / *(?:$| #)/y;
const FLOW_ITEM = /[\w./~][\w./~@+-]*/y;
/** What could be a number; only its simplest forms are read here. */
const NUMBER = /^[-+]?(?:\.?\d[\d.eE+-]*|0[ox][\da-fA-F]+|\.(?:inf|nan))$/i;
const SIMPLE_NUMBER = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/;
const WORDS = new Map<string, FdlValue>([
  ...['~', 'null', 'Null', 'NULL'].map(word => [word, null] as const),
  ...['true', 'True', 'TRUE'].map(word => [word, true] as const),
  ...['false', 'False', 'FALSE'].map(word => [word, false] as const)
]);

class UsualReader {
  constructor(private readonly _limits: ILimits) {}

  read(text: string): IRead | undefined {
    for (let from = 0; from <= text.length;) {
      const newline = text.indexOf('\n', from);
      const end = newline < 0 ? text.length : newline;
      this._number++;
      this._readLine(text.slice(from, end));
      from = end + 1;
    }
    this._settle();
    while (this._open.length > 0) {
      this._close();
    }
    // A file without anything, or with a scalar alone, is the library's.
    return this._root === undefined ? undefined : { value: this._root, places: this._places };
  }

  private _readLine(line: string): void {
    const column = match(SPACES, line, 0)[0].length;
    if (column === line.length || line[column] === '#') {
      return;
    }
    if (column === 0 && (line.startsWith('---') || line.startsWith('...'))) {
      throw new Unusual();
    }
    this._line = line;
    this._seek(column, line[column] === '-' && isDash(line, column));
    this._lastLine = this._number;
    this._lastEnd = line.trimEnd().length;
    this._item(column);
  }

  /** Ends what a line with this indentation does not belong to, and opens what begins with it. */
  private _seek(column: number, dash: boolean): void {
    const waiting = this._waiting;
    if (waiting && (column > waiting.column || (dash && column === waiting.column && !waiting.dash))) {
      this._waiting = undefined;
      this._begin(column, dash, waiting.pointer, waiting.place, waiting.put);
      return;
    }
    this._settle();
    if (this._open.length === 0) {
      if (this._root !== undefined) {
        throw new Unusual();
      }
      const place: IPlace = { value: { line: 0, column: 0, endLine: 0, endColumn: 0 } };
      this._places.set('', place);
      this._count();
      this._begin(column, dash, '', place, value => (this._root = value));
      return;
    }
    while (this._open.length > 0) {
      const top = this._open[this._open.length - 1];
      if (top.column === column && Array.isArray(top.value) === dash) {
        return;
      }
      if (top.column < column || (top.column === column && dash)) {
        throw new Unusual();
      }
      this._close();
    }
    throw new Unusual();
  }

  private _begin(column: number, dash: boolean, pointer: string, place: IPlace, put: (value: FdlValue) => void): void {
    const value: FdlMap | FdlValue[] = dash ? [] : {};
    put(value);
    place.value = { line: this._number, column: column + 1, endLine: this._number, endColumn: column + 1 };
    this._open.push({ value, column, pointer, place });
    if (this._open.length >= this._limits.depth) {
      throw new Unusual();
    }
  }

  /** A key with its value, or a dash with what follows. */
  private _item(column: number): void {
    const line = this._line;
    const top = this._open[this._open.length - 1];
    if (Array.isArray(top.value)) {
      const list = top.value;
      const pointer = `${top.pointer}/${list.length}`;
      const at = column + match(DASH, line, column)[0].length;
      const index = list.length;
      const put = (value: FdlValue): void => {
        list[index] = value;
      };
      const place: IPlace = { value: this._range(at, at) };
      this._places.set(pointer, place);
      this._count();
      list.push(null);
      if (at === line.length || line[at] === '#') {
        this._waiting = { column, dash: true, pointer, place, put };
      } else if (isDash(line, at) || isKey(line, at)) {
        this._begin(at, line[at] === '-', pointer, place, put);
        this._item(at);
      } else {
        this._scalar(at, place, put);
      }
      return;
    }
    KEY.lastIndex = column;
    const key = KEY.exec(line)?.[1];
    if (key === undefined || Object.hasOwn(top.value, key)) {
      throw new Unusual();
    }
    const map = top.value;
    const behind = column + key.length + 1;
    const at = behind + match(SPACES, line, behind)[0].length;
    const pointer = `${top.pointer}/${escapeStep(key)}`;
    const put = (value: FdlValue): void => {
      if (key === '__proto__') {
        throw new Unusual();
      }
      map[key] = value;
    };
    const place: IPlace = { key: this._range(column, column + key.length), value: this._range(at, at) };
    this._places.set(pointer, place);
    this._count();
    put(null);
    if (at === line.length || line[at] === '#') {
      this._waiting = { column, dash: false, pointer, place, put };
    } else {
      this._scalar(at, place, put, pointer);
    }
  }

  private _scalar(at: number, place: IPlace, put: (value: FdlValue) => void, pointer?: string): void {
    const line = this._line;
    const first = line[at];
    let end: number;
    if (first === '[' && pointer !== undefined) {
      end = this._flow(at, pointer, put);
    } else if (first === "'" || first === '"') {
      const found = match(first === "'" ? SINGLE : DOUBLE, line, at);
      const value = first === "'" ? found[1].replace(/''/g, "'") : found[1];
      place.quoted = true;
      place.source = value;
      put(value);
      end = at + found[0].length;
    } else {
      let source = match(first === '-' ? NEGATIVE : PLAIN, line, at)[0];
      const comment = source.indexOf(' #');
      source = (comment < 0 ? source : source.slice(0, comment)).trimEnd();
      place.quoted = false;
      place.source = source;
      put(resolve(source));
      end = at + source.length;
    }
    REST.lastIndex = end;
    if (!REST.test(line)) {
      throw new Unusual();
    }
    place.value = this._range(at, end);
  }

  /** A list in brackets; answers where it ends. */
  private _flow(at: number, pointer: string, put: (value: FdlValue) => void): number {
    const line = this._line;
    const list: FdlValue[] = [];
    put(list);
    let here = at + 1 + match(SPACES, line, at + 1)[0].length;
    while (line[here] !== ']') {
      const source = match(FLOW_ITEM, line, here)[0];
      const end = here + source.length;
      this._places.set(`${pointer}/${list.length}`, { value: this._range(here, end), quoted: false, source });
      this._count();
      list.push(resolve(source));
      here = end + match(SPACES, line, end)[0].length;
      if (line[here] === ',') {
        here += 1 + match(SPACES, line, here + 1)[0].length;
        if (line[here] === ']') {
          throw new Unusual();
        }
      } else if (line[here] !== ']') {
        throw new Unusual();
      }
    }
    return here + 1;
  }

  /** A key or dash behind which nothing came: its value is nothing. */
  private _settle(): void {
    if (this._waiting) {
      this._waiting.place.quoted = false;
      this._waiting.place.source = '';
      this._waiting = undefined;
    }
  }

  private _close(): void {
    const { value } = (this._open.pop() as IOpen).place;
    value.endLine = this._lastLine;
    value.endColumn = this._lastEnd + 1;
  }

  private _range(from: number, to: number): IRange {
    return { line: this._number, column: from + 1, endLine: this._number, endColumn: to + 1 };
  }

  private _count(): void {
    if (++this._values > this._limits.values) {
      throw new Unusual();
    }
  }

  private readonly _places = new Map<string, IPlace>();
  private readonly _open: IOpen[] = [];
  private _waiting: IWaiting | undefined;
  private _root: FdlValue | undefined;
  private _line = '';
  private _number = 0;
  private _lastLine = 0;
  private _lastEnd = 0;
  private _values = 0;
}

function match(pattern: RegExp, line: string, at: number): RegExpExecArray {
  pattern.lastIndex = at;
  const found = pattern.exec(line);
  if (!found) {
    throw new Unusual();
  }
  return found;
}

function isDash(line: string, at: number): boolean {
  DASH.lastIndex = at;
  return DASH.test(line);
}

function isKey(line: string, at: number): boolean {
  KEY.lastIndex = at;
  return KEY.test(line);
}

/** A plain scalar by the core schema of YAML 1.2. */
function resolve(source: string): FdlValue {
  const word = WORDS.get(source);
  if (word !== undefined) {
    return word;
  }
  if (NUMBER.test(source)) {
    if (!SIMPLE_NUMBER.test(source)) {
      throw new Unusual();
    }
    return Number(source);
  }
  return source;
}
