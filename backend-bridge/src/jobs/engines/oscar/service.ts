import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IClusters } from '../../../clusters/facade';
import type { ICluster } from '../../../clusters/interfaces';
import type { IOscarService } from '../../../fdl/service';
import { BridgeError, isProblem } from '../../../http';
import { removeOldServices } from './old-services';
import type { IRunnerScript } from './runner-script';

export interface IRunnerServiceOptions {
  cluster: ICluster;
  apply: IClusters['apply'];
  image: string;
  script: () => Promise<IRunnerScript>;
  log?: (line: string) => void;
}

/** Processors and memory of one worker. */
export const CPUS = 1;
export const MEMORY = '1Gi';

/**
 * The one service that does all parts of all jobs on a cluster. Its name has a hash of the image and of the runner, so a newer
 * bridge has another one; the bucket of the same name holds what the jobs write.
 */
export class RunnerService {
  constructor(private readonly _options: IRunnerServiceOptions) {}

  /** The service, made when it is not there. */
  async ensure(): Promise<IOscarService> {
    this._ready ??= this._ensure();
    try {
      const service = await this._ready;
      this._tidied ??= this._tidy(service.name);
      return service;
    } catch (error) {
      this._ready = undefined;
      throw error;
    }
  }

  /** It may have been deleted: look again before the next use. */
  forget(): void {
    this._ready = undefined;
  }

  private async _ensure(): Promise<IOscarService> {
    const { cluster, image, script } = this._options;
    const { text, hash } = await script();
    const variables = await this._variables();
    const digest = createHash('sha256')
      .update(JSON.stringify([1, image, hash, CPUS, MEMORY, variables]))
      .digest('hex');
    const name = `mr-runner-${digest.slice(0, 8)}`;
    const there = await cluster.client.service(name);
    if (there) {
      return there;
    }
    try {
      await this._create(name, text, variables);
    } catch (error) {
      // Another bridge may have been faster.
      const made = isProblem(error, 'unreachable') ? undefined : await cluster.client.service(name);
      if (!made) {
        throw error;
      }
      return made;
    }
    const made = await cluster.client.service(name);
    if (!made) {
      throw new BridgeError({
        type: 'remote-error',
        title: 'The workers could not be set up',
        status: 502,
        detail: `The service “${name}” was made on ${cluster.id}, but is not there.`,
        action: 'Start the job again.'
      });
    }
    return made;
  }

  /** Once for each bridge. That it did not go well is no reason to stop a job. */
  private async _tidy(own: string): Promise<void> {
    const { cluster, log } = this._options;
    try {
      const removed = await removeOldServices(cluster, own);
      if (removed.length > 0) {
        log?.(`Services of older versions were removed from ${cluster.id}: ${removed.join(', ')}.`);
      }
    } catch (error) {
      log?.(`Services of older versions are still on ${cluster.id}: ${String(error)}`);
    }
  }

  private async _create(name: string, script: string, variables: Record<string, string>): Promise<void> {
    const { cluster, apply, image } = this._options;
    const base = await mkdtemp(join(tmpdir(), 'oscar-service-'));
    try {
      await writeFile(join(base, 'script.sh'), script);
      const service = {
        name,
        image,
        cpu: `${CPUS}.0`,
        memory: MEMORY,
        log_level: 'CRITICAL',
        script: 'script.sh',
        // Nothing is written there: it makes the bucket, which belongs to the user of the service.
        output: [{ storage_provider: 'minio.default', path: `${name}/out` }],
        ...(Object.keys(variables).length === 0 ? {} : { environment: { variables } })
      };
      const text = JSON.stringify({ functions: { oscar: [{ [cluster.id]: service }] } });
      await apply(cluster, { text, name: 'mr-runner.yaml', base }, { rawScript: true });
    } finally {
      await rm(base, { recursive: true, force: true });
    }
  }

  private async _variables(): Promise<Record<string, string>> {
    const { minio_provider: store } = await this._options.cluster.client.config();
    return store.verify === false ? { OSCAR_RUNNER_INSECURE: '1' } : {};
  }

  private _ready: Promise<IOscarService> | undefined;
  private _tidied: Promise<void> | undefined;
}
