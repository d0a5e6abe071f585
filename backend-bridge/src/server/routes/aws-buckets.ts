import { Type } from '@sinclair/typebox';
import { Bucket } from '../../contract';
import type { BridgeApp } from '../app';
import type { IServerContext } from '../context';
import { listRoute, selection, Selection } from './aws-shared';
import { describe } from './describe';
import { objectRoutes } from './objects';

const BucketPath = Type.Object({ bucket: Type.String() });
const ObjectPath = Type.Object({ bucket: Type.String(), '*': Type.String({ description: 'Key of the object.' }) });
const NewBucket = Type.Object(
  { name: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', description: 'As S3 wants it.' }) },
  { additionalProperties: false }
);

/** Buckets of the account, and their objects. */
export function awsBucketRoutes(app: BridgeApp, { scar }: IServerContext): void {
  const base = '/v1/aws/buckets';
  listRoute(app, base, 'Buckets of the account', Bucket, query => scar.buckets(query));
  app.post(
    base,
    {
      schema: describe({
        summary: 'Make a bucket in the chosen region',
        body: NewBucket,
        querystring: Selection,
        response: { 201: Bucket }
      })
    },
    async (request, reply) => {
      await (await scar.storage(request.query)).createBucket(request.body.name);
      return reply.code(201).send({ name: request.body.name });
    }
  );
  app.delete(
    `${base}/:bucket`,
    {
      schema: describe({
        summary: 'Remove an empty bucket',
        params: BucketPath,
        querystring: Selection,
        response: { 204: null }
      })
    },
    async (request, reply) => {
      await (await scar.storage(request.query)).deleteBucket(request.params.bucket);
      return reply.code(204).send();
    }
  );
  objectRoutes(app, {
    base,
    bucketPath: BucketPath,
    objectPath: ObjectPath,
    query: selection,
    storage: ({ query }) => scar.storage(query)
  });
}
