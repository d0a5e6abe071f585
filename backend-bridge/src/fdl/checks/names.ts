/** Names of services: what Kubernetes, Knative and buckets all take. */
export const NAME_PATTERN = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/** Characters. */
export const MAX_NAME = 39;

/** A name of a service that is near to a text; undefined when nothing is left of it. */
export function cleanName(text: string): string | undefined {
  const clean = text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return NAME_PATTERN.test(clean) ? clean : undefined;
}
