import type { FdlProblem } from '../contract';
import { BridgeError } from '../http/errors';
import { capital, causeOf, remoteFailure } from '../http/failures';
import { commonProblem, sdkError, sdkErrorName, unanswered } from '../storage/sdk-errors';

const REFUSED = new Set([
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'IncompleteSignature',
  'AuthFailure',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException'
]);
const BUSY =
  /^(?:Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ProvisionedThroughput|EC2Throttled|LimitExceeded.*Rate)/;
const MISSING = /NotFound|^NoSuch|DoesNotExist|^404/;
const TAKEN = /Conflict|AlreadyExists|AlreadyOwned|EntityAlreadyExists/;

/** True for an error of AWS with one of these names. */
export function isAws(error: unknown, ...names: string[]): boolean {
  return names.includes(sdkErrorName(error));
}

/** True for "there is no such thing", in the words of all services. */
export function isGone(error: unknown): boolean {
  return (
    MISSING.test(sdkErrorName(error)) ||
    (sdkError(error).$metadata?.httpStatusCode === 404 && !(error instanceof BridgeError)) ||
    (error instanceof BridgeError && error.problem.status === 404)
  );
}

/** True for "something of that name exists". */
export function isTaken(error: unknown): boolean {
  return TAKEN.test(sdkErrorName(error));
}

/** True for "you may not". */
export function isDenied(error: unknown): boolean {
  return (
    /^(?:AccessDenied|UnauthorizedOperation|AuthorizationError|Forbidden)/.test(sdkErrorName(error)) ||
    (error instanceof BridgeError && error.problem.type.endsWith(':forbidden'))
  );
}

/**
 * An error of AWS as a problem.
 *
 * @param what - the end of "could not …", for instance `create the function "ocr"`
 */
export function awsError(error: unknown, what: string): BridgeError {
  if (error instanceof BridgeError) {
    return error;
  }
  const common = commonProblem(error, 'AWS', what);
  if (common) {
    return common;
  }
  const { message, $metadata } = sdkError(error);
  const name = sdkErrorName(error);
  const text = message ?? String(error);
  const status = $metadata?.httpStatusCode;
  if (/^(?:ExpiredToken|TokenRefreshRequired|RequestExpired)/.test(name) || /\bexpired\b/i.test(sso(name, text))) {
    return expired(text);
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    return noCredentials(text);
  }
  if (REFUSED.has(name)) {
    return new BridgeError({
      type: 'unauthorized',
      title: 'AWS does not accept the credentials',
      status: 403,
      detail: `AWS could not ${what}: it does not accept the credentials.`,
      cause: causeOf(`${name}: ${text}`),
      action: 'Choose another profile, or renew the keys of this one.'
    });
  }
  if (isDenied(error) || status === 403) {
    const permission = /not authorized to perform:? (\S+?)[\s.,]/.exec(`${text} `)?.[1];
    return new BridgeError({
      type: 'forbidden',
      title: 'Not allowed',
      status: 403,
      detail: `AWS does not allow you to ${what}.`,
      cause: causeOf(`${name}: ${text}`),
      action:
        permission === undefined
          ? 'Ask the administrator of the account for the permission.'
          : `Ask the administrator of the account for the permission ${permission}.`
    });
  }
  if (BUSY.test(name) || status === 429) {
    return new BridgeError({
      type: 'unreachable',
      title: 'AWS is busy',
      status: 502,
      detail: `AWS could not ${what}: too many calls at once.`,
      cause: causeOf(`${name}: ${text}`),
      action: 'Try again in a minute.'
    });
  }
  if (name === 'BucketAlreadyExists' || (name === 'Forbidden' && status === 403)) {
    return new BridgeError({
      type: 'conflict',
      title: 'The name is taken',
      status: 409,
      detail: `AWS could not ${what}: a bucket of that name belongs to somebody else. Names of buckets are unique in the world.`,
      cause: causeOf(text),
      action: 'Choose another name.'
    });
  }
  if (status === undefined || status === 0) {
    return unanswered(error, 'AWS', what, name && name !== 'Error' ? `${name}: ${text}` : text);
  }
  if (isGone(error)) {
    return remoteFailure({ who: 'AWS', what, status: 404, text: `${name}: ${text}` });
  }
  if (isTaken(error)) {
    return remoteFailure({ who: 'AWS', what, status: 409, text: `${name}: ${text}` });
  }
  return remoteFailure({
    who: 'AWS',
    what,
    status: status === 401 ? 400 : status,
    text: `${name}: ${text}`,
    ...(status >= 500 ? { action: 'Try again in a moment.' } : {})
  });
}

/** Runs a call; what it throws becomes a problem that says what could not be done. */
export async function calling<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw awsError(error, what);
  }
}

/** The text, where it is about signing in. */
function sso(name: string, text: string): string {
  return /Provider/.test(name) ? text : '';
}

/** There are no credentials at all. */
function noCredentials(cause?: string): BridgeError {
  return new BridgeError({
    type: 'no-credentials',
    title: 'No AWS credentials',
    status: 403,
    detail: 'No credentials of AWS were found.',
    cause: causeOf(cause),
    action: 'Run "aws configure", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or try the local AWS emulator.'
  });
}

/** The credentials were good and are no more. */
export function expired(cause?: string): BridgeError {
  return new BridgeError({
    type: 'expired',
    title: 'The AWS credentials have expired',
    status: 403,
    detail: 'The credentials of AWS are no longer valid.',
    cause: causeOf(cause),
    action: 'Sign in again ("aws sso login", or new keys), then repeat this.'
  });
}

/** What the user asked for cannot be done with what there is. */
export function refused(detail: string, action?: string, extra?: Record<string, unknown>): BridgeError {
  return new BridgeError({ type: 'invalid', title: 'Not possible', status: 400, detail, action, extra });
}

/** What an FDL has of errors keeps it from being deployed. @throws BridgeError */
export function refuseErrors(problems: FdlProblem[]): void {
  const first = problems.find(problem => problem.severity === 'error');
  if (first) {
    throw new BridgeError({
      type: 'invalid-fdl',
      title: 'The FDL has problems',
      status: 400,
      detail: `${first.file}:${first.line}: ${first.message}`,
      action: 'Correct it, then deploy again.',
      extra: { problems }
    });
  }
}

/** Not here (yet): said plainly. */
export function notSupported(detail: string, action?: string): BridgeError {
  return new BridgeError({ type: 'not-supported', title: 'Not supported', status: 501, detail, action });
}

/** There is nothing of this name. */
export function missing(kind: string, name: string, action?: string): BridgeError {
  return new BridgeError({
    type: 'not-found',
    title: `${capital(kind)} not found`,
    status: 404,
    detail: `There is no ${kind} "${name}" in this region of the account.`,
    action: action ?? 'Check the name, the region and the profile.'
  });
}
