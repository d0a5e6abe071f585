import { Type } from '@sinclair/typebox';
import {
  Operation,
  PipelineCheckRequest,
  PipelineCheckResult,
  PipelineConversion,
  PipelineConvertRequest,
  PipelineLeftover,
  PipelineLeftoversRemoval,
  PipelineRerunRequest,
  PipelineRun,
  PipelineRunRequest,
  type PipelineSource
} from '../../contract';
import type { FastifyRequest } from 'fastify';
import type { IPipelineText } from '../../pipeline-runs';
import type { BridgeApp } from '../app';
import { callerOf, signalOf } from '../caller';
import type { IServerContext } from '../context';
import { folderToWrite, placeOfPipeline, resolvePipeline } from '../pipeline-source';
import { describe } from './describe';
import { IdPath, WaitQuery } from './schemas';

/** A text that was not saved may be as large as a file (bytes). */
const BODY = 24 * 1024 * 1024;

const RunsQuery = Type.Object({
  file: Type.Optional(
    Type.String({ minLength: 1, description: 'Only runs of this pipeline, as it was named or by its path.' })
  ),
  page: Type.Optional(Type.String({ description: '`next` of the page before.' }))
});

const LeftoversQuery = Type.Object({
  cluster: Type.Optional(Type.String({ description: 'Default: all clusters that answer.' }))
});

/** Pipelines: check, convert, deploy, run and what is left over of them. */
export function pipelineRoutes(app: BridgeApp, context: IServerContext): void {
  const { pipelines, operations, watcher, files, settings } = context;
  const resolve = (source: PipelineSource, request: FastifyRequest): Promise<IPipelineText> =>
    resolvePipeline({ source, caller: callerOf(request) }, { files, contentsRoot: settings.contentsRoot });

  app.post(
    '/v1/pipelines/check',
    {
      bodyLimit: BODY,
      schema: describe({
        summary: 'Problems of a pipeline',
        body: PipelineCheckRequest,
        response: { 200: PipelineCheckResult }
      })
    },
    async request => {
      const { source, cluster, target } = request.body;
      return pipelines.check(await resolve(source, request), { cluster, target });
    }
  );

  app.post(
    '/v1/pipelines/convert',
    {
      bodyLimit: BODY,
      schema: describe({
        summary: 'Services of a pipeline, as files',
        body: PipelineConvertRequest,
        response: { 200: PipelineConversion }
      })
    },
    async request => {
      const { source, cluster, target, into, overwrite } = request.body;
      const text = await resolve(source, request);
      const folder = into === undefined ? undefined : await folderToWrite(into, callerOf(request), files);
      return pipelines.convert(text, { cluster, target, into: folder, overwrite });
    }
  );

  app.post(
    '/v1/pipelines/deploy',
    {
      bodyLimit: BODY,
      schema: describe({ summary: 'Deploy a pipeline', body: PipelineRunRequest, response: { 202: Operation } })
    },
    async (request, reply) => {
      const { source, cluster, secrets } = request.body;
      const text = await resolve(source, request);
      const prepared = await pipelines.prepare(text, { cluster, secrets });
      const operation = operations.start(
        { kind: 'pipeline-deploy', title: `Deploy ${prepared.pipeline.name}`, cluster: prepared.cluster },
        handle => pipelines.deploy(prepared, handle)
      );
      prepared.clusters.forEach(id => watcher.kick(id));
      return reply.code(202).send(operation);
    }
  );

  runRoutes(app, context, resolve);

  app.get(
    '/v1/pipelines/leftovers',
    {
      schema: describe({
        summary: 'Services that belong to no pipeline any more',
        querystring: LeftoversQuery,
        response: { 200: Type.Object({ items: Type.Array(PipelineLeftover) }) }
      })
    },
    async request => ({ items: await pipelines.leftovers(request.query) })
  );

  app.post(
    '/v1/pipelines/leftovers/remove',
    {
      schema: describe({
        summary: 'Remove such services; their data stays unless asked',
        body: PipelineLeftoversRemoval,
        response: { 202: Operation }
      })
    },
    async (request, reply) => {
      const { cluster, services, data = 'keep' } = request.body;
      await pipelines.checkLeftovers(cluster, services);
      const operation = operations.start(
        { kind: 'pipeline-clean-up', title: `Remove ${services.length} left-over services`, cluster },
        handle => pipelines.removeLeftovers(cluster, services, data, handle)
      );
      return reply.code(202).send(operation);
    }
  );
}

function runRoutes(
  app: BridgeApp,
  context: IServerContext,
  resolve: (source: PipelineSource, request: FastifyRequest) => Promise<IPipelineText>
): void {
  const { pipelines, watcher, files, settings } = context;
  const base = '/v1/pipelines/runs';
  const kick = (run: PipelineRun): PipelineRun => {
    new Set(run.nodes.map(node => node.cluster)).forEach(id => watcher.kick(id));
    return run;
  };

  app.get(
    base,
    {
      schema: describe({
        summary: 'Runs, newest first',
        querystring: RunsQuery,
        response: { 200: Type.Object({ items: Type.Array(PipelineRun), next: Type.Optional(Type.String()) }) }
      })
    },
    async request => {
      const { file, page } = request.query;
      const place =
        file === undefined
          ? undefined
          : await placeOfPipeline(file, callerOf(request), { files, contentsRoot: settings.contentsRoot });
      return pipelines.list({ file, place, page });
    }
  );

  app.post(
    base,
    {
      bodyLimit: BODY,
      schema: describe({ summary: 'Run a pipeline', body: PipelineRunRequest, response: { 202: PipelineRun } })
    },
    async (request, reply) => {
      const { source, cluster, parameters, secrets } = request.body;
      const run = await pipelines.start(await resolve(source, request), { cluster, parameters, secrets });
      return reply.code(202).send(kick(run));
    }
  );

  app.get(
    `${base}/:id`,
    {
      schema: describe({
        summary: 'State of a run',
        params: IdPath,
        querystring: WaitQuery,
        response: { 200: PipelineRun }
      })
    },
    async (request, reply) => pipelines.get(request.params.id, { ...request.query, signal: signalOf(reply) })
  );

  app.delete(
    `${base}/:id`,
    { schema: describe({ summary: 'Delete the record and the objects', params: IdPath, response: { 204: null } }) },
    async (request, reply) => {
      await pipelines.remove(request.params.id);
      return reply.code(204).send();
    }
  );

  app.post(
    `${base}/:id/cancel`,
    { schema: describe({ summary: 'Stop a run', params: IdPath, response: { 200: PipelineRun } }) },
    async request => kick(await pipelines.cancel(request.params.id))
  );

  app.post(
    `${base}/:id/rerun`,
    {
      schema: describe({
        summary: 'Run again what did not succeed',
        params: IdPath,
        body: PipelineRerunRequest,
        response: { 202: PipelineRun }
      })
    },
    async (request, reply) => reply.code(202).send(kick(await pipelines.rerun(request.params.id, request.body)))
  );
}
