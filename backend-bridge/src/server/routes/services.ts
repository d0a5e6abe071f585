import { Type } from '@sinclair/typebox';
import { DeletionPreview, DeletionResult, Service } from '../../contract';
import type { BridgeApp } from '../app';
import { signalOf } from '../caller';
import type { IServerContext } from '../context';
import { sendText } from '../text-stream';
import { describe } from './describe';
import { ClusterPath, FollowQuery, ServicePath } from './schemas';

const DeleteQuery = Type.Object({
  data: Type.Optional(
    Type.Union([Type.Literal('keep'), Type.Literal('delete')], {
      description: 'What happens to its buckets; default: keep.'
    })
  )
});

/** Services of a cluster. */
export function serviceRoutes(app: BridgeApp, context: IServerContext): void {
  const { clusters, views, watcher } = context;
  const base = '/v1/clusters/:cluster/services';

  app.get(
    base,
    {
      schema: describe({
        summary: 'All services',
        params: ClusterPath,
        response: { 200: Type.Object({ items: Type.Array(Service) }) }
      })
    },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      const items = await clusters.services(cluster);
      views.sawServices(cluster.id, items);
      return { items };
    }
  );

  app.get(
    `${base}/:service`,
    {
      schema: describe({ summary: 'One service with its definition', params: ServicePath, response: { 200: Service } })
    },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      const service = await clusters.service(cluster, request.params.service);
      views.sawService(cluster.id, service.name, service);
      return service;
    }
  );

  app.get(
    `${base}/:service/deletion`,
    {
      schema: describe({ summary: 'What a delete would do', params: ServicePath, response: { 200: DeletionPreview } })
    },
    async request => clusters.deletionPreview(await context.cluster(request.params.cluster), request.params.service)
  );

  app.delete(
    `${base}/:service`,
    {
      schema: describe({
        summary: 'Delete a service',
        params: ServicePath,
        querystring: DeleteQuery,
        response: { 200: DeletionResult }
      })
    },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      const result = await clusters.deleteService(cluster, request.params.service, request.query.data ?? 'keep');
      views.sawService(cluster.id, request.params.service, null);
      watcher.kick(cluster.id);
      return result;
    }
  );

  for (const verb of ['start', 'stop', 'restart'] as const) {
    app.post(
      `${base}/:service/${verb}`,
      {
        schema: describe({
          summary: `${verb[0]?.toUpperCase()}${verb.slice(1)} an exposed service`,
          params: ServicePath,
          response: { 200: Service }
        })
      },
      async request => {
        const cluster = await context.cluster(request.params.cluster);
        const service = await clusters.controlService(cluster, request.params.service, verb);
        views.sawService(cluster.id, service.name, service);
        watcher.kick(cluster.id);
        return service;
      }
    );
  }

  app.get(
    `${base}/:service/logs`,
    {
      schema: describe({
        summary: "The service's own log",
        params: ServicePath,
        querystring: FollowQuery,
        response: { 200: 'text/plain' }
      })
    },
    async (request, reply) => {
      const cluster = await context.cluster(request.params.cluster);
      // Looked up first: once a stream has begun there is no status to say "not found" with.
      await clusters.service(cluster, request.params.service);
      const signal = signalOf(reply);
      return sendText(
        reply,
        clusters.serviceLog(cluster, request.params.service, { follow: request.query.follow ?? false, signal }),
        context.log
      );
    }
  );
}
