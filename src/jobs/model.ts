import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { toProblem } from '../bridge/errors';
import type { BridgeEvent, ComputeJob, Problem } from '../contract';
import type { IOscarModel } from '../oscar/model';

/** What the page knows about map-reduce and high-throughput jobs. */
export interface IComputeState {
  /** `none`: nobody has asked yet. */
  phase: 'none' | 'loading' | 'ready' | 'failed';
  /** Newest first. */
  items: ReadonlyArray<ComputeJob>;
  /** The page after these. */
  next?: string;
  problem?: Problem;
}

type ComputeEvent = Extract<BridgeEvent, { type: 'compute-job' }>;

/** The list of map-reduce and high-throughput jobs, kept true by the bridge's events. It wakes nobody. */
export class ComputeJobs {
  constructor(model: IOscarModel) {
    this._model = model;
    model.events.connect(this._onEvent, this);
    if (model.state.phase === 'ready') {
      void this.load();
    }
  }

  get state(): IComputeState {
    return this._state;
  }

  get changed(): ISignal<this, IComputeState> {
    return this._changed;
  }

  get(id: string): ComputeJob | undefined {
    return this._state.items.find(job => job.id === id);
  }

  /** Read the newest jobs. */
  async load(): Promise<void> {
    const held: ComputeEvent[] = [];
    this._held = held;
    this._set({ phase: this._state.phase === 'ready' ? 'ready' : 'loading' });
    try {
      const { items, next } = await this._model.client.compute.list();
      if (this._held === held) {
        this._set({ phase: 'ready', items: sorted(items), next, problem: undefined });
      }
    } catch (reason) {
      if (this._held === held) {
        this._set({ phase: 'failed', problem: toProblem(reason) });
      }
    } finally {
      if (this._held === held) {
        this._held = null;
        held.forEach(event => this._apply(event));
      }
    }
  }

  /** Read older jobs. */
  async loadMore(): Promise<void> {
    const { next, items } = this._state;
    if (next === undefined) {
      return;
    }
    const page = await this._model.client.compute.list({ page: next });
    const known = new Set(page.items.map(job => job.id));
    this._set({ items: sorted([...items.filter(job => !known.has(job.id)), ...page.items]), next: page.next });
  }

  /** Keep what a call answered; the event about it may come later. */
  keep(job: ComputeJob): void {
    const known = this.get(job.id);
    if (!known || known.revision <= job.revision) {
      this._put(job.id, job);
    }
  }

  forget(id: string): void {
    this._put(id, null);
  }

  private _onEvent(_: unknown, event: BridgeEvent): void {
    if (event.type === 'hello' || event.type === 'reset') {
      void this.load();
    } else if (event.type === 'compute-job') {
      if (this._held) {
        this._held.push(event);
      } else {
        this._apply(event);
      }
    }
  }

  private _apply(event: ComputeEvent): void {
    this._put(event.id, event.job);
  }

  private _put(id: string, job: ComputeJob | null): void {
    const { items } = this._state;
    const place = items.findIndex(item => item.id === id);
    if (place >= 0 && job) {
      this._set({ items: items.map(item => (item.id === id ? job : item)) });
    } else if (job) {
      this._set({ items: sorted([job, ...items]) });
    } else if (place >= 0) {
      this._set({ items: items.filter(item => item.id !== id) });
    }
  }

  private _set(change: Partial<IComputeState>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit(this._state);
  }

  private readonly _model: IOscarModel;
  private readonly _changed = new Signal<this, IComputeState>(this);
  private _state: IComputeState = { phase: 'none', items: [] };
  private _held: ComputeEvent[] | null = null;
}

const lists = new WeakMap<IOscarModel, ComputeJobs>();

/** The list of a model: one for the panel, the commands and the views. */
export function computeJobsOf(model: IOscarModel): ComputeJobs {
  let list = lists.get(model);
  if (!list) {
    list = new ComputeJobs(model);
    lists.set(model, list);
  }
  return list;
}

function sorted(items: readonly ComputeJob[]): ComputeJob[] {
  return [...items].sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
}
