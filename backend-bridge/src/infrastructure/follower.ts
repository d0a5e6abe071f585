import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ImVm, Infrastructure, Problem } from '../contract';
import type { Tokens } from '../credentials';
import { isProblem } from '../http';
import type { AfterSteps } from './after';
import type { Clouds } from './clouds';
import type { ImConnection } from './connection';
import type { IImAuth, ImClient } from './im-client';
import type { IKept } from './journal';
import { maskText, outputsOf } from './masking';
import { readProgress } from './progress';
import type { Records } from './records';
import { isFinal, stateOfAll, vmOf, vmState } from './states';
import { fillTemplate } from './templates/fill';
import { parseTemplate } from './templates/parse';

const GROWTH = 1.6;
/** How long is waited for a new token, between two looks whether there is one. Milliseconds. */
const TOKEN_POLL = 3000;
/** Between two tries with a password that was refused: somebody may have mended it on the other side. */
const REFUSED_POLL = 300_000;

export type Step = Infrastructure['steps'][number];

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
    let pause = poll.first;
    while (!signal.aborted) {
      const before = kept.view.revision;
      let blocked: Blocked | undefined;
      try {
        await this._advance(signal);
        if (kept.view.problem && !this._failedStep()) {
          this._change({ problem: undefined });
        }
      } catch (error) {
        blocked = await this._trouble(error, signal);
      }
      if (signal.aborted || (blocked === undefined && this._settled())) {
        return;
      }
      if (blocked === 'stop') {
        return;
      }
      pause = kept.view.revision !== before ? poll.first : Math.min(pause * GROWTH, poll.longest);
      this._blocked = blocked !== undefined;
      await this._wait(blocked, pause, signal);
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
      await this._create();
    }
    if (kept.deletion) {
      await this._delete();
      return;
    }
    if (await this._look()) {
      await this._go(signal);
    }
  }

  // ------------------------------------------------------------------------------------------------ creating

  private async _create(): Promise<void> {
    const { kept, records, clouds, connection } = this._options;
    this._step('create', { state: 'running' });
    const client = this._options.connection.clientFor(this._options.kept);
    const auth = await clouds.auth(kept.request.credential, kept.request.site);
    if (connection.withToken) {
      await connection.token();
    }
    const adopted = kept.sent ? await this._findOwn(client, auth) : undefined;
    let id = adopted;
    if (id === undefined) {
      const template = parseTemplate(kept.template);
      const { request } = kept;
      const document = fillTemplate(template, {
        name: kept.view.name,
        inputs: request.inputs ?? {},
        secrets: records.secrets(kept),
        image: request.image,
        networks: request.networks,
        mark: kept.key
      });
      records.change(kept, {}, { sent: true });
      id = await client.create(auth, document);
    }
    records.change(
      kept,
      { id, state: 'pending', steps: withStep(kept.view.steps, 'create', { state: 'done' }) },
      { id }
    );
  }

  /** One whose creation was answered to nobody has our mark in its template. */
  private async _findOwn(client: ImClient, auth: IImAuth): Promise<string | undefined> {
    const { kept, records } = this._options;
    for (const id of (await client.list(auth)).filter(found => records.find(found) === undefined)) {
      const text = await client.tosca(auth, id).catch(ignoreMissing);
      if (text?.includes(kept.key)) {
        return id;
      }
      if (text === undefined) {
        const radl = await client.radlText(auth, id).catch(ignoreMissing);
        if (radl?.includes(kept.key)) {
          return id;
        }
      }
    }
    return undefined;
  }

  // ------------------------------------------------------------------------------------------------ looking

  /** Reads states, machines and log. False: it is gone. */
  private async _look(): Promise<boolean> {
    const { kept, clouds, records } = this._options;
    const id = kept.id as string;
    const client = this._options.connection.clientFor(this._options.kept);
    const auth = await clouds.auth(kept.request.credential, kept.request.site);
    let told;
    try {
      told = await client.state(auth, id);
    } catch (error) {
      if (isProblem(error, 'not-found')) {
        this._gone();
        return false;
      }
      throw error;
    }
    const vms: ImVm[] = [];
    for (const [vm, state] of Object.entries(told.vms)) {
      const known = kept.view.vms.find(item => item.id === vm);
      // Addresses come while a machine starts; later it stays as it is.
      const settled = known && isFinal(vmState(state)) && known.state === vmState(state);
      try {
        vms.push(settled ? known : vmOf(vm, vmState(state), await client.vm(auth, id, vm)));
      } catch (error) {
        if (!isProblem(error, 'not-found')) {
          throw error;
        }
      }
    }
    vms.sort((a, b) => Number(a.id) - Number(b.id));
    const state = stateOfAll(vms, told.state);
    const log = await client.log(auth, id);
    const mark = createHash('sha256').update(log).digest('hex').slice(0, 16);
    const news = kept.log?.mark === mark ? kept.log : { mark, at: Date.now() };
    // Told together with the state, so that nobody sees a configured one without them.
    const read =
      state === 'configured' && kept.view.owners.length === 0 ? await this._readOutputs(client, auth, id) : {};
    const quiet = Math.floor((Date.now() - news.at) / 60_000);
    records.change(
      kept,
      {
        ...read,
        state,
        vms,
        updatedAt: new Date().toISOString(),
        quietMinutes: state === 'running' || state === 'pending' ? quiet : undefined,
        steps: this._machineSteps(state, vms, log)
      },
      kept.log?.mark === mark ? {} : { log: news }
    );
    return true;
  }

  private async _readOutputs(client: ImClient, auth: IImAuth, id: string): Promise<Partial<Infrastructure>> {
    const { kept, records } = this._options;
    const outputs = await client.outputs(auth, id).catch((error: unknown) => {
      // An infrastructure that was made from RADL has none.
      if (isProblem(error, 'forbidden', 'invalid', 'not-found')) {
        return {};
      }
      throw error;
    });
    const owners = await client.owners(auth, id);
    return { outputs: outputsOf(outputs, Object.values(records.secrets(kept))), owners };
  }

  /** The steps that IM takes, from the states of the machines and the log. */
  private _machineSteps(state: Infrastructure['state'], vms: ImVm[], log: string): Step[] {
    const { kept, records } = this._options;
    const { progress, detail, errors } = readProgress(log);
    const mask = (text: string): string => maskText(text, Object.values(records.secrets(kept)));
    const shown = detail === undefined ? {} : { detail: mask(detail) };
    const started = vms.filter(vm => vm.state !== 'pending').length;
    let { steps } = kept.view;
    const past = steps.some(step => step.name === 'configure' && step.state === 'done');
    if (past && state !== 'unconfigured' && state !== 'failed') {
      return steps;
    }
    switch (state) {
      case 'pending':
        return withStep(steps, 'boot', {
          state: 'running',
          detail: vms.length === 0 ? 'the cloud is asked' : `${started} of ${vms.length} started`,
          progress: vms.length === 0 ? 0 : started / vms.length
        });
      case 'running':
        steps = withStep(steps, 'boot', { state: 'done' });
        return withStep(steps, 'configure', { state: 'running', progress, ...shown });
      case 'configured':
        steps = withStep(steps, 'boot', { state: 'done' });
        return withStep(steps, 'configure', { state: 'done' });
      case 'failed':
        return withStep(steps, 'boot', { state: 'failed', ...(errors[0] ? { detail: mask(errors[0]) } : {}) });
      case 'unconfigured':
        steps = withStep(steps, 'boot', { state: 'done' });
        return withStep(steps, 'configure', {
          state: 'failed',
          ...(errors.length > 0 ? { detail: mask(errors.at(-1) as string) } : shown)
        });
      default:
        return steps;
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
      if (!todo || step?.state === 'done' || step?.state === 'skipped') {
        continue;
      }
      if (step?.state === 'failed' || signal.aborted) {
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
    const { kept, clouds, records } = this._options;
    const { deletion } = kept;
    const client = this._options.connection.clientFor(this._options.kept);
    const auth = await clouds.auth(kept.request.credential, kept.request.site);
    const id = kept.id as string;
    try {
      if (deletion && !deletion.accepted) {
        await client.remove(auth, id, deletion.force);
        records.change(kept, { operation: undefined }, { deletion: { ...deletion, accepted: true } });
      }
      await client.vms(auth, id);
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
      this._change({ problem });
      return { token: connection.withToken ? ((await tokens.current())?.token ?? '') : undefined };
    }
    if (isProblem(error, 'unreachable', 'remote-error', 'not-configured', 'busy')) {
      this._change({ problem });
      return undefined;
    }
    if (kept.id === undefined) {
      const steps = withStep(kept.view.steps, 'create', { state: 'failed', detail: problem.detail });
      // A refusal is an answer: nothing was made.
      this._options.records.change(kept, { problem, state: 'failed', steps }, { sent: undefined });
      return 'stop';
    }
    this._change({ problem });
    return 'stop';
  }

  private async _wait(
    blocked: Exclude<Blocked, 'stop'> | undefined,
    pause: number,
    signal: AbortSignal
  ): Promise<void> {
    const either = AbortSignal.any([signal, this._waking.signal]);
    const sleep = (time: number): Promise<unknown> => delay(time, undefined, { signal: either }).catch(() => undefined);
    if (blocked === undefined) {
      await sleep(pause);
    } else if (blocked.token === undefined) {
      await sleep(REFUSED_POLL);
    } else {
      while (!either.aborted && ((await this._options.tokens.current())?.token ?? '') === blocked.token) {
        await sleep(TOKEN_POLL);
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
    return (
      view.state !== 'configured' ||
      this._failedStep() ||
      view.steps.every(step => step.state === 'done' || step.state === 'skipped')
    );
  }

  private _failedStep(): boolean {
    return this._options.kept.view.steps.some(step => step.state === 'failed');
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

type Tell = (detail: string, progress?: number) => void;
/** `token`: it goes on when there is another one than this; undefined: a password was refused. */
type Blocked = 'stop' | { token: string | undefined };

/** The steps with one changed; detail and progress are of the change only. */
export function withStep(steps: Step[], name: Step['name'], change: Partial<Step>): Step[] {
  return steps.map(step => (step.name === name ? { name, title: step.title, state: step.state, ...change } : step));
}

function ignoreMissing(error: unknown): undefined {
  if (!isProblem(error, 'not-found', 'forbidden', 'invalid')) {
    throw error;
  }
  return undefined;
}
