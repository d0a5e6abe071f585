import type { IField } from '../tables';
import { isKnownTo } from '../write';
import { dialectOf } from '../version';

const KINDS: Readonly<Record<IField['kind'], string>> = {
  string: 'text',
  boolean: 'true or false',
  integer: 'whole number',
  quantity: 'quantity',
  strings: 'list of texts',
  integers: 'list of whole numbers',
  'string-map': 'names and texts',
  object: 'mapping',
  objects: 'list of mappings',
  any: 'any value'
};

/** Kind and unit of a field in a few words. */
export function kindOf(field: IField): string {
  return KINDS[field.kind] + (field.unit ? `, ${field.unit}` : '');
}

/** What the tables say of a field, as Markdown. */
export function describeField(key: string, field: IField, version?: string): string {
  const facts = [
    ...(field.required ? ['Required.'] : []),
    ...(field.values ? [`One of ${field.values.map(code).join(', ')}.`] : []),
    ...(field.min !== undefined && field.max !== undefined ? [`From ${field.min} to ${field.max}.`] : []),
    ...(field.default === undefined ? [] : [`Default: ${code(field.default)}.`]),
    ...(field.since ? [`Since ${product(field.since)}.`] : []),
    ...(field.until ? [`Up to ${product(field.until)}; not in it.`] : []),
    ...(field.readOnly ? ['Set by the cluster.'] : []),
    ...(version !== undefined && !field.since?.startsWith('SCAR') && !isKnownTo(field, dialectOf(version))
      ? [`OSCAR ${version.replace(/^v/, '')} does not know it.`]
      : [])
  ];
  return `**${key}** · ${kindOf(field)}\n\n${field.description}${facts.length > 0 ? `\n\n${facts.join(' ')}` : ''}`;
}

function product(version: string): string {
  return version.startsWith('SCAR') ? version : `OSCAR ${version}`;
}

/** A text as code in Markdown, whatever is in it. */
export function code(text: string): string {
  const fence = '`'.repeat(1 + Math.max(0, ...[...text.matchAll(/`+/g)].map(match => match[0].length)));
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${text.replace(/\s+/g, ' ')}${pad}${fence}`;
}
