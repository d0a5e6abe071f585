import { createPublicKey, verify, constants, type JsonWebKey, type KeyObject } from 'node:crypto';

/** Who a bearer token is of. */
export interface IOidcUser {
  /** `sub` */
  uid: string;
  name: string;
  groups: string[];
}

/** Why a token is refused; `text` is what the manager says, '' for an empty answer. */
export class TokenError extends Error {
  constructor(
    readonly kind: 'malformed' | 'issuer' | 'refused' | 'group',
    readonly text: string
  ) {
    super(text || kind);
  }
}

interface IIssuer {
  userinfo: string;
  keys: Map<string, { key: KeyObject; algorithm?: string }>;
  fetched: number;
}

const TIMEOUT_MS = 10_000;
/** A token signed with an unknown key makes us ask again, but not more often than this. */
const REFRESH_MS = 30_000;
const USER_MS = 60_000;
const MAX_ANSWER = 1024 * 1024;
/** Clocks of issuers may be a little off. */
const LEEWAY_S = 5;

const ALGORITHMS: Record<string, { hash: string; padding?: number; dsaEncoding?: 'ieee-p1363' }> = {
  RS256: { hash: 'sha256' },
  RS384: { hash: 'sha384' },
  RS512: { hash: 'sha512' },
  PS256: { hash: 'sha256', padding: constants.RSA_PKCS1_PSS_PADDING },
  PS384: { hash: 'sha384', padding: constants.RSA_PKCS1_PSS_PADDING },
  PS512: { hash: 'sha512', padding: constants.RSA_PKCS1_PSS_PADDING },
  ES256: { hash: 'sha256', dsaEncoding: 'ieee-p1363' },
  ES384: { hash: 'sha384', dsaEncoding: 'ieee-p1363' },
  ES512: { hash: 'sha512', dsaEncoding: 'ieee-p1363' }
};

/** Checks tokens of the issuers that the operator named: signature by the issuer's keys, times, then its userinfo. */
export class OidcVerifier {
  constructor(private readonly _options: { issuers: string[]; groups: string[] }) {}

  /** The issuer in a token that was not checked yet. @throws TokenError `malformed` */
  static issuerOf(token: string): string {
    const { payload } = decodeToken(token);
    return typeof payload.iss === 'string' ? payload.iss : '';
  }

  knows(issuer: string): boolean {
    return issuer !== '' && this._options.issuers.includes(issuer);
  }

  /** @throws TokenError */
  async verify(token: string): Promise<IOidcUser> {
    const { header, payload, signed, signature } = decodeToken(token);
    const issuer = typeof payload.iss === 'string' ? payload.iss : '';
    if (!this.knows(issuer)) {
      throw new TokenError('issuer', `'${issuer}' is not listed as an authorized issuer`);
    }
    const algorithm = ALGORITHMS[String(header.alg)];
    const key =
      algorithm &&
      (await this._key(issuer, typeof header.kid === 'string' ? header.kid : undefined, String(header.alg)));
    if (
      !algorithm ||
      !key ||
      !verify(
        algorithm.hash,
        signed,
        { key, padding: algorithm.padding, dsaEncoding: algorithm.dsaEncoding },
        signature
      )
    ) {
      throw new TokenError('refused', '');
    }
    const now = Date.now() / 1000;
    if (
      typeof payload.exp !== 'number' ||
      payload.exp + LEEWAY_S < now ||
      (typeof payload.nbf === 'number' && payload.nbf - LEEWAY_S > now)
    ) {
      throw new TokenError('refused', '');
    }
    const cached = this._users.get(token);
    const user =
      cached && cached.until > Date.now()
        ? cached.user
        : await this._userinfo(issuer, token, String(payload.sub ?? ''));
    if (!cached || cached.user !== user) {
      this._remember(token, user, Math.min(Date.now() + USER_MS, payload.exp * 1000));
    }
    if (this._options.groups.length > 0 && !this._options.groups.some(group => user.groups.includes(group))) {
      throw new TokenError('group', '');
    }
    return user;
  }

  private _remember(token: string, user: IOidcUser, until: number): void {
    if (this._users.size > 1000) {
      this._users.clear();
    }
    this._users.set(token, { user, until });
  }

  private async _userinfo(issuer: string, token: string, subject: string): Promise<IOidcUser> {
    const { userinfo } = await this._issuer(issuer);
    const info = await getJson(userinfo, { Authorization: `Bearer ${token}` });
    const uid = typeof info.sub === 'string' && info.sub ? info.sub : subject;
    // Userinfo of another subject must not be used (OpenID Connect Core 5.3.2).
    if (!uid || (subject && uid !== subject)) {
      throw new TokenError('refused', '');
    }
    return { uid, name: typeof info.name === 'string' ? info.name : uid, groups: groupsOf(info) };
  }

  private async _key(issuer: string, id: string | undefined, algorithm: string): Promise<KeyObject | undefined> {
    const find = (known: IIssuer): KeyObject | undefined => {
      const entries =
        id === undefined ? [...known.keys.values()] : [known.keys.get(id)].filter(each => each !== undefined);
      return entries.find(each => (each.algorithm ?? algorithm) === algorithm && fits(each.key, algorithm))?.key;
    };
    const known = await this._issuer(issuer);
    const key = find(known);
    if (key || Date.now() - known.fetched < REFRESH_MS) {
      return key;
    }
    this._issuers.delete(issuer);
    return find(await this._issuer(issuer));
  }

  private _issuer(issuer: string): Promise<IIssuer> {
    let found = this._issuers.get(issuer);
    if (!found) {
      found = discover(issuer);
      this._issuers.set(issuer, found);
      found.catch(() => this._issuers.delete(issuer));
    }
    return found;
  }

  private readonly _issuers = new Map<string, Promise<IIssuer>>();
  private readonly _users = new Map<string, { user: IOidcUser; until: number }>();
}

interface IToken {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
  signed: Buffer;
  signature: Buffer;
}

function decodeToken(token: string): IToken {
  const parts = token.split('.');
  if (parts.length !== 3) {
    throw new TokenError('malformed', 'token is malformed: token contains an invalid number of segments');
  }
  const part = (text: string): Record<string, unknown> => {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new TypeError('not an object');
    }
    return value as Record<string, unknown>;
  };
  try {
    return {
      header: part(parts[0]),
      payload: part(parts[1]),
      signed: Buffer.from(`${parts[0]}.${parts[1]}`),
      signature: Buffer.from(parts[2], 'base64url')
    };
  } catch {
    throw new TokenError('malformed', 'token is malformed: could not JSON decode it');
  }
}

function fits(key: KeyObject, algorithm: string): boolean {
  return key.asymmetricKeyType === (algorithm.startsWith('ES') ? 'ec' : 'rsa');
}

async function discover(issuer: string): Promise<IIssuer> {
  const configuration = await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (
    configuration.issuer !== issuer ||
    typeof configuration.jwks_uri !== 'string' ||
    typeof configuration.userinfo_endpoint !== 'string'
  ) {
    throw new TokenError('refused', '');
  }
  const set = await getJson(configuration.jwks_uri);
  const keys = new Map<string, { key: KeyObject; algorithm?: string }>();
  for (const [index, jwk] of (Array.isArray(set.keys) ? (set.keys as JsonWebKey[]) : []).entries()) {
    if ((jwk.kty === 'RSA' || jwk.kty === 'EC') && (jwk.use === undefined || jwk.use === 'sig')) {
      const id = typeof jwk.kid === 'string' ? jwk.kid : `#${index}`;
      keys.set(id, {
        key: createPublicKey({ key: jwk, format: 'jwk' }),
        algorithm: typeof jwk.alg === 'string' ? jwk.alg : undefined
      });
    }
  }
  return { userinfo: configuration.userinfo_endpoint, keys, fetched: Date.now() };
}

/** An issuer that cannot be reached refuses everybody; what went wrong is no business of the caller. */
async function getJson(url: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  try {
    const response = await fetch(url, {
      headers: { Accept: 'application/json', ...headers },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS)
    });
    const length = Number(response.headers.get('content-length') ?? 0);
    if (!response.ok || length > MAX_ANSWER) {
      await response.body?.cancel();
      throw new TokenError('refused', '');
    }
    const value = (await response.json()) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    throw error instanceof TokenError ? error : new TokenError('refused', '');
  }
}

/** Groups as EGI (entitlements, URN), AI4EOSC (realm roles) and plain Keycloak (group_membership) say them. */
function groupsOf(info: Record<string, unknown>): string[] {
  const list = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
  const urns = [...list(info.entitlements), ...list(info.eduperson_entitlement)].map(urn => urn.split(':')[4] ?? '');
  const roles = list((info.realm_access as { roles?: unknown } | undefined)?.roles);
  const members = list(info.group_membership).map(group => group.replace(/^\//, ''));
  return [...urns, ...roles, ...members].filter(group => group !== '');
}
