import { checksumType } from './checksums';
import type { IContext } from './request';
import type { StoreError } from './errors';
import { escapeXml } from './xml';

export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** An element with text. */
export function el(name: string, text: string | number | boolean): string {
  return `<${name}>${typeof text === 'string' ? escapeXml(text) : text}</${name}>`;
}

/** A whole document: a root in S3's namespace around ready-made XML. */
export function xmlDocument(root: string, inner: string): string {
  return `${XML_HEAD}<${root}${NAMESPACE}>${inner}</${root}>`;
}

export function sendXml(context: IContext, body: string, status = 200): void {
  send(context, status, { 'content-type': 'application/xml' }, body);
}

export function send(
  context: IContext,
  status: number,
  headers: Record<string, string | number> = {},
  body: string | Buffer = ''
): void {
  const { request, response } = context;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const bodiless = status === 204 || status === 304;
  response.writeHead(status, {
    ...common(context),
    ...(bodiless ? {} : { 'content-length': length }),
    ...headers
  });
  // A string goes out in one write with the headers; a buffer, even an empty one, would be a second.
  response.end(request.method === 'HEAD' || bodiless || length === 0 ? undefined : body);
}

export function common(context: IContext): Record<string, string> {
  return {
    server: 'jupyterlab-oscar',
    'x-amz-request-id': context.requestId,
    'x-amz-id-2': context.store.hostId,
    'x-content-type-options': 'nosniff'
  };
}

/** Bodies up to this size are read to their end after an error, so that the connection can be used again. */
const DRAIN = 1024 * 1024;

export function sendError(context: IContext, error: StoreError): void {
  const { request, response, options } = context;
  const unread = !request.complete && hasBody(context);
  const small = Number(request.headers['content-length'] ?? Infinity) <= DRAIN && request.headers.expect === undefined;
  if (unread && small) {
    request.resume();
  }
  if (response.headersSent) {
    // Too late for a status: the reader must not take what came for the whole.
    response.destroy();
    return;
  }
  const extra = error.code === 'AuthorizationHeaderMalformed' ? el('Region', options.region) : '';
  const body =
    `${XML_HEAD}<Error>${el('Code', error.code)}${el('Message', error.message)}` +
    (context.key === '' ? '' : el('Key', context.key)) +
    (context.bucket === '' ? '' : el('BucketName', context.bucket)) +
    el('Resource', context.bucket === '' ? '/' : `/${context.bucket}${context.key === '' ? '' : `/${context.key}`}`) +
    extra +
    `${el('RequestId', context.requestId)}${el('HostId', context.store.hostId)}</Error>`;
  const headers: Record<string, string> = { 'content-type': 'application/xml' };
  if (unread && !small) {
    headers.connection = 'close';
    response.once('finish', () => request.destroy());
  }
  send(context, error.status, headers, body);
}

function hasBody({ request }: IContext): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

/** `"<etag>"` */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** Checksums as elements; `withType` also says what they are of. */
export function sumsXml(checksums: Record<string, string>, withType = false): string {
  return Object.entries(checksums)
    .map(
      ([name, value]) =>
        el(`Checksum${name.toUpperCase()}`, value) + (withType ? el('ChecksumType', checksumType(value)) : '')
    )
    .join('');
}

/** S3's XML writes times with milliseconds. */
export function isoTime(time: Date | number): string {
  return new Date(time).toISOString();
}

/** HTTP headers write them in the old form. */
export function httpTime(time: Date | number): string {
  return new Date(time).toUTCString();
}
