import type { IDeployment, IMinIOProvider, IOscarService } from '../fdl/service';
import { addSecret, remoteFailure } from '../http';
import type { DataUsage } from '../contract';
import { readService, readUsage, withoutReadSecrets, writeService } from './compat';
import type { IOscarClient } from './interfaces';
import { OscarJobs } from './job-calls';

/** A create restarts the cluster's object store (6–9 s), and with image_prefetch waits for its nodes. */
const CHANGE_TIMEOUT = 300_000;
/** As long as the manager's own proxy waits, and a little more. */
const RUN_TIMEOUT = 320_000;
/** What the manager answers where it has no such route. */
const NO_ROUTE = '404 page not found';
/** Words of `GET …/deployment` when the cluster is too old for it. */
const NO_DEPLOYMENT: IDeployment = {
  state: 'unavailable',
  active_instances: 0,
  affected_instances: 0,
  resource_kind: 'unavailable'
};

/** What changed on a cluster with the feature `events`. */
export interface IClusterChange {
  kind: 'service' | 'job';
  name: string;
  /** Of a job. */
  service?: string;
  status?: string;
  removed?: boolean;
}

const segment = encodeURIComponent;

/** OSCAR's REST, of any version from 3.0 on, as one interface. */
export class OscarClient extends OscarJobs implements IOscarClient {
  /** As the last `info()` said; asked for when it is not known yet. */
  async version(): Promise<string> {
    return this._version ?? (await this.info()).version;
  }

  async info(
    options: { timeout?: number; signal?: AbortSignal } = {}
  ): Promise<{ version: string; [key: string]: unknown }> {
    const answer = this._calls.json<{ version?: unknown }>(
      await this._calls.call({ method: 'GET', path: '/system/info', what: 'tell its version', ...options })
    );
    const version = typeof answer.version === 'string' ? answer.version : '';
    this._version = version;
    return { ...answer, version };
  }

  async config(): Promise<{ config: Record<string, unknown>; minio_provider: IMinIOProvider; [key: string]: unknown }> {
    const answer = this._calls.json<{ config?: Record<string, unknown>; minio_provider?: IMinIOProvider }>(
      await this._calls.call({ method: 'GET', path: '/system/config', what: 'tell its configuration' })
    );
    if (!answer.minio_provider?.endpoint) {
      throw this._calls.odd('its configuration names no object store');
    }
    addSecret(answer.minio_provider.secret_key);
    return { ...answer, config: answer.config ?? {}, minio_provider: answer.minio_provider };
  }

  async status(): Promise<Record<string, unknown>> {
    return this._calls.json(await this._calls.call({ method: 'GET', path: '/system/status', what: 'tell its load' }));
  }

  async quota(): Promise<Record<string, unknown> | undefined> {
    const response = await this._calls.call({
      method: 'GET',
      path: '/system/quotas/user',
      what: 'tell your quota',
      allow: [401, 403, 404, 500]
    });
    return response.status === 200 ? this._calls.json(response) : undefined;
  }

  async services(options: { deployment?: boolean } = {}): Promise<IOscarService[]> {
    const answer = this._calls.json<unknown>(
      await this._calls.call({
        method: 'GET',
        path: `/system/services${include(options)}`,
        what: 'list its services',
        timeout: 60_000
      })
    );
    // An empty list is `[]` or, on older servers, `null`.
    return Array.isArray(answer) ? answer.map(item => this._known(readService(item))) : [];
  }

  async service(name: string, options: { deployment?: boolean } = {}): Promise<IOscarService | undefined> {
    const response = await this._calls.call({
      method: 'GET',
      path: `/system/services/${segment(name)}${include(options)}`,
      what: `show the service "${name}"`,
      allow: [404]
    });
    return response.status === 404 ? undefined : this._known(readService(this._calls.json(response)));
  }

  async createService(service: Partial<IOscarService>): Promise<void> {
    await this._calls.call({
      method: 'POST',
      path: '/system/services',
      what: `create the service "${service.name ?? ''}"`,
      body: writeService(service, await this.version()),
      timeout: CHANGE_TIMEOUT
    });
  }

  async updateService(service: Partial<IOscarService>): Promise<void> {
    await this._calls.call({
      method: 'PUT',
      path: '/system/services',
      what: `change the service "${service.name ?? ''}"`,
      body: writeService(withoutReadSecrets(service), await this.version()),
      timeout: CHANGE_TIMEOUT
    });
  }

  async deleteService(name: string): Promise<void> {
    await this._calls.call({
      method: 'DELETE',
      path: `/system/services/${segment(name)}`,
      what: `delete the service "${name}"`,
      timeout: CHANGE_TIMEOUT
    });
  }

  async deployment(name: string): Promise<IDeployment & { progress?: number }> {
    const response = await this._calls.call({
      method: 'GET',
      path: `/system/services/${segment(name)}/deployment`,
      what: `tell the state of the service "${name}"`,
      allow: [404]
    });
    return response.status === 404 ? NO_DEPLOYMENT : this._calls.json(response);
  }

  async deploymentLogs(
    name: string,
    tail = 200
  ): Promise<{ available: boolean; message?: string; entries: { timestamp?: string; message: string }[] }> {
    const response = await this._calls.call({
      method: 'GET',
      path: `/system/services/${segment(name)}/deployment/logs?tailLines=${tail}`,
      what: `show the log of the service "${name}"`,
      allow: [404]
    });
    if (response.status === 404) {
      return { available: false, message: 'This cluster keeps no logs of services.', entries: [] };
    }
    const answer = this._calls.json<{
      available?: boolean;
      message?: string;
      entries?: { timestamp?: string; message: string }[] | null;
    }>(response);
    return {
      available: answer.available === true,
      ...(answer.message === undefined ? {} : { message: answer.message }),
      entries: answer.entries ?? []
    };
  }

  /** The service's own log from its beginning, as it grows (feature `live-logs`). */
  followDeploymentLogs(name: string, options: { signal?: AbortSignal } = {}): AsyncIterable<string> {
    return this._calls.stream(
      `/system/services/${segment(name)}/deployment/logs?follow=true`,
      `follow the log of the service "${name}"`,
      options.signal
    );
  }

  /** Names of what changes, as it changes (feature `events`); read it again to know it. Ends when the connection does. */
  async *events(options: { signal?: AbortSignal } = {}): AsyncIterable<IClusterChange> {
    let rest = '';
    for await (const text of this._calls.stream('/system/events', 'tell what changes', options.signal)) {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = block
          .split('\n')
          .filter(line => line.startsWith('data:'))
          .map(line => line.slice(5).trim())
          .join('');
        if (data) {
          yield this._change(data);
        }
      }
    }
  }

  async control(name: string, verb: 'start' | 'stop' | 'restart'): Promise<void> {
    await this._calls.call({
      method: 'POST',
      path: `/system/services/${segment(name)}/${verb}`,
      what: `${verb} the service "${name}"`,
      timeout: 60_000
    });
  }

  async submitJob(service: IOscarService, body: string | Buffer): Promise<string | undefined> {
    const response = await this._calls.call({
      method: 'POST',
      path: `/job/${segment(service.name)}`,
      what: `start a job of "${service.name}"`,
      body,
      operation: 'job',
      token: service.token,
      timeout: 60_000
    });
    return response.headers['oscar-job'];
  }

  async run(service: IOscarService, body: Buffer, options: { signal?: AbortSignal } = {}): Promise<Buffer | undefined> {
    return (await this.call(service, body, options))?.body;
  }

  /** As `run`, with the exit code where the cluster tells it (feature `exit-code`). */
  async call(
    service: IOscarService,
    body: Buffer,
    options: { signal?: AbortSignal } = {}
  ): Promise<{ body: Buffer; exitCode?: number } | undefined> {
    const response = await this._calls.call({
      method: 'POST',
      path: `/run/${segment(service.name)}`,
      what: `run "${service.name}"`,
      body,
      operation: 'run',
      token: service.token,
      timeout: RUN_TIMEOUT,
      signal: options.signal,
      allow: [404],
      limit: 512 * 1024 * 1024
    });
    if (response.status === 404) {
      const text = response.body.toString('utf8', 0, 8000);
      if (text === '' || text.startsWith(NO_ROUTE)) {
        return undefined;
      }
      // The route is there: this is the service's own answer.
      throw remoteFailure({ who: this._calls.who, what: `run "${service.name}"`, status: 500, text });
    }
    const code = response.headers['oscar-exit-code'];
    return { body: response.body, ...(code !== undefined && /^\d+$/.test(code) ? { exitCode: Number(code) } : {}) };
  }

  async buckets(): Promise<
    { bucket_name: string; visibility: string; owner: string; metadata: Record<string, string> | null }[]
  > {
    const answer = this._calls.json<unknown>(
      await this._calls.call({ method: 'GET', path: '/system/buckets', what: 'list its buckets', timeout: 60_000 })
    );
    return Array.isArray(answer)
      ? (answer as {
          bucket_name: string;
          visibility: string;
          owner: string;
          metadata: Record<string, string> | null;
        }[])
      : [];
  }

  /** Names of the volumes; undefined where the cluster has none to tell of. */
  async volumes(): Promise<string[] | undefined> {
    const response = await this._calls.call({
      method: 'GET',
      path: '/system/volumes',
      what: 'list its volumes',
      allow: [401, 403, 404, 500]
    });
    if (response.status !== 200) {
      return undefined;
    }
    const answer = this._calls.json<unknown>(response);
    return Array.isArray(answer) ? answer.map(item => String((item as { name?: unknown }).name ?? '')) : [];
  }

  async usage(): Promise<DataUsage> {
    const response = await this._calls.call({
      method: 'GET',
      path: '/system/data',
      what: 'tell what it keeps on disk',
      timeout: 120_000
    });
    return readUsage(this._calls.json(response));
  }

  async clearUsage(parts: string[]): Promise<void> {
    await this._calls.call({
      method: 'POST',
      path: '/system/data/clear',
      what: 'clear its data',
      body: { parts },
      timeout: CHANGE_TIMEOUT
    });
  }

  private _change(data: string): IClusterChange {
    try {
      return JSON.parse(data) as IClusterChange;
    } catch {
      throw this._calls.odd('one of its events is no JSON', data.slice(0, 500));
    }
  }

  private _known(service: IOscarService): IOscarService {
    addSecret(service.token);
    for (const cluster of Object.values(service.clusters ?? {})) {
      addSecret(cluster.auth_password);
    }
    return service;
  }

  private _version: string | undefined;
}

function include(options: { deployment?: boolean }): string {
  return options.deployment ? '?include=deployment' : '';
}
