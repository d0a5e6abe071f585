import type { AwsMetrics } from '../contract';

type Series = AwsMetrics['invocations'];

/** One bar of a chart. */
export interface IBar {
  /** Milliseconds since 1970. */
  time: number;
  /** Undefined: there was nothing to measure. */
  value: number | undefined;
}

/** Most bars that a chart has. */
const MOST = 96;

/**
 * A series as bars of the same width that end now. What falls into one bar is added up, or averaged.
 *
 * @param options.period seconds of one point
 * @param options.now milliseconds since 1970
 */
export function bars(
  series: Series,
  options: { hours: number; period: number; now: number; merge: 'sum' | 'mean' }
): IBar[] {
  const { hours, period, now, merge } = options;
  const span = hours * 3_600_000;
  const point = Math.max(1, period) * 1000;
  const width = Math.max(point, Math.ceil(span / MOST / point) * point);
  const count = Math.max(1, Math.ceil(span / width));
  const end = Math.ceil(now / width) * width;
  const begin = end - count * width;
  const sums = new Array<number>(count).fill(0);
  const found = new Array<number>(count).fill(0);
  for (const { time, value } of series) {
    const index = Math.floor((Date.parse(time) - begin) / width);
    if (index >= 0 && index < count && Number.isFinite(value)) {
      sums[index] += value;
      found[index] += 1;
    }
  }
  return sums.map((sum, index) => ({
    time: begin + index * width,
    value: found[index] === 0 ? undefined : merge === 'sum' ? sum : sum / found[index]
  }));
}

export function total(series: Series): number {
  return series.reduce((sum, point) => sum + point.value, 0);
}

/** Highest value, 0 when there is none. */
export function peak(items: readonly IBar[]): number {
  return items.reduce((most, bar) => Math.max(most, bar.value ?? 0), 0);
}
