import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { StoreError } from './errors';

/** Names as in `x-amz-checksum-<name>`. */
export type ChecksumName = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256';

export const CHECKSUM_NAMES: readonly ChecksumName[] = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'];

export interface IRunningChecksum {
  update(chunk: Buffer): void;
  /** Base64, as in the headers. */
  digest(): string;
}

const DIGEST_BYTES: Record<ChecksumName, number> = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 };

export function isChecksumName(name: string): name is ChecksumName {
  return (CHECKSUM_NAMES as readonly string[]).includes(name);
}

/** Is it the base64 of as many bytes as this kind has? */
export function isChecksum(name: ChecksumName, value: string): boolean {
  const bytes = Buffer.from(value, 'base64');
  return bytes.length === DIGEST_BYTES[name] && bytes.toString('base64') === value;
}

export function runningChecksum(name: ChecksumName): IRunningChecksum {
  switch (name) {
    case 'crc32':
      return running32(crc32);
    case 'crc32c':
      return running32(crc32c);
    case 'crc64nvme':
      return new Crc64Nvme();
    default: {
      const hash = createHash(name);
      return { update: chunk => void hash.update(chunk), digest: () => hash.digest('base64') };
    }
  }
}

/** Of parts, as `COMPOSITE` checksums of a multipart upload are made. */
export function compositeChecksum(name: ChecksumName, parts: string[]): string {
  const all = runningChecksum(name);
  parts.forEach(part => all.update(Buffer.from(part, 'base64')));
  return `${all.digest()}-${parts.length}`;
}

/** @throws StoreError XAmzContentChecksumMismatch */
export function checkSum(expected: string, computed: string): void {
  if (expected !== computed) {
    throw new StoreError('XAmzContentChecksumMismatch');
  }
}

function running32(step: (chunk: Buffer, before: number) => number): IRunningChecksum {
  let value = 0;
  return {
    update: chunk => {
      value = step(chunk, value);
    },
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value >>> 0);
      return bytes.toString('base64');
    }
  };
}

/** Eight tables of the reflected polynomial: eight bytes a step. */
let tables32: Uint32Array[] | undefined;

function crc32cTables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let value = n;
    for (let bit = 0; bit < 8; bit++) {
      value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    }
    first[n] = value >>> 0;
  }
  const all = [first];
  for (let slice = 1; slice < 8; slice++) {
    all.push(all[slice - 1].map(value => (first[value & 0xff] ^ (value >>> 8)) >>> 0));
  }
  return all;
}

function crc32c(chunk: Buffer, before: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = (tables32 ??= crc32cTables());
  let crc = ~before;
  let at = 0;
  for (const end = chunk.length - 7; at < end; at += 8) {
    crc ^= chunk[at] | (chunk[at + 1] << 8) | (chunk[at + 2] << 16) | (chunk[at + 3] << 24);
    crc =
      t7[crc & 0xff] ^
      t6[(crc >>> 8) & 0xff] ^
      t5[(crc >>> 16) & 0xff] ^
      t4[crc >>> 24] ^
      t3[chunk[at + 4]] ^
      t2[chunk[at + 5]] ^
      t1[chunk[at + 6]] ^
      t0[chunk[at + 7]];
  }
  for (; at < chunk.length; at++) {
    crc = t0[(crc ^ chunk[at]) & 0xff] ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

const POLYNOMIAL64 = 0x9a6c9329ac4bc9b5n;

/** Tables of 64-bit values as low and high halves: BigInt would cost a hundred times more. */
let tables64: { low: Int32Array; high: Int32Array } | undefined;

function crc64Tables(): { low: Int32Array; high: Int32Array } {
  const low = new Int32Array(256);
  const high = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let value = BigInt(n);
    for (let bit = 0; bit < 8; bit++) {
      value = value & 1n ? (value >> 1n) ^ POLYNOMIAL64 : value >> 1n;
    }
    low[n] = Number(BigInt.asIntN(32, value));
    high[n] = Number(BigInt.asIntN(32, value >> 32n));
  }
  return { low, high };
}

/** CRC-64/NVME: reflected, initial and final value all ones. */
class Crc64Nvme implements IRunningChecksum {
  update(chunk: Buffer): void {
    const { low: tableLow, high: tableHigh } = (tables64 ??= crc64Tables());
    let low = this._low;
    let high = this._high;
    for (let at = 0; at < chunk.length; at++) {
      const index = (low ^ chunk[at]) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ tableLow[index];
      high = (high >>> 8) ^ tableHigh[index];
    }
    this._low = low;
    this._high = high;
  }

  digest(): string {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(~this._high >>> 0, 0);
    bytes.writeUInt32BE(~this._low >>> 0, 4);
    return bytes.toString('base64');
  }

  private _low = -1;
  private _high = -1;
}
