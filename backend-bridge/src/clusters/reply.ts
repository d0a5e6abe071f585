import { unzipSync } from 'fflate';
import { parseSentinel } from '../fdl';
import { BridgeError } from '../http';
import { asText, extensionOf, sniff, typeOfFile } from './media';

/** A synchronous answer, taken apart. */
export interface IReply {
  exitCode?: number;
  /** What the script printed; absent when it answered with files. */
  text?: string;
  files: { name: string; mediaType: string; data: Buffer }[];
}

const LARGEST_UNPACKED = 1024 * 1024 * 1024;
const MOST_FILES = 10_000;
/** Lines of the supervisor that a service with a chatty log level mixes into its answer. */
const SUPERVISOR_LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - supervisor - [A-Z]+ - .*(\r?\n|$)/gm;

/** The text without what the supervisor itself said. */
export function withoutSupervisor(text: string): string {
  return text.replace(SUPERVISOR_LINE, '');
}

/** Bytes of a text that is base64 and nothing else, else undefined. */
function fromBase64(text: string): Buffer | undefined {
  const plain = text.replace(/[\r\n]/g, '');
  // Digits or hex digits alone are numbers and checksums far more often than files.
  if (
    plain.length === 0 ||
    plain.length % 4 !== 0 ||
    !/^[A-Za-z0-9+/]+={0,2}$/.test(plain) ||
    /^([0-9]+|[0-9a-f]{16,})$/i.test(plain)
  ) {
    return undefined;
  }
  const bytes = Buffer.from(plain, 'base64');
  return bytes.toString('base64') === plain ? bytes : undefined;
}

/**
 * Nothing marks an answer as a file: it is one when it is base64 of something known, of text, or is too long to be a word that
 * happens to look like base64.
 */
function isFile(bytes: Buffer): boolean {
  return sniff(bytes) !== undefined || (bytes.length >= 3 && asText(bytes) !== undefined) || bytes.length >= 48;
}

/** The name of a zip entry with nothing that climbs or starts at a root. */
function safeName(name: string): string {
  const parts = name
    .replace(/\\/g, '/')
    .split('/')
    .filter(part => part !== '' && part !== '.' && part !== '..' && !/^[A-Za-z]:$/.test(part));
  // eslint-disable-next-line no-control-regex
  return parts.join('/').replace(/[\u0000-\u001f\u007f]/g, '_');
}

function unzip(bytes: Buffer): IReply['files'] {
  let total = 0;
  let count = 0;
  const entries = unzipSync(bytes, {
    filter: entry => {
      total += entry.originalSize;
      count += 1;
      if (total > LARGEST_UNPACKED || count > MOST_FILES) {
        throw new BridgeError({
          type: 'remote-error',
          title: 'The answer is too large',
          status: 502,
          detail: 'The service answered with an archive of more than 1 GB or 10,000 files, which is not unpacked.',
          action: 'Submit the file as a job instead: the outputs then stay in the bucket.'
        });
      }
      return !entry.name.endsWith('/');
    }
  });
  const files: IReply['files'] = [];
  const taken = new Set<string>();
  for (const [name, data] of Object.entries(entries)) {
    const safe = safeName(name);
    if (safe === '' || taken.has(safe)) {
      continue;
    }
    taken.add(safe);
    const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    files.push({ name: safe, mediaType: typeOfFile(safe, buffer), data: buffer });
  }
  return files;
}

/**
 * Takes apart what the supervisor prints at the end of a synchronous call: base64 of one output file, base64 of a zip with
 * several, or, when there is no output file, what the script printed.
 */
export function readReply(body: Buffer): IReply {
  const direct = sniff(body);
  if (direct !== undefined) {
    return { files: [{ name: `output.${extensionOf(direct)}`, mediaType: direct, data: body }] };
  }
  const whole = asText(body);
  if (whole === undefined) {
    return { files: [{ name: 'output.bin', mediaType: 'application/octet-stream', data: body }] };
  }
  const sentinel = parseSentinel(withoutSupervisor(whole));
  const exit = sentinel.exitCode === undefined ? {} : { exitCode: sentinel.exitCode };
  const bytes = fromBase64(sentinel.log.trim());
  if (bytes === undefined || !isFile(bytes)) {
    return { ...exit, text: sentinel.log, files: [] };
  }
  if (sniff(bytes) === 'application/zip') {
    try {
      const files = unzip(bytes);
      if (files.length > 0) {
        return { ...exit, files };
      }
    } catch (error) {
      if (error instanceof BridgeError) {
        throw error;
      }
      // Not an archive after all, or a broken one: the file itself is the result.
    }
  }
  const mediaType = typeOfFile('', bytes);
  return { ...exit, files: [{ name: `output.${extensionOf(mediaType)}`, mediaType, data: bytes }] };
}
