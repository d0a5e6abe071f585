import { BridgeError } from '../../http/errors';

/** Output folders of jobs that run, by their place: `file:/…` or `<cluster>/<bucket>/…`. */
const claims = new Map<string, string>();

/**
 * Takes an output folder for a job. A claim of a job that is not active any more is void.
 *
 * @throws BridgeError when another active job writes there, above it or below it.
 */
export function claimOutput(place: string, job: string, active: (job: string) => boolean): void {
  const below = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(`${outer}/`);
  for (const [taken, owner] of claims) {
    if (owner === job || !active(owner)) {
      claims.delete(taken);
    } else if (below(taken, place) || below(place, taken)) {
      throw new BridgeError({
        type: 'conflict',
        title: 'The output folder is in use',
        status: 409,
        detail: `Job ${owner}, which is not over yet, writes its result to the same place.`,
        action: 'Wait for it, cancel it, or choose another output folder.'
      });
    }
  }
  claims.set(place, job);
}
