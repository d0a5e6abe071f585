import type { RecordFormat } from '../../contract';
import { BridgeError } from '../../http/errors';
import type { ITaskFormat } from '../engine/task';

const COMPRESSIONS: Record<string, ITaskFormat['compression']> = {
  gz: 'gzip',
  gzip: 'gzip',
  bz2: 'bzip2',
  zst: 'zstd',
  zstd: 'zstd'
};
const TYPES: Record<string, { type: ITaskFormat['type']; separator?: string }> = {
  csv: { type: 'csv' },
  tsv: { type: 'csv', separator: '\t' },
  jsonl: { type: 'jsonl' },
  ndjson: { type: 'jsonl' },
  parquet: { type: 'parquet' },
  pq: { type: 'parquet' },
  ...Object.fromEntries(
    'png jpg jpeg gif bmp webp tif tiff jp2 pdf npy npz h5 hdf5 nc fits zip tar wav mp3 mp4 laz las pkl'
      .split(' ')
      .map(ending => [ending, { type: 'file' as const }])
  )
};

/**
 * How one file becomes records. `auto` goes by the name: the ending before that of a compression counts, pictures and other
 * binary files are one record each, the results of an earlier job (`0_results`) are JSON lines, and all else is text.
 *
 * @throws BridgeError for options that the format has no use for.
 */
export function resolveFormat(name: string, wanted: RecordFormat = {}): ITaskFormat {
  const parts = name.toLowerCase().split('/').pop()!.split('.');
  const compression = parts.length > 1 ? COMPRESSIONS[parts[parts.length - 1]!] : undefined;
  const ending = parts[parts.length - (compression === undefined ? 1 : 2)];
  const stem = parts[0]!;
  const auto = wanted.type === undefined || wanted.type === 'auto';
  const found: { type: ITaskFormat['type']; separator?: string } = auto
    ? /^\d+_results$/.test(stem) && parts.length <= 2
      ? { type: 'jsonl' }
      : ((parts.length > 1 ? TYPES[ending ?? ''] : undefined) ?? { type: 'text' })
    : { type: wanted.type as ITaskFormat['type'] };
  const { type } = found;
  if (type === 'fixed' && wanted.size === undefined) {
    throw unfit('Records of fixed size need their size.', 'Give `size`, the bytes of one record.');
  }
  if (wanted.delimiter === '') {
    throw unfit('The delimiter of records is empty.', 'Give at least one character, or leave it out for lines.');
  }
  const separator = wanted.separator ?? found.separator;
  if (separator !== undefined && [...separator].length !== 1) {
    throw unfit('The separator of fields is not one character.', 'Give one character, for instance `;`.');
  }
  // The container has compression of its own: a name like `x.parquet.gz` would hide its footer.
  return {
    type,
    ...(compression === undefined ? {} : { compression }),
    ...(type === 'text' && wanted.delimiter !== undefined
      ? { delimiter: encoded(wanted.delimiter, wanted.encoding).toString('base64') }
      : {}),
    ...(type === 'csv' && separator !== undefined ? { separator } : {}),
    ...(type === 'csv' ? { header: wanted.header ?? true } : {}),
    ...(type === 'fixed' ? { size: wanted.size } : {}),
    encoding: wanted.encoding ?? 'utf-8',
    errors: wanted.errors ?? 'strict'
  };
}

/** In these, the bytes of a newline are not where a newline is, or what a byte means depends on all before it. */
const NOT_BYTEWISE =
  /^(utf[-_]?(16|32|7)|u(16|32)|iso[-_]?2022|hz|ucs[-_]?[24]|cp037|cp1140|cp500|cp1026|cp273|cp424|cp875)/i;
/** In these, the second byte of a character may look like an ASCII character, though not like a newline. */
const TWO_BYTES = /^(shift[-_]?jis|sjis|s[-_]jis|cp932|ms932|ms936|gbk?|gb18030|cp936|big5|cp950|johab|uhc|cp949)/i;

/**
 * Whether parts of such a file can be read without what is before them: compressed streams, whole files and encodings without
 * a place to begin are one split each. Parquet has row groups.
 */
export function isSplittable(format: ITaskFormat): boolean {
  if (format.compression !== undefined || format.type === 'file' || format.type === 'parquet') {
    return false;
  }
  if (format.type === 'bytes' || format.type === 'fixed') {
    return true;
  }
  if (NOT_BYTEWISE.test(format.encoding)) {
    return false;
  }
  return !(format.delimiter !== undefined && TWO_BYTES.test(format.encoding));
}

/** Python's names of the encodings whose bytes of a character differ from those of UTF-8 and that Node knows. */
function encoded(text: string, encoding = 'utf-8'): Buffer {
  const name = encoding.toLowerCase().replace(/[-_ ]/g, '');
  const own = /^(latin1|l1|iso88591|88591)$/.test(name) ? 'latin1' : name === 'utf16le' ? 'utf16le' : 'utf8';
  return Buffer.from(text, own);
}

function unfit(detail: string, action: string): BridgeError {
  return new BridgeError({ type: 'invalid', title: 'The format does not fit', status: 400, detail, action });
}
