import type { Cluster, Problem } from '../contract';
import { EndpointAuth, type ICredential, type ICredentialView, type Tokens } from '../credentials';
import { BridgeError, HttpClient, isProblem } from '../http';
import { ObjectStorage } from '../storage';
import { OscarClient } from './client';
import type { ICluster, IObjectStorage } from './interfaces';

/** What clusters.json keeps of one; nothing secret. */
export interface IClusterEntry {
  id: string;
  endpoint: string;
  user?: string;
  ca?: string;
  insecure?: boolean;
}

/** A state is asked for to be shown: better a quick "not reachable" than a spinner. */
const DESCRIBE_TIMEOUT = 8000;
/** How long the keys of the object store are believed. */
const STORAGE_AGE = 5 * 60_000;

/** One endpoint with its client, its object store and its credentials. */
export class ClusterConnection implements ICluster {
  constructor(options: {
    entry: IClusterEntry;
    removable: boolean;
    credential: () => ICredential | undefined;
    current: () => string;
    tokens?: Tokens;
  }) {
    this._entry = options.entry;
    this._removable = options.removable;
    this._current = options.current;
    const url = new URL(options.entry.endpoint);
    const who = `the cluster "${options.entry.id}" (${url.origin})`;
    const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
    this._auth = new EndpointAuth({
      who,
      secure: url.protocol === 'https:' || loopback,
      credential: options.credential,
      tokens: options.tokens
    });
    this._http = new HttpClient({
      base: options.entry.endpoint,
      who,
      ca: options.entry.ca,
      insecure: options.entry.insecure
    });
    this.client = new OscarClient({ who, http: this._http, auth: this._auth });
    this._user = () => options.credential()?.user ?? options.entry.user;
  }

  get id(): string {
    return this._entry.id;
  }

  get endpoint(): string {
    return this._entry.endpoint;
  }

  readonly client: OscarClient;

  async storage(): Promise<IObjectStorage> {
    return (await this._connectStorage()).storage;
  }

  /** The object store as what it is; for copies. */
  async objectStorage(): Promise<ObjectStorage> {
    return (await this._connectStorage()).storage;
  }

  credentials(): ICredentialView {
    return this._auth.view();
  }

  async describe(): Promise<Cluster> {
    const base = {
      id: this.id,
      endpoint: this.endpoint,
      current: this._current() === this.id,
      removable: this._removable,
      ...(this._user() === undefined ? {} : { user: this._user() })
    };
    try {
      const info = await this.client.info({ timeout: DESCRIBE_TIMEOUT });
      let storage: { endpoint: string; region: string } | undefined;
      try {
        const { provider } = await this._connectStorage();
        storage = { endpoint: provider.endpoint, region: provider.region };
      } catch (error) {
        if (!(error instanceof BridgeError)) {
          throw error;
        }
        // A manager that answers without telling of its store is still a manager.
      }
      return {
        ...base,
        state: 'ready',
        version: info.version,
        features: [...this.client.features],
        ...(storage ? { storage } : {})
      };
    } catch (error) {
      return { ...base, state: stateOf(error), problem: problemOf(error), features: [...this.client.features] };
    }
  }

  dispose(): void {
    this._http.dispose();
    this._storage?.storage.dispose();
  }

  private async _connectStorage(): Promise<{ storage: ObjectStorage; provider: { endpoint: string; region: string } }> {
    const known = this._storage;
    if (known && Date.now() - known.at < STORAGE_AGE) {
      return known;
    }
    this._connecting ??= this._newStorage().finally(() => (this._connecting = undefined));
    return this._connecting;
  }

  private async _newStorage(): Promise<NonNullable<ClusterConnection['_storage']>> {
    const { minio_provider: provider } = await this.client.config();
    const key = JSON.stringify([
      provider.endpoint,
      provider.access_key,
      provider.secret_key,
      provider.region,
      provider.verify
    ]);
    // The same keys: the same client, with its open connections. It is never closed here: somebody may be using it.
    const storage =
      this._storage?.key === key
        ? this._storage.storage
        : new ObjectStorage({
            provider,
            who: `the object store of "${this.id}" (${provider.endpoint})`,
            ca: this._entry.ca,
            insecure: this._entry.insecure,
            onRefused: () => {
              if (this._storage) {
                this._storage.at = 0;
              }
            }
          });
    this._storage = {
      key,
      storage,
      provider: { endpoint: provider.endpoint, region: provider.region },
      at: Date.now()
    };
    return this._storage;
  }

  private readonly _entry: IClusterEntry;
  private readonly _removable: boolean;
  private readonly _current: () => string;
  private readonly _user: () => string | undefined;
  private readonly _auth: EndpointAuth;
  private readonly _http: HttpClient;
  private _storage:
    { key: string; storage: ObjectStorage; provider: { endpoint: string; region: string }; at: number } | undefined;
  private _connecting: Promise<NonNullable<ClusterConnection['_storage']>> | undefined;
}

function stateOf(error: unknown): Cluster['state'] {
  return isProblem(error, 'unreachable')
    ? 'unreachable'
    : isProblem(error, 'unauthorized', 'forbidden')
      ? 'unauthorized'
      : 'failed';
}

function problemOf(error: unknown): Problem {
  return error instanceof BridgeError
    ? error.problem
    : new BridgeError({
        type: 'internal',
        title: 'The state is not known',
        status: 500,
        detail: error instanceof Error ? error.message : String(error)
      }).problem;
}
