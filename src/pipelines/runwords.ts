import type { TranslationBundle } from '@jupyterlab/translation';

import type { PipelineNodeState, PipelineRun } from '../contract';

export function nodeStateWord(state: PipelineNodeState, trans: TranslationBundle): string {
  switch (state) {
    case 'waiting':
      return trans.__('Waiting');
    case 'running':
      return trans.__('Running');
    case 'done':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    case 'skipped':
      return trans.__('Skipped');
  }
}

export function runStateWord(state: PipelineRun['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'deploying':
      return trans.__('Deploying');
    case 'running':
      return trans.__('Running');
    case 'done':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    case 'interrupted':
      return trans.__('Interrupted');
  }
}

/** True while the run may still change by itself. */
export function isActive(run: PipelineRun): boolean {
  return run.state === 'deploying' || run.state === 'running';
}
