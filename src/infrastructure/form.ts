import type { TranslationBundle } from '@jupyterlab/translation';

import type { FormField } from '../contract';
import { isJson } from '../oscar/text';

/** What stands in a form: text as it was typed, or whether a box is ticked. */
export type FormValues = Readonly<Record<string, string | boolean>>;

/** Units of a size; the first is chosen when nothing is given. */
export const SIZE_UNITS = ['GiB', 'MiB', 'TiB', 'GB', 'MB', 'TB'];

/** What stands in a form before anybody typed. Secrets begin empty. */
export function initialValues(fields: readonly FormField[]): FormValues {
  const values: Record<string, string | boolean> = {};
  for (const field of fields) {
    values[field.name] = field.type === 'boolean' ? isTrue(field.default) : textOf(field);
  }
  return values;
}

/** Fields that are asked for. What a template takes and does nothing with is not. */
export function shownFields(fields: readonly FormField[]): FormField[] {
  return fields.filter(field => !field.hidden && !field.ignored);
}

/** False for a field that hangs on a box that is not ticked, however far up. */
export function isEnabled(field: FormField, fields: readonly FormField[], values: FormValues): boolean {
  const seen = new Set<string>();
  let current: FormField | undefined = field;
  while (current?.enabledBy !== undefined && !seen.has(current.name)) {
    seen.add(current.name);
    const master: FormField | undefined = fields.find(item => item.name === current?.enabledBy);
    if (!master) {
      return true;
    }
    if (values[master.name] !== true && values[master.name] !== 'true') {
      return false;
    }
    current = master;
  }
  return true;
}

/** What is wrong with what stands in a field; undefined when it is right. */
export function fault(
  field: FormField,
  value: string | boolean | undefined,
  trans: TranslationBundle
): string | undefined {
  if (typeof value === 'boolean') {
    return undefined;
  }
  const text = (value ?? '').trim();
  if (text === '') {
    return field.required && !field.generated ? trans.__('Fill this in.') : undefined;
  }
  switch (field.type) {
    case 'integer':
    case 'number': {
      const number = Number(text);
      if (!Number.isFinite(number) || (field.type === 'integer' && !Number.isInteger(number))) {
        return field.type === 'integer' ? trans.__('Write a whole number.') : trans.__('Write a number.');
      }
      return range(number, field, trans);
    }
    case 'size':
      return parseSize(text) ? undefined : trans.__('Write a number and a unit, as 20 GiB.');
    case 'ports':
      return ports(text).every(isPort) ? undefined : trans.__('Write ports as 80, 8080-8085 or 53/udp.');
    case 'map':
      return text
        .split('\n')
        .filter(Boolean)
        .every(line => /^[^=:\s][^=:]*[=:]/.test(line)) || isJson(text)
        ? undefined
        : trans.__('Write one name = value on each line.');
    case 'list':
      return undefined;
    default:
      return lengths(text, field, trans);
  }
}

function range(number: number, field: FormField, trans: TranslationBundle): string | undefined {
  if (field.minimum !== undefined && number < field.minimum) {
    return trans.__('At least %1.', field.minimum);
  }
  return field.maximum !== undefined && number > field.maximum ? trans.__('At most %1.', field.maximum) : undefined;
}

function lengths(text: string, field: FormField, trans: TranslationBundle): string | undefined {
  if (field.minLength !== undefined && text.length < field.minLength) {
    return trans.__('At least %1 characters.', field.minLength);
  }
  if (field.maxLength !== undefined && text.length > field.maxLength) {
    return trans.__('At most %1 characters.', field.maxLength);
  }
  if (field.pattern !== undefined && !matches(text, field.pattern)) {
    return trans.__('It has to look like %1.', field.pattern);
  }
  return undefined;
}

/** Names of the fields that are asked for and wrong, with what is wrong. */
export function faults(
  fields: readonly FormField[],
  values: FormValues,
  trans: TranslationBundle
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const field of shownFields(fields)) {
    const wrong = isEnabled(field, fields, values) ? fault(field, values[field.name], trans) : undefined;
    if (wrong !== undefined) {
      found[field.name] = wrong;
    }
  }
  return found;
}

/**
 * The inputs of a template, typed. What the user left as it was is left out: the template has it. What is hidden is never sent.
 */
export function inputsOf(fields: readonly FormField[], values: FormValues): Record<string, unknown> {
  const before = initialValues(fields);
  const inputs: Record<string, unknown> = {};
  for (const field of shownFields(fields)) {
    const value = values[field.name];
    if (value === undefined || value === before[field.name] || !isEnabled(field, fields, values)) {
      continue;
    }
    inputs[field.name] = typeof value === 'boolean' ? value : typed(field, value.trim());
  }
  return inputs;
}

/** Fields of credentials as they are sent: text only, nothing that is empty. */
export function credentialValues(fields: readonly FormField[], values: FormValues): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const field of fields) {
    const value = values[field.name];
    if (typeof value === 'boolean') {
      if (value) {
        sent[field.name] = 'true';
      }
    } else if (value !== undefined && value.trim() !== '') {
      // A password may begin with a space.
      sent[field.name] = field.type === 'password' ? value : value.trim();
    }
  }
  return sent;
}

function typed(field: FormField, text: string): unknown {
  switch (field.type) {
    case 'integer':
    case 'number':
      return text === '' ? undefined : Number(text);
    case 'size': {
      const size = parseSize(text);
      return size ? `${size.value} ${size.unit}` : text;
    }
    case 'list':
      // An item may have commas in it.
      return isJson(text)
        ? (JSON.parse(text) as unknown)
        : text
            .split('\n')
            .map(line => line.trim())
            .filter(Boolean);
    case 'map':
      return isJson(text) ? (JSON.parse(text) as unknown) : pairs(text);
    case 'ports':
      return ports(text).join(',');
    case 'select':
      // Options may be numbers.
      return field.options?.find(option => String(option) === text) ?? text;
    default:
      return text;
  }
}

/** A size as a number and its unit. */
export function parseSize(text: string): { value: string; unit: string } | undefined {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*([KMGT]i?B?)$/i.exec(text.trim());
  if (!match) {
    return undefined;
  }
  const unit = match[2].toUpperCase().replace('I', 'i');
  return { value: match[1], unit: unit.endsWith('B') ? unit : `${unit}B` };
}

function textOf(field: FormField): string {
  const value = field.default;
  if (value === undefined || value === null || field.type === 'password') {
    return '';
  }
  if (field.type === 'list' && Array.isArray(value)) {
    return value.every(isScalar) ? value.join('\n') : JSON.stringify(value, null, 2);
  }
  if (field.type === 'map' && typeof value === 'object') {
    const entries = Object.entries(value);
    return entries.every(([, each]) => isScalar(each))
      ? entries.map(([name, each]) => `${name} = ${String(each)}`).join('\n')
      : JSON.stringify(value, null, 2);
  }
  return isScalar(value) ? String(value) : JSON.stringify(value, null, 2);
}

/** Ports on lines of their own, or with commas between. */
function ports(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map(line => line.trim())
    .filter(Boolean);
}

function pairs(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^\s*([^=:]+?)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match) {
      found[match[1]] = match[2];
    }
  }
  return found;
}

function isPort(text: string): boolean {
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/(?:tcp|udp))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  return match !== null && first >= 1 && last <= 65535 && first <= last;
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === 'yes';
}

/** Patterns come from templates of others: one that cannot be read says nothing. */
function matches(text: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text);
  } catch {
    return true;
  }
}
