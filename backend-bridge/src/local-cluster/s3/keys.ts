import { createHash } from 'node:crypto';
import { StoreError } from './errors';

/** Longest key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024;

const MAX_NAME_BYTES = 255;
/** What stays readable of a name that is too long. */
const CUT_NAME_BYTES = 200;
/** PATH_MAX less what a caller may put behind it. */
const MAX_PATH_BYTES = process.platform === 'darwin' ? 1000 : 4000;

/** Folder for objects whose own place is taken; no key can lead there, because `%` in a key becomes `%25`. */
export const ASIDE = '%more';

/** Stands for the name of length 0: in `a//b`, and behind the last slash of a folder marker that has bytes. */
const EMPTY = '%_';

const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/** @throws StoreError InvalidBucketName */
export function checkBucketName(name: string): void {
  if (!BUCKET.test(name) || name.includes('..') || name.includes('.-') || name.includes('-.') || IPV4.test(name)) {
    throw new StoreError('InvalidBucketName');
  }
}

/** @throws StoreError KeyTooLongError, InvalidArgument */
export function checkKey(key: string): void {
  if (key.length > MAX_KEY_BYTES || Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new StoreError('KeyTooLongError');
  }
  if (key === '' || key.includes('\0') || /\p{Surrogate}/u.test(key)) {
    throw new StoreError('InvalidArgument', 'Object names are 1 to 1,024 bytes of UTF-8 without a zero byte.');
  }
}

/**
 * Where the object lies below its bucket's folder: the key itself wherever the file system takes it. A path that ends in
 * `/` is a folder marker without bytes: the folder stands for it.
 *
 * Different keys have different paths on a file system that knows case; `%` is the escape character.
 *
 * @param room bytes of the bucket folder's own path
 */
export function keyToPath(key: string, size: number, room: number): string {
  const names = key.split('/');
  const marker = names.length > 1 && names[names.length - 1] === '' && size === 0;
  if (marker) {
    names.pop();
  }
  const path = names.map(encodeName).join('/') + (marker ? '/' : '');
  return room + 1 + Buffer.byteLength(path) > MAX_PATH_BYTES ? asidePath(key) : path;
}

/** Place of an object that cannot have its own: `a` beside `a/b`, `A` beside `a` where case does not count, too long. */
export function asidePath(key: string): string {
  const last = key.split('/').findLast(name => name !== '') ?? '';
  return `${ASIDE}/${digest(key)}-${cut(encodeName(last), 100)}`;
}

/** Equal for paths that a file system without case takes for the same. */
export function foldPath(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

function encodeName(name: string): string {
  if (name === '') {
    return EMPTY;
  }
  if (name === '.' || name === '..') {
    return name.replaceAll('.', '%2E');
  }
  // eslint-disable-next-line no-control-regex
  let encoded = name.replace(/[%\\\x00-\x1f\x7f]/g, escape);
  if (/[. ]$/.test(encoded)) {
    encoded = encoded.slice(0, -1) + escape(encoded.slice(-1));
  }
  if (RESERVED.test(encoded)) {
    encoded = escape(encoded[0]) + encoded.slice(1);
  }
  return Buffer.byteLength(encoded) > MAX_NAME_BYTES ? `${cut(encoded, CUT_NAME_BYTES)}%~${digest(name)}` : encoded;
}

function escape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}

/** At most so many bytes, never half a character and never half an escape. */
function cut(text: string, bytes: number): string {
  let result = text;
  if (Buffer.byteLength(result) > bytes) {
    result = Buffer.from(text)
      .subarray(0, bytes)
      .toString('utf8')
      .replace(/\uFFFD+$/, '')
      .replace(/%[0-9A-F]?$/, '');
  }
  return result;
}
