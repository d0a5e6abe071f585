import { BridgeError } from './errors';
import { redactText } from './redact';

/** Texts of the other side are shown up to this length. */
const LONGEST_CAUSE = 2000;

const CERTIFICATE_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID'
]);

const NETWORK_SENTENCES: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'it did not answer in time',
  ECONNABORTED: 'it did not answer in time',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  EPROTO: 'it does not speak HTTPS there'
};

/** What the remote said, fit to be shown. */
export function causeOf(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  if (!trimmed) {
    return undefined;
  }
  const shown = redactText(trimmed.slice(0, LONGEST_CAUSE * 2));
  return shown.length > LONGEST_CAUSE ? shown.slice(0, LONGEST_CAUSE) + '…' : shown;
}

/** Codes of failures where no answer came: safe to try again for calls that change nothing. */
export function isNetworkCode(code: string | undefined): boolean {
  return code !== undefined && code in NETWORK_SENTENCES;
}

/**
 * No answer came.
 *
 * @param who - the endpoint as the user knows it, for instance `cluster "edge" (https://edge.example)`
 */
export function unreachable(who: string, code: string | undefined, message?: string): BridgeError {
  if (code !== undefined && CERTIFICATE_CODES.has(code)) {
    return new BridgeError({
      type: 'unreachable',
      title: 'The certificate is not trusted',
      status: 502,
      detail: `The certificate of ${who} could not be checked.`,
      cause: causeOf(message) ?? code,
      action:
        'Add the cluster again with the certificate of its authority, or without the check if you trust the network.',
      extra: { certificate: true }
    });
  }
  const why = NETWORK_SENTENCES[code ?? ''] ?? 'the connection failed';
  return new BridgeError({
    type: 'unreachable',
    title: 'Not reachable',
    status: 502,
    detail: `${capital(who)} cannot be reached: ${why}.`,
    cause: causeOf(message),
    action: 'Check the address and the network, then try again.'
  });
}

/** Upper-cases the first letter of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export interface IRemoteFailure {
  /** The endpoint as the user knows it. */
  who: string;
  /** What was asked for, as the end of "could not …": `create the service "ocr"`. */
  what: string;
  status: number;
  text?: string;
  action?: string;
}

/** An answer that says no, as a problem: type by status, `cause` is the remote's own text. */
export function remoteFailure(failure: IRemoteFailure): BridgeError {
  const { who, what, status, text, action } = failure;
  const cause = causeOf(text) ?? `HTTP status ${status}`;
  const could = `${capital(who)} could not ${what}`;
  // The manager answers a token that it cannot read with 400, and goes on to say two things at once.
  if (status === 401 || (status === 400 && /token is malformed|missing user identificator/.test(text ?? ''))) {
    return new BridgeError({
      type: 'unauthorized',
      title: 'Not signed in',
      status: 403,
      detail: `${capital(who)} does not accept the credentials.`,
      cause,
      action: action ?? 'Check the user and password, or get a new token; they live an hour.'
    });
  }
  if (status === 403) {
    return new BridgeError({
      type: 'forbidden',
      title: 'Not allowed',
      status: 403,
      detail: `${capital(who)} does not allow you to ${what}.`,
      cause,
      action: action ?? 'Ask its owner for access, or use another account.'
    });
  }
  if (status === 404) {
    return new BridgeError({
      type: 'not-found',
      title: 'Not found',
      status: 404,
      detail: `${could}: it is not there.`,
      cause,
      action
    });
  }
  if (status === 409 || /already exists|AlreadyExists/.test(text ?? '')) {
    return new BridgeError({
      type: 'conflict',
      title: 'Already there',
      status: 409,
      detail: `${could}: something of that name exists.`,
      cause,
      action
    });
  }
  if (status === 412) {
    return new BridgeError({
      type: 'conflict',
      title: 'Changed meanwhile',
      status: 409,
      detail: `${could}: it was changed meanwhile.`,
      cause,
      action
    });
  }
  if (status === 429 || status === 502 || status === 503 || status === 504) {
    return new BridgeError({
      type: 'unreachable',
      title: 'Not available now',
      status: 502,
      detail: `${capital(who)} is not available now.`,
      cause,
      action: action ?? 'Try again in a moment.'
    });
  }
  if (status >= 400 && status < 500) {
    return new BridgeError({
      type: 'invalid',
      title: 'Refused',
      status: 400,
      detail: `${could}: it refused the request.`,
      cause,
      action
    });
  }
  return new BridgeError({
    type: 'remote-error',
    title: 'The cluster failed',
    status: 502,
    detail: `${could}: it reported an error of its own.`,
    cause,
    action: action ?? 'Try again; if it stays so, tell the administrator of the cluster what it said.'
  });
}

/** True for a BridgeError of this type (last part of the problem's type). */
export function isProblem(error: unknown, ...types: string[]): error is BridgeError {
  return error instanceof BridgeError && types.some(type => error.problem.type.endsWith(`:${type}`));
}
