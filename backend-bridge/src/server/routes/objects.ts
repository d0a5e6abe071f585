import { Type, type TObject, type TProperties } from '@sinclair/typebox';
import type { IObjectStorage } from '../../clusters/interfaces';
import { ObjectPage } from '../../contract';
import type { BridgeApp } from '../app';
import { signalOf } from '../caller';
import { foreignHeaders } from '../foreign';
import { mediaType } from '../names';
import { invalid, notFound } from '../problem';
import { decodedRest } from '../raw-path';
import { passBodies } from './calls';
import { describe } from './describe';

const MAX_KEY = 1024;

/** What the routes of objects read of a request. */
export interface IObjectRequest {
  params: { cluster?: string; bucket: string };
  query: { profile?: string; region?: string };
}

export interface IObjectRoutes {
  /** Path of the buckets, for instance `/v1/clusters/:cluster/buckets`. */
  base: string;
  bucketPath: TObject;
  objectPath: TObject;
  /** What each of the calls takes besides. */
  query: TProperties;
  storage(request: IObjectRequest): Promise<IObjectStorage>;
  /** An object was stored. */
  onChange?(request: IObjectRequest): void;
}

/** Objects of buckets, wherever these are. Bytes are streamed both ways. */
export function objectRoutes(app: BridgeApp, options: IObjectRoutes): void {
  const { base, bucketPath, objectPath, query } = options;
  const url = `${base}/:bucket/objects/*`;
  // Parts before the key: those of the base, the bucket and `objects`.
  const before = base.split('/').length - 1 + 2;
  const keyOf = (raw: string | undefined): string => {
    const key = decodedRest(raw ?? '', before);
    if (key === '' || key.includes('\0') || Buffer.byteLength(key) > MAX_KEY || !key.isWellFormed()) {
      throw invalid(`The key is empty, longer than ${MAX_KEY} bytes, or no text.`, 'Give the key after /objects/.');
    }
    return key;
  };
  const readOf = (request: { params: unknown; query: unknown }): IObjectRequest => request as IObjectRequest;

  const ListQuery = Type.Object({
    ...query,
    prefix: Type.Optional(Type.String({ maxLength: 1024 })),
    delimiter: Type.Optional(Type.String({ maxLength: 16 })),
    page: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 }))
  });
  app.get(
    `${base}/:bucket/objects`,
    {
      schema: describe({
        summary: 'A page of objects',
        params: bucketPath,
        querystring: ListQuery,
        response: { 200: ObjectPage }
      })
    },
    async request => {
      const asked = readOf(request);
      const { prefix, delimiter, page, limit } = request.query as {
        prefix?: string;
        delimiter?: string;
        page?: string;
        limit?: number;
      };
      return (await options.storage(asked)).list(asked.params.bucket, { prefix, delimiter, page, limit });
    }
  );

  app.head(
    url,
    {
      schema: describe({
        summary: 'Size and type of an object',
        params: objectPath,
        querystring: Type.Object(query),
        response: { 200: null }
      })
    },
    async (request, reply) => {
      const asked = readOf(request);
      const key = keyOf(request.raw.url);
      const found = await (await options.storage(asked)).head(asked.params.bucket, key);
      if (!found) {
        throw notFound('Object', `${asked.params.bucket}/${key}`);
      }
      reply.headers(foreignHeaders({ type: found.contentType }));
      return reply
        .headers({
          'Content-Length': found.size,
          ETag: quoted(found.etag),
          'Accept-Ranges': 'bytes',
          ...(found.modified === undefined ? {} : { 'Last-Modified': new Date(found.modified).toUTCString() })
        })
        .send();
    }
  );

  app.get(
    url,
    {
      schema: describe({
        summary: 'Bytes of an object; takes Range',
        params: objectPath,
        querystring: Type.Object({
          ...query,
          download: Type.Optional(Type.Boolean({ description: 'As an attachment.' }))
        }),
        response: { 200: '*/*', 206: '*/*' }
      })
    },
    async (request, reply) => {
      const asked = readOf(request);
      const key = keyOf(request.raw.url);
      const storage = await options.storage(asked);
      const { range } = request.headers;
      const found = await storage.get(asked.params.bucket, key, { range, signal: signalOf(reply) });
      const name = key.split('/').filter(Boolean).pop() ?? asked.params.bucket;
      const { download } = request.query as { download?: boolean };
      reply.headers(foreignHeaders({ type: found.contentType, name, download }));
      reply.headers({ 'Content-Length': found.size, ETag: quoted(found.etag), 'Accept-Ranges': 'bytes' });
      if (found.contentRange !== undefined) {
        reply.code(206).header('Content-Range', found.contentRange);
      }
      return reply.send(found.body);
    }
  );

  app.delete(
    url,
    {
      schema: describe({
        summary: 'Delete an object',
        params: objectPath,
        querystring: Type.Object(query),
        response: { 204: null }
      })
    },
    async (request, reply) => {
      const asked = readOf(request);
      await (await options.storage(asked)).remove(asked.params.bucket, keyOf(request.raw.url));
      return reply.code(204).send();
    }
  );

  void app.register(async scope => {
    passBodies(scope as unknown as BridgeApp);
    (scope as unknown as BridgeApp).put(
      url,
      {
        schema: describe({
          summary: 'Store an object',
          params: objectPath,
          querystring: Type.Object(query),
          bodyTypes: ['*/*'],
          response: { 201: Type.Object({ etag: Type.String() }) }
        })
      },
      async (request, reply) => {
        const asked = readOf(request);
        const key = keyOf(request.raw.url);
        const storage = await options.storage(asked);
        const { etag } = await storage.put(asked.params.bucket, key, request.raw, {
          size: lengthOf(request.headers['content-length']),
          contentType: mediaType(request.headers['content-type']),
          ifAbsent: request.headers['if-none-match'] === '*',
          signal: signalOf(reply)
        });
        options.onChange?.(asked);
        return reply.code(201).send({ etag });
      }
    );
  });
}

export function lengthOf(header: string | undefined): number | undefined {
  return header === undefined ? undefined : Number(header);
}

function quoted(etag: string): string {
  return `"${etag.replace(/[^\x21\x23-\x7e]/g, '')}"`;
}
