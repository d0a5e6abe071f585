import type { Manager } from './api/manager';
import { removeBuckets, stopListening } from './api/service-buckets';
import { removeService, undoUpdate } from './api/services';

/** Counts of requests are kept as long as jobs. */
const USAGE_DAYS = 400;

/** A killed cluster may have left services half made or half removed: the first go, the second are finished. */
export async function repair(manager: Manager, log: (line: string) => void): Promise<void> {
  const { state } = manager;
  for (const { name, state: at, buckets, service } of state.unfinished()) {
    const left = { creating: 'half made', updating: 'half changed', deleting: 'half removed' }[at];
    log(
      `service ${name} was ${left} when the cluster ended: ${at === 'updating' ? 'it stays as it was' : 'it is taken away'}`
    );
    if (at === 'creating') {
      stopListening(manager, name);
      await removeBuckets(manager, buckets);
      state.endRemoval(name);
    } else if (at === 'updating') {
      await undoUpdate(manager, service, buckets);
    } else {
      await removeService(manager, service, buckets);
    }
  }
  const services = state.services();
  for (const namespace of state.namespaces()) {
    for (const volume of state.volumes(namespace)) {
      const made = volume.created_by_service;
      if (
        made !== undefined &&
        volume.lifecycle_policy === 'delete' &&
        !services.some(service => service.volume?.name === volume.name)
      ) {
        state.removeVolume(namespace, volume.name);
      }
    }
  }
  state.forgetUsage(new Date(Date.now() - USAGE_DAYS * 86_400_000));
}
