import { authorize, visibleTo } from './access';
import { StoreError } from './errors';
import { compareKeys } from './listing';
import type { IContext, Query } from './request';
import { el, isoTime, sendXml, xmlDocument } from './respond';
import type { IObjectRow } from './schema';

const MAX_PAGE = 1000;
const MAX_BUCKETS = 10_000;
/** MinIO's. */
const OWNER_ID = '02d6176db174dc93cb1b899f7c6078f08654445fe8cf1b6ce98d8855f66bdbf4';
export const OWNER = `<Owner>${el('ID', OWNER_ID)}${el('DisplayName', 'minio')}</Owner>`;

/** The one access list there is: all to the owner. */
export const ACL = xmlDocument(
  'AccessControlPolicy',
  `${OWNER}<AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><Type>CanonicalUser</Type></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>`
);

export function listBuckets(context: IContext): void {
  if (context.caller === undefined) {
    throw new StoreError('AccessDenied');
  }
  const { query } = context;
  const prefix = query.get('prefix');
  const after = query.has('continuation-token') ? decodeToken(query.get('continuation-token')) : '';
  const limit = query.number('max-buckets', MAX_BUCKETS, MAX_BUCKETS);
  if (limit === 0) {
    throw new StoreError('InvalidArgument', `Argument max-buckets must be an integer between 1 and ${MAX_BUCKETS}`);
  }
  const rest = [...context.store.catalog.buckets.values()]
    .filter(bucket => visibleTo(context, bucket) && bucket.name.startsWith(prefix) && bucket.name > after)
    .sort((a, b) => compareKeys(a.name, b.name));
  const page = rest.slice(0, limit);
  const buckets = page.map(
    bucket => `<Bucket>${el('Name', bucket.name)}${el('CreationDate', isoTime(bucket.created))}</Bucket>`
  );
  const more =
    (rest.length > limit ? el('ContinuationToken', encodeToken(page[page.length - 1].name)) : '') +
    (prefix === '' ? '' : el('Prefix', prefix));
  sendXml(context, xmlDocument('ListAllMyBucketsResult', `${OWNER}<Buckets>${buckets.join('')}</Buckets>${more}`));
}

/** ListObjects of both versions, and ListObjectVersions of a store that keeps one version. */
export function listObjects(context: IContext, kind: 1 | 2 | 'versions'): void {
  authorize(context, 's3:ListBucket');
  const { query, store, bucket } = context;
  const encode = encoder(query);
  const prefix = query.get('prefix');
  const delimiter = query.get('delimiter');
  const token = query.get('continuation-token');
  const startAfter = kind === 2 ? query.get('start-after') : query.get(kind === 1 ? 'marker' : 'key-marker');
  const after = kind === 2 && query.has('continuation-token') ? decodeToken(token) : startAfter;
  const limit = query.number('max-keys', MAX_PAGE, MAX_PAGE);
  const page =
    limit === 0
      ? { objects: [], prefixes: [], next: undefined }
      : store.catalog.listing.scan(store.need(bucket).id, {
          prefix,
          delimiter,
          after,
          // A start that the user chose is a key; a marker or a token of ours may be a group.
          skipGroup: kind !== 2 || token !== '',
          limit
        });
  const withOwner = kind !== 2 || query.get('fetch-owner') === 'true';
  const element = kind === 'versions' ? 'Version' : 'Contents';
  const contents = page.objects.map(row => content(row, element, encode, withOwner)).join('');
  const groups = page.prefixes.map(group => `<CommonPrefixes>${el('Prefix', encode(group))}</CommonPrefixes>`).join('');
  const truncated = page.next !== undefined;
  const head =
    el('Name', bucket) +
    el('Prefix', encode(prefix)) +
    (kind === 2
      ? (startAfter === '' ? '' : el('StartAfter', encode(startAfter))) +
        (token === '' ? '' : el('ContinuationToken', token)) +
        (truncated ? el('NextContinuationToken', encodeToken(page.next!)) : '') +
        el('KeyCount', page.objects.length + page.prefixes.length)
      : el(kind === 1 ? 'Marker' : 'KeyMarker', encode(startAfter)) +
        (kind === 'versions' ? el('VersionIdMarker', '') : '') +
        (truncated ? el(kind === 1 ? 'NextMarker' : 'NextKeyMarker', encode(page.next!)) : '') +
        (truncated && kind === 'versions' ? el('NextVersionIdMarker', 'null') : '')) +
    el('MaxKeys', limit) +
    (delimiter === '' ? '' : el('Delimiter', encode(delimiter))) +
    (query.get('encoding-type') === 'url' ? el('EncodingType', 'url') : '') +
    el('IsTruncated', truncated);
  sendXml(
    context,
    xmlDocument(kind === 'versions' ? 'ListVersionsResult' : 'ListBucketResult', head + contents + groups)
  );
}

export function listUploads(context: IContext): void {
  authorize(context, 's3:ListBucketMultipartUploads');
  const { query, store, bucket } = context;
  const encode = encoder(query);
  const prefix = query.get('prefix');
  const delimiter = query.get('delimiter');
  const keyMarker = query.get('key-marker');
  const idMarker = query.get('upload-id-marker');
  const limit = query.number('max-uploads', MAX_PAGE, MAX_PAGE);
  const uploads = store.uploads.list(bucket, prefix);
  const from = uploads.findIndex(upload => idMarker !== '' && upload.key === keyMarker && upload.id === idMarker);
  const rest =
    from >= 0
      ? uploads.slice(from + 1)
      : uploads.filter(upload => keyMarker === '' || compareKeys(upload.key, keyMarker) > 0);
  const groups = new Set<string>();
  const page: typeof rest = [];
  let last: (typeof rest)[number] | undefined;
  let truncated = false;
  for (const upload of rest) {
    const at = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length);
    const group = at < 0 ? undefined : upload.key.slice(0, at + delimiter.length);
    if (group === undefined || !groups.has(group)) {
      if (page.length + groups.size === limit) {
        truncated = true;
        break;
      }
      if (group === undefined) {
        page.push(upload);
      } else {
        groups.add(group);
      }
    }
    last = upload;
  }
  const inner =
    el('Bucket', bucket) +
    el('KeyMarker', encode(keyMarker)) +
    el('UploadIdMarker', idMarker) +
    (truncated && last !== undefined ? el('NextKeyMarker', encode(last.key)) + el('NextUploadIdMarker', last.id) : '') +
    (delimiter === '' ? '' : el('Delimiter', encode(delimiter))) +
    el('Prefix', encode(prefix)) +
    (query.get('encoding-type') === 'url' ? el('EncodingType', 'url') : '') +
    el('MaxUploads', limit) +
    el('IsTruncated', truncated) +
    page
      .map(
        upload =>
          `<Upload>${el('Key', encode(upload.key))}${el('UploadId', upload.id)}<Initiator>${el('ID', upload.principal)}${el('DisplayName', upload.principal)}</Initiator>${OWNER}${el('StorageClass', 'STANDARD')}${el('Initiated', isoTime(upload.started))}</Upload>`
      )
      .join('') +
    [...groups].map(group => `<CommonPrefixes>${el('Prefix', encode(group))}</CommonPrefixes>`).join('');
  sendXml(context, xmlDocument('ListMultipartUploadsResult', inner));
}

function content(row: IObjectRow, element: string, encode: (text: string) => string, withOwner: boolean): string {
  const version = element === 'Version' ? '<VersionId>null</VersionId><IsLatest>true</IsLatest>' : '';
  return (
    `<${element}>${el('Key', encode(row.key))}${version}<LastModified>${isoTime(row.modified)}</LastModified>` +
    `<ETag>&#34;${row.etag}&#34;</ETag><Size>${row.size}</Size>${withOwner ? OWNER : ''}<StorageClass>STANDARD</StorageClass></${element}>`
  );
}

/** @throws StoreError InvalidArgument for another encoding */
function encoder(query: Query): (text: string) => string {
  const type = query.get('encoding-type');
  if (type === '') {
    return text => text;
  }
  if (type !== 'url') {
    throw new StoreError('InvalidArgument', 'Invalid Encoding Method specified in Request');
  }
  return text => (/^[A-Za-z0-9/._-]*$/.test(text) ? text : encodeURIComponent(text).replaceAll('%2F', '/'));
}

function encodeToken(key: string): string {
  return Buffer.from(key).toString('base64');
}

function decodeToken(token: string): string {
  const key = Buffer.from(token, 'base64').toString();
  if (key === '' || encodeToken(key) !== token) {
    throw new StoreError('InvalidArgument', 'The continuation token provided is incorrect');
  }
  return key;
}
