import { closeSync, createReadStream } from 'node:fs';
import { authorize } from './access';
import { readAttributes } from './attributes';
import { requestBody, wholeBody } from './body';
import { CHECKSUM_NAMES, compositeChecksum, isChecksumName, runningChecksum, type ChecksumName } from './checksums';
import { checkRead, parseRange } from './conditions';
import { StoreError } from './errors';
import { OWNER } from './list-routes';
import { copyResult, needLength, readConditions, readSource, sendEtag, writeConditions } from './object-routes';
import { header, requester, type IContext } from './request';
import { el, isoTime, quoted, send, sendXml, xmlDocument } from './respond';
import type { IPartInfo } from './uploads';
import { all, parseXml, textOf } from './xml';

const MAX_DOCUMENT = 2 * 1024 * 1024;
const MAX_PAGE = 1000;
const READ_AHEAD = 512 * 1024;

export function createUpload(context: IContext): void {
  authorize(context, 's3:PutObject');
  const { store, bucket, key, caller } = context;
  const algorithm = header(context, 'x-amz-checksum-algorithm');
  if (algorithm !== '' && !isChecksumName(algorithm.toLowerCase())) {
    throw new StoreError('InvalidRequest', 'Checksum algorithm provided is unsupported.');
  }
  const id = store.uploads.create(bucket, key, readAttributes(context), caller?.accessKey ?? '');
  const headers: Record<string, string> = { 'content-type': 'application/xml' };
  if (algorithm !== '') {
    headers['x-amz-checksum-algorithm'] = algorithm.toUpperCase();
    headers['x-amz-checksum-type'] = header(context, 'x-amz-checksum-type') || 'COMPOSITE';
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
  store.uploads.get(bucket, key, id);
  const root = parseXml((await wholeBody(context, MAX_DOCUMENT)).toString());
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
  const checksums = composite(store.uploads.parts(bucket, key, id, 0, 10_000).parts, named);
  const location = `http://${header(context, 'host')}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const result = (etag: string): string =>
    xmlDocument(
      'CompleteMultipartUploadResult',
      el('Location', location) + el('Bucket', bucket) + el('Key', key) + el('ETag', quoted(etag))
    );
  const full = CHECKSUM_NAMES.map(name => ({ name, value: header(context, `x-amz-checksum-${name}`) })).find(
    one => one.value !== '' && !one.value.includes('-')
  );
  const object = await store.uploads.complete(bucket, key, id, named, {
    ...writeConditions(context),
    checksums: full === undefined ? checksums : { [full.name]: full.value },
    requester: requester(context),
    contentLength: info => Buffer.byteLength(result(info.etag)),
    ...(full === undefined ? {} : { verify: file => verifyWhole(file, full) })
  });
  sendXml(context, result(object.etag));
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
  const sums = Object.entries(part.checksums).map(([name, value]) => el(`Checksum${name.toUpperCase()}`, value));
  return `<Part>${el('PartNumber', part.number)}${el('LastModified', isoTime(part.modified))}${el('ETag', quoted(part.etag))}${el('Size', part.size)}${sums.join('')}</Part>`;
}

function partNumber({ query }: IContext): number {
  const text = query.get('partNumber');
  return /^\d{1,5}$/.test(text) ? Number(text) : NaN;
}

/**
 * The checksum of the checksums, when every part has one of the same kind.
 *
 * @throws StoreError InvalidPart when the client names another one than we computed
 */
function composite(
  parts: IPartInfo[],
  named: { number: number; sums: (readonly [ChecksumName, string])[] }[]
): Record<string, string> {
  const known = new Map(parts.map(part => [part.number, part.checksums]));
  for (const { number, sums } of named) {
    const own = known.get(number);
    if (sums.some(([name, value]) => own?.[name] !== undefined && own[name] !== value)) {
      throw new StoreError('InvalidPart');
    }
  }
  const name = CHECKSUM_NAMES.find(
    one => named.length > 0 && named.every(({ number }) => known.get(number)?.[one] !== undefined)
  );
  return name === undefined
    ? {}
    : {
        [name]: compositeChecksum(
          name,
          named.map(({ number }) => known.get(number)![name])
        )
      };
}

async function verifyWhole(file: string, expected: { name: ChecksumName; value: string }): Promise<void> {
  const sum = runningChecksum(expected.name);
  for await (const chunk of createReadStream(file, { highWaterMark: READ_AHEAD })) {
    sum.update(chunk as Buffer);
  }
  if (sum.digest() !== expected.value) {
    throw new StoreError('XAmzContentChecksumMismatch');
  }
}

async function* nothing(): AsyncGenerator<Buffer> {
  // A part without bytes.
}
