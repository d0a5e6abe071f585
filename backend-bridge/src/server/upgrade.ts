import { request as httpRequest, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { isExposed } from '../fdl';
import type { IOscarService } from '../fdl/service';
import { addSecret } from '../http/redact';
import { Bearer } from './bearer';
import type { IServerContext } from './context';
import { forwarded } from './exposed-headers';
import { PROBLEM_TYPE, notFound, toProblem, unauthorized, unknownRoute } from './problem';
import { rawQuery, rawRest } from './raw-path';

const EXPOSED = /^\/v1\/clusters\/([^/?]+)\/services\/([^/?]+)\/exposed(?:[/?]|$)/;
const BEFORE_PATH = 6;

/** WebSockets of exposed services: passed on like any other call of them, then both ends are joined. */
export function acceptUpgrades(server: Server, context: IServerContext): void {
  const bearer = new Bearer(context.settings.secret);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const end = context.activity.begin();
    socket.once('close', end);
    socket.on('error', () => socket.destroy());
    pass(request, socket, head, bearer, context).catch((error: unknown) => refuse(socket, error, context));
  });
}

async function pass(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  bearer: Bearer,
  context: IServerContext
): Promise<void> {
  const url = request.url ?? '';
  if (!bearer.accepts(request.headers.authorization)) {
    throw unauthorized();
  }
  const match = EXPOSED.exec(url);
  if (!match || request.headers.upgrade?.toLowerCase() !== 'websocket') {
    throw unknownRoute('UPGRADE', url.split('?')[0] ?? '');
  }
  const cluster = await context.cluster(decodeURIComponent(match[1] ?? ''));
  const name = decodeURIComponent(match[2] ?? '');
  const service = await cluster.client.service(name);
  if (!service || !isExposed(service)) {
    throw notFound('Exposed service', name);
  }
  const endpoint = new URL((context.views.clusterView(cluster.id) ?? (await cluster.describe())).endpoint);
  const path = `${endpoint.pathname.replace(/\/$/, '')}/system/services/${encodeURIComponent(name)}/exposed/${rawRest(url, BEFORE_PATH)}${rawQuery(url)}`;
  const outgoing = (endpoint.protocol === 'https:' ? httpsRequest : httpRequest)({
    hostname: endpoint.hostname.replace(/^\[|\]$/g, ''),
    port: endpoint.port,
    path,
    headers: {
      ...forwarded(request.headers),
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      ...authorization(service)
    }
  });
  outgoing.once('upgrade', (response, remote: Duplex, first: Buffer) => {
    socket.write(headOf(response));
    socket.write(first);
    remote.write(head);
    remote.on('error', () => socket.destroy());
    remote.once('close', () => socket.destroy());
    socket.once('close', () => remote.destroy());
    socket.pipe(remote).pipe(socket);
  });
  outgoing.once('response', response => {
    // It does not speak WebSocket: its answer goes back as it is, and the connection ends with it.
    socket.write(headOf(response));
    response.pipe(socket);
  });
  outgoing.once('error', error => refuse(socket, error, context));
  socket.once('close', () => outgoing.destroy());
  outgoing.end();
}

function authorization(service: IOscarService): Record<string, string> {
  addSecret(service.token);
  if (!service.expose.set_auth) {
    return {};
  }
  const basic = Buffer.from(`${service.name}:${service.token}`).toString('base64');
  return { Authorization: service.expose.auth_type === 'forward' ? `Bearer ${service.token}` : `Basic ${basic}` };
}

function headOf(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ''}`];
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    const name = response.rawHeaders[index] ?? '';
    if (!/^(set-cookie|transfer-encoding|keep-alive)$/i.test(name)) {
      lines.push(`${name}: ${response.rawHeaders[index + 1]}`);
    }
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function refuse(socket: Duplex, error: unknown, context: IServerContext): void {
  const problem = toProblem(error, context.log);
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}
