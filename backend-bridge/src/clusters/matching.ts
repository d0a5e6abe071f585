import { isFinished } from './job-calls';
import type { ICluster, IRemoteJob } from './interfaces';
import { readFacts } from './job-facts';
import type { IKeptItem } from './journal';
import { inPool } from './pool';

/** How often a finished job without a log is looked at again. */
const PATIENCE = 20;
/** Looks without a trace after which a job counts as deleted. */
const GONE_AFTER = 3;

export interface ISeen {
  jobs: Map<string, IRemoteJob>;
  /** All pages were read. */
  complete: boolean;
  /** Jobs of which is not known yet whose they are. */
  unresolved: number;
}

/**
 * Finds the job of each input.
 *
 * Where the cluster tells a job's input, that decides. A plain OSCAR does not: there the log of every job that is new is
 * read until it names an input: the token in our keys is in it, or another key is, and then the job is somebody else's. Jobs
 * of others are never taken by guessing; a job whose log says nothing at all is ours only when it is the only new one and one
 * input is left.
 */
export class Matcher {
  constructor(options: {
    cluster: ICluster;
    service: string;
    before: Set<string>;
    learn: (job: string, log: string) => void;
  }) {
    this._learn = options.learn;
    this._cluster = options.cluster;
    this._service = options.service;
    this._foreign = options.before;
  }

  async look(items: IKeptItem[]): Promise<ISeen> {
    const wanted = new Set(
      items.filter(item => isOpen(item) && item.view.job !== undefined).map(item => item.view.job as string)
    );
    const unmatched = items.filter(item => isOpen(item) && item.uploaded && item.view.job === undefined);
    const taken = new Set(items.map(item => item.view.job).filter(job => job !== undefined));
    const jobs = new Map<string, IRemoteJob>();
    let page: string | undefined;
    let complete = true;
    do {
      const list = await this._cluster.client.jobs(this._service, page);
      list.jobs.forEach(job => jobs.set(job.name, job));
      page = list.next;
      if (page !== undefined && this._cluster.client.features.has('job-outputs') && list.jobs.length > 0) {
        this._match(unmatched, jobs);
        // Newest first there: once all are seen, older pages hold nothing of ours.
        if ([...wanted].every(name => jobs.has(name)) && unmatched.every(item => item.view.job !== undefined)) {
          complete = false;
          break;
        }
      }
    } while (page !== undefined);
    this._match(unmatched, jobs);
    const left = unmatched.filter(item => item.view.job === undefined);
    const unresolved = left.length > 0 && !this._tells(jobs) ? await this._readLogs(left, jobs, taken) : 0;
    for (const name of wanted) {
      this._misses.set(name, jobs.has(name) ? 0 : (this._misses.get(name) ?? 0) + 1);
    }
    return { jobs, complete, unresolved };
  }

  /** The job was not there the last few times. */
  missing(job: string): boolean {
    return (this._misses.get(job) ?? 0) >= GONE_AFTER;
  }

  /** The log of this finished job has been asked for often enough. */
  tired(job: string): boolean {
    const tries = (this._tries.get(job) ?? 0) + 1;
    this._tries.set(job, tries);
    return tries > PATIENCE;
  }

  private _tells(jobs: Map<string, IRemoteJob>): boolean {
    return this._cluster.client.features.has('job-outputs') && [...jobs.values()].some(job => job.input !== undefined);
  }

  private _match(items: IKeptItem[], jobs: Map<string, IRemoteJob>): void {
    const byKey = new Map<string, string>();
    for (const job of jobs.values()) {
      // The oldest job of a key is the one that our upload started; the list is newest first.
      if (job.input) {
        byKey.set(`${job.input.bucket}/${job.input.key}`, job.name);
      }
    }
    for (const item of items) {
      const job = byKey.get(`${item.bucket}/${item.objectKey}`);
      if (job !== undefined) {
        item.view.job ??= job;
      }
    }
  }

  private async _readLogs(items: IKeptItem[], jobs: Map<string, IRemoteJob>, taken: Set<string>): Promise<number> {
    const candidates = [...jobs.values()].filter(job => !this._foreign.has(job.name) && !taken.has(job.name));
    const silent: IRemoteJob[] = [];
    let unresolved = 0;
    await inPool(candidates, 6, async job => {
      // A job that has not begun has no log.
      if (job.status === 'Suspended' || job.status === 'Pending') {
        unresolved += 1;
        return;
      }
      const log = await this._cluster.client.jobLog(this._service, job.name);
      const own =
        log === undefined ? undefined : items.find(item => item.view.job === undefined && log.includes(item.token));
      if (log !== undefined && isFinished(job.status)) {
        this._learn(job.name, log);
      }
      if (own) {
        own.view.job = job.name;
        return;
      }
      if (log !== undefined && readFacts(log).input) {
        this._foreign.add(job.name);
        return;
      }
      if (isFinished(job.status) && (log !== undefined || this.tired(job.name))) {
        silent.push(job);
        return;
      }
      unresolved += 1;
    });
    const left = items.filter(item => item.view.job === undefined);
    if (left.length === 1 && silent.length === 1 && unresolved === 0) {
      // Nobody can say so, but there is no other: wait a moment for one all the same.
      const looks = (this._alone.get(silent[0].name) ?? 0) + 1;
      this._alone.set(silent[0].name, looks);
      if (looks > 3) {
        left[0].view.job = silent[0].name;
      }
    }
    return unresolved;
  }

  private readonly _learn: (job: string, log: string) => void;
  private readonly _cluster: ICluster;
  private readonly _service: string;
  /** Jobs that are not ours: those from before, and those whose log names another input. */
  private readonly _foreign: Set<string>;
  private readonly _misses = new Map<string, number>();
  private readonly _tries = new Map<string, number>();
  private readonly _alone = new Map<string, number>();
}

function isOpen(item: IKeptItem): boolean {
  return (
    item.view.state === 'uploading' ||
    item.view.state === 'pending' ||
    item.view.state === 'running' ||
    item.view.state === 'suspended'
  );
}
