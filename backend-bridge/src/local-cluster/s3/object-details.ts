import { authorize } from './access';
import { tagsFromXml } from './attributes';
import { wholeBody } from './body';
import { StoreError } from './errors';
import { ACL } from './list-routes';
import type { IObjectDetails, IObjectPart } from './objects';
import { header, requester, type IContext } from './request';
import { el, send, sendXml, sumsXml, xmlDocument } from './respond';

const MAX_DOCUMENT = 2 * 1024 * 1024;
const MAX_PARTS_PAGE = 1000;

export async function getTags(context: IContext): Promise<void> {
  authorize(context, 's3:GetObjectTagging');
  const object = needObject(context);
  const tags = Object.entries(object.tags).map(([name, value]) => `<Tag>${el('Key', name)}${el('Value', value)}</Tag>`);
  sendXml(context, xmlDocument('Tagging', `<TagSet>${tags.join('')}</TagSet>`));
}

export async function putTags(context: IContext): Promise<void> {
  authorize(context, 's3:PutObjectTagging');
  needObject(context);
  const tags = tagsFromXml((await wholeBody(context, MAX_DOCUMENT)).toString(), 10);
  context.store.setObjectTags(context.bucket, context.key, tags, {
    requester: requester(context),
    contentLength: () => 0
  });
  send(context, 200);
}

export async function deleteTags(context: IContext): Promise<void> {
  authorize(context, 's3:DeleteObjectTagging');
  needObject(context);
  context.store.setObjectTags(
    context.bucket,
    context.key,
    {},
    {
      event: 's3:ObjectCreated:DeleteTagging',
      requester: requester(context)
    }
  );
  send(context, 204);
}

export async function getAcl(context: IContext): Promise<void> {
  authorize(context, 's3:GetObject');
  needObject(context);
  sendXml(context, ACL);
}

/** GetObjectAttributes. */
export async function getAttributes(context: IContext): Promise<void> {
  authorize(context, 's3:GetObject');
  const object = needObject(context);
  const wanted = new Set(
    header(context, 'x-amz-object-attributes')
      .split(',')
      .map(name => name.trim())
  );
  const inner =
    (wanted.has('ETag') ? el('ETag', object.etag) : '') +
    (wanted.has('Checksum') && Object.keys(object.checksums).length > 0
      ? `<Checksum>${sumsXml(object.checksums, true)}</Checksum>`
      : '') +
    (wanted.has('ObjectParts') && object.parts.length > 0 ? partsXml(context, object.parts) : '') +
    (wanted.has('StorageClass') ? el('StorageClass', 'STANDARD') : '') +
    (wanted.has('ObjectSize') ? el('ObjectSize', object.size) : '');
  sendXml(context, xmlDocument('GetObjectAttributesResponse', inner));
}

/** A page of the parts that an object was uploaded in. */
function partsXml(context: IContext, parts: IObjectPart[]): string {
  const marker = headerNumber(context, 'x-amz-part-number-marker', 0);
  const limit = headerNumber(context, 'x-amz-max-parts', MAX_PARTS_PAGE);
  const page = parts.slice(marker, marker + limit);
  const end = marker + page.length;
  return (
    '<ObjectParts>' +
    el('IsTruncated', end < parts.length) +
    el('MaxParts', limit) +
    el('NextPartNumberMarker', end) +
    el('PartNumberMarker', marker) +
    page
      .map(
        ({ size, checksums }, index) =>
          `<Part>${el('PartNumber', marker + index + 1)}${el('Size', size)}${sumsXml(checksums)}</Part>`
      )
      .join('') +
    `${el('PartsCount', parts.length)}</ObjectParts>`
  );
}

function headerNumber(context: IContext, name: string, missing: number): number {
  const text = header(context, name);
  if (text !== '' && !/^\d{1,9}$/.test(text)) {
    throw new StoreError('InvalidArgument', `${name} must be a number.`);
  }
  return text === '' ? missing : Math.min(Number(text), name === 'x-amz-max-parts' ? MAX_PARTS_PAGE : Infinity);
}

export function checkVersion({ query }: IContext): void {
  needNullVersion(query.get('versionId'));
}

/** Each object has one version, which S3 calls `null`. */
export function needNullVersion(version: string): void {
  if (version !== '' && version !== 'null') {
    throw new StoreError('NoSuchVersion');
  }
}

function needObject(context: IContext): IObjectDetails {
  checkVersion(context);
  const object = context.store.details(context.bucket, context.key);
  if (object === undefined) {
    throw new StoreError('NoSuchKey');
  }
  return object;
}
