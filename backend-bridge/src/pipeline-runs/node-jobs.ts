import type { ICluster, IRemoteJob } from '../clusters';
import { isFinished } from '../clusters';
import { readFacts } from '../clusters/job-facts';
import { Jobs, toJob } from '../clusters/jobs';
import { inPool } from '../clusters/pool';
import type { Job } from '../contract';
import type { IOscarService } from '../fdl';
import { BridgeError } from '../http';
import { PREFIXES, runOfKey } from '../pipelines';

/** Jobs whose run is remembered. */
const KEPT = 20_000;

/** A job of a node in one run. */
export interface INodeJob {
  job: Job;
  over: boolean;
  /** It has written the status of the node; undefined: the cluster does not tell. */
  wrote?: boolean;
}

export interface ISeenJobs {
  own: INodeJob[];
  /** Jobs of which is not known whose they are, and that may be of this run. */
  unknown: INodeJob[];
  /** Names of all jobs that the cluster has. */
  names: Set<string>;
}

/**
 * Tells which jobs of a service belong to which run. Where the cluster names a job's input, its key says it. A plain OSCAR does not:
 * there the log of each job that is new is read until it names its input.
 */
export class NodeJobs {
  async look(cluster: ICluster, service: IOscarService, run: string, before: ReadonlySet<string>): Promise<ISeenJobs> {
    const remote = await allJobs(cluster, service.name);
    const seen: ISeenJobs = { own: [], unknown: [], names: new Set(remote.map(job => job.name)) };
    const fresh = remote.filter(job => !before.has(job.name));
    await inPool(fresh, 6, async job => {
      const owner = await this._runOf(cluster, service.name, job);
      if (owner === run) {
        seen.own.push(await this._view(cluster, service, job, run));
      } else if (owner === undefined) {
        seen.unknown.push(await this._view(cluster, service, job, run));
      }
    });
    return seen;
  }

  /** A job that this process started by a call, for this run. */
  know(cluster: string, service: string, job: string, run: string): void {
    this._remember(`${cluster}/${service}/${job}`, run);
  }

  /** Name of the run; '' for none of ours; undefined when it cannot be told yet. */
  private async _runOf(cluster: ICluster, service: string, job: IRemoteJob): Promise<string | undefined> {
    const id = `${cluster.id}/${service}/${job.name}`;
    const known = this._runs.get(id);
    if (known !== undefined) {
      return known;
    }
    if (job.input) {
      return this._remember(id, runOfKey(job.input.key) ?? '');
    }
    if (cluster.client.features.has('job-outputs') || job.status === 'Suspended' || job.status === 'Pending') {
      // With the feature it would be told: the job has not begun to read.
      return undefined;
    }
    let log: string | undefined;
    try {
      log = await cluster.client.jobLog(service, job.name);
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
    }
    const run = log === undefined ? undefined : runInLog(log);
    if (run !== undefined) {
      return this._remember(id, run);
    }
    // An invocation of a join that steps aside ends well and writes nothing: it is nobody's work.
    const aside = log !== undefined && isFinished(job.status) && readFacts(log).exitCode === 0;
    return aside ? this._remember(id, '') : undefined;
  }

  private async _view(cluster: ICluster, service: IOscarService, remote: IRemoteJob, run: string): Promise<INodeJob> {
    const over = isFinished(remote.status);
    const { features } = cluster.client;
    const told = features.has('exit-code') && features.has('job-outputs');
    const facts = over && !told ? await this._jobs.facts(cluster, service.name, remote) : undefined;
    const job = toJob(cluster.id, service, remote, facts);
    const end = `${PREFIXES.artifacts}${run}/_status.json`;
    const wrote = remote.outputs
      ? remote.outputs.some(output => output.key.endsWith(end))
      : facts && (facts.uploads.length > 0 || facts.names.length > 0)
        ? facts.uploads.some(upload => upload.key.endsWith(end)) || facts.names.some(name => name.endsWith(end))
        : facts && facts.exitCode !== undefined
          ? false
          : undefined;
    return { job, over, ...(wrote === undefined ? {} : { wrote }) };
  }

  private _remember(id: string, run: string): string {
    this._runs.set(id, run);
    if (this._runs.size > KEPT) {
      this._runs.delete(this._runs.keys().next().value as string);
    }
    return run;
  }

  private readonly _jobs = new Jobs();
  private readonly _runs = new Map<string, string>();
}

/** The run that a log speaks of: the runner says it, the supervisor names the input, the epilogue the outputs. */
function runInLog(log: string): string | undefined {
  const said = /^\[pipeline\] run ([a-z0-9][a-z0-9-]{0,62}):/m.exec(log)?.[1];
  if (said !== undefined) {
    return said;
  }
  const facts = readFacts(log);
  const key = facts.input?.key ?? facts.names[0] ?? facts.uploads[0]?.key;
  return key === undefined ? undefined : (runOfKey(key) ?? '');
}

async function allJobs(cluster: ICluster, service: string): Promise<IRemoteJob[]> {
  const jobs: IRemoteJob[] = [];
  let page: string | undefined;
  do {
    const list = await cluster.client.jobs(service, page);
    jobs.push(...list.jobs);
    page = list.next;
  } while (page !== undefined);
  return jobs;
}

/** Names of the jobs that a service has now. */
export async function jobNames(cluster: ICluster, service: string): Promise<string[]> {
  return (await allJobs(cluster, service)).map(job => job.name);
}
