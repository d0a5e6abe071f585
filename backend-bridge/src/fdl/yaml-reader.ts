import { isAlias, isMap as isYamlMap, isPair, isScalar, isSeq, parseDocument, type Document, type Node } from 'yaml';
import type { FdlProblem } from '../contract';
import { join } from './pointer';
import type { FdlMap, FdlValue, IPlace, IRange } from './types';
import { describeYamlError } from './yaml-problems';

export interface ILimits {
  /** Values in a file. */
  values: number;
  /** Collections in one another. */
  depth: number;
}

/** What a text says, and where. */
export interface IRead {
  value: FdlValue;
  /** By JSON pointer, parents before children. */
  places: Map<string, IPlace>;
}

type Report = (code: string, range: IRange, message: string, severity?: FdlProblem['severity']) => void;

/** Reads any YAML. Never throws: what cannot be read is reported, and the rest is answered. */
export function readYaml(text: string, limits: ILimits, report: Report): IRead {
  const places = new Map<string, IPlace>();
  try {
    const yaml = parseDocument(text, {
      prettyErrors: false,
      merge: true,
      uniqueKeys: false,
      logLevel: 'error',
      version: '1.2'
    });
    const reader = new Reader(yaml, text, places, limits, report);
    for (const error of [...yaml.errors, ...yaml.warnings]) {
      const words = describeYamlError(error.code, error.message);
      report(
        words.code,
        reader.range(error.pos[0], error.pos[1]),
        words.message,
        error.name === 'YAMLWarning' ? 'warning' : 'error'
      );
    }
    return { value: reader.read(), places };
  } catch (error) {
    // The parser itself gives up on some texts (nested too deeply, for one).
    const start: IRange = { line: 1, column: 1, endLine: 1, endColumn: 1 };
    const words = error instanceof Error ? error.message : String(error);
    report('yaml-syntax', start, `This cannot be read as YAML: ${words}`);
    return { value: null, places };
  }
}

/** Walks the parsed nodes once: plain values, and where they stand. */
class Reader {
  constructor(
    private readonly _yaml: Document.Parsed,
    private readonly _text: string,
    private readonly _places: Map<string, IPlace>,
    private readonly _limits: ILimits,
    private readonly _report: Report
  ) {
    for (let at = _text.indexOf('\n'); at >= 0; at = _text.indexOf('\n', at + 1)) {
      this._starts.push(at + 1);
    }
  }

  read(): FdlValue {
    return this._read(this._yaml.contents as Node | null, '', 0, undefined, undefined);
  }

  /** Offsets to lines and columns; white space at the end does not count. */
  range(from: number, to: number): IRange {
    const size = this._text.length;
    const start = Math.max(0, Math.min(from, size));
    let end = Math.max(start, Math.min(to, size));
    while (end > start && /\s/.test(this._text[end - 1])) {
      end--;
    }
    const a = this._position(start);
    const b = this._position(end);
    return { line: a.line, column: a.column, endLine: b.line, endColumn: b.column };
  }

  private _position(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this._starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this._starts[middle] <= offset) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return { line: low + 1, column: offset - this._starts[low] + 1 };
  }

  private _nodeRange(node: Node | null): IRange | undefined {
    return node?.range ? this.range(node.range[0], node.range[1]) : undefined;
  }

  /** A collection in block style ends with the last line of its last item; comments below it belong to what follows. */
  private _collectionRange(node: Node | null): IRange | undefined {
    let last = node;
    while ((isYamlMap(last) || isSeq(last)) && last.flow !== true && last.items.length > 0) {
      const item = last.items[last.items.length - 1];
      last = (isPair(item) ? (item.value ?? item.key) : item) as Node | null;
    }
    const start = node === last ? undefined : this._nodeRange(node);
    const end = start && this._nodeRange(last);
    if (!start || !end) {
      return undefined;
    }
    const from = this._starts[end.endLine - 1];
    const line = this._text.slice(from, this._starts[end.endLine] ?? this._text.length);
    return { ...start, endLine: end.endLine, endColumn: line.trimEnd().length + 1 };
  }

  private _read(
    node: Node | null,
    pointer: string,
    depth: number,
    key: IRange | undefined,
    at: IRange | undefined
  ): FdlValue {
    const here = at ?? this._collectionRange(node) ?? this._nodeRange(node) ?? key ?? this.range(0, 0);
    const place: IPlace = key ? { key, value: here } : { value: here };
    this._places.set(pointer, place);
    if (++this._values > this._limits.values || depth > this._limits.depth) {
      if (!this._full) {
        this._full = true;
        this._report(
          'too-large',
          here,
          'The file expands to too many values, or is nested too deeply. Write it without aliases of aliases.'
        );
      }
      return null;
    }
    if (isAlias(node)) {
      const target = this._anchors.get(node.source);
      if (!target) {
        this._report('bad-alias', here, `There is no anchor &${node.source.slice(0, 40)} before this place.`);
        return null;
      }
      return this._read(target, pointer, depth + 1, key, here);
    }
    if (node && 'anchor' in node && node.anchor) {
      this._anchors.set(node.anchor as string, node);
    }
    if (isYamlMap(node)) {
      return this._readMap(node.items as { key: unknown; value: unknown }[], pointer, depth, at);
    }
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        this._read(item as Node | null, join(pointer, index), depth + 1, undefined, at)
      );
    }
    if (isScalar(node)) {
      const scalar = node.value;
      place.quoted =
        node.type === 'QUOTE_SINGLE' ||
        node.type === 'QUOTE_DOUBLE' ||
        node.type === 'BLOCK_LITERAL' ||
        node.type === 'BLOCK_FOLDED';
      if (node.source !== undefined) {
        place.source = node.source;
      }
      if (typeof scalar === 'string' || typeof scalar === 'number' || typeof scalar === 'boolean') {
        return scalar;
      }
      return scalar === null || scalar === undefined ? null : String(scalar);
    }
    return null;
  }

  private _readMap(
    items: { key: unknown; value: unknown }[],
    pointer: string,
    depth: number,
    at: IRange | undefined
  ): FdlMap {
    const map: FdlMap = {};
    const merges: Node[] = [];
    for (const pair of items) {
      const keyNode = pair.key as Node | null;
      const range = at ?? this._nodeRange(keyNode) ?? placeEnd(this._places.get(pointer));
      if (keyNode !== null && !isScalar(keyNode)) {
        this._report('bad-key', range, 'A key has to be a plain text.');
        continue;
      }
      const scalar = isScalar(keyNode) ? keyNode : undefined;
      const name = scalar
        ? scalar.value === null
          ? (scalar.source ?? '')
          : typeof scalar.value === 'string'
            ? scalar.value
            : (scalar.source ?? String(scalar.value))
        : '';
      if (name === '<<' && scalar?.type === 'PLAIN') {
        merges.push(...(isSeq(pair.value) ? (pair.value.items as Node[]) : [pair.value as Node]));
        continue;
      }
      if (Object.hasOwn(map, name)) {
        // The parser's own test of this compares each key with each other one.
        this._report('duplicate-key', range, `The key ${name} is there twice. Keep one of the two.`);
        continue;
      }
      put(map, name, this._read(pair.value as Node | null, join(pointer, name), depth + 1, range, at));
    }
    for (const node of merges) {
      this._merge(node, map, pointer, depth);
    }
    return map;
  }

  /** `<<`: keys of the other mapping that are not written here. */
  private _merge(node: Node, map: FdlMap, pointer: string, depth: number): void {
    const range = this._nodeRange(node) ?? this.range(0, 0);
    const source = isAlias(node) ? this._anchors.get(node.source) : node;
    if (!isYamlMap(source) || depth > this._limits.depth) {
      this._report('bad-merge', range, 'After << stands the alias of a mapping.');
      return;
    }
    const missing = (source.items as { key: unknown; value: unknown }[]).filter(
      pair => isScalar(pair.key) && (pair.key.value === '<<' || !Object.hasOwn(map, String(pair.key.value)))
    );
    const merged = this._readMap(missing, pointer, depth + 1, range);
    for (const name of Object.keys(merged)) {
      put(map, name, merged[name]);
    }
  }

  /** Offsets of the lines: the parser's own counter misses some after an error. */
  private readonly _starts = [0];
  private readonly _anchors = new Map<string, Node>();
  private _values = 0;
  private _full = false;
}

/** A key `__proto__` is only a key. */
function put(map: FdlMap, name: string, value: FdlValue): void {
  Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
}

function placeEnd(place: IPlace | undefined): IRange {
  const value = place?.value ?? { line: 1, column: 1, endLine: 1, endColumn: 1 };
  return { line: value.line, column: value.column, endLine: value.line, endColumn: value.column };
}
