import { isAlias, isCollection, isMap, isNode, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { FdlValue } from '../types';

/** Offset at which the line of an offset begins. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset of the end of the line, before its line break. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  if (end < 0) {
    return text.length;
  }
  return end > 0 && text[end - 1] === '\r' ? end - 1 : end;
}

/** Offset of the beginning of the next line, or the end of the text. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

export function lineBreak(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Where the characters of a node end; trailing white space and comments do not count. */
export function contentEnd(text: string, node: unknown): number {
  if (isMap(node) && !node.flow && node.items.length > 0) {
    return pairEnd(text, node.items[node.items.length - 1]);
  }
  if (isSeq(node) && !node.flow && node.items.length > 0) {
    const last = node.items[node.items.length - 1];
    const end = contentEnd(text, last);
    return Math.max(
      end,
      ...dashes(node)
        .slice(-1)
        .map(dash => dash + 1)
    );
  }
  const range = isNode(node) ? node.range : null;
  if (!range) {
    return 0;
  }
  let end = range[1];
  while (end > range[0] && /\s/.test(text[end - 1])) {
    end--;
  }
  return end;
}

export function pairEnd(text: string, pair: Pair): number {
  const key = contentEnd(text, pair.key);
  const value = contentEnd(text, pair.value);
  return Math.max(value, afterColon(text, key));
}

/** The offset behind the colon that follows a key. */
export function afterColon(text: string, key: number): number {
  const colon = /^\s*:/.exec(text.slice(key, key + 200));
  return colon ? key + colon[0].length : key;
}

/** Offsets of the dashes of a list in block style. */
export function dashes(node: Node): number[] {
  const token = node.srcToken;
  if (token?.type !== 'block-seq') {
    return [];
  }
  return token.items.flatMap(item => item.start.filter(part => part.type === 'seq-item-ind').map(part => part.offset));
}

/** Where a key begins, or undefined for keys that are no plain nodes. */
export function keyStart(pair: Pair): number | undefined {
  return isScalar(pair.key) || isAlias(pair.key) ? pair.key.range?.[0] : undefined;
}

/** True when only white space stands before the offset on its line. */
export function isFirstOnLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === '';
}

export function isFlow(node: unknown): boolean {
  return isCollection(node) && node.flow === true;
}

/** A plain value in flow style, on one line. */
export function flowText(value: FdlValue): string {
  if (Array.isArray(value)) {
    return `[${value.map(flowText).join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${scalarText(key)}: ${flowText(item)}`)
      .join(', ')}}`;
  }
  return scalarText(value);
}

/** Words that YAML, in this or an older version, would not read as text. */
const NOT_TEXT = /^(?:|~|null|true|false|yes|no|on|off|y|n|[-+]?\.?\d[\d._:e+-]*|0[xo][\da-f]+|[-+]?\.(?:inf|nan))$/i;
const PLAIN = /^[A-Za-z0-9_./][\w./@+ -]*(?::[\w./@+-]+)*$/;

/** A scalar as one would write it by hand: quoted only where it must be. */
export function scalarText(value: FdlValue, quote: "'" | '"' | '' = ''): string {
  if (typeof value !== 'string') {
    return JSON.stringify(value);
  }
  const plain = PLAIN.test(value) && !NOT_TEXT.test(value) && value.trim() === value && !value.includes(' #');
  if (quote === '' && plain) {
    return value;
  }
  // eslint-disable-next-line no-control-regex
  if (quote === '"' || /[\u0000-\u001f\u007f-\uffff]/.test(value)) {
    return JSON.stringify(value);
  }
  return `'${value.replace(/'/g, "''")}'`;
}

/** A plain value as lines of block style, without indentation of the whole. Lists stand below their key without indentation unless `deep`. */
export function blockLines(value: FdlValue, deep: boolean): string[] {
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap(item =>
      blockLines(item, deep).map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`))
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, item]) => {
      const head = `${scalarText(key)}:`;
      if (typeof item !== 'object' || item === null || Object.keys(item).length === 0) {
        return [`${head} ${flowText(item)}`];
      }
      const pad = Array.isArray(item) && !deep ? '' : '  ';
      return [head, ...blockLines(item, deep).map(line => pad + line)];
    });
  }
  return [flowText(value)];
}
