import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ICluster, IClusters } from '../clusters';
import type { PlanStep } from '../contract';
import type { IOscarService } from '../fdl';
import { BridgeError } from '../http';
import type { IConversion } from '../pipelines';
import { completeFdl, crossingOrder, type ICrossingKeys } from './fdl-text';
import type { IDeployHandle } from './interfaces';
import { placesOf, type INodePlaces } from './places';
import type { IPrepared } from './prepare';
import type { SecretKeeper } from './secrets';

export interface IDeployOptions {
  clusters: IClusters;
  cluster: (id: string) => Promise<ICluster>;
  /** Folder that conversions pass through. */
  spool: string;
  secrets: SecretKeeper;
  onCluster?: (cluster: string) => void;
}

/**
 * Makes the clusters hold what a pipeline converts to; what is there and unchanged stays as it is. Clusters that get objects from
 * others come first. Two deployments never change one cluster at the same time.
 */
export class PipelineDeployer {
  constructor(private readonly _options: IDeployOptions) {}

  /** @returns where the objects of each node lie, by its id */
  async deploy(prepared: IPrepared, handle: IDeployHandle = {}): Promise<Map<string, INodePlaces>> {
    return this._alone(prepared.clusters, handle.signal, () => this._deploy(prepared, handle));
  }

  private async _deploy(prepared: IPrepared, handle: IDeployHandle): Promise<Map<string, INodePlaces>> {
    const { conversion } = prepared;
    const keys = await crossingKeys(conversion, this._options.cluster);
    const folder = join(this._options.spool, randomBytes(8).toString('hex'));
    const steps: PlanStep[] = [];
    const tell = (more: PlanStep[]): void => handle.steps?.([...steps, ...more]);
    try {
      await spool(folder, conversion);
      const several = prepared.clusters.length > 1;
      const later: { id: string; text: string }[] = [];
      const apply = async (id: string, text: string): Promise<void> => {
        const named = (list: PlanStep[]): PlanStep[] => (several ? list.map(step => onCluster(step, id)) : list);
        try {
          const plan = await this._options.clusters.apply(
            await this._options.cluster(id),
            { text, name: 'fdl.yaml', base: folder },
            { onSteps: list => tell(named(list)), signal: handle.signal }
          );
          steps.push(...named(plan.steps));
          tell([]);
        } finally {
          this._options.onCluster?.(id);
        }
      };
      for (const id of crossingOrder(prepared.clusters, conversion.crossings)) {
        const [text, second] = await this._texts(await this._options.cluster(id), prepared, keys);
        await apply(id, text);
        if (second !== undefined) {
          later.push({ id, text: second });
        }
      }
      for (const { id, text } of later) {
        await apply(id, text);
      }
      handle.services?.(conversion.services.map(node => node.service));
      const deployed = await this._deployed(prepared);
      for (const node of conversion.services) {
        this._options.secrets.sent(node, prepared.secrets.get(node.service), deployed.get(node.node) as IOscarService);
      }
      const places = new Map([...deployed].map(([node, service]) => [node, placesOf(service)]));
      await this._upload(prepared, handle, steps, tell);
      return places;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /**
   * The FDL for one cluster, with secrets and keys put in. A plain OSCAR refuses to create a service that writes to a bucket which
   * is there, on another cluster, too: there such outputs come in a second step.
   */
  private async _texts(cluster: ICluster, prepared: IPrepared, keys: ICrossingKeys): Promise<[string, string?]> {
    const { conversion } = prepared;
    const values = (service: string): Record<string, string> | undefined => {
      const secrets = prepared.secrets.get(service);
      return secrets?.keep === false ? secrets.values : undefined;
    };
    const own = conversion.crossings.filter(crossing => crossing.from === cluster.id);
    const whole = completeFdl(conversion.fdl, { cluster: cluster.id, secrets: values, keys });
    if (own.length === 0) {
      return [whole];
    }
    const there = new Set((await cluster.client.services()).map(service => service.name));
    const isNew = conversion.services.some(node => node.target === cluster.id && !there.has(node.service));
    if (!isNew || cluster.client.features.has('existing-bucket')) {
      return [whole];
    }
    const first = completeFdl(conversion.fdl, {
      cluster: cluster.id,
      secrets: values,
      keys,
      withoutCrossings: service => !there.has(service)
    });
    const second = completeFdl(conversion.fdl, { cluster: cluster.id, secrets: () => undefined, keys });
    return [first, second];
  }

  private async _deployed(prepared: IPrepared): Promise<Map<string, IOscarService>> {
    const result = new Map<string, IOscarService>();
    for (const id of prepared.clusters) {
      const services = await (await this._options.cluster(id)).client.services();
      for (const node of prepared.conversion.services.filter(item => item.target === id)) {
        const service = services.find(item => item.name === node.service);
        if (!service) {
          throw new BridgeError({
            type: 'remote-error',
            title: 'Not deployed',
            status: 502,
            detail: `The cluster "${id}" does not have the service ${node.service} of “${node.label}”, although it was deployed.`,
            action: 'Deploy the pipeline again.'
          });
        }
        result.set(node.node, service);
      }
    }
    return result;
  }

  /** Code that is too large for a script; its key holds its hash, so what is there is right. */
  private async _upload(
    prepared: IPrepared,
    handle: IDeployHandle,
    steps: PlanStep[],
    tell: (more: PlanStep[]) => void
  ): Promise<void> {
    const { conversion } = prepared;
    for (const upload of conversion.uploads) {
      handle.signal?.throwIfAborted();
      const node = conversion.services.find(item => item.service === upload.service);
      const file = conversion.files.find(item => item.path === upload.path);
      if (!node || !file) {
        throw new Error(`The conversion names an upload of ${upload.path} that it did not make.`);
      }
      const storage = await (await this._options.cluster(node.target)).storage();
      const bytes = typeof file.content === 'string' ? Buffer.from(file.content) : Buffer.from(file.content);
      const step: PlanStep = {
        action: 'create',
        kind: 'file',
        name: `${upload.bucket}/${upload.key}`,
        state: 'running'
      };
      const there = await storage.head(upload.bucket, upload.key);
      if (there?.size === bytes.length) {
        steps.push({ ...step, action: 'keep', state: 'done', reason: 'nothing has changed' });
        tell([]);
        continue;
      }
      const megabytes = `${(bytes.length / 1e6).toFixed(1)} MB`;
      tell([{ ...step, reason: `code of “${node.label}”, ${megabytes}` }]);
      await storage.put(upload.bucket, upload.key, bytes, {
        size: bytes.length,
        signal: handle.signal,
        onProgress: sent =>
          tell([{ ...step, reason: `code of “${node.label}”, ${megabytes}`, progress: sent / bytes.length }])
      });
      steps.push({ ...step, state: 'done', reason: `code of “${node.label}”, ${megabytes}` });
      tell([]);
    }
  }

  private async _alone<T>(clusters: string[], signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const before = Promise.all(clusters.map(id => this._busy.get(id)));
    const mine = before.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    const done = mine.then(
      () => undefined,
      () => undefined
    );
    clusters.forEach(id => this._busy.set(id, done));
    return mine;
  }

  private readonly _busy = new Map<string, Promise<void>>();
}

async function spool(folder: string, conversion: IConversion): Promise<void> {
  const uploads = new Set(conversion.uploads.map(upload => upload.path));
  for (const file of conversion.files) {
    // Archives go up from memory: they would only fill the disk here.
    if (!uploads.has(file.path)) {
      await mkdir(dirname(join(folder, file.path)), { recursive: true, mode: 0o700 });
      await writeFile(join(folder, file.path), file.content, { mode: 0o600 });
    }
  }
}

/** Address and keys of the clusters that get objects from others, by provider; in memory only. */
async function crossingKeys(
  conversion: IConversion,
  cluster: (id: string) => Promise<ICluster>
): Promise<ICrossingKeys> {
  const keys: ICrossingKeys = {};
  for (const crossing of conversion.crossings) {
    const { provider, to } = crossing;
    if (keys[provider]) {
      continue;
    }
    const { minio_provider: minio } = await (await cluster(to)).client.config();
    keys[provider] = {
      endpoint: minio.endpoint,
      verify: minio.verify,
      access_key: minio.access_key,
      secret_key: minio.secret_key,
      region: minio.region
    };
  }
  return keys;
}

function onCluster(step: PlanStep, cluster: string): PlanStep {
  return { ...step, reason: step.reason === undefined ? `on ${cluster}` : `${step.reason}, on ${cluster}` };
}
