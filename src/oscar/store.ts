import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Cluster, Job, Operation, PipelineRun, Service } from '../contract';
import type { IOscarState } from './state';
import { currentCluster, INITIAL_STATE, withJob, withOperation, withRun, withService } from './state';

/** The state of the page, and how what calls answer gets into it. It asks nobody. */
export class OscarStore implements IDisposable {
  get state(): IOscarState {
    return this._state;
  }

  get stateChanged(): ISignal<this, IOscarState> {
    return this._stateChanged;
  }

  get current(): Cluster | undefined {
    return currentCluster(this._state);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  /** Keep what a call answered; the event about it may come later, or not at all when the stream is broken. */
  keepService(service: Service): void {
    if (service.cluster === this.current?.id) {
      const { services } = this._state;
      this.update({ services: { ...services, items: withService(services.items, service.name, service) } });
    }
  }

  keepJob(job: Job): void {
    if (job.cluster === this.current?.id) {
      const { jobs } = this._state;
      this.update({ jobs: { ...jobs, items: withJob(jobs.items, job.id, job) } });
    }
  }

  keepOperation(operation: Operation): void {
    this.update({ operations: withOperation(this._state.operations, operation) });
  }

  keepRun(run: PipelineRun): void {
    this.update({ runs: withRun(this._state.runs, run) });
  }

  forgetRun(id: string): void {
    this.update({ runs: this._state.runs.filter(run => run.id !== id) });
  }

  forgetJob(job: string): void {
    const { jobs } = this._state;
    this.update({ jobs: { ...jobs, items: withJob(jobs.items, job, null) } });
  }

  forgetService(service: string): void {
    const { services } = this._state;
    this.update({ services: { ...services, items: withService(services.items, service, null) } });
  }

  /** Take an ended operation out of sight. */
  dismissOperation(id: string): void {
    this._dismissed.add(id);
    this.update({ operations: this._state.operations.filter(item => item.id !== id) });
  }

  /** True for an operation that the user does not want to see any more. */
  isDismissed(id: string): boolean {
    return this._dismissed.has(id);
  }

  /** Change the state; for those who keep it true. */
  update(change: Partial<IOscarState>): void {
    if (!this._disposed) {
      this._state = { ...this._state, ...change };
      this._stateChanged.emit(this._state);
    }
  }

  private readonly _stateChanged = new Signal<this, IOscarState>(this);
  private readonly _dismissed = new Set<string>();
  private _state: IOscarState = INITIAL_STATE;
  private _disposed = false;
}
