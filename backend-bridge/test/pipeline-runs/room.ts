import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PipelineRun, PipelineRunNode } from '../../src/contract';
import { createClusters, type ICluster, type IClusters } from '../../src/clusters';
import { startLocalCluster } from '../../src/local-cluster';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { createPipelineRuns, type IPipelineRuns, type IPipelineText, type IRunOptions } from '../../src/pipeline-runs';
import { toProblem } from '../../src/server/problem';
import { resolvePipeline } from '../../src/server/pipeline-source';
import { Files } from '../../src/server/files';
import { Uploads } from '../../src/server/uploads';

/** The rooms of a bridge that runs have to do with, over real embedded clusters. */
export interface IRoom {
  folder: string;
  locals: Record<string, ILocalCluster>;
  clusters: IClusters;
  runs: IPipelineRuns;
  events: PipelineRun[];
  /** Bodies of all changes that were sent to the clusters, `<method> <path>`. */
  source(path: string): Promise<IPipelineText>;
  cluster(id?: string): ICluster;
  start(path: string, options?: IRunOptions): Promise<PipelineRun>;
  /** A second bridge in the place of the first. */
  reopen(): Promise<void>;
  /** @param last - done before the folder is removed */
  close(last?: () => void): Promise<void>;
}

export interface IRoomOptions {
  strict?: boolean;
  ids?: string[];
  lostAfter?: number;
  cpus?: number;
  /** Hears of the folder of the bridge before it is used. */
  beforeBridge?: (folder: string) => void;
}

export async function openRoom(options: IRoomOptions = {}): Promise<IRoom> {
  const folder = mkdtempSync(join(tmpdir(), 'oscar-runs-'));
  const ids = options.ids ?? ['local'];
  const locals: Record<string, ILocalCluster> = {};
  for (const id of ids) {
    locals[id] = await startLocalCluster({
      data: join(folder, `cluster-${id}`),
      strict: options.strict,
      runtime: 'process',
      cpus: options.cpus ?? 8,
      memory: 8 * 1024 ** 3,
      environments: join(folder, 'environments')
    });
  }
  options.beforeBridge?.(join(folder, 'bridge'));
  const uploads = new Uploads(join(folder, 'uploads'));
  const files = new Files({ uploads });
  const sources = { files };
  const events: PipelineRun[] = [];
  const open = (): Pick<IRoom, 'clusters' | 'runs'> => {
    const clusters = createClusters({ data: join(folder, 'bridge'), log: () => undefined });
    for (const id of ids) {
      const { endpoint, user, password } = locals[id];
      clusters.registry.register({ id, endpoint, user, password });
    }
    const runs = createPipelineRuns({
      clusters,
      cluster: async id => clusters.registry.get(id),
      state: join(folder, 'bridge'),
      resolve: kept => resolvePipeline(kept, sources),
      user: 'tester',
      onRun: run => events.push(structuredClone(run)),
      toProblem: error => toProblem(error),
      log: () => undefined,
      lostAfter: options.lostAfter
    });
    runs.resume();
    return { clusters, runs };
  };
  const room: IRoom = {
    folder,
    locals,
    events,
    ...open(),
    source: path => resolvePipeline({ source: { file: { path } }, caller: 'local' }, sources),
    cluster: id => room.clusters.registry.get(id),
    start: async (path, request) => room.runs.start(await room.source(path), request),
    reopen: async () => {
      await room.runs.close();
      await room.clusters.close();
      Object.assign(room, open());
    },
    close: async last => {
      await room.runs.close();
      await room.clusters.close();
      await Promise.all(Object.values(locals).map(local => local.close()));
      last?.();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  return room;
}

/** Waits for the end of a run, or for something of it. */
export async function until(
  room: IRoom,
  id: string,
  what: (run: PipelineRun) => boolean = ended,
  seconds = 100
): Promise<PipelineRun> {
  const end = Date.now() + seconds * 1000;
  let run = await room.runs.get(id);
  while (!what(run)) {
    if (Date.now() > end) {
      throw new Error(`did not come: ${JSON.stringify(run, undefined, 1)}`);
    }
    run = await room.runs.get(id, { since: run.revision, wait: 2 });
  }
  return run;
}

export function ended(run: PipelineRun): boolean {
  return run.state !== 'running' && run.state !== 'deploying';
}

export function nodeOf(run: PipelineRun, id: string): PipelineRunNode {
  const found = run.nodes.find(node => node.id === id);
  if (!found) {
    throw new Error(`no node ${id} in ${JSON.stringify(run)}`);
  }
  return found;
}

export function states(run: PipelineRun): Record<string, string> {
  return Object.fromEntries(run.nodes.map(node => [node.id, node.state]));
}

export async function artifact(room: IRoom, run: PipelineRun, node: string, name: string): Promise<string> {
  const { artifacts, cluster } = nodeOf(run, node);
  const found = artifacts.find(file => file.name === name);
  if (!found?.bucket || !found.key) {
    throw new Error(`no artifact ${name} in ${JSON.stringify(artifacts)}`);
  }
  const { body } = await (await room.cluster(cluster).storage()).get(found.bucket, found.key);
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** All jobs of a service that the cluster has. */
export async function jobsOf(room: IRoom, service: string, cluster?: string): Promise<string[]> {
  const { items } = await room.clusters.jobs(room.cluster(cluster), { service });
  return items.map(job => job.id);
}
