import { createServer } from 'node:net';
import type { IOscarService } from '../../fdl/service';

/** Fixed ports that exposed services of this process hold, also those of other clusters in it. */
const held = new Map<number, string>();

/** Whether a script takes its port from the variable instead of a fixed one. */
export function takesAnyPort(service: IOscarService): boolean {
  const texts = [service.script, ...Object.values(service.environment.variables ?? {})];
  return texts.some(text => /OSCAR_EXPOSED_PORT|\$\{?PORT\b|environ(\.get\(|\[)\s*["']PORT["']/.test(text));
}

/** A port of loopback that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/**
 * Takes a fixed port for a service.
 *
 * @returns What to call to give it back, or why it cannot be had.
 */
export async function holdPort(port: number, service: string): Promise<(() => void) | string> {
  const holder = held.get(port);
  if (holder !== undefined) {
    return holder === service
      ? `Port ${port} can be used by one instance only. Let the script listen on $OSCAR_EXPOSED_PORT to run several.`
      : `Port ${port} is in use by service ${holder}. Stop it, choose another api_port, or let the script listen on $OSCAR_EXPOSED_PORT.`;
  }
  held.set(port, service);
  const release = (): void => {
    held.delete(port);
  };
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    if (!(await isFree(port, host))) {
      release();
      return `Port ${port} is in use by another program of this machine. Stop it, choose another api_port, or let the script listen on $OSCAR_EXPOSED_PORT.`;
    }
  }
  return release;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    // A port that this user may not take at all (below 1024) says so when the script tries.
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
