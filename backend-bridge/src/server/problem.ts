import { PROBLEM_PREFIX, type Problem } from '../contract';
import { BridgeError } from '../http/errors';
import { redact, redactText } from '../http/redact';
import type { ILog } from './log';

export const PROBLEM_TYPE = 'application/problem+json';

/** An error as Fastify and Node throw it. */
interface ICodedError {
  code?: string;
  statusCode?: number;
  message?: string;
}

function plain(type: string, title: string, status: number, detail: string, action?: string): Problem {
  return { type: PROBLEM_PREFIX + type, title, status, detail, ...(action === undefined ? {} : { action }) };
}

/** Errors of the disk that a user can do something about. */
function diskProblem(code: string): Problem | undefined {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return plain(
        'disk-full',
        'The disk is full',
        507,
        'There is no room left to write.',
        'Free some space, then try again.'
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return plain(
        'not-permitted',
        'A file may not be read or written',
        403,
        'This user may not read or write a file that is needed.',
        'Check the permissions of the folder.'
      );
    case 'ENOENT':
      return plain('not-found', 'A file is missing', 404, 'A file that is needed is not there any more.');
    case 'EMFILE':
    case 'ENFILE':
      return plain(
        'too-many-files',
        'Too many files are open',
        503,
        'This machine allows no more open files.',
        'Wait for running transfers, or raise the limit of open files.'
      );
    default:
      return undefined;
  }
}

/** Fastify's own refusals, in our words. */
function requestProblem(error: ICodedError): Problem | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return plain(
        'too-large',
        'The body is too large',
        413,
        'The body is larger than this route takes.',
        'Send files as an upload in parts, or put them into a bucket.'
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return plain(
        'media-type',
        'This type of content is not taken here',
        415,
        'The Content-Type of the body is not one that this route reads.',
        'Send application/json.'
      );
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return plain('invalid', 'The request is not valid', 400, 'The body is empty: send a JSON object.');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return plain('invalid', 'The request is not valid', 400, 'The body could not be read as JSON.');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return plain(
        'invalid',
        'The request is not valid',
        400,
        'The address could not be read: it has wrong percent-encoding or a part that is too long.'
      );
    default:
      break;
  }
  const status = error.statusCode;
  if (status !== undefined && status >= 400 && status < 500) {
    return plain(
      'invalid',
      'The request is not valid',
      status,
      redactText(error.message ?? 'The request could not be read.')
    );
  }
  return undefined;
}

/**
 * What to tell the caller about anything that was thrown. Errors that are not meant for users become a short 500, and go to the log whole.
 */
export function toProblem(error: unknown, log?: ILog): Problem {
  if (error instanceof BridgeError) {
    return redact(error.problem);
  }
  if (error instanceof URIError) {
    return plain('invalid', 'The request is not valid', 400, 'The address has wrong percent-encoding.');
  }
  const coded = (typeof error === 'object' && error !== null ? error : {}) as ICodedError;
  const known = (coded.code === undefined ? undefined : diskProblem(coded.code)) ?? requestProblem(coded);
  if (known) {
    log?.warning(`${known.title}: ${String(error)}`);
    return known;
  }
  log?.error('Unexpected error', error);
  return plain(
    'internal',
    'Something went wrong in the bridge',
    500,
    'An unexpected error happened; its details are in the log of the Jupyter server.',
    'Try again. If it stays, report it with the log.'
  );
}

export function unknownRoute(method: string, path: string): BridgeError {
  return new BridgeError({
    type: 'unknown-route',
    title: 'There is nothing at this address',
    status: 404,
    detail: `${method} ${path.slice(0, 200)} is not something the bridge answers.`,
    action: 'The list of addresses is at /v1/openapi.json.'
  });
}

/** 404 with what there is instead. */
export function notFound(what: string, name: string, action?: string): BridgeError {
  return new BridgeError({
    type: 'not-found',
    title: `${what} not found`,
    status: 404,
    detail: `There is no ${what.toLowerCase()} “${name.slice(0, 200)}”.`,
    action
  });
}

export function invalid(detail: string, action?: string): BridgeError {
  return new BridgeError({ type: 'invalid', title: 'The request is not valid', status: 400, detail, action });
}

export function unauthorized(): BridgeError {
  return new BridgeError({
    type: 'unauthorized',
    title: 'Not authorized',
    status: 401,
    detail: 'The bridge answers only who knows its secret.',
    action: 'Take it from the connection file in the runtime folder of Jupyter.'
  });
}
