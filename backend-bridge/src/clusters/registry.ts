import { join } from 'node:path';
import type { ClusterAdd } from '../contract';
import { CredentialStore, FileWatch, readJson, writePrivateJson, type Tokens } from '../credentials';
import { BridgeError, addSecret } from '../http';
import { ClusterConnection, type IClusterEntry } from './connection';
import type { IClusterRegistry } from './interfaces';

/** The list of clusters: clusters.json in the folder of the bridge, passwords and tokens in credentials.json beside it. */
export class ClusterRegistry implements IClusterRegistry {
  constructor(options: {
    data: string;
    log?: (line: string) => void;
    onChange?: (cluster: ClusterConnection, removed: boolean) => void;
    tokens?: Tokens;
  }) {
    this._file = join(options.data, 'clusters.json');
    this._onChange = options.onChange;
    this._tokens = options.tokens;
    this._store = new CredentialStore({ file: join(options.data, 'credentials.json'), log: options.log });
    this._log = options.log;
    this._watch = new FileWatch(this._file);
    this._refresh();
  }

  list(): ClusterConnection[] {
    this._refresh();
    return [
      ...this._registered.values(),
      ...[...this._connections.values()].filter(item => !this._registered.has(item.id))
    ];
  }

  get(id?: string): ClusterConnection {
    this._refresh();
    const wanted = id ?? this.current();
    const found = this._registered.get(wanted) ?? this._connections.get(wanted);
    if (!found) {
      const names = this.list().map(item => item.id);
      throw new BridgeError({
        type: 'not-found',
        title: 'No such cluster',
        status: 404,
        detail: wanted ? `There is no cluster "${wanted}".` : 'There is no cluster yet.',
        action: names.length ? `Use one of: ${names.join(', ')}.` : 'Add one: clusters add ID URL.'
      });
    }
    return found;
  }

  add(cluster: ClusterAdd): Promise<ClusterConnection> {
    return Promise.resolve().then(() => {
      const endpoint = checkedEndpoint(cluster.endpoint);
      if (!/^[a-z0-9]([-a-z0-9]{0,38})$/.test(cluster.id)) {
        throw invalid(
          'The id of a cluster has lower-case letters, digits and hyphens, 39 at most.',
          'Choose another id.'
        );
      }
      this._refresh();
      if (this._registered.has(cluster.id) || this._entries.has(cluster.id)) {
        throw new BridgeError({
          type: 'conflict',
          title: 'The id is taken',
          status: 409,
          detail: `There is a cluster "${cluster.id}" already.`,
          action: `Choose another id, or remove it first: clusters remove ${cluster.id}.`
        });
      }
      if ((cluster.user === undefined) !== (cluster.password === undefined)) {
        throw invalid('A user needs a password, and a password a user.', 'Give both, or a token.');
      }
      const { user, password, token, tokenFile, ca, insecure } = cluster;
      const entry: IClusterEntry = {
        id: cluster.id,
        endpoint,
        ...(user === undefined ? {} : { user }),
        ...(ca === undefined ? {} : { ca }),
        ...(insecure ? { insecure } : {})
      };
      const connection = this._connect(entry);
      if (password !== undefined || token !== undefined || tokenFile !== undefined) {
        this._store.set(cluster.id, {
          ...(user === undefined ? {} : { user }),
          ...(password === undefined ? {} : { password }),
          ...(token === undefined ? {} : { token }),
          ...(tokenFile === undefined ? {} : { tokenFile })
        });
      }
      this._entries.set(cluster.id, entry);
      try {
        this._save();
      } catch (error) {
        this._entries.delete(cluster.id);
        throw error;
      }
      this._connections.set(cluster.id, connection);
      this._onChange?.(connection, false);
      return connection;
    });
  }

  remove(id: string): Promise<void> {
    return Promise.resolve().then(() => {
      const connection = this.get(id);
      if (this._registered.has(id)) {
        throw new BridgeError({
          type: 'invalid',
          title: 'Not removable',
          status: 400,
          detail: `The cluster "${id}" comes with this program and cannot be removed.`,
          action: 'Turn it off in the settings instead.'
        });
      }
      this._entries.delete(id);
      this._connections.delete(id);
      this._store.remove(id);
      if (this._chosen === id) {
        this._chosen = undefined;
      }
      this._save();
      connection.dispose();
      this._onChange?.(connection, true);
    });
  }

  use(id: string): Promise<void> {
    return Promise.resolve().then(() => {
      const connection = this.get(id);
      const before = this.current();
      this._chosen = id;
      this._save();
      if (before !== id) {
        const old = this._registered.get(before) ?? this._connections.get(before);
        if (old) {
          this._onChange?.(old, false);
        }
        this._onChange?.(connection, false);
      }
    });
  }

  chosen(): string | undefined {
    return this._chosen;
  }

  current(): string {
    const known = (id: string | undefined): boolean =>
      id !== undefined && (this._registered.has(id) || this._connections.has(id));
    return known(this._chosen) ? (this._chosen as string) : (this.list()[0]?.id ?? '');
  }

  register(cluster: { id: string; endpoint: string; user: string; password: string }): ClusterConnection {
    addSecret(cluster.password);
    this._registered.get(cluster.id)?.dispose();
    const connection = new ClusterConnection({
      entry: { id: cluster.id, endpoint: checkedEndpoint(cluster.endpoint), user: cluster.user },
      removable: false,
      credential: () => ({ user: cluster.user, password: cluster.password }),
      current: () => this.current()
    });
    this._registered.set(cluster.id, connection);
    this._onChange?.(connection, false);
    return connection;
  }

  dispose(): void {
    this.list().forEach(connection => connection.dispose());
  }

  private _connect(entry: IClusterEntry): ClusterConnection {
    return new ClusterConnection({
      entry,
      removable: true,
      credential: () => this._store.get(entry.id),
      current: () => this.current(),
      tokens: this._tokens
    });
  }

  private _save(): void {
    writePrivateJson(this._file, { current: this._chosen, clusters: [...this._entries.values()] });
    this._watch.changed();
  }

  /** Another bridge of this user may have changed the list. */
  private _refresh(): void {
    if (!this._watch.changed()) {
      return;
    }
    const read = readJson(this._file, this._log) as { current?: unknown; clusters?: IClusterEntry[] } | undefined;
    this._chosen = typeof read?.current === 'string' ? read.current : undefined;
    const entries = Array.isArray(read?.clusters) ? read.clusters : [];
    for (const id of [...this._entries.keys()].filter(known => !entries.some(entry => entry.id === known))) {
      this._connections.get(id)?.dispose();
      this._connections.delete(id);
      this._entries.delete(id);
    }
    for (const entry of entries) {
      if (JSON.stringify(this._entries.get(entry.id)) === JSON.stringify(entry)) {
        continue;
      }
      try {
        const connection = this._connect(entry);
        this._connections.get(entry.id)?.dispose();
        this._connections.set(entry.id, connection);
        this._entries.set(entry.id, entry);
      } catch (error) {
        this._log?.(`The cluster ${String(entry.id)} in ${this._file} is left out: ${String(error)}`);
      }
    }
  }

  private readonly _file: string;
  private readonly _store: CredentialStore;
  private readonly _watch: FileWatch;
  private readonly _log: ((line: string) => void) | undefined;
  private readonly _onChange: ((cluster: ClusterConnection, removed: boolean) => void) | undefined;
  private readonly _tokens: Tokens | undefined;
  private readonly _entries = new Map<string, IClusterEntry>();
  private readonly _connections = new Map<string, ClusterConnection>();
  /** Put in by the start-up; not kept in the file. */
  private readonly _registered = new Map<string, ClusterConnection>();
  private _chosen: string | undefined;
}

function invalid(detail: string, action: string): BridgeError {
  return new BridgeError({ type: 'invalid', title: 'Not a valid cluster', status: 400, detail, action });
}

function checkedEndpoint(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(`"${text}" is no address.`, 'Write it like https://host or http://host:8080.');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalid(
      `The address of a cluster begins with http:// or https://, not ${url.protocol}//.`,
      'Write it like https://host.'
    );
  }
  if (url.username || url.password) {
    throw invalid(
      'The address holds a user or password.',
      'Give them on their own: they are kept apart from the address.'
    );
  }
  if (url.search || url.hash) {
    throw invalid('The address of a cluster has no ? and no #.', 'Write it like https://host.');
  }
  return url.href.replace(/\/+$/, '');
}
