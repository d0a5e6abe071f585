import { createHmac, randomBytes } from 'node:crypto';
import type { ICluster } from '../clusters';
import { ownPlaces, type IPlace } from '../clusters/service-view';
import { isExposed, type IOscarService } from '../fdl';
import { addSecret, BridgeError } from '../http';
import { CALL_SECRETS, type ICallPaths, type IConversion, type INodeService } from '../pipelines';
import type { IServiceSecrets } from './prepare';

/**
 * Finds out what each service of a pipeline gets as secrets, without ever writing one down.
 *
 * A cluster does not give secrets back, so whether they have changed is known only as long as this process remembers a mark of
 * what it sent. A service that has all of its secrets keeps them when no value is given.
 */
export class SecretKeeper {
  /**
   * @param given - values by variable
   * @throws BridgeError `secrets-missing` that names the variables, `not-found` for a called service
   */
  async collect(
    conversion: IConversion,
    given: Record<string, string>,
    cluster: (id: string) => Promise<ICluster>
  ): Promise<Map<string, IServiceSecrets>> {
    const result = new Map<string, IServiceSecrets>();
    const missing = new Map<string, string[]>();
    Object.values(given).forEach(addSecret);
    for (const node of conversion.services) {
      if (node.secrets.length === 0 && node.calls === undefined) {
        continue;
      }
      const target = await cluster(node.target);
      const there = await target.client.service(node.service);
      const values: Record<string, string> = node.calls === undefined ? {} : await callSecrets(target, node);
      const wanted = node.secrets.filter(variable => !(variable in values));
      const known = there?.environment?.secrets ?? {};
      const told = wanted.filter(variable => given[variable]);
      const kept = [...wanted, ...Object.keys(values)].every(variable => variable in known);
      const isCallNew = node.calls !== undefined && this._calls.get(this._key(node)) !== this._mark(values, there);
      if (kept && told.length === 0 && (wanted.length > 0 || node.calls !== undefined) && !isCallNew) {
        result.set(node.service, { keep: true });
        continue;
      }
      for (const variable of wanted) {
        if (given[variable]) {
          values[variable] = given[variable];
        } else {
          missing.set(variable, [...(missing.get(variable) ?? []), node.label]);
        }
      }
      const mark = this._mark(values, there);
      result.set(
        node.service,
        kept && this._sent.get(this._key(node)) === mark ? { keep: true } : { keep: false, values, mark }
      );
    }
    refuseMissing(missing);
    return result;
  }

  /** The service has been deployed with them. */
  sent(node: INodeService, secrets: IServiceSecrets | undefined, service: IOscarService): void {
    if (secrets?.keep === false) {
      this._sent.set(this._key(node), this._mark(secrets.values, service));
      const call = CALL_SECRETS.filter(name => name in secrets.values);
      if (call.length > 0) {
        const values = Object.fromEntries(call.map(name => [name, secrets.values[name]]));
        this._calls.set(this._key(node), this._mark(values, service));
      }
    }
  }

  private _key(node: INodeService): string {
    return `${node.target}/${node.service}`;
  }

  /** Of no use to anybody else: keyed with bytes that only this process has, and bound to the one deployed service. */
  private _mark(values: Record<string, string>, service: IOscarService | undefined): string {
    const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
    return createHmac('sha256', this._salt)
      .update(JSON.stringify([sorted, service?.token ?? '']))
      .digest('hex');
  }

  private readonly _salt = randomBytes(32);
  private readonly _sent = new Map<string, string>();
  private readonly _calls = new Map<string, string>();
}

async function callSecrets(cluster: ICluster, node: INodeService): Promise<Record<string, string>> {
  const name = node.calls as string;
  const service = await cluster.client.service(name);
  if (!service) {
    throw new BridgeError({
      type: 'not-found',
      title: 'A service is missing',
      status: 400,
      detail: `“${node.label}” calls the service ${name}, which the cluster "${cluster.id}" does not have.`,
      action: 'Deploy that service first, or choose another one in the node.'
    });
  }
  const { endpoint } = await cluster.describe();
  const [token, address, paths] = CALL_SECRETS;
  addSecret(service.token);
  return { [token]: service.token, [address]: endpoint, [paths]: JSON.stringify(callPaths(service)) };
}

/** How the service takes files where it has no /run, and for those that are too large for it. */
function callPaths(service: IOscarService): ICallPaths {
  const text = ({ bucket, prefix }: IPlace): string => (prefix === '' ? bucket : `${bucket}/${prefix}`);
  const [input] = ownPlaces(service.input, service.name).map(text);
  const door = !service.expose.set_auth ? 'none' : service.expose.auth_type === 'forward' ? 'bearer' : 'basic';
  return {
    ...(input === undefined ? {} : { input }),
    output: ownPlaces(service.output, service.name).map(text),
    ...(isExposed(service) ? { exposed: door } : {})
  };
}

function refuseMissing(missing: Map<string, string[]>): void {
  if (missing.size === 0) {
    return;
  }
  const names = [...missing.keys()];
  const nodes = [...new Set([...missing.values()].flat())];
  throw new BridgeError({
    type: 'secrets-missing',
    title: 'Secrets are missing',
    status: 400,
    detail: `The pipeline needs ${names.length === 1 ? 'a value' : 'values'} for ${names.join(', ')} (${nodes.join(', ')}). Nothing was deployed.`,
    action: `Give ${names.length === 1 ? 'it' : 'them'} with the run; secrets are not kept in files.`,
    extra: { secrets: [...missing].map(([variable, labels]) => ({ variable, nodes: labels })) }
  });
}
