import { isDeepStrictEqual } from 'node:util';
import type { Infrastructure, Problem } from '../contract';
import type { Tokens } from '../credentials';
import { BridgeError, isProblem, pause } from '../http';
import type { AfterSteps } from './after';
import type { Clouds } from './clouds';
import type { ImConnection } from './connection';
import { create } from './creation';
import { idOf, type IKept } from './journal';
import { look } from './look';
import type { Records } from './records';
import { isFinal, vmState } from './states';
import { anyFailed, isPassed, withStep, type Step, type Tell } from './steps';

const GROWTH = 1.6;
/** How long is waited for a new token, between two looks whether there is one. Milliseconds. */
const TOKEN_POLL = 3000;
/** Between two tries with a password that was refused: somebody may have mended it on the other side. */
const REFUSED_POLL = 300_000;
/** How often IM is asked to delete one that it has taken to delete and then keeps. */
const MOST_DELETIONS = 3;

export interface IFollowerOptions {
  kept: IKept;
  records: Records;
  connection: ImConnection;
  clouds: Clouds;
  tokens: Tokens;
  after: AfterSteps;
  poll: { first: number; longest: number };
  toProblem: (error: unknown) => Problem;
}

/**
 * Takes one infrastructure through its steps, and follows what happens to it, until nothing more happens by itself.
 *
 * Everything it knows is in the record, so another bridge goes on where this one was. IM is never asked for a state with a token
 * that has expired, because it would write down `unknown`.
 */
export class Follower {
  constructor(private readonly _options: IFollowerOptions) {}

  /** Until nothing moves any more, or the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    const { poll, kept } = this._options;
    let rest = poll.first;
    while (!signal.aborted) {
      const before = kept.view.revision;
      let blocked: Blocked | undefined;
      try {
        await this._advance(signal);
        this._outOfTheWay();
      } catch (error) {
        blocked = await this._trouble(error, signal);
      }
      if (signal.aborted || (blocked === undefined && this._settled())) {
        return;
      }
      if (blocked === 'stop') {
        return;
      }
      rest = kept.view.revision !== before ? poll.first : Math.min(rest * GROWTH, poll.longest);
      this._blocked = blocked !== undefined;
      await this._wait(blocked, rest, signal);
      this._blocked = false;
    }
  }

  /** True while it waits for somebody to sign in. */
  get blocked(): boolean {
    return this._blocked;
  }

  /** Looks again at once. */
  wake(): void {
    this._waking.abort();
  }

  private async _advance(signal: AbortSignal): Promise<void> {
    const { kept } = this._options;
    if (kept.id === undefined) {
      if (kept.deletion) {
        this._gone();
        return;
      }
      await create(kept, this._options);
    }
    if (kept.deletion) {
      await this._delete();
      return;
    }
    if (await look(kept, this._options)) {
      await this._go(signal);
    } else if (kept.deletion) {
      // It was asked for while we looked.
      await this._goneForGood();
    } else {
      this._gone();
    }
  }

  // ------------------------------------------------------------------------------------------------ going on

  /** Outputs say where the cluster is long before it is there, so nothing is believed before `configured`. */
  private async _go(signal: AbortSignal): Promise<void> {
    const { kept, after } = this._options;
    if (kept.view.state !== 'configured') {
      return;
    }
    const work: Partial<Record<Step['name'], (tell: Tell) => Promise<void>>> = {
      health: tell => after.health(kept, tell, signal),
      register: () => after.register(kept),
      deploy: tell => after.deploy(kept, tell, signal)
    };
    for (const { name } of kept.view.steps) {
      const step = kept.view.steps.find(item => item.name === name);
      const todo = work[name];
      if (!todo || !step || isPassed(step)) {
        continue;
      }
      if (step.state === 'failed' || signal.aborted) {
        return;
      }
      this._step(name, { state: 'running' });
      try {
        await todo((detail, progress) =>
          this._step(name, { state: 'running', detail, ...(progress === undefined ? {} : { progress }) })
        );
        this._step(name, { state: 'done' });
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        const problem = this._options.toProblem(error);
        this._change({ problem, steps: withStep(kept.view.steps, name, { state: 'failed', detail: problem.detail }) });
        return;
      }
    }
  }

  // ------------------------------------------------------------------------------------------------ deleting

  private async _delete(): Promise<void> {
    const { kept, clouds, connection, records } = this._options;
    const { deletion } = kept;
    const client = connection.clientFor(kept);
    const auth = await clouds.authFor(kept);
    const id = idOf(kept);
    try {
      if (deletion && !deletion.accepted) {
        await client.remove(auth, id, deletion.force);
        records.change(kept, { operation: undefined }, { deletion: { ...deletion, accepted: true } });
      }
      const { state, vms } = await client.state(auth, id);
      if (deletion?.accepted && state !== 'deleting') {
        this._notDeleted(deletion, state, Object.keys(vms).length);
      }
    } catch (error) {
      if (isProblem(error, 'not-found')) {
        return this._goneForGood();
      }
      if (isProblem(error, 'busy')) {
        this._change({ operation: 'waiting until the machines that are being added are there' });
        return;
      }
      throw error;
    }
  }

  /**
   * IM deletes in the background: when the cloud refuses, or IM is restarted meanwhile, it goes on as if nothing had been asked
   * for, and keeps the reason in its own log.
   */
  private _notDeleted(deletion: NonNullable<IKept['deletion']>, state: string, vms: number): void {
    const { kept, records } = this._options;
    const asked = (deletion.asked ?? 0) + 1;
    if (asked < MOST_DELETIONS) {
      records.change(kept, {}, { deletion: { ...deletion, accepted: false, asked } });
      return;
    }
    const { problem } = new BridgeError({
      type: 'conflict',
      title: 'Not deleted',
      status: 409,
      detail: `The Infrastructure Manager was asked ${asked} times to delete ${kept.view.name} and has not: ${
        vms === 1 ? 'one machine is' : `${vms} machines are`
      } still there.`,
      action:
        'See whether the credentials still work and what the cloud says, then delete it again. Forced, the Infrastructure Manager forgets it, and what is left in the cloud has to be removed there.'
    });
    records.change(kept, { problem, state: vmState(state) }, { deletion: undefined });
  }

  private async _goneForGood(): Promise<void> {
    await this._options.after.unregister(this._options.kept);
    this._options.records.forgetSecrets(this._options.kept);
    this._gone();
  }

  private _gone(): void {
    this._options.records.change(
      this._options.kept,
      { state: 'deleted', vms: [], outputs: [], operation: undefined, problem: undefined, quietMinutes: undefined },
      { goneAt: Date.now() }
    );
  }

  // ------------------------------------------------------------------------------------------------ trouble

  private async _trouble(error: unknown, signal: AbortSignal): Promise<Blocked | undefined> {
    const { kept, tokens, connection, toProblem } = this._options;
    if (signal.aborted || isProblem(error, 'cancelled')) {
      return undefined;
    }
    const problem = toProblem(error);
    if (isProblem(error, 'unauthorized')) {
      this._blockedBy(problem);
      return { token: connection.withToken ? ((await tokens.current())?.token ?? '') : undefined };
    }
    if (isProblem(error, 'unreachable', 'remote-error', 'not-configured', 'busy')) {
      this._blockedBy(problem);
      return undefined;
    }
    if (kept.id === undefined) {
      const steps = withStep(kept.view.steps, 'create', { state: 'failed', detail: problem.detail });
      // A refusal is an answer: nothing was made.
      this._options.records.change(kept, { problem, state: 'failed', steps }, { sent: undefined });
      return 'stop';
    }
    this._blockedBy(problem);
    return 'stop';
  }

  private _blockedBy(problem: Problem): void {
    this._options.records.change(this._options.kept, { problem }, { inTheWay: problem });
  }

  private _outOfTheWay(): void {
    const { kept, records } = this._options;
    if (kept.inTheWay !== undefined) {
      const shown = isDeepStrictEqual(kept.view.problem, kept.inTheWay);
      records.change(kept, shown ? { problem: undefined } : {}, { inTheWay: undefined });
    }
  }

  private async _wait(blocked: Exclude<Blocked, 'stop'> | undefined, rest: number, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this._waking.signal]);
    if (blocked === undefined) {
      await pause(rest, either);
    } else if (blocked.token === undefined) {
      await pause(REFUSED_POLL, either);
    } else {
      while (!either.aborted && ((await this._options.tokens.current())?.token ?? '') === blocked.token) {
        await pause(TOKEN_POLL, either);
      }
    }
    this._waking = new AbortController();
  }

  private _settled(): boolean {
    const { view, deletion, id } = this._options.kept;
    if (view.state === 'deleted') {
      return true;
    }
    if (deletion || id === undefined || view.operation !== undefined || !isFinal(view.state)) {
      return false;
    }
    return view.state !== 'configured' || anyFailed(view.steps) || view.steps.every(isPassed);
  }

  private _step(name: Step['name'], change: Partial<Step>): void {
    this._change({ steps: withStep(this._options.kept.view.steps, name, change) });
  }

  private _change(change: Partial<Infrastructure>): void {
    this._options.records.change(this._options.kept, change);
  }

  private _waking = new AbortController();
  private _blocked = false;
}

/** `token`: it goes on when there is another one than this; undefined: a password was refused. */
type Blocked = 'stop' | { token: string | undefined };
