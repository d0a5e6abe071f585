import { invalid } from './problem';

/**
 * What follows the n-th part of a request's path, byte for byte as it was sent (without the query): keys hold slashes, `..`
 * and empty parts that routers and browsers fold.
 *
 * @param parts Parts that come before, for `/v1/a/b/rest` three.
 */
export function rawRest(url: string, parts: number): string {
  const path = url.split('?', 1)[0] ?? '';
  let position = 0;
  for (let part = 0; part <= parts; part++) {
    position = path.indexOf('/', position);
    if (position < 0) {
      return '';
    }
    position += 1;
  }
  return path.slice(position);
}

/** The same, decoded. @throws BridgeError for wrong encoding. */
export function decodedRest(url: string, parts: number): string {
  try {
    return decodeURIComponent(rawRest(url, parts));
  } catch {
    throw invalid('The address has wrong percent-encoding.', 'Encode the key as UTF-8 with encodeURIComponent.');
  }
}

/** The query with its question mark, or nothing. */
export function rawQuery(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
}
