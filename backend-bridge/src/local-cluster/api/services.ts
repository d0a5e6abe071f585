import type { IOscarService } from '../../fdl/service';
import { orderGo } from './go-types';
import { writeGoJson } from './go-json';
import { empty, fail, type IReply, rawJson, readJson, text } from './http';
import { ADMIN_OWNER, type IContext, type Manager } from './manager';
import { deploymentOf } from './deployments';
import { isLabelValue, namespaceOf } from './names';
import { groupProblem, unknownUser } from './bucket-names';
import {
  admitOwner,
  makeBuckets,
  missingBuckets,
  ownedBuckets,
  planBuckets,
  removeBuckets,
  setServiceVisibility,
  stopListening,
  type IBucketPlan
} from './service-buckets';
import {
  checkDefinition,
  checkResources,
  complete,
  invalidSecretKey,
  isExposed,
  isIsolated,
  splitPath,
  trimPath,
  undefinedMembers
} from './service-check';
import { checkBucketQuota } from './quotas';
import { Service } from './types';
import { claimVolume, releaseVolume, volumeStatusOf } from './volumes';

const TAKEN = 'A service with the provided name already exists';

/** Clients for OSCAR before 4.1, as oscar-cli 1, send one port and not a list. */
function readDefinition({ manager, request }: IContext): Promise<IOscarService> {
  return readJson<IOscarService>(request, Service, 'The service specification is not valid: ', {
    lonePorts: !manager.strict
  });
}

/** `POST /system/services` */
export async function createService(context: IContext): Promise<IReply> {
  const { manager, caller } = context;
  const service = await readDefinition(context);
  checkDefinition(service);
  checkFederation(context, service);
  return manager.exclusive(service.name, async () => {
    const secrets = service.environment.secrets ?? {};
    checkSecrets(manager, service, secrets);
    if (!caller.admin) {
      checkBucketQuota(manager, caller.uid, countNewBuckets(manager, service));
    }
    if (manager.state.exists(service.name)) {
      fail(400, TAKEN);
    }
    const stored = complete(context, service);
    checkResources(manager, stored, 'creating');
    const unreachable = stored.federation?.members?.length ? undefinedMembers(stored) : [];
    if (unreachable.length > 0) {
      fail(500, `Federation failed; rollback completed: [${unreachable.join(' ')}]`);
    }
    const claimed = claimVolume(manager, stored, caller);
    try {
      await create(context, stored, secrets);
    } catch (error) {
      if (claimed) {
        manager.state.removeVolume(stored.namespace ?? '', stored.volume?.name ?? '');
      }
      throw error;
    }
    const full = manager.privateService(stored.name);
    if (full) {
      manager.deployments.deploy(full);
    }
    manager.options.events.publish({ kind: 'service', name: stored.name });
    const stranger =
      manager.strict && !caller.admin && stored.visibility === 'restricted' && !isIsolated(stored)
        ? unknownUser(manager, stored.allowed_users)
        : undefined;
    const bucket = ownedBuckets(manager, stored)[0];
    if (stranger !== undefined && bucket !== undefined) {
      // The real manager stops here: the service stays, its bucket is private.
      manager.store.setVisibility(bucket, 'private');
      fail(500, `Error creating the service: ${groupProblem(bucket)}`);
    }
    return empty(201);
  });
}

async function create(context: IContext, stored: IOscarService, secrets: Record<string, string>): Promise<void> {
  const { manager, caller } = context;
  let plan: IBucketPlan = { steps: [], bucketList: [] };
  let made: string[] = [];
  let begun = false;
  try {
    plan = planBuckets(manager, stored);
    // Of a user's service the list is worked with: what is in it goes with the service.
    stored.bucket_list = stored.owner === ADMIN_OWNER ? stored.bucket_list : plan.bucketList;
    admitOwner(stored, caller);
    made = missingBuckets(manager, plan);
    manager.state.beginService(stored, secrets, made);
    begun = true;
    await makeBuckets(manager, stored, plan, caller);
    manager.state.putService(stored);
  } catch (error) {
    if (begun) {
      stopListening(manager, stored.name);
      // The real manager leaves what it made behind, and can then never make this service.
      if (!manager.strict) {
        await removeBuckets(manager, made);
      }
      manager.state.endRemoval(stored.name);
    }
    throw error;
  }
}

function checkFederation(context: IContext, service: IOscarService): void {
  if (!service.federation?.members?.length) {
    return;
  }
  if (!service.environment.secrets?.refresh_token) {
    fail(400, 'refresh_token secret is required for federated services');
  }
  const unreachable = undefinedMembers(service);
  if (!context.caller.admin && unreachable.length > 0) {
    fail(401, `federation auth failed: [${unreachable.join(' ')}]`);
  }
}

function checkSecrets(manager: Manager, service: IOscarService, secrets: Record<string, string>): void {
  if (Object.keys(secrets).length === 0) {
    return;
  }
  const invalid = invalidSecretKey(service);
  if (invalid) {
    fail(409, invalid);
  }
  const taken = manager.state.service(service.name);
  if (manager.strict && taken) {
    if (Object.keys(manager.state.secrets(service.name)).length > 0) {
      fail(409, 'A secret with the given name already exists');
    }
    // The real manager writes the secret before it looks for the name.
    manager.state.putService(taken, secrets);
  }
}

function countNewBuckets(manager: Manager, service: IOscarService): number {
  const wanted = [...service.input, ...service.output].map(each => splitPath(each.path).bucket);
  return [...new Set(wanted)].filter(bucket => !manager.store.bucket(bucket)).length;
}

/** `PUT /system/services` */
export async function updateService(context: IContext): Promise<IReply> {
  const { manager, caller } = context;
  const service = await readDefinition(context);
  checkDefinition(service);
  return manager.exclusive(service.name, async () => {
    const old = manager.state.service(service.name) ?? fail(404);
    if (!caller.admin && old.owner !== caller.uid) {
      fail(403, `User ${caller.uid} doesn't have permision to modify this service`);
    }
    if (!sameVolume(service, old)) {
      fail(400, 'volume updates are not supported after service creation');
    }
    const sent = service.environment.secrets ?? {};
    const invalid = invalidSecretKey(service);
    if (invalid) {
      fail(409, invalid);
    }
    const before = manager.state.secrets(service.name);
    // An empty map leaves the secrets alone. GET shows values as '': a plain OSCAR stores them so when they come back.
    const secrets =
      Object.keys(sent).length === 0
        ? before
        : Object.fromEntries(
            Object.entries(sent).map(([key, value]) => [
              key,
              value === '' && !manager.strict ? (before[key] ?? '') : value
            ])
          );
    // A plain OSCAR shows the keys that came, not those that it has.
    const shownSecrets = manager.strict ? sent : secrets;
    const stored = complete(
      context,
      { ...service, environment: { ...service.environment, secrets: shownSecrets } },
      old
    );
    checkResources(manager, stored, 'updating');
    if (isExposed(stored) && !isExposed(old) && manager.strict) {
      fail(500, `Error updating the service: deployments.apps "${stored.name}-dpl" not found`);
    }
    const plan = planBuckets(manager, stored);
    // Who sends the list keeps these buckets. What never was this service's cannot get into it: it is deleted from.
    const kept = stored.bucket_list.filter(bucket => old.bucket_list.includes(bucket));
    stored.bucket_list = [...new Set([...kept, ...plan.bucketList])];
    admitOwner(stored, caller);
    const made = missingBuckets(manager, plan);
    manager.state.beginUpdate(stored.name, made);
    try {
      await makeBuckets(manager, stored, plan, caller, old);
    } catch (error) {
      await undoUpdate(manager, old, manager.strict ? [] : made, stored);
      throw error;
    }
    // Only what it listened to as inputs: links that others made in the buckets of other services stay, as on any OSCAR.
    stopListening(manager, stored.name, noLonger(listening(old), listening(stored)));
    for (const bucket of ownedBuckets(manager, old)) {
      const used = plan.steps.some(step => step.bucket === bucket && step.use !== 'user');
      if (
        used &&
        (old.visibility !== stored.visibility || String(old.allowed_users) !== String(stored.allowed_users))
      ) {
        setServiceVisibility(manager, stored, bucket, caller);
      } else if (!used && !stored.bucket_list.includes(bucket) && manager.store.bucket(bucket)?.visibility) {
        manager.store.setVisibility(bucket, 'private');
      }
    }
    manager.state.putService(stored, secrets);
    // The last thing that happens: whoever is no longer named loses its bucket, as on any OSCAR.
    await removeBuckets(
      manager,
      isIsolated(old) ? old.bucket_list.filter(bucket => !stored.bucket_list.includes(bucket)) : []
    );
    const full = manager.privateService(stored.name);
    if (full) {
      manager.deployments.update(full);
    }
    manager.options.events.publish({ kind: 'service', name: stored.name });
    const complaint = manager.strict ? complaintOf(context, stored, old) : '';
    return complaint === '' ? empty(204) : text(500, complaint);
  });
}

/** What an update made that did not come to its end goes again: buckets, and notifications of inputs that are not there. */
export async function undoUpdate(
  manager: Manager,
  service: IOscarService,
  made: string[],
  wanted?: IOscarService
): Promise<void> {
  const before = listening(service);
  if (wanted) {
    stopListening(manager, service.name, noLonger(listening(wanted), before));
  } else {
    // What was wanted is not known after a crash: its own buckets hold nothing but inputs.
    const own = new Set(ownedBuckets(manager, service));
    stopListening(
      manager,
      service.name,
      (bucket, prefix) => own.has(bucket) && !before.some(one => one.bucket === bucket && `${one.folder}/` === prefix)
    );
  }
  await removeBuckets(manager, made);
  manager.state.beginUpdate(service.name, []);
}

/** The folders of the first list that are not in the second. */
function noLonger(
  list: { bucket: string; folder: string }[],
  kept: { bucket: string; folder: string }[]
): (bucket: string, prefix: string) => boolean {
  const has = (places: typeof list, bucket: string, prefix: string): boolean =>
    places.some(one => one.bucket === bucket && `${one.folder}/` === prefix);
  return (bucket, prefix) => has(list, bucket, prefix) && !has(kept, bucket, prefix);
}

/** Where a service hears of objects: its inputs, and with isolation USER the same folders of each user's bucket. */
function listening(service: IOscarService): { bucket: string; folder: string }[] {
  const inputs = service.input.map(input => splitPath(input.path));
  return [...inputs, ...service.bucket_list.flatMap(bucket => inputs.map(input => ({ ...input, bucket })))];
}

function sameVolume(service: IOscarService, old: IOscarService): boolean {
  const of = (volume: IOscarService['volume']): string =>
    volume ? JSON.stringify([volume.name ?? '', volume.size, volume.mount_path, volume.lifecycle_policy ?? '']) : '';
  return of(service.volume) === of(old.volume);
}

/**
 * What the real manager answers, with 500, to updates that it did apply: its policies are made for users of MinIO, and the
 * administrator is none (data/oscar-golden README, findings 2, 4 and 12).
 */
function complaintOf(context: IContext, service: IOscarService, old: IOscarService): string {
  const buckets = (list: IOscarService['input']): string[] => [
    ...new Set(list.map(each => splitPath(each.path).bucket))
  ];
  const had = new Set([...buckets(old.input), ...buckets(old.output)]);
  const has = new Set([...buckets(service.input), ...buckets(service.output)]);
  const invalid =
    'error creating/adding MinIO policy for user/group : Invalid arguments specified. (Invalid arguments specified)';
  const unknown = `error setting MinIO policy for user/group ${ADMIN_OWNER}: The specified user does not exist. (Specified user does not exist)`;
  let complaint = '';
  if (service.owner === '' || service.owner === ADMIN_OWNER) {
    const problem = service.owner === '' ? invalid : unknown;
    const paths = new Set([...old.input, ...old.output].map(each => each.path));
    const added = [...service.input, ...service.output].filter(
      each => (!paths.has(each.path) && service.input.includes(each)) || !had.has(splitPath(each.path).bucket)
    );
    const mounted = service.mount.path !== '' && old.mount.path === '';
    complaint += added.length > 0 || mounted ? `Error creating the service: ${problem}` : '';
  }
  const freshInput = buckets(service.input).some(bucket => !had.has(bucket));
  const lost = [...had].filter(bucket => !has.has(bucket)).length;
  complaint += `error setting new policies: ${invalid}`.repeat(
    freshInput && context.caller.admin ? 1 : context.caller.admin || lost === had.size ? lost : 0
  );
  if (context.caller.admin && service.owner === ADMIN_OWNER && service.visibility !== old.visibility && has.size > 0) {
    complaint +=
      'Error creating the service: error removing resourceError creating the service: error creating policy: error setting MinIO policy for user/group all_users_group: The specified group does not exist. (Specified group does not exist)';
  }
  return complaint;
}

/** `GET /system/services` */
export function listServices(context: IContext): IReply {
  const { manager, caller } = context;
  const services = manager.state.services().filter(service => manager.mayRead(caller, service));
  // Kubernetes lists by its keys, `<namespace>/<name>`.
  const key = (service: IOscarService): string => `${service.namespace ?? ''}/${service.name}`;
  services.sort((one, other) => (key(one) < key(other) ? -1 : 1));
  return rawJson(200, `[${services.map(service => shown(context, service)).join(',')}]`);
}

/** `GET /system/services/:name` */
export function readService(context: IContext): IReply {
  const { manager, caller } = context;
  const service = serviceOf(context);
  if (!manager.mayRead(caller, service)) {
    fail(403, `User ${caller.uid} doesn't have permision to get this service`);
  }
  return rawJson(200, shown(context, service));
}

/** Finds the service of the path. @throws ReplyError 400 for a name that can be none, 404 */
export function serviceOf(context: IContext): IOscarService {
  if (!isLabelValue(context.params.name)) {
    fail(400, 'invalid serviceName');
  }
  return context.manager.state.service(context.params.name) ?? fail(404);
}

function shown(context: IContext, service: IOscarService): string {
  const { manager } = context;
  const view: IOscarService = { ...service, volume_status: volumeStatusOf(manager, service) };
  if (context.query.get('include') === 'deployment') {
    view.deployment = deploymentOf(manager, service);
  }
  return writeGoJson(orderGo(view, Service));
}

/** `DELETE /system/services/:name` */
export async function deleteService(context: IContext): Promise<IReply> {
  const { manager, caller } = context;
  return manager.exclusive(context.params.name, async () => {
    const service = serviceOf(context);
    const namespace = context.query.get('namespace');
    if (namespace !== null && namespace !== service.namespace) {
      fail(404);
    }
    // The manager looks for a user's service in the user's namespace only.
    if (
      !caller.admin &&
      (service.owner !== caller.uid || (manager.strict && service.namespace !== namespaceOf(caller.uid)))
    ) {
      fail(404);
    }
    await removeService(manager, service, bucketsToRemove(manager, service));
    return empty(204);
  });
}

/** A plain OSCAR removes whatever the definition names; here a bucket that was there before the service stays. */
function bucketsToRemove(manager: Manager, service: IOscarService): string[] {
  const own = ownedBuckets(manager, service);
  return manager.strict
    ? own
    : own.filter(
        bucket =>
          manager.store.bucket(bucket)?.tags.from_service === service.name || service.bucket_list.includes(bucket)
      );
}

/** Takes a service away, with its jobs, its buckets and what stands behind it. Goes on where a killed cluster stopped. */
export async function removeService(manager: Manager, service: IOscarService, buckets: string[]): Promise<void> {
  manager.state.beginRemoval(service.name, buckets);
  stopListening(manager, service.name);
  await manager.deployments.remove(service.name);
  await manager.jobs.removeAll(service.name);
  await removeBuckets(manager, buckets);
  releaseVolume(manager, service);
  const mounted = splitPath(trimPath(service.mount.path)).bucket;
  if (manager.strict && mounted !== '' && manager.store.bucket(mounted)) {
    manager.store.setVisibility(mounted, 'private');
  }
  manager.state.endRemoval(service.name);
  manager.options.events.publish({ kind: 'service', name: service.name, removed: true });
}
