/** Headers that belong to one connection, and those that are ours. */
const NOT_SENT = new Set([
  'authorization',
  'connection',
  'cookie',
  'host',
  'keep-alive',
  'origin',
  'proxy-authorization',
  'proxy-connection',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-oscar-client',
  'x-xsrftoken'
]);

const NOT_RETURNED = new Set([
  'access-control-allow-credentials',
  'access-control-allow-origin',
  'clear-site-data',
  'connection',
  'content-security-policy',
  'content-security-policy-report-only',
  'keep-alive',
  'proxy-authenticate',
  'public-key-pins',
  'service-worker-allowed',
  'set-cookie',
  'strict-transport-security',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate'
]);

/** Headers of a call that an exposed service gets. */
export function forwarded(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || NOT_SENT.has(name) ? [] : [[name, [value].flat().join(', ')]]
    )
  );
}

/** Headers of the answer; redirects inside the service lead to where the caller sees it. */
export function returned(headers: Record<string, string>, service: string, here: string): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !NOT_RETURNED.has(name.toLowerCase()));
  return Object.fromEntries(
    kept.map(([name, value]) => {
      if (name.toLowerCase() !== 'location') {
        return [name, value];
      }
      const inside = new RegExp(
        `^(?:https?://[^/]+)?(?:/[^?#]*)?/system/services/${service.replace(/[^\w-]/g, '')}/exposed(?=[/?#]|$)`
      );
      return [name, value.replace(inside, here)];
    })
  );
}
