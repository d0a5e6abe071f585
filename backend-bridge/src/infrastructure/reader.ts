import { pause } from '../http';
import { OSCAR_USER } from './after';
import type { Clouds } from './clouds';
import type { ImConnection } from './connection';
import { idOf } from './journal';
import { maskTemplate, maskText } from './masking';
import { noSuch } from './problems';
import type { Records } from './records';
import { isFinal } from './states';
import { inputValues, parseTemplate } from './templates/parse';

/** IM writes its log in pieces of minutes. Milliseconds. */
const LOG_POLL = 5000;

/** Reads what is long or secret from the server when somebody asks for it; nothing of it is kept. */
export class Reader {
  constructor(
    private readonly _options: {
      records: Records;
      connection: ImConnection;
      clouds: Clouds;
      poll: { longest: number };
    }
  ) {}

  async *log(
    id: string,
    options: { follow?: boolean; vm?: string; signal?: AbortSignal } = {}
  ): AsyncGenerator<string> {
    const kept = this._options.records.find(id);
    const secrets = kept ? Object.values(this._options.records.secrets(kept)) : [];
    let shown = '';
    for (;;) {
      if (kept && kept.id === undefined) {
        if (options.follow !== true || isFinal(kept.view.state)) {
          return;
        }
      } else {
        const auth =
          options.vm === undefined
            ? await this._options.connection.auth()
            : await this._options.clouds.authFor(this._options.records.get(id));
        const text = maskText(await this._options.connection.client().log(auth, kept?.id ?? id, options.vm), secrets);
        if (text !== shown) {
          yield text.startsWith(shown)
            ? text.slice(shown.length)
            : `${shown === '' ? '' : '\n--- the log begins anew ---\n'}${text}`;
          shown = text;
        }
      }
      if (options.follow !== true || options.signal?.aborted || !kept || isFinal(kept.view.state)) {
        return;
      }
      await pause(Math.min(LOG_POLL, this._options.poll.longest), options.signal);
      if (options.signal?.aborted) {
        return;
      }
    }
  }

  /** As the server has it, secrets masked. */
  async template(id: string): Promise<string> {
    const kept = this._options.records.find(id);
    const client = this._options.connection.client();
    const auth = await this._options.connection.auth();
    const imId = kept ? idOf(kept) : id;
    const secrets = kept ? Object.values(this._options.records.secrets(kept)) : [];
    const tosca = await client.tosca(auth, imId);
    return tosca === undefined ? maskText(await client.radlText(auth, imId), secrets) : maskTemplate(tosca, secrets);
  }

  /** On request only; never kept. */
  async sshKey(id: string, vm: string): Promise<{ user: string; host: string; key?: string; password?: string }> {
    const kept = this._options.records.get(id);
    const radl = await this._options.connection
      .clientFor(kept)
      .vm(await this._options.clouds.authFor(kept), idOf(kept), vm);
    const system = radl.find(item => item['class'] === 'system') ?? {};
    const text = (name: string): string | undefined => {
      const value = system[`disk.0.os.credentials.${name}`];
      return typeof value === 'string' && value !== '' ? value : undefined;
    };
    const addresses = kept.view.vms.find(item => item.id === vm)?.addresses ?? [];
    const user = text('username');
    const host =
      addresses.at(-1) ?? Object.entries(system).find(([name]) => /^net_interface\.\d+\.ip$/.test(name))?.[1];
    if (user === undefined || typeof host !== 'string') {
      throw noSuch('way into machine', vm, 'It gets an address and a user when it has started.');
    }
    const key = text('private_key');
    const password = text('new.password') ?? text('password');
    return {
      user,
      host,
      ...(key === undefined ? {} : { key }),
      ...(password === undefined || key !== undefined ? {} : { password })
    };
  }

  /** User and password of the cluster's API; asked of IM when they were made on another machine. */
  async secrets(id: string): Promise<{ user: string; password: string }> {
    const kept = this._options.records.find(id);
    const own = kept && this._options.records.secrets(kept)['oscar_password'];
    if (own) {
      return { user: OSCAR_USER, password: own };
    }
    const tosca = await this._options.connection.client().tosca(await this._options.connection.auth(), kept?.id ?? id);
    const found = inputValues(parseTemplate({ name: id, text: tosca ?? '' }).tree)['oscar_password'];
    if (typeof found !== 'string' || found === '') {
      throw noSuch('password of the cluster', kept?.view.name ?? id, 'Its template has no input "oscar_password".');
    }
    return { user: OSCAR_USER, password: found };
  }
}
