import { isMap, isPair, isScalar, isSeq, parseDocument, visit, type Document, type Pair, type Scalar } from 'yaml';
import { MAX_TEXT, parseFdl } from '../parse';
import type { IField } from '../tables';
import { nodeAt } from '../tables/tree';
import type { IFdlDocument } from '../types';

/** What comes first in a service, as people read it; the rest follows in the order of the tables. */
const FIRST = [
  'functions',
  'oscar',
  'aws',
  'lambda',
  'name',
  'image',
  'script',
  'storage_provider',
  'path',
  'cpu',
  'memory'
];
const LAST = ['input', 'output', 'storage_providers', 'clusters'];

/** Texts that a reader of YAML 1.1 or 1.2 takes for something else. */
const WORDS = /^(?:y|yes|n|no|true|false|on|off|null|~|\.?nan|[-+]?\.?inf(?:inity)?)$/i;
/** Amounts with a unit; those without one are numbers. */
const QUANTITY = /^\d+(?:\.\d+)?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)$/;
const PLAIN = /^[A-Za-z_./][\w./@+-]*(?::[\w.-]+)?$/;

/**
 * Lays a file out the same way always: order of the keys by the tables, two spaces, quotation marks where they are needed
 * and no others, texts that have to be texts in them. Comments and the meaning stay; what cannot be laid out safely (no
 * YAML, doubled keys) comes back as it is.
 */
export function format(text: string): string {
  let result = text;
  // A comment between two levels may settle only in the second round.
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = formatOnce(result);
    if (next === result) {
      break;
    }
    result = next;
  }
  return result;
}

const MAX_ROUNDS = 4;

function formatOnce(text: string): string {
  if (text.length > MAX_TEXT) {
    return text;
  }
  const before = parseFdl(text).document;
  if (before.value === null || before.syntax.some(problem => YAML_CODES.has(problem.code))) {
    return text;
  }
  try {
    const yaml = parseDocument(text, { merge: true, uniqueKeys: false, logLevel: 'error', version: '1.2' });
    quote(yaml);
    if (!hasAliases(yaml)) {
      order(yaml.contents, []);
    }
    const result = yaml.toString({
      lineWidth: 0,
      indent: 2,
      indentSeq: false,
      singleQuote: true,
      flowCollectionPadding: false
    });
    return sameMeaning(before, parseFdl(result).document) ? result : text;
  } catch {
    // The printer refuses some trees (a key that is a mapping); then nothing is changed.
    return text;
  }
}

/** Problems of the text with which its layout is not touched. */
const YAML_CODES = new Set([
  'yaml-syntax',
  'tab',
  'bad-indent',
  'bad-alias',
  'bad-key',
  'bad-merge',
  'duplicate-key',
  'several-documents',
  'too-deep',
  'too-large',
  'unknown-tag'
]);

/** An alias must not come before its anchor: then the order stays. */
function hasAliases(yaml: Document): boolean {
  let found = false;
  visit(yaml, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    }
  });
  return found;
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

/** Sorts the pairs of the mappings that the tables know; comments go with what they stand before. */
function order(node: unknown, path: (string | number)[]): void {
  if (isSeq(node)) {
    node.items.forEach((item, index) => order(item, [...path, index]));
    return;
  }
  if (!isMap(node)) {
    return;
  }
  const known = Object.keys(nodeAt(path)?.fields ?? {});
  if (known.length > 0) {
    const rank = (pair: Pair): number => {
      const key = keyOf(pair);
      if (FIRST.includes(key) && known.includes(key)) {
        return FIRST.indexOf(key);
      }
      const at = known.indexOf(key);
      return (LAST.includes(key) ? 2000 : 1000) + (at < 0 ? 999 : at);
    };
    const first = node.items[0];
    node.items = node.items
      .map((pair, index) => ({ pair, index }))
      .sort((a, b) => rank(a.pair) - rank(b.pair) || a.index - b.index)
      .map(({ pair }) => pair);
    // The blank line of the first key would stand below the parent.
    if (node.items[0] !== first && isScalar(node.items[0]?.key)) {
      node.items[0].key.spaceBefore = false;
    }
  }
  for (const pair of node.items) {
    order(pair.value, [...path, keyOf(pair)]);
  }
}

function quote(yaml: Document): void {
  const walk = (node: unknown, path: (string | number)[], field: IField | undefined) => {
    if (isSeq(node)) {
      node.items.forEach((item, index) => walk(item, [...path, index], nodeAt([...path, index])?.field));
    } else if (isMap(node)) {
      const map = field?.kind === 'string-map';
      for (const pair of node.items) {
        if (isPair(pair)) {
          const here = [...path, keyOf(pair)];
          // The old name of variables, which the tables have for AWS only.
          const old = keyOf(pair) === 'Variables' ? VARIABLES : undefined;
          walk(pair.value, here, map ? TEXT : (nodeAt(here)?.field ?? old));
        }
      }
    } else if (isScalar(node)) {
      quoteScalar(node, field);
    }
  };
  walk(yaml.contents, [], undefined);
}

const TEXT: IField = { kind: 'string', description: '' };
const VARIABLES: IField = { kind: 'string-map', description: '' };

function quoteScalar(node: Scalar, field: IField | undefined): void {
  if (typeof node.value === 'string') {
    if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') {
      const plain = (PLAIN.test(node.value) && !WORDS.test(node.value)) || QUANTITY.test(node.value);
      node.type = plain ? 'PLAIN' : 'QUOTE_SINGLE';
    }
    return;
  }
  // A number or a word where a text has to be: as it is written.
  const text = field?.kind === 'string' || field?.kind === 'quantity';
  if (text && node.source !== undefined && (typeof node.value === 'number' || typeof node.value === 'boolean')) {
    node.value = node.source;
    node.type = 'QUOTE_SINGLE';
  }
}

/** The same values at the same places, apart from quotation marks. */
function sameMeaning(a: IFdlDocument, b: IFdlDocument): boolean {
  const read = (document: IFdlDocument) => {
    const result = new Map<string, string>();
    const walk = (value: unknown, pointer: string) => {
      if (Array.isArray(value)) {
        value.forEach((item, index) => walk(item, `${pointer}/${index}`));
        result.set(pointer, `[${value.length}`);
      } else if (typeof value === 'object' && value !== null) {
        for (const [key, item] of Object.entries(value)) {
          walk(item, `${pointer}/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`);
        }
        result.set(pointer, '{');
      } else {
        result.set(
          pointer,
          typeof value === 'string' ? value : (document.places.get(pointer)?.source ?? String(value))
        );
      }
    };
    walk(document.value, '');
    return result;
  };
  const first = read(a);
  const second = read(b);
  return first.size === second.size && [...first].every(([pointer, value]) => second.get(pointer) === value);
}
