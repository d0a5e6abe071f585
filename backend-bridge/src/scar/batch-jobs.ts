import type { JobDetail, JobStatus, JobSummary } from '@aws-sdk/client-batch';
import type { AwsBatchJob } from '../contract';
import { pause } from '../http/pause';
import { awsError, calling, isGone, missing } from './errors';
import { allPages } from './pages';
import { sdk } from './sdk';
import type { ITarget } from './session';

const LOG_GROUP = '/aws/batch/job';
const STATES: JobStatus[] = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED'];
const PAUSE = 1500;

/** The id of the job that a function has started, as its log and its answer tell. */
export function linkedJob(text: string): string | undefined {
  return /delegated to batch[\s\S]*?-ri\s+([0-9a-f-]{36})/i.exec(text)?.[1];
}

/** Jobs of Batch. */
export class BatchJobs {
  constructor(private readonly _target: ITarget) {}

  /** Of the queues of these functions, newest first. */
  async list(functions: string[]): Promise<AwsBatchJob[]> {
    const client = this._target.clients.batch();
    const found = await calling('list the jobs of Batch', () =>
      Promise.all(
        functions.flatMap(name =>
          STATES.map(async jobStatus => {
            let jobs: JobSummary[] = [];
            try {
              jobs = await allPages(async nextToken => {
                const answer = await client.send(
                  new (sdk.batch().ListJobsCommand)({ jobQueue: name, jobStatus, nextToken })
                );
                return { items: answer.jobSummaryList, next: answer.nextToken };
              });
            } catch (error) {
              // A function whose queue is not there (any more) has no jobs.
              if (!isGone(error) && !/does not exist|not found/i.test((error as Error).message)) {
                throw error;
              }
            }
            return jobs.map(job => summary(job, name));
          })
        )
      )
    );
    return found.flat().sort((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? ''));
  }

  /** @throws BridgeError not-found */
  async get(id: string): Promise<AwsBatchJob> {
    return detail(await this._detail(id));
  }

  async find(id: string): Promise<AwsBatchJob | undefined> {
    if (!/^[0-9a-f-]{36}(:\d+)?$/.test(id)) {
      return undefined;
    }
    const job = await this._look(id);
    return job && detail(job);
  }

  async cancel(id: string): Promise<AwsBatchJob> {
    await this._detail(id);
    await calling(`cancel the job ${id}`, () =>
      this._target.clients
        .batch()
        .send(new (sdk.batch().TerminateJobCommand)({ jobId: id, reason: 'Cancelled by the user' }))
    );
    return this.get(id);
  }

  /** What a job has written, also one that failed. */
  async *log(id: string, options: { follow?: boolean; signal?: AbortSignal } = {}): AsyncGenerator<string> {
    let token: string | undefined;
    let stream: string | undefined;
    do {
      const job = await this._detail(id);
      const over = job.status === 'SUCCEEDED' || job.status === 'FAILED';
      const now = streamOf(job);
      if (now !== stream) {
        stream = now;
        token = undefined;
      }
      if (stream !== undefined) {
        for (;;) {
          const page = await this._page(stream, token);
          if (page.text !== '') {
            yield page.text;
          }
          if (page.next === undefined || page.next === token) {
            break;
          }
          token = page.next;
        }
      }
      if (over || options.follow !== true) {
        return;
      }
      await pause(PAUSE, options.signal);
    } while (!options.signal?.aborted);
  }

  /** State and log together, as `scar log -ri` shows them. */
  async *report(id: string, options: { follow?: boolean; signal?: AbortSignal }): AsyncGenerator<string> {
    yield* this.log(id, options);
    const job = await this._detail(id);
    const reason = job.statusReason ?? job.container?.reason;
    yield `Batch job status: ${job.status ?? ''}${job.status === 'FAILED' && reason ? ` (${reason})` : ''}\n`;
  }

  private async _page(stream: string, token: string | undefined): Promise<{ text: string; next?: string }> {
    try {
      const answer = await this._target.clients.logs().send(
        new (sdk.logs().GetLogEventsCommand)({
          logGroupName: LOG_GROUP,
          logStreamName: stream,
          startFromHead: true,
          ...(token === undefined ? {} : { nextToken: token })
        })
      );
      return {
        text: (answer.events ?? []).map(event => `${(event.message ?? '').replace(/\n$/, '')}\n`).join(''),
        ...(answer.nextForwardToken === undefined ? {} : { next: answer.nextForwardToken })
      };
    } catch (error) {
      // A job that has not begun has no log yet.
      if (isGone(error)) {
        return { text: '' };
      }
      throw awsError(error, `read the log of the job "${stream}"`);
    }
  }

  private async _look(id: string): Promise<JobDetail | undefined> {
    const answer = await calling(`look at the job ${id}`, () =>
      this._target.clients.batch().send(new (sdk.batch().DescribeJobsCommand)({ jobs: [id] }))
    );
    return answer.jobs?.[0];
  }

  private async _detail(id: string): Promise<JobDetail> {
    const job = await this._look(id);
    if (!job) {
      throw missing('job', id, 'Batch forgets jobs a week after their end.');
    }
    return job;
  }
}

function streamOf(job: JobDetail): string | undefined {
  return job.container?.logStreamName ?? job.attempts?.[job.attempts.length - 1]?.container?.logStreamName;
}

function iso(milliseconds: number | undefined): string | undefined {
  return milliseconds ? new Date(milliseconds).toISOString() : undefined;
}

function times(job: JobSummary | JobDetail): Pick<AwsBatchJob, 'createdAt' | 'startedAt' | 'stoppedAt'> {
  const [createdAt, startedAt, stoppedAt] = [iso(job.createdAt), iso(job.startedAt), iso(job.stoppedAt)];
  return {
    ...(createdAt ? { createdAt } : {}),
    ...(startedAt ? { startedAt } : {}),
    ...(stoppedAt ? { stoppedAt } : {})
  };
}

function summary(job: JobSummary, name: string): AwsBatchJob {
  const reason = job.statusReason ?? job.container?.reason;
  return {
    id: job.jobId ?? '',
    name: job.jobName ?? '',
    function: name,
    state: (job.status ?? 'SUBMITTED').toLowerCase() as AwsBatchJob['state'],
    ...(reason ? { reason } : {}),
    ...(job.container?.exitCode === undefined ? {} : { exitCode: job.container.exitCode }),
    ...times(job)
  };
}

function detail(job: JobDetail): AwsBatchJob {
  const reason = job.statusReason ?? job.container?.reason;
  // Jobs of several nodes have it with their attempts only.
  const exitCode = job.container?.exitCode ?? job.attempts?.at(-1)?.container?.exitCode;
  const stream = streamOf(job);
  const queue = job.jobQueue?.split('/').pop();
  return {
    id: job.jobId ?? '',
    name: job.jobName ?? '',
    ...(queue ? { function: queue } : {}),
    state: (job.status ?? 'SUBMITTED').toLowerCase() as AwsBatchJob['state'],
    ...(reason ? { reason } : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...times(job as unknown as JobSummary),
    ...(stream ? { logStream: stream } : {})
  };
}
