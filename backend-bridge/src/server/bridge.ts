import { randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Activity } from './activity';
import { createApp } from './app';
import type { IServerContext } from './context';
import { prepareFolders } from './folders';
import type { Handshake } from './handshake';
import { EventHub } from './hub';
import { listen } from './listen';
import type { ILog } from './log';
import { statusRoutes } from './routes/status';
import { VERSION } from './version';

/** A bridge that listens. */
export interface IRunningBridge {
  readonly boot: string;
  /** Ends in order: no new calls, streams closed, the embedded cluster stopped. Safe to call twice. */
  close(options?: { bye?: boolean }): Promise<void>;
}

export interface IBridgeOptions {
  settings: Handshake;
  log: ILog;
  /** Called when the bridge has been idle for as long as the settings say. */
  onIdle: () => void;
}

/** How long calls under way may go on after the end was asked for. */
const DRAIN_MILLISECONDS = 2000;

/**
 * Starts a bridge: folders, server, then, in the background, the embedded cluster.
 *
 * @throws BridgeError when it cannot start.
 */
export async function startBridge(options: IBridgeOptions): Promise<IRunningBridge> {
  const { settings, log } = options;
  const boot = randomBytes(6).toString('hex');
  prepareFolders(settings.data);
  const hub = new EventHub({ boot });
  const activity = new Activity({ idleSeconds: settings.idleSeconds ?? 0, busy: () => context.running() > 0, onIdle: options.onIdle });
  const context: IServerContext = { version: VERSION, boot, settings, log, hub, activity, clusters: () => [], running: () => 0 };
  const app = await createApp(context, [statusRoutes]);
  const sockets = new Set<Socket>();
  app.server.on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listen(app.server, settings);

  let closing: Promise<void> | undefined;
  const close = async (bye: boolean): Promise<void> => {
    activity.dispose();
    hub.close({ bye });
    const ended = new Promise<void>(resolve => app.server.close(() => resolve()));
    app.server.closeIdleConnections();
    const timer = setTimeout(() => sockets.forEach(socket => socket.destroy()), DRAIN_MILLISECONDS);
    await ended;
    clearTimeout(timer);
    await app.close();
    removeFile(settings.detached === true ? settings.connectionFile : undefined, log);
  };
  return { boot, close: ({ bye = false } = {}) => (closing ??= close(bye)) };
}

function removeFile(path: string | null | undefined, log: ILog): void {
  if (typeof path !== 'string') {
    return;
  }
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log.warning(`The connection file could not be removed: ${String(error)}`);
    }
  }
}
