import type { ImVm, Infrastructure } from '../contract';
import { readProgress } from './progress';

export type Step = Infrastructure['steps'][number];

/** Says where a step is: what is done now, and the share that is done, 0 to 1. */
export type Tell = (detail: string, progress?: number) => void;

/** Steps of a new infrastructure. */
export function newSteps(options: { register: boolean; deploy: readonly string[] }): Step[] {
  const step = (name: Step['name'], title: string): Step => ({ name, title, state: 'waiting' });
  return [
    step('create', 'Ask for the machines'),
    step('boot', 'Machines start'),
    step('configure', 'Software is installed'),
    ...(options.register ? [step('health', 'The cluster answers'), step('register', 'Add it to the clusters')] : []),
    ...(options.register && options.deploy.length > 0 ? [step('deploy', `Deploy ${options.deploy.join(', ')}`)] : [])
  ];
}

/** The steps with one changed; detail and progress are of the change only. */
export function withStep(steps: Step[], name: Step['name'], change: Partial<Step>): Step[] {
  return steps.map(step => (step.name === name ? { name, title: step.title, state: step.state, ...change } : step));
}

export function anyFailed(steps: readonly Step[]): boolean {
  return steps.some(step => step.state === 'failed');
}

export function isPassed({ state }: Step): boolean {
  return state === 'done' || state === 'skipped';
}

/**
 * The steps that IM takes, from the states of the machines and the log.
 *
 * @param mask takes secrets out of what the log says
 */
export function machineSteps(
  before: Step[],
  { state, vms, log }: { state: Infrastructure['state']; vms: readonly ImVm[]; log: string },
  mask: (text: string) => string
): Step[] {
  const { progress, detail, errors } = readProgress(log);
  const shown = detail === undefined ? {} : { detail: mask(detail) };
  const started = vms.filter(vm => vm.state !== 'pending').length;
  const past = before.some(step => step.name === 'configure' && step.state === 'done');
  if (past && state !== 'unconfigured' && state !== 'failed') {
    return before;
  }
  const booted = withStep(before, 'boot', { state: 'done' });
  switch (state) {
    case 'pending':
      return withStep(before, 'boot', {
        state: 'running',
        detail: vms.length === 0 ? 'the cloud is asked' : `${started} of ${vms.length} started`,
        progress: vms.length === 0 ? 0 : started / vms.length
      });
    case 'running':
      return withStep(booted, 'configure', { state: 'running', progress, ...shown });
    case 'configured':
      return withStep(booted, 'configure', { state: 'done' });
    case 'failed':
      return withStep(before, 'boot', { state: 'failed', ...(errors[0] ? { detail: mask(errors[0]) } : {}) });
    case 'unconfigured':
      return withStep(booted, 'configure', {
        state: 'failed',
        ...(errors.length > 0 ? { detail: mask(errors.at(-1) as string) } : shown)
      });
    default:
      return before;
  }
}
