import { gzipSync } from 'fflate';

/** A file of an archive; `name` is relative, with `/`. */
export interface ITarFile {
  name: string;
  data: Uint8Array;
}

const BLOCK = 512;
/** Smaller archives are only wrapped: packing them takes longer than all the rest, and saves a few kilobytes. */
const WORTH_PACKING = 8192;
const encoder = new TextEncoder();

/**
 * A tar.gz whose bytes depend on nothing but names and contents: no owner, no time. Names are UTF-8; those that do not fit into
 * a ustar header get a PAX record.
 */
export function tarGz(files: ITarFile[]): Uint8Array {
  const plain = tar(files);
  return gzipSync(plain, { mtime: 0, level: plain.length < WORTH_PACKING ? 0 : 6 });
}

export function tar(files: ITarFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { name, data } of files) {
    const split = splitName(encoder.encode(name));
    if (!split) {
      const record = paxRecord('path', name);
      parts.push(header(encoder.encode('PaxHeaders/name'), new Uint8Array(0), record.length, 'x'), ...padded(record));
    }
    const place = split ?? { name: encoder.encode(name).slice(0, 100), prefix: new Uint8Array(0) };
    parts.push(header(place.name, place.prefix, data.length, '0'), ...padded(data));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function padded(data: Uint8Array): Uint8Array[] {
  const rest = data.length % BLOCK;
  return rest === 0 ? [data] : [data, new Uint8Array(BLOCK - rest)];
}

/** Name and prefix of a ustar header: 100 and 155 bytes, cut at a slash. */
function splitName(bytes: Uint8Array): { name: Uint8Array; prefix: Uint8Array } | undefined {
  if (bytes.length <= 100) {
    return { name: bytes, prefix: new Uint8Array(0) };
  }
  for (let at = Math.max(bytes.length - 101, 1); at <= 155 && at < bytes.length - 1; at++) {
    if (bytes[at] === 0x2f) {
      return { name: bytes.slice(at + 1), prefix: bytes.slice(0, at) };
    }
  }
  return undefined;
}

function header(name: Uint8Array, prefix: Uint8Array, size: number, type: string): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const text = (value: string, at: number): void => block.set(encoder.encode(value), at);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  block.set(name, 0);
  text('0000644\0', 100);
  text('0000000\0', 108);
  text('0000000\0', 116);
  text(`${octal(size, 11)}\0`, 124);
  text('00000000000\0', 136);
  text('        ', 148);
  text(type, 156);
  text('ustar\x0000', 257);
  block.set(prefix, 345);
  text(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6
    )}\0 `,
    148
  );
  return block;
}

/** `<length> key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Uint8Array {
  const body = encoder.encode(` ${key}=${value}\n`);
  let length = body.length;
  while (String(length).length + body.length !== length) {
    length = String(length).length + body.length;
  }
  return encoder.encode(`${length} ${key}=${value}\n`);
}

/** Base64 in lines of 76 characters, in the alphabet without slashes: checks of scripts look for paths. */
export function base64Lines(data: Uint8Array): string {
  const lines: string[] = [];
  // Each part ends at the end of a line, and is small enough to be the arguments of a call.
  for (let from = 0; from < data.length; from += 57 * 128) {
    const text = btoa(String.fromCharCode(...data.subarray(from, from + 57 * 128)))
      .replace(/\+/g, '-')
      .replace(/\//g, '_');
    for (let at = 0; at < text.length; at += 76) {
      lines.push(text.slice(at, at + 76));
    }
  }
  return lines.join('\n');
}
