import type {
  CloudCredential,
  CloudProvider,
  CredentialTest,
  Elasticity,
  ExistingClusterFiles,
  ExistingClusterRequest,
  ImServer,
  ImTemplate,
  Infrastructure,
  InfrastructurePlan,
  InfrastructureRequest,
  Problem,
  ScaleRequest,
  TemplateRef,
  TokenInfo
} from '../contract';
import type { Send } from './compute';
import { encode, query } from './paths';
import type { Call } from './pipelines';
import { textOf } from './text';

/** What of the Infrastructure Manager can be set. Secrets go in once and never come out. */
export interface IImSettings {
  url?: string;
  templates?: string;
  user?: string;
  password?: string;
}

/** Calls about clusters that the Infrastructure Manager makes. Each rejects as those of the client do. */
export class InfrastructureCalls {
  constructor(options: { call: Call; send: Send; url: (href: string) => string }) {
    this._call = options.call;
    this._send = options.send;
    this._url = options.url;
  }

  // --- the server, its templates, clouds and who the user is ---------------------------------------------------------

  server(): Promise<ImServer> {
    return this._call('GET', 'im');
  }

  setServer(settings: IImSettings): Promise<ImServer> {
    return this._call('PUT', 'im', settings);
  }

  async providers(): Promise<CloudProvider[]> {
    return (await this._call<{ items: CloudProvider[] }>('GET', 'im/providers')).items;
  }

  async credentials(): Promise<CloudCredential[]> {
    return (await this._call<{ items: CloudCredential[] }>('GET', 'im/credentials')).items;
  }

  /** Values of secrets go in once and never come out. */
  setCredential(id: string, type: string, values: Record<string, string>): Promise<CloudCredential> {
    return this._call('PUT', `im/credentials/${encode(id)}`, { type, values });
  }

  async removeCredential(id: string): Promise<void> {
    await this._call('DELETE', `im/credentials/${encode(id)}`);
  }

  testCredential(id: string): Promise<CredentialTest> {
    return this._call('POST', `im/credentials/${encode(id)}/test`);
  }

  async images(credential: string, filter?: string): Promise<{ uri: string; name: string }[]> {
    const path = `im/credentials/${encode(credential)}/images${query({ filter: filter || undefined })}`;
    return (await this._call<{ items: { uri: string; name: string }[] }>('GET', path)).items;
  }

  /** `problem`: the catalogue could not be read; those of the package are there. */
  templates(): Promise<{ items: ImTemplate[]; problem?: Problem }> {
    return this._call('GET', 'im/templates');
  }

  /** One template with its form. */
  form(source: TemplateRef, addons: string[]): Promise<ImTemplate> {
    return this._call('POST', 'im/templates/form', { ...source, addons });
  }

  token(): Promise<TokenInfo> {
    return this._call('GET', 'tokens');
  }

  /** The bridge keeps it in its memory only. */
  setToken(token: string): Promise<TokenInfo> {
    return this._call('PUT', 'tokens', { token });
  }

  async forgetToken(): Promise<void> {
    await this._call('DELETE', 'tokens');
  }

  // --- infrastructures -----------------------------------------------------------------------------------------------

  /** `problem`: those of the server could not be read; what is known of ours is there. */
  list(): Promise<{ items: Infrastructure[]; problem?: Problem }> {
    return this._call('GET', 'infrastructures');
  }

  get(id: string): Promise<Infrastructure> {
    return this._call('GET', path(id));
  }

  plan(request: InfrastructureRequest): Promise<InfrastructurePlan> {
    return this._call('POST', 'infrastructures/plan', request);
  }

  create(request: InfrastructureRequest): Promise<Infrastructure> {
    return this._call('POST', 'infrastructures', request);
  }

  /** `confirm`: its name, as the user typed it. */
  remove(id: string, confirm: string, force = false): Promise<Infrastructure> {
    return this._call('DELETE', `${path(id)}${query({ confirm, force: force || undefined })}`);
  }

  change(id: string, verb: InfrastructureCalls.Verb): Promise<Infrastructure> {
    return this._call('POST', `${path(id)}/${verb}`);
  }

  scale(id: string, request: ScaleRequest): Promise<Infrastructure> {
    return this._call('POST', `${path(id)}/scale`, request);
  }

  changeVm(id: string, vm: string, verb: 'start' | 'stop' | 'reboot'): Promise<Infrastructure> {
    return this._call('POST', `${path(id)}/vms/${encode(vm)}/${verb}`);
  }

  /** How to log in to a VM. On request only. */
  sshKey(id: string, vm: string): Promise<{ user: string; host: string; key?: string; password?: string }> {
    return this._call('POST', `${path(id)}/vms/${encode(vm)}/ssh-key`);
  }

  /** How to sign in to its OSCAR. On request only. */
  secrets(id: string): Promise<{ user: string; password: string }> {
    return this._call('POST', `${path(id)}/secrets`);
  }

  elasticity(id: string): Promise<Elasticity> {
    return this._call('GET', `${path(id)}/elasticity`);
  }

  /** What the configuration says, until it is over. Secrets are masked. */
  async *log(id: string, signal: AbortSignal): AsyncGenerator<string> {
    yield* textOf(await this._send(`v1/${path(id)}/log${query({ follow: true })}`, { signal }));
  }

  /** Address of the whole log, for a download. */
  logUrl(id: string): string {
    return this._url(`${path(id)}/log`);
  }

  /** Files and steps for a cluster where the Infrastructure Manager cannot make one. */
  existing(request: ExistingClusterRequest): Promise<ExistingClusterFiles> {
    return this._call('POST', 'infrastructures/existing', request);
  }

  private readonly _call: Call;
  private readonly _send: Send;
  private readonly _url: (href: string) => string;
}

export namespace InfrastructureCalls {
  export type Verb = 'start' | 'stop' | 'reconfigure' | 'retry' | 'register';
}

function path(id: string): string {
  return `infrastructures/${encode(id)}`;
}
