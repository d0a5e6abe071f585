import type { ComputePart } from '../../contract';
import { histogram, throughput, workerRecords } from '../charts';
import { layoutGantt, partAt } from '../gantt';
import { FAILED, PART_STATES, PartTable, RUNNING } from '../table';
import { panned, ticks, within, zoomed } from '../viewport';

function part(number: number, change: Partial<ComputePart> = {}): ComputePart {
  return {
    phase: 'htc',
    part: number,
    attempt: 1,
    worker: 'w1',
    state: 'done',
    first: number * 10,
    count: 10,
    start: number,
    end: number + 1,
    ...change
  };
}

function tableOf(parts: ComputePart[]): PartTable {
  const table = new PartTable();
  table.apply(parts);
  return table;
}

describe('PartTable', () => {
  it('keeps one row an attempt, however often it changes', () => {
    const table = tableOf([part(0, { state: 'running', end: undefined })]);
    expect(table.row(0)).toMatchObject({ state: 'running', end: NaN });
    table.apply([part(0), part(0, { attempt: 2, state: 'superseded' })]);
    expect(table.size).toBe(2);
    expect(table.row(0)).toMatchObject({ state: 'done', end: 1, attempt: 1 });
    expect(table.row(1)).toMatchObject({ state: 'superseded', attempt: 2 });
  });

  it('sorts lanes as people count, and rows by time however they came', () => {
    const table = tableOf([
      part(5, { worker: 'w10' }),
      part(3, { worker: 'w2' }),
      part(1, { worker: 'w2' }),
      part(2, { worker: 'w2' })
    ]);
    expect(table.lanes.map(lane => table.workers[lane])).toEqual(['w2', 'w10']);
    expect(table.rowsOf(table.lanes[0]).map(row => table.start[row])).toEqual([1, 2, 3]);
    // A retry may go to another worker.
    table.apply([part(2, { worker: 'w10', start: 9 })]);
    expect(table.rowsOf(table.lanes[0]).map(row => table.start[row])).toEqual([1, 3]);
    expect(table.rowsOf(table.lanes[1]).map(row => table.start[row])).toEqual([5, 9]);
  });

  it('lists what failed, newest first', () => {
    const error = { class: 'user' as const, type: 'ValueError', message: 'no' };
    const table = tableOf([
      part(0, { state: 'failed', error }),
      part(1),
      part(2, { state: 'lost' }),
      part(3, { state: 'failed', error })
    ]);
    expect(table.failed(2).map(row => row.part)).toEqual([3, 2]);
    expect(table.failed(9)[2].error).toEqual(error);
  });
});

describe('layoutGantt', () => {
  const view = { window: { from: 0, to: 10 }, width: 100, now: 10 };

  it('places wide parts by themselves and cuts what is outside', () => {
    const table = tableOf([part(-5), part(0), part(2, { state: 'running', end: undefined }), part(20)]);
    const boxes = layoutGantt({ table, lanes: table.lanes, ...view });
    expect(boxes.length).toBe(2);
    expect([...boxes.x.subarray(0, 2)]).toEqual([0, 20]);
    // What runs ends now.
    expect([...boxes.width.subarray(0, 2)]).toEqual([10, 80]);
    expect([...boxes.state.subarray(0, 2)]).toEqual([PART_STATES.indexOf('done'), RUNNING]);
  });

  it('sums up narrow parts, and a failure among them is seen', () => {
    const many = Array.from({ length: 1000 }, (_, index) =>
      part(index, { start: index / 100, end: index / 100 + 0.005, state: index === 505 ? 'failed' : 'done' })
    );
    const table = tableOf(many);
    const boxes = layoutGantt({ table, lanes: table.lanes, ...view });
    expect(boxes.length).toBe(3);
    expect([...boxes.state].filter(state => state === FAILED)).toHaveLength(1);
    const bad = boxes.state.indexOf(FAILED);
    expect([boxes.x[bad], boxes.width[bad], boxes.cover[bad]]).toEqual([50, 1, 1]);
    expect(boxes.cover[0]).toBe(0.5);
  });

  it('never makes more boxes than pixels of a lane, with 100,000 parts', () => {
    const table = new PartTable();
    const workers = 16;
    const parts: ComputePart[] = [];
    for (let index = 0; index < 100_000; index++) {
      const start = Math.floor(index / workers) * 0.01;
      parts.push(part(index, { worker: `w${index % workers}`, start, end: start + 0.009 }));
    }
    let begun = performance.now();
    table.apply(parts);
    const applied = performance.now() - begun;
    const extent = { from: 0, to: table.last };
    const frame = (window: { from: number; to: number }): number => {
      begun = performance.now();
      const boxes = layoutGantt({ table, lanes: table.lanes, window, width: 1200, now: table.last });
      const took = performance.now() - begun;
      expect(boxes.length).toBeLessThanOrEqual(1200 * workers);
      return took;
    };
    const first = frame(extent);
    const again = frame(extent);
    const near = frame(zoomed(extent, extent, 0.01, 30));
    begun = performance.now();
    throughput(table, extent, 120);
    histogram(table, 30);
    workerRecords(table, 'htc', table.last);
    const charts = performance.now() - begun;
    console.log(
      `100,000 parts: read ${applied.toFixed(0)} ms, first frame ${first.toFixed(1)} ms, ` +
        `frame ${again.toFixed(1)} ms, zoomed ${near.toFixed(1)} ms, charts ${charts.toFixed(1)} ms`
    );
  });

  it('finds the part under the pointer', () => {
    const table = tableOf([part(0), part(2), part(4, { state: 'running', end: undefined })]);
    const at = (time: number): number | undefined => {
      const row = partAt(table, table.lanes[0], { time, slack: 0.1, now: 8 });
      return row === undefined ? undefined : table.row(row).part;
    };
    expect([at(0.5), at(1.5), at(1.95), at(7), at(9)]).toEqual([0, undefined, 2, 4, undefined]);
  });
});

describe('charts', () => {
  it('loses no unit of the throughput', () => {
    const table = tableOf([
      part(0, { start: 0, end: 4, count: 400 }),
      part(1, { start: 2, end: 2, count: 10 }),
      part(2, { start: 9, end: 10, count: 100, worker: 'w2', phase: 'reduce' }),
      part(3, { state: 'failed', start: 0, end: 10, count: 1e6 })
    ]);
    const rates = throughput(table, { from: 0, to: 10 }, 5);
    const sums = rates.phases.map(phase => phase.values.reduce((sum, value) => sum + value * 2, 0));
    expect(sums[0]).toBeCloseTo(410);
    expect(sums[1]).toBeCloseTo(100);
    expect([...rates.phases[0].values].map(Math.round)).toEqual([100, 105, 0, 0, 0]);
    expect(rates.lanes[1 * 5 + 4]).toBeCloseTo(50);
    expect(rates.peak).toBeCloseTo(105);
  });

  it('counts every committed part once in the histogram', () => {
    const durations = [1, 1, 2, 3, 10];
    const table = tableOf([
      ...durations.map((seconds, index) => part(index, { start: 0, end: seconds })),
      part(9, { state: 'failed', start: 0, end: 99 })
    ]);
    const found = histogram(table, 9)!;
    expect(found.counts).toEqual([2, 1, 1, 0, 0, 0, 0, 0, 1]);
    expect(found).toMatchObject({ total: 5, median: 2, longest: 10 });
    expect(found.edges[0]).toBe(1);
    expect(found.edges[9]).toBeCloseTo(10);
  });

  it('takes steps of a factor when durations are far apart, and has room for equal ones', () => {
    const wide = histogram(tableOf([part(0, { end: 0.01 }), part(1, { start: 0, end: 10 })]), 3)!;
    expect(wide.counts).toEqual([1, 0, 1]);
    expect(wide.edges[1] / wide.edges[0]).toBeCloseTo(10);
    const equal = histogram(tableOf([part(0), part(1)]), 4)!;
    expect(equal.counts.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(histogram(tableOf([part(0, { state: 'running', end: undefined })]), 4)).toBeUndefined();
  });

  it('counts the time of a worker once, though it holds two parts', () => {
    const table = tableOf([
      part(0, { start: 0, end: 2 }),
      part(1, { start: 1, end: 4 }),
      part(2, { start: 6, end: 7, state: 'lost' }),
      part(3, { start: 0, end: 0, state: 'cached', worker: '' })
    ]);
    expect(workerRecords(table, 'htc', 8)).toEqual([
      { lane: 0, worker: 'w1', parts: 2, failed: 1, units: 20, busy: 5, speed: 4 }
    ]);
  });
});

describe('viewport', () => {
  const extent = { from: 0, to: 100 };

  it('zooms around a place and stays inside', () => {
    expect(zoomed(extent, extent, 0.5, 50)).toEqual({ from: 25, to: 75 });
    expect(zoomed(extent, extent, 0.5, 0)).toEqual({ from: 0, to: 50 });
    expect(zoomed({ from: 10, to: 20 }, extent, 100, 15)).toEqual(extent);
    const near = zoomed({ from: 10, to: 10.001 }, extent, 0.001, 10);
    expect(near.to - near.from).toBeCloseTo(0.001);
  });

  it('moves as far as there is something', () => {
    expect(panned({ from: 10, to: 20 }, extent, 0.5)).toEqual({ from: 15, to: 25 });
    expect(panned({ from: 10, to: 20 }, extent, -Infinity)).toEqual({ from: 0, to: 10 });
    expect(panned({ from: 10, to: 20 }, extent, Infinity)).toEqual({ from: 90, to: 100 });
    expect(within({ from: -5, to: 300 }, extent)).toEqual(extent);
  });

  it('marks round times', () => {
    expect(ticks({ from: 0, to: 10 }, 5)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks({ from: 0.13, to: 0.29 }, 4)).toEqual([0.15, 0.2, 0.25]);
    expect(ticks({ from: 1, to: 1 }, 5)).toEqual([]);
  });
});
