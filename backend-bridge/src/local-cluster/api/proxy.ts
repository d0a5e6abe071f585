import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { IOscarService } from '../../fdl/service';
import { parseBasic, sameSecret } from './guard';
import { type IReply, send, text } from './http';
import type { Manager } from './manager';
import { cookieName, readCookie } from './service-auth';
import { isExposed } from './service-check';

/** Headers that belong to one connection (RFC 9110, 7.6.1). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade'
];

const CONNECT_MS = 10_000;

export interface IExposedPath {
  service: string;
  /** What follows `/exposed`, undecoded, with its query; '' or beginning with `/`. */
  rest: string;
}

/** The service that a path under `/system/services/<name>/exposed` is for. */
export function exposedPath(url: string): IExposedPath | undefined {
  const match = /^\/system\/services\/([a-z0-9][-a-z0-9.]*)\/exposed(\/[^?#]*)?(\?[^#]*)?$/.exec(url);
  return match ? { service: match[1], rest: (match[2] ?? '') + (match[3] ?? '') } : undefined;
}

interface IRoute {
  host: string;
  port: number;
  path: string;
  headers: Record<string, string | string[]>;
}

/** Where a request goes, or the answer to one that goes nowhere. */
function route(manager: Manager, request: IncomingMessage, path: IExposedPath): IRoute | IReply {
  const service = manager.state.service(path.service);
  if (!service || !isExposed(service)) {
    return text(404, '404 page not found');
  }
  if (service.expose.set_auth && !isAuthorized(manager, request, service)) {
    return {
      ...text(401, 'this service asks for its name and token'),
      headers: { 'WWW-Authenticate': 'Basic realm="Authentication Required"' }
    };
  }
  const target = manager.deployments.target(service.name);
  if (!target) {
    const deployment = manager.deployments.state(service.name);
    const why = deployment.reason ? `: ${deployment.reason}` : '';
    return {
      ...text(
        503,
        `service "${service.name}" is ${deployment.state === 'stopped' ? 'stopped' : 'not ready yet'}${why}`
      ),
      headers: { 'Retry-After': '1' }
    };
  }
  const rest = path.rest.startsWith('/') ? path.rest : `/${path.rest}`;
  return {
    ...target,
    path: service.expose.rewrite_target ? (request.url ?? '/') : rest,
    headers: forwardedHeaders(manager, request, service)
  };
}

function isAuthorized(manager: Manager, request: IncomingMessage, service: IOscarService): boolean {
  const { headers } = request;
  const basic = parseBasic(headers.authorization);
  if (basic) {
    const { user, password } = manager.options;
    return (
      (sameSecret(basic.user, service.name) && sameSecret(basic.password, service.token)) ||
      (sameSecret(basic.user, user) && sameSecret(basic.password, password))
    );
  }
  const token =
    /^Bearer +(\S+)$/.exec(headers.authorization ?? '')?.[1] ?? readCookie(headers.cookie, cookieName(service.name));
  return token !== undefined && sameSecret(token, service.token);
}

function forwardedHeaders(
  manager: Manager,
  request: IncomingMessage,
  service: IOscarService
): Record<string, string | string[]> {
  const headers = endToEnd(request.headers);
  const basic = parseBasic(request.headers.authorization);
  // The service may know its own token, never the administrator's password.
  if (basic && sameSecret(basic.password, manager.options.password)) {
    delete headers.authorization;
  }
  headers['x-forwarded-for'] = request.socket.remoteAddress ?? '';
  headers['x-forwarded-host'] = request.headers.host ?? '';
  headers['x-forwarded-proto'] = 'http';
  if (!service.expose.rewrite_target) {
    headers['x-forwarded-prefix'] = `/system/services/${service.name}/exposed`;
  }
  return headers;
}

function endToEnd(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = String(headers.connection ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase());
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.includes(name) && !named.includes(name)) {
      result[name] = value;
    }
  }
  return result;
}

function isReply(found: IRoute | IReply): found is IReply {
  return 'status' in found;
}

/** Passes a request on to an exposed service, and its answer back, piece by piece in both directions. */
export function proxyRequest(
  manager: Manager,
  request: IncomingMessage,
  response: ServerResponse,
  path: IExposedPath,
  common: Record<string, string>
): void {
  const found = route(manager, request, path);
  if (isReply(found)) {
    request.resume();
    send(response, found, common);
    return;
  }
  manager.count(path.service, 'exposed');
  const { host, port, headers } = found;
  if (request.headers['transfer-encoding'] !== undefined) {
    headers['transfer-encoding'] = 'chunked';
  }
  const outgoing = httpRequest({
    host,
    port,
    path: found.path,
    method: request.method,
    headers,
    setHost: false,
    agent: false
  });
  const connecting = setTimeout(() => outgoing.destroy(new Error('no connection in time')), CONNECT_MS);
  outgoing.once('socket', socket => socket.once('connect', () => clearTimeout(connecting)));
  outgoing.once('response', incoming => {
    clearTimeout(connecting);
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, {
      ...endToEnd(incoming.headers),
      ...withoutOurs(incoming.headers, common)
    });
    response.flushHeaders();
    incoming.pipe(response);
    incoming.once('error', () => response.destroy());
    // An answer that breaks off must not look complete.
    incoming.once('aborted', () => response.destroy());
  });
  outgoing.once('error', () => {
    clearTimeout(connecting);
    request.unpipe(outgoing);
    request.resume();
    if (!response.headersSent) {
      send(response, text(502, `service "${path.service}" did not answer`), common);
    } else {
      response.destroy();
    }
  });
  response.once('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

/** Our headers, unless the service has its own of the name. */
function withoutOurs(headers: IncomingHttpHeaders, common: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(common).filter(([name]) => headers[name.toLowerCase()] === undefined));
}

/** Passes an upgraded connection (WebSocket) on. */
export function proxyUpgrade(
  manager: Manager,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  path: IExposedPath
): void {
  const found = route(manager, request, path);
  if (isReply(found)) {
    refuseUpgrade(socket, found);
    return;
  }
  manager.count(path.service, 'exposed');
  const { host, port, headers } = found;
  headers.connection = 'Upgrade';
  headers.upgrade = request.headers.upgrade ?? 'websocket';
  const outgoing = httpRequest({
    host,
    port,
    path: found.path,
    method: request.method,
    headers,
    setHost: false,
    agent: false
  });
  outgoing.setTimeout(CONNECT_MS, () => outgoing.destroy(new Error('no answer in time')));
  outgoing.once('upgrade', (incoming, target, first) => {
    target.setTimeout(0);
    socket.write(statusLine(incoming) + headerLines(incoming.rawHeaders) + '\r\n');
    if (first.length > 0) {
      socket.write(first);
    }
    if (head.length > 0) {
      target.write(head);
    }
    target.pipe(socket).pipe(target);
    const close = (): void => {
      target.destroy();
      socket.destroy();
    };
    for (const end of [target, socket]) {
      end.once('error', close);
      end.once('close', close);
    }
  });
  outgoing.once('response', incoming => {
    // The service does not upgrade: its answer ends the connection.
    const kept = Object.entries({ ...endToEnd(incoming.headers), connection: 'close' }).flatMap(([name, value]) =>
      [value].flat().flatMap(each => [name, each])
    );
    socket.write(statusLine(incoming) + headerLines(kept) + '\r\n');
    incoming.pipe(socket);
    incoming.once('error', () => socket.destroy());
  });
  outgoing.once('error', () => refuseUpgrade(socket, text(502, `service "${path.service}" did not answer`)));
  socket.once('close', () => outgoing.destroy());
  socket.once('error', () => outgoing.destroy());
  outgoing.end();
}

function statusLine(incoming: IncomingMessage): string {
  return `HTTP/1.1 ${incoming.statusCode} ${incoming.statusMessage}\r\n`;
}

function headerLines(raw: string[]): string {
  let lines = '';
  for (let index = 0; index < raw.length; index += 2) {
    lines += `${raw[index]}: ${raw[index + 1]}\r\n`;
  }
  return lines;
}

export function refuseUpgrade(socket: Duplex, reply: IReply): void {
  if (socket.destroyed) {
    return;
  }
  const body = Buffer.from(reply.body ?? '');
  const headers = Object.entries({ 'Content-Type': 'text/plain; charset=utf-8', ...reply.headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  socket.end(
    `HTTP/1.1 ${reply.status} Refused\r\n${headers}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.toString()}`
  );
}
