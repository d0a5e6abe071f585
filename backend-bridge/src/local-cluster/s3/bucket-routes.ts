import type { INotification } from '../interfaces';
import { authorize, authorizeCreate } from './access';
import { refuseAccessList, tagsFromXml } from './attributes';
import { wholeBody } from './body';
import { StoreError } from './errors';
import { EVENT_NAMES } from './events';
import { ACL } from './list-routes';
import { checkPolicy, isPublicPolicy } from './policy';
import { header, type IContext } from './request';
import { el, send, sendXml, xmlDocument } from './respond';
import { all, child, parseXml, textOf, type IXmlElement } from './xml';

const MAX_DOCUMENT = 256 * 1024;

/** Settings that a bucket never has here: what MinIO answers when they are unset. */
const UNSET: Record<string, string> = {
  cors: 'NoSuchCORSConfiguration',
  encryption: 'ServerSideEncryptionConfigurationNotFoundError',
  lifecycle: 'NoSuchLifecycleConfiguration',
  'object-lock': 'ObjectLockConfigurationNotFoundError',
  replication: 'ReplicationConfigurationNotFoundError',
  website: 'NoSuchWebsiteConfiguration'
};

const EMPTY: Record<string, string> = {
  accelerate: xmlDocument('AccelerateConfiguration', ''),
  logging: xmlDocument('BucketLoggingStatus', ''),
  requestPayment: xmlDocument('RequestPaymentConfiguration', el('Payer', 'BucketOwner')),
  versioning: xmlDocument('VersioningConfiguration', '')
};

/** Names of the sub-resources of a bucket, in the order in which they are looked for. */
export const SETTINGS: readonly string[] = [
  'location',
  'notification',
  'tagging',
  'policy',
  'policyStatus',
  'acl',
  ...Object.keys(UNSET),
  ...Object.keys(EMPTY),
  'ownershipControls',
  'publicAccessBlock',
  'analytics',
  'inventory',
  'metrics',
  'intelligent-tiering'
];

export async function createBucket(context: IContext): Promise<void> {
  authorizeCreate(context);
  const text = (await wholeBody(context, MAX_DOCUMENT)).toString();
  if (text.trim() !== '') {
    const root = parseXml(text);
    const region = textOf(root, 'LocationConstraint');
    if (root.name !== 'CreateBucketConfiguration') {
      throw new StoreError('MalformedXML');
    }
    if (region !== '' && region !== context.options.region && region !== 'us-east-1') {
      throw new StoreError('InvalidLocationConstraint', 'The specified location-constraint is not valid', 400);
    }
  }
  refuseAccessList(header(context, 'x-amz-acl'), Object.keys(context.request.headers));
  if (context.request.headers['x-amz-bucket-object-lock-enabled'] === 'true') {
    throw new StoreError('NotImplemented', 'The local cluster does not support object locks.');
  }
  await context.store.createBucket(context.bucket);
  send(context, 200, { location: `/${context.bucket}` });
}

export async function deleteBucket(context: IContext): Promise<void> {
  authorize(context, 's3:DeleteBucket');
  // MinIO's own extension, known to its clients.
  const force = context.request.headers['x-minio-force-delete'] === 'true';
  await context.store.deleteBucket(context.bucket, { force });
  send(context, 204);
}

export function headBucket(context: IContext): void {
  authorize(context, 's3:ListBucket');
  send(context, 200, { 'x-amz-bucket-region': context.options.region });
}

export async function bucketSetting(context: IContext, name: string): Promise<void> {
  const { method } = context.request;
  if (method === 'GET' || method === 'HEAD') {
    readSetting(context, name);
  } else if (method === 'PUT') {
    authorize(context, 's3:BucketSettings');
    await writeSetting(context, name);
  } else if (method === 'DELETE') {
    authorize(context, 's3:BucketSettings');
    removeSetting(context, name);
  } else {
    throw new StoreError('MethodNotAllowed');
  }
}

function readSetting(context: IContext, name: string): void {
  const { store, bucket, options } = context;
  if (name === 'location') {
    authorize(context, 's3:GetBucketLocation');
    // The classic region is written as none.
    const region = options.region === 'us-east-1' ? '' : options.region;
    sendXml(context, xmlDocument('LocationConstraint', region));
    return;
  }
  authorize(context, 's3:BucketSettings');
  if (UNSET[name] !== undefined) {
    throw new StoreError(UNSET[name]);
  }
  if (EMPTY[name] !== undefined) {
    sendXml(context, EMPTY[name]);
    return;
  }
  switch (name) {
    case 'notification':
      sendXml(
        context,
        xmlDocument('NotificationConfiguration', store.notifications(bucket).map(notificationXml).join(''))
      );
      return;
    case 'tagging': {
      const tags = Object.entries(store.need(bucket).tags);
      if (tags.length === 0) {
        throw new StoreError('NoSuchTagSet');
      }
      const inner = tags.map(([key, value]) => `<Tag>${el('Key', key)}${el('Value', value)}</Tag>`).join('');
      sendXml(context, xmlDocument('Tagging', `<TagSet>${inner}</TagSet>`));
      return;
    }
    case 'policy': {
      const policy = store.policy(bucket);
      if (policy === '') {
        throw new StoreError('NoSuchBucketPolicy');
      }
      send(context, 200, { 'content-type': 'application/json' }, policy);
      return;
    }
    case 'policyStatus':
      sendXml(
        context,
        xmlDocument('PolicyStatus', el('IsPublic', isPublicPolicy(store.policy(bucket)) ? 'TRUE' : 'FALSE'))
      );
      return;
    case 'acl':
      sendXml(context, ACL);
      return;
    default:
      throw new StoreError('NotImplemented', `The local cluster has no ?${name} of buckets.`);
  }
}

async function writeSetting(context: IContext, name: string): Promise<void> {
  const { store, bucket } = context;
  const text = (await wholeBody(context, MAX_DOCUMENT)).toString();
  switch (name) {
    case 'notification':
      store.setNotifications(bucket, readNotifications(context, parseXml(text)));
      send(context, 200);
      return;
    case 'tagging':
      store.setTags(bucket, tagsFromXml(text, 50));
      send(context, 200);
      return;
    case 'policy':
      checkPolicy(text, bucket);
      store.setPolicy(bucket, text);
      send(context, 204);
      return;
    case 'acl': {
      const canned = context.request.headers['x-amz-acl'];
      if (canned !== 'private' && !(canned === undefined && text.includes('FULL_CONTROL'))) {
        throw new StoreError('NotImplemented', 'Access lists are not supported. Use a bucket policy.');
      }
      send(context, 200);
      return;
    }
    default:
      throw new StoreError('NotImplemented', `The local cluster has no ?${name} of buckets.`);
  }
}

function removeSetting(context: IContext, name: string): void {
  const { store, bucket } = context;
  if (name === 'tagging') {
    store.setTags(bucket, {});
  } else if (name === 'policy') {
    store.setPolicy(bucket, '');
  } else if (UNSET[name] === undefined) {
    throw new StoreError('NotImplemented', `The local cluster has no ?${name} of buckets.`);
  }
  send(context, 204);
}

function notificationXml(one: INotification): string {
  const rules = [
    ...(one.prefix === '' ? [] : [['prefix', one.prefix]]),
    ...(one.suffix === '' ? [] : [['suffix', one.suffix]])
  ];
  const filter =
    rules.length === 0
      ? ''
      : `<Filter><S3Key>${rules.map(([name, value]) => `<FilterRule>${el('Name', name)}${el('Value', value)}</FilterRule>`).join('')}</S3Key></Filter>`;
  return `<QueueConfiguration>${el('Id', one.id)}${filter}${one.events.map(name => el('Event', name)).join('')}${el('Queue', one.arn)}</QueueConfiguration>`;
}

function readNotifications(context: IContext, root: IXmlElement): INotification[] {
  if (root.name !== 'NotificationConfiguration') {
    throw new StoreError('MalformedXML');
  }
  if (root.children.some(one => one.name !== 'QueueConfiguration')) {
    throw new StoreError('InvalidArgument', 'Only queue configurations with the ARN of a service are supported.');
  }
  const known = context.options.knownArn ?? (() => true);
  const found = all(root, 'QueueConfiguration').map(one => {
    const filter = child(one, 'Filter');
    const rules = filter === undefined ? [] : all(child(filter, 'S3Key') ?? filter, 'FilterRule');
    const rule = (name: string): string => {
      const hits = rules.filter(entry => textOf(entry, 'Name').toLowerCase() === name);
      if (hits.length > 1) {
        throw new StoreError('InvalidArgument', `Cannot specify more than one ${name} rule in a filter.`);
      }
      return hits.length === 0 ? '' : textOf(hits[0], 'Value');
    };
    if (rules.some(entry => !['prefix', 'suffix'].includes(textOf(entry, 'Name').toLowerCase()))) {
      throw new StoreError('InvalidArgument', 'filter rule name must be either prefix or suffix');
    }
    const arn = textOf(one, 'Queue');
    if (!known(arn)) {
      throw new StoreError(
        'InvalidArgument',
        'A specified destination ARN does not exist or is not well-formed. Verify the destination ARN.'
      );
    }
    const events = all(one, 'Event').map(event => event.text);
    const unknown = events.find(event => !EVENT_NAMES.includes(event));
    if (unknown !== undefined) {
      throw new StoreError('InvalidArgument', `A specified event is not supported for notifications.`);
    }
    return { id: textOf(one, 'Id'), arn, events, prefix: rule('prefix'), suffix: rule('suffix') };
  });
  checkOverlap(found);
  return found;
}

/** MinIO refuses two configurations of one service that would both fire for a key. */
function checkOverlap(found: INotification[]): void {
  for (const [index, one] of found.entries()) {
    const same = found
      .slice(index + 1)
      .some(
        other =>
          other.arn === one.arn &&
          other.events.some(event => one.events.includes(event)) &&
          (other.prefix.startsWith(one.prefix) || one.prefix.startsWith(other.prefix)) &&
          (other.suffix.endsWith(one.suffix) || one.suffix.endsWith(other.suffix))
      );
    if (same) {
      throw new StoreError(
        'InvalidArgument',
        'An object key name filtering rule defined with overlapping prefixes, overlapping suffixes, or overlapping combinations of prefixes and suffixes for the same event types.'
      );
    }
  }
}
