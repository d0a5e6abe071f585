import type { ICluster } from '../clusters';
import { readFacts } from '../clusters/job-facts';
import { BridgeError, redactText } from '../http';
import type { IKeptNode } from './journal';
import type { INodeJob } from './node-jobs';

/** What a job that ended without a record of its node says of it: its exit code, and the last line that it printed. */
export async function failureOf(cluster: ICluster, { job }: INodeJob): Promise<Partial<IKeptNode['view']>> {
  const log = await cluster.client.jobLog(job.service, job.id).catch(error => {
    if (!(error instanceof BridgeError)) {
      throw error;
    }
    return undefined;
  });
  const facts = log === undefined ? undefined : readFacts(log);
  const last = facts?.printed.trim().split('\n').pop()?.trim();
  const how =
    job.reason ??
    (job.exitCode === undefined || job.exitCode === 0
      ? 'Its job ended without a record of the node.'
      : `Its job ended with exit code ${job.exitCode}.`);
  return {
    job: job.id,
    ...(job.exitCode === undefined ? {} : { exitCode: job.exitCode }),
    ...(job.startedAt === undefined ? {} : { startedAt: job.startedAt }),
    finishedAt: job.finishedAt ?? new Date().toISOString(),
    reason: last && !how.includes(last) ? `${how} Its log ends with: ${redactText(last.slice(0, 300))}` : how
  };
}
