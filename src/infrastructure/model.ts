import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { toProblem } from '../bridge/errors';
import type { BridgeEvent, ImServer, Infrastructure, Problem, TokenInfo } from '../contract';
import type { IOscarModel } from '../oscar/model';

/** What the page knows about infrastructures. Never changed in place. */
export interface IInfrastructureState {
  /** `none`: nobody has asked yet. */
  phase: 'none' | 'loading' | 'ready' | 'failed';
  /** Why `failed`. */
  problem?: Problem;
  /** Why those of the server are not shown, though ours are. */
  serverProblem?: Problem;
  /** Newest first. */
  items: ReadonlyArray<Infrastructure>;
  server?: ImServer;
  token?: TokenInfo;
}

type InfrastructureEvent = Extract<BridgeEvent, { type: 'infrastructure' }>;

/**
 * The list of infrastructures, kept true by the bridge's events. It asks nobody before `start`.
 */
export class InfrastructureModel {
  constructor(model: IOscarModel) {
    this._model = model;
    model.events.connect(this._onEvent, this);
  }

  get state(): IInfrastructureState {
    return this._state;
  }

  get changed(): ISignal<this, IInfrastructureState> {
    return this._changed;
  }

  get(id: string): Infrastructure | undefined {
    return this._state.items.find(item => item.id === id);
  }

  /** Read all, unless that was done. Safe to call often. */
  async start(): Promise<void> {
    if (this._state.phase === 'none' || this._state.phase === 'failed') {
      await this.refresh();
    }
  }

  /** Read all again. */
  async refresh(): Promise<void> {
    const held: InfrastructureEvent[] = [];
    this._held = held;
    this._update({ phase: this._state.phase === 'ready' ? 'ready' : 'loading', problem: undefined });
    void this._model.start();
    void this.readServer();
    try {
      const { items, problem } = await this._model.client.infrastructures.list();
      if (this._held === held) {
        this._update({ phase: 'ready', items: sorted(items), serverProblem: problem });
      }
    } catch (reason) {
      if (this._held === held) {
        this._update({ phase: 'failed', problem: toProblem(reason) });
      }
    } finally {
      if (this._held === held) {
        this._held = null;
        held.forEach(event => this._put(event.id, event.infrastructure));
      }
    }
  }

  /** Read how the server is, and who the user is for it. */
  async readServer(): Promise<void> {
    const { infrastructures } = this._model.client;
    const [server, token] = await Promise.allSettled([infrastructures.server(), infrastructures.token()]);
    this._update({
      server: server.status === 'fulfilled' ? server.value : this._state.server,
      token: token.status === 'fulfilled' ? token.value : this._state.token
    });
  }

  setToken(token: TokenInfo): void {
    this._update({ token });
  }

  setServer(server: ImServer): void {
    this._update({ server });
  }

  /** Keep what a call answered; the event about it may come later. */
  keep(item: Infrastructure): void {
    const known = this.get(item.id);
    if (!known || known.revision <= item.revision) {
      this._put(item.id, item);
    }
  }

  private _onEvent(_: unknown, event: BridgeEvent): void {
    if (this._state.phase === 'none') {
      return;
    }
    if (event.type === 'reset') {
      void this.refresh();
    } else if (event.type === 'infrastructure') {
      if (this._held) {
        this._held.push(event);
      } else {
        this._put(event.id, event.infrastructure);
      }
    }
  }

  private _put(id: string, item: Infrastructure | null): void {
    const others = this._state.items.filter(each => each.id !== id);
    this._update({ items: item ? sorted([...others, item]) : others });
  }

  private _update(change: Partial<IInfrastructureState>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit(this._state);
  }

  private readonly _model: IOscarModel;
  private readonly _changed = new Signal<this, IInfrastructureState>(this);
  private _state: IInfrastructureState = { phase: 'none', items: [] };
  private _held: InfrastructureEvent[] | null = null;
}

const models = new WeakMap<IOscarModel, InfrastructureModel>();

/** The list beside a model: one for the panel, the commands and the views. */
export function infrastructuresOf(model: IOscarModel): InfrastructureModel {
  let list = models.get(model);
  if (!list) {
    list = new InfrastructureModel(model);
    models.set(model, list);
  }
  return list;
}

/** Ours before what others made, newest first. */
function sorted(items: readonly Infrastructure[]): Infrastructure[] {
  const time = (item: Infrastructure): string => item.createdAt ?? '';
  return [...items].sort(
    (a, b) => Number(a.foreign) - Number(b.foreign) || time(b).localeCompare(time(a)) || a.id.localeCompare(b.id)
  );
}
