import type { IChunkPolicy, IPolicyView } from '../engine/plan';
import { ruperBalance, type IRuperState } from './ruper';

/** TaScaaS's: a twentieth of the wanted time between reports, 20 s at least; twice that is silence. */
const REPORTS = 20;
const LEAST_REPORT = 20;

/**
 * RUPER-LB's balancing for workers of ours: what a worker has is made shorter or longer at its reports, with what the pool still
 * has. The first shares are equal.
 *
 * @param workers - who is expected: the first one that joins shall not have everything
 */
export function ruperPolicy(time: number | undefined, workers = 1): IChunkPolicy {
  const threshold = 2 * Math.max(LEAST_REPORT, Math.floor((time ?? 0) / REPORTS));
  return {
    ownTail: true,
    next(worker, view) {
      const own = view.workers.find(other => other.id === worker);
      const given = own?.assigned ?? 0;
      if (given === 0) {
        return Math.max(1, Math.floor(view.total / Math.max(1, workers, view.workers.length)));
      }
      const { state } = ruperBalance(stateOf(view, threshold), view.now);
      const share = state.workers[view.workers.findIndex(other => other.id === worker)].assigned - given;
      return Math.max(1, Math.min(view.remaining, share));
    },
    report(worker, view) {
      const index = view.workers.findIndex(other => other.id === worker);
      const state = stateOf(view, threshold);
      if (index < 0 || state.workers[index].speed <= 0) {
        return [];
      }
      // As the server does: only who reports is told, the others when they report.
      const assigned = ruperBalance(state, view.now).state.workers[index].assigned;
      return assigned === view.workers[index].assigned ? [] : [{ worker, assigned }];
    }
  };
}

function stateOf(view: IPolicyView, threshold: number): IRuperState {
  return {
    total: view.total,
    threshold,
    finished: false,
    workers: view.workers.map(worker => ({
      assigned: worker.assigned,
      done: worker.done,
      speed: worker.speed,
      at: worker.reportedAt ?? worker.startedAt ?? view.now,
      ...(worker.startedAt === undefined ? {} : { startedAt: worker.startedAt }),
      measures: 3,
      finished: false
    }))
  };
}
