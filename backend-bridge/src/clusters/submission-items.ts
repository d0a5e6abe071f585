import type { Problem, SubmissionItem } from '../contract';
import { BridgeError } from '../http';
import type { IKeptItem } from './journal';

/** True when nothing will change any more. */
export function isOver(view: SubmissionItem): boolean {
  return (
    view.state === 'succeeded' || view.state === 'failed' || view.state === 'cancelled' || view.state === 'unknown'
  );
}

export function end(item: IKeptItem, state: SubmissionItem['state'], problem?: Problem): void {
  item.view.state = state;
  if (problem) {
    item.view.problem = problem;
  }
}

/** What is said of a failed job. */
export function failureOf(reason: string | undefined, file: string): Problem {
  return new BridgeError({
    type: 'job-failed',
    title: 'The job failed',
    status: 502,
    detail: reason ?? `The job for "${file}" failed.`,
    action: 'Look at its log.'
  }).problem;
}

/** Any error as a problem. */
export function problemOf(error: unknown): Problem {
  return error instanceof BridgeError
    ? error.problem
    : new BridgeError({
        type: 'internal',
        title: 'Not done',
        status: 500,
        detail: error instanceof Error ? error.message : String(error)
      }).problem;
}
