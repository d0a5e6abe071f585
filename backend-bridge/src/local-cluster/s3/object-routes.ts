import { closeSync } from 'node:fs';
import { authorize } from './access';
import { decodeHeader, encodeHeader, KEPT_HEADERS, readAttributes } from './attributes';
import { requestBody, smallBody, wholeBody } from './body';
import { checksumType } from './checksums';
import { checkRead, parseRange } from './conditions';
import { StoreError } from './errors';
import { checkKey } from './keys';
import { checkVersion, needNullVersion } from './object-details';
import { toDetails, unquote, type IObjectDetails, type IWriteOptions } from './objects';
import type { IOpenObject } from './readable-store';
import { ONE_WRITE } from './recent';
import { header, requester, type IContext } from './request';
import { common, el, httpTime, isoTime, quoted, send, sendXml, xmlDocument } from './respond';
import { sendFile } from './send-file';
import { decodePath } from './sigv4';
import type { IObjectRow } from './schema';
import { readPiece, SMALL } from './staging';
import { all, parseXml, textOf } from './xml';

const MAX_DOCUMENT = 2 * 1024 * 1024;
const MAX_DELETES = 1000;
/** Objects removed before others get their turn. */
const DELETE_BATCH = 50;

export async function putObject(context: IContext): Promise<void> {
  authorize(context, 's3:PutObject');
  checkKey(context.key);
  const { store, bucket, key, response } = context;
  const attributes = readAttributes(context);
  const options: IWriteOptions = { ...attributes, ...writeConditions(context), requester: requester(context) };
  const small = smallBody(context);
  if (small === undefined) {
    needLength(context);
    const body = requestBody(context);
    // Checked before the first byte, so that a client that waits for "continue" sends none in vain.
    const row = await store.putStream(bucket, key, body.bytes, options, body.checksums);
    sendEtag(context, row.etag, toDetails(row).checksums);
    return;
  }
  const { bytes, checksums } = await small;
  if (response.destroyed) {
    throw new StoreError('IncompleteBody');
  }
  const info = await store.put(bucket, key, bytes, { ...options, checksums });
  sendEtag(context, info.etag, checksums);
}

export async function getObject(context: IContext): Promise<void> {
  authorize(context, 's3:GetObject');
  const { store, bucket, key, request, response } = context;
  checkKey(key);
  checkVersion(context);
  const held = store.held(bucket, key);
  const file: IOpenObject =
    held === undefined ? await store.open(bucket, key) : { row: held.row, fd: undefined, stat: undefined };
  const { row } = file;
  try {
    const object = toDetails(row);
    const status304 = checkRead(readConditions(context, ''), row);
    const piece = status304 ? undefined : choosePiece(context, object);
    const headers = objectHeaders(context, object);
    if (status304) {
      send(context, 304, { etag: headers.etag, 'last-modified': headers['last-modified'] });
      return;
    }
    const start = piece?.start ?? 0;
    const length = piece === undefined ? row.size : piece.end - piece.start + 1;
    headers['content-length'] = length;
    if (piece !== undefined) {
      headers['content-range'] = `bytes ${piece.start}-${piece.end}/${row.size}`;
    }
    const status = piece === undefined ? 200 : 206;
    if (held !== undefined && request.method !== 'HEAD') {
      response.writeHead(status, headers);
      response.end(piece === undefined ? held.text : held.text.slice(start, start + length), 'latin1');
      return;
    }
    if (request.method === 'HEAD' || file.fd === undefined || length === 0) {
      response.writeHead(status, headers);
      response.end();
      return;
    }
    if (length <= SMALL) {
      const bytes = readPiece(file.fd, start, length);
      store.hold(bucket, row, bytes, file.stat);
      response.writeHead(status, headers);
      if (length <= ONE_WRITE) {
        // As a string it goes out together with the headers, in one write instead of two.
        response.end(bytes.toString('latin1'), 'latin1');
      } else {
        response.end(bytes);
      }
      return;
    }
    response.writeHead(status, headers);
    await sendFile(response, { fd: file.fd, start, length });
  } finally {
    if (file.fd !== undefined) {
      closeSync(file.fd);
    }
  }
}

export async function deleteObject(context: IContext): Promise<void> {
  authorize(context, 's3:DeleteObject');
  checkKey(context.key);
  checkVersion(context);
  await context.store.remove(context.bucket, context.key, {
    requester: requester(context),
    unless: deleteConditions({
      etag: header(context, 'if-match'),
      modified: header(context, 'x-amz-if-match-last-modified-time'),
      size: header(context, 'x-amz-if-match-size')
    })
  });
  send(context, 204);
}

/** `POST /bucket?delete` */
export async function deleteObjects(context: IContext): Promise<void> {
  const { store, bucket } = context;
  store.need(bucket);
  const root = parseXml((await wholeBody(context, MAX_DOCUMENT)).toString());
  const objects = all(root, 'Object');
  if (root.name !== 'Delete' || objects.length === 0 || objects.length > MAX_DELETES) {
    throw new StoreError('MalformedXML');
  }
  const quiet = textOf(root, 'Quiet') === 'true';
  const by = requester(context);
  let inner = '';
  for (const [index, object] of objects.entries()) {
    const key = textOf(object, 'Key');
    if (index > 0 && index % DELETE_BATCH === 0) {
      await new Promise(resolve => setImmediate(resolve));
    }
    try {
      authorize(context, 's3:DeleteObject', bucket, key);
      needNullVersion(textOf(object, 'VersionId'));
      const unless = deleteConditions({
        etag: textOf(object, 'ETag'),
        modified: textOf(object, 'LastModifiedTime'),
        size: textOf(object, 'Size')
      });
      await store.remove(bucket, key, { requester: by, unless });
      inner += quiet ? '' : `<Deleted>${el('Key', key)}</Deleted>`;
    } catch (error) {
      if (!(error instanceof StoreError)) {
        throw error;
      }
      inner += `<Error>${el('Key', key)}${el('Code', error.code)}${el('Message', error.message)}</Error>`;
    }
  }
  sendXml(context, xmlDocument('DeleteResult', inner));
}

export async function copyObject(context: IContext): Promise<void> {
  const source = readSource(context);
  authorize(context, 's3:PutObject');
  authorize(context, 's3:GetObject', source.bucket, source.key);
  checkKey(context.key);
  const { store, bucket, key } = context;
  const from = await store.open(source.bucket, source.key);
  if (from.fd !== undefined) {
    closeSync(from.fd);
  }
  if (checkRead(readConditions(context, 'x-amz-copy-source-'), from.row)) {
    throw new StoreError('PreconditionFailed');
  }
  const replace = directive(context, 'x-amz-metadata-directive');
  const replaceTags = directive(context, 'x-amz-tagging-directive');
  if (source.bucket === bucket && source.key === key && !replace && !replaceTags) {
    throw new StoreError(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."
    );
  }
  const old = toDetails(from.row);
  const given = readAttributes(context);
  const kept = replace ? given : { contentType: old.contentType, metadata: old.metadata, headers: old.headers };
  const row = await store.copy(
    source,
    { bucket, key },
    {
      contentType: kept.contentType,
      metadata: kept.metadata,
      headers: kept.headers,
      tags: replaceTags ? given.tags : old.tags,
      ...writeConditions(context),
      event: 's3:ObjectCreated:Copy',
      requester: requester(context),
      contentLength: info => copyResult('CopyObjectResult', info.modified, info.etag).length
    }
  );
  sendXml(context, copyResult('CopyObjectResult', row.modified, row.etag));
}

/** ASCII throughout: its length in characters is that in bytes. */
export function copyResult(root: string, modified: Date | number, etag: string): string {
  return xmlDocument(root, el('LastModified', isoTime(modified)) + el('ETag', quoted(etag)));
}

/**
 * What must hold of an object for it to be deleted; a condition that is not given is ''.
 *
 * @returns true for the object that stays
 */
function deleteConditions(given: { etag: string; modified: string; size: string }): (row: IObjectRow) => boolean {
  const { etag, modified, size } = given;
  const time = Date.parse(modified);
  if ((modified !== '' && Number.isNaN(time)) || !/^\d{0,15}$/.test(size)) {
    throw new StoreError('InvalidArgument', 'A condition of the deletion cannot be read.');
  }
  return row =>
    (etag !== '' && etag !== '*' && unquote(etag) !== row.etag) ||
    (modified !== '' && Math.floor(row.modified / 1000) !== Math.floor(time / 1000)) ||
    (size !== '' && Number(size) !== row.size);
}

/** `bucket/key` of x-amz-copy-source. */
export function readSource(context: IContext): { bucket: string; key: string } {
  const text = header(context, 'x-amz-copy-source').replace(/^\//, '');
  const [path, version] = text.split('?versionId=');
  const slash = path.indexOf('/');
  if (slash < 1 || slash === path.length - 1) {
    throw new StoreError(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey'
    );
  }
  if (version !== undefined && version !== 'null' && version !== '') {
    throw new StoreError('NoSuchVersion');
  }
  const decoded = decodePath(decodeHeader(path));
  const at = decoded.indexOf('/');
  return { bucket: decoded.slice(0, at), key: decoded.slice(at + 1) };
}

/** Conditions on what the write replaces. */
export function writeConditions(context: IContext): { ifAbsent?: boolean; ifMatch?: string } {
  const none = header(context, 'if-none-match');
  const match = header(context, 'if-match');
  if (none !== '' && none.trim() !== '*') {
    throw new StoreError('NotImplemented', 'A write takes If-None-Match only with *.');
  }
  return { ...(none === '' ? {} : { ifAbsent: true }), ...(match === '' ? {} : { ifMatch: match }) };
}

export function sendEtag(context: IContext, etag: string, checksums: Record<string, string>): void {
  const headers: Record<string, string> = { etag: quoted(etag) };
  for (const [name, value] of Object.entries(checksums)) {
    headers[`x-amz-checksum-${name}`] = value;
  }
  send(context, 200, headers);
}

/** Without a length or chunks the end of the body could not be told from a broken connection. */
export function needLength({ request }: IContext): void {
  if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) {
    throw new StoreError('MissingContentLength');
  }
}

export function readConditions(context: IContext, prefix: string) {
  return {
    ifMatch: header(context, `${prefix}if-match`),
    ifNoneMatch: header(context, `${prefix}if-none-match`),
    ifModifiedSince: header(context, `${prefix}if-modified-since`),
    ifUnmodifiedSince: header(context, `${prefix}if-unmodified-since`)
  };
}

function directive(context: IContext, name: string): boolean {
  const value = header(context, name);
  if (value !== '' && value !== 'COPY' && value !== 'REPLACE') {
    throw new StoreError('InvalidArgument', `Unknown ${name}.`);
  }
  return value === 'REPLACE';
}

function choosePiece(context: IContext, object: IObjectDetails): { start: number; end: number } | undefined {
  const number = context.query.get('partNumber');
  if (number === '') {
    return parseRange(header(context, 'range'), object.size);
  }
  const sizes = object.parts.length > 0 ? object.parts.map(part => part.size) : [object.size];
  const index = Number(number) - 1;
  if (!/^\d{1,5}$/.test(number) || index < 0 || index >= sizes.length) {
    throw new StoreError('InvalidPartNumber');
  }
  const start = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  return sizes[index] === 0 ? undefined : { start, end: start + sizes[index] - 1 };
}

function objectHeaders(context: IContext, object: IObjectDetails): Record<string, string | number> {
  const { query, caller } = context;
  const headers: Record<string, string | number> = {
    ...common(context),
    'accept-ranges': 'bytes',
    etag: quoted(object.etag),
    'last-modified': httpTime(object.modified),
    'content-type': encodeHeader(object.contentType),
    // Whatever a page in a bucket holds, it gets no origin of its own and so no cookies of this host.
    'content-security-policy': 'sandbox allow-scripts allow-forms'
  };
  for (const name of KEPT_HEADERS) {
    if (object.headers[name] !== undefined) {
      headers[name] = encodeHeader(object.headers[name]);
    }
  }
  for (const [name, value] of Object.entries(object.metadata)) {
    headers[`x-amz-meta-${encodeHeader(name)}`] = encodeHeader(value);
  }
  const tags = Object.keys(object.tags).length;
  if (tags > 0) {
    headers['x-amz-tagging-count'] = tags;
  }
  if (header(context, 'x-amz-checksum-mode').toUpperCase() === 'ENABLED' && header(context, 'range') === '') {
    // Of a part the part's own: a client holds it against the bytes that follow.
    const part = object.parts.length > 0 ? object.parts[Number(query.get('partNumber')) - 1] : undefined;
    for (const [name, value] of Object.entries(part?.checksums ?? object.checksums)) {
      headers[`x-amz-checksum-${name}`] = value;
      headers['x-amz-checksum-type'] = checksumType(object.checksums[name] ?? value);
    }
  }
  if (object.parts.length > 0 && query.has('partNumber')) {
    headers['x-amz-mp-parts-count'] = object.parts.length;
  }
  for (const name of ['content-type', ...KEPT_HEADERS]) {
    const override = query.get(`response-${name}`);
    if (override !== '') {
      if (caller === undefined) {
        throw new StoreError(
          'InvalidRequest',
          'Request specific response headers cannot be used for anonymous GET requests.'
        );
      }
      headers[name] = encodeHeader(override);
    }
  }
  return headers;
}
