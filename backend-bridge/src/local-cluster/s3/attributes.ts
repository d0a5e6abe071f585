import { StoreError } from './errors';
import { DEFAULT_TYPE, type IAttributes } from './objects';
import { header, type IContext } from './request';
import { all, child, parseXml, textOf } from './xml';

/** System headers that an object keeps and gives back. */
export const KEPT_HEADERS: readonly string[] = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires'
];

const META = 'x-amz-meta-';
/** As S3: names and values of user metadata together. */
const MAX_METADATA = 2 * 1024;
const MAX_HEADER = 4 * 1024;

/** What the headers of a put, a copy or a new upload say of the object. */
export function readAttributes(context: IContext): IAttributes {
  refuse(context);
  const fields = new Map<string, string>();
  const { rawHeaders } = context.request;
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = rawHeaders[n].toLowerCase();
    const value = decodeHeader(rawHeaders[n + 1]);
    fields.set(name, fields.has(name) && name.startsWith(META) ? `${fields.get(name)},${value}` : value);
  }
  return fromFields(fields, parseTagging(header(context, 'x-amz-tagging')));
}

/** The same from the fields of a form. */
export function fromFields(fields: ReadonlyMap<string, string>, tags: Record<string, string>): IAttributes {
  const metadata: Record<string, string> = {};
  const headers: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of fields) {
    // A name that Object.prototype knows must not be special.
    if (name.startsWith(META) && name.length > META.length) {
      checkValue(value);
      bytes += Buffer.byteLength(name) - META.length + Buffer.byteLength(value);
      Object.defineProperty(metadata, name.slice(META.length), {
        value,
        enumerable: true,
        configurable: true,
        writable: true
      });
    } else if (KEPT_HEADERS.includes(name) && value !== '') {
      checkValue(value);
      headers[name] = value;
    }
  }
  if (bytes > MAX_METADATA) {
    throw new StoreError('MetadataTooLarge');
  }
  if (headers['content-encoding']?.includes('aws-chunked')) {
    // That one is of the request, the rest is of the object.
    const rest = headers['content-encoding']
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== 'aws-chunked' && part !== '');
    headers['content-encoding'] = rest.join(',');
    if (rest.length === 0) {
      delete headers['content-encoding'];
    }
  }
  const contentType = fields.get('content-type') || DEFAULT_TYPE;
  checkValue(contentType);
  return { contentType, metadata, headers, tags };
}

/** `a=b&c=d` of x-amz-tagging. */
export function parseTagging(text: string): Record<string, string> {
  if (text === '') {
    return {};
  }
  let pairs: [string, string][];
  try {
    pairs = text.split('&').map(pair => {
      const [name, ...value] = pair.split('=');
      return [decodeURIComponent(name.replaceAll('+', ' ')), decodeURIComponent(value.join('=').replaceAll('+', ' '))];
    });
  } catch {
    throw new StoreError('InvalidArgument', 'x-amz-tagging is not a valid query string.');
  }
  return checkTags(pairs, 10);
}

/** A `<Tagging>` document. */
export function tagsFromXml(text: string, most: number): Record<string, string> {
  const root = parseXml(text);
  const set = child(root, 'TagSet');
  if (root.name !== 'Tagging' || set === undefined) {
    throw new StoreError('MalformedXML');
  }
  return checkTags(
    all(set, 'Tag').map(tag => [textOf(tag, 'Key'), textOf(tag, 'Value')]),
    most
  );
}

function checkTags(pairs: [string, string][], most: number): Record<string, string> {
  if (pairs.length > most) {
    throw new StoreError('InvalidTag', `There may be at most ${most} tags.`);
  }
  const names = new Set(pairs.map(([name]) => name));
  if (names.size !== pairs.length) {
    throw new StoreError('InvalidTag', 'Cannot provide multiple Tags with the same key');
  }
  if (pairs.some(([name, value]) => name === '' || name.length > 128 || value.length > 256)) {
    throw new StoreError('InvalidTag');
  }
  return Object.fromEntries(pairs);
}

/** Node reads headers as Latin-1; clients send UTF-8. What is no UTF-8 stays as it came. */
export function decodeHeader(value: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(value)) {
    return value;
  }
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? value : text;
}

/** The other way, for answers. */
export function encodeHeader(value: string): string {
  if (/^[\x20-\x7e]*$/.test(value)) {
    return value;
  }
  // eslint-disable-next-line no-control-regex
  return Buffer.from(value.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, ' '), 'utf8').toString('latin1');
}

/** What would end a header or begin another one cannot be part of one. */
function checkValue(value: string): void {
  // eslint-disable-next-line no-control-regex
  if (value.length > MAX_HEADER || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
    throw new StoreError(
      'InvalidArgument',
      'A header or form field has characters that no header can carry, or is too long.'
    );
  }
}

/** Access lists that say what holds here anyway: all to the owner. Clients send them without being asked. */
const OWNERS_ACL = ['', 'private', 'bucket-owner-full-control', 'bucket-owner-read'];

/**
 * Refuses access lists that would open something: whoever sends one relies on it.
 *
 * @throws StoreError NotImplemented
 */
export function refuseAccessList(canned: string, headerNames: string[] = []): void {
  if (!OWNERS_ACL.includes(canned) || headerNames.some(name => name.startsWith('x-amz-grant-'))) {
    throw new StoreError('NotImplemented', 'Access lists are not supported. Use a bucket policy.');
  }
}

/** Encryption and locks that we would not keep: to accept them in silence would be a lie. */
function refuse(context: IContext): void {
  const { headers } = context.request;
  for (const name of Object.keys(headers)) {
    if (
      name.startsWith('x-amz-server-side-encryption') ||
      name.startsWith('x-amz-object-lock-') ||
      name === 'x-amz-website-redirect-location'
    ) {
      throw new StoreError('NotImplemented', `The local cluster does not support ${name}.`);
    }
  }
  refuseAccessList(header(context, 'x-amz-acl'), Object.keys(headers));
  const storageClass = header(context, 'x-amz-storage-class');
  if (storageClass !== '' && storageClass !== 'STANDARD' && storageClass !== 'REDUCED_REDUNDANCY') {
    throw new StoreError('InvalidStorageClass', 'The storage class you specified is not valid', 400);
  }
}
