import type { TranslationBundle } from '@jupyterlab/translation';

import type { PipelineNodeState, PipelineRun, PipelineRunNode } from '../contract';

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

/** Seconds of a run or a node; undefined before it starts. */
export function secondsOf(
  item: Pick<PipelineRunNode, 'startedAt' | 'finishedAt'>,
  now: number,
  active: boolean
): number | undefined {
  if (!item.startedAt) {
    return undefined;
  }
  const end = item.finishedAt ? Date.parse(item.finishedAt) : active ? now : NaN;
  const seconds = (end - Date.parse(item.startedAt)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
