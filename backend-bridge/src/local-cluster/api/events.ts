import type { IDisposable } from '../interfaces';

/** What changed; who hears of it reads it again. */
export interface IClusterEvent {
  kind: 'service' | 'job';
  name: string;
  /** Of a job. */
  service?: string;
  /** The job's state now. */
  status?: string;
  removed?: true;
}

/** Hands changes of services and jobs to whoever follows `/system/events`. */
export class EventHub {
  publish(event: IClusterEvent): void {
    for (const listener of [...this._listeners]) {
      listener(event);
    }
  }

  subscribe(listener: (event: IClusterEvent) => void): IDisposable {
    this._listeners.add(listener);
    return { dispose: () => void this._listeners.delete(listener) };
  }

  private readonly _listeners = new Set<(event: IClusterEvent) => void>();
}
