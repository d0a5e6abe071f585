import type { IFederation, IOscarService, IReplica } from '../../fdl/service';
import { fail, type IReply, json, readJson, text } from './http';
import type { IContext } from './manager';
import { undefinedMembers } from './service-check';
import { FederationRequest, FederationResponse } from './types';

interface IFederationRequest {
  members: IReplica[] | null;
  update: IReplica[] | null;
  clusters: IOscarService['clusters'] | null;
  storage_providers: IOscarService['storage_providers'] | null;
  delete: boolean;
}

/** Members are kept and answered; events are not handed on to them yet. */
export function readFederation(context: IContext): IReply {
  const service = context.manager.state.service(context.params.name) ?? fail(404);
  checkAccess(context, service, false);
  return shown(service);
}

export function changeFederation(verb: 'add' | 'replace' | 'remove'): (context: IContext) => Promise<IReply> {
  return async context => {
    const { manager, params } = context;
    const request = await readJson<IFederationRequest>(context.request, FederationRequest, 'Invalid payload: ');
    return manager.exclusive(params.name, async () => {
      const service = manager.state.service(params.name) ?? fail(404);
      checkAccess(context, service, true);
      const old: IFederation = service.federation ?? { group_id: '', topology: '' };
      const members = changed(old.members ?? [], request, verb);
      const updated: IOscarService = {
        ...service,
        federation: { ...old, members },
        ...(request.clusters ? { clusters: { ...service.clusters, ...request.clusters } } : {}),
        storage_providers: { ...service.storage_providers, ...nonNull(request.storage_providers) }
      };
      manager.state.putService(updated);
      const full = manager.privateService(service.name);
      if (full) {
        manager.deployments.update(full);
      }
      manager.options.events.publish({ kind: 'service', name: service.name });
      if (members.length > 0) {
        if (!manager.state.secrets(service.name).refresh_token) {
          fail(500, `error reading refresh-token secret: secrets "${service.name}" not found`);
        }
        const warnings = undefinedMembers(updated);
        if (warnings.length > 0) {
          return text(200, `Updated with federation warnings: [${warnings.join(' ')}]`);
        }
      }
      return shown(updated);
    });
  };
}

function nonNull(providers: IFederationRequest['storage_providers']): object {
  return Object.fromEntries(Object.entries(providers ?? {}).filter(([, value]) => value !== null));
}

/** The real manager lets any user read and change the federation of any service. Not here. */
function checkAccess(context: IContext, service: IOscarService, write: boolean): void {
  const { caller, manager } = context;
  if (write ? !caller.admin && service.owner !== caller.uid : !manager.mayRead(caller, service)) {
    fail(403, 'You do not have permission to access this service');
  }
}

function shown(service: IOscarService): IReply {
  const members = service.federation?.members;
  return json(
    200,
    { topology: service.federation?.topology || 'none', members: members && members.length > 0 ? members : null },
    FederationResponse
  );
}

function changed(members: IReplica[], request: IFederationRequest, verb: 'add' | 'replace' | 'remove'): IReplica[] {
  const named = (request.members ?? []).map(withHeaders);
  const matches = (member: IReplica): boolean => named.some(each => isSame(each, member));
  switch (verb) {
    case 'add':
      return [...members, ...named];
    case 'replace': {
      const replacement = request.update?.[0];
      return replacement ? members.map(member => (matches(member) ? withHeaders(replacement) : member)) : members;
    }
    case 'remove':
      return members.filter(member => !matches(member));
  }
}

function withHeaders(member: IReplica): IReplica {
  return { ...member, headers: member.headers ?? {} };
}

function isSame(one: IReplica, other: IReplica): boolean {
  return (
    one.type.toLowerCase() === other.type.toLowerCase() &&
    one.cluster_id === other.cluster_id &&
    one.service_name === other.service_name
  );
}
