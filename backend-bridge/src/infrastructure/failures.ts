import { isIP } from 'node:net';
import { BridgeError, isProblem } from '../http';
import { capital, causeOf } from '../http/failures';

/** What IM answered with a status that says no. */
export interface IImFailure {
  who: string;
  /** What was asked for: `create the infrastructure`. */
  what: string;
  status: number;
  contentType: string;
  text: string;
}

/** An expired or refused token is 401 on the lists and 400 on everything below one infrastructure. */
const EXPIRED = /token expired|Invalid InfrastructureManager credentials|decode OIDC/i;

/** The sentence in an error body: IM's own JSON, FastAPI's, or text. Lines of the server's own stack are left out. */
export function messageOf(text: string): string {
  let message = text;
  try {
    const body = JSON.parse(text) as { message?: unknown; detail?: unknown };
    const told = body.message ?? body.detail;
    if (typeof told === 'string') {
      message = told;
    } else if (Array.isArray(told)) {
      message = told
        .map(item => {
          const { loc, msg } = (item ?? {}) as { loc?: unknown; msg?: unknown };
          return [Array.isArray(loc) ? loc.join('.') : '', typeof msg === 'string' ? msg : '']
            .filter(Boolean)
            .join(': ');
        })
        .join('; ');
    }
  } catch {
    // Text it is.
  }
  // As Python and the TOSCA parser write them.
  const cut = message.search(/\n?\s*File (?:"|[/<][^\n]*, line \d)/);
  return (cut >= 0 ? message.slice(0, cut) : message).trim();
}

export function isHtml(contentType: string, text: string): boolean {
  return /text\/html/i.test(contentType) || /^\s*<(!doctype|html)/i.test(text);
}

/** An answer that says no, as a problem. */
export function imFailure({ who, what, status, contentType, text }: IImFailure): BridgeError {
  const name = capital(who);
  if (isHtml(contentType, text)) {
    return notIm(who, `HTTP status ${status}, a web page`);
  }
  const message = messageOf(text);
  const cause = causeOf(message) ?? `HTTP status ${status}`;
  const make = (type: string, title: string, shown: number, detail: string, action?: string): BridgeError =>
    new BridgeError({ type, title, status: shown, detail, cause, action });
  if (EXPIRED.test(message)) {
    return make(
      'unauthorized',
      'The sign-in has expired or is not accepted',
      403,
      `${name} does not accept the token, or it has expired.`,
      'Give a new token; what was begun goes on with it.'
    );
  }
  if (status === 401) {
    return make(
      'unauthorized',
      'Not signed in',
      403,
      `${name} does not accept the credentials.`,
      'Give a token, or a user and password, for the Infrastructure Manager.'
    );
  }
  if (status === 403 && /DisabledFunction|boot mode|not enabled/i.test(message)) {
    return make('forbidden', 'Switched off', 403, `${name} does not ${what} at the moment: it is in maintenance.`);
  }
  if (status === 403) {
    return make(
      'forbidden',
      'Not allowed',
      403,
      `${name} does not let you ${what}: it belongs to somebody else.`,
      'Ask its owner to add you.'
    );
  }
  if (status === 404) {
    return make('not-found', 'Not found', 404, `${name} could not ${what}: it is not there, or not yours.`);
  }
  if (status === 409) {
    return make(
      'busy',
      'Still busy',
      409,
      `${name} could not ${what}: machines are being added just now.`,
      'Wait until they are there, then try again.'
    );
  }
  if (/No cloud provider available/i.test(message)) {
    return make(
      'invalid',
      'No cloud fits',
      400,
      `${name} could not ${what}: no cloud of the credentials takes this template and image.`,
      'Check the type of the credentials and the address of the image.'
    );
  }
  if (status === 429 || status >= 502) {
    return make('unreachable', 'Not available now', 502, `${name} is not available now.`, 'Try again in a moment.');
  }
  if (status >= 400 && status < 500) {
    return make(
      'invalid',
      'Refused',
      400,
      `${name} could not ${what}: ${sentence(message)}`,
      'Change what it names, and try again.'
    );
  }
  return make(
    'remote-error',
    'The Infrastructure Manager failed',
    502,
    `${name} could not ${what}: it reported an error of its own.`,
    'Try again; if it stays so, tell the administrator of that server what it said.'
  );
}

/** Something answers at the address, and it is no IM. */
export function notIm(who: string, cause: string): BridgeError {
  return new BridgeError({
    type: 'remote-error',
    title: 'No Infrastructure Manager',
    status: 502,
    detail: `What answers at the address of ${who} is not an Infrastructure Manager.`,
    cause,
    action: 'Check the address in the settings; it often ends in /im.'
  });
}

/** Addresses that a hub's network policy closes to the pods of its users. */
export function isPrivateHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return isIP(bare) === 4
    ? /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.)/.test(bare)
    : isIP(bare) === 6 && /^f[cde]/i.test(bare);
}

/** Adds to a lack of answer what is the usual reason for it on a hub. */
export function withNetworkHint(error: unknown, address: string, env: NodeJS.ProcessEnv = process.env): unknown {
  const host = URL.canParse(address) ? new URL(address).hostname : '';
  if (!isProblem(error, 'unreachable') || !isPrivateHost(host)) {
    return error;
  }
  const onHub = env['JUPYTERHUB_USER'] !== undefined || env['KUBERNETES_SERVICE_HOST'] !== undefined;
  return new BridgeError({
    ...pick(error),
    action: onHub
      ? `${host} is a private address, and the network policy of this hub usually forbids those. Ask its operator to allow it (egressAllowRules.privateIPs).`
      : `${host} is a private address: check that this machine is in that network.`
  });
}

function pick({ problem }: BridgeError): BridgeError.IOptions {
  return {
    type: problem.type.split(':').pop() ?? 'unreachable',
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    cause: problem.cause
  };
}

function sentence(text: string): string {
  const shown = causeOf(text.replace(/\s+/g, ' ').trim().slice(0, 400)) ?? 'it gives no reason.';
  return /[.!?]$/.test(shown) ? shown : `${shown}.`;
}
