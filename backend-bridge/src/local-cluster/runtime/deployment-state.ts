import type { IDeployment } from '../../fdl/service';
import type { ExposedInstance } from './exposed-instance';
import type { IEnvironmentState } from './environment-manager';

/** Starts that end before it was ready, after which it is called failed. */
const FAILED_AFTER = 3;

const MINIMUM = 'MinimumReplicasAvailable: Deployment has minimum availability.';
const BELOW = 'MinimumReplicasUnavailable: Deployment does not have minimum availability.';

/** What the state of a service hangs on. */
export interface IDeploymentFacts {
  exposed: boolean;
  /** Copies of an exposed service. */
  wanted: number;
  stopped: boolean;
  instances: readonly Pick<ExposedInstance, 'state' | 'reason' | 'failures'>[];
  environment: Pick<IEnvironmentState, 'state' | 'reason' | 'progress'>;
  strict: boolean;
}

/** The state of a service in OSCAR's words (`GET /system/services/:service/deployment`). */
export function deploymentState(facts: IDeploymentFacts): IDeployment & { progress?: number } {
  const { exposed, environment, instances } = facts;
  const wanted = exposed ? facts.wanted : 0;
  const base = {
    active_instances: wanted,
    affected_instances: 0,
    resource_kind: exposed ? 'exposed_service' : 'knative_service'
  };
  if (facts.stopped && exposed) {
    return { ...base, state: 'stopped', reason: 'Deployment is stopped.', active_instances: 0 };
  }
  if (environment.state === 'failed') {
    return { ...base, state: 'failed', reason: environment.reason, affected_instances: wanted };
  }
  if (environment.state === 'pending') {
    const percent = Math.round((environment.progress ?? 0) * 100);
    const what = environment.reason ? `: ${environment.reason}` : '';
    return {
      ...base,
      state: 'pending',
      reason: `Its Python environment is being prepared (${percent}%)${what}`,
      affected_instances: wanted,
      progress: environment.progress ?? 0
    };
  }
  if (!exposed) {
    return { ...base, state: 'ready', reason: 'Runtime service is ready.' };
  }
  const ready = instances.filter(({ state }) => state === 'ready').length;
  const why =
    instances.find(({ state }) => state === 'blocked' || state === 'crashed')?.reason ??
    instances.find(({ state }) => state !== 'ready')?.reason;
  const explained = why === undefined || facts.strict ? BELOW : `${BELOW} ${why}`;
  if (ready === wanted) {
    return { ...base, state: 'ready', reason: MINIMUM };
  }
  if (ready > 0) {
    return { ...base, state: 'degraded', reason: explained, affected_instances: wanted - ready };
  }
  const failed = instances.some(({ state, failures }) => state === 'blocked' || failures >= FAILED_AFTER);
  return {
    ...base,
    state: failed ? 'failed' : 'pending',
    reason: failed && why !== undefined ? why : explained,
    affected_instances: wanted
  };
}
