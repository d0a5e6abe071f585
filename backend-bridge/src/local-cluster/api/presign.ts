import { createHash, createHmac } from 'node:crypto';
import { fail, type IReply, json, readJson, rfc3339 } from './http';
import { isBucketName, isOpenTo } from './buckets';
import type { IContext } from './manager';
import { Presign } from './types';

const DEFAULT_SECONDS = 900;
const MAX_SECONDS = 604_800;

interface IPresignRequest {
  object_key: string;
  operation: string;
  expires_in: number;
  content_type: string;
  extra_headers: Record<string, string> | null;
}

/** `POST /system/buckets/:bucket/presign` */
export async function presign(context: IContext): Promise<IReply> {
  const { manager, caller, params } = context;
  const wanted = await readJson<IPresignRequest>(context.request, Presign, 'Invalid presign request: ');
  const missing = [
    ['ObjectKey', wanted.object_key],
    ['Operation', wanted.operation]
  ].filter(([, value]) => value === '');
  if (missing.length > 0) {
    const problem = (field: string): string =>
      `Key: 'PresignRequest.${field}' Error:Field validation for '${field}' failed on the 'required' tag`;
    fail(400, `Invalid presign request: ${missing.map(([field]) => problem(field)).join('\n')}`);
  }
  const key = wanted.object_key
    .trim()
    .replace(/^\/+|\/+$/g, '')
    .trim();
  if (key === '') {
    fail(400, 'Object key cannot be empty');
  }
  const operation = wanted.operation.trim().toLowerCase();
  if (operation !== 'upload' && operation !== 'download') {
    fail(400, `Unsupported operation '${wanted.operation}'. Allowed values are 'upload' or 'download'`);
  }
  const seconds = wanted.expires_in || DEFAULT_SECONDS;
  if (seconds < 1 || seconds > MAX_SECONDS) {
    fail(400, `Invalid expiration requested: ${wanted.expires_in}. Allowed range is 1-${MAX_SECONDS} seconds`);
  }
  const bucket = manager.store.bucket(params.bucket);
  if (!bucket) {
    if (!isBucketName(params.bucket)) {
      fail(500, `Error validating bucket '${params.bucket}': Bucket name contains invalid characters`);
    }
    fail(404, `Bucket '${params.bucket}' not found`);
  }
  if (manager.strict && Object.keys(bucket.tags).length === 0) {
    fail(
      500,
      `Error retrieving metadata for bucket '${bucket.name}': error getting tags on bucket ${bucket.name}: The TagSet does not exist`
    );
  }
  if (!caller.admin && bucket.owner !== caller.uid && !isOpenTo(caller, bucket)) {
    fail(403, `User '${caller.uid}' is not authorised to generate presigned URLs for bucket '${bucket.name}'`);
  }
  const headers: Record<string, string> = {};
  const upload = operation === 'upload';
  if (upload && wanted.content_type) {
    headers['Content-Type'] = wanted.content_type;
  }
  for (const [name, value] of Object.entries(wanted.extra_headers ?? {})) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[\r\n\0]/.test(value)) {
      fail(400, `Invalid presign request: header '${name}' cannot be sent`);
    }
    headers[canonicalHeader(name)] = value;
  }
  const now = new Date();
  const storage = manager.options.storage();
  const url = presignUrl({
    ...storage,
    method: upload ? 'PUT' : 'GET',
    path: `/${bucket.name}/${key}`,
    seconds,
    now,
    headers,
    query: !upload && wanted.content_type ? { 'response-content-type': wanted.content_type } : {}
  });
  return json(200, {
    object_key: key,
    operation,
    method: upload ? 'PUT' : 'GET',
    url,
    expires_at: rfc3339(new Date(now.getTime() + seconds * 1000)),
    ...(Object.keys(headers).length > 0 ? { headers: sorted(headers) } : {})
  });
}

function sorted(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** `x-amz-META-two` → `X-Amz-Meta-Two` */
function canonicalHeader(name: string): string {
  return name
    .split('-')
    .map(part => part.charAt(0).toUpperCase() + part.slice(1).toLowerCase())
    .join('-');
}

interface IPresign {
  endpoint: string;
  accessKey: string;
  secretKey: string;
  region: string;
  method: string;
  path: string;
  seconds: number;
  now: Date;
  headers: Record<string, string>;
  query: Record<string, string>;
}

/** Signature version 4 in the query (docs.aws.amazon.com, "Authenticating Requests: Using Query Parameters"). */
export function presignUrl(options: IPresign): string {
  const endpoint = new URL(options.endpoint);
  const stamp = options.now.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${stamp.slice(0, 8)}/${options.region}/s3/aws4_request`;
  const headers: Record<string, string> = { host: endpoint.host };
  for (const [name, value] of Object.entries(options.headers)) {
    headers[name.toLowerCase()] = value.trim().replace(/ +/g, ' ');
  }
  const signed = Object.keys(headers).sort();
  const query: Record<string, string> = {
    ...options.query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${options.accessKey}/${scope}`,
    'X-Amz-Date': stamp,
    'X-Amz-Expires': String(options.seconds),
    'X-Amz-SignedHeaders': signed.join(';')
  };
  const path = options.path.split('/').map(encode).join('/');
  const canonicalQuery = Object.keys(query)
    .sort()
    .map(name => `${encode(name)}=${encode(query[name])}`)
    .join('&');
  const canonical = [
    options.method,
    path,
    canonicalQuery,
    ...signed.map(name => `${name}:${headers[name]}`),
    '',
    signed.join(';'),
    'UNSIGNED-PAYLOAD'
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', stamp, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = ['s3', 'aws4_request'].reduce(
    (previous, part) => hmac(previous, part),
    hmac(hmac(`AWS4${options.secretKey}`, stamp.slice(0, 8)), options.region)
  );
  return `${endpoint.origin}${path}?${canonicalQuery}&X-Amz-Signature=${hmac(key, toSign).toString('hex')}`;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => '%' + character.charCodeAt(0).toString(16).toUpperCase()
  );
}
