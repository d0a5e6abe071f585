import { BridgeError, HttpClient, isProblem, type IHttpResponse } from '../http';
import { imAuthorization, type AuthItem } from './authorization';
import { imFailure, isHtml, notIm, withNetworkHint } from './failures';

/** Templates can create many machines; the server answers when it has accepted them. Milliseconds. */
const CHANGE_TIMEOUT = 300_000;
const READ_TIMEOUT = 30_000;
/** For what a person waits for on each look: better a quick word that the server is slow. */
const QUICK_TIMEOUT = 8000;
/** How long an answer to `/version` is believed. */
const VERSION_AGE = 10 * 60_000;
/** A log of many machines. */
const LARGEST = 32 * 1024 * 1024;

/** What IM is asked with: its own line, and at most one cloud, so that it neither chooses nor sees more than it needs. */
export interface IImAuth {
  im: AuthItem;
  cloud?: AuthItem;
}

export interface IImState {
  state: string;
  vms: Record<string, string>;
}

/** Dry run: what a template would take. Decimal units. */
export interface IEstimate {
  compute: {
    cpuCores?: number;
    memoryInMegabytes?: number;
    diskSizeInGigabytes?: number;
    publicIP?: number;
    GPU?: number;
  }[];
  storage: { sizeInGigabytes?: number }[];
}

export type Quotas = Record<string, { used: number; limit: number }>;

/** Values of one class of RADL as JSON: `class`, `id`, and dotted keys. */
export type RadlItem = Record<string, unknown>;

export interface IDocument {
  kind: 'tosca' | 'radl';
  text: string;
}

/**
 * The Infrastructure Manager's REST API, versions 1.19 and 2.0. Errors are BridgeErrors; an expired token is `unauthorized`
 * whatever the status was.
 *
 * Source: the API as observed on a 2.0.0 server, and its published documentation (https://imdocs.readthedocs.io).
 */
export class ImClient {
  constructor(options: { url: string; ca?: string; timeout?: number; env?: NodeJS.ProcessEnv }) {
    this.url = options.url.replace(/\/+$/, '');
    this._who = `the Infrastructure Manager (${new URL(this.url).origin})`;
    this._http = new HttpClient({
      base: this.url,
      who: this._who,
      ca: options.ca,
      timeout: options.timeout ?? READ_TIMEOUT
    });
    this._timeout = options.timeout ?? READ_TIMEOUT;
    this._env = options.env ?? process.env;
  }

  readonly url: string;

  /** For instance `2.0.0`; needs no credentials. */
  async version(): Promise<string> {
    if (this._version && Date.now() - this._version.at < VERSION_AGE) {
      return this._version.text;
    }
    const body = await this._json('GET', '/version', 'tell its version', { quick: true });
    const text = (body as { version?: unknown }).version;
    if (typeof text !== 'string' || !/^\d+(\.\w+)+/.test(text)) {
      throw notIm(this._who, 'no version in its answer');
    }
    this._version = { text, at: Date.now() };
    return text;
  }

  /** Ids of the infrastructures of this user. */
  async list(auth: IImAuth): Promise<string[]> {
    return uris(
      await this._json('GET', '/infrastructures', 'list the infrastructures', { auth: { im: auth.im }, quick: true })
    );
  }

  /** @returns Id of the new infrastructure; its machines are made while we go on. */
  async create(auth: IImAuth, document: IDocument): Promise<string> {
    const body = await this._json('POST', '/infrastructures?async=1', 'create the infrastructure', { auth, document });
    const id = lastPart((body as { uri?: unknown }).uri);
    if (id === undefined) {
      throw notIm(this._who, 'it did not tell the id of the new infrastructure');
    }
    return id;
  }

  /** What creating it would take. */
  async estimate(auth: IImAuth, document: IDocument): Promise<IEstimate> {
    const path = '/infrastructures?dry_run=1';
    const body = await this._json('POST', path, 'estimate the infrastructure', { auth, document });
    const [first] = Object.values(body as Record<string, Partial<IEstimate>>);
    return { compute: first?.compute ?? [], storage: first?.storage ?? [] };
  }

  /** Ids of the machines. */
  async vms(auth: IImAuth, id: string): Promise<string[]> {
    return uris(
      await this._json('GET', `/infrastructures/${part(id)}`, 'list the machines', { auth: { im: auth.im } })
    );
  }

  /** Needs the cloud's credentials: asking with others makes the server write down `unknown`. */
  async state(auth: Required<IImAuth>, id: string): Promise<IImState> {
    const body = await this._json('GET', `/infrastructures/${part(id)}/state`, 'tell the state', { auth });
    const told = ((body as { state?: unknown }).state ?? {}) as { state?: unknown; vm_states?: unknown };
    const vms = (told.vm_states ?? {}) as Record<string, unknown>;
    return {
      state: String(told.state ?? 'unknown'),
      vms: Object.fromEntries(Object.entries(vms).map(([vm, state]) => [vm, String(state)]))
    };
  }

  /** Log of the configuration. */
  async log(auth: IImAuth, id: string, vm?: string): Promise<string> {
    const path = vm === undefined ? '' : `/vms/${part(vm)}`;
    const full = `/infrastructures/${part(id)}${path}/contmsg`;
    const body = await this._json('GET', full, 'give the log', { auth: vm === undefined ? { im: auth.im } : auth });
    const text = (body as { contmsg?: unknown }).contmsg;
    return typeof text === 'string' ? text : '';
  }

  async outputs(auth: IImAuth, id: string): Promise<Record<string, unknown>> {
    const path = `/infrastructures/${part(id)}/outputs`;
    const body = await this._json('GET', path, 'give the outputs', { auth: { im: auth.im } });
    return ((body as { outputs?: unknown }).outputs ?? {}) as Record<string, unknown>;
  }

  /** The template as IM has it, secrets included; undefined for an infrastructure that was made from RADL. */
  async tosca(auth: IImAuth, id: string): Promise<string | undefined> {
    try {
      const path = `/infrastructures/${part(id)}/tosca`;
      const body = await this._json('GET', path, 'give the template', { auth: { im: auth.im } });
      const text = (body as { tosca?: unknown }).tosca;
      return typeof text === 'string' ? text : undefined;
    } catch (error) {
      // 1.19 and 2.0 differ in the status; the sentence is the same.
      if (isProblem(error, 'forbidden', 'invalid') && /tosca/i.test(error.problem.cause ?? '')) {
        return undefined;
      }
      throw error;
    }
  }

  /** The description as text; the server gives that also where JSON was asked for. */
  async radlText(auth: IImAuth, id: string): Promise<string> {
    const path = `/infrastructures/${part(id)}/radl`;
    const body = await this._json('GET', path, 'give the description', { auth: { im: auth.im } });
    const radl = (body as { radl?: unknown }).radl;
    return typeof radl === 'string' ? radl : JSON.stringify(radl ?? [], undefined, 1);
  }

  /** One machine, passwords and keys included. */
  async vm(auth: Required<IImAuth>, id: string, vm: string): Promise<RadlItem[]> {
    const path = `/infrastructures/${part(id)}/vms/${part(vm)}`;
    return radlOf(await this._json('GET', path, `show the machine ${vm}`, { auth }));
  }

  async owners(auth: IImAuth, id: string): Promise<string[]> {
    const path = `/infrastructures/${part(id)}/authorization`;
    const body = await this._json('GET', path, 'tell the owners', { auth: { im: auth.im } });
    const owners = (body as { authorization?: unknown }).authorization;
    return Array.isArray(owners) ? owners.map(String) : [];
  }

  async addOwner(auth: IImAuth, id: string, owner: { token: string }): Promise<void> {
    // `overwrite` has another default in the documentation than in the code.
    const path = `/infrastructures/${part(id)}/authorization?overwrite=0`;
    await this._send('POST', path, 'add an owner', {
      auth: { im: auth.im },
      body: JSON.stringify(owner),
      type: 'application/json'
    });
  }

  /** Merges a template into the stored one; machines are added or taken away by their counts. */
  async change(auth: Required<IImAuth>, id: string, document: IDocument): Promise<string[]> {
    return uris(
      await this._json('POST', `/infrastructures/${part(id)}`, 'change the infrastructure', { auth, document })
    );
  }

  /** `start`, `stop` or `reconfigure` all of it. */
  async control(auth: Required<IImAuth>, id: string, verb: 'start' | 'stop' | 'reconfigure'): Promise<void> {
    await this._send('PUT', `/infrastructures/${part(id)}/${verb}`, `${verb} the infrastructure`, { auth });
  }

  async controlVm(auth: Required<IImAuth>, id: string, vm: string, verb: 'start' | 'stop' | 'reboot'): Promise<void> {
    const path = `/infrastructures/${part(id)}/vms/${part(vm)}/${verb}`;
    await this._send('PUT', path, `${verb} the machine ${vm}`, { auth });
  }

  /** Begins to delete it; afterwards it answers 404. */
  async remove(auth: Required<IImAuth>, id: string, force = false): Promise<void> {
    const path = `/infrastructures/${part(id)}?async=1${force ? '&force=1' : ''}`;
    await this._send('DELETE', path, 'delete the infrastructure', { auth });
  }

  async images(auth: Required<IImAuth>, filter?: string): Promise<{ uri: string; name: string }[]> {
    const query = filter ? `?filters=${encodeURIComponent(filter)}` : '';
    const path = `/clouds/${part(auth.cloud['id'])}/images${query}`;
    const body = await this._json('GET', path, 'list the images of the cloud', { auth });
    const images = (body as { images?: unknown }).images;
    return (Array.isArray(images) ? images : []).map(item => {
      const { uri, name } = item as { uri?: unknown; name?: unknown };
      return { uri: String(uri), name: String(name ?? uri) };
    });
  }

  /** Undefined where this kind of cloud tells none. */
  async quotas(auth: Required<IImAuth>): Promise<Quotas | undefined> {
    try {
      const path = `/clouds/${part(auth.cloud['id'])}/quotas`;
      const body = await this._json('GET', path, 'tell the quotas of the cloud', { auth });
      return (body as { quotas?: Quotas }).quotas;
    } catch (error) {
      if (isProblem(error, 'invalid') && /not (?:implemented|supported|available)/i.test(error.problem.cause ?? '')) {
        return undefined;
      }
      throw error;
    }
  }

  dispose(): void {
    this._http.dispose();
  }

  private async _json(method: string, path: string, what: string, options: ISendOptions = {}): Promise<unknown> {
    const response = await this._send(method, path, what, options);
    const text = response.body.toString('utf8');
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw notIm(
        this._who,
        isHtml(response.headers['content-type'] ?? '', text) ? 'a web page' : 'an answer without JSON'
      );
    }
  }

  /** The body of changes is empty even when JSON was asked for, so nobody parses it here. */
  private async _send(method: string, path: string, what: string, options: ISendOptions): Promise<IHttpResponse> {
    const { auth, document } = options;
    const reads = method === 'GET';
    const body = document?.text ?? options.body;
    const type = document ? (document.kind === 'tosca' ? 'text/yaml' : 'text/plain') : options.type;
    let response: IHttpResponse;
    try {
      response = await this._http.request({
        method,
        path,
        headers: {
          Accept: 'application/json',
          ...(type === undefined ? {} : { 'Content-Type': type }),
          ...(auth ? { Authorization: imAuthorization(itemsOf(auth), await this.version()) } : {})
        },
        ...(body === undefined ? {} : { body }),
        ...(reads ? {} : { timeout: CHANGE_TIMEOUT }),
        ...(options.quick ? { timeout: Math.min(this._timeout, QUICK_TIMEOUT), idempotent: false } : {}),
        limit: LARGEST
      });
    } catch (error) {
      throw withNetworkHint(error, this.url, this._env);
    }
    if (response.status >= 300) {
      throw imFailure({
        who: this._who,
        what,
        status: response.status,
        contentType: response.headers['content-type'] ?? '',
        text: response.body.toString('utf8')
      });
    }
    return response;
  }

  private readonly _who: string;
  private readonly _http: HttpClient;
  private readonly _timeout: number;
  private readonly _env: NodeJS.ProcessEnv;
  private _version: { text: string; at: number } | undefined;
}

interface ISendOptions {
  auth?: IImAuth;
  document?: IDocument;
  body?: string;
  type?: string;
  /** Asked once, and not for long. */
  quick?: boolean;
}

function itemsOf(auth: IImAuth): AuthItem[] {
  return auth.cloud ? [auth.im, auth.cloud] : [auth.im];
}

function part(text: string): string {
  if (!/^[\w.-]{1,100}$/.test(text) || /^\.+$/.test(text)) {
    throw new BridgeError({
      type: 'not-found',
      title: 'Not found',
      status: 404,
      detail: `"${text.slice(0, 60)}" is no id of the Infrastructure Manager.`
    });
  }
  return text;
}

function lastPart(uri: unknown): string | undefined {
  const last = typeof uri === 'string' ? uri.replace(/\/+$/, '').split('/').pop() : undefined;
  return last || undefined;
}

function uris(body: unknown): string[] {
  const list = (body as { 'uri-list'?: unknown })['uri-list'];
  return (Array.isArray(list) ? list : [])
    .map(item => lastPart(typeof item === 'string' ? item : (item as { uri?: unknown })?.uri))
    .filter(id => id !== undefined);
}

function radlOf(body: unknown): RadlItem[] {
  const radl = (body as { radl?: unknown }).radl;
  return (Array.isArray(radl) ? radl : []).filter(item => typeof item === 'object' && item !== null) as RadlItem[];
}
