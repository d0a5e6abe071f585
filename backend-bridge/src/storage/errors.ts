import { BridgeError } from '../http/errors';
import { capital, isProblem, remoteFailure } from '../http/failures';
import { commonProblem, sdkError, sdkErrorName, unanswered } from './sdk-errors';

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
  const common = commonProblem(error, who, what);
  if (common) {
    return common;
  }
  const { message, $metadata } = sdkError(error);
  const name = sdkErrorName(error);
  const status = $metadata?.httpStatusCode;
  if (CREDENTIAL_CODES.has(name)) {
    return remoteFailure({
      who,
      what,
      status: 401,
      text: message,
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
  if (status === undefined || status === 0) {
    return unanswered(error, who, what, message ?? String(error));
  }
  return remoteFailure({
    who,
    what,
    status,
    text: name === message || !message ? name : `${name}: ${message}`
  });
}

/** True for "there is no such bucket or object". */
export function isMissing(error: unknown): boolean {
  return isProblem(error, 'not-found');
}
