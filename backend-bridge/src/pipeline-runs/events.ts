import type { ICluster } from '../clusters';
import type { IOscarService } from '../fdl';
import { objectEvent } from './event';
import type { IKeptNode, IKeptRun } from './journal';
import { crossedEdgeOf, edgeOf, startOf, type IObjectPlace } from './places';
import { headOf, listAll } from './storage';

/** What the object that starts a run holds. */
export function startDocument(run: IKeptRun): string {
  return JSON.stringify({
    run: run.view.id,
    pipeline: run.view.pipeline,
    parameters: run.view.parameters,
    variables: {}
  });
}

/** Puts the object that starts a node without parents, unless it is there: a run is never started twice. */
export async function startRoot(cluster: ICluster, node: IKeptNode, run: IKeptRun): Promise<void> {
  const place = startOf(node.places as NonNullable<IKeptNode['places']>, run.view.id);
  const storage = await cluster.storage();
  if (await headOf(storage, place.bucket, place.key)) {
    return;
  }
  const body = Buffer.from(startDocument(run));
  await storage.put(place.bucket, place.key, body, {
    size: body.length,
    contentType: 'application/json',
    ifAbsent: true
  });
}

/** Where a parent leaves its archive for a child, and the cluster that has it. */
function handOver(
  run: IKeptRun,
  parent: IKeptNode,
  child: IKeptNode
): { cluster: string; place: IObjectPlace } | undefined {
  const crosses = parent.view.cluster !== child.view.cluster;
  const places = crosses ? child.places : parent.places;
  const place = places && (crosses ? crossedEdgeOf : edgeOf)(places, run.view.id, parent.view.service);
  return place && { cluster: crosses ? child.view.cluster : parent.view.cluster, place };
}

export async function edgeThere(
  run: IKeptRun,
  parent: IKeptNode,
  child: IKeptNode,
  cluster: (id: string) => Promise<ICluster>,
  own: ICluster
): Promise<boolean> {
  const at = handOver(run, parent, child);
  if (!at) {
    return false;
  }
  const storage = await (at.cluster === own.id ? own : await cluster(at.cluster)).storage();
  return (await headOf(storage, at.place.bucket, at.place.key)) !== undefined;
}

/**
 * Tells a node's service of its input once more: of the object that starts it, or of the archive of its parents that came last, as
 * the one who goes on is the one that was told of the last.
 */
export async function sendAgain(
  cluster: ICluster,
  service: IOscarService,
  node: IKeptNode,
  run: IKeptRun,
  parents: IKeptNode[],
  clusterOf: (id: string) => Promise<ICluster>
): Promise<{ job?: string; missing?: string }> {
  const found: { bucket: string; key: string; size: number; etag: string; modified?: string }[] = [];
  if (parents.length === 0) {
    const place = startOf(node.places as NonNullable<IKeptNode['places']>, run.view.id);
    const head = await listed(cluster, place);
    if (!head) {
      return { missing: `The object that starts it (${place.bucket}/${place.key}) is not there any more.` };
    }
    found.push({ ...place, ...head });
  }
  for (const parent of parents) {
    const at = handOver(run, parent, node);
    const head = at && (await listed(at.cluster === cluster.id ? cluster : await clusterOf(at.cluster), at.place));
    if (!at || !head) {
      return {
        missing: `What “${parent.view.label}” hands on did not arrive${at ? ` (${at.place.bucket}/${at.place.key})` : ''}. Rerun the pipeline.`
      };
    }
    found.push({ ...at.place, ...head });
  }
  const last = found.sort((a, b) => order(a).localeCompare(order(b)) || (a.key < b.key ? -1 : 1)).pop();
  if (!last) {
    return { missing: 'There is nothing that could start it.' };
  }
  const job = await cluster.client.submitJob(service, objectEvent(last));
  return job === undefined ? {} : { job };
}

/** From the list, which tells times to the millisecond, as the scripts read them. */
async function listed(
  cluster: ICluster,
  place: IObjectPlace
): Promise<{ size: number; etag: string; modified?: string } | undefined> {
  const objects = await listAll(await cluster.storage(), place.bucket, place.key);
  const found = objects.find(object => object.key === place.key);
  return found && { size: found.size, etag: found.etag ?? '', ...(found.modified ? { modified: found.modified } : {}) };
}

function order(object: { modified?: string }): string {
  return object.modified ?? '';
}
