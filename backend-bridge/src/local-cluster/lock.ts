import { request } from 'node:http';
import { utimesSync, rmSync } from 'node:fs';
import { BridgeError } from '../http/errors';
import { INSTANCE_HEADER } from './api/server';
import { DatabaseLockedError } from './database';
import { type ILock, lockAge, lockPath, machineName, readLock } from './files';

/** How often a holder says that it is there. */
const HEARTBEAT_MS = 10_000;
/** A holder on another machine that was silent for so long is gone. */
const SILENCE_MS = 60_000;
const CONNECT_MS = 2_000;
/** A cluster that is just starting, or ending, has its files open and answers not yet, or no longer. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 100;

/** Is the cluster of this lock alive? Asked by calling it: numbers of processes mean nothing in another pod. */
export function isAlive(lock: ILock): Promise<boolean> {
  return new Promise(resolve => {
    const probe = request(`${lock.endpoint}/health`, { timeout: CONNECT_MS, agent: false }, response => {
      response.resume();
      resolve(response.headers[INSTANCE_HEADER.toLowerCase()] === lock.instance);
    });
    probe.once('timeout', () => probe.destroy());
    probe.once('error', () => resolve(false));
    probe.end();
  });
}

/**
 * Opens the data for this process, or finds who has it.
 *
 * @param open Opens the databases; throws DatabaseLockedError while another process has them.
 * @returns What was opened, or the lock of the cluster that lives.
 * @throws BridgeError when another machine has the data, or it does not become free.
 */
export async function openOrShare<T>(data: string, open: () => T): Promise<{ opened: T } | { shared: ILock }> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const lock = readLock(data);
    if (lock && (await isAlive(lock))) {
      return { shared: lock };
    }
    if (lock && lock.host !== machineName() && lockAge(data) < SILENCE_MS) {
      throw new BridgeError({
        type: 'locked-elsewhere',
        title: 'The local cluster runs in your other server',
        status: 409,
        detail: `The data in ${data} is in use on ${lock.host}.`,
        action: 'Stop the other server, or wait a minute after it has ended.'
      });
    }
    try {
      return { opened: open() };
    } catch (error) {
      if (!(error instanceof DatabaseLockedError)) {
        throw error;
      }
      if (Date.now() > deadline) {
        throw new BridgeError({
          type: 'locked',
          title: 'The data of the local cluster is in use',
          status: 409,
          detail: `Another process has the data in ${data} open, and does not answer.`,
          cause: error.message,
          action: 'End the other process, or choose another folder.'
        });
      }
    }
    await new Promise(resolve => setTimeout(resolve, RETRY_MS));
  }
}

/** Touches the lock from time to time, and takes it away at the end if it is still ours. */
export function keepLock(data: string, instance: string): { release(): void } {
  const timer = setInterval(() => {
    try {
      const now = new Date();
      utimesSync(lockPath(data), now, now);
    } catch {
      // Gone, with the folder perhaps; whatever opens the data next asks us first.
    }
  }, HEARTBEAT_MS);
  timer.unref();
  return {
    release: () => {
      clearInterval(timer);
      if (readLock(data)?.instance === instance) {
        rmSync(lockPath(data), { force: true });
      }
    }
  };
}
