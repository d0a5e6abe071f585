import type { Problem } from '../contract';
import { BridgeError, redact } from '../http';

/** Anything that was thrown, as it may be shown. */
export function problemOf(error: unknown): Problem {
  return error instanceof BridgeError
    ? redact(error.problem)
    : new BridgeError({
        type: 'internal',
        title: 'Something went wrong in the bridge',
        status: 500,
        detail: 'An unexpected error happened; its details are in the log of the Jupyter server.'
      }).problem;
}

export function invalid(detail: string, action?: string): BridgeError {
  return new BridgeError({ type: 'invalid', title: 'The request is not valid', status: 400, detail, action });
}

export function noSuch(what: string, name: string, action?: string): BridgeError {
  return new BridgeError({
    type: 'not-found',
    title: `No such ${what}`,
    status: 404,
    detail: `There is no ${what} "${name.slice(0, 100)}".`,
    action
  });
}
