import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Problem } from '../contract';
import type { IClusterRegistry } from '../clusters/interfaces';
import { BridgeError } from '../http/errors';
import { addSecret } from '../http/redact';
import type { ILocalCluster } from '../local-cluster/interfaces';
import type { ILog } from './log';

/** Loading and starting it keeps the process busy; the first call goes before it (milliseconds). */
const HEAD_START = 50;

/** How long a call waits for it to start, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Starts the embedded cluster in the background and puts it into the list, where it is an endpoint like any other. Until then
 * it is shown as starting, or as failed with the reason.
 */
export class EmbeddedCluster {
  constructor(private readonly _options: EmbeddedCluster.IOptions) {}

  /** Returns at once; the work begins after the first answers of the bridge have gone out. */
  start(): void {
    this._state = 'starting';
    this._started = delay(HEAD_START).then(() => this._run());
    this._options.onChange();
  }

  /** What to show while it is not in the list of clusters. */
  view(registry: IClusterRegistry): Cluster | undefined {
    if (this._state !== 'starting' && this._state !== 'failed') {
      return undefined;
    }
    return {
      id: EmbeddedCluster.ID,
      endpoint: '',
      state: this._state,
      ...(this._problem === undefined ? {} : { problem: this._problem }),
      features: [],
      current: this.isDefault(registry),
      removable: false
    };
  }

  /** It is the one that is meant when none is named, also while it is not in the list yet. */
  isDefault(registry: IClusterRegistry): boolean {
    return this._state !== 'off' && (registry.chosen() ?? EmbeddedCluster.ID) === EmbeddedCluster.ID;
  }

  /**
   * Waits until it can be used, when the id means it.
   *
   * @throws BridgeError with the reason when it could not start.
   */
  async ready(id: string | undefined): Promise<void> {
    if (id !== EmbeddedCluster.ID || this._state === 'off' || this._state === 'ready') {
      return;
    }
    await Promise.race([this._started, new Promise(resolve => setTimeout(resolve, PATIENCE).unref())]);
    if (this._problem) {
      throw new BridgeError({
        type: 'local-cluster',
        title: 'The local cluster did not start',
        status: 503,
        detail: this._problem.detail,
        cause: this._problem.cause,
        action: this._problem.action
      });
    }
  }

  /** Jobs run or exposed services live. */
  busy(): boolean {
    return this._state === 'starting' || (this._cluster?.busy() ?? false);
  }

  async close(): Promise<void> {
    await this._started;
    await this._cluster?.close();
  }

  private async _run(): Promise<void> {
    try {
      const cluster = await this._options.start();
      this._cluster = cluster;
      addSecret(cluster.password);
      addSecret(cluster.s3.secret_key);
      this._options.registry().register({
        id: EmbeddedCluster.ID,
        endpoint: cluster.endpoint,
        user: cluster.user,
        password: cluster.password
      });
      this._state = 'ready';
      this._options.log.info(`Local cluster ${cluster.shared ? 'of another bridge' : 'ready'} at ${cluster.endpoint}`);
    } catch (error) {
      this._state = 'failed';
      this._problem = this._options.toProblem(error);
      this._options.log.error('The local cluster did not start', error);
    }
    this._options.onChange();
  }

  private _state: 'off' | 'starting' | 'ready' | 'failed' = 'off';
  private _problem: Problem | undefined;
  private _cluster: ILocalCluster | undefined;
  private _started: Promise<void> = Promise.resolve();
}

export namespace EmbeddedCluster {
  /** Id of the embedded cluster. */
  export const ID = 'local';

  export interface IOptions {
    start: () => Promise<ILocalCluster>;
    registry: () => IClusterRegistry;
    log: ILog;
    toProblem: (error: unknown) => Problem;
    onChange: () => void;
  }
}
