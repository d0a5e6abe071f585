import type { ComputeRequest } from '../../contract';
import type { Action, IEnded } from './actions';
import type { ICrew, IStore } from './engine';
import type { JobJournal } from './journal';
import { KeptPrefixes, keptPart } from './kept';
import type { ILease } from './lease';
import type { ICommittedPart, IPhasePlan } from './plan';
import { addCounters, noCounters, type IAttemptRecord, type IPhaseRecord } from './records';
import { PhaseScheduler } from './scheduler';
import type { ITaskDone, ITaskError, ITaskProgress, Task } from './task';
import type { IEngineTraits } from './traits';

/** The phase cannot be finished: a part of it has failed for good. */
export class PartError extends Error {
  constructor(
    readonly error: ITaskError,
    readonly phase: string,
    readonly part: number,
    readonly attempts: number
  ) {
    super(error.message);
  }
}

export interface IPhaseRunOptions {
  job: string;
  spec: ComputeRequest;
  record: IPhaseRecord;
  plan: IPhasePlan;
  traits: IEngineTraits;
  most: number;
  journal: JobJournal;
  store: IStore;
  crew: ICrew;
  /** Seconds since the job was created, never going back. */
  now: () => number;
  /** Next revision of an attempt of the job. */
  revise: () => number;
  onChange: () => void;
  /** What is committed of it already. */
  committed: readonly ICommittedPart[];
  /** Attempts that an earlier bridge has begun and that may still run; their workers were not let go. */
  adopted?: readonly IAttemptRecord[];
}

/** How often it is looked whether something hangs or can be taken over, ms. */
const LOOK = 200;

/** One phase while it runs: the scheduler's decisions, carried out and journaled. */
export class PhaseRun {
  constructor(private readonly _options: IPhaseRunOptions) {
    const { spec, plan, journal, job, record, traits, most, committed } = _options;
    const used = journal.used(job, record.number);
    this.failedParts = used.failed;
    committed.forEach(part => addCounters(this.counters, part.counters));
    const target = plan.name === 'htc' ? (spec.htc?.time ?? 0) : 0;
    this.scheduler = new PhaseScheduler({
      plan,
      traits,
      most,
      retry: { lost: spec.retries ?? 3, backoff: traits.backoff, random: Math.random },
      // The worker sees to it itself; this is for one that cannot.
      timeout: spec.timeout === undefined ? undefined : spec.timeout + 4 * Math.max(1, traits.heartbeat),
      ...(target > 0 ? { target, initial: spec.htc?.initWorkers } : {}),
      nextPart: used.nextPart,
      attempts: used.attempts,
      committed,
      running: _options.adopted
    });
  }

  readonly scheduler: PhaseScheduler;
  get number(): number {
    return this._options.record.number;
  }

  readonly counters = noCounters();
  /** Attempts that run, as they are journaled. */
  readonly running = new Map<string, IAttemptRecord>();
  failedParts: number;
  paused = false;

  /** Resolves when all parts are committed and on disk. @throws PartError, or what the journal throws */
  run(workers: Iterable<string>): Promise<void> {
    return new Promise((resolve, reject) => {
      this._resolve = resolve;
      this._reject = reject;
      this._adopt();
      for (const worker of workers) {
        if (!this.scheduler.workers.has(worker)) {
          this.scheduler.join(worker, this._options.now());
        }
      }
      this._timer = setInterval(() => this.look(), LOOK);
      this.look();
    });
  }

  /** Looks what is to be done now. */
  look(): void {
    if (this._over) {
      return;
    }
    const now = this._options.now();
    this._writeRunning();
    if (!this.paused) {
      this._options.crew.want(this.scheduler.wanted(now));
      this._act(this.scheduler.pump(now));
    }
    this._finish();
  }

  end(error?: Error): void {
    if (this._over) {
      return;
    }
    this._over = true;
    clearInterval(this._timer);
    if (error) {
      this._reject(error);
    } else {
      this._resolve();
    }
  }

  joined(worker: string): void {
    this.scheduler.join(worker, this._options.now());
    this._touched.add(worker);
  }

  started(id: string): void {
    this.scheduler.started(id, this._options.now());
  }

  progress(id: string, progress: ITaskProgress): void {
    this._options.onChange();
    const kept = this._kept.add(id, progress);
    const record = progress.kept && this.running.get(id);
    if (record) {
      // Also a bridge that comes after this one shall know it.
      Object.assign(record, { values: this._kept.get(id)?.values, counters: this._kept.get(id)?.counters });
      this._unwritten.delete(id);
      this._options.journal.attempt(this._options.job, { ...record });
    }
    this._act(this.scheduler.progress(id, progress.done, this._options.now(), kept));
  }

  done(id: string, answer: ITaskDone): void {
    this._ended(this.scheduler.done(id, answer, this._options.now()), answer);
  }

  failed(id: string, error: ITaskError): void {
    this._ended(this.scheduler.failed(id, error, this._options.now()));
  }

  gone(worker: string, error: ITaskError, killed: boolean): void {
    for (const ended of this.scheduler.leave(worker, error, killed, this._options.now())) {
      this._ended(ended);
    }
    this._lookSoon = true;
  }

  /** All reports of a turn have come. */
  settled(): void {
    if (this._over) {
      return;
    }
    if (this._lookSoon) {
      this._lookSoon = false;
      this.look();
    } else if (!this.paused) {
      const now = this._options.now();
      const actions: Action[] = [];
      this._touched.forEach(worker => this.scheduler.fill(worker, now, actions));
      this._act(actions);
    }
    this._touched.clear();
    this._finish();
  }

  /** Of parts that are over before this only the end is written. */
  private _writeRunning(): void {
    for (const id of this._unwritten) {
      const record = this.running.get(id);
      if (record) {
        this._options.journal.attempt(this._options.job, { ...record });
      }
    }
    this._unwritten.clear();
  }

  private _ended(ended: IEnded | undefined, answer?: ITaskDone): void {
    if (!ended || this._over) {
      return;
    }
    const { journal, job, store, now, revise } = this._options;
    const { lease, state, range, error } = ended;
    this._touched.add(lease.worker);
    const record = this.running.get(lease.id) ?? this._record(lease);
    this.running.delete(lease.id);
    this._unwritten.delete(lease.id);
    record.state = state;
    record.end = now();
    record.revision = revise();
    if (range) {
      record.first = range.first;
      record.count = range.count;
    }
    if (error) {
      record.error = error;
    }
    // What it had told is not its result.
    record.values = undefined;
    record.counters = undefined;
    if (state === 'done' && answer) {
      record.files = answer.files;
      record.values = answer.values;
      record.counters = { ...noCounters(), ...answer.counters };
      addCounters(this.counters, record.counters);
    } else if (state === 'failed' || state === 'lost') {
      this.failedParts += 1;
    }
    journal.attempt(job, record);
    if (ended.kept) {
      const kept = keptPart(record, ended.kept, this._kept.get(lease.id) ?? {}, revise());
      addCounters(this.counters, kept.counters ?? {});
      journal.attempt(job, kept);
    }
    this._kept.delete(lease.id);
    if (ended.discard === true && answer && answer.files.length > 0) {
      void store.discard(answer.files.map(file => file.name)).catch((problem: unknown) => this.end(problem as Error));
    }
    this._options.onChange();
    if (ended.fatal) {
      this.end(new PartError(ended.fatal, this._options.plan.name, lease.part.part, lease.attempt));
    } else if (state !== 'done' || lease.given !== undefined) {
      this._lookSoon = true;
    }
  }

  private _act(actions: readonly Action[]): void {
    const { crew } = this._options;
    for (const action of actions) {
      switch (action.type) {
        case 'start':
          this._start(action.lease);
          break;
        case 'stop':
          crew.stop(action.lease.worker, action.lease.id, action.at);
          break;
        case 'kill':
          crew.kill(action.worker, action.error);
          break;
      }
    }
  }

  private _adopt(): void {
    const { adopted = [], crew, plan } = this._options;
    for (const lease of this.scheduler.leases.values()) {
      const record = adopted.find(({ part, attempt }) => lease.id === `${part}.${attempt}`);
      if (record) {
        this.running.set(lease.id, record);
        crew.adopt?.(lease.worker, lease.id, { name: `${plan.name}-${lease.id}`, units: record.count });
      }
    }
  }

  private _start(lease: ILease): void {
    const { job, spec, plan, store, crew, journal, traits } = this._options;
    const record = this._record(lease);
    this.running.set(lease.id, record);
    if (traits.transport === 'descriptor') {
      // The number of an attempt that is under way is never used again, whatever becomes of this bridge.
      journal.attempt(job, record);
      journal.flush();
    } else {
      this._unwritten.add(lease.id);
    }
    const { part } = lease.part;
    const count = lease.end - lease.first;
    const task = {
      ...plan.task({ part, attempt: lease.attempt, first: lease.first, count }),
      job,
      part,
      attempt: lease.attempt,
      store: store.place,
      limits: limitsOf(spec)
    } as Task;
    crew.start(lease.worker, lease.id, task);
  }

  private _record(lease: ILease): IAttemptRecord {
    return {
      phase: this._options.record.number,
      part: lease.part.part,
      attempt: lease.attempt,
      worker: lease.worker,
      state: 'running',
      first: lease.first,
      count: lease.end - lease.first,
      start: lease.sentAt,
      revision: this._options.revise()
    };
  }

  private _finish(): void {
    if (this._over || !this.scheduler.complete) {
      return;
    }
    try {
      this._options.journal.flush();
    } catch (error) {
      this.end(error as Error);
      return;
    }
    this._superfluous();
    this.end();
  }

  /** What still runs is not needed any more. Who does not hear of it is replaced. */
  private _superfluous(): void {
    for (const lease of this.scheduler.leases.values()) {
      this._options.crew.kill(lease.worker, {
        class: 'lost',
        type: 'Superseded',
        message: 'Another attempt was faster.'
      });
    }
  }

  private readonly _touched = new Set<string>();
  /** Attempts that the journal does not know yet. */
  private readonly _unwritten = new Set<string>();
  /** What running attempts have finished for good. */
  private readonly _kept = new KeptPrefixes();
  private _lookSoon = false;
  private _over = false;
  private _timer: NodeJS.Timeout | undefined;
  private _resolve: () => void = () => undefined;
  private _reject: (error: Error) => void = () => undefined;
}

export function limitsOf(spec: ComputeRequest): Task['limits'] {
  return {
    skipRecords: spec.skipBadRecords ?? 0,
    ...(spec.memory === undefined ? {} : { memory: spec.memory }),
    ...(spec.timeout === undefined ? {} : { seconds: spec.timeout })
  };
}
