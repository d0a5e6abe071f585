import { Type } from '@sinclair/typebox';
import { AwsApi, AwsOrphan, Operation } from '../../contract';
import type { BridgeApp } from '../app';
import type { IServerContext } from '../context';
import { begin, listRoute, Selection } from './aws-shared';
import { describe } from './describe';

/** Addresses of functions, and what functions that are gone have left. */
export function awsAccountRoutes(app: BridgeApp, context: IServerContext): void {
  const { scar } = context;
  listRoute(app, '/v1/aws/apis', 'HTTP addresses of functions', AwsApi, query => scar.apis(query));
  listRoute(app, '/v1/aws/orphans', 'What belongs to no function any more', AwsOrphan, query => scar.orphans(query));
  app.post(
    '/v1/aws/orphans/remove',
    {
      schema: describe({
        summary: 'Remove orphans',
        querystring: Selection,
        body: Type.Object({ ids: Type.Array(Type.String(), { minItems: 1 }) }, { additionalProperties: false }),
        response: { 202: Operation }
      })
    },
    async (request, reply) => {
      const { ids } = request.body;
      const { query } = request;
      const operation = begin(context, { kind: 'aws-delete', title: `Remove ${ids.length} orphans` }, query, options =>
        scar.removeOrphans(ids, options)
      );
      return reply.code(202).send(operation);
    }
  );
}
