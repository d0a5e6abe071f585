import { isObject } from './flow';

/** A JSON value with its place in the text. */
interface IPlaced {
  start: number;
  end: number;
  value: unknown;
  /** Of objects: properties in the order of the text; a name given twice counts as the last. */
  properties?: { key: string; start: number; value: IPlaced }[];
  /** Of arrays. */
  items?: IPlaced[];
}

/**
 * Write a changed value into a JSON text so that only what changed is different: indentation, order, unknown properties and the way
 * numbers and strings are written stay.
 *
 * #### Notes
 * Elements of arrays are known by their `id` where they have one, so that an insertion does not rewrite what follows.
 */
export function patchJson(text: string, next: unknown): string {
  let root: IPlaced;
  try {
    root = parsePlaced(text);
  } catch {
    return `${JSON.stringify(next, null, 2)}\n`;
  }
  const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const writer = new Writer(text, unit, newline, text.includes('\n'));
  return text.slice(0, root.start) + writer.write(root, next, 0) + text.slice(root.end);
}

export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) {
    return true;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  }
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a).filter(key => a[key] !== undefined);
    const others = Object.keys(b).filter(key => b[key] !== undefined);
    return keys.length === others.length && keys.every(key => key in b && sameJson(a[key], b[key]));
  }
  return false;
}

class Writer {
  constructor(
    private readonly _text: string,
    private readonly _unit: string,
    private readonly _newline: string,
    private readonly _pretty: boolean
  ) {}

  /** Text of `next` at this depth, taken from the old text where it says the same. */
  write(old: IPlaced | undefined, next: unknown, depth: number): string {
    if (old && sameJson(old.value, next)) {
      return this._text.slice(old.start, old.end);
    }
    if (isObject(next)) {
      return this._object(old?.properties ? old : undefined, next, depth);
    }
    if (Array.isArray(next)) {
      return this._array(old?.items ? old : undefined, next, depth);
    }
    return JSON.stringify(next ?? null);
  }

  private _object(old: IPlaced | undefined, next: Record<string, unknown>, depth: number): string {
    const before = new Map((old?.properties ?? []).map(item => [item.key, item]));
    const keys = Object.keys(next).filter(key => next[key] !== undefined);
    const sorted = [...[...before.keys()].filter(key => keys.includes(key)), ...keys.filter(key => !before.has(key))];
    const parts = sorted.map(key => {
      const known = before.get(key);
      const head = known ? this._text.slice(known.start, known.value.start) : `${JSON.stringify(key)}: `;
      return head + this.write(known?.value, next[key], depth + 1);
    });
    if (old && sorted.length === old.properties?.length && sorted.length === before.size) {
      return this._between(old, old.properties, parts);
    }
    return this._lines('{', parts, '}', depth, old);
  }

  private _array(old: IPlaced | undefined, next: unknown[], depth: number): string {
    const items = old?.items ?? [];
    const byId = new Map(items.map(item => [idOf(item.value), item]));
    const known = next.map((value, index) => {
      const id = idOf(value);
      return id !== undefined ? byId.get(id) : idOf(items[index]?.value) === undefined ? items[index] : undefined;
    });
    const parts = next.map((value, index) => this.write(known[index], value, depth + 1));
    if (old && items.length === next.length && items.every((item, index) => item === known[index])) {
      return this._between(old, items, parts);
    }
    return this._lines('[', parts, ']', depth, old);
  }

  /** The same places, with what stood between them. */
  private _between(old: IPlaced, places: { start: number }[], parts: string[]): string {
    const ends = (old.properties?.map(item => item.value.end) ?? old.items?.map(item => item.end)) as number[];
    let out = '';
    let at = old.start;
    places.forEach((place, index) => {
      out += this._text.slice(at, place.start) + parts[index];
      at = ends[index];
    });
    return out + this._text.slice(at, old.end);
  }

  private _lines(open: string, parts: string[], close: string, depth: number, old: IPlaced | undefined): string {
    if (parts.length === 0) {
      return open + close;
    }
    const places = old?.properties ?? old?.items ?? [];
    const oneLine = places.length > 0 && !this._text.slice(old?.start, old?.end).includes('\n');
    if (!this._pretty || oneLine) {
      return open + parts.join(this._pretty ? ', ' : ',') + close;
    }
    // The indentation that is there, should it not be the usual one.
    const inner = places.length > 0 ? this._indentAt(places[0].start) : this._unit.repeat(depth + 1);
    const outer = places.length > 0 && old ? this._indentAt(old.end - 1) : this._unit.repeat(depth);
    const lines = parts.map(part => inner + part).join(`,${this._newline}`);
    return open + this._newline + lines + this._newline + outer + close;
  }

  private _indentAt(offset: number): string {
    const line = this._text.lastIndexOf('\n', offset - 1) + 1;
    return /^[ \t]*/.exec(this._text.slice(line, offset))?.[0] ?? '';
  }
}

function idOf(value: unknown): string | undefined {
  return isObject(value) && typeof value.id === 'string' ? value.id : undefined;
}

/** Parse JSON with places. Throws a SyntaxError as JSON.parse does. */
function parsePlaced(text: string): IPlaced {
  // The built-in parser knows all that is wrong; below here the text is right.
  JSON.parse(text);
  let at = 0;
  const space = (): void => {
    while (at < text.length && ' \t\r\n\ufeff'.includes(text[at])) {
      at++;
    }
  };
  const string = (): { start: number; end: number; value: string } => {
    const start = at++;
    while (text[at] !== '"') {
      at += text[at] === '\\' ? 2 : 1;
    }
    at++;
    return { start, end: at, value: JSON.parse(text.slice(start, at)) as string };
  };
  const value = (): IPlaced => {
    const start = at;
    if (text[at] === '"') {
      return string();
    }
    if (text[at] === '{') {
      const properties: NonNullable<IPlaced['properties']> = [];
      const result: Record<string, unknown> = {};
      at++;
      for (space(); text[at] !== '}'; space()) {
        if (text[at] === ',') {
          at++;
          space();
        }
        const key = string();
        space();
        at++;
        space();
        const item = value();
        properties.push({ key: key.value, start: key.start, value: item });
        result[key.value] = item.value;
      }
      at++;
      return { start, end: at, value: result, properties };
    }
    if (text[at] === '[') {
      const items: IPlaced[] = [];
      at++;
      for (space(); text[at] !== ']'; space()) {
        if (text[at] === ',') {
          at++;
          space();
        }
        items.push(value());
      }
      at++;
      return { start, end: at, value: items.map(item => item.value), items };
    }
    while (at < text.length && !',]} \t\r\n'.includes(text[at])) {
      at++;
    }
    return { start, end: at, value: JSON.parse(text.slice(start, at)) as unknown };
  };
  space();
  return value();
}
