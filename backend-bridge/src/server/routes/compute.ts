import { createReadStream } from 'node:fs';
import { Type } from '@sinclair/typebox';
import { ComputeJob, ComputeKind, ComputePart, ComputeRequest, ComputeResultPage, ComputeState } from '../../contract';
import { BridgeError } from '../../http/errors';
import type { BridgeApp } from '../app';
import { callerOf, signalOf } from '../caller';
import type { IServerContext } from '../context';
import { foreignHeaders } from '../foreign';
import { decodedRest } from '../raw-path';
import { sendText } from '../text-stream';
import { describe } from './describe';
import { IdPath, WaitQuery } from './schemas';

/** Code and pickled variables of a notebook, bytes. */
const BODY = 64 * 1024 * 1024;
/** Parts of `/v1/jobs/:id/files/` before the name. */
const BEFORE_NAME = 4;

const JobsQuery = Type.Object({
  kind: Type.Optional(ComputeKind),
  state: Type.Optional(ComputeState),
  page: Type.Optional(Type.String({ description: '`next` of the page before.' }))
});

const PartsQuery = Type.Object({
  phase: Type.Optional(Type.String()),
  since: Type.Optional(Type.Integer({ minimum: 0, description: '`next` of the answer before.' }))
});

const LogQuery = Type.Object({
  part: Type.Optional(Type.String({ description: 'Number of a part, or `<phase> <number>`.' })),
  follow: Type.Optional(Type.Boolean({ description: 'Stay and send what is added.' }))
});

const ResultQuery = Type.Object({
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000, description: 'Default 1000.' }))
});

/** MapReduce and high-throughput jobs. */
export function computeRoutes(app: BridgeApp, context: IServerContext): void {
  const { jobs } = context;
  const base = '/v1/jobs';

  app.get(
    base,
    {
      schema: describe({
        summary: 'MapReduce and high-throughput jobs, newest first',
        querystring: JobsQuery,
        response: { 200: Type.Object({ items: Type.Array(ComputeJob), next: Type.Optional(Type.String()) }) }
      })
    },
    async request => jobs.list(request.query)
  );

  app.post(
    base,
    {
      bodyLimit: BODY,
      schema: describe({
        summary: 'Begin a job',
        body: ComputeRequest,
        response: { 200: ComputeJob, 201: ComputeJob }
      })
    },
    async (request, reply) => {
      if (callerOf(request) === 'page') {
        throw new BridgeError({
          type: 'forbidden',
          title: 'Not from the page',
          status: 403,
          detail: 'Jobs run code, and are begun by notebooks and the command line only.',
          action: 'Run it in a notebook cell.'
        });
      }
      const { job, created } = await jobs.create(request.body);
      return reply.code(created ? 201 : 200).send(job);
    }
  );

  app.get(
    `${base}/:id`,
    {
      schema: describe({
        summary: 'State of a job',
        params: IdPath,
        querystring: WaitQuery,
        response: { 200: ComputeJob }
      })
    },
    async (request, reply) => jobs.get(request.params.id, { ...request.query, signal: signalOf(reply) })
  );

  app.delete(
    `${base}/:id`,
    {
      schema: describe({
        summary: 'Delete record, log and what lies between the phases',
        params: IdPath,
        response: { 204: null }
      })
    },
    async (request, reply) => {
      await jobs.remove(request.params.id);
      return reply.code(204).send();
    }
  );

  const change = (verb: string, summary: string, work: (id: string) => ComputeJob | Promise<ComputeJob>): void => {
    app.post(
      `${base}/:id/${verb}`,
      { schema: describe({ summary, params: IdPath, response: { 200: ComputeJob } }) },
      async request => work(request.params.id)
    );
  };
  change('cancel', 'Stop a job', id => jobs.cancel(id));
  change('pause', 'Begin no more parts', id => jobs.pause(id));
  change('resume', 'Go on with a job that is paused', id => jobs.resume(id));
  change('retry', 'Do what is missing', id => jobs.retry(id));

  app.get(
    `${base}/:id/parts`,
    {
      schema: describe({
        summary: 'Attempts of parts that have changed',
        params: IdPath,
        querystring: PartsQuery,
        response: { 200: Type.Object({ items: Type.Array(ComputePart), next: Type.Integer() }) }
      })
    },
    async request => jobs.parts(request.params.id, request.query)
  );

  app.get(
    `${base}/:id/log`,
    {
      schema: describe({
        summary: 'What the functions have printed',
        params: IdPath,
        querystring: LogQuery,
        response: { 200: 'text/plain' }
      })
    },
    async (request, reply) => {
      const lines = jobs.log(request.params.id, { ...request.query, signal: signalOf(reply) });
      return sendText(reply, lines, context.log);
    }
  );

  resultRoutes(app, context);
}

function resultRoutes(app: BridgeApp, { jobs }: IServerContext): void {
  app.get(
    '/v1/jobs/:id/result',
    {
      schema: describe({
        summary: 'A page of the result',
        params: IdPath,
        querystring: ResultQuery,
        response: { 200: ComputeResultPage }
      })
    },
    async request => {
      const { offset = 0, limit = 1000 } = request.query;
      return jobs.result(request.params.id, offset, limit);
    }
  );

  const FilePath = Type.Object({ id: Type.String(), '*': Type.String({ description: 'Name of the file.' }) });
  app.get(
    '/v1/jobs/:id/files/*',
    { schema: describe({ summary: 'Bytes of a file of the result', params: FilePath, response: { 200: '*/*' } }) },
    async (request, reply) => {
      const name = decodedRest(request.raw.url ?? '', BEFORE_NAME);
      const { path, size } = await jobs.file(request.params.id, name);
      return reply
        .headers(foreignHeaders({ name: name.split('/').pop() }))
        .header('Content-Length', size)
        .send(createReadStream(path));
    }
  );
}
