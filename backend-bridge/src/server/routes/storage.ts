import { Type } from '@sinclair/typebox';
import { Bucket, Upload } from '../../contract';
import type { BridgeApp } from '../app';
import type { IServerContext } from '../context';
import { passBodies } from './calls';
import { describe } from './describe';
import { lengthOf, objectRoutes } from './objects';
import { BucketPath, ClusterPath, IdPath, ObjectPath } from './schemas';

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

  objectRoutes(app, {
    base,
    bucketPath: BucketPath,
    objectPath: ObjectPath,
    query: {},
    storage: async ({ params }) => (await context.cluster(params.cluster)).storage(),
    onChange: ({ params }) => context.watcher.kick(params.cluster ?? '')
  });
  uploadRoutes(app, context);
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
