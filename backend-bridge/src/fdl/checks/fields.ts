import { MISNOMERS, type IField } from '../tables';
import { asText, isMap, join } from '../pointer';
import { parseQuantity, suggestQuantity } from '../quantity';
import { listing, quote, type Reporter } from './reporter';
import { nearest } from './suggest';
import type { FdlMap, FdlValue, IFdlDocument } from '../types';
import type { IDialect } from '../version';
import { isKnownTo } from '../write';

export interface IFieldCheck {
  document: IFdlDocument;
  reporter: Reporter;
  dialect: IDialect;
  /** Keys that a check of their own looks at. */
  skip?: readonly string[];
}

/** Unknown keys, missing keys, values of a wrong kind: all that the table of fields tells. */
export function checkFields(
  map: FdlMap,
  fields: Readonly<Record<string, IField>>,
  pointer: string,
  check: IFieldCheck,
  what: string
): void {
  const { reporter, dialect, skip } = check;
  for (const key of Object.keys(map)) {
    const at = join(pointer, key);
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (skip?.includes(key)) {
      continue;
    }
    if (!field) {
      reportUnknown(key, at, fields, map, reporter, what);
    } else if (field.readOnly) {
      reporter.add({
        code: 'read-only-field',
        at,
        on: 'key',
        severity: 'warning',
        message: `${key} is set by the cluster. Remove it: it has no effect here.`
      });
    } else if (!isKnownTo(field, dialect)) {
      const version = dialect.version.join('.');
      reporter.add({
        code: field.since && !field.until ? 'newer-field' : 'older-field',
        at,
        on: 'key',
        severity: 'warning',
        message: field.until
          ? `${key} was replaced in OSCAR ${field.until}, and this file is for ${version}. Write federation instead; it is translated when it is deployed.`
          : `${key} needs OSCAR ${field.since}, and this file is for ${version}. It is left out when it is deployed.`
      });
      checkValue(map[key], field, at, check, key);
    } else {
      checkValue(map[key], field, at, check, key);
    }
  }
  for (const key of Object.keys(fields)) {
    const value = Object.hasOwn(map, key) ? map[key] : undefined;
    if (fields[key].required && !skip?.includes(key) && (value === undefined || value === null || value === '')) {
      reporter.add({
        code: 'missing-field',
        at: value === undefined ? pointer : join(pointer, key),
        on: 'key',
        message: `${what} needs ${key}. ${fields[key].description}`
      });
    }
  }
}

function reportUnknown(
  key: string,
  at: string,
  fields: Readonly<Record<string, IField>>,
  map: FdlMap,
  reporter: Reporter,
  what: string
): void {
  const known = Object.keys(fields).filter(name => !fields[name].readOnly);
  const misnomer = MISNOMERS[key.toLowerCase()];
  const meant = (misnomer && Object.hasOwn(fields, misnomer) ? misnomer : undefined) ?? nearest(key, known);
  reporter.add({
    code: 'unknown-key',
    at,
    on: 'key',
    severity: meant !== undefined && !Object.hasOwn(map, meant) ? 'error' : 'warning',
    message:
      meant !== undefined
        ? `${key} is not a field of ${what.toLowerCase()}. Did you mean ${meant}?`
        : `${key} is not a field of ${what.toLowerCase()}. It is ignored.`,
    fix: meant !== undefined && !Object.hasOwn(map, meant) ? reporter.rename(at, meant) : undefined
  });
}

function sourceOf(check: IFieldCheck, at: string, value: FdlValue): string {
  return check.document.places.get(at)?.source ?? asText(value);
}

function checkValue(value: FdlValue, field: IField, at: string, check: IFieldCheck, key: string): void {
  const { reporter } = check;
  if (value === null) {
    if (!field.required) {
      reporter.add({
        code: 'empty-field',
        at,
        on: 'key',
        severity: 'information',
        message: `${key} is empty. Give it a value, or remove it.`
      });
    }
    return;
  }
  switch (field.kind) {
    case 'string':
      checkText(value, field, at, check, key);
      return;
    case 'quantity':
      checkQuantity(value, at, check, key);
      return;
    case 'boolean':
      if (typeof value !== 'boolean') {
        const word = asText(value).toLowerCase();
        const meant = ['true', 'yes', 'on', '1'].includes(word)
          ? 'true'
          : ['false', 'no', 'off', '0'].includes(word)
            ? 'false'
            : undefined;
        wrongType(
          reporter,
          at,
          key,
          'true or false, without quotes',
          meant === undefined || typeof value === 'object' ? undefined : reporter.replace(at, meant)
        );
      }
      return;
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) {
        const number = typeof value === 'string' && /^\s*-?\d+\s*$/.test(value) ? value.trim() : undefined;
        wrongType(
          reporter,
          at,
          key,
          'a whole number, without quotes',
          number === undefined ? undefined : reporter.replace(at, number)
        );
      } else {
        checkRange(value, field, at, check, key);
      }
      return;
    case 'integers':
      // Ports; their forms differ by version and have a check of their own.
      return;
    case 'strings':
      checkTexts(value, at, check, key);
      return;
    case 'string-map':
      checkMap(value, at, check, key);
      return;
    case 'object':
      if (!isMap(value)) {
        wrongType(reporter, at, key, `a mapping with ${listing(Object.keys(field.fields ?? {}).slice(0, 4))}`);
      } else {
        checkFields(value, field.fields ?? {}, at, { ...check, skip: undefined }, key);
      }
      return;
    case 'objects':
      if (!Array.isArray(value)) {
        wrongType(
          reporter,
          at,
          key,
          `a list: put "- " before ${isMap(value) ? (Object.keys(value)[0] ?? 'each item') : 'each item'}`
        );
        return;
      }
      value.forEach((item, index) => {
        const place = join(at, index);
        if (isMap(item)) {
          checkFields(item, field.fields ?? {}, place, { ...check, skip: undefined }, `An item of ${key}`);
        } else {
          wrongType(
            reporter,
            place,
            `An item of ${key}`,
            `a mapping with ${listing(Object.keys(field.fields ?? {}).slice(0, 2))}`
          );
        }
      });
      return;
    case 'any':
      return;
  }
}

function checkRange(value: number, field: IField, at: string, check: IFieldCheck, key: string): void {
  const { min = -Infinity, max = Infinity } = field;
  if (value >= min && value <= max) {
    return;
  }
  const unit = field.unit ? ` ${field.unit}` : '';
  const bounds = Number.isFinite(min)
    ? Number.isFinite(max)
      ? `between ${min} and ${max}`
      : `at least ${min}`
    : `at most ${max}`;
  const nearest = String(value < min ? min : max);
  check.reporter.error('out-of-range', at, `${key} has to be ${bounds}${unit}.`, check.reporter.replace(at, nearest));
}

function wrongType(
  reporter: Reporter,
  at: string,
  key: string,
  what: string,
  fix?: ReturnType<Reporter['rename']>
): void {
  reporter.error('wrong-type', at, `${key} has to be ${what}.`, fix);
}

function checkText(value: FdlValue, field: IField, at: string, check: IFieldCheck, key: string): void {
  const { reporter } = check;
  if (typeof value === 'object') {
    wrongType(reporter, at, key, 'a text');
    return;
  }
  if (typeof value !== 'string') {
    const text = sourceOf(check, at, value);
    reporter.warning(
      'unquoted-value',
      at,
      `${key} has to be a text. Put ${text} in quotes.`,
      reporter.replace(at, quote(text))
    );
  }
  const values = field.values;
  const text = typeof value === 'string' ? value : sourceOf(check, at, value);
  if (values && text !== '' && !values.includes(text)) {
    const sameWord = values.find(item => item.toLowerCase() === text.trim().toLowerCase());
    const meant = sameWord ?? nearest(text, values);
    // What the server reads in any case is only a matter of style; the rest changes what is deployed.
    const harmless = sameWord !== undefined && key === 'log_level';
    reporter.add({
      code:
        key === 'isolation_level' && sameWord
          ? 'isolation-case'
          : key === 'visibility'
            ? 'bad-visibility'
            : 'bad-value',
      at,
      severity: harmless || (key === 'isolation_level' && sameWord) ? 'warning' : 'error',
      message: `${key} has to be ${listing(values, 'or')}.${meant ? ` Write ${meant}.` : ''}`,
      fix: meant ? reporter.replace(at, meant) : undefined
    });
  }
}

function checkQuantity(value: FdlValue, at: string, check: IFieldCheck, key: string): void {
  const { reporter } = check;
  const example = key.includes('cpu') ? "'0.5'" : '512Mi';
  if (typeof value === 'object' || typeof value === 'boolean') {
    reporter.error('bad-quantity', at, `${key} has to be a quantity, for instance ${example}.`);
    return;
  }
  const text = typeof value === 'string' ? value : sourceOf(check, at, value);
  const amount = parseQuantity(text);
  if (amount === undefined) {
    const meant = suggestQuantity(text);
    reporter.error(
      'bad-quantity',
      at,
      `${text} is not a quantity. Write ${meant ?? example}.`,
      meant ? reporter.replace(at, quote(meant)) : undefined
    );
    return;
  }
  if (amount <= 0) {
    reporter.error('bad-quantity', at, `${key} has to be more than nothing, for instance ${example}.`);
    return;
  }
  const bytes = !key.includes('cpu');
  if (bytes && amount < 1e6) {
    const megabytes = Number.isInteger(amount) && amount >= 16 ? `${amount}Mi` : '256Mi';
    reporter.warning(
      'small-memory',
      at,
      `${text} is ${amount} bytes. Write ${megabytes} for mebibytes.`,
      reporter.replace(at, megabytes)
    );
  } else if (typeof value === 'number') {
    reporter.warning(
      'unquoted-quantity',
      at,
      `${key} has to be a text: OSCAR refuses a number. Write ${quote(text)}.`,
      reporter.replace(at, quote(text))
    );
  }
}

function checkTexts(value: FdlValue, at: string, check: IFieldCheck, key: string): void {
  const { reporter } = check;
  if (!Array.isArray(value)) {
    const text = typeof value === 'object' ? undefined : sourceOf(check, at, value);
    wrongType(
      reporter,
      at,
      key,
      'a list of texts',
      text === undefined ? undefined : reporter.replace(at, `[${quote(text)}]`)
    );
    return;
  }
  value.forEach((item, index) => {
    const place = join(at, index);
    if (typeof item === 'object') {
      wrongType(reporter, place, `An item of ${key}`, 'a text');
    } else if (typeof item !== 'string') {
      const text = sourceOf(check, place, item);
      reporter.warning(
        'unquoted-value',
        place,
        `An item of ${key} has to be a text. Put ${text} in quotes.`,
        reporter.replace(place, quote(text))
      );
    }
  });
}

function checkMap(value: FdlValue, at: string, check: IFieldCheck, key: string): void {
  const { reporter } = check;
  if (!isMap(value)) {
    wrongType(reporter, at, key, 'a mapping of names to texts');
    return;
  }
  for (const name of Object.keys(value)) {
    const item = value[name];
    const place = join(at, name);
    if (typeof item === 'object' && item !== null) {
      wrongType(reporter, place, name, 'a text');
    } else if (item !== null && typeof item !== 'string') {
      const text = sourceOf(check, place, item);
      reporter.warning(
        'unquoted-value',
        place,
        `${name} has to be a text. Put ${text} in quotes.`,
        reporter.replace(place, quote(text))
      );
    }
  }
}
