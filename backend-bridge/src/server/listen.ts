import { chmodSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type ListenOptions } from 'node:net';
import { BridgeError } from '../http/errors';

function listenOnce(server: Server, options: ListenOptions | { fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options as ListenOptions, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** True when somebody answers at the socket. */
function isAlive(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function listenOnPath(server: Server, path: string): Promise<void> {
  // Bound under a narrow mask: there is no moment in which somebody else could connect.
  const mask = process.umask(0o177);
  try {
    const listening = listenOnce(server, { path });
    process.umask(mask);
    await listening;
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
}

/**
 * Listens on an inherited descriptor or a path. A socket that a dead process left is replaced.
 *
 * @throws BridgeError `listen` when it is not possible.
 */
export async function listen(server: Server, target: { fd?: number; socket?: string }): Promise<void> {
  try {
    if (target.fd !== undefined) {
      await listenOnce(server, { fd: target.fd });
      return;
    }
    const path = target.socket as string;
    try {
      await listenOnPath(server, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || (await isAlive(path))) {
        throw error;
      }
      unlinkSync(path);
      await listenOnPath(server, path);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new BridgeError({
      type: 'listen',
      title: 'The bridge cannot listen',
      status: 500,
      detail:
        code === 'EADDRINUSE'
          ? 'Another bridge answers at this socket already.'
          : `The socket could not be opened: ${code ?? message}.`,
      cause: message,
      action: 'Check the runtime folder of Jupyter, then try again.'
    });
  }
}
