import { dirname } from 'node:path';
import type { ILocalCluster } from '../local-cluster/interfaces';
import type { Handshake } from './handshake';
import type { ILog } from './log';

/**
 * Starts the embedded cluster as the handshake says. Its code is loaded here, after the bridge listens, so that the first answer
 * does not wait for it.
 */
export async function startLocal(settings: Handshake, data: string, log: ILog): Promise<ILocalCluster> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { startLocalCluster } = require('../local-cluster') as typeof import('../local-cluster');
  const { strict, runtime, cpus, memory } = settings.localCluster ?? {};
  const { python } = settings;
  return startLocalCluster({
    data,
    strict,
    runtime,
    ...(typeof cpus === 'number' ? { cpus } : {}),
    ...(typeof memory === 'number' ? { memory } : {}),
    ...(typeof python === 'string' ? { python, path: [dirname(python)] } : {}),
    log: line => log.info(line)
  });
}
