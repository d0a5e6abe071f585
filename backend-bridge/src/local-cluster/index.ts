import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { IOscarService } from '../fdl/service';
import { Accounting } from './accounting';
import { EventHub } from './api/events';
import { Manager, type IMachine } from './api/manager';
import { namespaceOf } from './api/names';
import { OidcVerifier } from './api/oidc';
import { createManagerServer } from './api/server';
import { isExposed } from './api/service-check';
import { MIGRATIONS, State } from './api/state';
import { SystemLog } from './api/system-log';
import { openDatabase } from './database';
import {
  type ICredentials,
  type ILock,
  loadCredentials,
  lockPath,
  machineName,
  makeDataFolder,
  readJsonFile,
  writePrivateJson
} from './files';
import type { IDisposable, ILocalCluster, ILocalClusterOptions, IObjectEvent, IS3Accounts } from './interfaces';
import { listen } from './listen';
import { keepLock, openOrShare } from './lock';
import { repair } from './repair';
import { createDeployments, createJobs, defaultCapacity, type IRuntimeOptions } from './runtime';
import { createS3Server, ObjectStore } from './s3';

const REGION = 'us-east-1';
const DEFAULT_HOST = '127.0.0.1';

/**
 * Starts the embedded cluster on its data folder, or finds the one that already has it.
 *
 * @throws BridgeError when the folder cannot be written to, a port is taken, or another machine has the data.
 */
export async function startLocalCluster(options: ILocalClusterOptions): Promise<ILocalCluster> {
  makeDataFolder(options.data);
  const found = await openOrShare(
    options.data,
    () => new State(openDatabase(join(options.data, 'manager.db'), { migrations: MIGRATIONS }))
  );
  if ('shared' in found) {
    return sharedCluster(options.data, found.shared);
  }
  const cluster = new LocalCluster(options, found.opened);
  try {
    await cluster.start();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** Another process has the data: we only say where it is. */
function sharedCluster(data: string, lock: ILock): ILocalCluster {
  const credentials = loadCredentials(data, {});
  return {
    endpoint: lock.endpoint,
    user: credentials.user,
    password: credentials.password,
    s3: {
      endpoint: lock.s3,
      access_key: credentials.accessKey,
      secret_key: credentials.secretKey,
      region: lock.region
    },
    data,
    shared: true,
    busy: () => false,
    close: async () => undefined
  };
}

interface IPorts {
  api: number;
  s3: number;
}

class LocalCluster implements ILocalCluster {
  constructor(
    private readonly _options: ILocalClusterOptions,
    private readonly _state: State
  ) {
    this.data = _options.data;
    this._host = _options.host ?? DEFAULT_HOST;
    this._log = _options.log ?? (() => undefined);
    this._closers.push(async () => _state.close());
    this._credentials = loadCredentials(_options.data, { user: _options.user, password: _options.password });
    this._accounting = new Accounting(_state);
  }

  readonly data: string;
  readonly shared = false;

  get endpoint(): string {
    return this._url(this._ports.api);
  }

  get user(): string {
    return this._credentials.user;
  }

  get password(): string {
    return this._credentials.password;
  }

  get s3(): ILocalCluster['s3'] {
    return {
      endpoint: this._url(this._ports.s3),
      access_key: this._credentials.accessKey,
      secret_key: this._credentials.secretKey,
      region: REGION
    };
  }

  async start(): Promise<void> {
    const { data } = this._options;
    const store = new ObjectStore({
      folder: join(data, 's3'),
      admin: this._credentials.accessKey,
      origin: () => this._url(this._ports.s3),
      log: this._log
    });
    this._closers.push(() => store.close());
    await this._startS3(store);
    const manager = this._createManager(store);
    this._manager = manager;
    await repair(manager, this._log);
    // The runtime may start jobs of the last run at once: everything they call must be there before.
    const server = createManagerServer(manager);
    await this._listen(server, 'api', this._options.port, 'The local cluster');
    writePrivateJson(join(data, 'ports.json'), this._ports);
    this._listenToChanges(manager);
    this._redeploy(manager);
    this._writeLock(manager.options.instance);
  }

  busy(): boolean {
    const manager = this._manager;
    if (!manager) {
      return false;
    }
    const counts = manager.jobs.counts();
    return (
      counts.Running + counts.Pending + counts.Suspended > 0 ||
      manager.state.services().some(service => isExposed(service) && !manager.state.stopped(service.name))
    );
  }

  /** In the order against that of the start; each part gets its chance. */
  async close(): Promise<void> {
    const closers = this._closers.splice(0).reverse();
    const problems: unknown[] = [];
    for (const close of closers) {
      try {
        await close();
      } catch (error) {
        problems.push(error);
      }
    }
    if (problems.length > 0) {
      throw problems[0];
    }
  }

  private _url(port: number): string {
    const host = this._host === '0.0.0.0' || this._host === '::' ? DEFAULT_HOST : this._host;
    return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  }

  private _last(): Partial<IPorts> {
    return readJsonFile<IPorts>(join(this._options.data, 'ports.json')) ?? {};
  }

  private async _listen(server: Server, which: keyof IPorts, wanted: number | undefined, what: string): Promise<void> {
    const last = this._last()[which];
    this._ports[which] = await listen(server, this._host, wanted, typeof last === 'number' ? last : undefined, what);
    this._closers.push(
      () =>
        new Promise<void>(resolve => {
          server.close(() => resolve());
          server.closeAllConnections();
        })
    );
  }

  private async _startS3(store: ObjectStore): Promise<void> {
    const accounts: IS3Accounts = {
      lookup: accessKey => {
        if (accessKey === this._credentials.accessKey) {
          return { secretKey: this._credentials.secretKey, principal: '', admin: true };
        }
        const user = this._state.user(accessKey);
        return user && { secretKey: user.secretKey, principal: user.uid, admin: false };
      }
    };
    const server = createS3Server({
      store,
      accounts,
      region: REGION,
      knownArn: arn => this._state.exists(/^arn:minio:sqs:[^:]*:([^:]+):webhook$/.exec(arn)?.[1] ?? ''),
      log: this._log
    });
    await this._listen(server, 's3', this._options.s3Port, 'The S3 endpoint of the local cluster');
  }

  private _createManager(store: ObjectStore): Manager {
    const { _options: options, _state: state } = this;
    const capacity = defaultCapacity();
    const machine: IMachine = {
      cpus: options.cpus ?? capacity.cpus,
      memory: options.memory ?? capacity.memory,
      gpus: capacity.gpus,
      requestedCpus: () => this._accounting.requested(service => service.cpu),
      requestedMemory: () => this._accounting.requested(service => service.memory)
    };
    const volumeFolder = (namespace: string, name: string): string => join(options.data, 'volumes', namespace, name);
    const storage = (): { endpoint: string; accessKey: string; secretKey: string; region: string } => ({
      endpoint: this._url(this._ports.s3),
      accessKey: this._credentials.accessKey,
      secretKey: this._credentials.secretKey,
      region: REGION
    });
    const runtime: IRuntimeOptions = {
      data: join(options.data, 'runtime'),
      store,
      service: name => this._manager?.privateService(name) ?? this._private(name),
      storage,
      userKeys: owner => {
        const user = state.user(owner);
        return user && { accessKey: user.uid, secretKey: user.secretKey };
      },
      endpoint: () => this._url(this._ports.api),
      volume: service =>
        service.volume?.name
          ? volumeFolder(service.namespace ?? namespaceOf(undefined), service.volume.name)
          : undefined,
      runtime: options.runtime,
      strict: options.strict,
      cpus: options.cpus,
      memory: options.memory,
      path: options.path,
      python: options.python,
      environments: options.environments,
      log: this._log
    };
    const jobs = createJobs(runtime);
    this._closers.push(() => jobs.close());
    const deployments = createDeployments(runtime);
    this._closers.push(() => deployments.close());
    const issuers = options.oidcIssuers ?? [];
    const groups = options.oidcGroups ?? [];
    return new Manager({
      state,
      store,
      jobs,
      deployments,
      machine,
      events: new EventHub(),
      systemLog: new SystemLog(),
      oidc: issuers.length > 0 ? new OidcVerifier({ issuers, groups }) : undefined,
      oidcIssuers: issuers,
      oidcGroups: groups,
      user: this._credentials.user,
      password: this._credentials.password,
      instance: randomUUID(),
      host: this._host,
      strict: options.strict ?? false,
      storage,
      data: options.data,
      volumeFolder,
      log: this._log
    });
  }

  /** The runtime asks for services before the manager is put together. */
  private _private(name: string): IOscarService | undefined {
    const service = this._state.service(name);
    return service && { ...service, environment: { ...service.environment, secrets: this._state.secrets(name) } };
  }

  private _listenToChanges(manager: Manager): void {
    const { events } = manager.options;
    const subscriptions: IDisposable[] = [
      manager.store.onEvent(event => this._onObject(manager, event)),
      manager.jobs.onChange((job, removed) => {
        this._accounting.job(job, removed);
        events.publish({
          kind: 'job',
          name: job.name,
          service: job.service,
          status: job.status,
          ...(removed ? { removed } : {})
        });
      }),
      manager.deployments.onChange(name => events.publish({ kind: 'service', name }))
    ];
    this._closers.push(async () => subscriptions.forEach(subscription => subscription.dispose()));
  }

  /** What the webhook of MinIO does on a real cluster. */
  private _onObject(manager: Manager, event: IObjectEvent): void {
    for (const target of event.targets) {
      const service = manager.privateService(target);
      if (service) {
        const owner = manager.state.user(event.principal) ? event.principal : '';
        manager.jobs.submit(service, event.body, { owner, dedupe: `${event.id}/${target}` });
        manager.count(target, 'async', owner);
      }
    }
  }

  /** The runtime remembers which were stopped. */
  private _redeploy(manager: Manager): void {
    for (const { name } of this._state.services()) {
      const service = manager.privateService(name);
      if (service) {
        manager.deployments.deploy(service);
      }
    }
  }

  private _writeLock(instance: string): void {
    const lock: ILock = {
      instance,
      endpoint: this.endpoint,
      s3: this.s3.endpoint,
      region: REGION,
      host: machineName()
    };
    writePrivateJson(lockPath(this.data), lock);
    const kept = keepLock(this.data, instance);
    this._closers.push(async () => kept.release());
  }

  private readonly _host: string;
  private readonly _log: (line: string) => void;
  private readonly _credentials: ICredentials;
  private readonly _ports: IPorts = { api: 0, s3: 0 };
  private readonly _closers: (() => Promise<void>)[] = [];
  private readonly _accounting: Accounting;
  private _manager: Manager | undefined;
}
