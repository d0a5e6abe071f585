import type { TokenInfo } from '../contract';
import { BridgeError } from '../http/errors';
import { addSecret } from '../http/redact';
import { LARGEST_TOKEN, platformTokenFile, readToken, tokenClaims, tokenExpiry } from './auth';
import { OidcAgent, oidcAgentOf } from './oidc-agent';

export type TokenPlace = 'file' | 'environment' | 'oidc-agent' | 'given';

export interface IToken {
  token: string;
  place: TokenPlace;
  expires?: Date;
}

/** A token that ends sooner is called expiring: what begins now may outlive it. Milliseconds. */
const SOON = 10 * 60_000;

/**
 * The user's own OIDC token, looked for anew on each use: files are replaced behind our back. In this order, those that have
 * expired last: a file of the platform, the environment, oidc-agent, one that was given and is kept in memory only.
 */
export class Tokens {
  constructor(options: { env?: NodeJS.ProcessEnv; log?: (line: string) => void } = {}) {
    this._env = options.env ?? process.env;
    this._log = options.log;
    const agent = oidcAgentOf(this._env);
    this._agent = agent && new OidcAgent(agent);
  }

  /** @throws BridgeError `invalid` for a text that is no token */
  give(token: string): void {
    const text = token.trim();
    if (text === '' || /\s/.test(text) || text.length > LARGEST_TOKEN) {
      throw new BridgeError({
        type: 'invalid',
        title: 'Not a token',
        status: 400,
        detail: 'A token is one word without spaces.',
        action: 'Copy the whole access token, and nothing else.'
      });
    }
    addSecret(text);
    this._given = text;
  }

  forget(): void {
    this._given = undefined;
  }

  /** The best token there is, also an expired one; undefined when there is none. */
  async current(): Promise<IToken | undefined> {
    let expired: IToken | undefined;
    for await (const found of this._all()) {
      const expires = tokenExpiry(found.token);
      const token = { ...found, ...(expires ? { expires } : {}) };
      if (!expires || expires.getTime() > Date.now()) {
        return token;
      }
      expired ??= token;
    }
    return expired;
  }

  /** One that needs no asking: of the environment, or given. For calls that have nothing better. */
  atHand(): IToken | undefined {
    const environment = this._env['OIDC_ACCESS_TOKEN']?.trim();
    const found = [
      { token: environment, place: 'environment' as const },
      { token: this._given, place: 'given' as const }
    ]
      .filter((item): item is { token: string; place: 'environment' | 'given' } => Boolean(item.token))
      .map(item => ({ ...item, expires: tokenExpiry(item.token) }));
    const best = found.find(({ expires }) => !expires || expires.getTime() > Date.now()) ?? found[0];
    if (best) {
      addSecret(best.token);
    }
    return best && { token: best.token, place: best.place, ...(best.expires ? { expires: best.expires } : {}) };
  }

  /** Who the token says the user is. */
  async info(): Promise<TokenInfo> {
    const found = await this.current();
    if (!found) {
      return { source: 'none', vos: [], state: 'none', refreshable: false };
    }
    const claims = tokenClaims(found.token) ?? {};
    const left = found.expires ? found.expires.getTime() - Date.now() : Infinity;
    const text = (...names: string[]): string | undefined =>
      names.map(name => claims[name]).find((value): value is string => typeof value === 'string' && value !== '');
    const subject = text('sub');
    const name = text('preferred_username', 'name', 'email');
    const issuer = text('iss');
    return {
      source: found.place,
      ...(subject === undefined ? {} : { subject }),
      ...(name === undefined ? {} : { name }),
      ...(issuer === undefined ? {} : { issuer }),
      vos: vosOf(claims),
      ...(found.expires ? { expiresAt: found.expires.toISOString() } : {}),
      state: left <= 0 ? 'expired' : left < SOON ? 'expiring' : 'valid',
      refreshable: found.place === 'file' || found.place === 'oidc-agent'
    };
  }

  private async *_all(): AsyncGenerator<{ token: string; place: TokenPlace }> {
    const file = platformTokenFile(this._env);
    const fromFile = file === undefined ? undefined : await this._quietly(() => readToken(file));
    if (fromFile !== undefined) {
      yield { token: fromFile, place: 'file' };
    }
    const fromEnvironment = this._env['OIDC_ACCESS_TOKEN']?.trim();
    if (fromEnvironment) {
      addSecret(fromEnvironment);
      yield { token: fromEnvironment, place: 'environment' };
    }
    const agent = this._agent;
    const fromAgent = agent && (await this._quietly(() => agent.token()));
    if (fromAgent !== undefined) {
      yield { token: fromAgent, place: 'oidc-agent' };
    }
    if (this._given !== undefined) {
      yield { token: this._given, place: 'given' };
    }
  }

  /** A place that has none (an empty file before the first sign-in, an agent that is not running) hides no other. */
  private async _quietly(read: () => string | Promise<string>): Promise<string | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      if (error.message !== this._said) {
        this._said = error.message;
        this._log?.(error.message);
      }
      return undefined;
    }
  }

  private readonly _env: NodeJS.ProcessEnv;
  private readonly _log: ((line: string) => void) | undefined;
  private readonly _agent: OidcAgent | undefined;
  private _given: string | undefined;
  private _said = '';
}

/** Virtual organisations in the entitlements: `urn:mace:egi.eu:group:<VO>:role=…`. */
function vosOf(claims: Record<string, unknown>): string[] {
  const entitlements = ['eduperson_entitlement', 'entitlements'].flatMap(name => {
    const value = claims[name];
    return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
  });
  const vos = entitlements
    .map(text => text.split(':'))
    .filter(parts => parts[0] === 'urn' && parts[3] === 'group' && parts[4])
    .map(parts => decodeURIComponentSafely(parts[4].split('#')[0]));
  return [...new Set(vos)];
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
