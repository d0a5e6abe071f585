/** Media types of results, by name first, then by the first bytes. */

const BY_EXTENSION: Record<string, string> = {
  txt: 'text/plain',
  log: 'text/plain',
  out: 'text/plain',
  text: 'text/plain',
  md: 'text/markdown',
  rst: 'text/plain',
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  html: 'text/html',
  htm: 'text/html',
  xml: 'application/xml',
  json: 'application/json',
  geojson: 'application/geo+json',
  jsonl: 'application/x-ndjson',
  ndjson: 'application/x-ndjson',
  ipynb: 'application/x-ipynb+json',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  py: 'text/x-python',
  sh: 'text/x-sh',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml',
  bmp: 'image/bmp',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  ico: 'image/x-icon',
  pdf: 'application/pdf',
  zip: 'application/zip',
  gz: 'application/gzip',
  tgz: 'application/gzip',
  tar: 'application/x-tar',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  mp4: 'video/mp4',
  webm: 'video/webm',
  avi: 'video/x-msvideo',
  npy: 'application/x-npy',
  npz: 'application/zip',
  h5: 'application/x-hdf5',
  parquet: 'application/vnd.apache.parquet',
  pkl: 'application/octet-stream'
};

const EXTENSIONS: Record<string, string> = {
  'text/plain': 'txt',
  'application/json': 'json',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/bmp': 'bmp',
  'image/tiff': 'tif',
  'application/pdf': 'pdf',
  'application/zip': 'zip',
  'application/gzip': 'gz',
  'audio/wav': 'wav',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
  'audio/flac': 'flac',
  'video/mp4': 'mp4',
  'image/svg+xml': 'svg',
  'text/html': 'html',
  'application/x-npy': 'npy',
  'application/x-hdf5': 'h5',
  'application/vnd.apache.parquet': 'parquet'
};

const MAGIC: [string, string][] = [
  ['89504e470d0a1a0a', 'image/png'],
  ['ffd8ff', 'image/jpeg'],
  ['474946383961', 'image/gif'],
  ['474946383761', 'image/gif'],
  ['255044462d', 'application/pdf'],
  ['504b0304', 'application/zip'],
  ['504b0506', 'application/zip'],
  ['1f8b', 'application/gzip'],
  ['424d', 'image/bmp'],
  ['49492a00', 'image/tiff'],
  ['4d4d002a', 'image/tiff'],
  ['4f676753', 'audio/ogg'],
  ['664c6143', 'audio/flac'],
  ['494433', 'audio/mpeg'],
  ['934e554d5059', 'application/x-npy'],
  ['894844460d0a1a0a', 'application/x-hdf5'],
  ['50415231', 'application/vnd.apache.parquet']
];

/** The bytes as text, when they are well-formed UTF-8 without control characters. */
export function asText(bytes: Buffer): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return undefined;
  }
  // eslint-disable-next-line no-control-regex
  return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) ? undefined : text;
}

/** What the first bytes say; undefined when they say nothing. */
export function sniff(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 16).toString('hex');
  const found = MAGIC.find(([magic]) => head.startsWith(magic));
  if (found) {
    return found[1];
  }
  const ascii = bytes.subarray(0, 16).toString('latin1');
  if (ascii.startsWith('RIFF')) {
    return ascii.slice(8, 12) === 'WEBP' ? 'image/webp' : ascii.slice(8, 12) === 'WAVE' ? 'audio/wav' : undefined;
  }
  return ascii.slice(4, 8) === 'ftyp' ? 'video/mp4' : undefined;
}

export function typeOfName(name: string): string | undefined {
  const dot = name.lastIndexOf('.');
  return dot <= name.lastIndexOf('/') ? undefined : BY_EXTENSION[name.slice(dot + 1).toLowerCase()];
}

/** Media type of a file of which all bytes are at hand. */
export function typeOfFile(name: string, bytes: Buffer): string {
  const named = typeOfName(name) ?? sniff(bytes);
  if (named) {
    return named;
  }
  const text = asText(bytes);
  if (text === undefined) {
    return 'application/octet-stream';
  }
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) {
    try {
      JSON.parse(trimmed);
      return 'application/json';
    } catch {
      // Text that only begins like JSON.
    }
  }
  return /^(<\?xml[^>]*>\s*)?<svg[\s>]/i.test(trimmed) ? 'image/svg+xml' : 'text/plain';
}

/** Usual extension of a media type, without the dot. */
export function extensionOf(mediaType: string): string {
  return EXTENSIONS[mediaType] ?? 'bin';
}

/** True for types whose bytes a person can read. */
export function isTextType(mediaType: string): boolean {
  return /^text\/|json$|[/+]xml$|yaml$/.test(mediaType) && mediaType !== 'image/svg+xml';
}
