import type { IOscarService } from '../fdl/service';
import { parseQuantity } from './api/quantity';
import { isExposed } from './api/service-check';
import type { State } from './api/state';
import type { IJobRecord } from './interfaces';

/** What services take now and have taken: the load and the metrics of the cluster. */
export class Accounting {
  constructor(private readonly _state: State) {}

  /** Sum over what runs and what is exposed, cores or bytes. */
  requested(of: (service: IOscarService) => string): number {
    let sum = 0;
    for (const service of this._running.values()) {
      sum += parseQuantity(of(service)) ?? 0;
    }
    for (const service of this._state.services()) {
      if (isExposed(service) && !this._state.stopped(service.name)) {
        sum += (parseQuantity(of(service)) ?? 0) * Math.max(1, service.expose.min_scale);
      }
    }
    return sum;
  }

  /** What a job took goes into the metrics when it ends. */
  job(job: IJobRecord, removed: boolean): void {
    const running = this._running.get(job.name);
    if (job.status === 'Running' && !removed) {
      const service = running ?? this._state.service(job.service);
      if (service) {
        this._running.set(job.name, service);
      }
    } else if (running) {
      this._running.delete(job.name);
      const seconds = ((job.finishedAt ?? new Date()).getTime() - (job.startedAt ?? job.createdAt).getTime()) / 1000;
      const cpus = parseQuantity(running.cpu) ?? 0;
      this._state.addUsage(new Date(), {
        service: job.service,
        kind: 'async',
        user: job.owner,
        count: 0,
        cpu_seconds: seconds * cpus,
        gpu_seconds: running.enable_gpu ? seconds : 0
      });
    }
  }

  private readonly _running = new Map<string, IOscarService>();
}
