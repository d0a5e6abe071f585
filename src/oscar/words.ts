import type { TranslationBundle } from '@jupyterlab/translation';

import type { Cluster, Job, JobState, PlanStep, ServiceState } from '../contract';

/** Name of a cluster for people. */
export function clusterName(cluster: Pick<Cluster, 'id' | 'removable'>, trans: TranslationBundle): string {
  return cluster.removable ? cluster.id : trans.__('Local cluster');
}

export function clusterStateWord(state: Cluster['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'ready':
      return trans.__('ready');
    case 'starting':
      return trans.__('starting…');
    case 'unauthorized':
      return trans.__('sign-in refused');
    case 'unreachable':
      return trans.__('cannot be reached');
    case 'failed':
      return trans.__('failed');
    default:
      return trans.__('checking…');
  }
}

export function serviceStateWord(state: ServiceState, trans: TranslationBundle): string {
  switch (state) {
    case 'creating':
      return trans.__('Creating…');
    case 'deleting':
      return trans.__('Deleting…');
    case 'pending':
      return trans.__('Getting ready');
    case 'ready':
      return trans.__('Ready');
    case 'degraded':
      return trans.__('Degraded');
    case 'failed':
      return trans.__('Failed');
    case 'stopped':
      return trans.__('Stopped');
    default:
      return trans.__('State unknown');
  }
}

export function jobStateWord(state: JobState | 'uploading', trans: TranslationBundle): string {
  switch (state) {
    case 'uploading':
      return trans.__('Uploading');
    case 'suspended':
    case 'pending':
      return trans.__('Waiting');
    case 'running':
      return trans.__('Running');
    case 'succeeded':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    default:
      return trans.__('Unknown');
  }
}

export function stepActionWord(action: PlanStep['action'], trans: TranslationBundle): string {
  switch (action) {
    case 'create':
      return trans.__('Create');
    case 'change':
      return trans.__('Change');
    case 'keep':
      return trans.__('Keep');
    case 'link':
      return trans.__('Connect');
    case 'delete':
      return trans.__('Delete');
  }
}

/** What a job is about: its input, or when there is none the end of its id. */
export function jobName(job: Pick<Job, 'id' | 'service' | 'input'>): string {
  return job.input?.name ? givenName(job.input.name) : job.id.replace(`${job.service}-`, '').slice(0, 8);
}

/** A file's name as the user gave it: without the eight digits that make an input's key unique. */
export function givenName(name: string): string {
  return name.replace(/^(.[^.]*)-[0-9a-f]{8}(?=\.|$)/, '$1');
}

/** Bytes as people read them, with decimal units as file browsers show them. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1).replace(/\.0$/, '')} ${units[unit]}`;
}

/** Seconds as `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. Clusters that count whole seconds say 0 for what took less than one. */
export function durationText(seconds: number): string {
  if (seconds < 0.05) {
    return seconds <= 0 ? '< 1 s' : '< 0.1 s';
  }
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  }
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/** Seconds that something has run, until now while it is active; undefined before it starts, and when nobody knows its end. */
export function secondsOf(
  item: { startedAt?: string; finishedAt?: string },
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

/** Seconds that a job has run; undefined before it starts. */
export function jobSeconds(job: Job, now: number): number | undefined {
  return secondsOf(job, now, job.state === 'running');
}
