import type { Action, ISchedulerOptions } from '../../src/jobs/engine/actions';
import { PhaseScheduler } from '../../src/jobs/engine/scheduler';
import type { IEngineTraits } from '../../src/jobs/engine/traits';

/** Units a second of a worker at a time; it answers nothing any more from `dies` on, is stopped from `stops` on. */
export interface ISimulatedWorker {
  speed: (time: number) => number;
  dies?: number;
  /** Its functions never say how far they are. */
  silent?: boolean;
}

export const REMOTE: IEngineTraits = {
  transport: 'lease',
  startCost: 0.02,
  minPart: 0.2,
  maxPart: 5,
  heartbeat: 1,
  lostAfter: 3,
  stoppable: true,
  backoff: 0.1,
  ahead: 0
};

export interface ISimulation {
  workers: ISimulatedWorker[];
  total: number;
  plan?: Partial<ISchedulerOptions['plan']>;
  traits?: Partial<IEngineTraits>;
  target?: number;
  initial?: number;
  most?: number;
  random?: () => number;
}

export interface IOutcome {
  makespan: number;
  messages: number;
  /** How often each unit was committed; must be 1. */
  times: Map<number, number>;
  /** Units that were worked on. */
  worked: number;
  used: number;
}

interface IRunning {
  id: string;
  first: number;
  end: number;
  place: number;
  stopAt?: number;
  begun: boolean;
}

const STEP = 0.005;
/** One way; a part that is handed out costs twice of it, 20 ms. */
const LATENCY = 0.01;
const LONGEST = 2000;

/** Time at which the work can be done at the earliest, if nothing is lost to anything. */
export function bound(workers: ISimulatedWorker[], total: number): number {
  let done = 0;
  for (let time = 0; time < LONGEST; time += STEP) {
    for (const worker of workers) {
      done += time < (worker.dies ?? Infinity) ? worker.speed(time) * STEP : 0;
    }
    if (done >= total) {
      return time + STEP;
    }
  }
  throw new Error('never');
}

/** Runs the scheduler against workers that only a clock moves; all messages take `LATENCY`. */
export function simulate(simulation: ISimulation): IOutcome {
  const { workers, total } = simulation;
  const traits = { ...REMOTE, ...simulation.traits };
  const scheduler = new PhaseScheduler({
    plan: { total, divisible: true, ...simulation.plan },
    traits,
    most: simulation.most ?? workers.length,
    retry: { lost: 3, backoff: traits.backoff, random: simulation.random ?? Math.random },
    target: simulation.target,
    initial: simulation.initial
  });
  const inbox: { at: number; deliver: () => void }[] = [];
  const post = (at: number, deliver: () => void): void => {
    inbox.push({ at, deliver });
  };
  const queues = workers.map(() => [] as IRunning[]);
  const beats = workers.map(() => 0);
  const joined = new Set<number>();
  const times = new Map<number, number>();
  let messages = 0;
  let worked = 0;
  let now = 0;
  const index = (name: string): number => Number(name.slice(1));
  const act = (actions: Action[]): void => {
    for (const action of actions) {
      messages += 1;
      const worker = index(action.type === 'kill' ? action.worker : action.lease.worker);
      if (action.type === 'kill') {
        queues[worker] = [];
        joined.delete(worker);
        scheduler.leave(action.worker, action.error, false, now).forEach(ended => {
          if (ended.fatal) {
            throw new Error(ended.fatal.message);
          }
        });
        continue;
      }
      const { id, first, end } = action.lease;
      if (action.type === 'start') {
        post(now + LATENCY, () => queues[worker].push({ id, first, end, place: first, begun: false }));
      } else {
        const at = action.at ?? 0;
        post(now + LATENCY, () => {
          const running = queues[worker].find(item => item.id === id);
          if (running) {
            running.stopAt = Math.min(running.stopAt ?? Infinity, at);
          }
        });
      }
    }
  };
  const advance = (worker: number): void => {
    const spec = workers[worker];
    const [task] = queues[worker];
    if (!task || now >= (spec.dies ?? Infinity)) {
      return;
    }
    if (!task.begun) {
      task.begun = true;
      beats[worker] = now;
      post(now + LATENCY, () => scheduler.started(task.id, now));
    }
    const speed = spec.speed(now);
    const before = task.place;
    const end = Math.min(task.end, Math.max(task.stopAt ?? Infinity, Math.ceil(task.place)));
    task.place = Math.min(end, task.place + speed * STEP);
    worked += task.place - before;
    if (task.place >= end) {
      queues[worker].shift();
      messages += 1;
      const done = Math.floor(task.place) - task.first;
      post(now + LATENCY, () => {
        const ended = scheduler.done(task.id, { done }, now);
        if (ended?.range) {
          for (let unit = ended.range.first; unit < ended.range.first + ended.range.count; unit++) {
            times.set(unit, (times.get(unit) ?? 0) + 1);
          }
        }
        act(scheduler.fill(`w${worker}`, now));
      });
    } else if (now - beats[worker] >= traits.heartbeat && speed > 0) {
      beats[worker] = now;
      messages += 1;
      const done = spec.silent === true ? 0 : Math.floor(task.place) - task.first;
      post(now + LATENCY, () => act(scheduler.progress(task.id, done, now)));
    }
  };
  let looked = -1;
  while (!scheduler.complete) {
    for (let at = 0; at < inbox.length;) {
      if (inbox[at].at <= now) {
        const [{ deliver }] = inbox.splice(at, 1);
        deliver();
      } else {
        at += 1;
      }
    }
    if (now - looked >= 0.2) {
      looked = now;
      const wanted = scheduler.wanted(now);
      for (let worker = 0; worker < workers.length && joined.size < wanted; worker++) {
        if (!joined.has(worker) && now < (workers[worker].dies ?? Infinity)) {
          joined.add(worker);
          scheduler.join(`w${worker}`, now);
        }
      }
      act(scheduler.pump(now));
    }
    workers.forEach((_spec, worker) => advance(worker));
    now += STEP;
    if (now > LONGEST) {
      throw new Error(`not done after ${LONGEST} s: ${scheduler.doneUnits} of ${total}`);
    }
  }
  return { makespan: now, messages, times, worked, used: joined.size };
}

/** Numbers from 0 to 1 that are the same in each run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
