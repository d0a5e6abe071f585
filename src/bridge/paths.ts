/**
 * A key of an object as part of a URL.
 *
 * Browsers fold `.`, `..` and proxies fold `//`; a key that has such parts is sent as one piece with its slashes encoded.
 */
export function encodeKey(key: string): string {
  const parts = key.split('/');
  if (parts.some(part => part === '' || part === '.' || part === '..')) {
    return encodeURIComponent(key);
  }
  return parts.map(encodeURIComponent).join('/');
}

/** A name as one part of a URL. */
export const encode = encodeURIComponent;

/**
 * An `href` of the contract as a path below the extension: with `v1/`, without a slash in front.
 */
export function hrefPath(href: string): string {
  const path = href.replace(/^\/+/, '');
  return path.startsWith('v1/') ? path : `v1/${path}`;
}

/** Query string of the values that are given. */
export function query(values: Record<string, string | number | boolean | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) {
      params.set(name, String(value));
    }
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}
