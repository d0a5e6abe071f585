import type { IRange } from './plan';
import { noCounters, type IAttemptRecord } from './records';
import type { ITaskCounters, ITaskDone, ITaskProgress } from './task';

type Values = NonNullable<ITaskDone['values']>;

interface IKept {
  count: number;
  values: Values;
  counters: ITaskCounters;
}

/** What running attempts have finished for good: it counts also when their workers are lost. */
export class KeptPrefixes {
  /** @returns units from the start of the attempt whose values are here */
  add(id: string, { kept, counters }: ITaskProgress): number {
    const before = this._kept.get(id);
    if (kept) {
      const values = [...(before?.values ?? []), ...kept.values];
      this._kept.set(id, { count: kept.count, values, counters: { ...noCounters(), ...counters } });
    }
    return kept?.count ?? before?.count ?? 0;
  }

  get(id: string): IKept | undefined {
    return this._kept.get(id);
  }

  delete(id: string): void {
    this._kept.delete(id);
  }

  private readonly _kept = new Map<string, IKept>();
}

/** A part of its own for what this attempt had finished of `range`. */
export function keptPart(
  attempt: IAttemptRecord,
  range: IRange & { part: number },
  kept: Pick<IAttemptRecord, 'values' | 'counters'>,
  revision: number
): IAttemptRecord {
  const end = range.first + range.count;
  const values = (kept.values ?? []).flatMap(value => {
    const count = Math.min(value.first + value.count, end) - value.first;
    return count > 0 ? [{ ...value, count }] : [];
  });
  return {
    ...range,
    phase: attempt.phase,
    attempt: 1,
    worker: attempt.worker,
    state: 'done',
    start: attempt.start,
    end: attempt.end ?? attempt.start,
    revision,
    values,
    counters: kept.counters ?? noCounters()
  };
}

/**
 * Of attempts that were running when the bridge was lost, what they had finished and told: parts to be added to those that
 * are committed. Of several attempts at the same units the one that was further.
 */
export function keptOf(
  running: readonly IAttemptRecord[],
  committed: readonly IRange[],
  nextPart: number,
  revise: () => number
): IAttemptRecord[] {
  const taken = [...committed];
  const found: IAttemptRecord[] = [];
  const told = running.map(attempt => ({ attempt, end: endOf(attempt) })).sort((a, b) => b.end - a.end);
  for (const { attempt, end: last } of told) {
    const { first } = attempt;
    // What was given away of its end may be done already.
    const end = Math.min(last, ...taken.filter(range => range.first + range.count > first).map(range => range.first));
    if (end > first) {
      const range = { part: nextPart + found.length, first, count: end - first };
      taken.push(range);
      found.push(keptPart(attempt, range, attempt, revise()));
    }
  }
  return found;
}

function endOf({ first, count, values = [] }: IAttemptRecord): number {
  const last = values[values.length - 1];
  return last ? Math.min(first + count, last.first + last.count) : first;
}
