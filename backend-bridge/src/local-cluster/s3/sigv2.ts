import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IS3Accounts } from '../interfaces';
import { StoreError } from './errors';
import type { ICaller, IRequestParts } from './sigv4';

/** Query parameters that say what a request is, and so are part of what is signed. */
const SIGNED_PARAMETERS = new Set([
  'accelerate',
  'acl',
  'analytics',
  'cors',
  'defaultObjectAcl',
  'delete',
  'inventory',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'partNumber',
  'policy',
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'select',
  'select-type',
  'storageClass',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website'
]);

/** Parameters of a list, which this version leaves unsigned; whatever else is unsigned is refused. */
const LIST_PARAMETERS = new Set([
  'continuation-token',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'key-marker',
  'list-type',
  'marker',
  'max-keys',
  'max-parts',
  'max-uploads',
  'part-number-marker',
  'prefix',
  'start-after',
  'upload-id-marker',
  'version-id-marker'
]);

/** Python's SDK repeats in the query which headers it signed; only the headers themselves count. */
const HEADER = /^(?:content-md5|content-type|x-amz-[a-z0-9-]+)$/;

/**
 * Checks a link of signature version 2. Python's SDK still makes these unless it is told otherwise, and MinIO takes them.
 * Requests that sign themselves use version 4.
 *
 * @returns undefined for a request that is no such link
 * @throws StoreError with S3's code for all that is wrong with it
 */
export function verifyLink2(
  request: IRequestParts,
  accounts: IS3Accounts,
  now: number = Date.now()
): ICaller | undefined {
  const query = new Map(request.query);
  const accessKey = query.get('AWSAccessKeyId');
  const signature = query.get('Signature');
  const expires = query.get('Expires');
  if (accessKey === undefined && signature === undefined) {
    return undefined;
  }
  if (accessKey === undefined || signature === undefined || expires === undefined || !/^\d{1,12}$/.test(expires)) {
    throw new StoreError(
      'AccessDenied',
      'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters'
    );
  }
  if (request.headers.authorization !== undefined || query.size !== request.query.length) {
    throw new StoreError('InvalidArgument', 'Only one auth mechanism allowed, and each parameter once.');
  }
  const { caller, secretKey } = account(accounts, accessKey);
  if (now > Number(expires) * 1000) {
    throw new StoreError('AccessDenied', 'Request has expired');
  }
  const own = ['AWSAccessKeyId', 'Signature', 'Expires'];
  const unsigned = [...query.keys()].find(
    name => !own.includes(name) && !SIGNED_PARAMETERS.has(name) && !LIST_PARAMETERS.has(name) && !HEADER.test(name)
  );
  if (unsigned !== undefined) {
    throw new StoreError('AccessDenied', `This link cannot carry the parameter '${unsigned.slice(0, 60)}'.`);
  }
  // Clients write the same bucket with and without a slash behind it.
  const paths = /^\/[^/]+$/.test(request.rawPath) ? [request.rawPath, `${request.rawPath}/`] : [request.rawPath];
  const texts = paths.map(path => stringToSign(request, path, expires));
  compare2(secretKey, texts, signature);
  return caller;
}

/** Signature of a browser form, as Python's SDK makes it unless it is told otherwise. */
export function verifyPolicy2(policy: string, fields: ReadonlyMap<string, string>, accounts: IS3Accounts): ICaller {
  const { caller, secretKey } = account(accounts, fields.get('awsaccesskeyid') ?? '');
  compare2(secretKey, [policy], fields.get('signature') ?? '');
  return caller;
}

function account(accounts: IS3Accounts, accessKey: string): { caller: ICaller; secretKey: string } {
  const found = accounts.lookup(accessKey);
  if (found === undefined) {
    throw new StoreError('InvalidAccessKeyId');
  }
  return {
    caller: { accessKey, principal: found.principal, admin: found.admin },
    secretKey: found.secretKey
  };
}

function stringToSign(request: IRequestParts, path: string, expires: string): string {
  const { headers, query } = request;
  const amz = Object.keys(headers)
    .filter(name => name.startsWith('x-amz-'))
    .sort()
    .map(name => `${name}:${String(headers[name]).trim()}\n`);
  const parameters = query
    .filter(([name]) => SIGNED_PARAMETERS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  return [
    request.method,
    String(headers['content-md5'] ?? ''),
    headers['content-type'] ?? '',
    expires,
    `${amz.join('')}${path}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`
  ].join('\n');
}

/** @throws StoreError SignatureDoesNotMatch; takes the same time wherever they differ. */
function compare2(secretKey: string, texts: string[], given: string): void {
  const bytes = Buffer.from(given, 'base64');
  const found = texts
    .map(text => createHmac('sha1', secretKey).update(text, 'latin1').digest())
    .filter(computed => bytes.length === computed.length && timingSafeEqual(bytes, computed));
  if (bytes.toString('base64') !== given || found.length === 0) {
    throw new StoreError('SignatureDoesNotMatch');
  }
}
