import type { Infrastructure } from '../contract';
import { BridgeError } from '../http';
import type { IImAuth, ImClient } from './im-client';
import { at, makesOscar, parseTemplate } from './templates/parse';

/** How long the name of one is believed. Milliseconds. */
const FRESH = 10 * 60_000;
const AT_ONCE = 4;

interface IKnown {
  at: number;
  view: Infrastructure;
}

/**
 * Infrastructures that the server has and nobody here began. Their state is not asked for: that takes the credentials of their
 * cloud, and with others the server would write down `unknown`.
 */
export class Foreign {
  async describe(client: ImClient, auth: IImAuth, ids: string[]): Promise<Infrastructure[]> {
    const found: Infrastructure[] = [];
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      found.push(...(await Promise.all(ids.slice(from, from + AT_ONCE).map(id => this._one(client, auth, id)))));
    }
    return found;
  }

  private async _one(client: ImClient, auth: IImAuth, id: string): Promise<Infrastructure> {
    const known = this._known.get(id);
    if (known && Date.now() - known.at < FRESH) {
      return known.view;
    }
    const view = viewOf(id, await this._read(client, auth, id));
    this._known.set(id, { at: Date.now(), view });
    return view;
  }

  /** What may be read without the credentials of the cloud. One that cannot be read is still listed. */
  private async _read(client: ImClient, auth: IImAuth, id: string): Promise<IRead> {
    const quietly = async <T>(call: Promise<T>): Promise<T | undefined> => {
      try {
        return await call;
      } catch (error) {
        if (!(error instanceof BridgeError)) {
          throw error;
        }
        return undefined;
      }
    };
    const [tosca, owners, vms] = await Promise.all([
      quietly(client.tosca(auth, id)),
      quietly(client.owners(auth, id)),
      quietly(client.vms(auth, id))
    ]);
    return { tosca, owners: owners ?? [], vms: vms ?? [] };
  }

  private readonly _known = new Map<string, IKnown>();
}

interface IRead {
  tosca?: string;
  owners: string[];
  vms: string[];
}

function viewOf(id: string, { tosca, owners, vms }: IRead): Infrastructure {
  const { tree } = parseTemplate({ name: id, text: tosca ?? '' });
  const name = at(tree, 'metadata', 'infra_name');
  return {
    id,
    name: typeof name === 'string' && name !== '' ? name : id.slice(0, 8),
    state: 'unknown',
    stateDetail: 'It was created elsewhere: choose the credentials of its cloud to see its state and to change it.',
    oscar: makesOscar(tree),
    vms: vms.map(vm => ({ id: vm, role: '', frontEnd: vm === '0', state: 'unknown', addresses: [] })),
    owners,
    revision: 1,
    steps: [],
    outputs: [],
    foreign: true
  };
}
