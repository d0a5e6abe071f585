import type { PartTable } from './table';
import { CACHED, DONE, LOST, RUNNING } from './table';
import type { ITimeWindow } from './viewport';

/** Units a second over time. */
export interface IThroughput {
  /** Seconds since the job was made. */
  extent: ITimeWindow;
  /** Units a second, of every phase, in bins of the same width. */
  phases: { name: string; values: Float64Array }[];
  /** Units a second, of every lane, `bins` values each. */
  lanes: Float64Array;
  bins: number;
  /** Highest value of a phase. */
  peak: number;
}

/** How much was committed when: the units of a part are spread evenly over the time it took. */
export function throughput(table: PartTable, extent: ITimeWindow, bins: number): IThroughput {
  const width = Math.max(1e-9, extent.to - extent.from) / bins;
  const phases = table.phases.map(name => ({ name, values: new Float64Array(bins) }));
  const lanes = new Float64Array(table.workers.length * bins);
  const { start, end, count, state, phase, lane } = table;
  for (let row = 0; row < table.size; row++) {
    if (state[row] !== DONE || Number.isNaN(end[row])) {
      continue;
    }
    const from = (start[row] - extent.from) / width;
    const to = (end[row] - extent.from) / width;
    const { values } = phases[phase[row]];
    const base = lane[row] * bins;
    const first = clamp(Math.floor(from), bins);
    const last = clamp(Math.ceil(to) - 1, bins);
    const rate = count[row] / width;
    if (last <= first) {
      values[first] += rate;
      lanes[base + first] += rate;
      continue;
    }
    for (let bin = first; bin <= last; bin++) {
      const share = (rate * (Math.min(to, bin + 1) - Math.max(from, bin))) / (to - from);
      values[bin] += share;
      lanes[base + bin] += share;
    }
  }
  let peak = 0;
  for (const { values } of phases) {
    for (const value of values) {
      peak = Math.max(peak, value);
    }
  }
  return { extent, phases, lanes, bins, peak };
}

/** How many parts took how long. */
export interface IHistogram {
  /** Seconds; one more than there are counts. */
  edges: number[];
  counts: number[];
  total: number;
  median: number;
  longest: number;
}

/** Above this ratio of the longest to the shortest, bins grow by a factor instead of a step. */
const WIDE = 100;

/** The durations of committed parts in bins; nothing when there are none. */
export function histogram(table: PartTable, bins: number): IHistogram | undefined {
  const durations = new Float64Array(table.size);
  let total = 0;
  for (let row = 0; row < table.size; row++) {
    if (table.state[row] === DONE && !Number.isNaN(table.end[row])) {
      durations[total++] = Math.max(0, table.end[row] - table.start[row]);
    }
  }
  if (total === 0) {
    return undefined;
  }
  const sorted = durations.subarray(0, total).sort();
  const longest = sorted[total - 1];
  // Times are known to a millisecond.
  const shortest = Math.max(1e-3, sorted[0]);
  const factor = longest / shortest > WIDE ? (longest / shortest) ** (1 / bins) : 0;
  const low = factor ? shortest : sorted[0];
  const step = Math.max(1e-3, longest - low) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, bin) => (factor ? low * factor ** bin : low + bin * step));
  const counts = new Array<number>(bins).fill(0);
  for (const value of sorted) {
    const place = factor ? Math.log(Math.max(low, value) / low) / Math.log(factor) : (value - low) / step;
    counts[clamp(Math.floor(place), bins)] += 1;
  }
  return { edges, counts, total, median: sorted[Math.floor((total - 1) / 2)], longest };
}

/** What one worker has done. */
export interface IWorkerRecord {
  lane: number;
  worker: string;
  /** Parts it has committed. */
  parts: number;
  /** Parts that it failed or that were lost with it. */
  failed: number;
  /** Units it has committed in the phase that was asked for. */
  units: number;
  /** Seconds in which it had something to do in that phase. */
  busy: number;
  /** Units a second while it was busy. */
  speed: number;
}

/** Workers in the order of the lanes; speeds are of one phase, because units differ. */
export function workerRecords(table: PartTable, phase: string | undefined, now: number): IWorkerRecord[] {
  const number = phase === undefined ? -1 : table.phases.indexOf(phase);
  return table.lanes
    .map(lane => {
      const record: IWorkerRecord = {
        lane,
        worker: table.workers[lane],
        parts: 0,
        failed: 0,
        units: 0,
        busy: 0,
        speed: 0
      };
      let until = -Infinity;
      for (const row of table.rowsOf(lane)) {
        const state = table.state[row];
        record.parts += state === DONE ? 1 : 0;
        record.failed += state >= LOST ? 1 : 0;
        if (table.phase[row] !== number || state === CACHED) {
          continue;
        }
        record.units += state === DONE ? table.count[row] : 0;
        if (state !== RUNNING) {
          // What waits in a worker's hands overlaps with what it does: seconds count once.
          const to = Number.isNaN(table.end[row]) ? now : table.end[row];
          record.busy += Math.max(0, to - Math.max(until, table.start[row]));
          until = Math.max(until, to);
        }
      }
      record.speed = record.busy > 0 ? record.units / record.busy : 0;
      return record;
    })
    .filter(record => record.worker !== '');
}

function clamp(bin: number, bins: number): number {
  return Math.min(bins - 1, Math.max(0, bin));
}
