import { isFinished } from '../../../clusters/job-calls';
import type { ICluster } from '../../../clusters/interfaces';

const NAME = /^mr-runner-[0-9a-f]{8}$/;
/** Of the bucket: what jobs have left that are not removed yet, their results too. */
const JOBS = 'jobs/';

/**
 * Services of older versions that nothing uses any more: no job of the cluster runs there, and their buckets hold nothing of a job.
 * Others stay, as the results of earlier jobs go with them.
 *
 * @param own - the service that is used now
 * @returns names of those that were removed
 */
export async function removeOldServices(cluster: ICluster, own: string): Promise<string[]> {
  const { client } = cluster;
  const old = (await client.services()).map(({ name }) => name).filter(name => NAME.test(name) && name !== own);
  const removed: string[] = [];
  for (const name of old) {
    if (!(await inUse(cluster, name))) {
      await client.deleteService(name);
      removed.push(name);
    }
  }
  return removed;
}

async function inUse(cluster: ICluster, name: string): Promise<boolean> {
  const { client } = cluster;
  let page: string | undefined;
  do {
    const list = await client.jobs(name, page);
    if (list.jobs.some(job => !isFinished(job.status))) {
      return true;
    }
    page = list.next;
  } while (page !== undefined);
  const storage = await cluster.storage();
  return (await storage.list(name, { prefix: JOBS })).items.length > 0;
}
