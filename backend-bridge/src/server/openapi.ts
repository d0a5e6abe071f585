import { Kind, type TSchema } from '@sinclair/typebox';
import { Problem } from '../contract';
import { PROBLEM_TYPE } from './problem';

/** What a route tells about itself in `schema`; the same objects validate its requests. */
export interface IRouteSchema {
  summary: string;
  body?: TSchema;
  /** Body that is no JSON. */
  bodyTypes?: string[];
  querystring?: TSchema;
  params?: TSchema;
  headers?: TSchema;
  /** By status; null: no body; a text: its media type. */
  response: Record<number, TSchema | string | null>;
}

export interface IRouteEntry {
  method: string;
  /** As Fastify writes it: `/clusters/:cluster`. */
  url: string;
  schema: IRouteSchema;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Plain JSON Schema of a TypeBox schema; named parts become references and are collected. */
function convert(schema: unknown, named: Map<string, Json>, top = false): Json {
  if (Array.isArray(schema)) {
    return schema.map(item => convert(item, named));
  }
  if (typeof schema !== 'object' || schema === null) {
    return schema as Json;
  }
  const { $id: id, ...rest } = schema as { $id?: string; [key: string]: unknown };
  if (id !== undefined && !top) {
    if (!named.has(id)) {
      named.set(id, {});
      named.set(id, convert(schema, named, true));
    }
    return { $ref: `#/components/schemas/${id}` };
  }
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, convert(value, named)]));
}

function parameters(place: 'query' | 'path' | 'header', schema: TSchema | undefined, named: Map<string, Json>): Json[] {
  if (!schema || schema[Kind] !== 'Object') {
    return [];
  }
  const required = new Set<string>((schema.required as string[] | undefined) ?? []);
  return Object.entries(schema.properties as Record<string, TSchema>).map(([name, property]) => {
    const { description, ...rest } = property;
    return {
      name: name === '*' ? 'key' : name,
      in: place,
      required: place === 'path' || required.has(name),
      ...(typeof description === 'string' ? { description } : {}),
      schema: convert(rest, named)
    };
  });
}

function content(type: string, schema?: Json): Json {
  return { [type]: schema === undefined ? {} : { schema } };
}

function operation(entry: IRouteEntry, named: Map<string, Json>): Json {
  const { schema } = entry;
  const bodies: Record<string, Json> = {};
  if (schema.body) {
    bodies['application/json'] = { schema: convert(schema.body, named) };
  }
  for (const type of schema.bodyTypes ?? []) {
    bodies[type] ??= {};
  }
  const responses: Record<string, Json> = {};
  for (const [status, answer] of Object.entries(schema.response)) {
    responses[status] =
      answer === null
        ? { description: 'Done; no body.' }
        : typeof answer === 'string'
          ? { description: 'The content.', content: content(answer) }
          : { description: 'The answer.', content: content('application/json', convert(answer, named)) };
  }
  responses['default'] = { description: 'What went wrong.', content: content(PROBLEM_TYPE, convert(Problem, named)) };
  const all = [
    ...parameters('path', schema.params, named),
    ...parameters('query', schema.querystring, named),
    ...parameters('header', schema.headers, named)
  ];
  return {
    summary: schema.summary,
    ...(all.length > 0 ? { parameters: all } : {}),
    ...(Object.keys(bodies).length > 0 ? { requestBody: { required: true, content: bodies } } : {}),
    responses
  };
}

/**
 * The OpenAPI 3.1 document of the routes. TypeBox schemas are JSON Schema already, so it is only put in order here, when it is asked for.
 */
export function openApi(entries: readonly IRouteEntry[], version: string): Json {
  const named = new Map<string, Json>();
  const paths: Record<string, Record<string, Json>> = {};
  for (const entry of entries) {
    const path = entry.url.replace(/:([A-Za-z]+)/g, '{$1}').replace(/\*$/, '{key}');
    (paths[path] ??= {})[entry.method.toLowerCase()] = operation(entry, named);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Bridge of jupyterlab-oscar',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
    },
    security: [{ bearer: [] }],
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1)))
    }
  };
}
