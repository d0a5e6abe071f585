import { randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { createClusters } from '../clusters';
import type { Cluster } from '../contract';
import { Tokens } from '../credentials';
import { createInfrastructures } from '../infrastructure';
import { createJobs } from '../jobs';
import { createPipelineRuns } from '../pipeline-runs';
import { createScar } from '../scar';
import { Activity } from './activity';
import { createApp } from './app';
import type { IServerContext } from './context';
import { EmbeddedCluster } from './start-embedded';
import { Examples } from './examples';
import { Files } from './files';
import { prepareFolders } from './folders';
import type { Handshake } from './handshake';
import { EventHub } from './hub';
import { takeSlot } from './instances';
import { listen } from './listen';
import { startLocal } from './start-local';
import type { ILog } from './log';
import { LogSubscriptions } from './log-subscriptions';
import { Operations } from './operations';
import { resolvePipeline } from './pipeline-source';
import { toProblem } from './problem';
import { awsRoutes } from './routes/aws';
import { callRoutes } from './routes/calls';
import { clusterRoutes } from './routes/clusters';
import { computeRoutes } from './routes/compute';
import { exposedRoutes } from './routes/exposed';
import { fdlRoutes } from './routes/fdl';
import { infrastructureRoutes } from './routes/infrastructures';
import { jobRoutes } from './routes/jobs';
import { pipelineRoutes } from './routes/pipelines';
import { packingRoutes } from './routes/packing';
import { serviceRoutes } from './routes/services';
import { statusRoutes } from './routes/status';
import { storageRoutes } from './routes/storage';
import { emptySpool } from './spool';
import { Uploads } from './uploads';
import { VERSION } from './version';
import { Views } from './views';
import { Watcher } from './watcher';

/** A bridge that listens. */
export interface IRunningBridge {
  readonly boot: string;
  /** Ends in order: no new calls, streams closed, operations and the embedded cluster stopped. Safe to call twice. */
  close(options?: { bye?: boolean }): Promise<void>;
}

export interface IBridgeOptions {
  settings: Handshake;
  log: ILog;
  /** Called when the bridge has been idle for as long as the settings say. */
  onIdle: () => void;
}

/** All routes, in the order of the contract's page. */
export const ROUTES = [
  statusRoutes,
  clusterRoutes,
  serviceRoutes,
  callRoutes,
  exposedRoutes,
  jobRoutes,
  storageRoutes,
  fdlRoutes,
  pipelineRoutes,
  computeRoutes,
  awsRoutes,
  infrastructureRoutes,
  packingRoutes
];

/** How long calls and operations under way may go on after the end was asked for, in milliseconds. */
const GRACE = 2000;

const EXPIRE_EVERY = 3600 * 1000;

/**
 * Starts a bridge: folders, server, then, in the background, the embedded cluster.
 *
 * @throws BridgeError when it cannot start.
 */
export async function startBridge(options: IBridgeOptions): Promise<IRunningBridge> {
  const { settings, log } = options;
  const boot = randomBytes(6).toString('hex');
  const folders = prepareFolders(settings.data);
  const slot = takeSlot(folders.bridge);
  const passing = join(slot.folder, 'passing');
  await emptySpool(passing);

  const hub = new EventHub({ boot, onReaders: count => watcher.readers(count) });
  const views = new Views(event => hub.emit(event));
  const problemOf = (error: unknown): ReturnType<typeof toProblem> => toProblem(error, log);
  const tokens = new Tokens({ log: line => log.info(line) });
  const clusters = createClusters({
    tokens,
    data: folders.bridge,
    state: slot.folder,
    log: line => log.info(line),
    onEvent: event => {
      switch (event.type) {
        case 'cluster':
          return event.removed === true ? views.removedCluster(event.cluster.id) : views.sawCluster(event.cluster);
        case 'service':
          return views.sawService(event.cluster, event.name, event.service);
        case 'job':
          return views.sawJob(event.cluster, event.id, event.job);
        case 'submission':
          return hub.emit(event);
      }
    }
  });
  const operations = new Operations({
    folder: folders.bridge,
    boot,
    log,
    onChange: operation => hub.emit({ type: 'operation', operation }),
    toProblem: problemOf
  });
  const underWay = (): number =>
    operations.running + clusters.running() + pipelines.running() + jobs.running() + infrastructures.running();
  const resume = (options?: { without?: string }): void => {
    clusters.resume(options);
    pipelines.resume(options);
    // The cluster of one of them may be the embedded one.
    infrastructures.resume();
  };
  const examples = new Examples(settings.examples);
  const watcher = new Watcher({ clusters: () => clusters, views, log, busy: () => underWay() > 0 });
  const embedded = new EmbeddedCluster({
    start: () => startLocal(settings, folders.localCluster, log),
    registry: () => clusters.registry,
    log,
    toProblem: problemOf,
    onChange: () => {
      const view = embedded.view(clusters.registry);
      if (view) {
        views.sawCluster(view);
        if (view.state === 'failed') {
          // What was given to other clusters does not wait for this one.
          resume({ without: EmbeddedCluster.ID });
        }
      } else {
        resume();
        clusters.registry.list().forEach(cluster => watcher.kick(cluster.id));
      }
    }
  });
  const uploads = new Uploads(folders.uploads);
  const expire = (): void =>
    void uploads.expire().catch((error: unknown) => log.error('Old uploads could not be removed', error));
  expire();
  const expiring = setInterval(expire, EXPIRE_EVERY).unref();
  const activity = new Activity({
    idleSeconds: settings.idleSeconds ?? 0,
    busy: () => underWay() > 0 || embedded.busy() || scar.busy(),
    onIdle: options.onIdle
  });
  const files = new Files({ contentsRoot: settings.contentsRoot, uploads });
  const cluster: IServerContext['cluster'] = async id => {
    const wanted = id ?? (embedded.isDefault(clusters.registry) ? EmbeddedCluster.ID : undefined);
    await embedded.ready(wanted);
    return clusters.registry.get(wanted);
  };
  const pipelines = createPipelineRuns({
    clusters,
    cluster,
    state: slot.folder,
    resolve: kept => resolvePipeline(kept, { files, contentsRoot: settings.contentsRoot }),
    contentsRoot: settings.contentsRoot,
    user: userName(),
    onRun: run => hub.emit({ type: 'pipeline-run', run }),
    onCluster: id => watcher.kick(id),
    toProblem: problemOf,
    log: line => log.info(line)
  });
  const jobs = createJobs({
    data: slot.folder,
    clusters: clusters.registry,
    apply: clusters.apply,
    contentsRoot: settings.contentsRoot,
    python: settings.python ?? 'python3',
    // Beside the folder of the bundle.
    runner: settings.runner ?? join(__dirname, '..', 'runner'),
    onEvent: (id, job) => hub.emit({ type: 'compute-job', id, job }),
    toProblem: problemOf,
    log: line => log.info(line)
  });
  const scar = createScar({
    data: folders.bridge,
    state: slot.folder,
    python: settings.python ?? 'python3',
    onEvent: event => hub.emit(event),
    log: line => log.info(line)
  });
  const infrastructures = createInfrastructures({
    data: folders.bridge,
    state: slot.folder,
    clusters,
    tokens,
    templates: settings.examples ? join(settings.examples, 'tosca') : null,
    examples: async () => (await examples.list()).map(example => example.name),
    deploy: async (id, example, handle) => {
      const { path, base } = await examples.source(example);
      const source = { text: await readFile(path, 'utf8'), name: basename(path), base };
      const environments = await examples.environments();
      await clusters.apply(await cluster(id), { ...source, environments }, handle);
      watcher.kick(id);
    },
    onEvent: (id, infrastructure) => hub.emit({ type: 'infrastructure', id, infrastructure }),
    toProblem: problemOf,
    log: line => log.info(line)
  });
  const context: IServerContext = {
    version: VERSION,
    boot,
    settings,
    log,
    hub,
    activity,
    clusters,
    pipelines,
    jobs,
    infrastructures,
    scar,
    views,
    watcher,
    operations,
    uploads,
    files,
    examples,
    logs: new LogSubscriptions({
      hub,
      follow: async function* (request, signal) {
        const cluster = await context.cluster(request.cluster);
        yield* request.job === undefined
          ? clusters.serviceLog(cluster, request.service, { follow: true, signal })
          : clusters.followJobLog(cluster, request.job, { signal });
      },
      describe: error => {
        const problem = problemOf(error);
        return `${problem.title}: ${problem.detail}`;
      }
    }),
    spool: passing,
    clusterViews: () => {
      const starting = embedded.view(clusters.registry);
      const current = starting?.current === true ? starting.id : clusters.registry.current();
      const others = clusters.registry.list().filter(cluster => cluster.id !== starting?.id);
      const known = others.map(({ id }) => ({ ...(views.clusterView(id) ?? unseen(id)), current: id === current }));
      return starting ? [starting, ...known] : known;
    },
    cluster,
    wake: () => embedded.retry(),
    running: () => underWay() + views.activeJobs()
  };

  const app = await createApp(context, ROUTES);
  const sockets = new Set<Socket>();
  app.server.on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listen(app.server, settings);
  void jobs.recover().catch((error: unknown) => log.error('Jobs of before could not be gone on with', error));
  if (settings.localCluster?.enabled !== false) {
    embedded.start();
  } else {
    resume();
  }

  let closing: Promise<void> | undefined;
  const close = async (bye: boolean): Promise<void> => {
    activity.dispose();
    clearInterval(expiring);
    watcher.close();
    context.logs.dispose();
    hub.close({ bye });
    const ended = new Promise<void>(resolve => app.server.close(() => resolve()));
    app.server.closeIdleConnections();
    const timer = setTimeout(() => sockets.forEach(socket => socket.destroy()), GRACE);
    await operations.close(GRACE);
    await ended;
    clearTimeout(timer);
    await app.close();
    await Promise.all([pipelines.close(), jobs.close(), infrastructures.close(), scar.close()]);
    await clusters.close();
    await embedded.close();
    slot.release();
    removeConnectionFile(settings, log);
  };
  return { boot, close: ({ bye = false } = {}) => (closing ??= close(bye)) };
}

function removeConnectionFile(settings: Handshake, log: ILog): void {
  if (settings.detached !== true || typeof settings.connectionFile !== 'string') {
    return;
  }
  try {
    unlinkSync(settings.connectionFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log.warning(`The connection file could not be removed: ${String(error)}`);
    }
  }
}

/** Tells users of one cluster apart: on a hub everybody has the same name on the machine. */
function userName(): string {
  const hub = process.env['JUPYTERHUB_USER'];
  if (hub) {
    return hub;
  }
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as containers have it.
    return String(process.getuid?.() ?? '');
  }
}

/** A cluster of the list that has not answered yet. */
function unseen(id: string): Cluster {
  return { id, endpoint: '', state: 'unknown', features: [], current: false, removable: true };
}
