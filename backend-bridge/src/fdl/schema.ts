import { AWS_FIELDS } from './tables/aws';
import {
  CLUSTER_FIELDS,
  PROVIDER_DESCRIPTIONS,
  PROVIDER_FIELDS,
  SERVICE_FIELDS,
  TOP_DESCRIPTIONS,
  type Fields,
  type IField
} from './tables';

/** A JSON Schema or a part of one. */
export interface IJsonSchema {
  [key: string]: unknown;
}

/** Version that a field without one has been there since: the oldest that is spoken. */
export const OLDEST = '3.0';

const QUANTITY = '^[+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|n|u|[eE][+-]?[0-9]+)?$';

/**
 * The JSON Schema (draft-07: what YAML language servers read) of an FDL file, made from the tables of fields. It takes what
 * OSCAR and SCAR take, old forms included; what is doubtful is left to `checkFdl`. Beside the words of the standard each
 * field has `x-since` (first version), `x-until` (first version without it) and `x-unit`.
 */
export function fdlSchema(): IJsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'https://jupyterlab-oscar.example/schema/fdl.json',
    title: 'Functions Definition Language (FDL)',
    description: 'Services for OSCAR clusters and functions for AWS (SCAR), with the storage they use.',
    type: 'object',
    required: ['functions'],
    additionalProperties: false,
    properties: {
      functions: {
        type: 'object',
        description: TOP_DESCRIPTIONS.functions,
        markdownDescription: TOP_DESCRIPTIONS.functions,
        additionalProperties: false,
        minProperties: 1,
        properties: {
          oscar: {
            type: ['array', 'null'],
            description: TOP_DESCRIPTIONS['functions/oscar'],
            items: {
              type: 'object',
              minProperties: 1,
              description: 'The id of a cluster, or default-cluster.',
              additionalProperties: { $ref: '#/definitions/service' }
            }
          },
          aws: {
            type: ['array', 'null'],
            description: TOP_DESCRIPTIONS['functions/aws'],
            items: { $ref: '#/definitions/aws' }
          }
        }
      },
      storage_providers: {
        type: ['object', 'null'],
        description: TOP_DESCRIPTIONS.storage_providers,
        additionalProperties: false,
        properties: Object.fromEntries(
          Object.keys(PROVIDER_FIELDS).map(type => [
            type,
            {
              type: ['object', 'null'],
              description: PROVIDER_DESCRIPTIONS[type],
              additionalProperties: objectSchema(PROVIDER_FIELDS[type])
            }
          ])
        )
      },
      clusters: {
        type: ['object', 'null'],
        description: TOP_DESCRIPTIONS.clusters,
        additionalProperties: objectSchema(CLUSTER_FIELDS)
      }
    },
    definitions: {
      service: { ...objectSchema(SERVICE_FIELDS), description: 'A service of an OSCAR cluster.' },
      aws: { ...objectSchema(AWS_FIELDS), description: 'A function of AWS Lambda, with what belongs to it.' }
    }
  };
}

function objectSchema(fields: Fields): IJsonSchema {
  const written = Object.keys(fields).filter(key => !fields[key].readOnly);
  const required = written.filter(key => fields[key].required);
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(Object.keys(fields).map(key => [key, fieldSchema(fields[key], key)]))
  };
}

function fieldSchema(field: IField, key: string): IJsonSchema {
  const value = defaultOf(field);
  return {
    ...typeSchema(field, key),
    description: field.description + (field.unit ? ` Unit: ${field.unit}.` : ''),
    ...(value === undefined ? {} : { default: value }),
    ...(field.readOnly ? { readOnly: true } : {}),
    ...(field.until ? { deprecated: true, 'x-until': field.until } : {}),
    'x-since': field.since ?? OLDEST,
    ...(field.unit ? { 'x-unit': field.unit } : {})
  };
}

function typeSchema(field: IField, key: string): IJsonSchema {
  switch (field.kind) {
    case 'string':
      return {
        // YAML reads an unquoted 1.0 or true as something else; `checkFdl` says so, and it is written as a text.
        type:
          field.required && !field.values
            ? ['string', 'number', 'boolean']
            : field.values
              ? 'string'
              : ['string', 'number', 'boolean', 'null'],
        ...(field.required ? { minLength: 1 } : {}),
        // Servers read these words in any case.
        ...(field.values
          ? anyCase(key)
            ? { pattern: caseless(field.values), examples: field.values }
            : { enum: field.values }
          : {})
      };
    case 'quantity':
      return { type: ['string', 'number', 'null'], pattern: QUANTITY };
    case 'boolean':
      return { type: ['boolean', 'null'] };
    case 'integer':
      return {
        type: ['integer', 'null'],
        ...(field.min === undefined ? {} : { minimum: field.min }),
        ...(field.max === undefined ? {} : { maximum: field.max })
      };
    case 'integers':
      return { type: ['integer', 'array', 'null'], items: { type: 'integer', minimum: 0, maximum: 65535 } };
    case 'strings':
      return { type: ['array', 'null'], items: { type: ['string', 'number', 'boolean'] } };
    case 'string-map':
      return { type: ['object', 'null'], additionalProperties: { type: ['string', 'number', 'boolean', 'null'] } };
    case 'object': {
      const schema = objectSchema(withOldForms(field.fields ?? {}, key));
      return field.required ? schema : { ...schema, type: ['object', 'null'] };
    }
    case 'objects':
      return { type: ['array', 'null'], items: objectSchema(field.fields ?? {}) };
    case 'any':
      return {};
  }
}

/** `environment.Variables` of OSCAR before 3.4 is still read. */
function withOldForms(fields: Fields, key: string): Fields {
  return key === 'environment' && Object.hasOwn(fields, 'variables')
    ? {
        ...fields,
        Variables: { ...fields.variables, until: '3.4', description: 'The form of before 3.4; write variables.' }
      }
    : fields;
}

function anyCase(key: string): boolean {
  return key === 'log_level' || key === 'isolation_level';
}

function caseless(values: readonly string[]): string {
  const word = (text: string) =>
    [...text].map(c => (/[a-z]/i.test(c) ? `[${c.toUpperCase()}${c.toLowerCase()}]` : c)).join('');
  return `^(${values.map(word).join('|')})?$`;
}

function defaultOf(field: IField): unknown {
  if (field.default === undefined) {
    return undefined;
  }
  switch (field.kind) {
    case 'boolean':
      return field.default === 'true';
    case 'integer':
      return Number(field.default);
    case 'strings':
      return field.default.replace(/^\[|\]$/g, '').split(/,\s*/);
    default:
      return field.default;
  }
}
