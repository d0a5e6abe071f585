import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Submission } from '../../src/contract';
import { createClusters, type ClusterEvent, type ICluster, type IClusters } from '../../src/clusters';
import { startLocalCluster } from '../../src/local-cluster';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';

/** A bridge's cluster room over a real embedded cluster, in a folder of its own. */
export interface IRoom {
  folder: string;
  local: ILocalCluster;
  clusters: IClusters;
  cluster: ICluster;
  events: ClusterEvent[];
  close(): Promise<void>;
  /** A second room, as a bridge that was started anew. */
  reopen(): Promise<void>;
}

export async function openRoom(options: { strict?: boolean; cpus?: number } = {}): Promise<IRoom> {
  const folder = mkdtempSync(join(tmpdir(), 'oscar-room-'));
  const local = await startLocalCluster({
    data: join(folder, 'local'),
    strict: options.strict,
    runtime: 'process',
    cpus: options.cpus ?? 8,
    memory: 8 * 1024 ** 3,
    environments: join(folder, 'environments')
  });
  const events: ClusterEvent[] = [];
  const open = (): { clusters: IClusters; cluster: ICluster } => {
    const clusters = createClusters({
      data: join(folder, 'bridge'),
      onEvent: event => events.push(event),
      log: () => undefined
    });
    const cluster = clusters.registry.register({
      id: 'local',
      endpoint: local.endpoint,
      user: local.user,
      password: local.password
    });
    return { clusters, cluster };
  };
  const room: IRoom = {
    folder,
    local,
    events,
    ...open(),
    close: async () => {
      await room.clusters.close();
      await local.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
    reopen: async () => {
      await room.clusters.close();
      Object.assign(room, open());
    }
  };
  return room;
}

/** Writes files below the folder of the room; answers its path. */
export async function files(room: IRoom, name: string, contents: Record<string, string | Buffer>): Promise<string> {
  const base = join(room.folder, name);
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), text);
  }
  return base;
}

/** The text of an FDL with these services; scripts are files beside it. */
export function fdl(...services: Record<string, unknown>[]): string {
  return JSON.stringify({
    functions: {
      oscar: services.map(service => ({
        local: { image: 'docker.io/library/alpine', cpu: '0.1', memory: '64Mi', ...service }
      }))
    }
  });
}

export function minio(path: string): { storage_provider: string; path: string }[] {
  return [{ storage_provider: 'minio.default', path }];
}

/** Writes the scripts and applies the FDL. */
export async function deploy(
  room: IRoom,
  name: string,
  scripts: Record<string, string>,
  ...services: Record<string, unknown>[]
): Promise<void> {
  const base = await files(room, name, scripts);
  await room.clusters.apply(room.cluster, { text: fdl(...services), name: 'fdl.yaml', base });
}

export async function finished(clusters: IClusters, submission: Submission, seconds = 60): Promise<Submission> {
  const end = Date.now() + seconds * 1000;
  let now = submission;
  while (!now.done && Date.now() < end) {
    now = await clusters.submission(now.id, { since: now.revision, wait: 5 });
  }
  if (!now.done) {
    throw new Error(`not finished: ${JSON.stringify(now)}`);
  }
  return now;
}

export async function readObject(cluster: ICluster, bucket: string, key: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await (await cluster.storage()).get(bucket, key)).body) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export async function until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`did not come: ${what}`);
    }
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}
