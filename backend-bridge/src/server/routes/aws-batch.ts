import { Type } from '@sinclair/typebox';
import { AwsBatchJob } from '../../contract';
import type { BridgeApp } from '../app';
import { signalOf } from '../caller';
import type { IServerContext } from '../context';
import { itemsOf, selection, Selection, sendLog } from './aws-shared';
import { describe } from './describe';
import { IdPath } from './schemas';

/** Jobs of Batch. */
export function awsBatchRoutes(app: BridgeApp, context: IServerContext): void {
  const { scar } = context;
  const base = '/v1/aws/batch-jobs';
  app.get(
    base,
    {
      schema: describe({
        summary: 'Jobs of Batch, newest first',
        querystring: Type.Object({ ...selection, function: Type.Optional(Type.String()) }),
        response: { 200: itemsOf(AwsBatchJob) }
      })
    },
    async request => ({ items: await scar.batchJobs(request.query) })
  );
  app.get(
    `${base}/:id`,
    {
      schema: describe({
        summary: 'A job of Batch',
        params: IdPath,
        querystring: Selection,
        response: { 200: AwsBatchJob }
      })
    },
    async request => scar.batchJob(request.params.id, request.query)
  );
  app.get(
    `${base}/:id/log`,
    {
      schema: describe({
        summary: 'What a job has written',
        params: IdPath,
        querystring: Type.Object({ ...selection, follow: Type.Optional(Type.Boolean()) }),
        response: { 200: 'text/plain' }
      })
    },
    async (request, reply) =>
      sendLog(reply, scar.batchLog(request.params.id, { ...request.query, signal: signalOf(reply) }), context)
  );
  app.post(
    `${base}/:id/cancel`,
    {
      schema: describe({
        summary: 'Stop a job of Batch',
        params: IdPath,
        querystring: Selection,
        response: { 200: AwsBatchJob }
      })
    },
    async request => scar.cancelBatchJob(request.params.id, request.query)
  );
}
