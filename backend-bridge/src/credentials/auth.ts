import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BridgeError } from '../http/errors';
import { addSecret } from '../http/redact';
import { OidcAgent, oidcAgentOf } from './oidc-agent';
import type { ICredential, ICredentialView } from './store';
import type { Tokens } from './tokens';

/** What a call is for: the manager's own routes, or the two that take nothing but a service's token. */
export type AuthOperation = 'system' | 'job' | 'run';

export type Auth =
  | { kind: 'basic'; user: string; password: string }
  | { kind: 'bearer'; token: string }
  | { kind: 'service'; token: string };

type Source =
  | { kind: 'basic'; user: string; password: string }
  | { kind: 'platform' | 'token-file'; file: string }
  | { kind: 'oidc-agent'; agent: OidcAgent }
  | { kind: 'token' | 'environment' | 'given'; token: string };

/** Token files are small; a larger one is something else. */
export const LARGEST_TOKEN = 64 * 1024;

/** The value of an Authorization header. */
export function authorization(auth: Auth): string {
  return auth.kind === 'basic'
    ? `Basic ${Buffer.from(`${auth.user}:${auth.password}`, 'utf8').toString('base64')}`
    : `Bearer ${auth.token}`;
}

/** What a JSON Web Token says, without checking its signature; undefined for a text that is none. */
export function tokenClaims(token: string): Record<string, unknown> | undefined {
  const part = token.split('.')[1];
  if (!part) {
    return undefined;
  }
  try {
    const claims = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown;
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** When a JSON Web Token ends, without checking its signature. */
export function tokenExpiry(token: string): Date | undefined {
  const exp = tokenClaims(token)?.['exp'];
  return typeof exp === 'number' && Number.isFinite(exp) ? new Date(exp * 1000) : undefined;
}

/** The token file that the platform keeps fresh (EGI Notebooks, EOSC), when there is one. */
export function platformTokenFile(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folder = env['SECRETS_MOUNT_PATH'];
  const folders = [...(folder ? [folder] : []), '/var/run/secrets/egi.eu', '/var/run/secrets/oidc'];
  return folders.map(place => join(place, 'access_token')).find(file => existsSync(file));
}

/** @throws BridgeError `unauthorized` when the file holds no token */
export function readToken(file: string): string {
  let text: string;
  try {
    if (statSync(file).size > LARGEST_TOKEN) {
      throw new Error('the file is too large for a token');
    }
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new BridgeError({
      type: 'unauthorized',
      title: 'The token file cannot be read',
      status: 403,
      detail: `The token file ${file} cannot be read.`,
      cause: error instanceof Error ? error.message : undefined,
      action: 'Write a token into it, or add the cluster again with another one.'
    });
  }
  if (!text || /\s/.test(text)) {
    throw new BridgeError({
      type: 'unauthorized',
      title: 'The token file holds no token',
      status: 403,
      detail: `The token file ${file} is empty or holds something else than one token.`,
      action: 'Write a token into it.'
    });
  }
  addSecret(text);
  return text;
}

/**
 * Answers for one endpoint, on each call anew: token files are replaced behind our back, and tokens live an hour.
 *
 * A user and password that were given for this endpoint are used as they are. Else the order is: the file that the platform
 * mounts, oidc-agent where this environment names an account of it, the token file of this endpoint, the token in our own store,
 * the token of the environment, and the one that the user has given for all.
 */
export class EndpointAuth {
  constructor(options: {
    who: string;
    secure: boolean;
    credential: () => ICredential | undefined;
    env?: NodeJS.ProcessEnv;
    tokens?: Pick<Tokens, 'atHand'>;
  }) {
    this._who = options.who;
    this._secure = options.secure;
    this._credential = options.credential;
    this._env = options.env ?? process.env;
    this._tokens = options.tokens;
    const agent = oidcAgentOf(this._env);
    this._agent = agent && this._secure ? new OidcAgent(agent) : undefined;
  }

  /** @param serviceToken - for `job` and `run`; never another credential there: the service's own code would see it */
  async getAuth(operation: AuthOperation, serviceToken?: string): Promise<Auth> {
    if (operation !== 'system') {
      if (!serviceToken) {
        throw new BridgeError({
          type: 'forbidden',
          title: 'The service has no token',
          status: 403,
          detail: `${this._who} does not show the token of this service, which is needed to call it.`,
          action: 'Ask the owner of the service for access.'
        });
      }
      addSecret(serviceToken);
      return { kind: 'service', token: serviceToken };
    }
    const source = this._source();
    switch (source.kind) {
      case 'basic':
        return { kind: 'basic', user: source.user, password: source.password };
      case 'oidc-agent':
        return { kind: 'bearer', token: await source.agent.token() };
      case 'platform':
      case 'token-file':
        return { kind: 'bearer', token: readToken(source.file) };
      default:
        return { kind: 'bearer', token: source.token };
    }
  }

  view(): ICredentialView {
    try {
      const source = this._source();
      const { kind } = source;
      const expires =
        source.kind === 'basic'
          ? undefined
          : source.kind === 'oidc-agent'
            ? source.agent.expires
            : tokenExpiry('token' in source ? source.token : readToken(source.file));
      return { configured: true, kind, ...(expires ? { expiresAt: expires.toISOString() } : {}) };
    } catch (error) {
      if (error instanceof BridgeError) {
        return { configured: false };
      }
      throw error;
    }
  }

  /** Where the credential for the manager's own routes comes from. */
  private _source(): Source {
    const own = this._credential();
    if (own?.user !== undefined && own.password !== undefined) {
      return { kind: 'basic', user: own.user, password: own.password };
    }
    // A token that is worth an account does not travel in clear.
    const platform = this._secure ? platformTokenFile(this._env) : undefined;
    if (platform !== undefined) {
      return { kind: 'platform', file: platform };
    }
    if (this._agent) {
      return { kind: 'oidc-agent', agent: this._agent };
    }
    if (own?.tokenFile !== undefined) {
      return { kind: 'token-file', file: own.tokenFile };
    }
    if (own?.token !== undefined) {
      return { kind: 'token', token: own.token };
    }
    const user = this._secure ? this._tokens?.atHand() : undefined;
    if (user && (user.place === 'environment' || user.place === 'given')) {
      return { kind: user.place, token: user.token };
    }
    throw new BridgeError({
      type: 'unauthorized',
      title: 'No credentials',
      status: 403,
      detail: `There are no credentials for ${this._who}.`,
      action: 'Add the cluster again with a user and password, or with a token.'
    });
  }

  private readonly _who: string;
  private readonly _secure: boolean;
  private readonly _credential: () => ICredential | undefined;
  private readonly _env: NodeJS.ProcessEnv;
  private readonly _tokens: Pick<Tokens, 'atHand'> | undefined;
  private readonly _agent: OidcAgent | undefined;
}
