import { BridgeError } from '../http/errors';
import { capital, causeOf, isNetworkCode, isProblem, remoteFailure, unreachable } from '../http/failures';

/** What the S3 client throws, as far as it is looked at. */
interface IS3Error {
  name?: string;
  Code?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
  cause?: unknown;
}

const CREDENTIAL_CODES = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'AuthorizationHeaderMalformed'
]);

/**
 * An error of the S3 client as a problem.
 *
 * @param who - the store as the user knows it
 * @param what - the end of "could not …", for instance `read "in/a.txt"`
 */
export function storageError(error: unknown, who: string, what: string): BridgeError {
  if (error instanceof BridgeError) {
    return error;
  }
  const s3 = (typeof error === 'object' && error !== null ? error : {}) as IS3Error;
  const name = s3.Code ?? s3.name ?? '';
  const status = s3.$metadata?.httpStatusCode;
  if (name === 'AbortError') {
    return new BridgeError({
      type: 'cancelled',
      title: 'Cancelled',
      status: 499,
      detail: `Stopped before it could ${what}.`
    });
  }
  if (CREDENTIAL_CODES.has(name)) {
    return remoteFailure({
      who,
      what,
      status: 401,
      text: s3.message,
      action: 'The keys of the object store have changed: try again.'
    });
  }
  if (name === 'BucketNotEmpty') {
    return new BridgeError({
      type: 'conflict',
      title: 'The bucket is not empty',
      status: 409,
      detail: `${capital(who)} could not ${what}: there are objects in it.`,
      action: 'Delete its objects first.'
    });
  }
  if (name === 'RequestTimeTooSkewed') {
    return new BridgeError({
      type: 'unauthorized',
      title: 'The clocks differ',
      status: 403,
      detail: `${capital(who)} refuses the call because its clock and the one of this machine differ too much.`,
      cause: causeOf(s3.message),
      action: 'Set the clock of this machine.'
    });
  }
  // The SDK sometimes wraps what it got, and leaves only the text of it.
  const code = s3.code ?? (name === 'TimeoutError' ? 'ETIMEDOUT' : /\b(E[A-Z_]{4,})\b/.exec(s3.message ?? '')?.[1]);
  if (status === undefined || status === 0) {
    // Errors of the network have a code; errors of the stream that was being sent have their own words.
    return code !== undefined && (isNetworkCode(code) || /CERT|TLS/.test(code))
      ? unreachable(who, code, s3.message)
      : new BridgeError({
          type: 'remote-error',
          title: 'Not done',
          status: 502,
          detail: `${capital(who)} could not ${what}.`,
          cause: causeOf(s3.message ?? String(error)),
          action: 'Try again.'
        });
  }
  return remoteFailure({
    who,
    what,
    status,
    text: name === s3.message || !s3.message ? name : `${name}: ${s3.message}`
  });
}

/** True for "there is no such bucket or object". */
export function isMissing(error: unknown): boolean {
  return isProblem(error, 'not-found');
}
