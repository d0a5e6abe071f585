/** Names under which a loopback server may be asked; anything else is a page that bent DNS towards us. */
const NAMES = new Set(['localhost', 'host.containers.internal', 'host.docker.internal', '[::1]', '::1']);

export function isLocalHost(host: string): boolean {
  return NAMES.has(host) || host.endsWith('.localhost') || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Host header without its port, lower case; '' for none. */
export function hostName(header: string | undefined): string {
  return (header ?? '').toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** Does the Origin header name a page of this machine? */
export function isLocalOrigin(origin: string): boolean {
  try {
    return isLocalHost(new URL(origin).hostname);
  } catch {
    // `null`, or nonsense.
    return false;
  }
}
