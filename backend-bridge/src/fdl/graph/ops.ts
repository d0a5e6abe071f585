import {
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq
} from 'yaml';
import type { FdlMap, FdlValue } from '../types';
import {
  afterColon,
  blockLines,
  contentEnd,
  dashes,
  flowText,
  isFirstOnLine,
  isFlow,
  keyStart,
  lineBreak,
  lineEnd,
  lineStart,
  nextLine,
  pairEnd,
  scalarText
} from './text';
import type { ITextEdit } from './types';

export type Path = readonly (string | number)[];

/** A change of the values of a file. */
export type Op =
  | { op: 'set'; path: Path; value: FdlValue }
  | { op: 'put'; path: Path; key: string; value: FdlValue }
  | { op: 'append'; path: Path; value: FdlValue }
  | { op: 'remove'; path: Path }
  | { op: 'rename'; path: Path; key: string };

/** Thrown for what has to be done in the text; the message tells why. */
export class Refusal extends Error {}

const BY_HAND = 'This part of the file is written in a way that the canvas leaves alone. Change it in the text.';

/**
 * The edits that make one change and touch nothing else. What was made is read back: when the text does not mean exactly what
 * was meant, nothing is changed.
 *
 * @throws Refusal
 */
export function applyOp(text: string, op: Op): { text: string; edits: ITextEdit[] } {
  const before = load(text);
  const wanted = changed(before.toJS({ maxAliasCount: 1000 }) as FdlValue, op);
  for (const edits of attempts(text, before, op)) {
    const result = [...edits].sort((a, b) => b.from - a.from);
    const after = result.reduce((all, edit) => all.slice(0, edit.from) + edit.insert + all.slice(edit.to), text);
    if (means(after, wanted)) {
      return { text: after, edits: result };
    }
  }
  throw new Refusal(BY_HAND);
}

/** The values of a text. @throws Refusal when it has errors. */
export function valueOf(text: string): FdlValue {
  return load(text).toJS({ maxAliasCount: 1000 }) as FdlValue;
}

function load(text: string): Document.Parsed {
  let document: Document.Parsed | undefined;
  try {
    document = parseDocument(text, {
      prettyErrors: false,
      merge: true,
      keepSourceTokens: true,
      logLevel: 'error',
      version: '1.2'
    });
    document.toJS({ maxAliasCount: 1000 });
  } catch {
    document = undefined;
  }
  if (document === undefined || document.errors.length > 0) {
    throw new Refusal('The text cannot be read at the moment. Correct it first.');
  }
  return document;
}

function means(text: string, wanted: FdlValue): boolean {
  try {
    return JSON.stringify(valueOf(text)) === JSON.stringify(wanted);
  } catch {
    return false;
  }
}

/** The change on plain values. */
function changed(root: FdlValue, op: Op): FdlValue {
  const copy = JSON.parse(JSON.stringify({ root })) as { root: FdlValue };
  const path = ['root', ...op.path];
  const grows = op.op === 'append' || op.op === 'put';
  const parentOf = (steps: Path): FdlMap => {
    let at: FdlValue = copy as unknown as FdlMap;
    for (const step of steps) {
      if (grows && ((at as FdlMap)[step] ?? null) === null) {
        (at as FdlMap)[step] = {};
      }
      at = (at as FdlMap)[step] ?? null;
      if (typeof at !== 'object' || at === null) {
        throw new Refusal(BY_HAND);
      }
    }
    return at as FdlMap;
  };
  const last = path[path.length - 1];
  const holder = () => parentOf(path.slice(0, -1));
  if (op.op === 'set') {
    holder()[last] = op.value;
  } else if (op.op === 'put') {
    const at = holder();
    const map = at[last];
    at[last] = { ...(typeof map === 'object' && map !== null && !Array.isArray(map) ? map : {}), [op.key]: op.value };
  } else if (op.op === 'append') {
    const at = holder();
    const list = at[last];
    at[last] = [...(Array.isArray(list) ? list : []), op.value];
  } else if (op.op === 'remove') {
    const at = holder() as FdlValue;
    if (Array.isArray(at)) {
      at.splice(Number(last), 1);
    } else {
      delete (at as FdlMap)[last];
    }
  } else {
    const at = holder();
    const entries = Object.entries(at).map(([key, value]) => [key === String(last) ? op.key : key, value] as const);
    parentOf(path.slice(0, -2))[path[path.length - 2]] = Object.fromEntries(entries);
  }
  return copy.root;
}

/** Ways to write a change, the nicest first. */
function* attempts(text: string, document: Document.Parsed, op: Op): Generator<ITextEdit[]> {
  const node = op.path.length === 0 ? document.contents : (document.getIn(op.path, true) as Node | null | undefined);
  switch (op.op) {
    case 'set':
      yield* setScalar(text, document, op.path, node, op.value);
      return;
    case 'append':
      if (isSeq(node) && node.items.length > 0) {
        yield appendItem(text, node, op.value, deepLists(text, document));
      } else {
        yield* putKey(text, document, op.path.slice(0, -1), String(op.path[op.path.length - 1]), [op.value]);
      }
      return;
    case 'put':
      yield* putKey(text, document, op.path, op.key, op.value);
      return;
    case 'remove':
      yield* remove(text, document, op.path);
      return;
    case 'rename': {
      const pair = pairAt(document, op.path);
      const start = pair && keyStart(pair);
      if (pair && start !== undefined) {
        const end = contentEnd(text, pair.key);
        yield [{ from: start, to: end, insert: scalarText(op.key, quoteOf(text, start)) }];
      }
    }
  }
}

function quoteOf(text: string, offset: number): "'" | '"' | '' {
  const mark = text[offset];
  return mark === "'" || mark === '"' ? mark : '';
}

function pairAt(document: Document.Parsed, path: Path): Pair | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const key = String(path[path.length - 1]);
  return isMap(parent) ? parent.items.find(pair => isScalar(pair.key) && String(pair.key.value) === key) : undefined;
}

function* setScalar(
  text: string,
  document: Document.Parsed,
  path: Path,
  node: Node | null | undefined,
  value: FdlValue
): Generator<ITextEdit[]> {
  if (isScalar(node) && node.range && !String(node.type).startsWith('BLOCK')) {
    const [from, to] = node.range;
    if (to > from) {
      yield [{ from, to, insert: scalarText(value, quoteOf(text, from)) }];
      yield [{ from, to, insert: scalarText(value, "'") }];
      return;
    }
  }
  const pair = pairAt(document, path);
  if (pair && (node === null || node === undefined || (isScalar(node) && node.value === null))) {
    const at = afterColon(text, contentEnd(text, pair.key));
    yield [{ from: at, to: at, insert: ` ${scalarText(value)}` }];
  }
}

/** True when the file indents the items of a list below its key. */
function deepLists(text: string, document: Document.Parsed): boolean {
  const visit = (node: unknown): boolean | undefined => {
    if (isSeq(node)) {
      for (const item of node.items) {
        const found = visit(item);
        if (found !== undefined) {
          return found;
        }
      }
    } else if (isMap(node) && !node.flow) {
      for (const pair of node.items) {
        const key = keyStart(pair);
        const dash = isSeq(pair.value) ? dashes(pair.value)[0] : undefined;
        if (key !== undefined && dash !== undefined) {
          return dash - lineStart(text, dash) > key - lineStart(text, key);
        }
        const found = visit(pair.value);
        if (found !== undefined) {
          return found;
        }
      }
    }
    return undefined;
  };
  return visit(document.contents) ?? false;
}

function indented(lines: string[], column: number): string[] {
  return lines.map(line => ' '.repeat(column) + line);
}

function appendItem(text: string, list: YAMLSeq, value: FdlValue, deep: boolean): ITextEdit[] {
  const last = list.items[list.items.length - 1];
  if (isFlow(list)) {
    const at = contentEnd(text, last);
    return [{ from: at, to: at, insert: `, ${flowText(value)}` }];
  }
  const first = dashes(list)[0] ?? 0;
  const column = first - lineStart(text, first);
  const at = lineEnd(text, contentEnd(text, list));
  const eol = lineBreak(text);
  return [{ from: at, to: at, insert: eol + indented(blockLines([value], deep), column).join(eol) }];
}

function* putKey(
  text: string,
  document: Document.Parsed,
  path: Path,
  key: string,
  value: FdlValue
): Generator<ITextEdit[]> {
  const map = path.length === 0 ? document.contents : (document.getIn(path, true) as Node | null | undefined);
  const deep = deepLists(text, document);
  const eol = lineBreak(text);
  if (isMap(map) && map.items.length > 0) {
    const pair = map.items.find(item => isScalar(item.key) && String(item.key.value) === key);
    if (pair) {
      yield* fillPair(text, map, pair, value, deep);
    } else if (isFlow(map)) {
      const at = pairEnd(text, map.items[map.items.length - 1]);
      yield [{ from: at, to: at, insert: `, ${scalarText(key)}: ${flowText(value)}` }];
    } else {
      const first = keyStart(map.items[0]);
      if (first !== undefined) {
        const at = lineEnd(text, contentEnd(text, map));
        const lines = indented(blockLines({ [key]: value }, deep), first - lineStart(text, first));
        yield [{ from: at, to: at, insert: eol + lines.join(eol) }];
      }
    }
    return;
  }
  if (path.length === 0) {
    // Nothing but comments so far.
    const glue = text === '' || text.endsWith('\n') ? '' : eol;
    const lines = blockLines({ [key]: value }, deep).join(eol) + eol;
    const range = map?.range;
    yield map && range && range[1] > range[0]
      ? [{ from: range[0], to: range[1], insert: lines.trimEnd() }]
      : [{ from: text.length, to: text.length, insert: glue + lines }];
    return;
  }
  yield* putKey(text, document, path.slice(0, -1), String(path[path.length - 1]), { [key]: value });
}

/** Gives a value to a key that has none, or an empty one. */
function* fillPair(text: string, map: YAMLMap, pair: Pair, value: FdlValue, deep: boolean): Generator<ITextEdit[]> {
  const at = afterColon(text, contentEnd(text, pair.key));
  const old = Math.max(at, contentEnd(text, pair.value));
  if (isFlow(map)) {
    yield [{ from: at, to: old, insert: ` ${flowText(value)}` }];
    return;
  }
  const key = keyStart(pair) ?? 0;
  const eol = lineBreak(text);
  const column = key - lineStart(text, key) + (Array.isArray(value) && !deep ? 0 : 2);
  const insert = eol + indented(blockLines(value, deep), column).join(eol);
  const end = lineEnd(text, old);
  // A comment behind it stays on the line of the key.
  yield text.slice(at, old).includes('\n')
    ? [{ from: at, to: old, insert }]
    : [
        { from: end, to: end, insert },
        { from: at, to: old, insert: '' }
      ].filter(edit => edit.to > edit.from || edit.insert !== '');
}

function* remove(text: string, document: Document.Parsed, path: Path): Generator<ITextEdit[]> {
  const parentPath = path.slice(0, -1);
  const parent = parentPath.length === 0 ? document.contents : document.getIn(parentPath, true);
  if (isSeq(parent)) {
    const index = Number(path[path.length - 1]);
    if (isFlow(parent)) {
      yield cutFlow(
        parent.items.map(item => [(item as Node).range?.[0] ?? 0, contentEnd(text, item)]),
        index
      );
      return;
    }
    const marks = dashes(parent);
    const end = Math.max(marks[index] + 1, contentEnd(text, parent.items[index]));
    if (parent.items.length > 1) {
      yield* cutLines(text, marks[index], end, marks[index + 1]);
      return;
    }
    // The last one goes: an empty list stays.
    const pair = pairAt(document, parentPath);
    if (pair && isFirstOnLine(text, marks[index])) {
      const at = afterColon(text, contentEnd(text, pair.key));
      yield [{ from: at, to: at, insert: ' []' }, wholeLines(text, marks[index], end)];
    }
  } else if (isMap(parent)) {
    const pair = pairAt(document, path);
    const index = pair ? parent.items.indexOf(pair) : -1;
    const start = pair && keyStart(pair);
    if (!pair || start === undefined) {
      return;
    }
    if (isFlow(parent)) {
      yield cutFlow(
        parent.items.map(item => [keyStart(item) ?? 0, pairEnd(text, item)]),
        index
      );
    } else if (parent.items.length > 1) {
      const next = parent.items[index + 1];
      yield* cutLines(text, start, pairEnd(text, pair), next && keyStart(next));
    } else {
      const holder = pairAt(document, parentPath);
      if (holder && isFirstOnLine(text, start)) {
        const at = afterColon(text, contentEnd(text, holder.key));
        yield [{ from: at, to: at, insert: ' {}' }, wholeLines(text, start, pairEnd(text, pair))];
      } else if (parentPath.length === 0) {
        yield [{ ...wholeLines(text, start, pairEnd(text, pair)), insert: `{}${lineBreak(text)}` }];
      }
    }
  }
}

/** The lines of something, with their line breaks. */
function wholeLines(text: string, from: number, to: number): ITextEdit {
  const start = lineStart(text, from);
  const end = nextLine(text, to);
  if (end === text.length && !text.endsWith('\n') && start > 0) {
    const before = start - (text[start - 2] === '\r' ? 2 : 1);
    return { from: before, to: end, insert: '' };
  }
  return { from: start, to: end, insert: '' };
}

function* cutLines(text: string, from: number, to: number, next: number | undefined): Generator<ITextEdit[]> {
  if (isFirstOnLine(text, from)) {
    yield [wholeLines(text, from, to)];
  } else if (next !== undefined) {
    // It begins behind the dash of an item: what follows moves up, unless a comment stands between them.
    const between = text.slice(lineEnd(text, to), next);
    yield [{ from, to: between.includes('#') ? lineEnd(text, to) : next, insert: '' }];
  }
}

function cutFlow(spans: number[][], index: number): ITextEdit[] {
  if (index > 0) {
    return [{ from: spans[index - 1][1], to: spans[index][1], insert: '' }];
  }
  return [{ from: spans[0][0], to: spans.length > 1 ? spans[1][0] : spans[0][1], insert: '' }];
}
