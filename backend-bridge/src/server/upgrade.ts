import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Bearer } from './bearer';
import type { IServerContext } from './context';
import { forwarded } from './exposed-headers';
import { PROBLEM_TYPE, toProblem, unauthorized, unknownRoute } from './problem';
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
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const {
    response,
    socket: remote,
    head: first
  } = await context.clusters.upgradeExposed(cluster, name, {
    path: `${rawRest(url, BEFORE_PATH)}${rawQuery(url)}`,
    headers: forwarded(request.headers),
    signal: gone.signal
  });
  socket.write(headOf(response));
  if (remote === undefined) {
    // It does not speak WebSocket: its answer goes back as it is, and the connection ends with it.
    response.once('error', () => socket.destroy());
    response.pipe(socket);
    return;
  }
  remote.on('error', () => socket.destroy());
  remote.once('close', () => socket.destroy());
  socket.once('close', () => remote.destroy());
  if (socket.destroyed) {
    remote.destroy();
    return;
  }
  socket.write(first ?? '');
  remote.write(head);
  socket.pipe(remote).pipe(socket);
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
