import { join } from 'node:path';
import type { ImServer } from '../contract';
import { readJson, writePrivateJson, type CredentialStore, type IToken, type Tokens } from '../credentials';
import { BridgeError } from '../http';
import { problemOf } from './problems';
import type { AuthItem } from './authorization';
import { isPrivateHost } from './failures';
import { ImClient, type IImAuth } from './im-client';

/** The public repository of the templates' authors. */
export const DEFAULT_CATALOGUE = 'https://github.com/grycap/tosca/tree/main/templates';
/** Under this name the store keeps the user of the IM itself; no cloud may be called so. */
export const SERVER_ID = ':server';
/** Nothing that takes a while begins with less. Milliseconds. */
const ENOUGH = 10 * 60_000;

/** `PUT /v1/im`. */
export interface IImChange {
  url?: string;
  templates?: string;
  user?: string;
  password?: string;
  ca?: string;
}

interface ISettings {
  url?: string;
  templates?: string;
  ca?: string;
}

/** Which Infrastructure Manager is used, and who the user is there. */
export class ImConnection {
  constructor(options: {
    data: string;
    store: CredentialStore;
    tokens: Tokens;
    env?: NodeJS.ProcessEnv;
    log?: (line: string) => void;
  }) {
    this._file = join(options.data, 'im.json');
    this._store = options.store;
    this._tokens = options.tokens;
    this._env = options.env ?? process.env;
    this._log = options.log;
  }

  get templates(): string {
    return this._settings().templates ?? this._env['OSCAR_IM_TEMPLATES'] ?? DEFAULT_CATALOGUE;
  }

  get url(): string | undefined {
    return this._settings().url ?? this._env['OSCAR_IM_URL'];
  }

  /** The server without its path; on this machine without its port, which changes with each start. */
  get place(): string | undefined {
    const url = this.url;
    if (!url || !URL.canParse(url)) {
      return undefined;
    }
    const { hostname, origin } = new URL(url);
    return isLoopback(hostname) ? hostname : origin;
  }

  /** @throws BridgeError `not-configured` */
  client(): ImClient {
    const { ca } = this._settings();
    const url = this.url;
    if (!url) {
      throw new BridgeError({
        type: 'not-configured',
        title: 'No Infrastructure Manager',
        status: 409,
        detail: 'It is not set which Infrastructure Manager makes the machines.',
        action: 'Give its address, for instance https://im.egi.eu/im.'
      });
    }
    const key = JSON.stringify([url, ca]);
    if (this._client?.key !== key) {
      // Calls under way keep the one that they have.
      this._client = { key, client: new ImClient({ url, ca, env: this._env }) };
    }
    return this._client.client;
  }

  /** The client for an infrastructure of that server. @throws BridgeError when another one is set */
  clientFor({ im, view }: { im: string; view: { name: string } }): ImClient {
    const client = this.client();
    if (client.url !== im) {
      throw new BridgeError({
        type: 'not-configured',
        title: 'On another Infrastructure Manager',
        status: 409,
        detail: `${view.name} was made by ${im}, and another one is set.`,
        action: 'Set that address to go on with it.'
      });
    }
    return client;
  }

  /** A user and password that were given for this server are used as they are; else the token at hand. */
  async auth(): Promise<Pick<IImAuth, 'im'>> {
    const own = this._store.get(SERVER_ID);
    if (own?.user !== undefined && own.password !== undefined) {
      return { im: { type: 'InfrastructureManager', username: own.user, password: own.password } };
    }
    const { token } = await this.token();
    return { im: { type: 'InfrastructureManager', token } as AuthItem };
  }

  /** The user's token. @throws BridgeError `unauthorized` when there is none, or it has expired */
  async token(): Promise<IToken> {
    const found = await this._tokens.current();
    if (!found) {
      throw new BridgeError({
        type: 'unauthorized',
        title: 'Not signed in',
        status: 403,
        detail: 'There is neither a token nor a user and password for the Infrastructure Manager.',
        action: 'Give a token, or set a user and password for that server.'
      });
    }
    if (found.expires && found.expires.getTime() <= Date.now()) {
      throw expired(found.expires);
    }
    return found;
  }

  /** True when calls need the user's token. */
  get withToken(): boolean {
    return this._store.get(SERVER_ID)?.password === undefined;
  }

  /** What to say before something long begins: tokens live an hour. */
  async expiryWarning(): Promise<string | undefined> {
    const { expires } = await this.token();
    const left = expires ? expires.getTime() - Date.now() : Infinity;
    return left < ENOUGH
      ? `The token ends in ${Math.max(1, Math.round(left / 60_000))} minutes; the work goes on when a new one is there.`
      : undefined;
  }

  /** @throws BridgeError `invalid` */
  change(change: IImChange): void {
    const before = this._settings();
    const settings: ISettings = {
      ...before,
      ...(change.url === undefined ? {} : { url: change.url === '' ? undefined : checkedUrl(change.url) }),
      ...(change.templates === undefined ? {} : { templates: change.templates.trim() || undefined }),
      ...(change.ca === undefined ? {} : { ca: change.ca || undefined })
    };
    if ((change.user ?? '') !== '' && (change.password ?? '') === '') {
      throw new BridgeError({
        type: 'invalid',
        title: 'The password is missing',
        status: 400,
        detail: 'A user of the Infrastructure Manager needs a password.',
        action: 'Give both, or neither to use a token.'
      });
    }
    const moved =
      before.url !== undefined && settings.url !== undefined && originOf(before.url) !== originOf(settings.url);
    writePrivateJson(this._file, settings);
    if (change.user) {
      this._store.set(SERVER_ID, { user: change.user, password: change.password });
    } else if (change.user === '' || moved) {
      // A password is for the server that it was given for.
      this._store.remove(SERVER_ID);
    }
  }

  /** Asks the server; never throws. */
  async describe(): Promise<ImServer> {
    const { url } = this;
    const token = await this._tokens.current();
    const base = {
      templates: this.templates,
      authentication: this.withToken ? (token ? 'token' : 'none') : 'password'
    } as const;
    if (!url) {
      return { ...base, url: '', state: 'unset' };
    }
    let version: string | undefined;
    try {
      const client = this.client();
      version = await client.version();
      if (base.authentication !== 'none') {
        await client.list(await this.auth());
      }
      return { ...base, url, version, state: 'ok' };
    } catch (error) {
      return {
        ...base,
        url,
        ...(version === undefined ? {} : { version }),
        state: version === undefined ? 'unreachable' : 'refused',
        problem: problemOf(error)
      };
    }
  }

  dispose(): void {
    this._client?.client.dispose();
  }

  private _settings(): ISettings {
    const read = readJson(this._file, this._log);
    return typeof read === 'object' && read !== null ? (read as ISettings) : {};
  }

  private readonly _file: string;
  private readonly _store: CredentialStore;
  private readonly _tokens: Tokens;
  private readonly _env: NodeJS.ProcessEnv;
  private readonly _log: ((line: string) => void) | undefined;
  private _client: { key: string; client: ImClient } | undefined;
}

export function expired(when: Date): BridgeError {
  return new BridgeError({
    type: 'unauthorized',
    title: 'The token has expired',
    status: 403,
    detail: `The token ended at ${when.toISOString().slice(0, 16).replace('T', ' ')} UTC.`,
    action: 'Give a new token; what was begun goes on with it.'
  });
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

function checkedUrl(text: string): string {
  const refuse = (detail: string, action: string): BridgeError =>
    new BridgeError({ type: 'invalid', title: 'Not an address', status: 400, detail, action });
  if (!URL.canParse(text)) {
    throw refuse(`"${text.slice(0, 100)}" is no address.`, 'Write it like https://im.egi.eu/im.');
  }
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw refuse(
      'The address begins with http:// or https://, and has no user, no ? and no #.',
      'Write it like https://im.egi.eu/im.'
    );
  }
  if (url.protocol === 'http:' && !isNear(url.hostname)) {
    throw refuse(
      'All credentials travel with each call, and http:// would show them to everybody on the way.',
      'Use https://.'
    );
  }
  return url.href.replace(/\/+$/, '');
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(host);
}

/** This machine, its network, or a name that only that knows. */
function isNear(host: string): boolean {
  return (
    isLoopback(host) || /\.(localhost|local|svc|internal)$/.test(host) || !host.includes('.') || isPrivateHost(host)
  );
}
