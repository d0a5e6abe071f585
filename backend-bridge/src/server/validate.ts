import { Kind, type TSchema } from '@sinclair/typebox';
import { Value, ValueErrorType, type ValueError } from '@sinclair/typebox/value';
import { BridgeError } from '../http/errors';

/** Where a value came from, in words: it begins the sentence about what is wrong with it. */
export type ValuePart = 'body' | 'querystring' | 'params' | 'headers' | 'handshake' | 'options';

const PART_NAMES: Record<ValuePart, string> = {
  body: 'The body',
  querystring: 'The query',
  params: 'The path',
  headers: 'The headers',
  handshake: 'The handshake',
  options: 'The options'
};

const MAX_SHOWN = 60;

/** A value, short enough for a sentence. Texts are not repeated: they may be secrets. */
function describe(value: unknown): string {
  if (value === undefined) {
    return 'nothing';
  }
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'a list';
  }
  switch (typeof value) {
    case 'string':
      return value === '' ? 'an empty text' : 'a text';
    case 'object':
      return 'an object';
    default:
      return String(value).slice(0, MAX_SHOWN);
  }
}

const WITH_ARTICLE: Record<string, string> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null'
};

/** What a schema wants, for "write …". */
export function expectation(schema: TSchema): string {
  if (schema[Kind] === 'Union') {
    return (schema.anyOf as TSchema[]).map(expectation).join(' or ');
  }
  if (schema[Kind] === 'Literal') {
    return JSON.stringify(schema.const);
  }
  if (schema[Kind] === 'Object') {
    const keys = Object.keys(schema.properties as Record<string, TSchema>);
    return keys.length === 0 ? 'an object' : `{${keys.map(key => JSON.stringify(key)).join(', ')}}`;
  }
  return WITH_ARTICLE[String(schema.type)] ?? 'another value';
}

/** `/files/0/path` → `files[0].path` */
function fieldName(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map(part => part.replace(/~1/g, '/').replace(/~0/g, '~'))
    .reduce((name, part) => (/^\d+$/.test(part) ? `${name}[${part}]` : name === '' ? part : `${name}.${part}`), '');
}

/** One finding as a sentence. */
function sentence(part: ValuePart, error: ValueError): string {
  const field = fieldName(error.path).slice(0, 200);
  const where = field === '' ? PART_NAMES[part] : `\`${field}\``;
  switch (error.type) {
    case ValueErrorType.ObjectRequiredProperty:
      return `${where} is missing: give ${expectation(error.schema)}.`;
    case ValueErrorType.ObjectAdditionalProperties:
      return `${where} is not known here: leave it out.`;
    case ValueErrorType.StringPattern:
      return typeof error.schema.description === 'string'
        ? `${where} has characters or a length that are not allowed. ${error.schema.description}`
        : `${where} has characters or a length that are not allowed: it must match ${String(error.schema.pattern)}.`;
    case ValueErrorType.StringMinLength:
    case ValueErrorType.StringMaxLength:
      return `${where} must have ${error.schema.minLength ?? 0} to ${error.schema.maxLength ?? 'any number of'} characters.`;
    case ValueErrorType.ArrayMinItems:
      return `${where} must have at least ${error.schema.minItems} ${error.schema.minItems === 1 ? 'entry' : 'entries'}.`;
    case ValueErrorType.ArrayMaxItems:
      return `${where} must have at most ${error.schema.maxItems} entries.`;
    case ValueErrorType.IntegerMinimum:
    case ValueErrorType.NumberMinimum:
      return `${where} must be at least ${error.schema.minimum}.`;
    case ValueErrorType.IntegerMaximum:
    case ValueErrorType.NumberMaximum:
      return `${where} must be at most ${error.schema.maximum}.`;
    default:
      return `${where} is ${describe(error.value)}: write ${expectation(error.schema)}.`;
  }
}

/**
 * Checks a value against a schema and gives it back with its type.
 *
 * Queries come as text, so numbers and booleans in them are read first; a body is taken as it is.
 *
 * @throws BridgeError `invalid` (400) that names the field and says what to write.
 */
export function validate<T>(schema: TSchema, value: unknown, part: ValuePart): T {
  const candidate = part === 'querystring' || part === 'params' ? Value.Convert(schema, value) : value;
  if (Value.Check(schema, candidate)) {
    return candidate as T;
  }
  const seen = new Set<string>();
  const sentences: string[] = [];
  for (const error of Value.Errors(schema, candidate)) {
    if (!seen.has(error.path)) {
      seen.add(error.path);
      sentences.push(sentence(part, error));
    }
    if (sentences.length === 5) {
      break;
    }
  }
  throw new BridgeError({
    type: 'invalid',
    title: 'The request is not valid',
    status: 400,
    detail: sentences.join(' '),
    extra: { fields: [...seen].map(fieldName) }
  });
}
