import { Type } from '@sinclair/typebox';
import {
  Elasticity,
  ExistingClusterFiles,
  ExistingClusterRequest,
  Infrastructure,
  InfrastructurePlan,
  InfrastructureRequest,
  Problem,
  SiteFit
} from '../../contract';
import type { BridgeApp } from '../app';
import { callerOf, signalOf } from '../caller';
import type { IServerContext } from '../context';
import { sendText } from '../text-stream';
import { describe } from './describe';
import { imSettingRoutes } from './im-settings';
import { imTemplateRoutes, templateFile } from './im-templates';
import { infrastructureChangeRoutes } from './infrastructure-changes';
import { IdPath, WaitQuery } from './schemas';
import { tokenRoutes } from './tokens';

/** Clusters on any cloud: the Infrastructure Manager, its credentials, templates, infrastructures; and the user's token. */
export function infrastructureRoutes(app: BridgeApp, context: IServerContext): void {
  imSettingRoutes(app, context);
  imTemplateRoutes(app, context);
  lifeRoutes(app, context);
  infrastructureChangeRoutes(app, context);
  tokenRoutes(app, context);
}

function lifeRoutes(app: BridgeApp, context: IServerContext): void {
  const { infrastructures: room } = context;
  const base = '/v1/infrastructures';
  app.get(
    base,
    {
      schema: describe({
        summary: 'Infrastructures, newest first, then those created elsewhere',
        response: { 200: Type.Object({ items: Type.Array(Infrastructure), problem: Type.Optional(Problem) }) }
      })
    },
    async () => room.list()
  );
  app.post(
    `${base}/plan`,
    {
      schema: describe({
        summary: 'What creating it would make',
        body: InfrastructureRequest,
        response: { 200: InfrastructurePlan }
      })
    },
    async request => room.plan(request.body, await templateFile(request.body.source, callerOf(request), context))
  );
  app.post(
    `${base}/sites`,
    {
      schema: describe({
        summary: 'Which sites of EGI take it, tried with a dry run and their quotas',
        body: InfrastructureRequest,
        response: { 200: Type.Object({ items: Type.Array(SiteFit) }) }
      })
    },
    async request => ({
      items: await room.sites(request.body, await templateFile(request.body.source, callerOf(request), context))
    })
  );
  app.post(
    base,
    {
      schema: describe({
        summary: 'Create an infrastructure',
        body: InfrastructureRequest,
        response: { 201: Infrastructure }
      })
    },
    async (request, reply) => {
      const file = await templateFile(request.body.source, callerOf(request), context);
      return reply.code(201).send(await room.create(request.body, file));
    }
  );
  app.post(
    `${base}/existing`,
    {
      schema: describe({
        summary: 'Files that help to make a cluster where the Infrastructure Manager cannot',
        body: ExistingClusterRequest,
        response: { 200: ExistingClusterFiles }
      })
    },
    async request => room.existing(request.body)
  );
  app.get(
    `${base}/:id`,
    {
      schema: describe({
        summary: 'State of an infrastructure',
        params: IdPath,
        querystring: WaitQuery,
        response: { 200: Infrastructure }
      })
    },
    async (request, reply) => room.get(request.params.id, { ...request.query, signal: signalOf(reply) })
  );
  app.delete(
    `${base}/:id`,
    {
      schema: describe({
        summary: 'Delete it with all its machines',
        params: IdPath,
        querystring: Type.Object({
          confirm: Type.Optional(Type.String({ description: 'Its name.' })),
          force: Type.Optional(
            Type.Boolean({ description: 'Forget it also when the cloud does not delete all of it.' })
          )
        }),
        response: { 202: Infrastructure }
      })
    },
    async (request, reply) => reply.code(202).send(await room.remove(request.params.id, request.query))
  );
  app.get(
    `${base}/:id/log`,
    {
      schema: describe({
        summary: 'Log of the configuration, secrets masked',
        params: IdPath,
        querystring: Type.Object({
          follow: Type.Optional(Type.Boolean({ description: 'Stay and send what is added.' })),
          vm: Type.Optional(Type.String({ description: 'Of one machine.' }))
        }),
        response: { 200: 'text/plain' }
      })
    },
    async (request, reply) => {
      const lines = room.log(request.params.id, { ...request.query, signal: signalOf(reply) });
      return sendText(reply, lines, context.log);
    }
  );
  app.get(
    `${base}/:id/template`,
    {
      schema: describe({ summary: 'Its template, secrets masked', params: IdPath, response: { 200: 'text/yaml' } })
    },
    async (request, reply) => reply.type('text/yaml; charset=utf-8').send(await room.template(request.params.id))
  );
  app.get(
    `${base}/:id/elasticity`,
    {
      schema: describe({
        summary: 'Workers there are, and would be needed',
        params: IdPath,
        response: { 200: Elasticity }
      })
    },
    async request => room.elasticity(request.params.id)
  );
}
