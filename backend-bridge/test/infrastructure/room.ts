import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClusters, type IClusters } from '../../src/clusters';
import type { Infrastructure, InfrastructureRequest } from '../../src/contract';
import { createInfrastructures, type IInfrastructures, type IInfrastructuresOptions } from '../../src/infrastructure';
import { Tokens } from '../../src/credentials';
import { startLocalCluster } from '../../src/local-cluster';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { toProblem } from '../../src/server/problem';

export const TEMPLATES = join(__dirname, '..', '..', '..', 'examples', 'tosca');
export const PASSWORD = 'the-password-of-oscar-7';

/** A service that says hello. */
export const FDL = `functions:
  oscar:
    - local:
        name: hello
        image: process
        cpu: '0.1'
        memory: 64Mi
        script: script.sh
        input: [{storage_provider: minio.default, path: hello/in}]
        output: [{storage_provider: minio.default, path: hello/out}]
`;

/** The room over real servers: an embedded cluster plays the one that is made. */
export interface IRoom {
  folder: string;
  local?: ILocalCluster;
  clusters: IClusters;
  room: IInfrastructures;
  events: { id: string; infrastructure: Infrastructure | null }[];
  logged: string[];
  /** Another bridge in the place of the first; `between` is done while there is none. */
  reopen(between?: () => void): Promise<void>;
  close(): Promise<void>;
}

export interface IRoomOptions {
  local?: boolean;
  im?: string;
  user?: string;
  env?: NodeJS.ProcessEnv;
  folder?: string;
  options?: Partial<IInfrastructuresOptions>;
}

export async function openRoom(settings: IRoomOptions = {}): Promise<IRoom> {
  const folder = settings.folder ?? mkdtempSync(join(tmpdir(), 'oscar-infra-'));
  const local = settings.local
    ? await startLocalCluster({
        data: join(folder, 'cluster'),
        runtime: 'process',
        user: 'oscar',
        password: PASSWORD,
        cpus: 4,
        memory: 4 * 1024 ** 3,
        environments: join(folder, 'environments')
      })
    : undefined;
  const service = join(folder, 'service');
  mkdirSync(service, { recursive: true });
  writeFileSync(join(service, 'fdl.yaml'), FDL);
  writeFileSync(join(service, 'script.sh'), '#!/bin/sh\necho hello > "$TMP_OUTPUT_DIR/hello.txt"\n');
  const events: IRoom['events'] = [];
  const logged: string[] = [];
  const open = (): Pick<IRoom, 'clusters' | 'room'> => {
    const tokens = new Tokens({ env: settings.env ?? {} });
    const clusters = createClusters({ data: join(folder, 'bridge'), tokens, log: line => logged.push(line) });
    const room = createInfrastructures({
      data: join(folder, 'bridge'),
      state: join(folder, 'bridge'),
      clusters,
      tokens,
      templates: TEMPLATES,
      deploy: async (id, _example, handle) => {
        const text = readFileSync(join(service, 'fdl.yaml'), 'utf8');
        await clusters.apply(clusters.registry.get(id), { text, name: 'fdl.yaml', base: service }, handle);
      },
      onEvent: (id, infrastructure) => events.push({ id, infrastructure: structuredClone(infrastructure) }),
      toProblem: error => toProblem(error),
      log: line => logged.push(line),
      env: settings.env ?? {},
      poll: { first: 100, longest: 500 },
      ...settings.options
    });
    room.resume();
    return { clusters, room };
  };
  const opened: IRoom = {
    folder,
    ...(local ? { local } : {}),
    events,
    logged,
    ...open(),
    reopen: async between => {
      await opened.room.close();
      await opened.clusters.close();
      between?.();
      Object.assign(opened, open());
    },
    close: async () => {
      await opened.room.close();
      await opened.clusters.close();
      await local?.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  if (settings.im !== undefined) {
    const own = settings.user === undefined ? {} : { user: settings.user, password: `password-of-${settings.user}` };
    await opened.room.changeServer({ url: settings.im, ...own });
    opened.room.setCredential('dummy', { type: 'Dummy', values: {} });
  }
  return opened;
}

export function request(change: Partial<InfrastructureRequest> = {}): InfrastructureRequest {
  return { name: 'my cluster', source: { template: 'rehearsal' }, credential: 'dummy', register: false, ...change };
}

/** Waits for a state by its revisions. */
export async function until(
  { room }: Pick<IRoom, 'room'>,
  id: string,
  what: (infrastructure: Infrastructure) => boolean,
  seconds = 90
): Promise<Infrastructure> {
  const end = Date.now() + seconds * 1000;
  for (let found = await room.get(id); ; found = await room.get(id, { since: found.revision, wait: 1 })) {
    if (what(found)) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`did not come: ${JSON.stringify(found, undefined, 1)}`);
    }
  }
}

export function stepsOf(infrastructure: Infrastructure): Record<string, string> {
  return Object.fromEntries(infrastructure.steps.map(step => [step.name, step.state]));
}

export const finished = (infrastructure: Infrastructure): boolean =>
  infrastructure.steps.every(step => step.state === 'done') && infrastructure.operation === undefined;
