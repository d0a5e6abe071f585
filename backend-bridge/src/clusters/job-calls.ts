import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { EndpointAuth } from '../credentials';
import { remoteFailure, type HttpClient } from '../http';
import { OscarCalls } from './calls';
import { readJobs } from './compat';
import type { IRemoteJob } from './interfaces';

const segment = encodeURIComponent;

/** The part of OSCAR's REST that is about jobs: their list, their logs, their end. */
export class OscarJobs {
  constructor(options: { who: string; http: HttpClient; auth: EndpointAuth }) {
    this._calls = new OscarCalls(options);
    this.http = options.http;
  }

  readonly http: HttpClient;

  get features(): ReadonlySet<string> {
    return this._calls.features;
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

  protected readonly _calls: OscarCalls;
}

/** True when a job of this status will not change any more. */
export function isFinished(status: string): boolean {
  return status === 'Succeeded' || status === 'Failed' || status === 'Cancelled';
}
