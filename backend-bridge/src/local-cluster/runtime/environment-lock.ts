import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import type { IPrepareOptions } from './environment-options';

/**
 * Waits until nobody else makes this environment. The lock is a socket: it is free as soon as its holder is gone, however
 * that ended, and no pid has to be believed.
 */
export async function lockEnvironment(path: string, options: IPrepareOptions): Promise<() => void> {
  // Socket paths are short by nature: the name is hashed into the temporary folder's abstract space where there is one.
  const name = createHash('sha256').update(path).digest('hex').slice(0, 24);
  const address =
    platform() === 'linux'
      ? `\0jupyterlab-oscar-${process.getuid?.() ?? 0}-${name}`
      : join('/tmp', `.oscar-${process.getuid?.() ?? 0}-${name}`);
  for (;;) {
    options.signal?.throwIfAborted();
    const server = await listen(address);
    if (server) {
      return () => server.close();
    }
    options.onProgress?.({ progress: 0, message: 'Another process makes this environment.' });
    await untilFree(address, options.signal);
  }
}

function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<{ destroy: () => void }>();
    const server = createServer(socket => {
      waiting.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => waiting.delete(socket));
    });
    const close = server.close.bind(server);
    server.close = callback => {
      waiting.forEach(socket => socket.destroy());
      return close(callback);
    };
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)
    );
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** The holder says nothing; the connection ends when it does. */
function untilFree(address: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(address);
    const abort = (): void => {
      socket.destroy();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && !address.startsWith('\0')) {
        // A socket file whose owner was killed.
        rmSync(address, { force: true });
      }
    });
    socket.on('close', () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    socket.resume();
  });
}
