import type { Action, IEnded } from '../../src/jobs/engine/actions';
import { RangePool } from '../../src/jobs/engine/pool';
import { judge } from '../../src/jobs/engine/retry';
import { newPart } from '../../src/jobs/engine/lease';
import { PhaseScheduler } from '../../src/jobs/engine/scheduler';
import { rangeLength, workersFor } from '../../src/jobs/engine/sizing';
import type { ITaskError } from '../../src/jobs/engine/task';
import { REMOTE, seeded, simulate } from './simulation';

describe('pool of ranges', () => {
  test.each([
    [[[0, 10]], [[0, 10]]],
    [
      [
        [0, 5],
        [5, 5]
      ],
      [[0, 10]]
    ],
    [
      [
        [8, 2],
        [0, 3],
        [3, 2]
      ],
      [
        [0, 5],
        [8, 2]
      ]
    ],
    [[[4, 0]], []]
  ])('puts %j: %j', (given, expected) => {
    const pool = new RangePool(given.map(([first, count]) => ({ first, count })));
    expect(pool.ranges.map(({ first, count }) => [first, count])).toEqual(expected);
  });

  test('what is there twice is an error', () => {
    const pool = new RangePool([{ first: 5, count: 5 }]);
    for (const [first, count] of [
      [5, 1],
      [0, 6],
      [9, 1],
      [6, 2],
      [0, 20]
    ]) {
      expect(() => pool.put({ first, count })).toThrow(RangeError);
    }
  });

  test('takes, gives back and removes at random like a set of units', () => {
    const random = seeded(3);
    for (let round = 0; round < 200; round++) {
      const size = 1 + Math.floor(random() * 60);
      const pool = new RangePool([{ first: 0, count: size }]);
      const model = new Set(Array.from({ length: size }, (_, unit) => unit));
      const held: { first: number; count: number }[] = [];
      for (let step = 0; step < 60; step++) {
        const choice = random();
        if (choice < 0.5) {
          const range = pool.take(1 + Math.floor(random() * 9));
          if (range) {
            held.push(range);
            for (let unit = range.first; unit < range.first + range.count; unit++) {
              expect(model.delete(unit)).toBe(true);
            }
          } else {
            expect(model.size).toBe(0);
          }
        } else if (choice < 0.85 && held.length > 0) {
          const [range] = held.splice(Math.floor(random() * held.length), 1);
          pool.put(range);
          Array.from({ length: range.count }, (_, index) => model.add(range.first + index));
        } else {
          const first = Math.floor(random() * size);
          const count = Math.floor(random() * 5);
          pool.remove({ first, count });
          Array.from({ length: count }, (_, index) => model.delete(first + index));
        }
        expect(pool.remaining).toBe(model.size);
        const units = pool.ranges.flatMap(range => Array.from({ length: range.count }, (_, at) => range.first + at));
        expect(units).toEqual([...model].sort((a, b) => a - b));
      }
    }
  });
});

describe('sizes', () => {
  const base = {
    remaining: 100_000,
    workers: 4,
    speed: 100,
    total: 400,
    lastCount: 500,
    lastSeconds: 5,
    elapsed: 100,
    traits: REMOTE
  };
  test.each([
    ['five seconds of work', {}, 500],
    ['a worker that is not known gets one', { speed: 0, lastCount: 0 }, 1],
    ['it grows while parts are short', { lastCount: 3, lastSeconds: 0.03 }, 24],
    ['towards the end it is a part of what is left', { remaining: 400 }, 50],
    ['never more than there is', { remaining: 2 }, 2],
    ['never more than the plan allows', { maxRange: 7 }, 7]
  ])('%s', (_name, change, expected) => {
    expect(rangeLength({ ...base, ...change })).toBe(expected);
  });

  test('workers for a wanted time', () => {
    expect([workersFor(100, 50, 8), workersFor(100, 10, 8), workersFor(100, -1, 8), workersFor(1, 50, 8)]).toEqual([
      2, 8, 8, 1
    ]);
  });
});

describe('retries', () => {
  const error = (kind: ITaskError['class']): ITaskError => ({ class: kind, type: 'E', message: 'm' });
  const policy = { lost: 3, backoff: 1, random: () => 1 };

  test('functions that fail get one more try', () => {
    const part = newPart(0, { first: 0, count: 4 });
    expect(judge(part, error('user'), false, true, policy)).toEqual({ type: 'again', after: 0 });
    expect(judge(part, error('user'), false, true, policy)).toEqual({ type: 'give-up' });
  });

  test('lost parts are tried later and later, and in the end no more', () => {
    const part = newPart(0, { first: 0, count: 4 });
    const waits = [0, 1, 2].map(() => judge(part, error('lost'), false, true, policy));
    expect(waits).toEqual([1, 2, 4].map(after => ({ type: 'again', after })));
    expect(judge(part, error('lost'), false, true, policy)).toMatchObject({ type: 'give-up' });
  });

  test('three dead workers are enough; what is too large is made smaller', () => {
    const part = newPart(0, { first: 0, count: 4 });
    judge(part, error('lost'), true, true, policy);
    judge(part, error('lost'), true, true, policy);
    expect(judge(part, error('lost'), true, true, { ...policy, lost: 99 })).toMatchObject({ type: 'give-up' });
    expect(judge(newPart(1, { first: 0, count: 4 }), error('memory'), false, true, policy)).toEqual({ type: 'halve' });
  });
});

/** Random workers, random faults: each unit is committed exactly once, and nothing is left. */
test.each(Array.from({ length: 60 }, (_, seed) => seed))('whatever happens, each unit counts once (%i)', seed => {
  const random = seeded(seed);
  const total = Math.floor(random() * 300);
  const fixed = random() < 0.4;
  const cuts = Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * total)).concat(
    0,
    total
  );
  const grain = fixed ? 1 : 1 + Math.floor(random() * 5);
  const whole = (unit: number): number => Math.ceil(unit / grain) * grain;
  const borders = [...new Set(cuts)].sort((a, b) => a - b);
  const scheduler = new PhaseScheduler({
    plan: {
      total,
      divisible: true,
      grain,
      ...(fixed
        ? { parts: borders.slice(0, -1).map((first, index) => ({ first, count: borders[index + 1] - first })) }
        : {})
    },
    traits: { ...REMOTE, ahead: random() < 0.5 ? 0.5 : 0, stoppable: true },
    most: 4,
    retry: { lost: 1000, backoff: 0.01, random }
  });
  const committed = new Map<number, number>();
  const running = new Map<string, { first: number; end: number; stop?: number; kept?: number; worker: string }>();
  let now = 0;
  let hired = 0;
  const ended = (end: IEnded | undefined): void => {
    expect(end?.fatal).toBeUndefined();
    for (const range of [end?.range, end?.kept]) {
      for (let unit = range?.first ?? 0; unit < (range ? range.first + range.count : 0); unit++) {
        committed.set(unit, (committed.get(unit) ?? 0) + 1);
      }
    }
  };
  const act = (actions: Action[]): void => {
    for (const action of actions) {
      if (action.type === 'start') {
        const { id, first, end, worker } = action.lease;
        expect(running.has(id)).toBe(false);
        expect([first % grain, end === total ? 0 : end % grain]).toEqual([0, 0]);
        running.set(id, { first, end, worker });
      } else if (action.type === 'stop') {
        const task = running.get(action.lease.id);
        if (task) {
          task.stop = action.at ?? task.first;
        }
      }
    }
  };
  for (let step = 0; !scheduler.complete; step++) {
    expect(step).toBeLessThan(20_000);
    now += random() * 0.3;
    if (scheduler.workers.size < 3 || (scheduler.workers.size < 4 && random() < 0.1)) {
      scheduler.join(`w${(hired += 1)}`, now);
    }
    act(scheduler.pump(now));
    const ids = [...running.keys()];
    const id = ids[Math.floor(random() * ids.length)];
    const task = id === undefined ? undefined : running.get(id);
    if (!task) {
      continue;
    }
    const size = task.end - task.first;
    const dice = random();
    if (dice < 0.3) {
      scheduler.started(id, now);
    } else if (dice < 0.5) {
      scheduler.started(id, now);
      const doing = Math.floor(random() * size);
      const kept = random() < 0.5 ? Math.floor(doing / grain) * grain : 0;
      act(scheduler.progress(id, doing, now, kept));
      task.kept = Math.max(task.kept ?? 0, kept);
    } else if (dice < 0.55) {
      for (const [other, { worker }] of running) {
        if (worker === task.worker) {
          running.delete(other);
        }
      }
      scheduler.leave(task.worker, { class: 'lost', type: 'x', message: 'x' }, false, now).forEach(ended);
    } else if (dice < 0.6) {
      running.delete(id);
      const memory = random() < 0.5 && size > grain;
      ended(scheduler.failed(id, { class: memory ? 'memory' : 'lost', type: 'x', message: 'x' }, now));
    } else {
      running.delete(id);
      // Who is told to end early may have gone further, or not so far.
      const stop =
        task.stop === undefined ? size : Math.min(size, task.stop - task.first + Math.floor(random() * 4) - 1);
      const asked = fixed || task.stop === undefined ? size : Math.min(size, whole(Math.max(0, stop)));
      const done = Math.max(asked, task.kept ?? 0);
      ended(scheduler.done(id, { done, superseded: random() < 0.03 }, now));
    }
  }
  expect(committed.size).toBe(total);
  expect([...committed.values()].every(times => times === 1)).toBe(true);
  expect(scheduler.doneUnits).toBe(total);
});

test('a wanted duration takes as many workers as it needs', () => {
  const workers = Array.from({ length: 8 }, () => ({ speed: () => 100 }));
  const few = simulate({ workers, total: 20_000, target: 100, initial: 1, random: seeded(2) });
  expect(few.makespan).toBeLessThanOrEqual(100);
  expect(few.used).toBeLessThanOrEqual(4);
  const many = simulate({ workers, total: 20_000, target: 30, initial: 1, random: seeded(2) });
  expect(many.makespan).toBeLessThanOrEqual(31);
});

test('functions that never say how far they are: a slow one is done once more, not waited for', () => {
  const workers = [
    { speed: (time: number) => (time < 5 ? 100 : 1), silent: true },
    { speed: () => 100, silent: true }
  ];
  const { makespan, times } = simulate({ workers, total: 4000, random: seeded(4) });
  expect(Math.max(...times.values())).toBe(1);
  expect(makespan).toBeLessThan(45);
});
