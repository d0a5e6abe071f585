import { createReadStream } from 'node:fs';
import {
  checksumType,
  checkSum,
  CHECKSUM_NAMES,
  combineChecksums,
  compositeChecksum,
  isChecksum,
  isChecksumName,
  isCombinable,
  runningChecksum,
  type ChecksumName,
  type ChecksumType
} from './checksums';
import { StoreError } from './errors';
import { header, type IContext } from './request';
import type { IPartInfo } from './uploads';

const READ_AHEAD = 512 * 1024;

/** What a client that begins an upload in parts says of its checksum. */
export interface IUploadChecksum {
  name: ChecksumName;
  type: ChecksumType;
}

/** A part as the request that completes an upload names it. */
export interface INamedPart {
  number: number;
  etag: string;
  sums: (readonly [ChecksumName, string])[];
}

/** The checksum of a whole object, and what is left to do for it. */
export interface IWholeChecksum {
  checksums: Record<string, string>;
  /** Reads the bytes once: nothing cheaper could tell whether the checksum that was sent is right. */
  verify?: (file: string) => Promise<void>;
}

/** @throws StoreError InvalidRequest for an algorithm or type that S3 does not have */
export function readUploadChecksum(context: IContext): IUploadChecksum | undefined {
  const algorithm = header(context, 'x-amz-checksum-algorithm').toLowerCase();
  const said = header(context, 'x-amz-checksum-type');
  if (algorithm === '') {
    return undefined;
  }
  if (!isChecksumName(algorithm)) {
    throw new StoreError('InvalidRequest', 'Checksum algorithm provided is unsupported.');
  }
  const type = said === '' ? (algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE') : said;
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    throw new StoreError('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
  }
  if (type === 'FULL_OBJECT' ? !isCombinable(algorithm) : algorithm === 'crc64nvme') {
    throw new StoreError('InvalidRequest', `The ${type} checksum type cannot be used with the ${algorithm} algorithm.`);
  }
  return { name: algorithm, type };
}

/**
 * The checksum of an upload's object from those of its parts, held against what the client says it is.
 *
 * @throws StoreError InvalidPart when the client names another checksum of a part than was computed, InvalidRequest,
 * XAmzContentChecksumMismatch
 */
export function wholeChecksum(
  context: IContext,
  wanted: IUploadChecksum | undefined,
  parts: IPartInfo[],
  named: INamedPart[]
): IWholeChecksum {
  const known = new Map(parts.map(part => [part.number, part]));
  const wrong = named.some(({ number, sums }) =>
    sums.some(([name, value]) => (known.get(number)?.checksums[name] ?? value) !== value)
  );
  if (wrong) {
    throw new StoreError('InvalidPart');
  }
  const sent = readSent(context);
  const type = wanted?.type ?? (sent === undefined ? 'COMPOSITE' : checksumType(sent.value));
  const name = sent?.name ?? wanted?.name ?? CHECKSUM_NAMES.find(one => haveAll(known, named, one));
  if (name === undefined) {
    return { checksums: {} };
  }
  if (!haveAll(known, named, name) || (type === 'FULL_OBJECT' && !isCombinable(name))) {
    return sent === undefined || checksumType(sent.value) === 'COMPOSITE'
      ? { checksums: {} }
      : { checksums: { [name]: sent.value }, verify: file => verifyWhole(file, sent) };
  }
  const pieces = named.map(({ number }) => known.get(number)!);
  const value =
    type === 'FULL_OBJECT'
      ? combineChecksums(
          name,
          pieces.map(part => ({ size: part.size, value: part.checksums[name] }))
        )
      : compositeChecksum(
          name,
          pieces.map(part => part.checksums[name])
        );
  if (
    sent !== undefined &&
    sent.value !== value &&
    !(type === 'COMPOSITE' && `${sent.value}-${named.length}` === value)
  ) {
    throw new StoreError('XAmzContentChecksumMismatch');
  }
  return { checksums: { [name]: value } };
}

/** The header of the request that completes an upload. */
function readSent(context: IContext): { name: ChecksumName; value: string } | undefined {
  const name = CHECKSUM_NAMES.find(one => header(context, `x-amz-checksum-${one}`) !== '');
  if (name === undefined) {
    return undefined;
  }
  const value = header(context, `x-amz-checksum-${name}`);
  if (!isChecksum(name, value.replace(/-\d{1,5}$/, ''))) {
    throw new StoreError('InvalidRequest', `Value for x-amz-checksum-${name} header is invalid.`);
  }
  return { name, value };
}

function haveAll(known: Map<number, IPartInfo>, named: INamedPart[], name: ChecksumName): boolean {
  return named.length > 0 && named.every(({ number }) => known.get(number)?.checksums[name] !== undefined);
}

async function verifyWhole(file: string, expected: { name: ChecksumName; value: string }): Promise<void> {
  const sum = runningChecksum(expected.name);
  for await (const chunk of createReadStream(file, { highWaterMark: READ_AHEAD })) {
    sum.update(chunk as Buffer);
  }
  checkSum(expected.value, sum.digest());
}
