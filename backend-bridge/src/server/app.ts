import { createServer, type IncomingMessage, type Server } from 'node:http';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchema,
  type FastifyServerOptions
} from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { TSchema } from '@sinclair/typebox';
import { BridgeError } from '../http/errors';
import { Bearer } from './bearer';
import type { IServerContext } from './context';
import { openApi, type IRouteEntry, type IRouteSchema } from './openapi';
import { PROBLEM_TYPE, toProblem, unauthorized, unknownRoute } from './problem';
import { acceptUpgrades } from './upgrade';
import { validate, type ValuePart } from './validate';

/** JSON bodies; files go another way. FDL texts are the largest of them. */
const JSON_LIMIT = 4 * 1024 * 1024;

export type BridgeApp = FastifyInstance<
  Server,
  IncomingMessage,
  import('node:http').ServerResponse,
  import('fastify').FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** On TCP a web page could reach us under a name of its own (DNS rebinding); a socket in the file system has no such door. */
function isOwnHost(request: FastifyRequest): boolean {
  if (request.socket.localAddress === undefined) {
    return true;
  }
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  return host === '127.0.0.1' || host === 'localhost' || host === '[::1]';
}

/**
 * The HTTP side of the bridge, without a socket: the caller listens with `app.server`.
 */
export async function createApp(
  context: IServerContext,
  routes: ((app: BridgeApp, context: IServerContext) => void)[]
): Promise<BridgeApp> {
  const bearer = new Bearer(context.settings.secret);
  const app = fastify({
    serverFactory: handler =>
      createServer({ requestTimeout: 0, headersTimeout: 30_000, keepAliveTimeout: 75_000 }, handler),
    bodyLimit: JSON_LIMIT,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    // Ours instead of Ajv and compiled serializers: these take a third of the memory and of the start, for routes that mostly nobody calls.
    schemaController: {
      compilersFactory: {
        buildValidator: () => (route: { schema: TSchema; httpPart?: string }) => (value: unknown) => ({
          value: validate(route.schema, value, (route.httpPart ?? 'body') as ValuePart)
        }),
        buildSerializer: () => () => (value: unknown) => JSON.stringify(value)
      }
    } as unknown as FastifyServerOptions['schemaController'],
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: false },
    frameworkErrors: (error, request, reply) => {
      if (!bearer.accepts(request.headers.authorization)) {
        sendProblem(reply as unknown as FastifyReply, unauthorized(), context);
      } else {
        sendProblem(reply as unknown as FastifyReply, error, context);
      }
    }
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as BridgeApp;

  const entries: IRouteEntry[] = [];
  app.addHook('onRoute', route => {
    const schema = route.schema as (FastifySchema & IRouteSchema) | undefined;
    if (schema?.summary !== undefined) {
      for (const method of [route.method].flat()) {
        entries.push({ method, url: route.url, schema: { ...schema } });
      }
      // Answers are described, not filtered.
      delete (route.schema as { response?: unknown }).response;
    }
  });

  app.addHook('onRequest', async (request, reply) => {
    if (!isOwnHost(request)) {
      throw new BridgeError({
        type: 'host',
        title: 'This host name is not answered',
        status: 421,
        detail: 'The bridge answers on its own address only.'
      });
    }
    if (!bearer.accepts(request.headers.authorization)) {
      throw unauthorized();
    }
    if (request.routeOptions.url !== '/v1/events' && request.headers['x-oscar-client'] !== 'monitor') {
      const end = context.activity.begin();
      reply.raw.once('close', end);
    }
  });
  app.addHook('onSend', async (_request, reply, payload) => {
    reply.header('Cache-Control', reply.getHeader('Cache-Control') ?? 'no-store');
    reply.header('X-Content-Type-Options', 'nosniff');
    return payload;
  });
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error, context));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, unknownRoute(request.method, request.url.split('?')[0] ?? ''), context)
  );

  app.get(
    '/v1/openapi.json',
    { schema: { summary: 'This document', response: { 200: 'application/json' } } as FastifySchema },
    async () => openApi(entries, context.version)
  );
  for (const add of routes) {
    add(app, context);
  }
  acceptUpgrades(app.server, context);
  await app.ready();
  return app;
}

function sendProblem(reply: FastifyReply, error: unknown, context: IServerContext): FastifyReply {
  const problem = toProblem(error, context.log);
  if (problem.status === 401 && error instanceof BridgeError && problem.type.endsWith(':unauthorized')) {
    reply.header('WWW-Authenticate', 'Bearer');
  }
  return reply.code(problem.status).header('Content-Type', PROBLEM_TYPE).send(JSON.stringify(problem));
}
