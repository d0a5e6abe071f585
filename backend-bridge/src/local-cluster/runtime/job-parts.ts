import { randomUUID } from 'node:crypto';
import type { IOscarService } from '../../fdl/service';
import { BridgeError } from '../../http/errors';
import type { IJobRow } from './journal';
import { parseEvent } from './supervisor/events';

/** A row with nothing in it. */
export const BLANK: IJobRow = {
  id: 0,
  name: '',
  service: '',
  status: 'Unknown',
  reason: null,
  created: 0,
  started: null,
  finished: null,
  exit_code: null,
  cancelled: 0,
  owner: '',
  bucket: null,
  key: null,
  outputs: '[]',
  attempt: 0,
  log_bytes: 0,
  stamps: '[]'
};

/** Source: oscar pkg/handlers/job.go; names of Kubernetes are short. */
export function jobName(service: string): string {
  return `${service.length >= 25 ? service.slice(0, 16) : service}-${randomUUID()}`;
}

/** Bucket and key of a storage event. */
export function inputOf(body: Buffer, service: IOscarService): { bucket: string; key: string } | undefined {
  if (body.length > 65536 || !body.includes('Records')) {
    return undefined;
  }
  try {
    const { event } = parseEvent(body, { input: service.input });
    return event.kind === 'storage' && event.bucket !== undefined
      ? { bucket: event.bucket, key: event.key }
      : undefined;
  } catch {
    // A body that the supervisor will not understand either; the job says so when it runs.
    return undefined;
  }
}

/** Name of the page after a job; opaque to clients. */
export function writePage(id: number): string {
  return Buffer.from(`v1:${id}`).toString('base64url');
}

/** The job after which a page begins. Throws an error with code `BadPage`. */
export function readPage(page: string | undefined): number | undefined {
  if (page === undefined || page === '') {
    return undefined;
  }
  const match = /^v1:(\d+)$/.exec(Buffer.from(page, 'base64url').toString('latin1'));
  if (!match) {
    throw Object.assign(new Error('The page is none that a list has given.'), { code: 'BadPage' });
  }
  return Number(match[1]);
}

/** Why work is refused: its service is gone, or (without one) the cluster is stopping. */
export function gone(service: string): BridgeError {
  return service
    ? new BridgeError({
        type: 'not-found',
        title: 'The service is gone',
        status: 404,
        detail: `The service ${service} was deleted.`
      })
    : new BridgeError({
        type: 'stopping',
        title: 'The cluster is stopping',
        status: 503,
        detail: 'The cluster is stopping and takes no more work.',
        action: 'Start it again; what was accepted is kept.'
      });
}
