import type { IFixedPart } from '../engine/plan';

/** `pieces` parts of nearly equal size that are together all of `[0, total)`: nothing is left over, as TaScaaS does. */
export function equalParts(total: number, pieces: number): IFixedPart[] {
  const count = Math.max(0, Math.min(total, Math.floor(pieces)));
  return Array.from({ length: count }, (_, i) => {
    const first = Math.floor((i * total) / count);
    return { first, count: Math.floor(((i + 1) * total) / count) - first };
  });
}

/** Calls of the function that a job is made of, at the least; at most twice as many. */
const GRAINS = 4096;

/**
 * Iterations of one call of `task(first, count, ctx)`. It depends on the work alone, not on workers and their speed: so do random
 * numbers and values.
 */
export function grainOf(total: number, most = Infinity): number {
  return Math.max(1, Math.min(most, Math.floor(total / GRAINS)));
}

export interface IDivision {
  total: number;
  workers: number;
  balance: 'pull' | 'ruper' | 'fixed';
  /** A process for each range: it takes all of it or nothing. */
  shell: boolean;
  /** Work is files. */
  files: boolean;
  initWorkers?: number;
}

/** Ranges of a shell body: enough to even out, few enough that starting them does not matter; the same with any workers. */
const SHELL_RANGES = 128;

/** Ranges that are chosen beforehand; undefined: they are pulled. */
export function division(options: IDivision): IFixedPart[] | undefined {
  const { total, workers, balance, shell, files, initWorkers } = options;
  if (balance === 'fixed') {
    return equalParts(total, initWorkers ?? workers);
  }
  if (!shell) {
    return undefined;
  }
  // INPUT_FILE_PATH is one file.
  return equalParts(total, files ? total : SHELL_RANGES);
}
