import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { buildEnvironment, READY, type IReady } from './environment-build';
import { lockEnvironment } from './environment-lock';
import type { IEnvironment, IEnvironmentOptions, IEnvironmentProgress, IPrepareOptions } from './environment-options';
import { describePython, findPython } from './environment-python';
import { normaliseRequirements } from './requirements';

export type { IEnvironment, IEnvironmentOptions, IEnvironmentProgress, IPrepareOptions };

/** Name of the environment for these requirements: the same for the same requirements, Python and platform. */
export async function environmentKey(requirements: string, options: IEnvironmentOptions = {}): Promise<string> {
  const python = await describePython(findPython(options));
  return createHash('sha256')
    .update(JSON.stringify([normaliseRequirements(requirements), python]))
    .digest('hex')
    .slice(0, 20);
}

/** An environment that is ready; undefined when it has to be made. Marks it as used. */
export async function findEnvironment(
  requirements: string,
  options: IEnvironmentOptions = {}
): Promise<IEnvironment | undefined> {
  const key = await environmentKey(requirements, options);
  return readEnvironment(join(environmentsFolder(options), key));
}

/**
 * Makes the virtual environment for these requirements, or finds it. Two who ask at the same time, also in two processes,
 * make one. It is built at its final place, because its programs carry their path, and is valid once `.ready.json` is there.
 *
 * @throws BridgeError with the last lines of uv or pip when it cannot be made.
 */
export async function prepareEnvironment(requirements: string, options: IPrepareOptions = {}): Promise<IEnvironment> {
  const python = findPython(options);
  const key = await environmentKey(requirements, options);
  const root = environmentsFolder(options);
  const folder = join(root, key);
  const ready = readEnvironment(folder);
  if (ready) {
    return ready;
  }
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const release = await lockEnvironment(join(root, `${key}.lock`), options);
  try {
    const made = readEnvironment(folder);
    if (made) {
      return made;
    }
    // Whatever is there was interrupted; uv's and pip's own caches keep what was fetched.
    await rm(folder, { recursive: true, force: true });
    return await buildEnvironment({ requirements, python, folder, key, options });
  } finally {
    release();
  }
}

/** Environments on disk; `used` is when a job last started in one. */
export function listEnvironments(
  options: IEnvironmentOptions = {}
): { key: string; folder: string; size: number; used: Date }[] {
  const root = environmentsFolder(options);
  if (!existsSync(root)) {
    return [];
  }
  return readdirSync(root, { withFileTypes: true }).flatMap(entry => {
    const folder = join(root, entry.name);
    const environment = entry.isDirectory() ? readEnvironment(folder, false) : undefined;
    return environment
      ? [{ key: entry.name, folder, size: environment.size, used: statSync(join(folder, READY)).mtime }]
      : [];
  });
}

export function environmentsFolder(options: IEnvironmentOptions): string {
  if (options.environments) {
    return options.environments;
  }
  const cache =
    process.env.XDG_CACHE_HOME ?? join(homedir(), platform() === 'darwin' ? join('Library', 'Caches') : '.cache');
  return join(cache, 'jupyterlab-oscar', 'environments');
}

function readEnvironment(folder: string, touch = true): IEnvironment | undefined {
  const path = join(folder, READY);
  try {
    const { packages, size } = JSON.parse(readFileSync(path, 'utf8')) as IReady;
    if (touch) {
      const now = new Date();
      utimesSync(path, now, now);
    }
    return { key: folder.slice(folder.lastIndexOf('/') + 1), folder, bin: join(folder, 'bin'), size, packages };
  } catch {
    // Not there, or not finished.
    return undefined;
  }
}
