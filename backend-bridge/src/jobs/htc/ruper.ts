/**
 * The balancing of RUPER-LB's task server as TaScaaS uses it, from its formulas (arXiv 2005.06361 and the behaviour of the server): each
 * worker is given a share of what is left in proportion to its speed, at its own reports. Pure: times are seconds of the caller's clock.
 */

export interface IRuperWorker {
  assigned: number;
  /** Iterations that it has said to have done. */
  done: number;
  /** Iterations a second, of the last report. */
  speed: number;
  /** When it last reported. */
  at: number;
  /** When it started; undefined: not yet. */
  startedAt?: number;
  measures: number;
  finished: boolean;
}

export interface IRuperState {
  total: number;
  /** A worker that is silent for longer is left out, s. */
  threshold: number;
  workers: IRuperWorker[];
  /** All is done. */
  finished: boolean;
}

/** Codes of RUPER-LB that its clients act upon. */
export const RUPER_CODES = {
  ok: 0,
  range: 3,
  notStarted: 5,
  alreadyStarted: 6,
  workerFinished: 12,
  finished: 26
} as const;

export interface IRuperAnswer {
  code: number;
  state: IRuperState;
  /** Iterations that the worker shall have done when it ends. */
  assigned: number;
  /** Seconds until the end; undefined: not computed. */
  eta?: number;
}

/** What RUPER-LB answers when nobody makes progress. */
export const NEVER = 1e15;
/** Reports before a worker's speed counts. */
const SETTLED = 2;

export function ruperState(total: number, workers: number, threshold: number): IRuperState {
  const empty: IRuperWorker = { assigned: 0, done: 0, speed: 0, at: 0, measures: 0, finished: false };
  return { total, threshold, workers: Array.from({ length: workers }, () => ({ ...empty })), finished: false };
}

/** A worker begins, or comes back: then it keeps what it was assigned, and its clock starts anew. */
export function ruperStart(state: IRuperState, index: number, now: number): IRuperAnswer {
  const worker = state.workers[index] as IRuperWorker | undefined;
  if (worker === undefined) {
    return refused(state, RUPER_CODES.range);
  }
  const fresh: IRuperWorker =
    worker.startedAt === undefined
      ? { ...worker, assigned: Math.floor(state.total / state.workers.length), startedAt: now, at: now, measures: 1 }
      : { ...worker, startedAt: now, at: now };
  return { code: RUPER_CODES.ok, state: replaced(state, index, fresh), assigned: fresh.assigned };
}

/** A worker has done `done` iterations by now. It is balanced from its second report on. */
export function ruperReport(state: IRuperState, index: number, done: number, now: number): IRuperAnswer {
  const measured = measure(state, index, done, now);
  if (measured.code !== RUPER_CODES.ok || measured.state.workers[index].measures <= SETTLED) {
    return measured;
  }
  const { state: balanced, eta } = ruperBalance(measured.state, now);
  return { code: RUPER_CODES.ok, state: balanced, assigned: balanced.workers[index].assigned, eta };
}

/** A worker ends, with all that was assigned or less: the others take over. */
export function ruperFinish(state: IRuperState, index: number, done: number, now: number): IRuperAnswer {
  const measured = measure(state, index, done, now);
  if (measured.code !== RUPER_CODES.ok) {
    return measured;
  }
  const worker = { ...measured.state.workers[index], finished: true };
  const { state: balanced, eta } = ruperBalance(replaced(measured.state, index, worker), now);
  return { code: RUPER_CODES.ok, state: balanced, assigned: worker.assigned, eta };
}

function measure(state: IRuperState, index: number, done: number, now: number): IRuperAnswer {
  const worker = state.workers[index] as IRuperWorker | undefined;
  if (worker === undefined) {
    return refused(state, RUPER_CODES.range);
  }
  if (worker.finished) {
    return refused(state, RUPER_CODES.workerFinished);
  }
  // A report that is not after the one before is taken for one of a worker that has lost its start.
  if (worker.startedAt === undefined || now <= worker.at) {
    return refused(state, RUPER_CODES.notStarted);
  }
  const next: IRuperWorker = {
    ...worker,
    speed: speedOf(worker, done, now),
    done,
    at: now,
    measures: worker.measures + 1
  };
  return { code: RUPER_CODES.ok, state: replaced(state, index, next), assigned: next.assigned };
}

/** Speed since the last report; without progress the last speed shrinks as the mean speed does. */
function speedOf(worker: IRuperWorker, done: number, now: number): number {
  const gained = done - worker.done;
  if (worker.speed === 0 || gained > 0) {
    return Math.max(0, gained) / (now - worker.at);
  }
  const start = worker.startedAt ?? 0;
  const before = worker.done / (worker.at - start);
  return before > 0 ? (worker.speed * (done / (now - start))) / before : 0;
}

/** Shares of what is left, by speed, among those that were heard of. */
export function ruperBalance(state: IRuperState, now: number): { state: IRuperState; eta: number } {
  const { total, threshold, workers } = state;
  const started = workers.filter(worker => worker.startedAt !== undefined);
  const running = started.filter(worker => !worker.finished);
  const active = new Set(running.filter(worker => now - worker.at <= threshold));
  const speed = sum([...active].map(worker => worker.speed));
  const done = sum(started.map(worker => worker.done));
  if (done >= total) {
    const ended = workers.map(worker => (running.includes(worker) ? { ...worker, assigned: worker.done } : worker));
    return { state: { ...state, workers: ended, finished: true }, eta: 0 };
  }
  if (speed <= 0) {
    return { state, eta: NEVER };
  }
  const predicted = sum(started.map(worker => worker.done + worker.speed * (now - worker.at)));
  const eta = Math.max(total - predicted, 0) / speed;
  // So close to the end, moving work about costs more than it brings.
  if (eta < threshold / 2) {
    return { state, eta };
  }
  const shared = workers.map(worker =>
    active.has(worker)
      ? {
          ...worker,
          assigned: Math.floor(worker.done + Math.max(((total - done) * worker.speed) / speed, workers.length))
        }
      : worker
  );
  return { state: { ...state, workers: shared }, eta };
}

/** More workers that are needed to be done in `target` seconds, at most up to `most`. A target that has passed asks for all. */
export function ruperExtra(eta: number, target: number, workers: number, most: number): number {
  if (eta <= target) {
    return 0;
  }
  const wanted = target > 0 ? Math.floor((eta / target - 1) * workers) + 1 : most;
  return Math.max(0, Math.min(wanted, most - workers));
}

/** Seconds until a thread's next report: sooner when its speed has changed, later when it is steady. */
export function ruperInterval(last: number | undefined, speed: number, before: number, least: number): number {
  const most = Math.max(0.8 * least, 10);
  if (last === undefined || before <= 0) {
    return Math.min(most, Math.max(10, least / 1.5));
  }
  const change = Math.abs(speed / before - 1);
  const factor =
    change > 0.1 ? Math.max(1 - (change - 0.1), 0.8) : change < 0.01 ? Math.min(1 + (0.05 - change), 1.2) : 1;
  return Math.max(10, Math.min(most, last * factor));
}

function refused(state: IRuperState, code: number): IRuperAnswer {
  return { code, state, assigned: 0 };
}

function replaced(state: IRuperState, index: number, worker: IRuperWorker): IRuperState {
  return { ...state, workers: state.workers.map((other, i) => (i === index ? worker : other)) };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
