import type { IOscarService } from '../../fdl/service';
import { sameSecret } from './guard';
import { empty, fail, type IReply } from './http';
import type { IContext } from './manager';

/** Name of the cookie that lets a browser in to an exposed service. */
export function cookieName(service: string): string {
  return `oscar_service_${service.replaceAll('-', '_')}_auth`;
}

export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) {
      return part.slice(equals + 1).trim();
    }
  }
  return undefined;
}

/** 64 characters: the length by which the manager tells a service's token from a user's. */
export function isServiceToken(text: string | undefined | null): text is string {
  return typeof text === 'string' && text.length === 64;
}

/** Tokens that a request to `/auth` carries. A bearer hides the others. */
export function tokenCandidates(context: Pick<IContext, 'request' | 'query' | 'params'>): string[] {
  const { headers } = context.request;
  const bearer = /^Bearer +(\S+)$/.exec(headers.authorization ?? '')?.[1];
  if (isServiceToken(bearer)) {
    return [bearer];
  }
  const forwarded = headers['x-forwarded-uri'];
  const question = typeof forwarded === 'string' ? forwarded.indexOf('?') : -1;
  const candidates = [
    context.query.get('token'),
    question < 0 ? undefined : new URLSearchParams((forwarded as string).slice(question)).get('token'),
    readCookie(headers.cookie, cookieName(context.params.name))
  ];
  return candidates.filter(isServiceToken);
}

/** `GET /system/services/:name/auth` with a token of the service. */
export function authByToken(context: IContext, candidates: string[]): IReply {
  const service = context.manager.state.service(context.params.name);
  if (!service) {
    // What the real manager says of a service that it does not find this way.
    fail(context.manager.strict ? 500 : 404);
  }
  if (!candidates.some(candidate => sameSecret(candidate, service.token))) {
    fail(401);
  }
  return { ...empty(200), headers: { 'Set-Cookie': cookie(context, service) } };
}

/** The same for the administrator and users. */
export function authByCaller(context: IContext): IReply {
  const service = context.manager.state.service(context.params.name) ?? fail(404);
  if (!context.manager.mayRead(context.caller, service)) {
    fail(403);
  }
  return empty(200);
}

function cookie(context: IContext, service: IOscarService): string {
  const secure = context.request.headers['x-forwarded-proto'] === 'https' ? ' Secure;' : '';
  return `${cookieName(service.name)}=${service.token}; Path=/system/services/${service.name}/exposed; HttpOnly;${secure} SameSite=Lax`;
}
