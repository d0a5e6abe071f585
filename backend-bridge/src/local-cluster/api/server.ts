import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isDiskFull, NO_ROOM } from '../disk-full';
import { isAllowedHost, isAllowedOrigin, parseBasic, sameSecret } from './guard';
import { empty, type IReply, ReplyError, send, text } from './http';
import type { Caller, IContext, Manager } from './manager';
import { MetricsError } from './metrics';
import { TokenError } from './oidc';
import { exposedPath, proxyRequest, proxyUpgrade, refuseUpgrade } from './proxy';
import { findRoute } from './routes';
import { authByToken, tokenCandidates } from './service-auth';

/** Header of every answer: a second cluster that opens the same data knows the first one by it. */
export const INSTANCE_HEADER = 'OSCAR-Instance';

/** What this cluster can do beyond OSCAR; clients look at this and at nothing else. */
export const FEATURES = [
  'job-id',
  'live-logs',
  'exit-code',
  'pending-reason',
  'job-cancel',
  'job-outputs',
  'existing-bucket',
  'requirements',
  'data-usage',
  'events'
];

const BASIC = { 'WWW-Authenticate': 'Basic realm="Authorization Required"' };
const NOT_FOUND: IReply = { status: 404, body: '404 page not found', type: 'text/plain' };
const UI =
  '<!doctype html><title>OSCAR</title>\n<p>This is the embedded OSCAR cluster of jupyterlab-oscar. It is used from JupyterLab and from the command line.</p>\n';

/** Makes the HTTP server of the manager; it does not listen yet. */
export function createManagerServer(manager: Manager): Server {
  const server = createServer(
    {
      maxHeaderSize: 32 * 1024,
      headersTimeout: 15_000,
      requestTimeout: 0,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 65_000
    },
    (request, response) => void answer(manager, request, response)
  );
  server.maxConnections = 2000;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    upgrade(manager, request, socket, head)
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable && error.code !== 'ECONNRESET') {
      const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    } else {
      socket.destroy();
    }
  });
  return server;
}

function commonHeaders(manager: Manager): Record<string, string> {
  return {
    [INSTANCE_HEADER]: manager.options.instance,
    'X-Content-Type-Options': 'nosniff',
    ...(manager.strict ? {} : { 'OSCAR-Features': FEATURES.join(', ') })
  };
}

/** Calls from other sites, and under names that were made to point here, get nothing. */
function forbidden(manager: Manager, request: IncomingMessage): IReply | undefined {
  if (!isAllowedHost(request.headers.host, manager.options.host)) {
    return text(403, 'this name is not one of the cluster; call it by its address');
  }
  return isAllowedOrigin(request) ? undefined : text(403, 'web pages of other origins may not call this cluster');
}

async function answer(manager: Manager, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const started = new Date();
  const common = commonHeaders(manager);
  for (const [name, value] of Object.entries(common)) {
    response.setHeader(name, value);
  }
  response.on('error', () => response.destroy());
  let reply: IReply | undefined;
  try {
    reply = forbidden(manager, request);
    const exposed = reply ? undefined : exposedPath(request.url ?? '');
    if (exposed) {
      proxyRequest(manager, request, response, exposed, common);
      return;
    }
    reply ??= await dispatch(manager, request, response);
  } catch (error) {
    if (error instanceof ReplyError || error instanceof MetricsError) {
      reply = error.reply;
    } else {
      manager.options.log(
        `${request.method} ${pathOf(request)} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
      );
      reply = isDiskFull(error) ? text(507, NO_ROOM) : empty(500);
    }
  }
  if (reply) {
    request.resume();
    send(response, reply, {});
  }
  logExecution(manager, request, response, started);
}

/** The manager writes a line for each call of /job and /run; `GET /system/logs` shows them. */
function logExecution(manager: Manager, request: IncomingMessage, response: ServerResponse, time: Date): void {
  const path = pathOf(request);
  if (request.method === 'POST' && /^\/(job|run)\/[^/]+$/.test(path)) {
    manager.options.systemLog.add({
      time,
      status: response.statusCode,
      milliseconds: Date.now() - time.getTime(),
      client: request.socket.remoteAddress ?? '',
      method: 'POST',
      path,
      user: parseBasic(request.headers.authorization)?.user ?? 'nil'
    });
  }
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const question = url.indexOf('?');
  return question < 0 ? url : url.slice(0, question);
}

async function dispatch(
  manager: Manager,
  request: IncomingMessage,
  response: ServerResponse
): Promise<IReply | undefined> {
  const method = request.method ?? 'GET';
  const raw = pathOf(request);
  const search = (request.url ?? '').slice(raw.length);
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    return empty(400);
  }
  if (method === 'GET' && (path === '/' || path === '/ui')) {
    return redirect('GET', '/ui/', '');
  }
  if (method === 'GET' && path === '/ui/') {
    return { status: 200, body: UI, type: 'text/html; charset=utf-8' };
  }
  if (method === 'GET' && path.startsWith('/ui/')) {
    return empty(404);
  }
  const match = findRoute(method, path, manager.strict);
  if (!match) {
    const other = path.endsWith('/') && !path.endsWith('//') ? path.slice(0, -1) : undefined;
    if (other && findRoute(method, other, manager.strict)) {
      return redirect(method, raw.slice(0, -1), search);
    }
    return NOT_FOUND;
  }
  const context: IContext = {
    manager,
    request,
    response,
    params: match.params,
    path,
    query: new URLSearchParams(search),
    // Routes that look at tokens themselves, or at none, act for nobody.
    caller: { admin: false, uid: '', name: '', groups: [] }
  };
  if (match.route.auth === 'system') {
    if (path.endsWith('/auth') && match.params.name !== undefined) {
      const candidates = tokenCandidates(context);
      if (candidates.length > 0) {
        return authByToken(context, candidates);
      }
    }
    const caller = await identify(manager, request);
    if ('status' in caller) {
      return caller;
    }
    context.caller = caller;
  }
  return match.route.handler(context);
}

/** The caller of a /system route, or the refusal. */
async function identify(manager: Manager, request: IncomingMessage): Promise<Caller | IReply> {
  const header = request.headers.authorization ?? '';
  const { oidc, user, password } = manager.options;
  const token = /^Bearer +(\S.*)$/.exec(header)?.[1].trim();
  if (oidc && token) {
    try {
      const known = await oidc.verify(token);
      manager.welcome(known.uid, known.name);
      return { admin: false, ...known };
    } catch (error) {
      if (!(error instanceof TokenError)) {
        throw error;
      }
      // The real manager goes on to the handler after these two, so that strangers read and write. Not here.
      const status = error.kind === 'malformed' ? 400 : 401;
      return error.text === '' ? empty(status) : text(status, error.text);
    }
  }
  const basic = parseBasic(header);
  // Both are compared, so that the time says nothing of which one was wrong.
  const right =
    basic !== undefined && [sameSecret(basic.user, user), sameSecret(basic.password, password)].every(Boolean);
  return right ? { admin: true } : { ...empty(401), headers: BASIC };
}

function redirect(method: string, path: string, search: string): IReply {
  const location = path + search;
  if (method !== 'GET') {
    return { ...empty(307), headers: { Location: location } };
  }
  const shown = location
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&#34;')
    .replaceAll("'", '&#39;');
  return {
    status: 301,
    body: `<a href="${shown}">Moved Permanently</a>.\n\n`,
    type: 'text/html; charset=utf-8',
    headers: { Location: location }
  };
}

function upgrade(manager: Manager, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  const exposed = exposedPath(request.url ?? '');
  const refusal = forbidden(manager, request) ?? (exposed ? undefined : NOT_FOUND);
  if (refusal || !exposed) {
    refuseUpgrade(socket, refusal ?? NOT_FOUND);
    return;
  }
  proxyUpgrade(manager, request, socket, head, exposed);
}
