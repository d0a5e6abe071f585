import { setTimeout as delay } from 'node:timers/promises';
import type { IClusters } from '../clusters';
import { BridgeError, HttpClient, isProblem } from '../http';
import { isPrivateHost } from './failures';
import type { IDeployHandle } from './interfaces';
import type { IKept } from './journal';
import type { Records } from './records';
import type { Tell } from './steps';

/** Between two looks whether the cluster answers. Milliseconds. */
const HEALTH_POLL = [500, 1000, 2000, 5000, 10_000];
const HEALTH_CALL = 10_000;
export const HEALTH_TIMEOUT = 20 * 60_000;
/** User that OSCAR's role makes. */
export const OSCAR_USER = 'oscar';
const PASSWORD_INPUT = 'oscar_password';

export interface IAfterOptions {
  records: Records;
  clusters: IClusters;
  deploy: (cluster: string, example: string, handle: IDeployHandle) => Promise<void>;
  healthTimeout?: number;
  env?: NodeJS.ProcessEnv;
}

/** What follows once the machines are configured: the cluster answers, is in the list, and has its services. */
export class AfterSteps {
  constructor(private readonly _options: IAfterOptions) {}

  /** Address of the cluster's API; undefined: the template tells none. */
  endpointOf({ request, view }: IKept): string | undefined {
    return request.endpoint ?? view.outputs.find(output => output.name === 'local_oscarui_endpoint')?.value;
  }

  /** Waits until `/health` answers. @throws BridgeError that tells what is missing */
  async health(kept: IKept, tell: Tell, signal: AbortSignal): Promise<void> {
    const endpoint = this._needEndpoint(kept);
    const http = new HttpClient({
      base: endpoint,
      who: `the new cluster (${new URL(endpoint).origin})`,
      timeout: HEALTH_CALL
    });
    const since = kept.healthSince ?? Date.now();
    this._options.records.change(kept, {}, { healthSince: since });
    try {
      for (let tries = 0; ; tries++) {
        const why = await whyNot(http, signal);
        if (why === undefined) {
          return;
        }
        if (Date.now() - since > (this._options.healthTimeout ?? HEALTH_TIMEOUT)) {
          throw unhealthy(endpoint, why, this._options.env ?? process.env);
        }
        tell(`${endpoint} does not answer yet: ${why.detail}`);
        await delay(HEALTH_POLL[Math.min(tries, HEALTH_POLL.length - 1)], undefined, { signal });
      }
    } finally {
      http.dispose();
    }
  }

  /** Adds the cluster to the list and switches to it; one that is in the list with this address is used as it is. */
  async register(kept: IKept): Promise<void> {
    const { records, clusters } = this._options;
    const endpoint = this._needEndpoint(kept);
    const same = (await clusters.describeAll()).find(cluster => trimmed(cluster.endpoint) === trimmed(endpoint));
    let id = same?.id;
    if (id === undefined) {
      const password = records.secrets(kept)[PASSWORD_INPUT];
      const taken = new Set(clusters.registry.list().map(cluster => cluster.id));
      id = freeId(kept.request.clusterId ?? slug(kept.view.name), taken);
      await clusters.registry.add({
        id,
        endpoint,
        ...(password === undefined ? {} : { user: OSCAR_USER, password })
      });
      records.change(kept, { cluster: id }, { addedCluster: true });
    } else {
      records.change(kept, { cluster: id });
    }
    await clusters.registry.use(id);
  }

  /** Deploys the examples that were asked for, one after the other; those that are there stay. */
  async deploy(kept: IKept, tell: Tell, signal: AbortSignal): Promise<void> {
    const { cluster } = kept.view;
    const wanted = kept.request.deploy ?? [];
    if (cluster === undefined) {
      throw new BridgeError({
        type: 'conflict',
        title: 'The cluster is not in the list',
        status: 409,
        detail: 'Services can be deployed once the cluster is registered.',
        action: 'Register it, then retry.'
      });
    }
    for (const [index, example] of wanted.entries()) {
      const share = index / wanted.length;
      tell(example, share);
      await this._options.deploy(cluster, example, {
        onSteps: steps => {
          const running = steps.find(step => step.state === 'running');
          const done = steps.filter(step => step.state === 'done').length;
          tell(
            [example, running && `${running.action} ${running.kind} ${running.name}`].filter(Boolean).join(': '),
            share + done / Math.max(1, steps.length) / wanted.length
          );
        },
        signal
      });
    }
  }

  /** Takes out of the list what `register` has put in. */
  async unregister(kept: IKept): Promise<void> {
    const { cluster } = kept.view;
    if (cluster !== undefined && kept.addedCluster === true) {
      try {
        await this._options.clusters.registry.remove(cluster);
      } catch (error) {
        if (!isProblem(error, 'not-found')) {
          throw error;
        }
      }
    }
  }

  private _needEndpoint(kept: IKept): string {
    const endpoint = this.endpointOf(kept);
    if (endpoint === undefined || !URL.canParse(endpoint)) {
      throw new BridgeError({
        type: 'invalid',
        title: 'No address of the cluster',
        status: 400,
        detail: 'The template has no output "local_oscarui_endpoint", and no address was given.',
        action: 'Add the cluster by hand with its address.'
      });
    }
    return trimmed(endpoint);
  }
}

function trimmed(address: string): string {
  return URL.canParse(address) ? new URL(address).href.replace(/\/+$/, '') : address;
}

export function slug(name: string): string {
  const made = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 36);
  return made || 'cluster';
}

function freeId(wanted: string, taken: Set<string>): string {
  for (let number = 1; ; number++) {
    const id = number === 1 ? wanted : `${wanted.slice(0, 36 - String(number).length)}-${number}`;
    if (!taken.has(id)) {
      return id;
    }
  }
}

interface IWhy {
  detail: string;
  cause?: string;
  certificate?: boolean;
  unknownName?: boolean;
}

async function whyNot(http: HttpClient, signal: AbortSignal): Promise<IWhy | undefined> {
  try {
    const { status } = await http.request({ method: 'GET', path: '/health', signal, idempotent: false });
    return status === 200 ? undefined : { detail: `it answers /health with status ${status}.` };
  } catch (error) {
    if (!isProblem(error, 'unreachable', 'remote-error')) {
      throw error;
    }
    const { detail, cause } = error.problem;
    return {
      detail,
      cause: cause === undefined ? undefined : String(cause),
      certificate: (error.problem as { certificate?: unknown }).certificate === true,
      unknownName: /name is not known|could not be looked up/.test(detail)
    };
  }
}

function unhealthy(endpoint: string, why: IWhy, env: NodeJS.ProcessEnv): BridgeError {
  const host = new URL(endpoint).hostname;
  const onHub = env['JUPYTERHUB_USER'] !== undefined;
  const action = why.unknownName
    ? `The name ${host} has no address: make a DNS record for it and for *.${host} that points to the front end, then retry.`
    : why.certificate
      ? 'Its certificate was not issued: ports 80 and 443 of the front end must be open to the world, and its name must be known. Then retry.'
      : onHub && isPrivateHost(host)
        ? 'It is a private address, and the network policy of this hub usually forbids those: ask its operator, then retry.'
        : 'Look into the log of the infrastructure; check that ports 80 and 443 of the front end are open, then retry.';
  return new BridgeError({
    type: 'unreachable',
    title: 'The cluster does not answer',
    status: 502,
    detail: `The machines are configured, but ${endpoint} is not ready: ${why.detail}`,
    cause: why.cause,
    action
  });
}
