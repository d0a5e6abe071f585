import { request } from 'node:http';
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

/** How often the cluster of another bridge is asked whether it is still there, in milliseconds. */
const LOOK_EVERY = 2000;

/** Looks in a row that find nobody before the other bridge counts as gone: it may only be busy. */
const LOOKS = 2;

/** After a failed start the next try comes by itself after so long; when somebody asks, after so short (milliseconds). */
const RETRY = { alone: 15_000, asked: 1000 } as const;

/**
 * Starts the embedded cluster in the background and puts it into the list, where it is an endpoint like any other. Until then
 * it is shown as starting, or as failed with the reason.
 *
 * What kept it from starting may pass (a full disk, another server that still has the data), so it is tried again. When another
 * bridge has the data, its cluster is used as long as it lives; then this bridge takes the data over.
 */
export class EmbeddedCluster {
  constructor(private readonly _options: EmbeddedCluster.IOptions) {}

  /** Returns at once; the work begins after the first answers of the bridge have gone out. */
  start(): void {
    this._begin();
  }

  /** Somebody asks for the list: a failed start is tried again. Resolves when that has come to an end, or after a moment. */
  async retry(): Promise<void> {
    if (this._state === 'failed' && performance.now() - this._failedAt > RETRY.asked) {
      this._begin();
      await Promise.race([this._started, delay(RETRY.asked, undefined, { ref: false })]);
    }
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
    if (id !== EmbeddedCluster.ID) {
      return;
    }
    await this.retry();
    if (this._state === 'off' || this._state === 'ready') {
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
    this._closed = true;
    clearTimeout(this._timer);
    await this._started;
    await this._cluster?.close();
  }

  private _begin(): void {
    if (this._closed) {
      return;
    }
    clearTimeout(this._timer);
    this._state = 'starting';
    this._problem = undefined;
    this._started = delay(HEAD_START).then(() => this._run());
    this._options.onChange();
  }

  private async _run(): Promise<void> {
    try {
      const cluster = await this._options.start();
      this._cluster = cluster;
      this._said = undefined;
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
      if (cluster.shared) {
        this._look(cluster, LOOKS);
      }
    } catch (error) {
      this._state = 'failed';
      this._failedAt = performance.now();
      this._problem = this._options.toProblem(error);
      // The same reason at each try is said once.
      if (this._said !== this._problem.detail) {
        this._said = this._problem.detail;
        this._options.log.error('The local cluster did not start', error);
      }
      this._later(RETRY.alone, () => this._begin());
    }
    this._options.onChange();
  }

  /** Watches the cluster of another bridge; when that has ended, the data are free for this one. */
  private _look(cluster: ILocalCluster, left: number): void {
    this._later(LOOK_EVERY, () => {
      void answers(cluster.endpoint).then(there => {
        if (this._cluster !== cluster || this._closed) {
          return;
        }
        if (there || left > 1) {
          this._look(cluster, there ? LOOKS : left - 1);
          return;
        }
        this._options.log.info('The bridge that ran the local cluster has ended; it is started here');
        this._begin();
      });
    });
  }

  private _later(milliseconds: number, work: () => void): void {
    clearTimeout(this._timer);
    if (!this._closed) {
      this._timer = setTimeout(work, milliseconds).unref();
    }
  }

  private _state: 'off' | 'starting' | 'ready' | 'failed' = 'off';
  private _problem: Problem | undefined;
  private _cluster: ILocalCluster | undefined;
  private _started: Promise<void> = Promise.resolve();
  private _failedAt = 0;
  private _said: string | undefined;
  private _timer: NodeJS.Timeout | undefined;
  private _closed = false;
}

/** Tells whether a cluster answers at all. */
function answers(endpoint: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = request(`${endpoint}/health`, { timeout: LOOK_EVERY, agent: false }, response => {
      response.resume();
      resolve(true);
    });
    probe.once('timeout', () => probe.destroy());
    probe.once('error', () => resolve(false));
    probe.end();
  });
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
