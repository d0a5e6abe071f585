import { BridgeError } from '../http/errors';

export function conflict(title: string, detail: string, action?: string): BridgeError {
  return new BridgeError({ type: 'conflict', title, status: 409, detail, action });
}

/** SQLite says in its own words that there is no room. */
export function diskFull(error: unknown): BridgeError | undefined {
  const { errcode, code } = error as { errcode?: number; code?: string };
  // SQLITE_FULL; SQLITE_IOERR is what a write-ahead log that cannot grow ends in.
  if ((errcode ?? 0) % 256 !== 13 && (errcode ?? 0) % 256 !== 10 && code !== 'ENOSPC' && code !== 'EDQUOT') {
    return undefined;
  }
  return new BridgeError({
    type: 'disk-full',
    title: 'The disk is full',
    status: 507,
    detail: 'The journal of jobs could not be written: there is no room left.',
    cause: (error as Error).message,
    action: 'Free some space, then retry the job: what is done is kept.'
  });
}

export function noJob(id: string): BridgeError {
  return new BridgeError({
    type: 'not-found',
    title: 'Job not found',
    status: 404,
    detail: `There is no job “${id.slice(0, 200)}”.`,
    action: 'The list of jobs is at /v1/jobs.'
  });
}

export function noEngine(name: string): BridgeError {
  return new BridgeError({
    type: 'unknown-engine',
    title: 'There is no such engine',
    status: 400,
    detail: `“${name.slice(0, 200)}” is not an engine that jobs can run on.`,
    action: 'Leave it out, or use `local`, or `oscar:` and the name of a cluster.'
  });
}

export function noFile(name: string, inBucket: boolean): BridgeError {
  return new BridgeError({
    type: 'not-found',
    title: 'File not found',
    status: 404,
    detail: inBucket
      ? `“${name}” is in a bucket, not on this machine.`
      : `The result has no file “${name.slice(0, 200)}”.`,
    action: inBucket ? 'Read it from the bucket.' : 'The list is in the result of the job.'
  });
}
