import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { StoreError } from './errors';

/** Names as in `x-amz-checksum-<name>`. */
export type ChecksumName = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256';

export const CHECKSUM_NAMES: readonly ChecksumName[] = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'];

const POLYNOMIAL64 = 0x9a6c9329ac4bc9b5n;

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

/** How the checksum of an upload in parts stands for the whole: over the bytes, or over the checksums of the parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

/** What a checksum is of, as its form tells. */
export function checksumType(value: string): ChecksumType {
  return value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT';
}

/** Reflected polynomials of the checksums that can be put together without the bytes. */
const POLYNOMIALS: Partial<Record<ChecksumName, bigint>> = {
  crc32: 0xedb88320n,
  crc32c: 0x82f63b78n,
  crc64nvme: POLYNOMIAL64
};

/** Can the checksum of the whole be had from those of its parts? */
export function isCombinable(name: ChecksumName): boolean {
  return POLYNOMIALS[name] !== undefined;
}

/** The CRC of bytes from the CRCs of the pieces in which they came. */
export function combineChecksums(name: ChecksumName, parts: { size: number; value: string }[]): string {
  const bytes = DIGEST_BYTES[name];
  const field = new CrcField(POLYNOMIALS[name]!, BigInt(bytes * 8));
  let sum = 0n;
  for (const { size, value } of parts) {
    // Bytes that follow multiply what came before by x^(8 n).
    sum = field.times(field.shift(size), sum) ^ BigInt(`0x${Buffer.from(value, 'base64').toString('hex')}`);
  }
  return Buffer.from(sum.toString(16).padStart(bytes * 2, '0'), 'hex').toString('base64');
}

/** Polynomials over two elements, modulo that of a CRC; the highest bit is x^0, as in all reflected CRCs. */
class CrcField {
  constructor(
    private readonly _polynomial: bigint,
    width: bigint
  ) {
    this._one = 1n << (width - 1n);
  }

  times(a: bigint, b: bigint): bigint {
    let product = 0n;
    for (let bit = this._one; bit > 0n && a > 0n; bit >>= 1n) {
      if (a & bit) {
        product ^= b;
        a ^= bit;
      }
      b = b & 1n ? (b >> 1n) ^ this._polynomial : b >> 1n;
    }
    return product;
  }

  /** x^(8 bytes); most parts have one size. */
  shift(bytes: number): bigint {
    let found = this._shifts.get(bytes);
    if (found === undefined) {
      found = this._one;
      let power = this._one >> 8n;
      for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
        found = left % 2 === 1 ? this.times(power, found) : found;
        power = this.times(power, power);
      }
      this._shifts.set(bytes, found);
    }
    return found;
  }

  private readonly _one: bigint;
  private readonly _shifts = new Map<number, bigint>();
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
