/** A short name out of an address: the first part of its host. */
export function suggestId(endpoint: string): string {
  const host = /^[a-z]+:\/\/(?:[^@/]*@)?([^:/]+)/i.exec(endpoint)?.[1] ?? endpoint;
  const first = /^[\d.]+$/.test(host) ? `cluster-${host}` : host.split('.')[0];
  return first
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 39);
}
