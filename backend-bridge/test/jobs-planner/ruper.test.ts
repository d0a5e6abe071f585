import type { IPolicyView } from '../../src/jobs/engine/plan';
import {
  NEVER,
  RUPER_CODES,
  ruperExtra,
  ruperFinish,
  ruperInterval,
  ruperReport,
  ruperStart,
  ruperState,
  type IRuperState
} from '../../src/jobs/htc/ruper';
import { ruperPolicy } from '../../src/jobs/htc/ruper-policy';
import { equalParts } from '../../src/jobs/htc/work';

/** N = 100000, threshold 40 s; workers as (assigned, done, speed), both seen last at `at`. */
function stateOf(at: number, ...workers: [number, number, number][]): IRuperState {
  return {
    total: 100_000,
    threshold: 40,
    finished: false,
    workers: workers.map(([assigned, done, speed]) => ({
      assigned,
      done,
      speed,
      at,
      startedAt: 0,
      measures: 3,
      finished: false
    }))
  };
}

const steady = stateOf(40, [50_000, 4000, 100], [50_000, 1000, 25]);
const late = stateOf(800, [80_000, 79_000, 100], [20_000, 19_500, 25]);

// Answers of the reference server to the same states and commands.
describe('the golden vectors of RUPER-LB', () => {
  it.each([
    ['A steady', steady, 6000, 60, 80_400, 740, 100],
    ['B slower', steady, 5000, 60, 67_666, 1246, 50],
    ['C no progress', steady, 4000, 60, 73_090, 1030, 66.66667],
    ['D other silent for 100 s', steady, 14_000, 140, 99_000, 825, 100],
    ['E near the end: frozen', late, 79_500, 805, 80_000, 7, 100]
  ])('%s', (_name, state, done, now, assigned, eta, speed) => {
    const answer = ruperReport(state, 0, done, now);
    expect(answer.code).toBe(RUPER_CODES.ok);
    expect(answer.assigned).toBe(assigned);
    expect(Math.floor(answer.eta ?? NaN)).toBe(eta);
    expect(answer.state.workers[0].speed).toBeCloseTo(speed, 4);
  });

  it('F worker 1 finishes short', () => {
    const before = stateOf(600, [80_000, 60_000, 100], [20_000, 14_000, 25]);
    const finished = ruperFinish(before, 1, 15_000, 640);
    const answer = ruperReport(finished.state, 0, 64_000, 640);
    expect(answer.assigned).toBe(85_000);
    expect(Math.floor(answer.eta ?? NaN)).toBe(210);
    expect(answer.state.workers[0].speed).toBe(100);
  });

  it('G total reached', () => {
    const before = stateOf(800, [80_000, 79_000, 100], [20_000, 20_000, 25]);
    const answer = ruperReport(before, 0, 80_010, 810);
    expect(answer.assigned).toBe(80_010);
    expect(answer.eta).toBe(0);
    expect(answer.state.finished).toBe(true);
  });
});

describe('the rest of its rules', () => {
  it('gives equal shares at the start and balances from the third measure on', () => {
    let state = ruperState(100_000, 2, 40);
    for (const worker of [0, 1]) {
      const started = ruperStart(state, worker, 0);
      expect(started.assigned).toBe(50_000);
      state = started.state;
    }
    for (const [worker, done, now, assigned] of [
      [0, 2000, 20, 50_000],
      [1, 500, 20, 50_000],
      [0, 4000, 40, 80_400],
      [1, 1000, 40, 20_000]
    ]) {
      const answer = ruperReport(state, worker, done, now);
      expect(Math.abs(answer.assigned - assigned)).toBeLessThanOrEqual(now === 20 ? 0 : 500);
      state = answer.state;
    }
  });

  it('keeps what a worker had that comes back, and refuses what makes no sense', () => {
    expect(ruperStart(steady, 0, 100).assigned).toBe(50_000);
    expect(ruperStart(steady, 7, 100).code).toBe(RUPER_CODES.range);
    expect(ruperReport(steady, 0, 5000, 40).code).toBe(RUPER_CODES.notStarted);
    expect(ruperReport(ruperState(10, 1, 40), 0, 5, 10).code).toBe(RUPER_CODES.notStarted);
    const finished = ruperFinish(steady, 0, 6000, 60).state;
    expect(ruperReport(finished, 0, 7000, 80).code).toBe(RUPER_CODES.workerFinished);
  });

  it('says never when nobody gets on', () => {
    const state = stateOf(40, [50_000, 0, 0], [50_000, 0, 0]);
    expect(ruperReport(state, 0, 0, 60).eta).toBe(NEVER);
  });

  it('asks for more workers by the time that is left, and never divides by none (T5)', () => {
    expect(ruperExtra(100, 200, 2, 10)).toBe(0);
    expect(ruperExtra(400, 200, 2, 10)).toBe(3);
    expect(ruperExtra(4000, 200, 2, 10)).toBe(8);
    expect(ruperExtra(4000, 0, 2, 10)).toBe(8);
    expect(ruperExtra(4000, 0, 10, 10)).toBe(0);
  });

  it('reports more often when the speed changes', () => {
    expect(ruperInterval(undefined, 100, 0, 300)).toBe(200);
    expect(ruperInterval(100, 120, 100, 300)).toBeCloseTo(90);
    expect(ruperInterval(100, 100, 100, 300)).toBeCloseTo(105);
    expect(ruperInterval(100, 105, 100, 300)).toBe(100);
    expect(ruperInterval(100, 1000, 100, 300)).toBe(80);
    expect(ruperInterval(230, 100, 100, 300)).toBe(240);
  });

  it('leaves no iteration over in equal parts (T4)', () => {
    for (const [total, pieces] of [
      [103, 5],
      [20, 7],
      [1, 4],
      [0, 3],
      [1e15, 9]
    ]) {
      const parts = equalParts(total, pieces);
      expect(parts.reduce((sum, part) => sum + part.count, 0)).toBe(total);
      expect(
        parts.every(
          (part, i) => part.count > 0 && part.first === (i === 0 ? 0 : parts[i - 1].first + parts[i - 1].count)
        )
      ).toBe(true);
    }
  });
});

describe('the policy for workers of ours', () => {
  const view = (over: Partial<IPolicyView> = {}): IPolicyView => ({
    now: 60,
    total: 100_000,
    remaining: 0,
    workers: [
      { id: 'a', done: 6000, assigned: 50_000, speed: 100, startedAt: 0, reportedAt: 60, busy: true },
      { id: 'b', done: 1000, assigned: 50_000, speed: 25, startedAt: 0, reportedAt: 40, busy: true }
    ],
    ...over
  });

  it('tells who reports its share', () => {
    expect(ruperPolicy(400).report?.('a', view())).toEqual([{ worker: 'a', assigned: 80_400 }]);
    expect(ruperPolicy(400).report?.('nobody', view())).toEqual([]);
  });

  it('begins with equal shares and gives what the pool has', () => {
    const fresh = view({
      remaining: 100_000,
      workers: [
        { id: 'a', done: 0, assigned: 0, speed: 0, busy: false },
        { id: 'b', done: 0, assigned: 0, speed: 0, busy: false }
      ]
    });
    expect(ruperPolicy(400).next('a', fresh)).toBe(50_000);
    expect(ruperPolicy(400).next('a', view({ remaining: 9000 }))).toBe(9000);
    expect(ruperPolicy(400).next('b', view({ remaining: 9000 }))).toBe(1);
  });
});
