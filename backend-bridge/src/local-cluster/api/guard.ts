import { timingSafeEqual, createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Names under which a loopback server may be called. Anything else is a name that somebody made to point here (DNS rebinding). */
export function isAllowedHost(header: string | undefined, bound: string): boolean {
  const host = hostName(header);
  if (host === undefined) {
    return false;
  }
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === 'host.containers.internal' ||
    host === 'host.docker.internal' ||
    host === '[::1]' ||
    host === bound.toLowerCase() ||
    host === `[${bound.toLowerCase()}]` ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
  );
}

function hostName(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1].toLowerCase();
}

/**
 * True when the request comes from no web page, or from one of this very host and port. A page elsewhere has no business with
 * the cluster, and its browser may hold the user's credentials.
 */
export function isAllowedOrigin(request: IncomingMessage): boolean {
  const origin = request.headers.origin;
  if (origin === undefined) {
    return request.headers['sec-fetch-site'] !== 'cross-site' || request.headers['sec-fetch-mode'] === 'navigate';
  }
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  return match !== null && match[1].toLowerCase() === (request.headers.host ?? '').toLowerCase();
}

/** Takes as long for a wrong secret as for the right one, whatever their lengths. */
export function sameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** User and password of a Basic header; undefined when it is none. */
export function parseBasic(header: string | undefined): { user: string; password: string } | undefined {
  const match = /^Basic ([A-Za-z0-9+/=_-]+)$/.exec(header ?? '');
  if (!match) {
    return undefined;
  }
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
