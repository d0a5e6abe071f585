import type { FdlProblem } from '../contract';
import type { IOscarService } from './service';

export interface ILostBuckets {
  /** Users that the change takes off; empty when the service gives up isolation or its input. */
  users: string[];
  buckets: string[];
  severity: FdlProblem['severity'];
  message: string;
}

/** OSCAR takes the domain off the id of a user in some places and leaves it in others. */
function bare(user: string): string {
  return /^([0-9a-z]+)@/.exec(user)?.[1] ?? user;
}

/** Whether two ids mean one user. */
export function isSameUser(a: string, b: string): boolean {
  return a === b || bare(a) === bare(b);
}

/** The id of a user as OSCAR puts it behind the name of a bucket. */
function idOf(user: string): string {
  return bare(user).slice(0, 10);
}

/**
 * Buckets that a change would delete: with isolation USER each allowed user has a bucket, and the cluster deletes it with its
 * data when the user is taken off. Undefined when none goes.
 */
export function lostBuckets(wanted: Partial<IOscarService>, deployed: IOscarService): ILostBuckets | undefined {
  const before = deployed.bucket_list ?? [];
  if (deployed.isolation_level?.toUpperCase() !== 'USER' || before.length === 0) {
    return undefined;
  }
  const stay = new Set((wanted.allowed_users ?? []).map(user => user.trim()));
  const isolated = wanted.isolation_level?.toUpperCase() === 'USER';
  const listens = (wanted.input ?? []).length > 0;
  // As a plain service it leaves the buckets of its users alone.
  if (!isolated) {
    return undefined;
  }
  const users = (deployed.allowed_users ?? []).filter(user => !stay.has(user.trim()));
  const ids = new Set([...stay].map(idOf));
  const buckets = before.filter(bucket =>
    listens ? users.some(user => !ids.has(idOf(user)) && bucket.endsWith(`-${idOf(user)}`)) : true
  );
  if (buckets.length === 0) {
    return undefined;
  }
  const names = buckets.join(', ');
  const one = buckets.length === 1;
  return {
    users: listens ? users : [],
    buckets,
    severity: 'warning',
    message: `${
      listens
        ? `Taking ${users.join(', ')} off the allowed users`
        : 'Without an input the users have no buckets: this change'
    } deletes the bucket${one ? '' : 's'} ${names} with all that is in ${one ? 'it' : 'them'}. Copy the files first, or keep the user${users.length > 1 || !listens ? 's' : ''} in the list.`
  };
}
