import type { INodeJob } from './node-jobs';

/** How long a job that has ended may be without the status of its node: the object store is asked again (milliseconds). */
export const GRACE = 2500;
/** The same where its log is not there yet, which would tell how it ended. */
export const LOG_GRACE = 15_000;

/** What jobs that do not run any more mean for a node without a status. */
export type Verdict =
  | { kind: 'wait' }
  | { kind: 'failed'; job: INodeJob }
  | { kind: 'cancelled'; job?: string }
  | { kind: 'silent'; job: INodeJob }
  | { kind: 'lost' };

export interface IJudgeOptions {
  own: INodeJob[];
  /** Jobs whose run is not known. */
  unknown: INodeJob[];
  /** Jobs of this attempt that were seen before and are gone. */
  vanished: string[];
  /** It has several parents: invocations that step aside end well and leave nothing. */
  join: boolean;
  /** Since when nothing has changed, milliseconds. */
  quiet: number;
  lostAfter: number;
}

/** Decides about a node whose turn it is, that has left no status and has no job under way. */
export function judge(options: IJudgeOptions): Verdict {
  const { own, unknown, vanished, join, quiet, lostAfter } = options;
  if (quiet < GRACE) {
    return { kind: 'wait' };
  }
  const cancelled = own.find(item => item.job.state === 'cancelled');
  if (cancelled) {
    return { kind: 'cancelled', job: cancelled.job.id };
  }
  const bad = latest(own.filter(item => item.job.state === 'failed' || item.job.state === 'unknown'));
  if (bad) {
    return { kind: 'failed', job: bad };
  }
  if (vanished.length > 0) {
    return { kind: 'cancelled', job: vanished[vanished.length - 1] };
  }
  const good = latest(own);
  if (good && !join) {
    return good.wrote === undefined && quiet < LOG_GRACE ? { kind: 'wait' } : { kind: 'silent', job: good };
  }
  // A job of which nobody knows whose it is may still turn out to be the one.
  const patience = unknown.length > 0 ? Math.max(lostAfter, LOG_GRACE) : lostAfter;
  return quiet < patience ? { kind: 'wait' } : { kind: 'lost' };
}

/** The one that was made last. */
export function latest(jobs: INodeJob[]): INodeJob | undefined {
  return [...jobs].sort((a, b) => timeOf(a).localeCompare(timeOf(b)) || a.job.id.localeCompare(b.job.id)).pop();
}

function timeOf({ job }: INodeJob): string {
  return job.startedAt ?? job.createdAt ?? '9';
}

/** The job that does, or did, the work of a node: the one that has written its status, else one that runs, else the last. */
export function workerOf(own: INodeJob[]): INodeJob | undefined {
  return (
    own.find(item => item.wrote === true) ??
    latest(own.filter(item => !item.over && item.job.state === 'running')) ??
    latest(own.filter(item => !item.over)) ??
    latest(own.filter(item => item.wrote !== false)) ??
    latest(own)
  );
}
