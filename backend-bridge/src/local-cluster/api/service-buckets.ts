import type { IOscarService, IStorageIO } from '../../fdl/service';
import type { IBucketInfo, INotification } from '../interfaces';
import { createBucket, setVisibility } from './bucket-names';
import { fail } from './http';
import { ADMIN_OWNER, CLUSTER_NAME, type Caller, type Manager } from './manager';
import { formatUid } from './names';
import { isIsolated, providerOf, splitPath, trimPath } from './service-check';

/** What has to be there for a service in the cluster's own store. */
export interface IBucketPlan {
  /** In the order in which they are made; a folder '' makes no marker. */
  steps: { bucket: string; folder: string; listen: boolean; use: 'input' | 'output' | 'mount' | 'user' }[];
  bucketList: string[];
}

/** Says which buckets and folders a service needs. @throws ReplyError with the manager's words for providers that are not there. */
export function planBuckets(manager: Manager, service: IOscarService): IBucketPlan {
  const plan: IBucketPlan = { steps: [], bucketList: [] };
  for (const input of service.input) {
    if (!isOwnInput(manager, service, input)) {
      continue;
    }
    const { bucket, folder } = splitPath(input.path);
    if (folder === '') {
      fail(500, `error enabling webhook for bucket, missing foler on path "[${input.path}]"`);
    }
    plan.steps.push({ bucket, folder, listen: true, use: 'input' });
    addUserBuckets(plan, service, bucket, folder);
  }
  for (const output of service.output) {
    const { type, id } = providerOf(output);
    if (!isDefined(service, type, id)) {
      fail(500, `the StorageProvider "${type}.${id}" is not defined`);
    }
    if (type === 'minio' && isOwnMinio(manager, service, id)) {
      const { bucket, folder } = splitPath(output.path);
      plan.steps.push({ bucket, folder, listen: false, use: 'output' });
      // What a user's input made goes back into the bucket that it came from.
      plan.steps.push(...plan.bucketList.map(own => ({ bucket: own, folder, listen: false, use: 'user' as const })));
    }
  }
  const mount = service.mount;
  if (trimPath(mount.path) !== '') {
    if (mount.options && !/^[a-zA-Z0-9\-_.:=,/ ]+$/.test(mount.options)) {
      fail(500, 'mount options contain invalid characters');
    }
    const { type, id } = providerOf(mount);
    if (type === 'minio' && isOwnMinio(manager, service, id)) {
      plan.steps.push({ bucket: splitPath(trimPath(mount.path)).bucket, folder: '', listen: false, use: 'mount' });
    }
  }
  return plan;
}

function isOwnInput(manager: Manager, service: IOscarService, input: IStorageIO): boolean {
  const { type, id } = providerOf(input);
  if (!['minio', 'webdav', 'rucio'].includes(type)) {
    fail(400, 'unrecognized input (valid inputs are MinIO and dCache)');
  }
  if (!isDefined(service, type, id)) {
    fail(500, `the StorageProvider "${type}.${id}" is not defined`);
  }
  if (type === 'minio' && !isOwnMinio(manager, service, id)) {
    fail(
      500,
      `the provided MinIO server "${service.storage_providers?.minio?.[id]?.endpoint}" is not the configured in OSCAR`
    );
  }
  return type === 'minio';
}

function isDefined(service: IOscarService, type: string, id: string): boolean {
  const known = service.storage_providers as
    Record<string, Record<string, unknown> | null | undefined> | null | undefined;
  return (
    (type === 'minio' && id === 'default') ||
    Boolean(known && Object.hasOwn(known, type) && known[type] && Object.hasOwn(known[type], id))
  );
}

function isOwnMinio(manager: Manager, service: IOscarService, id: string): boolean {
  return id === 'default' || service.storage_providers?.minio?.[id]?.endpoint === manager.options.storage().endpoint;
}

/** Isolation USER: each user who is named, the owner too, gets a bucket of its own beside the service's. */
function addUserBuckets(plan: IBucketPlan, service: IOscarService, bucket: string, folder: string): void {
  if (service.owner === ADMIN_OWNER || !isIsolated(service)) {
    return;
  }
  for (const user of service.allowed_users) {
    const own = `${bucket}-${formatUid(user).slice(0, 10)}`;
    plan.steps.push({ bucket: own, folder, listen: true, use: 'user' });
    if (!plan.bucketList.includes(own)) {
      plan.bucketList.push(own);
    }
  }
}

/** Isolation USER: the owner may use the service as well, but gets no bucket when nobody named it. */
export function admitOwner(service: IOscarService, caller: Caller): void {
  if (
    !caller.admin &&
    isIsolated(service) &&
    service.allowed_users.length > 0 &&
    !service.allowed_users.includes(caller.uid)
  ) {
    service.allowed_users.push(caller.uid);
  }
}

/** Buckets of the plan that do not exist yet: exactly those are taken away again when the service cannot be made. */
export function missingBuckets(manager: Manager, plan: IBucketPlan): string[] {
  return [...new Set(plan.steps.map(step => step.bucket))].filter(bucket => !manager.store.bucket(bucket));
}

/**
 * Makes what the plan asks for: buckets, folder markers, tags, visibility, notifications.
 *
 * A strict cluster refuses buckets that exist at a create, as the manager does; otherwise one that the caller may use is taken.
 */
export async function makeBuckets(
  manager: Manager,
  service: IOscarService,
  plan: IBucketPlan,
  caller: Caller,
  old?: IOscarService
): Promise<void> {
  const update = old !== undefined;
  const made = new Set<string>();
  for (const step of plan.steps) {
    const existing = manager.store.bucket(step.bucket);
    if (step.use === 'mount') {
      if (
        existing &&
        (existing.visibility === 'public' || existing.visibility === 'restricted' || !mayUse(manager, caller, existing))
      ) {
        fail(500, `the bucket "${step.bucket}" must be private to be used as mount`);
      }
    } else if (existing && !update) {
      const repeated = made.has(step.bucket);
      const shared = repeated
        ? !manager.strict || isSharedByPlan(plan, step)
        : !manager.strict && step.use !== 'user' && mayUse(manager, caller, existing);
      if (!shared) {
        fail(500, `the bucket "${step.bucket}" already exists\n`);
      }
    } else if (
      existing &&
      update &&
      // A bucket that somebody happens to have under the name of a user's would be deleted with the service.
      !(step.use === 'user'
        ? old.bucket_list.includes(step.bucket) || made.has(step.bucket)
        : mayUse(manager, caller, existing))
    ) {
      fail(500, `the bucket "${step.bucket}" already exists\n`);
    }
    if (!existing) {
      const user = step.use === 'user' ? userOfBucket(service, step.bucket) : undefined;
      await createBucket(
        manager,
        step.bucket,
        user === undefined ? caller : { admin: false, uid: user, name: '', groups: [] },
        500,
        'error creating bucket'
      );
      made.add(step.bucket);
    }
    if (step.folder !== '' && !manager.store.head(step.bucket, `${step.folder}/`)) {
      await manager.store.put(step.bucket, `${step.folder}/`, Buffer.alloc(0), { contentType: 'binary/octet-stream' });
    }
    if (step.listen) {
      listen(manager, service.name, step.bucket, step.folder);
    }
  }
  // At the end, as the manager does: what a failed create leaves behind there has no tags, nor has what an update adds.
  for (const step of plan.steps) {
    if (manager.strict && step.use !== 'user' ? !update : made.has(step.bucket)) {
      label(manager, service, step.bucket, caller, step.use);
    }
  }
}

/** In one service an output may lie in the bucket of an input; two inputs may not share one on a plain OSCAR. */
function isSharedByPlan(plan: IBucketPlan, step: IBucketPlan['steps'][number]): boolean {
  return (
    step.use !== 'input' || plan.steps.filter(each => each.use === 'input' && each.bucket === step.bucket).length < 2
  );
}

/** Whether somebody may put objects of its own service into a bucket. */
export function mayUse(manager: Manager, caller: Caller, bucket: IBucketInfo): boolean {
  return caller.admin || bucket.owner === caller.uid || bucket.tags.owner === caller.uid;
}

function listen(manager: Manager, service: string, bucket: string, folder: string): void {
  const notification = notificationOf(service, bucket, folder);
  const known = manager.store.notifications(bucket);
  if (!known.some(each => each.arn === notification.arn && each.prefix === notification.prefix)) {
    manager.store.setNotifications(bucket, [...known, notification]);
  }
}

function notificationOf(service: string, bucket: string, folder: string): INotification {
  return {
    id: `${service}-${bucket}-${folder}`.slice(0, 255),
    arn: arnOf(service),
    events: ['s3:ObjectCreated:*'],
    prefix: `${folder}/`,
    suffix: ''
  };
}

export function arnOf(service: string): string {
  return `arn:minio:sqs::${service}:webhook`;
}

/** Whose bucket of isolation USER it is. */
function userOfBucket(service: IOscarService, bucket: string): string | undefined {
  return service.allowed_users.find(each => bucket.endsWith(`-${formatUid(each).slice(0, 10)}`));
}

/** Tags and visibility, as the manager's policies would make them. */
function label(manager: Manager, service: IOscarService, bucket: string, caller: Caller, use: string): void {
  if (use === 'user') {
    // It is the user's own, without tags.
    manager.store.setVisibility(bucket, 'private');
    return;
  }
  manager.store.setTags(bucket, {
    owner: caller.uid ?? '',
    from_service: service.name,
    owner_name: caller.admin ? CLUSTER_NAME : caller.name
  });
  setServiceVisibility(manager, service, bucket, caller);
}

export function setServiceVisibility(manager: Manager, service: IOscarService, bucket: string, caller: Caller): void {
  // The real manager makes no policies for the administrator's own services.
  if (!manager.strict || !caller.admin || service.owner !== ADMIN_OWNER) {
    setVisibility(manager, bucket, service.visibility, service.allowed_users);
  }
}

/** Takes away the notifications of a service that goes, or with `gone` only those of these folders. */
export function stopListening(
  manager: Manager,
  service: string,
  gone?: (bucket: string, prefix: string) => boolean
): void {
  for (const { name } of manager.store.buckets()) {
    const known = manager.store.notifications(name);
    const left = known.filter(each => each.arn !== arnOf(service) || gone?.(name, each.prefix) === false);
    if (left.length !== known.length) {
      manager.store.setNotifications(name, left);
    }
  }
}

/** Input and output buckets of a service in this store; they go with it. The mount's stays. */
export function ownedBuckets(manager: Manager, service: IOscarService): string[] {
  const own = [...service.input, ...service.output]
    .filter(each => {
      const { type, id } = providerOf(each);
      return type === 'minio' && isOwnMinio(manager, service, id);
    })
    .map(each => splitPath(each.path).bucket);
  const mounted = splitPath(trimPath(service.mount.path)).bucket;
  const users = isIsolated(service) && service.owner !== ADMIN_OWNER ? service.bucket_list : [];
  return [...new Set([...own, ...users])].filter(bucket => bucket !== mounted && manager.store.bucket(bucket));
}

export async function removeBuckets(manager: Manager, buckets: string[]): Promise<void> {
  for (const bucket of buckets) {
    if (manager.store.bucket(bucket)) {
      await manager.store.deleteBucket(bucket, { force: true });
    }
  }
}
