import type { CloudCredential, CloudCredentialSet, CredentialTest } from '../contract';
import { tokenExpiry, type CredentialStore, type ICredential } from '../credentials';
import { BridgeError, isProblem } from '../http';
import type { AuthItem } from './authorization';
import { expired, type ImConnection } from './connection';
import type { IImAuth } from './im-client';
import type { IKept } from './journal';
import { invalid, noSuch } from './problems';
import { providerOf, PROVIDERS } from './providers';

/** IM answers 500 to others. */
const ID = /^[a-zA-Z_.][\w.-]{0,63}$/;
const CLOUD = 'cloud:';
const LONGEST_VALUE = 64 * 1024;
/** Beside the fields: the server that they were given for. */
const GIVEN_FOR = ':im';

/** Credentials of clouds: they go in once, and leave only in the header of a call to IM. */
export class Clouds {
  constructor(options: { store: CredentialStore; connection: ImConnection }) {
    this._store = options.store;
    this._connection = options.connection;
  }

  list(): CloudCredential[] {
    return this._store
      .ids()
      .filter(id => id.startsWith(CLOUD))
      .map(id => viewOf(id.slice(CLOUD.length), this._store.get(id) ?? {}))
      .sort((a, b) => a.id.localeCompare(b.id));
  }

  /** @throws BridgeError `not-found` */
  get(id: string): CloudCredential {
    return viewOf(id, this._kept(id));
  }

  /** @throws BridgeError `invalid` with what is missing */
  set(id: string, { type, values }: CloudCredentialSet): CloudCredential {
    if (!ID.test(id)) {
      throw invalid(
        'The id of credentials begins with a letter, and goes on with letters, digits, dots and hyphens.',
        'Choose another id.'
      );
    }
    const provider = providerOf(type);
    if (!provider) {
      throw invalid(
        `"${type.slice(0, 40)}" is no kind of cloud.`,
        `Use one of ${PROVIDERS.map(item => item.type).join(', ')}.`
      );
    }
    const names = provider.fields.map(field => field.name);
    const unknown = Object.keys(values).filter(name => !names.includes(name));
    if (unknown.length > 0) {
      throw invalid(
        `${provider.title} has no field "${unknown[0].slice(0, 40)}".`,
        `Its fields are ${names.join(', ') || 'none'}.`
      );
    }
    const place = this._connection.place;
    const fields: Record<string, string> = { type, ...(place === undefined ? {} : { [GIVEN_FOR]: place }) };
    const secrets: Record<string, string> = {};
    for (const field of provider.fields) {
      const value =
        field.type === 'password' ? values[field.name]?.trim() : values[field.name]?.trim().replace(/\s+/g, ' ');
      if (value === undefined || value === '') {
        const tokenInstead = field.name === 'password' && values['auth_version'] === '3.x_oidc_access_token';
        if (field.required && !tokenInstead) {
          throw invalid(`"${field.title}" (${field.name}) is missing.`, 'Fill it in.');
        }
        continue;
      }
      if (value.length > LONGEST_VALUE || /^(file|command)\s*\(/.test(value)) {
        throw invalid(
          `"${field.title}" (${field.name}) cannot be used: it is too long, or begins with file( or command(.`
        );
      }
      (field.type === 'password' ? secrets : fields)[field.name] = value;
    }
    this._store.set(CLOUD + id, { fields, secrets });
    return this.get(id);
  }

  remove(id: string): void {
    this._kept(id);
    this._store.remove(CLOUD + id);
  }

  /** The IM's line and the one of this cloud; `site` is one of EGI, in the place of its own. @throws BridgeError `unauthorized` when a token has expired */
  async auth(id: string, site?: string): Promise<Required<IImAuth>> {
    return { ...(await this._connection.auth()), cloud: await this._line(id, site) };
  }

  /** What an infrastructure is asked for with. */
  authFor({ request: { credential, site } }: Pick<IKept, 'request'>): Promise<Required<IImAuth>> {
    return this.auth(credential, site);
  }

  /** Works, or why not: asks the cloud for its quotas, or where it tells none for its images. Never throws for a refusal. */
  async test(id: string): Promise<CredentialTest> {
    const { type } = this.get(id);
    let checked = 'the quotas';
    try {
      const auth = await this.auth(id);
      const client = this._connection.client();
      const told = await client.quotas(auth).catch((error: unknown) => {
        // Clouds without quotas answer 400 in words of their own; whether the credentials are right shows the next call.
        if (isProblem(error, 'invalid', 'remote-error')) {
          return undefined;
        }
        throw error;
      });
      if (told === undefined) {
        checked = 'the images';
        await client.images(auth);
      }
      return { works: true, checked: `Asked ${type} for ${checked}.` };
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      const { detail, cause } = error.problem;
      return {
        works: false,
        checked: `Asked ${type} for ${checked}.`,
        reason: cause ? `${detail} (${String(cause)})` : detail
      };
    }
  }

  private async _line(id: string, site?: string): Promise<AuthItem> {
    const kept = this._kept(id);
    this._checkServer(id, kept);
    const { [GIVEN_FOR]: _place, ...fields } = kept.fields ?? {};
    const { secrets = {} } = kept;
    const line: AuthItem = {
      id,
      ...fields,
      ...secrets,
      ...(site !== undefined && fields['type'] === 'EGI' ? { host: site } : {})
    };
    const key = fields['type'] === 'OpenStack' ? 'password' : 'token';
    const own =
      fields['type'] === 'OpenStack'
        ? fields['auth_version'] === '3.x_oidc_access_token'
        : providerOf(fields['type'])?.ownToken === true && line['username'] === undefined;
    if (own && line[key] === undefined) {
      line[key] = (await this._connection.token()).token;
    }
    const ends = own && line[key] !== undefined ? tokenExpiry(line[key]) : undefined;
    if (ends && ends.getTime() <= Date.now()) {
      throw expired(ends);
    }
    return line;
  }

  /** They leave with each call, so another server does not get them by a change of the address alone. */
  private _checkServer(id: string, kept: ICredential): void {
    const place = this._connection.place;
    const givenFor = kept.fields?.[GIVEN_FOR];
    if (place !== undefined && givenFor === undefined) {
      this._store.set(CLOUD + id, { ...kept, fields: { ...kept.fields, [GIVEN_FOR]: place } });
    } else if (place !== givenFor && Object.keys(kept.secrets ?? {}).length > 0) {
      throw new BridgeError({
        type: 'conflict',
        title: 'Given for another server',
        status: 409,
        detail: `The credentials "${id}" were given for ${String(givenFor)}, and would now go to ${String(place)}.`,
        action: 'Enter them again for this Infrastructure Manager.'
      });
    }
  }

  private _kept(id: string): ICredential {
    const kept = this._store.get(CLOUD + id);
    if (!kept) {
      const names = this.list().map(item => item.id);
      throw noSuch(
        'credentials',
        id,
        names.length ? `Use one of: ${names.join(', ')}.` : 'Add credentials of a cloud first.'
      );
    }
    return kept;
  }

  private readonly _store: CredentialStore;
  private readonly _connection: ImConnection;
}

function viewOf(id: string, { fields = {}, secrets = {} }: ICredential): CloudCredential {
  const { type = '', [GIVEN_FOR]: _place, ...shown } = fields;
  const ends = Object.values(secrets)
    .map(tokenExpiry)
    .find(date => date !== undefined);
  return { id, type, shown, configured: true, ...(ends ? { expiresAt: ends.toISOString() } : {}) };
}
