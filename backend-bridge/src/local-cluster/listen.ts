import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BridgeError } from '../http/errors';

/**
 * Listens on the port that was asked for; else on the one of the last run when it is free, so that links and settings of
 * clients go on working; else on any.
 *
 * @throws BridgeError when the port that was asked for is taken.
 */
export async function listen(
  server: Server,
  host: string,
  wanted: number | undefined,
  last: number | undefined,
  what: string
): Promise<number> {
  if (wanted) {
    try {
      return await listenOn(server, host, wanted);
    } catch (error) {
      throw portProblem(error as NodeJS.ErrnoException, host, wanted, what);
    }
  }
  if (last) {
    try {
      return await listenOn(server, host, last);
    } catch (error) {
      if (!['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) {
        throw portProblem(error as NodeJS.ErrnoException, host, last, what);
      }
    }
  }
  try {
    return await listenOn(server, host, 0);
  } catch (error) {
    throw portProblem(error as NodeJS.ErrnoException, host, 0, what);
  }
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function portProblem(error: NodeJS.ErrnoException, host: string, port: number, what: string): BridgeError {
  const taken = error.code === 'EADDRINUSE';
  return new BridgeError({
    type: taken ? 'port-taken' : 'port',
    title: taken ? 'The port is taken' : 'The port cannot be used',
    status: 409,
    detail: `${what} cannot listen on ${host}:${port}.`,
    cause: error.message,
    action: taken ? 'Choose another port, or end the program that uses this one.' : 'Choose another address or port.'
  });
}
