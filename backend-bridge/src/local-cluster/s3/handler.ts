import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bucketSetting, createBucket, deleteBucket, headBucket, SETTINGS } from './bucket-routes';
import { StoreError, toStoreError } from './errors';
import { postForm } from './form';
import { hostName, isLocalHost, isLocalOrigin } from './hosts';
import { checkBucketName } from './keys';
import { listBuckets, listObjects, listUploads } from './list-routes';
import { deleteTags, getAcl, getAttributes, getTags, putTags } from './object-details';
import { copyObject, deleteObject, deleteObjects, getObject, putObject } from './object-routes';
import { header, newRequestId, parseUrl, Query, type IContext, type IS3Options } from './request';
import { sendError } from './respond';
import { verifyLink2 } from './sigv2';
import { verifyRequest, type IRequestParts } from './sigv4';
import { abortUpload, completeUpload, copyPart, createUpload, listParts, putPart } from './upload-routes';

export type { IS3Options } from './request';

/** Many clients send a policy or long metadata; more than this is no header any more. */
const MAX_HEADER_BYTES = 64 * 1024;

/** Sub-resources of an object that the store has not. */
const OBJECT_UNSUPPORTED = ['retention', 'legal-hold', 'torrent', 'restore', 'select'];

/**
 * The S3 endpoint as a listener for Node's HTTP server: path-style addresses, signature version 4, S3's errors.
 *
 * Answers always say what happened: an error leaves everything as it was.
 */
export function createS3Handler(options: IS3Options): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void serve(options, request, response);
  };
}

/** A server with the limits that suit it: no time limit for bodies, one for headers. Call `listen` on it. */
export function createS3Server(options: IS3Options): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: 0,
      headersTimeout: 30_000,
      // How often the limit above is looked at; the default would double it.
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 120_000,
      noDelay: true,
      // A GET has no body: its stream need not be made.
      optimizeEmptyRequests: true
    },
    createS3Handler(options)
  );
  // Refuse before the body is sent: nothing is read from a client that waits.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    void serve(options, request, response, true);
  });
  return server;
}

async function serve(
  options: IS3Options,
  request: IncomingMessage,
  response: ServerResponse,
  waits = false
): Promise<void> {
  let context: IContext = {
    options,
    store: options.store,
    request,
    response,
    requestId: newRequestId(),
    rawPath: '/',
    bucket: '',
    key: '',
    query: new Query([]),
    caller: undefined,
    signed: undefined,
    waits
  };
  try {
    const host = hostName(request.headers.host);
    if (!(options.hosts ?? isLocalHost)(host)) {
      throw new StoreError('AccessDenied', `This server does not answer for the host '${host.slice(0, 100)}'.`);
    }
    context = { ...context, ...parseUrl(request.url ?? '/') };
    authenticate(context);
    await route(context);
  } catch (error) {
    const known = toStoreError(error);
    if (known.status >= 500) {
      options.log?.(`${request.method} /${context.bucket}: ${known.code}: ${String(known.cause ?? known.message)}`);
    }
    if (response.writableEnded || response.destroyed) {
      return;
    }
    sendError(context, known);
  }
}

function authenticate(context: IContext): void {
  const { request, options } = context;
  const parts: IRequestParts = {
    method: request.method ?? '',
    rawPath: context.rawPath,
    query: context.query.pairs,
    headers: request.headers,
    rawHeaders: request.rawHeaders
  };
  context.signed = verifyRequest(parts, options.accounts, options.region);
  context.caller = context.signed?.caller ?? verifyLink2(parts, options.accounts);
  const origin = header(context, 'origin');
  if (context.caller === undefined && origin !== '' && !isLocalOrigin(origin) && !isForm(context)) {
    // A page elsewhere may use a link that it was given, and nothing that is open to this machine.
    throw new StoreError('AccessDenied');
  }
}

/** Forms carry their signature in the body. */
function isForm({ request, key }: IContext): boolean {
  return (
    request.method === 'POST' && key === '' && /^multipart\/form-data/i.test(request.headers['content-type'] ?? '')
  );
}

async function route(context: IContext): Promise<void> {
  const { request, bucket, key } = context;
  if (request.method === 'OPTIONS') {
    throw new StoreError('AccessForbidden', 'CORSResponse: This CORS request is not allowed.', 403);
  }
  if (bucket === '') {
    if (request.method !== 'GET' || key !== '') {
      throw new StoreError('MethodNotAllowed');
    }
    listBuckets(context);
    return;
  }
  checkBucketName(bucket);
  await (key === '' ? routeBucket(context) : routeObject(context));
}

async function routeBucket(context: IContext): Promise<void> {
  const { query, request } = context;
  const setting = query.pairs.length === 0 ? undefined : SETTINGS.find(name => query.has(name));
  if (setting !== undefined) {
    return bucketSetting(context, setting);
  }
  switch (request.method) {
    case 'GET':
      if (query.has('uploads')) {
        return listUploads(context);
      }
      return listObjects(context, query.has('versions') ? 'versions' : query.get('list-type') === '2' ? 2 : 1);
    case 'HEAD':
      return headBucket(context);
    case 'PUT':
      return createBucket(context);
    case 'DELETE':
      return deleteBucket(context);
    case 'POST':
      if (query.has('delete')) {
        return deleteObjects(context);
      }
      if (isForm(context)) {
        return postForm(context);
      }
      throw new StoreError('MethodNotAllowed');
    default:
      throw new StoreError('MethodNotAllowed');
  }
}

async function routeObject(context: IContext): Promise<void> {
  const { query, request } = context;
  const unsupported = query.pairs.length === 0 ? undefined : OBJECT_UNSUPPORTED.find(name => query.has(name));
  if (unsupported !== undefined) {
    throw new StoreError('NotImplemented', `The local cluster has no ?${unsupported} of objects.`);
  }
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      if (query.has('uploadId')) {
        return listParts(context);
      }
      if (query.has('tagging')) {
        return getTags(context);
      }
      if (query.has('attributes')) {
        return getAttributes(context);
      }
      if (query.has('acl')) {
        return getAcl(context);
      }
      return getObject(context);
    case 'PUT':
      if (query.has('tagging')) {
        return putTags(context);
      }
      if (query.has('acl')) {
        throw new StoreError('NotImplemented', 'Access lists are not supported. Use a bucket policy.');
      }
      if (query.has('uploadId') || query.has('partNumber')) {
        return header(context, 'x-amz-copy-source') === '' ? putPart(context) : copyPart(context);
      }
      return header(context, 'x-amz-copy-source') === '' ? putObject(context) : copyObject(context);
    case 'DELETE':
      if (query.has('uploadId')) {
        return abortUpload(context);
      }
      return query.has('tagging') ? deleteTags(context) : deleteObject(context);
    case 'POST':
      if (query.has('uploads')) {
        return createUpload(context);
      }
      if (query.has('uploadId')) {
        return completeUpload(context);
      }
      throw new StoreError('MethodNotAllowed');
    default:
      throw new StoreError('MethodNotAllowed');
  }
}
