import { fail, type IReply, json, readJson } from './http';
import type { IContext, Manager } from './manager';
import { BAD_QUANTITY, formatBytes, parseQuantity } from './quantity';
import type { IQuota, IUserRecord } from './state';
import { QuotaRequest } from './types';
import { usedVolumes } from './volumes';

interface IQuotaRequest {
  cpu: string;
  memory: string;
  ephemeral_storage: string;
  gpu: string;
  volumes: Record<'disk' | 'volumes' | 'max_disk_per_volume' | 'min_disk_per_volume', string> | null;
  minio: { buckets: string; storage_per_bucket: string } | null;
}

/** `GET /system/quotas/user` */
export function readOwnQuota(context: IContext): IReply {
  const { manager, caller } = context;
  if (caller.admin) {
    fail(401, 'missing user identificator: missing user identificator');
  }
  return json(200, shown(manager, userOf(manager, caller.uid)));
}

/** `GET /system/quotas/user/:uid` */
export function readQuota(context: IContext): IReply {
  if (!context.caller.admin) {
    fail(403, 'forbidden');
  }
  return json(200, shown(context.manager, userOf(context.manager, context.params.uid)));
}

/** `PUT /system/quotas/user/:uid` */
export async function updateQuota(context: IContext): Promise<IReply> {
  const { manager } = context;
  if (!context.caller.admin) {
    fail(403, 'forbidden');
  }
  const wanted = await readJson<IQuotaRequest>(context.request, QuotaRequest, 'invalid payload: ');
  if (!wanted.cpu && !wanted.memory && !wanted.ephemeral_storage && !wanted.volumes && !wanted.minio) {
    fail(400, 'cpu, memory, ephemeral_storage, volumes or minio must be provided');
  }
  if (wanted.cpu || wanted.memory || wanted.ephemeral_storage) {
    fail(503, 'kueue is not enabled: /system/quotas requires KUEUE_ENABLE=true');
  }
  const user = userOf(manager, context.params.uid);
  const quota = changed(user.quota, wanted);
  manager.state.putUser({ ...user, quota });
  return json(200, shown(manager, { ...user, quota }));
}

function changed(old: IQuota, wanted: IQuotaRequest): IQuota {
  const quota = { ...old };
  const read = (name: string, value: string): number => {
    const number = parseQuantity(value);
    if (number === undefined) {
      fail(500, `invalid ${name} quantity: ${BAD_QUANTITY}`);
    }
    return number;
  };
  for (const key of ['disk', 'volumes', 'max_disk_per_volume', 'min_disk_per_volume'] as const) {
    const value = wanted.volumes?.[key];
    if (value) {
      read(`volumes.${key}`, value);
      quota[key] = value;
    }
  }
  const limit = (name: string, value: string): number => {
    const number = read(name, value);
    if (number < 0) {
      fail(500, `invalid ${name} quantity: must be greater than or equal to zero`);
    }
    return number;
  };
  if (wanted.minio?.buckets) {
    quota.buckets = limit('minio.buckets', wanted.minio.buckets);
  }
  if (wanted.minio?.storage_per_bucket) {
    limit('minio.storage_per_bucket', wanted.minio.storage_per_bucket);
    quota.storage_per_bucket = wanted.minio.storage_per_bucket;
  }
  return quota;
}

function userOf(manager: Manager, uid: string): IUserRecord {
  return (
    manager.state.user(uid) ?? fail(500, `getting volume quotas for user ${uid}: resourcequotas "${uid}" not found`)
  );
}

function shown(manager: Manager, user: IUserRecord): object {
  const { quota } = user;
  const used = usedVolumes(manager, user.uid);
  const buckets = bucketsOf(manager, user.uid);
  return {
    user_id: user.uid,
    volumes: {
      disk: { max: quota.disk, used: formatBytes(used.bytes) },
      volumes: { max: quota.volumes, used: String(used.count) },
      max_disk_per_volume: quota.max_disk_per_volume,
      min_disk_per_volume: quota.min_disk_per_volume
    },
    minio: {
      buckets: { max: quota.buckets, used: buckets.length },
      storage_per_bucket: { max: quota.storage_per_bucket },
      storage_total: { used: formatBytes(buckets.reduce((sum, name) => sum + bucketUsage(manager, name).bytes, 0)) }
    }
  };
}

function bucketsOf(manager: Manager, uid: string): string[] {
  return manager.store
    .buckets()
    .filter(bucket => bucket.owner === uid)
    .map(bucket => bucket.name);
}

/** @throws ReplyError 403 when a user would have more buckets than it may. */
export function checkBucketQuota(manager: Manager, uid: string, wanted: number): void {
  const limit = manager.state.user(uid)?.quota.buckets ?? 0;
  const current = limit > 0 ? bucketsOf(manager, uid).length : 0;
  if (limit > 0 && current + wanted > limit) {
    fail(
      403,
      `MinIO bucket quota exceeded for user ${uid}: limit ${limit}, current ${current}, requested new buckets ${wanted}`
    );
  }
}

/** Objects and bytes of a bucket. */
export function bucketUsage(manager: Manager, bucket: string): { objects: number; bytes: number } {
  return manager.store.bucketUsage(bucket);
}
