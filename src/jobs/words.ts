import type { TranslationBundle } from '@jupyterlab/translation';

import type { ComputeJob, ComputePhase, ComputeState } from '../contract';
import { bytesText, durationText, secondsOf } from '../oscar/words';
import type { PartState } from './table';

export function computeStateWord(state: ComputeState, trans: TranslationBundle): string {
  switch (state) {
    case 'queued':
      return trans.__('Waiting');
    case 'sampling':
      return trans.__('Trying the functions on a sample');
    case 'running':
      return trans.__('Running');
    case 'paused':
      return trans.__('Paused');
    case 'recovering':
      return trans.__('Looking for what is done');
    case 'succeeded':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
  }
}

export function kindWord(kind: ComputeJob['kind'], trans: TranslationBundle): string {
  return kind === 'mapreduce' ? trans.__('MapReduce') : trans.__('High throughput');
}

export function phaseWord(name: string, trans: TranslationBundle): string {
  switch (name) {
    case 'map':
      return trans.__('Map');
    case 'reduce':
      return trans.__('Reduce');
    case 'htc':
      return trans.__('Tasks');
    default:
      return name;
  }
}

export function partStateWord(state: PartState, trans: TranslationBundle): string {
  switch (state) {
    case 'running':
      return trans.__('Running');
    case 'done':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'lost':
      return trans.__('Lost with its worker');
    case 'superseded':
      return trans.__('Another was faster');
    case 'cached':
      return trans.__('Taken from an earlier job');
  }
}

/** Word of `toneOf` for the picture of a state. */
export function toneWord(state: ComputeState): string {
  switch (state) {
    case 'sampling':
    case 'recovering':
      return 'running';
    case 'queued':
    case 'paused':
      return 'waiting';
    default:
      return state;
  }
}

/** True when the job will not change by itself any more. */
export function isOver(job: Pick<ComputeJob, 'state'>): boolean {
  return job.state === 'succeeded' || job.state === 'failed' || job.state === 'cancelled';
}

/** Where the job runs, for people. */
export function engineWord(engine: string, trans: TranslationBundle): string {
  return engine === 'local' ? trans.__('on this machine') : trans.__('on %1', engine.replace(/^[^:]*:/, ''));
}

/** Units of a phase: iterations and files are counted, the rest is bytes. */
export function unitsText(phase: string, units: number): string {
  return phase === 'htc' ? countText(units) : bytesText(units);
}

export function rateText(phase: string, rate: number, trans: TranslationBundle): string {
  return trans.__('%1/s', phase === 'htc' && rate < 10 ? rate.toPrecision(2) : unitsText(phase, Math.round(rate)));
}

/** A number as people read it. */
export function countText(value: number): string {
  return value < 1e7 ? Math.round(value).toLocaleString() : value.toPrecision(3).replace('e+', 'e');
}

/** How far a phase is, 0 to 1. */
export function phaseShare(phase: ComputePhase): number {
  if (phase.finishedAt !== undefined) {
    return 1;
  }
  return phase.total > 0 ? Math.min(1, (phase.done + phase.doing) / phase.total) : 0;
}

/** How far a job is, 0 to 1; undefined when nobody knows. */
export function progressOf(job: ComputeJob): number | undefined {
  const known = job.phases.filter(phase => phase.total > 0 || phase.finishedAt !== undefined);
  if (known.length === 0) {
    return undefined;
  }
  return job.phases.reduce((sum, phase) => sum + phaseShare(phase), 0) / job.phases.length;
}

/** What is left, or how long it took. */
export function timeText(job: ComputeJob, now: number, trans: TranslationBundle): string | undefined {
  const over = isOver(job);
  if (!over && job.eta !== undefined && job.state === 'running') {
    return trans.__('%1 left', durationText(Math.max(0.1, job.eta)));
  }
  const seconds = secondsOf(job, now, !over);
  return seconds === undefined ? undefined : durationText(seconds);
}
