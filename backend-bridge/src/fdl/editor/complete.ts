import { nodeAt, type ITreeNode } from '../tables/tree';
import type { IField } from '../tables';
import type { IFdlDocument, IRange } from '../types';
import { dialectOf } from '../version';
import { isKnownTo } from '../write';
import { cursorAt, type ICursor } from './cursor';
import { itemTemplate, keyText } from './templates';
import type { ICompletion, IKnown, IPosition } from './types';
import { valuesFor } from './values';
import { describeField, kindOf } from './words';

/**
 * What can be written at a place, best first; not filtered by what is typed already (`range` covers that). Goes by the lines
 * around the place, so it works in the middle of a broken file.
 */
export function complete(document: IFdlDocument, position: IPosition, known: IKnown = {}): ICompletion[] {
  const cursor = cursorAt(document.text, position);
  if (cursor.what === 'none') {
    return [];
  }
  const line = Math.max(1, Math.min(position.line, document.text.split('\n').length));
  const range: IRange = { line, column: cursor.from + 1, endLine: line, endColumn: cursor.to + 1 };
  const node = nodeAt(cursor.path);
  if (!node) {
    return [];
  }
  const context = { document, cursor, range, known };
  const items = cursor.what === 'key' ? completeKey(node, context) : completeValue(node, context);
  return items.sort((a, b) => b.boost - a.boost);
}

export interface ICompleteContext {
  document: IFdlDocument;
  cursor: ICursor;
  range: IRange;
  known: IKnown;
}

function completeKey(node: ITreeNode, context: ICompleteContext): ICompletion[] {
  const { cursor } = context;
  if (node.items && typeof cursor.path[cursor.path.length - 1] !== 'number') {
    // In a list, but no dash yet.
    return itemTemplate(node, context);
  }
  if (node.fields) {
    const list = cursor.listAbove === undefined ? undefined : nodeAt([...cursor.path, cursor.listAbove]);
    const items = list?.items
      ? itemTemplate(list, {
          ...context,
          cursor: { ...cursor, path: [...cursor.path, String(cursor.listAbove)] }
        })
      : [];
    return [...items.map(item => ({ ...item, boost: 60 })), ...keys(node.fields, context)];
  }
  if (node.each) {
    return freeNames(node, context);
  }
  return node.field && typeof cursor.path[cursor.path.length - 1] === 'number' ? completeValue(node, context) : [];
}

function keys(fields: Readonly<Record<string, IField>>, context: ICompleteContext): ICompletion[] {
  const { cursor, range, known } = context;
  const dialect = dialectOf(known.version);
  const misplaced = (key: string) =>
    cursor.path[1] === 'oscar' && cursor.path.length === 4 && (key === 'storage_providers' || key === 'clusters');
  const filter = (key: string) => cursor.path.includes('input') && (key === 'suffix' || key === 'prefix');
  const names = Object.keys(fields).filter(
    key => !fields[key].readOnly && !cursor.siblings.includes(key) && !misplaced(key) && !filter(key)
  );
  return names.flatMap((key, index): ICompletion[] => {
    const field = fields[key];
    const there = field.since?.startsWith('SCAR') || isKnownTo(field, dialect);
    if (!there && field.until) {
      return [];
    }
    return [
      {
        label: key,
        kind: 'key',
        detail: there ? kindOf(field) : `since OSCAR ${field.since}`,
        documentation: describeField(key, field, known.version),
        insert: keyText(key, field, context),
        range,
        boost: (field.required ? 50 : 0) + (there ? 0 : -50) - index / 100
      }
    ];
  });
}

/** Ids of clusters and the like. */
function freeNames(node: ITreeNode, context: ICompleteContext): ICompletion[] {
  const { cursor, range, known, document } = context;
  if (node.eachIs !== 'cluster') {
    return [];
  }
  const top = cursor.path[0] === 'clusters';
  const ids = top
    ? (known.clusterIds ?? [])
    : ['default-cluster', ...(known.clusterIds ?? []), ...document.oscar.map(entry => entry.clusterId)];
  return [...new Set(ids)]
    .filter(id => id !== '' && !cursor.siblings.includes(id))
    .map((id, index) => ({
      label: id,
      kind: 'cluster' as const,
      detail: id === 'default-cluster' ? 'whichever cluster is chosen' : 'cluster',
      insert: cursor.colon ? id : `${id}:\n${' '.repeat(cursor.indent + 2)}`,
      range,
      boost: -index / 100
    }));
}

function completeValue(node: ITreeNode, context: ICompleteContext): ICompletion[] {
  const { cursor, range, document } = context;
  if (!node.field) {
    return [];
  }
  const key = String([...cursor.path].reverse().find(step => typeof step === 'string') ?? '');
  const behindColon = document.text.split('\n')[range.line - 1]?.[cursor.from - 1] === ':';
  return valuesFor(key, node.field, context).map((value, index) => ({
    label: value.label,
    kind: value.kind ?? 'value',
    ...(value.detail ? { detail: value.detail } : {}),
    insert: (behindColon ? ' ' : '') + quoted(value.label, cursor.quote, value.quote === true, cursor.flow),
    range,
    boost: (value.boost ?? 0) - index / 1000
  }));
}

/** The text in the quotation marks that are there already, or in new ones where it would be something else without. */
function quoted(text: string, quote: ICursor['quote'], needed: boolean, flow: boolean): string {
  if (quote === '"') {
    return JSON.stringify(text);
  }
  const odd = /^[\s&*!|>%@`'"#?-]|: |:$| #|\s$/.test(text) || (flow && /[,[\]{}]/.test(text));
  return quote === "'" || needed || odd ? `'${text.replace(/'/g, "''")}'` : text;
}
