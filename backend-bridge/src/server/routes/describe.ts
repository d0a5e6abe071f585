import type { TSchema } from '@sinclair/typebox';
import type { IRouteSchema } from '../openapi';

/**
 * Gives a route its schema: the parts that validate keep their types, the rest is for the OpenAPI document.
 */
export function describe<T extends IRouteSchema>(
  schema: T
): {
  [K in keyof T as K extends 'body' | 'querystring' | 'params' | 'headers' ? K : never]: T[K] extends TSchema
    ? T[K]
    : never;
} {
  return schema as never;
}
