import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IOscarService } from '../../fdl/service';
import type { IDeployments, IJobs, IObjectStore } from '../interfaces';
import type { OidcVerifier } from './oidc';
import { DEFAULT_QUOTA, type RequestKind, type State } from './state';
import type { EventHub } from './events';
import type { SystemLog } from './system-log';

/** The name of the cluster as the manager has it, and the owner of what the administrator makes. */
export const CLUSTER_NAME = 'oscar';
export const ADMIN_OWNER = 'cluster_admin';

/** What the machine has to give, and what is taken; cores and bytes. */
export interface IMachine {
  cpus: number;
  memory: number;
  gpus: number;
  requestedCpus(): number;
  requestedMemory(): number;
}

export interface IManagerOptions {
  state: State;
  store: IObjectStore;
  jobs: IJobs;
  deployments: IDeployments;
  machine: IMachine;
  events: EventHub;
  systemLog: SystemLog;
  oidc?: OidcVerifier;
  oidcIssuers: string[];
  oidcGroups: string[];
  user: string;
  password: string;
  /** Changes with every start; other processes know a live cluster by it. */
  instance: string;
  host: string;
  strict: boolean;
  /** Endpoint, administrator's keys and region of the S3 server. */
  storage(): { endpoint: string; accessKey: string; secretKey: string; region: string };
  /** Folder of everything. */
  data: string;
  /** Folder of a volume. */
  volumeFolder(namespace: string, name: string): string;
  log(line: string): void;
}

/** Who calls: the administrator, or a user known by a bearer token. */
export type Caller =
  | { admin: true; uid?: undefined; name?: undefined; groups?: undefined }
  | { admin: false; uid: string; name: string; groups: string[] };

export interface IContext {
  manager: Manager;
  request: IncomingMessage;
  response: ServerResponse;
  /** Decoded. */
  params: Record<string, string>;
  path: string;
  query: URLSearchParams;
  caller: Caller;
}

/** What every route shares. */
export class Manager {
  constructor(readonly options: IManagerOptions) {
    this.state = options.state;
    this.store = options.store;
    this.jobs = options.jobs;
    this.deployments = options.deployments;
    this.strict = options.strict;
  }

  readonly state: State;
  readonly store: IObjectStore;
  readonly jobs: IJobs;
  readonly deployments: IDeployments;
  readonly strict: boolean;

  /** With the true secrets and keys: for jobs and deployments, never for an answer. */
  privateService(name: string): IOscarService | undefined {
    const service = this.state.service(name);
    if (!service) {
      return undefined;
    }
    return { ...service, environment: { ...service.environment, secrets: this.state.secrets(name) } };
  }

  /** Whether a user may see a service and call it. */
  mayRead(caller: Caller, service: IOscarService): boolean {
    return (
      caller.admin ||
      service.visibility === 'public' ||
      service.owner === caller.uid ||
      (service.visibility === 'restricted' && service.allowed_users.includes(caller.uid))
    );
  }

  /** Makes the user known, with S3 keys of its own, at its first call. */
  welcome(uid: string, name: string): void {
    const known = this.state.user(uid);
    if (!known || known.name !== name) {
      this.state.putUser({
        uid,
        name,
        secretKey: known?.secretKey ?? randomBytes(30).toString('base64url'),
        quota: known?.quota ?? DEFAULT_QUOTA
      });
    }
  }

  count(service: string, kind: RequestKind, user = ''): void {
    this.state.addUsage(new Date(), { service, kind, user, count: 1, cpu_seconds: 0, gpu_seconds: 0 });
  }

  /** One change of a service at a time; others wait for their turn. */
  async exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this._turns.get(name) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn.then(
      () => undefined,
      () => undefined
    );
    this._turns.set(name, settled);
    try {
      return await turn;
    } finally {
      if (this._turns.get(name) === settled) {
        this._turns.delete(name);
      }
    }
  }

  private readonly _turns = new Map<string, Promise<unknown>>();
}
