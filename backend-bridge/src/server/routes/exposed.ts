import type { BridgeApp } from '../app';
import { callerOf, signalOf } from '../caller';
import type { IServerContext } from '../context';
import { forwarded, returned } from '../exposed-headers';
import { SANDBOX } from '../foreign';
import { rawQuery, rawRest } from '../raw-path';
import { passBodies } from './calls';
import { describe } from './describe';
import { ServicePath } from './schemas';

/** Parts of `/v1/clusters/:cluster/services/:service/exposed/` before the path of the service. */
const BEFORE_PATH = 6;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Exposed services, passed on with their token. What they answer may run in a browser, but as nobody. */
export function exposedRoutes(app: BridgeApp, context: IServerContext): void {
  void app.register(async instance => {
    const scope = instance as unknown as BridgeApp;
    passBodies(scope);
    for (const url of [
      '/v1/clusters/:cluster/services/:service/exposed',
      '/v1/clusters/:cluster/services/:service/exposed/*'
    ]) {
      const schema = describe({
        summary: 'Passed on to the exposed service',
        params: ServicePath,
        bodyTypes: ['*/*'],
        response: { 200: '*/*' }
      });
      scope.route({
        method: [...METHODS],
        url,
        schema,
        handler: async (request, reply) => {
          const { cluster: id, service } = request.params;
          const sent = request.raw.url ?? '';
          const cluster = await context.cluster(id);
          const answer = await context.clusters.exposed(cluster, service, {
            method: request.method,
            path: `/${rawRest(sent, BEFORE_PATH)}${rawQuery(sent)}`,
            headers: forwarded(request.headers),
            ...(hasBody(request.headers) ? { body: request.raw } : {}),
            signal: signalOf(reply)
          });
          const prefix =
            callerOf(request) === 'page'
              ? `${(context.settings.baseUrl ?? '/').replace(/\/*$/, '/')}jupyterlab-oscar/v1`
              : '/v1';
          const here = `${prefix}/clusters/${encodeURIComponent(id)}/services/${encodeURIComponent(service)}/exposed`;
          reply.code(answer.status).headers(returned(answer.headers, service, here));
          reply.headers({
            'Content-Security-Policy': SANDBOX,
            'X-Content-Type-Options': 'nosniff',
            'X-Accel-Buffering': 'no',
            'Referrer-Policy': 'no-referrer',
            'Cache-Control': answer.headers['cache-control'] ?? 'no-store'
          });
          return reply.send(answer.body);
        }
      });
    }
  });
}

function hasBody(headers: NodeJS.Dict<string | string[]>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
