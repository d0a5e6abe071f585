import type { IWorkerState } from './lease';
import type { IPolicyView } from './plan';

/** The workers of a phase: what they do and how fast they are. Times in seconds of the scheduler's clock. */
export class WorkerBook {
  /** @param heartbeat - how often a worker with a part is heard of, s; 0: it is not */
  constructor(heartbeat: number) {
    this.silent = heartbeat > 0 ? Math.max(2.5 * heartbeat, 1) : Infinity;
  }

  readonly all = new Map<string, IWorkerState>();
  /** Seconds after which a worker is silent. */
  readonly silent: number;

  join(id: string, now: number): void {
    this.all.set(id, {
      id,
      speed: 0,
      leases: new Set(),
      lastCount: 0,
      lastSeconds: 0,
      units: 0,
      parts: 0,
      joinedAt: now,
      heardAt: now,
      doneAt: now,
      sampleAt: now,
      sampleUnits: 0,
      refill: 0
    });
  }

  /** It works on something and has not been heard of for a while. */
  isSilent(worker: IWorkerState, now: number): boolean {
    if (worker.heardAt >= now - this.silent) {
      return false;
    }
    for (const lease of worker.leases) {
      if (lease.startedAt !== undefined) {
        return true;
      }
    }
    return false;
  }

  silentNow(now: number): number {
    let count = 0;
    for (const worker of this.all.values()) {
      count += this.isSilent(worker, now) ? 1 : 0;
    }
    return count;
  }

  /** Of the workers whose speed is known, units a second; 0: none is. */
  meanSpeed(): number {
    let sum = 0;
    let known = 0;
    for (const worker of this.all.values()) {
      sum += worker.speed;
      known += worker.speed > 0 ? 1 : 0;
    }
    return known > 0 ? sum / known : 0;
  }

  /** Of all together; who is not known counts as the mean, who is silent not at all. */
  totalSpeed(now: number): number {
    const mean = this.meanSpeed();
    let sum = 0;
    for (const worker of this.all.values()) {
      sum += this.isSilent(worker, now) ? 0 : worker.speed > 0 ? worker.speed : mean;
    }
    return sum;
  }

  policyView(now: number, began: number, phase: Pick<IPolicyView, 'total' | 'remaining' | 'target'>): IPolicyView {
    return {
      ...phase,
      now: now - began,
      workers: [...this.all.values()].map(worker => {
        const [lease] = worker.leases;
        return {
          id: worker.id,
          done: worker.units + (lease?.done ?? 0),
          assigned: worker.units + (lease ? lease.end - lease.first : 0),
          speed: worker.speed,
          startedAt: worker.joinedAt - began,
          reportedAt: worker.heardAt - began,
          busy: lease !== undefined
        };
      })
    };
  }
}
