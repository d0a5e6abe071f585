import type { IPartState } from './lease';
import type { ITaskError } from './task';

export interface IRetryPolicy {
  /** Of a part that was lost. */
  lost: number;
  /** First wait, s. */
  backoff: number;
  /** 0 to 1, for jitter. */
  random: () => number;
}

/** Workers that one part may take down before it is given up. */
export const POISON = 3;
const LONGEST = 30;

/** What becomes of a part after an attempt of it has failed. */
export type Judgement = { type: 'again'; after: number } | { type: 'halve' } | { type: 'give-up'; reason?: string };

/**
 * Functions fail for a reason that stays: one more try, then the user should know. What was lost says little about the part: a few
 * tries, later and later. What was too large is made smaller.
 *
 * @param killed - the worker died while it worked on the part, nobody had ended it
 */
export function judge(
  part: IPartState,
  error: ITaskError,
  killed: boolean,
  halvable: boolean,
  policy: IRetryPolicy
): Judgement {
  const failures = (part.failures[error.class] ?? 0) + 1;
  part.failures[error.class] = failures;
  if (killed) {
    part.kills += 1;
    if (part.kills >= POISON) {
      return { type: 'give-up', reason: `It has taken down ${part.kills} workers.` };
    }
  }
  switch (error.class) {
    case 'memory':
      if (halvable) {
        return { type: 'halve' };
      }
      return failures > 1 ? { type: 'give-up' } : { type: 'again', after: 0 };
    case 'lost': {
      if (failures > policy.lost) {
        return { type: 'give-up', reason: `It was lost ${failures} times.` };
      }
      const wait = Math.min(LONGEST, policy.backoff * 2 ** (failures - 1));
      return { type: 'again', after: wait * (0.5 + policy.random() / 2) };
    }
    default:
      return failures > 1 ? { type: 'give-up' } : { type: 'again', after: 0 };
  }
}
