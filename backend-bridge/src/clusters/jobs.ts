import type { Job, JobPage, JobState } from '../contract';
import type { IOscarService } from '../fdl';
import { BridgeError, isProblem } from '../http';
import { isFinished } from './job-calls';
import type { ICluster, IRemoteJob } from './interfaces';
import { readFacts, type IJobFacts } from './job-facts';
import { inPool } from './pool';
import { ownPlaces } from './service-view';

const FACTS_KEPT = 5000;
/** A log that was not there so often is asked for again after a pause only. */
const TRIES = 3;
const PAUSE = 10_000;
const UUID = /^(.+)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** The manager cuts longer service names in job names: reference of `POST /job`. */
const CUT_FROM = 25;
const CUT_TO = 16;
const PAGES_SEARCHED = 500;

const STATES: Record<string, JobState> = {
  Suspended: 'suspended',
  Pending: 'pending',
  Running: 'running',
  Succeeded: 'succeeded',
  Failed: 'failed',
  Cancelled: 'cancelled'
};

export interface IFoundJob {
  service: IOscarService;
  remote: IRemoteJob;
}

/**
 * Jobs of any cluster as the contract shows them. A plain OSCAR calls a failing script Succeeded: there the log is read, once
 * for each finished job, for the line that the epilogue writes.
 */
export class Jobs {
  async page(cluster: ICluster, options: { service?: string; page?: string } = {}): Promise<JobPage> {
    if (options.service !== undefined) {
      const service = await this._service(cluster, options.service);
      const list = await cluster.client.jobs(options.service, options.page);
      return {
        items: await this.views(cluster, service, list.jobs),
        ...(list.next === undefined ? {} : { next: list.next })
      };
    }
    const services = await cluster.client.services();
    const cursor = options.page === undefined ? undefined : readCursor(options.page);
    const asked = services.filter(service => cursor === undefined || service.name in cursor);
    const next: Record<string, string> = {};
    const lists = await inPool(asked, 6, async service => {
      try {
        const list = await cluster.client.jobs(service.name, cursor?.[service.name]);
        if (list.next !== undefined) {
          next[service.name] = list.next;
        }
        return await this.views(cluster, service, list.jobs);
      } catch (error) {
        // Deleted since, or another user's: the rest of the list is still worth showing.
        if (isProblem(error, 'not-found', 'forbidden')) {
          return [];
        }
        throw error;
      }
    });
    const items = lists.flat().sort((a, b) => compareTimes(b.createdAt, a.createdAt));
    return {
      items,
      ...(Object.keys(next).length ? { next: Buffer.from(JSON.stringify(next)).toString('base64url') } : {})
    };
  }

  /** Throws not-found. */
  async find(cluster: ICluster, id: string): Promise<IFoundJob> {
    for (const service of await this._candidates(cluster, id)) {
      let page: string | undefined;
      for (let pages = 0; pages < PAGES_SEARCHED; pages++) {
        const list = await cluster.client.jobs(service.name, page);
        const remote = list.jobs.find(item => item.name === id);
        if (remote) {
          this._services.set(`${cluster.id}/${id}`, service.name);
          return { service, remote };
        }
        page = list.next;
        if (page === undefined) {
          break;
        }
      }
    }
    throw new BridgeError({
      type: 'not-found',
      title: 'No such job',
      status: 404,
      detail: `The cluster "${cluster.id}" has no job "${id}".`,
      action: 'It may have been deleted, or its time is over: jobs expire.'
    });
  }

  async job(cluster: ICluster, id: string): Promise<Job> {
    const found = await this.find(cluster, id);
    return this.view(cluster, found.service, found.remote);
  }

  views(cluster: ICluster, service: IOscarService, jobs: IRemoteJob[]): Promise<Job[]> {
    return inPool(jobs, 6, remote => this.view(cluster, service, remote));
  }

  async view(cluster: ICluster, service: IOscarService, remote: IRemoteJob): Promise<Job> {
    this._remember(cluster, service.name, remote.name);
    const told = cluster.client.features.has('exit-code') && cluster.client.features.has('job-outputs');
    const facts = isFinished(remote.status) && !told ? await this.facts(cluster, service.name, remote) : undefined;
    return toJob(cluster.id, service, remote, facts);
  }

  /** Of a finished job, without what it printed; undefined while its log is not there. */
  async facts(cluster: ICluster, service: string, remote: IRemoteJob): Promise<IJobFacts | undefined> {
    const key = `${cluster.id}/${service}/${remote.name}`;
    const known = this._facts.get(key);
    if (known) {
      return known;
    }
    const missing = this._missing.get(key);
    if (missing && missing.tries >= TRIES && Date.now() < missing.until) {
      return undefined;
    }
    let log: string | undefined;
    try {
      log = await cluster.client.jobLog(service, remote.name);
    } catch (error) {
      // One log that cannot be read must not hide the list.
      if (!(error instanceof BridgeError)) {
        throw error;
      }
    }
    if (log === undefined) {
      // Logs go before their jobs do: such a job is not asked for at each look at the list.
      this._missing.set(key, { tries: (missing?.tries ?? 0) + 1, until: Date.now() + PAUSE });
      if (this._missing.size > FACTS_KEPT) {
        this._missing.delete(this._missing.keys().next().value as string);
      }
      return undefined;
    }
    this._missing.delete(key);
    return this.learn(cluster, service, remote.name, log);
  }

  /** Takes the whole log of a finished job, that somebody has read anyway. */
  learn(cluster: ICluster, service: string, job: string, log: string): IJobFacts {
    // What it printed is large and read again when it is asked for.
    const facts = { ...readFacts(log), printed: '' };
    this._facts.set(`${cluster.id}/${service}/${job}`, facts);
    if (this._facts.size > FACTS_KEPT) {
      this._facts.delete(this._facts.keys().next().value as string);
    }
    return facts;
  }

  private async _candidates(cluster: ICluster, id: string): Promise<IOscarService[]> {
    const guess = this._services.get(`${cluster.id}/${id}`) ?? UUID.exec(id)?.[1];
    if (guess !== undefined) {
      const service = await cluster.client.service(guess);
      if (service) {
        return [service];
      }
    }
    const services = await cluster.client.services();
    const cut = services.filter(service => service.name.length >= CUT_FROM && service.name.slice(0, CUT_TO) === guess);
    // A job that somebody else named, or one that was delegated here: any service may have it.
    return cut.length > 0 ? cut : guess === undefined ? services : [];
  }

  private async _service(cluster: ICluster, name: string): Promise<IOscarService> {
    return requireService(cluster, name);
  }

  private _remember(cluster: ICluster, service: string, job: string): void {
    this._services.set(`${cluster.id}/${job}`, service);
    if (this._services.size > FACTS_KEPT * 4) {
      this._services.delete(this._services.keys().next().value as string);
    }
  }

  private readonly _missing = new Map<string, { tries: number; until: number }>();
  private readonly _facts = new Map<string, IJobFacts>();
  private readonly _services = new Map<string, string>();
}

/** The service, or a not-found problem that names it. */
export async function requireService(cluster: ICluster, name: string): Promise<IOscarService> {
  const service = await cluster.client.service(name);
  if (!service) {
    throw new BridgeError({
      type: 'not-found',
      title: 'No such service',
      status: 404,
      detail: `The cluster "${cluster.id}" has no service "${name}".`,
      action: 'Check the name, or deploy it first.'
    });
  }
  return service;
}

/** A remote job as the contract shows it. `facts` are from its log, where the cluster itself does not tell. */
export function toJob(cluster: string, service: IOscarService, remote: IRemoteJob, facts?: IJobFacts): Job {
  const exitCode = remote.exit_code ?? facts?.exitCode;
  let state = remote.cancelled ? 'cancelled' : (STATES[remote.status] ?? 'unknown');
  let reason = remote.reason;
  if (state === 'succeeded' && exitCode !== undefined && exitCode !== 0) {
    state = 'failed';
  }
  if (state === 'failed' && !reason) {
    reason = exitCode ? `The script ended with exit code ${exitCode}.` : facts?.failure?.split('\n')[0];
  }
  const input = remote.input ?? facts?.input;
  const outputs = remote.outputs?.length ?? (facts ? facts.uploads.length + facts.names.length : undefined);
  // A cluster that lists outputs lists those of its own store: what goes elsewhere is not missed.
  const elsewhere =
    remote.outputs !== undefined && ownPlaces(service.output, service.name).length < service.output.length;
  const silent = state === 'succeeded' && outputs === 0 && service.output.length > 0 && !elsewhere;
  return {
    id: remote.name,
    kind: 'service',
    cluster,
    service: service.name,
    state,
    ...(reason ? { reason } : {}),
    ...(silent ? { warning: warningOf(service, exitCode) } : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(remote.creation_time ? { createdAt: remote.creation_time } : {}),
    ...(remote.start_time ? { startedAt: remote.start_time } : {}),
    ...(remote.finish_time ? { finishedAt: remote.finish_time } : {}),
    ...(input ? { input: { ...input, name: input.key.slice(input.key.lastIndexOf('/') + 1) } } : {})
  };
}

function warningOf(service: IOscarService, exitCode: number | undefined): string {
  const where = ownPlaces(service.output, service.name)[0];
  const place = where ? ` in ${where.bucket}/${where.prefix}` : '';
  return exitCode === undefined
    ? `Finished without output${place}; the script may have failed: see its log.`
    : `Finished without output${place}.`;
}

function compareTimes(a: string | undefined, b: string | undefined): number {
  const first = a ?? '9';
  const second = b ?? '9';
  return first < second ? -1 : first > second ? 1 : 0;
}

function readCursor(page: string): Record<string, string> {
  try {
    const value = JSON.parse(Buffer.from(page, 'base64url').toString('utf8')) as unknown;
    if (typeof value === 'object' && value !== null && Object.values(value).every(item => typeof item === 'string')) {
      return value as Record<string, string>;
    }
  } catch {
    // Falls through to the same answer as any other wrong page.
  }
  throw new BridgeError({
    type: 'invalid',
    title: 'Not a page',
    status: 400,
    detail: 'The page is not one that this list has answered.',
    action: 'Begin with the first page again.'
  });
}
