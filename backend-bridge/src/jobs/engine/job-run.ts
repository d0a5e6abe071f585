import type { ComputeState, Problem } from '../../contract';
import type { ICrew, ICrewListener, IEngine, IStore } from './engine';
import type { JobJournal } from './journal';
import { committedParts, phaseOf, recoverParts, takeCached } from './parts-of-before';
import { limitsOf, PartError, PhaseRun } from './phase-run';
import type { CreatePlanner, ICommittedPart, IPhasePlan, IPlanner } from './plan';
import { addCounters, noCounters, type IAttemptRecord, type IJobRecord, type IPhaseRecord } from './records';
import { SAMPLE, Sampling } from './sampling';
import { Stoppable } from './stoppable';
import type { ITaskCounters, Task } from './task';

export interface IJobRunOptions {
  record: IJobRecord;
  engine: IEngine;
  journal: JobJournal;
  /** The job's own folder. */
  folder: string;
  createPlanner: CreatePlanner;
  /** Something that is shown has changed. */
  onChange: () => void;
  print: (where: string, text: string) => void;
  /** A store of another job of the same engine, to take parts from. */
  storeOf: (job: string) => Promise<IStore>;
  toProblem: (error: unknown) => Problem;
  /** Parts that an earlier bridge had begun are looked after. */
  recovering: boolean;
}

class Cancelled extends Error {}

/** What a process of its own for each part costs, s. */
const ISOLATED = 0.1;

/** One job from its plan to its result. */
export class JobRun {
  constructor(private readonly _options: IJobRunOptions) {
    this.record = _options.record;
    this._paused = this.record.state === 'paused';
    const last = _options.journal.last(this.record.id);
    this._attemptRevision = last.revision;
    // The clock of the machine may have been set back since.
    this._offset = Math.max((Date.now() - this.record.createdAt) / 1000, last.end, 0);
  }

  readonly record: IJobRecord;
  phase: PhaseRun | undefined;
  phases: IPhaseRecord[] = [];
  /** By number of the phase, what is known of those that are over. */
  readonly past = new Map<
    number,
    { done: number; parts: number; cached: number; failed: number; counters: ITaskCounters }
  >();
  readonly cached = new Map<number, number>();
  readonly workers = new Map<string, { pid?: number; memory?: number; cost?: number }>();

  /** Seconds since the job was created, never going back. */
  readonly now = (): number => this._offset + (performance.now() - this._began) / 1000;
  readonly revise = (): number => (this._attemptRevision += 1);

  /** Resolves when the job is over, or when the bridge lets go of it. */
  async run(): Promise<void> {
    const { record } = this;
    try {
      await this._run();
      record.finishedAt = new Date().toISOString();
      this._become('succeeded', true);
    } catch (error) {
      if (this._released) {
        return;
      }
      record.finishedAt = new Date().toISOString();
      if (error instanceof Cancelled) {
        this._become('cancelled', true);
        return;
      }
      if (error instanceof PartError) {
        record.error = { ...error.error, phase: error.phase, part: error.part, attempts: error.attempts };
      } else {
        record.problem = this._options.toProblem(error);
      }
      this._become('failed', true);
    } finally {
      this._over = true;
      await this._crew?.close();
    }
  }

  async cancel(): Promise<void> {
    this._life.stop(new Cancelled('Cancelled'));
    await this._crew?.close();
  }

  /** The bridge ends; the next one goes on. */
  async release(): Promise<void> {
    this._released = true;
    const crew = this._crew?.close(true);
    this._life.stop(new Error('The bridge ends'));
    await crew;
  }

  pause(): void {
    this._paused = true;
    if (this.phase) {
      this.phase.paused = true;
    }
    this._become('paused');
  }

  resume(): void {
    this._paused = false;
    if (this.phase) {
      this.phase.paused = false;
    }
    this._become('running');
    this.phase?.look();
  }

  /** The journal could not be written. */
  broken(error: Error): void {
    this._life.stop(error);
  }

  private async _run(): Promise<void> {
    const { record } = this;
    const { engine, folder, journal, createPlanner } = this._options;
    record.startedAt ??= new Date().toISOString();
    this._become(
      this._paused ? 'paused' : this._options.recovering ? 'recovering' : record.sampled ? 'running' : 'sampling'
    );
    this._store = await engine.store(record.id, folder);
    const most = Math.min(record.spec.maxWorkers ?? Infinity, await engine.capacity());
    const planner = await this._life.unless(
      createPlanner({
        job: record.id,
        spec: record.spec,
        store: this._store.place,
        folder,
        workers: most,
        startCost: engine.traits.startCost,
        minPart: engine.traits.minPart,
        note: text => this._note(text),
        signal: this._life.signal
      })
    );
    const environment = await this._life.unless(planner.environment?.() ?? Promise.resolve({}));
    this._crew = engine.crew({ id: record.id, spec: record.spec, store: this._store, environment }, this._listener());
    this.phases = journal.phases(record.id);
    if (!record.sampled) {
      await this._sample(planner);
    }
    if (record.spec.sampleOnly === true) {
      record.results = record.sample?.pairs.length ?? 0;
      return;
    }
    await this._phases(planner, most);
  }

  private async _phases(planner: IPlanner, most: number): Promise<void> {
    const { record } = this;
    const { journal } = this._options;
    if (this._options.recovering) {
      await this._recover();
    }
    let plan = await this._life.unless(this._currentPlan(planner));
    for (;;) {
      const known = this.phases[this.phases.length - 1];
      let committed = committedParts(journal, record.id, known.number);
      if (!record.finishing) {
        committed = await this._runPhase(plan, known, committed, most);
        const next = await this._life.unless(planner.next(plan, committed));
        if (next) {
          plan = next;
          this._addPhase(next);
          continue;
        }
        record.finishing = true;
        this._save();
      }
      const outcome = await this._life.unless(planner.finish(plan, committed));
      record.results = outcome.results;
      record.output = outcome.output;
      outcome.notes?.forEach(text => this._note(text));
      return;
    }
  }

  /** The plan of the last phase that was begun; of the first when none was. */
  private async _currentPlan(planner: IPlanner): Promise<IPhasePlan> {
    const last = this.phases[this.phases.length - 1];
    for (const phase of this.phases.slice(0, -1)) {
      this._remember(phase.number, committedParts(this._options.journal, this.record.id, phase.number));
    }
    if (last) {
      return planner.restore(last.name, last.data);
    }
    const plan = await planner.plan(this.record.sample);
    this._addPhase(plan);
    return plan;
  }

  private _addPhase(plan: IPhasePlan): void {
    const { journal } = this._options;
    const phase = phaseOf(plan, this.phases.length, this.record);
    journal.savePhase(this.record.id, phase);
    journal.event(this.record.id, 'phase', plan.name);
    this.phases.push(phase);
  }

  private async _runPhase(
    plan: IPhasePlan,
    phase: IPhaseRecord,
    before: ICommittedPart[],
    most: number
  ): Promise<ICommittedPart[]> {
    const { record } = this;
    const { journal, engine } = this._options;
    const committed =
      before.length === 0 && this._adopted.length === 0 && record.spec.fresh !== true
        ? await this._life.unless(this._fromCache(plan, phase))
        : before;
    const run = new PhaseRun({
      job: record.id,
      spec: record.spec,
      record: phase,
      plan,
      traits: record.spec.isolate === true ? { ...engine.traits, ahead: 0, startCost: ISOLATED } : engine.traits,
      most,
      journal,
      store: this._store as IStore,
      crew: this._crew as ICrew,
      now: this.now,
      revise: this.revise,
      onChange: this._options.onChange,
      committed,
      adopted: this._adopted.splice(0)
    });
    for (const worker of run.scheduler.workers.keys()) {
      this.workers.set(worker, {});
    }
    this.phase = run;
    run.paused = this._paused;
    this._become(this._paused ? 'paused' : 'running');
    try {
      await this._life.unless(run.run(this.workers.keys()));
    } finally {
      run.end();
      this.phase = undefined;
    }
    const parts = committedParts(journal, record.id, phase.number);
    this._remember(phase.number, parts, run);
    phase.finishedAt = new Date().toISOString();
    journal.savePhase(record.id, phase);
    this._options.onChange();
    return parts;
  }

  private async _fromCache(plan: IPhasePlan, phase: IPhaseRecord): Promise<ICommittedPart[]> {
    const { journal, storeOf } = this._options;
    const { record, now, revise } = this;
    const taken = await takeCached({
      plan,
      phase,
      job: record.id,
      journal,
      store: this._store as IStore,
      storeOf,
      now,
      revise
    });
    if (taken.length > 0) {
      this.cached.set(phase.number, taken.length);
      const parts = taken.length === 1 ? 'One part was' : `${taken.length} parts were`;
      this._note(`${parts} taken from an earlier job with the same code and input.`);
    }
    return taken;
  }

  private async _recover(): Promise<void> {
    const found = await recoverParts({
      job: this.record.id,
      finishing: this.record.finishing,
      phases: this.phases,
      journal: this._options.journal,
      store: this._store as IStore,
      adopting: this._crew?.adopt !== undefined,
      revise: this.revise
    });
    this.phases = found.phases;
    this._adopted = found.adopted;
    if (found.gone > 0) {
      this._note(`${found.gone} finished parts were not there any more and were done again.`);
    }
  }

  private async _sample(planner: IPlanner): Promise<void> {
    const { record } = this;
    const body = await this._life.unless(planner.sampleTask());
    if (body) {
      const task: Task = {
        ...body,
        job: record.id,
        part: 0,
        attempt: 1,
        store: (this._store as IStore).place,
        limits: limitsOf(record.spec)
      };
      const answer = await this._life.unless(this._sampling.run(this._crew as ICrew, task));
      record.sample = answer.sample;
      if (answer.sample?.note !== undefined) {
        this._note(answer.sample.note);
      }
    }
    record.sampled = true;
    this._save();
  }

  private _listener(): ICrewListener {
    return {
      joined: ({ id, pid }) => {
        this.workers.set(id, pid === undefined ? {} : { pid });
        this.phase?.joined(id);
        this._sampling.joined(id);
        this._options.onChange();
      },
      started: id => this.phase?.started(id),
      progress: (id, progress) => {
        const lease = this.phase?.scheduler.leases.get(id);
        const worker = lease && this.workers.get(lease.worker);
        if (worker) {
          worker.memory = progress.memory;
        }
        this.phase?.progress(id, progress);
      },
      done: (id, answer) => (id === SAMPLE ? this._sampling.done(answer) : this.phase?.done(id, answer)),
      failed: (id, error) => (id === SAMPLE ? this._sampling.failed(error) : this.phase?.failed(id, error)),
      gone: (worker, error, killed) => {
        this.workers.delete(worker);
        this.phase?.gone(worker, error, killed);
        this._sampling.gone(error);
        this._options.onChange();
      },
      printed: (id, text) => this._options.print(this._where(id), text),
      used: (id, seconds) => {
        const worker = this.workers.get(id);
        if (worker) {
          worker.cost = (worker.cost ?? 0) + seconds;
        }
      },
      note: text => this._note(text),
      broken: error => this._life.stop(new PartError(error, this.phases[this.phases.length - 1]?.name ?? SAMPLE, 0, 1)),
      settled: () => this.phase?.settled()
    };
  }

  /** `map 3`: which part a task is. */
  private _where(id: string | undefined): string {
    const name = this.phases[this.phases.length - 1]?.name;
    return id === undefined || id === SAMPLE || name === undefined ? SAMPLE : `${name} ${id.split('.')[0]}`;
  }

  private _remember(number: number, parts: readonly ICommittedPart[], run?: PhaseRun): void {
    const counters = noCounters();
    parts.forEach(part => addCounters(counters, part.counters));
    this.past.set(number, {
      done: parts.reduce((sum, part) => sum + part.count, 0),
      parts: parts.length,
      cached: parts.filter(part => part.attempt === 0).length,
      failed: run?.failedParts ?? this._options.journal.used(this.record.id, number).failed,
      counters
    });
  }

  private _note(text: string): void {
    if (!this.record.notes.includes(text)) {
      this.record.notes.push(text);
      this._options.onChange();
    }
  }

  private _become(state: ComputeState, over = false): void {
    if (this._over) {
      return;
    }
    this.record.state = state;
    this.record.over = over;
    this._options.journal.event(this.record.id, 'state', state);
    this._save();
    this._options.onChange();
  }

  private _save(): void {
    this._options.journal.flush();
    this._options.journal.save(this.record);
  }

  private readonly _life = new Stoppable();
  private readonly _sampling = new Sampling();
  private readonly _began = performance.now();
  private readonly _offset: number;
  private _attemptRevision: number;
  private _store: IStore | undefined;
  private _crew: ICrew | undefined;
  private _paused: boolean;
  private _adopted: IAttemptRecord[] = [];
  private _released = false;
  private _over = false;
}
