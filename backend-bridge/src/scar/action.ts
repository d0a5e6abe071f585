import type { PlanStep } from '../contract';
import type { FdlMap } from '../fdl';
import type { IContainerTool } from './image';
import type { Journal, Made } from './journal';
import type { IIdentity, ITarget } from './session';
import type { IFunctionSpec } from './spec';
import type { IWaits } from './waits';

/** What the steps of a deployment share while they run. */
export interface IRun {
  readonly journal: Journal;
  /** Tags of all that takes tags. */
  readonly tags: Record<string, string>;
  readonly waits: IWaits;
  readonly signal?: AbortSignal;
  /** Says how far the running step is. */
  report(detail: string, progress?: number): void;
  /** How a change of something that was there is taken back. */
  revert(what: string, work: () => Promise<void>): void;
  /** Of the REST API, once it is known. */
  apiId?: string;
  /** Of the image, once it is pushed. */
  imageUri?: string;
  /** Of the secret, once it is written. */
  secretVersion?: string;
  /** Version of the launch template, once it is known. */
  templateVersion?: string;
}

/** One step of a plan, and how it is done; a step that keeps something does nothing. */
export interface IAction {
  step: PlanStep;
  run?: (run: IRun) => Promise<void>;
}

/** What the steps are made of. */
export interface IPlanning {
  target: ITarget;
  identity: IIdentity;
  spec: IFunctionSpec;
  config: FdlMap;
  waits: IWaits;
  tool?: IContainerTool;
  /** Where an image that is built here goes: `host[:port]`. */
  registry?: string;
  /** Of the secret that stays as it is. */
  secretVersion?: string;
  notes: string[];
  /** @param code - of the problem */
  problem(code: string, at: string, message: string): void;
}

/**
 * Makes something, in the order that survives a crash: into the journal, then the call. What a call that failed has not made is
 * taken out again only when somebody else's is there.
 */
export async function making(
  run: IRun,
  made: Made,
  call: () => Promise<unknown>,
  isOurs: () => Promise<boolean>
): Promise<void> {
  run.signal?.throwIfAborted();
  run.journal.begin(made);
  try {
    await call();
  } catch (error) {
    const { name, message } = error as Error;
    if (!/Conflict|AlreadyExists|AlreadyOwned/.test(name) && !/already exists/i.test(message)) {
      throw error;
    }
    // Its answer may have been lost, and the client has tried again.
    if (!(await isOurs())) {
      run.journal.forget(made);
      throw error;
    }
  }
}

/** Of the clouds of AWS: `aws`, or that of China or of a government. */
export function partitionOf(identity: IIdentity): string {
  return identity.arn.split(':')[1] || 'aws';
}

export function arnOf(identity: IIdentity, region: string, name: string): string {
  return `arn:${partitionOf(identity)}:lambda:${region}:${identity.account}:function:${name}`;
}

export function logGroupOf(name: string): string {
  return `/aws/lambda/${name}`;
}
