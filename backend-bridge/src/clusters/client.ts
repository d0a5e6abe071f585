import { setTimeout as delay } from 'node:timers/promises';
import { StringDecoder } from 'node:string_decoder';
import type { EndpointAuth } from '../credentials';
import type { IDeployment, IMinIOProvider, IOscarService } from '../fdl/service';
import { addSecret, remoteFailure, type HttpClient } from '../http';
import type { DataUsage } from '../contract';
import { OscarCalls } from './calls';
import { readJobs, readService, readUsage, withoutReadSecrets, writeService } from './compat';
import type { IOscarClient, IRemoteJob } from './interfaces';

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
export class OscarClient implements IOscarClient {
  constructor(options: { who: string; http: HttpClient; auth: EndpointAuth }) {
    this._calls = new OscarCalls(options);
    this.http = options.http;
  }

  readonly http: HttpClient;

  get features(): ReadonlySet<string> {
    return this._calls.features;
  }

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

  async jobs(service: string, page?: string): Promise<{ jobs: IRemoteJob[]; next?: string }> {
    const response = await this._calls.call({
      method: 'GET',
      path: `/system/logs/${segment(service)}${page === undefined ? '' : `?page=${segment(page)}`}`,
      what: `list the jobs of "${service}"`,
      timeout: 60_000
    });
    if (response.body.length === 0) {
      // What the manager answers to a user who may not see the service.
      throw remoteFailure({ who: this._calls.who, what: `see the jobs of "${service}"`, status: 403 });
    }
    const list = readJobs(this._calls.json(response));
    if (this.features.has('job-outputs')) {
      // A finished job without the list has written nothing.
      for (const job of list.jobs) {
        if (isFinished(job.status)) {
          job.outputs ??= [];
        }
      }
    }
    return list;
  }

  async jobLog(service: string, job: string): Promise<string | undefined> {
    const response = await this._calls.call({
      method: 'GET',
      path: `/system/logs/${segment(service)}/${segment(job)}`,
      what: `show the log of the job "${job}"`,
      timeout: 120_000,
      allow: [404, 500],
      limit: 256 * 1024 * 1024
    });
    if (response.status === 404 || (response.status === 500 && response.body.length === 0)) {
      return undefined;
    }
    if (response.status === 500) {
      throw remoteFailure({
        who: this._calls.who,
        what: `show the log of the job "${job}"`,
        status: 500,
        text: response.body.toString('utf8')
      });
    }
    return response.body.toString('utf8');
  }

  async *followJobLog(
    service: string,
    job: string,
    options: { from?: number; signal?: AbortSignal } = {}
  ): AsyncIterable<string> {
    if (this.features.has('live-logs')) {
      yield* this._calls.stream(
        `/system/logs/${segment(service)}/${segment(job)}?follow=true&from=${options.from ?? 0}`,
        `follow the log of "${job}"`,
        options.signal
      );
      return;
    }
    let sent = options.from ?? 0;
    for (let pause = 1000; ; pause = Math.min(pause * 1.3, 5000)) {
      // The list first: what the log holds after the job has ended is all of it.
      const ended = await this._ended(service, job);
      const bytes = Buffer.from((await this.jobLog(service, job)) ?? '', 'utf8');
      if (bytes.length > sent) {
        // A character may still be half written.
        const decoder = new StringDecoder('utf8');
        const text = decoder.write(bytes.subarray(sent)) + (ended ? decoder.end() : '');
        sent += Buffer.byteLength(text);
        if (text) {
          yield text;
          pause = 1000;
        }
      }
      if (ended || options.signal?.aborted) {
        return;
      }
      try {
        await delay(pause, undefined, { signal: options.signal });
      } catch {
        return;
      }
    }
  }

  async deleteJob(service: string, job: string): Promise<void> {
    await this._calls.call({
      method: 'DELETE',
      path: `/system/logs/${segment(service)}/${segment(job)}`,
      what: `delete the job "${job}"`,
      timeout: 60_000
    });
  }

  async cancelJob(service: string, job: string): Promise<void> {
    if (!this.features.has('job-cancel')) {
      await this.deleteJob(service, job);
      return;
    }
    await this._calls.call({
      method: 'POST',
      path: `/system/logs/${segment(service)}/${segment(job)}/cancel`,
      what: `cancel the job "${job}"`,
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

  private async _ended(service: string, job: string): Promise<boolean> {
    let page: string | undefined;
    do {
      const list = await this.jobs(service, page);
      const found = list.jobs.find(item => item.name === job);
      if (found) {
        return isFinished(found.status);
      }
      page = list.next;
    } while (page !== undefined);
    return true;
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

  private readonly _calls: OscarCalls;
  private _version: string | undefined;
}

function include(options: { deployment?: boolean }): string {
  return options.deployment ? '?include=deployment' : '';
}

/** True when a job of this status will not change any more. */
export function isFinished(status: string): boolean {
  return status === 'Succeeded' || status === 'Failed' || status === 'Cancelled';
}
