import type { IStoreError } from '../interfaces';
import { fail } from './http';
import type { Caller, Manager } from './manager';

/** `bucket` or `bucket/folder`, with stray spaces and slashes. */
export function splitBucket(name: string): { bucket: string; folder: string } {
  const path = name.trim().replace(/^\/+|\/+$/g, '');
  const slash = path.indexOf('/');
  return slash < 0 ? { bucket: path, folder: '' } : { bucket: path.slice(0, slash), folder: path.slice(slash + 1) };
}

/** Makes a bucket. @throws ReplyError with the store's problem in the words of the SDK that the manager uses. */
export async function createBucket(
  manager: Manager,
  name: string,
  caller: Caller,
  status: number,
  prefix: string
): Promise<void> {
  try {
    await manager.store.createBucket(name, { owner: caller.uid ?? '' });
  } catch (error) {
    const problem = error as Partial<IStoreError>;
    if (problem.code === undefined || problem.status === undefined) {
      throw error;
    }
    // Made by somebody else between the look and the making.
    if (problem.code.startsWith('BucketAlready')) {
      fail(status, `${prefix.replace(/error creating bucket$/, '')}the bucket "${name}" already exists\n`);
    }
    fail(status, `${prefix} ${name}: ${s3Problem(problem.code, problem.status)}`);
  }
}

const MESSAGES: Record<string, string> = {
  InvalidBucketName: 'The specified bucket is not valid.',
  NoSuchBucket: 'The specified bucket does not exist',
  InvalidArgument: 'The continuation token provided is incorrect'
};

/** How that SDK prints an error of the store. */
export function s3Problem(code: string, status: number): string {
  const request = BigInt(Date.now()).toString(16).toUpperCase().padStart(16, '0');
  return `${code}: ${MESSAGES[code] ?? code}\n\tstatus code: ${status}, request id: ${request}, host id: ${'0'.repeat(64)}`;
}

/** An unknown word makes a bucket public on a plain OSCAR; here it stays private. */
export function setVisibility(manager: Manager, bucket: string, visibility: string, allowed: string[]): void {
  if (visibility === 'restricted') {
    manager.store.setVisibility(bucket, 'restricted', allowed);
  } else {
    const open = visibility === 'public' || (manager.strict && visibility !== 'private');
    manager.store.setVisibility(bucket, open ? 'public' : 'private');
  }
}

/** A user that this cluster has not seen yet; the real manager can share nothing with such. */
export function unknownUser(manager: Manager, users: string[]): string | undefined {
  return users.find(user => !manager.state.user(user));
}

export function groupProblem(bucket: string): string {
  return `error creating bucket group: error creating/updating MinIO group ${bucket}: The specified user does not exist. (Specified user does not exist)`;
}
