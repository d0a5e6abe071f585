import type { IBucket } from './catalog';
import { StoreError } from './errors';
import { policyAllows, type Action } from './policy';
import type { IContext } from './request';

/** What the users of a public or shared bucket may do; the rest is its owner's. */
const GUEST: ReadonlySet<Action> = new Set<Action>([
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:GetBucketLocation',
  's3:GetObject',
  's3:PutObject',
  's3:DeleteObject',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
  's3:GetObjectTagging',
  's3:PutObjectTagging',
  's3:DeleteObjectTagging'
]);

/**
 * May the caller do this? The administrator everything; a user what is his, what is public or shared with him; anybody what
 * the bucket's policy says. OSCAR's *public* means all users of the cluster, not the world.
 *
 * @throws StoreError AccessDenied; NoSuchBucket only for those who may know
 */
export function authorize(context: IContext, action: Action, bucketName = context.bucket, key = context.key): void {
  const { caller, store } = context;
  const bucket = store.catalog.buckets.get(bucketName);
  if (bucket === undefined) {
    // Strangers must not find out names; whoever has keys gets the plain answer, as from MinIO.
    throw new StoreError(caller === undefined ? 'AccessDenied' : 'NoSuchBucket');
  }
  if (caller?.admin === true) {
    return;
  }
  const said = policyAllows(bucket.policy, { action, bucket: bucketName, key, accessKey: caller?.accessKey });
  if (said === false || (said !== true && !(caller !== undefined && mayAsUser(bucket, caller.principal, action)))) {
    throw new StoreError('AccessDenied');
  }
}

/** @throws StoreError AccessDenied: recorded from the real thing, a user's keys make no buckets */
export function authorizeCreate({ caller }: IContext): void {
  if (caller?.admin !== true) {
    throw new StoreError('AccessDenied');
  }
}

/** Buckets that the caller gets to see in the list. */
export function visibleTo({ caller }: IContext, bucket: IBucket): boolean {
  return caller !== undefined && (caller.admin || mayAsUser(bucket, caller.principal, 's3:ListBucket'));
}

function mayAsUser(bucket: IBucket, principal: string, action: Action): boolean {
  if (bucket.owner !== '' && bucket.owner === principal) {
    return true;
  }
  const shared =
    bucket.visibility === 'public' || (bucket.visibility === 'restricted' && bucket.allowed.includes(principal));
  return shared && GUEST.has(action);
}
