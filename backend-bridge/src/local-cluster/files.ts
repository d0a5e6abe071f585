import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { BridgeError } from '../http/errors';

/** Written beside and renamed: whoever reads it sees the old or the new one, whole. Mode 0600. */
export function writePrivateJson(path: string, value: unknown): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(file, JSON.stringify(value));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** Undefined when it is not there or no JSON object. */
export function readJsonFile<T extends object>(path: string): Partial<T> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Partial<T>) : undefined;
  } catch {
    // Not there, or cut off by a crash of something else than us: as good as not there.
    return undefined;
  }
}

/** Makes the folder of everything. @throws BridgeError when that cannot be */
export function makeDataFolder(data: string): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const probe = join(data, `.probe-${randomBytes(6).toString('hex')}`);
    writePrivateJson(probe, {});
    renameSync(probe, join(data, '.probe'));
  } catch (error) {
    throw new BridgeError({
      type: 'unwritable',
      title: 'The data folder cannot be written to',
      status: 500,
      detail: `The local cluster keeps its data in ${data}, which cannot be written to.`,
      cause: (error as Error).message,
      action:
        'Free some space or correct the permissions of the folder, or choose another one with JUPYTERLAB_OSCAR_DATA.'
    });
  }
}

export interface ICredentials {
  user: string;
  password: string;
  accessKey: string;
  secretKey: string;
}

/** The administrator's name of the S3 endpoint, as MinIO's is by default. */
const ACCESS_KEY = 'minio';

/** The credentials of the data folder: what is asked for, else what was stored, else new ones. */
export function loadCredentials(data: string, wanted: { user?: string; password?: string }): ICredentials {
  const path = join(data, 'credentials.json');
  const stored = readJsonFile<ICredentials>(path) ?? {};
  const credentials: ICredentials = {
    user: wanted.user ?? stored.user ?? 'oscar',
    password: wanted.password ?? stored.password ?? randomBytes(24).toString('base64url'),
    accessKey: stored.accessKey ?? ACCESS_KEY,
    secretKey: stored.secretKey ?? randomBytes(30).toString('hex')
  };
  if (JSON.stringify(credentials) !== JSON.stringify(stored) || (statSync(path).mode & 0o077) !== 0) {
    writePrivateJson(path, credentials);
  }
  return credentials;
}

/** Which process has the data, and where it answers. */
export interface ILock {
  instance: string;
  endpoint: string;
  s3: string;
  region: string;
  /** Machine that holds it. Processes are not named: another pod has other numbers. */
  host: string;
}

export const lockPath = (data: string): string => join(data, 'cluster.lock');

export function readLock(data: string): ILock | undefined {
  const lock = readJsonFile<ILock>(lockPath(data));
  const whole =
    lock && [lock.instance, lock.endpoint, lock.s3, lock.region, lock.host].every(value => typeof value === 'string');
  return whole ? (lock as ILock) : undefined;
}

/** Milliseconds since the holder last touched its lock, by the clock of the file system, which all holders share. */
export function lockAge(data: string): number {
  try {
    const now = join(data, '.probe');
    writePrivateJson(now, {});
    return statSync(now).mtimeMs - statSync(lockPath(data)).mtimeMs;
  } catch {
    // Given back in this moment.
    return Infinity;
  }
}

export const machineName = (): string => hostname();
