import { disposition, mediaType } from './names';

/**
 * Policy of content that others made: it may run, but as nobody: without the origin of the Jupyter server it cannot use the
 * login of the user.
 */
export const SANDBOX = 'sandbox allow-scripts allow-forms';

/** Headers of bytes that somebody else made: a result, an object, an answer of an exposed service. */
export function foreignHeaders(options: { type?: string; name?: string; download?: boolean }): Record<string, string> {
  const type = mediaType(options.type);
  return {
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': SANDBOX,
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    ...(options.name === undefined
      ? {}
      : { 'Content-Disposition': disposition(options.download === true ? 'attachment' : 'inline', options.name) })
  };
}
