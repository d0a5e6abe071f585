import { closeSync, createReadStream } from 'node:fs';
import { authorize } from './access';
import { readAttributes } from './attributes';
import { requestBody, wholeBody } from './body';
import { CHECKSUM_NAMES } from './checksums';
import { checkRead, parseRange } from './conditions';
import { StoreError } from './errors';
import { OWNER } from './list-routes';
import { copyResult, needLength, readConditions, readSource, sendEtag, writeConditions } from './object-routes';
import { header, requester, type IContext } from './request';
import { el, isoTime, quoted, send, sendXml, sumsXml, xmlDocument } from './respond';
import { readUploadChecksum, wholeChecksum } from './upload-checksums';
import type { IPartInfo } from './uploads';
import { all, parseXml, textOf } from './xml';

const MAX_DOCUMENT = 2 * 1024 * 1024;
const MAX_PAGE = 1000;
const READ_AHEAD = 512 * 1024;

export function createUpload(context: IContext): void {
  authorize(context, 's3:PutObject');
  const { store, bucket, key, caller } = context;
  const checksum = readUploadChecksum(context);
  const id = store.uploads.create(bucket, key, { ...readAttributes(context), checksum }, caller?.accessKey ?? '');
  const headers: Record<string, string> = { 'content-type': 'application/xml' };
  if (checksum !== undefined) {
    headers['x-amz-checksum-algorithm'] = checksum.name.toUpperCase();
    headers['x-amz-checksum-type'] = checksum.type;
  }
  send(
    context,
    200,
    headers,
    xmlDocument('InitiateMultipartUploadResult', el('Bucket', bucket) + el('Key', key) + el('UploadId', id))
  );
}

export async function putPart(context: IContext): Promise<void> {
  authorize(context, 's3:PutObject');
  needLength(context);
  const { store, bucket, key, query } = context;
  const body = requestBody(context);
  const part = await store.uploads.putPart(bucket, key, query.get('uploadId'), {
    number: partNumber(context),
    body: body.bytes,
    checksums: body.checksums,
    release: true,
    ...(body.length === undefined ? {} : { length: body.length })
  });
  sendEtag(context, part.etag, part.checksums);
}

export async function copyPart(context: IContext): Promise<void> {
  const source = readSource(context);
  authorize(context, 's3:PutObject');
  authorize(context, 's3:GetObject', source.bucket, source.key);
  const { store, bucket, key, query } = context;
  const number = partNumber(context);
  const { row, fd } = await store.open(source.bucket, source.key);
  let part: IPartInfo;
  try {
    if (checkRead(readConditions(context, 'x-amz-copy-source-'), row)) {
      throw new StoreError('PreconditionFailed');
    }
    const text = header(context, 'x-amz-copy-source-range');
    const range = text === '' ? undefined : parseRange(text, row.size);
    if (text !== '' && range === undefined) {
      throw new StoreError(
        'InvalidArgument',
        'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy'
      );
    }
    const { start, end } = range ?? { start: 0, end: row.size - 1 };
    // Where a read takes what there is, a copy must not become shorter than was asked for.
    if (!text.endsWith(`-${end}`) && text !== '') {
      throw new StoreError('InvalidRange', `Range specified is not valid for source object of size: ${row.size}`);
    }
    const bytes =
      fd === undefined || end < start
        ? nothing()
        : (createReadStream('', {
            fd,
            start,
            end,
            highWaterMark: READ_AHEAD,
            autoClose: false
          }) as AsyncIterable<Buffer>);
    part = await store.uploads.putPart(bucket, key, query.get('uploadId'), {
      number,
      body: bytes,
      length: end - start + 1
    });
  } finally {
    if (fd !== undefined) {
      closeSync(fd);
    }
  }
  sendXml(context, copyResult('CopyPartResult', part.modified, part.etag));
}

export async function completeUpload(context: IContext): Promise<void> {
  authorize(context, 's3:PutObject');
  const { store, bucket, key, query } = context;
  const id = query.get('uploadId');
  // The checksum headers are those of the object.
  const root = parseXml((await wholeBody(context, MAX_DOCUMENT, { foreignChecksum: true })).toString());
  if (root.name !== 'CompleteMultipartUpload') {
    throw new StoreError('MalformedXML');
  }
  const named = all(root, 'Part').map(part => {
    const number = Number(textOf(part, 'PartNumber'));
    if (!Number.isInteger(number) || number < 1) {
      throw new StoreError('MalformedXML');
    }
    const sums = CHECKSUM_NAMES.map(name => [name, textOf(part, `Checksum${name.toUpperCase()}`)] as const);
    return { number, etag: textOf(part, 'ETag'), sums: sums.filter(([, value]) => value !== '') };
  });
  const location = `http://${header(context, 'host')}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const result = (etag: string, checksums: Record<string, string>): string =>
    xmlDocument(
      'CompleteMultipartUploadResult',
      el('Location', location) +
        el('Bucket', bucket) +
        el('Key', key) +
        el('ETag', quoted(etag)) +
        sumsXml(checksums, true)
    );
  const done = store.uploads.completed(bucket, key, id, named);
  if (done !== undefined) {
    sendXml(context, result(done.etag, done.checksums));
    return;
  }
  const upload = store.uploads.get(bucket, key, id);
  const parts = store.uploads.parts(bucket, key, id, 0, 10_000).parts;
  const { checksums, verify } = wholeChecksum(context, upload.checksum, parts, named);
  // As MinIO, whose events tell this answer's length: only to those who asked for one.
  const told = upload.checksum === undefined ? {} : checksums;
  const object = await store.uploads.complete(bucket, key, id, named, {
    ...writeConditions(context),
    checksums,
    requester: requester(context),
    contentLength: info => Buffer.byteLength(result(info.etag, told)),
    ...(verify === undefined ? {} : { verify })
  });
  sendXml(context, result(object.etag, told));
}

export function abortUpload(context: IContext): void {
  authorize(context, 's3:AbortMultipartUpload');
  context.store.uploads.abort(context.bucket, context.key, context.query.get('uploadId'));
  send(context, 204);
}

export function listParts(context: IContext): void {
  authorize(context, 's3:ListMultipartUploadParts');
  const { store, bucket, key, query } = context;
  const id = query.get('uploadId');
  const marker = query.number('part-number-marker', 0, 10_000);
  const limit = query.number('max-parts', MAX_PAGE, MAX_PAGE);
  const upload = store.uploads.get(bucket, key, id);
  const { parts, more } = store.uploads.parts(bucket, key, id, marker, limit);
  const inner =
    el('Bucket', bucket) +
    el('Key', key) +
    el('UploadId', id) +
    `<Initiator>${el('ID', upload.principal)}${el('DisplayName', upload.principal)}</Initiator>` +
    OWNER +
    el('StorageClass', 'STANDARD') +
    el('PartNumberMarker', marker) +
    el('NextPartNumberMarker', parts.at(-1)?.number ?? 0) +
    el('MaxParts', limit) +
    el('IsTruncated', more) +
    parts.map(partXml).join('');
  sendXml(context, xmlDocument('ListPartsResult', inner));
}

function partXml(part: IPartInfo): string {
  return `<Part>${el('PartNumber', part.number)}${el('LastModified', isoTime(part.modified))}${el('ETag', quoted(part.etag))}${el('Size', part.size)}${sumsXml(part.checksums)}</Part>`;
}

function partNumber({ query }: IContext): number {
  const text = query.get('partNumber');
  return /^\d{1,5}$/.test(text) ? Number(text) : NaN;
}

async function* nothing(): AsyncGenerator<Buffer> {
  // A part without bytes.
}
