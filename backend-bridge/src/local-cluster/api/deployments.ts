import type { IDeployment, IOscarService } from '../../fdl/service';
import { fail, type IReply, json, parseBool } from './http';
import type { IContext, Manager } from './manager';
import { isLabelValue } from './names';
import { isExposed } from './service-check';
import { streamText } from './streams';

const UNAVAILABLE: IDeployment = {
  state: 'unavailable',
  reason: 'Current deployment visibility is unavailable for this service runtime.',
  active_instances: 0,
  affected_instances: 0,
  resource_kind: 'unavailable'
};

/** What Kubernetes says in these states. */
const REASONS: Record<string, string> = {
  ready: 'MinimumReplicasAvailable: Deployment has minimum availability.',
  pending: 'MinimumReplicasUnavailable: Deployment does not have minimum availability.',
  degraded: 'MinimumReplicasUnavailable: Deployment does not have minimum availability.',
  stopped: 'Deployment is stopped.'
};

/** State of what stands behind a service, in the order in which it is written. */
export function deploymentOf(manager: Manager, service: IOscarService): IDeployment & { progress?: number } {
  const state = manager.strict && !isExposed(service) ? UNAVAILABLE : manager.deployments.state(service.name);
  const reason = manager.strict && isExposed(service) ? (REASONS[state.state] ?? state.reason) : state.reason;
  const progress = manager.strict ? undefined : (state as { progress?: number }).progress;
  return {
    state: state.state,
    ...(reason ? { reason } : {}),
    ...(state.last_transition_time ? { last_transition_time: state.last_transition_time } : {}),
    active_instances: state.active_instances,
    affected_instances: state.affected_instances,
    resource_kind: state.resource_kind,
    ...(progress === undefined ? {} : { progress })
  };
}

/** A service that the caller may look at; the manager says the same of one that is not there. */
function visible(context: IContext): IOscarService {
  if (!isLabelValue(context.params.name)) {
    fail(400, 'invalid serviceName');
  }
  const service = context.manager.state.service(context.params.name);
  if (!service || !context.manager.mayRead(context.caller, service)) {
    fail(403, 'You do not have permission to access this service');
  }
  return service;
}

function statusReply(manager: Manager, service: IOscarService): IReply {
  return json(200, { service_name: service.name, namespace: service.namespace, ...deploymentOf(manager, service) });
}

/** `GET /system/services/:name/deployment` */
export function readDeployment(context: IContext): IReply {
  return statusReply(context.manager, visible(context));
}

const DEFAULT_TAIL = 200;
const MAX_TAIL = 1000;

/** `GET /system/services/:name/deployment/logs` */
export async function readDeploymentLogs(context: IContext): Promise<IReply | undefined> {
  const { manager, query } = context;
  const service = visible(context);
  if (!manager.strict && parseBool(query.get('follow'))) {
    const stop = new AbortController();
    await streamText(context, manager.deployments.followLog(service.name, { signal: stop.signal }), stop);
    return undefined;
  }
  const asked = Number(query.get('tailLines') ?? DEFAULT_TAIL);
  const tail = Math.min(Number.isInteger(asked) && asked > 0 ? asked : DEFAULT_TAIL, MAX_TAIL);
  const timestamps = parseBool(query.get('timestamps'));
  const answer = (available: boolean, entries: { timestamp?: string; message: string }[], message?: string): IReply =>
    json(200, { service_name: service.name, available, ...(message ? { message } : {}), entries });
  if (manager.strict && !isExposed(service)) {
    const entries = await lastJobLines(manager, service.name, tail, timestamps);
    return entries.length > 0
      ? answer(
          true,
          entries,
          'Returning recent logs from the last runtime attempt while deployment status remains unavailable.'
        )
      : answer(false, [], 'Deployment logs are unavailable for this service.');
  }
  const state = manager.deployments.state(service.name).state;
  const entries = manager.deployments.logs(service.name, { tail, timestamps });
  if (manager.strict && state === 'stopped') {
    return answer(false, [], 'Deployment logs are unavailable for this service.');
  }
  if (entries.length === 0) {
    return answer(
      false,
      [],
      state === 'pending'
        ? 'Deployment logs are not yet available.'
        : 'Deployment logs are unavailable for this service.'
    );
  }
  return answer(
    true,
    entries.map(entry => ({
      ...(timestamps && entry.timestamp ? { timestamp: entry.timestamp } : {}),
      message: entry.message
    }))
  );
}

async function lastJobLines(
  manager: Manager,
  name: string,
  tail: number,
  timestamps: boolean
): Promise<{ timestamp?: string; message: string }[]> {
  for (const job of manager.jobs.list(name, { limit: 20 }).jobs) {
    const log = await manager.jobs.log(job.name, { timestamps });
    if (log) {
      const lines = log.replace(/\n$/, '').split('\n').slice(-tail);
      return lines.map(line => {
        const space = line.indexOf(' ');
        return timestamps && space > 0
          ? { timestamp: line.slice(0, space), message: line.slice(space + 1) }
          : { message: line };
      });
    }
  }
  return [];
}

/** `POST /system/services/:name/{stop,start,restart}` */
export function control(verb: 'stop' | 'start' | 'restart'): (context: IContext) => Promise<IReply> {
  return async context => {
    const { manager, caller, params } = context;
    if (!isLabelValue(params.name)) {
      fail(400, 'invalid serviceName');
    }
    const service = manager.state.service(params.name) ?? fail(404);
    if (!caller.admin && service.owner !== caller.uid) {
      fail(403, `User ${caller.uid} doesn't have permission to manage this service`);
    }
    if (!isExposed(service)) {
      fail(400, `service "${service.name}" is not exposed`);
    }
    // The restart of a stopped service leaves it stopped, as on Kubernetes.
    if (verb !== 'restart' || !manager.state.stopped(service.name)) {
      await manager.deployments[verb](service.name);
    }
    if (verb !== 'restart') {
      manager.state.setStopped(service.name, verb === 'stop');
    }
    manager.options.events.publish({ kind: 'service', name: service.name });
    return statusReply(manager, service);
  };
}
