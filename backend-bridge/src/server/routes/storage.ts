import { Type } from '@sinclair/typebox';
import { Bucket, ObjectPage, Upload } from '../../contract';
import type { BridgeApp } from '../app';
import { signalOf } from '../caller';
import type { IServerContext } from '../context';
import { foreignHeaders } from '../foreign';
import { mediaType } from '../names';
import { invalid, notFound } from '../problem';
import { decodedRest } from '../raw-path';
import { passBodies } from './calls';
import { describe } from './describe';
import { BucketPath, ClusterPath, IdPath, ObjectPath } from './schemas';

const ListQuery = Type.Object({
  prefix: Type.Optional(Type.String({ maxLength: 1024 })),
  delimiter: Type.Optional(Type.String({ maxLength: 16 })),
  page: Type.Optional(Type.String()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 }))
});

/** Parts of `/v1/clusters/:cluster/buckets/:bucket/objects/` before the key. */
const BEFORE_KEY = 6;
const MAX_KEY = 1024;

/** Buckets, objects and uploads. Bytes are streamed both ways. */
export function storageRoutes(app: BridgeApp, context: IServerContext): void {
  const base = '/v1/clusters/:cluster/buckets';

  app.get(
    base,
    {
      schema: describe({
        summary: 'All buckets',
        params: ClusterPath,
        response: { 200: Type.Object({ items: Type.Array(Bucket) }) }
      })
    },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      const buckets = await cluster.client.buckets();
      return {
        items: buckets.map(bucket => ({
          name: bucket.bucket_name,
          visibility: bucket.visibility,
          owner: bucket.owner,
          ...(bucket.metadata?.['from_service'] === undefined ? {} : { fromService: bucket.metadata['from_service'] })
        }))
      };
    }
  );

  const NewBucket = Type.Object(
    { name: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', description: 'As S3 wants it.' }) },
    { additionalProperties: false }
  );
  app.post(
    base,
    { schema: describe({ summary: 'Make a bucket', params: ClusterPath, body: NewBucket, response: { 201: Bucket } }) },
    async (request, reply) => {
      const cluster = await context.cluster(request.params.cluster);
      await (await cluster.storage()).createBucket(request.body.name);
      return reply.code(201).send({ name: request.body.name });
    }
  );

  app.delete(
    `${base}/:bucket`,
    { schema: describe({ summary: 'Remove an empty bucket', params: BucketPath, response: { 204: null } }) },
    async (request, reply) => {
      const cluster = await context.cluster(request.params.cluster);
      await (await cluster.storage()).deleteBucket(request.params.bucket);
      return reply.code(204).send();
    }
  );

  app.get(
    `${base}/:bucket/objects`,
    {
      schema: describe({
        summary: 'A page of objects',
        params: BucketPath,
        querystring: ListQuery,
        response: { 200: ObjectPage }
      })
    },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      return (await cluster.storage()).list(request.params.bucket, request.query);
    }
  );

  objectRoutes(app, context, `${base}/:bucket/objects/*`);
  uploadRoutes(app, context);
}

function objectRoutes(app: BridgeApp, context: IServerContext, url: string): void {
  const DownloadQuery = Type.Object({ download: Type.Optional(Type.Boolean({ description: 'As an attachment.' })) });

  app.head(
    url,
    { schema: describe({ summary: 'Size and type of an object', params: ObjectPath, response: { 200: null } }) },
    async (request, reply) => {
      const key = keyOf(request.raw.url);
      const storage = await (await context.cluster(request.params.cluster)).storage();
      const found = await storage.head(request.params.bucket, key);
      if (!found) {
        throw notFound('Object', `${request.params.bucket}/${key}`);
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
        params: ObjectPath,
        querystring: DownloadQuery,
        response: { 200: '*/*', 206: '*/*' }
      })
    },
    async (request, reply) => {
      const key = keyOf(request.raw.url);
      const storage = await (await context.cluster(request.params.cluster)).storage();
      const { range } = request.headers;
      const found = await storage.get(request.params.bucket, key, { range, signal: signalOf(reply) });
      const name = key.split('/').filter(Boolean).pop() ?? request.params.bucket;
      reply.headers(foreignHeaders({ type: found.contentType, name, download: request.query.download }));
      reply.headers({ 'Content-Length': found.size, ETag: quoted(found.etag), 'Accept-Ranges': 'bytes' });
      if (found.contentRange !== undefined) {
        reply.code(206).header('Content-Range', found.contentRange);
      }
      return reply.send(found.body);
    }
  );

  app.delete(
    url,
    { schema: describe({ summary: 'Delete an object', params: ObjectPath, response: { 204: null } }) },
    async (request, reply) => {
      const storage = await (await context.cluster(request.params.cluster)).storage();
      await storage.remove(request.params.bucket, keyOf(request.raw.url));
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
          params: ObjectPath,
          bodyTypes: ['*/*'],
          response: { 201: Type.Object({ etag: Type.String() }) }
        })
      },
      async (request, reply) => {
        const key = keyOf(request.raw.url);
        const storage = await (await context.cluster(request.params.cluster)).storage();
        const { etag } = await storage.put(request.params.bucket, key, request.raw, {
          size: lengthOf(request.headers['content-length']),
          contentType: mediaType(request.headers['content-type']),
          ifAbsent: request.headers['if-none-match'] === '*',
          signal: signalOf(reply)
        });
        context.watcher.kick(request.params.cluster);
        return reply.code(201).send({ etag });
      }
    );
  });
}

function uploadRoutes(app: BridgeApp, context: IServerContext): void {
  const { uploads } = context;
  const NewUpload = Type.Object(
    { name: Type.String({ minLength: 1, maxLength: 255 }), size: Type.Integer({ minimum: 0 }) },
    { additionalProperties: false }
  );
  app.post(
    '/v1/uploads',
    { schema: describe({ summary: 'Begin an upload in parts', body: NewUpload, response: { 201: Upload } }) },
    async (request, reply) => reply.code(201).send(await uploads.create(request.body.name, request.body.size))
  );

  app.get(
    '/v1/uploads/:id',
    { schema: describe({ summary: 'How much has arrived', params: IdPath, response: { 200: Upload } }) },
    async request => uploads.get(request.params.id)
  );

  app.delete(
    '/v1/uploads/:id',
    { schema: describe({ summary: 'Give up an upload', params: IdPath, response: { 204: null } }) },
    async (request, reply) => {
      await uploads.remove(request.params.id);
      return reply.code(204).send();
    }
  );

  const PartQuery = Type.Object({
    offset: Type.Integer({ minimum: 0, description: 'Where the part starts: `received` of the answer before.' })
  });
  void app.register(async scope => {
    passBodies(scope as unknown as BridgeApp);
    (scope as unknown as BridgeApp).put(
      '/v1/uploads/:id',
      {
        schema: describe({
          summary: 'A part of at most 16 MB',
          params: IdPath,
          querystring: PartQuery,
          bodyTypes: ['application/octet-stream'],
          response: { 200: Upload }
        })
      },
      async request =>
        uploads.append(
          request.params.id,
          request.query.offset,
          request.raw,
          lengthOf(request.headers['content-length'])
        )
    );
  });
}

function keyOf(url: string | undefined): string {
  const key = decodedRest(url ?? '', BEFORE_KEY);
  if (key === '' || key.includes('\0') || Buffer.byteLength(key) > MAX_KEY || !key.isWellFormed()) {
    throw invalid(`The key is empty, longer than ${MAX_KEY} bytes, or no text.`, 'Give the key after /objects/.');
  }
  return key;
}

function lengthOf(header: string | undefined): number | undefined {
  return header === undefined ? undefined : Number(header);
}

function quoted(etag: string): string {
  return `"${etag.replace(/[^\x21\x23-\x7e]/g, '')}"`;
}
