import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { toProblem } from '../bridge/errors';
import type {
  AwsApi,
  AwsBatchJob,
  AwsContext,
  AwsContextChange,
  AwsEmulator,
  AwsFunction,
  AwsProfile,
  BridgeEvent,
  Bucket,
  Problem
} from '../contract';
import type { IOscarModel } from '../oscar/model';
import type { IList } from '../oscar/state';
import { EMPTY_LIST } from '../oscar/state';
import { isBatchOver } from './words';

/** Jobs of Batch send no events: they are read again so often while one of them runs and is looked at, ms. */
const PAUSE = 10_000;
/** How much less often while none runs and a function may start one. */
const SLOWER = 3;

/** What the page knows about AWS. Never changed in place. */
export interface IScarState {
  /** `none`: nobody has asked yet. */
  phase: 'none' | 'loading' | 'ready' | 'failed';
  /** Why `failed`. */
  problem?: Problem;
  context?: AwsContext;
  profiles: ReadonlyArray<AwsProfile>;
  emulator?: AwsEmulator;
  /** True while calls go to another place. */
  switching: boolean;
  functions: IList<AwsFunction>;
  jobs: IList<AwsBatchJob>;
  apis: IList<AwsApi>;
  buckets: IList<Bucket>;
}

const LISTS = { functions: EMPTY_LIST, jobs: EMPTY_LIST, apis: EMPTY_LIST, buckets: EMPTY_LIST };

type ListName = keyof typeof LISTS;

/**
 * What the page knows about functions on AWS, kept true by the bridge's events. It asks nobody before `start`.
 */
export class ScarModel {
  constructor(model: IOscarModel, options: { pause?: number } = {}) {
    this._model = model;
    this._pause = options.pause ?? PAUSE;
    model.events.connect(this._onEvent, this);
  }

  get state(): IScarState {
    return this._state;
  }

  get changed(): ISignal<this, IScarState> {
    return this._changed;
  }

  function(name: string): AwsFunction | undefined {
    return this._state.functions.items.find(item => item.name === name);
  }

  /** Read all, unless that was done. Safe to call often. */
  async start(): Promise<void> {
    if (this._state.phase === 'none' || this._state.phase === 'failed') {
      await this.refresh();
    }
  }

  /** Read all again. */
  async refresh(): Promise<void> {
    const turn = ++this._turn;
    this._update({ phase: this._state.phase === 'ready' ? 'ready' : 'loading', problem: undefined });
    void this._model.start();
    try {
      const [context, profiles, emulator] = await Promise.all([
        this._model.client.aws.context(),
        // The rest works without these two: what is in the way is told by the call that needs it.
        this._model.client.aws.profiles().catch(quietly([])),
        this._model.client.aws.emulator().catch(quietly(undefined))
      ]);
      if (turn === this._turn) {
        this._update({ phase: 'ready', profiles, emulator });
        await this._take(context, true);
      }
    } catch (reason) {
      if (turn === this._turn) {
        this._update({ phase: 'failed', problem: toProblem(reason) });
      }
    }
  }

  /** Make calls go elsewhere: another profile, another region, the emulator. */
  async change(change: AwsContextChange): Promise<void> {
    this._turn++;
    this._update({ switching: true });
    try {
      const context = await this._model.client.aws.changeContext(change);
      await this._take(context);
    } finally {
      this._update({ switching: false });
      this._model.client.aws.emulator().then(emulator => this._update({ emulator }), quietly(undefined));
    }
  }

  /** Read a list that is not read with the others. */
  async loadBuckets(): Promise<void> {
    await this._load('buckets', () => this._model.client.aws.storage.buckets());
  }

  async loadJobs(): Promise<void> {
    await this._load('jobs', async () => newestFirst(await this._model.client.aws.batchJobs()));
    this._soon();
  }

  /** Whether somebody looks at the jobs of Batch: only then are they read again. */
  watch(visible: boolean): void {
    const before = this._watched;
    this._watched = visible;
    if (!visible) {
      clearTimeout(this._timer);
      this._timer = undefined;
    } else if (!before && this._state.jobs.phase === 'ready') {
      void this.loadJobs();
    }
  }

  keepJob(job: AwsBatchJob): void {
    const { jobs } = this._state;
    const others = jobs.items.filter(item => item.id !== job.id);
    this._update({ jobs: { ...jobs, items: newestFirst([...others, job]) } });
    this._soon();
  }

  private async _take(context: AwsContext, again = false): Promise<void> {
    const before = this._state.context;
    const moved = !before || placeOf(before) !== placeOf(context);
    this._update({ context, ...(moved ? LISTS : {}) });
    if (context.state === 'ready' && (moved || again || before?.state !== 'ready')) {
      await Promise.all([
        this._load('functions', async () => byName(await this._model.client.aws.functions())),
        this.loadJobs(),
        this._load('apis', async () => byName(await this._model.client.aws.apis())),
        this._state.buckets.phase === 'none' ? undefined : this.loadBuckets()
      ]);
      this._soon();
    }
  }

  private async _load<K extends ListName>(key: K, read: () => Promise<IScarState[K]['items']>): Promise<void> {
    const place = placeOf(this._state.context);
    const before: IList<unknown> = this._state[key];
    this._update({ [key]: { ...before, phase: before.phase === 'ready' ? 'ready' : 'loading' } });
    const mark = (this._reads[key] = (this._reads[key] ?? 0) + 1);
    let after: IList<unknown>;
    try {
      after = { phase: 'ready', items: await read() };
    } catch (reason) {
      after = { phase: 'failed', items: before.items, problem: toProblem(reason) };
    }
    // The user may have gone elsewhere, or asked again.
    if (placeOf(this._state.context) === place && this._reads[key] === mark) {
      this._update({ [key]: after });
    }
  }

  private _soon(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    if (!this._watched) {
      return;
    }
    if (this._state.jobs.items.some(job => !isBatchOver(job))) {
      this._timer = setTimeout(() => void this.loadJobs(), this._pause);
    } else if (this._state.functions.items.some(item => item.mode !== 'lambda')) {
      // Nobody tells of jobs that a file in a bucket has started.
      this._timer = setTimeout(() => void this.loadJobs(), this._pause * SLOWER);
    }
  }

  private _onEvent(_: unknown, event: BridgeEvent): void {
    if (this._state.phase === 'none') {
      return;
    }
    if (event.type === 'reset') {
      void this.refresh();
    } else if (event.type === 'aws-context') {
      void this._take(event.context);
    } else if (event.type === 'aws-function') {
      const { functions } = this._state;
      const others = functions.items.filter(item => item.name !== event.name);
      const region = this._state.context?.region;
      if (event.function === null || event.function.region === region) {
        this._update({
          functions: { ...functions, items: event.function ? byName([...others, event.function]) : others }
        });
        this._soon();
        void this._load('apis', async () => byName(await this._model.client.aws.apis()));
      }
    }
  }

  private _update(change: Partial<IScarState>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit(this._state);
  }

  private readonly _model: IOscarModel;
  private readonly _pause: number;
  private readonly _changed = new Signal<this, IScarState>(this);
  private readonly _reads: Partial<Record<ListName, number>> = {};
  private _state: IScarState = { phase: 'none', profiles: [], switching: false, ...LISTS };
  private _turn = 0;
  private _watched = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

const models = new WeakMap<IOscarModel, ScarModel>();

/** What is known about AWS beside a model: one for the panel, the commands and the views. */
export function scarModelOf(model: IOscarModel): ScarModel {
  let scar = models.get(model);
  if (!scar) {
    scar = new ScarModel(model);
    models.set(model, scar);
  }
  return scar;
}

/** What lists belong to: another account or region has others. */
/** For what the page also works without: the reason is for whoever looks into the browser's console. */
function quietly<T>(instead: T): (reason: unknown) => T {
  return reason => {
    console.warn('Not read', toProblem(reason).detail);
    return instead;
  };
}

function placeOf(context: AwsContext | undefined): string {
  return context
    ? [context.account, context.profile, context.region, context.endpoint, context.emulator].join('\n')
    : '';
}

function byName<T extends { name: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => a.name.localeCompare(b.name));
}

function newestFirst(items: readonly AwsBatchJob[]): AwsBatchJob[] {
  const time = (job: AwsBatchJob): string => job.createdAt ?? '9';
  return [...items].sort((a, b) => time(b).localeCompare(time(a)) || b.id.localeCompare(a.id));
}
