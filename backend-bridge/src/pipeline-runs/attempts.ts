import type { ICluster } from '../clusters';
import { inPool } from '../clusters/pool';
import { BridgeError, isProblem } from '../http';
import { CLAIM_FILE } from '../pipelines';
import type { IKeptRun } from './journal';
import { jobNames } from './node-jobs';
import { artifactsOf, type IObjectPlace } from './places';
import type { IPrepared } from './prepare';
import { listArtifacts, readStatus, statusMark } from './storage';

const AT_ONCE = 6;

type ClusterOf = (id: string) => Promise<ICluster>;

/** Where a cluster does not tell a job's input, the jobs that are there already are none of what begins now. */
export async function rememberJobs(kept: IKeptRun, clusterOf: ClusterOf): Promise<void> {
  await inPool(kept.nodes, AT_ONCE, async node => {
    const cluster = await clusterOf(node.view.cluster);
    if (!cluster.client.features.has('job-outputs') && node.view.state === 'waiting' && node.before.length === 0) {
      node.before = await jobNames(cluster, node.view.service);
    }
  });
}

/** A node that was cancelled or lost sight of may have succeeded all the same: it is not repeated. */
export async function findDone(kept: IKeptRun, clusterOf: ClusterOf): Promise<void> {
  await inPool(kept.nodes, AT_ONCE, async ({ view, places }) => {
    if (view.state === 'done' || !places) {
      return;
    }
    const cluster = await clusterOf(view.cluster);
    const folder = artifactsOf(places, kept.view.id);
    const found = await readStatus(cluster, folder, undefined);
    if (found?.status.code === 0) {
      Object.assign(view, {
        state: 'done',
        exitCode: 0,
        finishedAt: found.status.finishedAt,
        artifacts: await listArtifacts(cluster, folder, found.status.artifacts)
      });
      delete view.reason;
    }
  });
}

/** What the attempt before has left must not be taken for the new one's. */
export async function markAttempt(kept: IKeptRun, again: number[], clusterOf: ClusterOf): Promise<void> {
  await inPool(again, AT_ONCE, async index => {
    const node = kept.nodes[index];
    const { places } = node;
    if (!places) {
      return;
    }
    const cluster = await clusterOf(node.view.cluster);
    await dropClaim(cluster, artifactsOf(places, kept.view.id));
    const [names, mark] = await Promise.all([
      jobNames(cluster, node.view.service).catch(error => {
        // The service is gone: so are its jobs.
        if (isProblem(error, 'not-found')) {
          return [];
        }
        throw error;
      }),
      statusMark(cluster, artifactsOf(places, kept.view.id))
    ]);
    node.before = names;
    if (mark === undefined) {
      delete node.oldStatus;
    } else {
      node.oldStatus = mark;
    }
  });
}

/** The attempt before is over: its job need not be looked for before the new one begins. */
async function dropClaim(cluster: ICluster, folder: IObjectPlace): Promise<void> {
  try {
    await (await cluster.storage()).remove(folder.bucket, `${folder.key}${CLAIM_FILE}`);
  } catch (error) {
    if (!isProblem(error, 'not-found')) {
      throw error;
    }
  }
}

/** What a run has begun can only go on with the same nodes. @throws BridgeError conflict */
export function sameGraph(kept: IKeptRun, prepared: IPrepared): void {
  const shape = (nodes: { id: string; service: string; cluster: string; after: string[] }[]): string =>
    JSON.stringify(
      nodes
        .map(({ id, service, cluster, after }) => [id, service, cluster, [...after].sort()])
        .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
    );
  const now = prepared.conversion.services.map(({ node, service, target, after }) => ({
    id: node,
    service,
    cluster: target,
    after
  }));
  if (shape(kept.nodes.map(node => node.view)) !== shape(now)) {
    throw new BridgeError({
      type: 'conflict',
      title: 'The pipeline has changed',
      status: 409,
      detail: 'Its nodes, their names or their connections are not those of this run any more.',
      action: 'Start a new run.'
    });
  }
}
