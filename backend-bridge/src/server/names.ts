import { invalid } from './problem';

/** Last part of a file name that came from outside; never a path. @throws BridgeError invalid */
export function checkFileName(name: string): string {
  if (/[\p{Cc}/\\]/u.test(name) || name === '' || name === '.' || name === '..' || Buffer.byteLength(name) > 255) {
    throw invalid(
      'The file name is empty, longer than 255 bytes, or has a slash or a control character.',
      'Give the last part of the name, for instance page.png.'
    );
  }
  return name;
}

/** A name for Content-Disposition, safe in a header whatever it holds (RFC 6266, RFC 8187). */
export function disposition(kind: 'inline' | 'attachment', name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_').slice(0, 200);
  const encoded = encodeURIComponent(name.toWellFormed().slice(0, 255)).replace(
    /['()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
  );
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** A media type that is safe to put into a header. */
export function mediaType(type: string | undefined): string {
  return type !== undefined && /^[\w.+-]+\/[\w.+-]+(\s*;\s*[\w.+-]+=("[\x20-\x7e]*"|[\w.+-]+))*$/.test(type)
    ? type
    : 'application/octet-stream';
}
