import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { PlanStep } from '../contract';
import { BridgeError } from '../http/errors';
import { awsError, isGone } from './errors';
import type { IRun } from './action';
import { Journal } from './journal';
import type { IFunctionPlan } from './planner';
import { describeMade, removeMade } from './remove';
import { tagsOf } from './tags';
import type { IWaits } from './waits';

export interface IDeployOptions {
  /** Folder of the journals. */
  journals: string;
  waits: IWaits;
  /** Hears of the steps on each change; the array is a copy. */
  onSteps?: (steps: PlanStep[]) => void;
  /** A function has been made, changed or taken away again. */
  onFunction?: (name: string) => void;
  signal?: AbortSignal;
  log?: (line: string) => void;
}

interface IRevert {
  what: string;
  work: () => Promise<void>;
}

/** How often what could not be undone is tried again, and after which pause (milliseconds). */
const UNDO_TRIES = 3;
const UNDO_PAUSE = 300;

/**
 * Carries out plans, function by function. What fails is undone in reverse order; what cannot be undone stays in the journal,
 * from where the next deployment and the list of orphans know of it.
 */
export class Deployment {
  constructor(
    private readonly _plans: IFunctionPlan[],
    private readonly _options: IDeployOptions
  ) {
    this._steps = _plans.flatMap(plan => plan.actions.map(({ step }) => ({ ...step, state: 'waiting' as const })));
  }

  get steps(): PlanStep[] {
    return this._steps.map(step => ({ ...step }));
  }

  async run(): Promise<void> {
    let index = 0;
    try {
      for (const plan of this._plans) {
        const run = this._open(plan);
        for (const action of plan.actions) {
          this._current = index;
          this._set(index, { state: 'running' });
          await action.run?.(run);
          this._set(index, { state: 'done', ...(action.step.action === 'keep' ? { detail: undefined } : {}) });
          index++;
        }
        this._options.onFunction?.(plan.planning.spec.name);
      }
    } catch (error) {
      this._set(index, { state: 'failed' });
      throw await this._undo(this._options.signal?.aborted ? cancelled() : awsError(error, 'deploy'));
    }
    this._journals.forEach(({ journal }) => journal.end());
  }

  private _open({ planning }: IFunctionPlan): IRun {
    const { target, identity, spec } = planning;
    const id = randomBytes(8).toString('hex');
    const journal = Journal.open(
      this._options.journals,
      {
        account: identity.account,
        region: spec.region,
        ...(target.endpoint === undefined ? {} : { endpoint: target.endpoint }),
        function: spec.name
      },
      id
    );
    const reverts: IRevert[] = [];
    this._journals.push({ journal, planning, reverts });
    return {
      journal,
      tags: tagsOf(spec, identity.owner, journal.head.id),
      waits: this._options.waits,
      ...(this._options.signal ? { signal: this._options.signal } : {}),
      report: (detail, progress) =>
        this._set(this._current, { detail, ...(progress === undefined ? {} : { progress }) }),
      revert: (what, work) => reverts.push({ what, work })
    };
  }

  /** In reverse order; the problem tells what could not be undone. */
  private async _undo(cause: BridgeError): Promise<BridgeError> {
    const left: string[] = [];
    for (const { journal, planning, reverts } of [...this._journals].reverse()) {
      const before = left.length;
      const created = journal.made.some(made => made.kind === 'function');
      for (const { what, work } of [...reverts].reverse()) {
        // What has been made anew is removed below.
        if (!created && !(await this._try(`put back ${what}`, work))) {
          left.push(what);
        }
      }
      for (const made of [...journal.made].reverse()) {
        const gone = await this._try(`remove the ${describeMade(made)}`, async () => {
          await removeMade(planning.target, made, { waits: this._options.waits });
        });
        if (gone) {
          journal.forget(made);
        } else {
          left.push(describeMade(made));
        }
      }
      if (left.length === before) {
        journal.end();
      }
      this._options.onFunction?.(planning.spec.name);
    }
    this._steps.forEach((step, index) => {
      if (step.state === 'done' && step.action !== 'keep') {
        this._set(index, { state: 'undone' });
      }
    });
    if (left.length === 0) {
      return withExtra(cause, 'All that had been made was taken away again.');
    }
    return withExtra(
      cause,
      `Not taken away again: ${left.join(', ')}. Deploy again to go on, or remove them from the list of orphans.`
    );
  }

  private async _try(what: string, work: () => Promise<void>): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        await work();
        return true;
      } catch (error) {
        if (isGone(error)) {
          return true;
        }
        this._options.log?.(`SCAR could not ${what}: ${(error as Error).message}`);
        if (attempt === UNDO_TRIES) {
          return false;
        }
        await delay(UNDO_PAUSE * attempt);
      }
    }
  }

  private _set(index: number, change: Partial<PlanStep>): void {
    if (index >= this._steps.length) {
      return;
    }
    this._steps[index] = { ...this._steps[index], ...change };
    this._options.onSteps?.(this.steps);
  }

  private _steps: PlanStep[];
  private _current = 0;
  private readonly _journals: { journal: Journal; planning: IFunctionPlan['planning']; reverts: IRevert[] }[] = [];
}

function cancelled(): BridgeError {
  return new BridgeError({
    type: 'cancelled',
    title: 'Cancelled',
    status: 499,
    detail: 'The deployment was stopped.'
  });
}

function withExtra(cause: BridgeError, sentence: string): BridgeError {
  const { type, title, status, detail, cause: said, action, ...extra } = cause.problem;
  return new BridgeError({
    type: type.split(':').pop() ?? type,
    title,
    status,
    detail: `${detail} ${sentence}`,
    ...(said === undefined ? {} : { cause: said }),
    ...(action === undefined ? {} : { action }),
    extra
  });
}
