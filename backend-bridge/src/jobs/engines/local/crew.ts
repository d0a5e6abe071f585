import { createHash } from 'node:crypto';
import type { ICrew, ICrewListener, IEngineJob } from '../../engine/engine';
import type { ITaskError, Task } from '../../engine/task';
import type { FromWorker, ToWorker } from '../frames';
import { lookAt } from './look';
import type { IExit, WorkerProcess } from './process';
import type { WarmProcesses } from './warm';

export interface ICrewOptions {
  job: IEngineJob;
  listener: ICrewListener;
  warm: WarmProcesses;
  /** Interpreter when the job names none. */
  python: string;
}

interface IMember {
  id: string;
  process: WorkerProcess;
  state: 'starting' | 'setup' | 'here' | 'leaving';
  /** Tasks it has, the one it works on first. */
  tasks: string[];
  /** Why we have ended it. */
  killed?: ITaskError;
  ticks: number;
  /** When its CPU time was seen to change last, ms. */
  movedAt: number;
  stoppedLooks: number;
}

const LOOK = 500;
/** A worker that says nothing for so long is looked at, ms. */
const QUIET = 1500;
/** One that says and does nothing for so long hangs. A call that holds the interpreter's lock uses CPU time meanwhile. */
const DEAD = 30_000;
/** Of a start that does not come to its first word, ms. */
const START = 60_000;
/** Starts that may fail one after another. */
const STARTS = 3;
const INTERRUPT = 2000;
/** The worker sees to its own limit; what it has started, and what it cannot stop, is ended at so many times of it. */
const FAR_OVER = 1.5;

/** The local workers of one job. */
export class LocalCrew implements ICrew {
  constructor(private readonly _options: ICrewOptions) {
    this._timer = setInterval(() => void this._look(), LOOK);
  }

  want(count: number): void {
    this._wanted = count;
    if (this._closed) {
      return;
    }
    const staying = [...this._members.values()].filter(member => member.state !== 'leaving');
    for (let more = staying.length; more < count; more++) {
      this._hire();
    }
    for (const member of staying.reverse()) {
      if (this._members.size <= count) {
        break;
      }
      if (member.state === 'here' && member.tasks.length === 0) {
        this._release(member);
      }
    }
  }

  start(worker: string, id: string, task: Task): void {
    const member = this._members.get(worker);
    if (!member) {
      // Its end is on its way: what it was given comes back with `gone`.
      return;
    }
    member.tasks.push(id);
    if (member.tasks.length === 1) {
      this._begins(member);
    }
    member.process.send({ type: 'task', id, task });
  }

  stop(worker: string, id: string, at?: number): void {
    this._members.get(worker)?.process.send({ type: 'stop', id, ...(at === undefined ? {} : { at }) });
  }

  kill(worker: string, error: ITaskError): void {
    const member = this._members.get(worker);
    if (member && !member.killed) {
      member.killed = error;
      member.process.signal('SIGKILL');
    }
  }

  close(): Promise<void> {
    this._closing ??= this._close();
    return this._closing;
  }

  private async _close(): Promise<void> {
    this._closed = true;
    clearInterval(this._timer);
    const ends: Promise<void>[] = [];
    for (const member of this._members.values()) {
      if (member.state === 'here' && member.tasks.length === 0 && this._options.job.spec.isolate !== true) {
        this._give(member);
        continue;
      }
      member.process.user = undefined;
      this._options.warm.forget(member.process);
      // The functions get the chance to clean up.
      member.process.signal('SIGINT');
      ends.push(member.process.end(INTERRUPT));
    }
    this._members.clear();
    await Promise.all(ends);
  }

  private _hire(): void {
    const { job, warm, python } = this._options;
    const process = warm.take(job.spec.python ?? python, job.environment);
    const member: IMember = {
      id: `${process.pid ?? 'none'}-${(this._hired += 1)}`,
      process,
      state: 'starting',
      tasks: [],
      ticks: -1,
      movedAt: performance.now(),
      stoppedLooks: 0
    };
    this._members.set(member.id, member);
    process.user = {
      frame: head => this._frame(member, head),
      settled: () => {
        if (!this._closed) {
          this._options.listener.settled();
        }
      },
      output: text => this._options.listener.printed(member.tasks[0], text),
      exited: how => this._exited(member, how)
    };
    if (process.ready) {
      this._setUp(member);
    }
  }

  private _setUp(member: IMember): void {
    member.state = 'setup';
    const { code, cwd } = this._options.job.spec;
    const frame: ToWorker = {
      type: 'job',
      job: this._options.job.id,
      language: code.language,
      name: code.name ?? '<job>',
      line: code.language === 'python' ? (code.line ?? 1) : 1,
      sha256: createHash('sha256').update(code.source).digest('hex'),
      with: code.language === 'python' ? (code.with ?? {}) : {},
      packages: code.language === 'python' ? (code.packages ?? []) : [],
      ...(cwd === undefined ? {} : { cwd })
    };
    member.process.send(frame, Buffer.from(code.source));
  }

  private _frame(member: IMember, head: FromWorker): void {
    const { listener, job } = this._options;
    if (this._closed) {
      return;
    }
    switch (head.type) {
      case 'ready':
        this._setUp(member);
        break;
      case 'job':
        if (head.job !== job.id) {
          break;
        }
        if (head.error) {
          listener.broken(head.error);
        } else {
          this._failedStarts = 0;
          member.state = 'here';
          listener.joined({ id: member.id, pid: member.process.pid });
        }
        break;
      case 'started':
        listener.started(head.id);
        break;
      case 'progress':
        listener.progress(head.id, head);
        break;
      case 'done':
      case 'failed':
        member.tasks = member.tasks.filter(id => id !== head.id);
        this._begins(member);
        if (head.type === 'done') {
          listener.done(head.id, head);
        } else {
          listener.failed(head.id, head.error);
        }
        if (job.spec.isolate === true) {
          this._replace(member);
        }
        break;
    }
  }

  /** A process of its own for each task: this one has had its task. */
  private _replace(member: IMember): void {
    const { listener, warm } = this._options;
    this._members.delete(member.id);
    member.process.user = undefined;
    warm.forget(member.process);
    void member.process.end(INTERRUPT);
    listener.gone(member.id, { class: 'lost', type: 'Replaced', message: 'It has done its task.' }, false);
    this.want(this._wanted);
  }

  private _begins(member: IMember): void {
    member.ticks = -1;
    member.movedAt = performance.now();
    member.stoppedLooks = 0;
    member.process.heardAt = performance.now();
  }

  private _release(member: IMember): void {
    this._give(member);
    this._options.listener.gone(
      member.id,
      { class: 'lost', type: 'Released', message: 'It was not needed any more.' },
      false
    );
  }

  private _give(member: IMember): void {
    this._members.delete(member.id);
    member.process.send({ type: 'forget', job: this._options.job.id });
    this._options.warm.give(member.process);
  }

  private _exited(member: IMember, how: IExit): void {
    const { listener, warm } = this._options;
    warm.forget(member.process);
    if (this._closed || this._members.get(member.id) !== member) {
      return;
    }
    this._members.delete(member.id);
    if (member.state !== 'here') {
      this._failedStarts += 1;
      if (this._failedStarts >= STARTS || how.error) {
        listener.broken(notStarted(member, how));
        return;
      }
      this.want(this._wanted);
      return;
    }
    const error = member.killed ?? died(how);
    listener.gone(member.id, error, member.killed === undefined && member.tasks.length > 0);
    listener.settled();
  }

  /** Who says nothing is looked at: stopped, dead, or only busy? And who takes too much memory? */
  private async _look(): Promise<void> {
    if (this._looking) {
      return;
    }
    this._looking = true;
    const { memory } = this._options.job.spec;
    for (const member of [...this._members.values()]) {
      const quiet = performance.now() - member.process.heardAt;
      if (member.state === 'here' ? member.tasks.length === 0 : quiet < QUIET) {
        continue;
      }
      if ((quiet < QUIET && memory === undefined) || member.process.pid === undefined) {
        continue;
      }
      const seen = await lookAt(member.process.pid);
      if (seen) {
        this._judge(member, seen, performance.now() - member.process.heardAt, memory);
      }
    }
    this._looking = false;
  }

  private _judge(
    member: IMember,
    seen: { stopped: boolean; ticks: number; memory: number },
    quiet: number,
    memory: number | undefined
  ): void {
    const now = performance.now();
    if (seen.ticks !== member.ticks) {
      member.ticks = seen.ticks;
      member.movedAt = now;
    }
    member.stoppedLooks = seen.stopped && quiet >= QUIET ? member.stoppedLooks + 1 : 0;
    if (memory !== undefined && seen.memory > FAR_OVER * memory) {
      const took = `It took ${mega(seen.memory)} MB of memory; it may take ${mega(memory)} MB.`;
      this.kill(member.id, { class: 'memory', type: 'MemoryError', message: took });
    } else if (member.stoppedLooks >= 2) {
      this.kill(member.id, { class: 'lost', type: 'Stopped', message: 'Its worker was stopped by a signal.' });
    } else if (member.state === 'here' && quiet > DEAD && now - member.movedAt > DEAD) {
      this.kill(member.id, { class: 'lost', type: 'Hung', message: 'Its worker did nothing for 30 s.' });
    } else if (member.state !== 'here' && quiet > START && now - member.movedAt > START / 2) {
      this.kill(member.id, { class: 'lost', type: 'Hung', message: 'The worker did not start.' });
    }
  }

  private readonly _members = new Map<string, IMember>();
  private readonly _timer: NodeJS.Timeout;
  private _hired = 0;
  private _wanted = 0;
  private _failedStarts = 0;
  private _looking = false;
  private _closed = false;
  private _closing: Promise<void> | undefined;
}

function mega(bytes: number): number {
  return Math.round(bytes / 1e6);
}

function died({ code, signal, words }: IExit): ITaskError {
  const how = signal === null ? `exit code ${code}` : signal;
  const why =
    signal === 'SIGKILL'
      ? ' The system may have been short of memory.'
      : words === ''
        ? ''
        : ` Its last words: ${words}`;
  return { class: 'lost', type: signal ?? 'Exit', message: `The worker ended with ${how}.${why}` };
}

function notStarted(member: IMember, { code, signal, error, words }: IExit): ITaskError {
  const { python } = member.process.options;
  const how = error ? error.message : `it ended with ${signal ?? `exit code ${code}`}`;
  return {
    class: 'lost',
    type: 'NotStarted',
    message: `The worker could not be started with ${python}: ${how}.${words === '' ? '' : ` ${words.trim()}`}`
  };
}
