import { empty, fail, type IReply, json, readJson } from './http';
import type { IBucketInfo } from '../interfaces';
import { ADMIN_OWNER, CLUSTER_NAME, type Caller, type IContext, type Manager } from './manager';
import { formatBytes, parseQuantity } from './quantity';
import { bucketUsage, checkBucketQuota } from './quotas';
import { createBucket, groupProblem, s3Problem, setVisibility, splitBucket, unknownUser } from './bucket-names';
import { Bucket } from './types';

/** As many objects on a page as jobs on one. */
export const PAGE = 70;
const NOT_VALID = 'The Bucket specification is not valid: ';

interface IBucketRequest {
  bucket_name: string;
  visibility: string;
  allowed_users: string[] | null;
}

/** `GET /system/buckets` */
export function listBuckets(context: IContext): IReply {
  const { manager, caller } = context;
  const buckets = manager.store
    .buckets()
    .filter(bucket => caller.admin || bucket.owner === caller.uid || isOpenTo(caller, bucket))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  // A Go list that nobody appended to.
  if (caller.admin && buckets.length === 0) {
    return json(200, null);
  }
  return json(
    200,
    buckets.map(bucket => {
      const { owner, ...metadata } = bucket.tags;
      // To the real manager's administrator only buckets with a policy of their own have a visibility here.
      const visibility = manager.strict && caller.admin && bucket.visibility === 'private' ? '' : bucket.visibility;
      return {
        ...head(
          manager,
          { ...bucket, visibility },
          manager.strict && caller.admin ? (owner ?? '') : bucket.owner || owner || '',
          metadata
        ),
        ...usageOf(manager, bucket)
      };
    })
  );
}

function head(manager: Manager, bucket: IBucketInfo, owner: string, metadata: Record<string, string>): object {
  return {
    bucket_name: bucket.name,
    visibility: bucket.visibility,
    allowed_users:
      bucket.visibility === 'restricted' && (bucket.allowedUsers.length > 0 || !manager.strict)
        ? bucket.allowedUsers
        : null,
    owner,
    metadata: sorted(metadata)
  };
}

function sorted(metadata: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function usageOf(manager: Manager, bucket: IBucketInfo): object {
  const { objects, bytes } = bucketUsage(manager, bucket.name);
  const max = (bucket.owner && manager.state.user(bucket.owner)?.quota.storage_per_bucket) || '0';
  return {
    storage_quota: max === '0' ? { source: 'unset' } : { max, max_bytes: parseQuantity(max) ?? 0, source: 'bucket' },
    storage_usage: { used: formatBytes(bytes), used_bytes: bytes, ...(objects > 0 ? { objects } : {}) },
    attribution: objects > 0 ? 'complete' : 'partial'
  };
}

/** Whether a bucket was opened to somebody who does not own it. */
export function isOpenTo(caller: Caller, bucket: IBucketInfo): boolean {
  return (
    caller.admin ||
    bucket.visibility === 'public' ||
    (bucket.visibility === 'restricted' && bucket.allowedUsers.includes(caller.uid))
  );
}

function isOwner(caller: Caller, bucket: IBucketInfo): boolean {
  return caller.admin || bucket.owner === caller.uid;
}

/** `POST /system/buckets` */
export async function createBucketRoute(context: IContext): Promise<IReply> {
  const { manager, caller } = context;
  const wanted = await readJson<IBucketRequest>(context.request, Bucket, NOT_VALID);
  const { bucket, folder } = splitBucket(wanted.bucket_name);
  const prefix = `Error creating bucket with name '${bucket}': `;
  if (bucket === '') {
    fail(
      400,
      `${prefix}error creating bucket : InvalidParameter: 1 validation error(s) found.\n- minimum field size of 1, CreateBucketInput.Bucket.\n`
    );
  }
  if (!caller.admin) {
    checkBucketQuota(manager, caller.uid, 1);
  }
  if (manager.store.bucket(bucket)) {
    fail(400, `${prefix}the bucket "${bucket}" already exists\n`);
  }
  await createBucket(manager, bucket, caller, 400, `${prefix}error creating bucket`);
  manager.store.setTags(bucket, {
    owner: caller.uid ?? CLUSTER_NAME,
    owner_name: caller.admin ? CLUSTER_NAME : caller.name
  });
  // The real manager makes no policies for the administrator, so that its buckets stay without visibility.
  const shared = wanted.visibility === 'restricted' ? (wanted.allowed_users ?? []) : [];
  if (manager.strict && !caller.admin && unknownUser(manager, shared) !== undefined) {
    setVisibility(manager, bucket, 'private', []);
    fail(500, `Error creating policies for bucket: ${groupProblem(bucket)}`);
  }
  if (!caller.admin || !manager.strict) {
    setVisibility(manager, bucket, wanted.visibility || 'private', wanted.allowed_users ?? []);
  }
  if (folder !== '') {
    await manager.store.put(bucket, `${folder}/`, Buffer.alloc(0), { contentType: 'binary/octet-stream' });
  }
  return empty(201);
}

/** `PUT /system/buckets` */
export async function updateBucket(context: IContext): Promise<IReply> {
  const { manager, caller } = context;
  const wanted = await readJson<IBucketRequest>(context.request, Bucket, NOT_VALID);
  const bucket = manager.store.bucket(wanted.bucket_name.trim().replace(/^\/+|\/+$/g, ''));
  if (!bucket || Object.keys(bucket.tags).length === 0) {
    fail(500, 'Missing bucket metadata: \n');
  }
  if (bucket.tags.service === 'true') {
    fail(403, "Forbidden action: A bucket from a service can't be modified\n");
  }
  // The real manager lets a stranger strip a public bucket of its policy, which locks the owner out. Not here.
  if (!isOwner(caller, bucket)) {
    fail(403, `User '${caller.uid}' is not authorised`);
  }
  if (!caller.admin || !manager.strict) {
    setVisibility(
      manager,
      bucket.name,
      wanted.visibility || bucket.visibility,
      wanted.allowed_users ?? bucket.allowedUsers
    );
  }
  return empty(204);
}

/** `GET /system/buckets/:bucket` */
export function readBucket(context: IContext): IReply {
  const { manager, caller, params } = context;
  const name = params.bucket;
  const bucket = manager.store.bucket(name);
  if (!bucket) {
    const code = isBucketName(name) ? 'NoSuchBucket' : 'InvalidBucketName';
    fail(500, `Error listing objects in bucket '${name}': ${s3Problem(code, code === 'NoSuchBucket' ? 404 : 400)}`);
  }
  // The real manager shows every user the objects of every bucket that has a policy. Not here.
  if (!isOwner(caller, bucket) && !isOpenTo(caller, bucket)) {
    fail(403, `User '${caller.uid}' is not authorised`);
  }
  const page = context.query.get('page') ?? '';
  const after = page === '' ? '' : decodePage(page);
  if (after === undefined) {
    fail(500, `Error listing objects in bucket '${name}': ${s3Problem('InvalidArgument', 400)}`);
  }
  const listing = manager.store.list(name, { limit: PAGE, ...(after ? { after } : {}) });
  const objects = listing.objects.map(object => ({
    object_name: object.key,
    size_bytes: object.size,
    last_modified: goTime(object.modified)
  }));
  const untagged = Object.keys(bucket.tags).length === 0;
  return json(200, {
    ...head(manager, bucket, bucket.owner || (untagged ? ADMIN_OWNER : bucket.tags.owner || ADMIN_OWNER), bucket.tags),
    ...(objects.length > 0 ? { objects } : {}),
    ...usageOf(manager, bucket),
    ...(listing.next === undefined ? {} : { next_page: encodePage(objects.at(-1)?.object_name ?? '') }),
    is_truncated: listing.next !== undefined,
    returned_items: objects.length
  });
}

/** MinIO's token: the last key and a mark, in base64. */
const MARK = '[minio_cache:v2,return:]';

function encodePage(key: string): string {
  return Buffer.from(key + MARK).toString('base64');
}

function decodePage(page: string): string | undefined {
  const text = Buffer.from(page, 'base64').toString('utf8');
  return text.endsWith(MARK) ? text.slice(0, -MARK.length) : undefined;
}

/** A time as Go prints it without a format. */
export function goTime(date: Date): string {
  const [day, time] = date.toISOString().replace('Z', '').split('T');
  return `${day} ${time.replace(/\.?0+$/, match => (match.startsWith('.') || time.includes('.') ? '' : match))} +0000 UTC`;
}

export function isBucketName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name);
}

/** `DELETE /system/buckets/:bucket`: with its objects. */
export async function deleteBucket(context: IContext): Promise<IReply> {
  const { manager, caller, params } = context;
  const bucket = manager.store.bucket(params.bucket);
  if (!bucket) {
    fail(404, `The bucket '${params.bucket}' does not exist`);
  }
  if (!isOwner(caller, bucket)) {
    fail(403, `User '${caller.uid}' is not authorised`);
  }
  await manager.store.deleteBucket(bucket.name, { force: true });
  return empty(204);
}
