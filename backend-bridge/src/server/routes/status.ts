import { BridgeStatus } from '../../contract';
import type { BridgeApp } from '../app';
import type { IServerContext } from '../context';
import { describe } from './describe';

/** `/v1/status` and `/v1/events`. */
export function statusRoutes(app: BridgeApp, context: IServerContext): void {
  app.get(
    '/v1/status',
    { schema: describe({ summary: 'What the bridge is and does', response: { 200: BridgeStatus } }) },
    async (): Promise<BridgeStatus> => ({
      version: context.version,
      node: process.version,
      pid: process.pid,
      boot: context.boot,
      uptime: Math.round(process.uptime() * 1000) / 1000,
      data: context.settings.data,
      clusters: context.clusterViews(),
      running: context.running()
    })
  );

  app.get(
    '/v1/events',
    { schema: describe({ summary: 'Changes as they happen', response: { 200: 'text/event-stream' } }) },
    async (request, reply) => {
      const lastId = request.headers['last-event-id'];
      reply.hijack();
      context.hub.attach(reply.raw, Array.isArray(lastId) ? lastId[0] : lastId);
    }
  );
}
