import { Type } from '@sinclair/typebox';
import { Cluster, ClusterAdd, ClusterLoad, DataUsage } from '../../contract';
import type { BridgeApp } from '../app';
import type { IServerContext } from '../context';
import { BridgeError } from '../../http/errors';
import { describe } from './describe';
import { ClusterPath } from './schemas';

/** `/v1/clusters` and what is told of a cluster as a whole. */
export function clusterRoutes(app: BridgeApp, context: IServerContext): void {
  const { clusters, views, watcher } = context;

  app.get(
    '/v1/clusters',
    { schema: describe({ summary: 'All clusters', response: { 200: Type.Object({ items: Type.Array(Cluster) }) } }) },
    async () => {
      await context.wake();
      await watcher.describeAll();
      return { items: context.clusterViews() };
    }
  );

  app.post(
    '/v1/clusters',
    { schema: describe({ summary: 'Add a cluster', body: ClusterAdd, response: { 201: Cluster } }) },
    async (request, reply) => {
      const added = await clusters.registry.add(request.body);
      const cluster = await added.describe();
      views.sawCluster(cluster);
      watcher.kick(cluster.id);
      return reply.code(201).send(cluster);
    }
  );

  app.get(
    '/v1/clusters/:cluster',
    { schema: describe({ summary: 'One cluster', params: ClusterPath, response: { 200: Cluster } }) },
    async request => {
      const pending = context
        .clusterViews()
        .find(view => view.id === request.params.cluster && (view.state === 'starting' || view.state === 'failed'));
      if (pending && !clusters.registry.list().some(item => item.id === pending.id)) {
        return pending;
      }
      const cluster = await (await context.cluster(request.params.cluster)).describe();
      views.sawCluster(cluster);
      return cluster;
    }
  );

  app.delete(
    '/v1/clusters/:cluster',
    { schema: describe({ summary: 'Forget a cluster', params: ClusterPath, response: { 204: null } }) },
    async (request, reply) => {
      await clusters.registry.remove(request.params.cluster);
      views.removedCluster(request.params.cluster);
      await watcher.describeAll();
      return reply.code(204).send();
    }
  );

  app.post(
    '/v1/clusters/:cluster/use',
    { schema: describe({ summary: 'Make it the current cluster', params: ClusterPath, response: { 204: null } }) },
    async (request, reply) => {
      await context.cluster(request.params.cluster);
      await clusters.registry.use(request.params.cluster);
      await watcher.describeAll();
      return reply.code(204).send();
    }
  );

  app.get(
    '/v1/clusters/:cluster/load',
    { schema: describe({ summary: 'Capacity and use', params: ClusterPath, response: { 200: ClusterLoad } }) },
    async request => clusters.load(await context.cluster(request.params.cluster))
  );

  app.get(
    '/v1/clusters/:cluster/data',
    { schema: describe({ summary: 'What it keeps on disk', params: ClusterPath, response: { 200: DataUsage } }) },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      requireUsage(cluster.id, cluster.client.features);
      return (await cluster.client.usage()) as DataUsage;
    }
  );

  const Clear = Type.Object({ parts: Type.Array(Type.String(), { minItems: 1 }) }, { additionalProperties: false });
  app.post(
    '/v1/clusters/:cluster/data/clear',
    {
      schema: describe({ summary: 'Free disk space', params: ClusterPath, body: Clear, response: { 200: DataUsage } })
    },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      requireUsage(cluster.id, cluster.client.features);
      await cluster.client.clearUsage(request.body.parts);
      watcher.kick(cluster.id);
      return (await cluster.client.usage()) as DataUsage;
    }
  );
}

function requireUsage(id: string, features: ReadonlySet<string>): void {
  if (!features.has('data-usage')) {
    throw new BridgeError({
      type: 'not-supported',
      title: 'This cluster does not tell',
      status: 404,
      detail: `The cluster “${id}” does not say what it keeps on disk.`
    });
  }
}
