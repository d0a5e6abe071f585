import type { TranslationBundle } from '@jupyterlab/translation';

import type { AwsBatchJob, AwsContext, AwsFunction, Operation } from '../contract';

/** Regions that can be chosen; any other can be typed. */
export const REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ca-central-1',
  'eu-central-1',
  'eu-central-2',
  'eu-north-1',
  'eu-south-1',
  'eu-south-2',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'sa-east-1'
];

export const PIP_LINE = 'pip install "jupyterlab-oscar[aws-emulator]"';

export function functionStateWord(state: AwsFunction['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'pending':
      return trans.__('Getting ready');
    case 'active':
      return trans.__('Active');
    case 'inactive':
      return trans.__('Idle: the next call wakes it');
    case 'failed':
      return trans.__('Failed');
  }
}

/** As `toneOf` knows it. */
export function functionTone(state: AwsFunction['state']): string {
  return state === 'active' ? 'ready' : state === 'failed' ? 'failed' : state === 'pending' ? 'pending' : 'off';
}

export function batchStateWord(state: AwsBatchJob['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'submitted':
      return trans.__('Submitted');
    case 'pending':
      return trans.__('Waiting for other jobs');
    case 'runnable':
      return trans.__('Waiting for a machine');
    case 'starting':
      return trans.__('Starting');
    case 'running':
      return trans.__('Running');
    case 'succeeded':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
  }
}

export function batchTone(state: AwsBatchJob['state']): string {
  return state === 'submitted' || state === 'runnable' ? 'waiting' : state;
}

/** Why a job is as it is, with the exit status of one that failed: the reason that Batch gives seldom says enough. */
export function batchNote(job: AwsBatchJob, trans: TranslationBundle): string {
  if (job.state === 'succeeded') {
    return '';
  }
  const status = job.exitCode === undefined ? undefined : trans.__('Exit status %1', job.exitCode);
  return [status, job.reason].filter(Boolean).join(' · ');
}

/** When something was: the time of today, else the day too. Jobs of Batch have the name of their function, this tells them apart. */
export function momentText(iso: string, now = new Date()): string {
  const moment = new Date(iso);
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  return moment.toDateString() === now.toDateString()
    ? moment.toLocaleTimeString([], time)
    : moment.toLocaleString([], { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}

export function isBatchOver(job: AwsBatchJob): boolean {
  return job.state === 'succeeded' || job.state === 'failed';
}

export function modeWord(mode: AwsFunction['mode'], trans: TranslationBundle): string {
  switch (mode) {
    case 'lambda':
      return trans.__('on Lambda');
    case 'lambda-batch':
      return trans.__('on Lambda, on Batch when it takes too long');
    case 'batch':
      return trans.__('on Batch');
  }
}

/** How well the calls to AWS go, in a word, with its tone. */
export function contextWord(
  context: AwsContext | undefined,
  trans: TranslationBundle
): { word: string; tone: 'ok' | 'bad' | 'warn' | 'busy' } {
  switch (context?.state) {
    case 'ready':
      return { word: context.emulator ? trans.__('emulator') : trans.__('ready'), tone: 'ok' };
    case 'no-credentials':
      return { word: trans.__('no credentials'), tone: 'warn' };
    case 'expired':
      return { word: trans.__('expired'), tone: 'warn' };
    case 'failed':
      return { word: trans.__('failed'), tone: 'bad' };
    default:
      return { word: trans.__('checking…'), tone: 'busy' };
  }
}

/** A bucket and what of it starts a function. */
export function triggerText(trigger: AwsFunction['triggers'][number]): string {
  const { bucket, prefix, suffix } = trigger;
  return `${bucket}/${prefix ?? ''}${suffix ? `*${suffix}` : ''}`.replace(/\/$/, '');
}

/** US dollars: two digits that say something. */
export function dollarsText(value: number): string {
  if (value === 0) {
    return '$0';
  }
  return value < 0.01 ? `$${Number(value.toPrecision(2)).toFixed(12).replace(/0+$/, '')}` : `$${value.toFixed(2)}`;
}

/** A line for a terminal that calls an API. */
export function curlLine(endpoint: string): string {
  return `curl -sS -X POST --data-binary @input.bin '${endpoint.replaceAll("'", "'\\''")}'`;
}

/** True for what is done on AWS: of its own, or as steps of a deploy. */
export function isAwsOperation(operation: Operation): boolean {
  return operation.kind.startsWith('aws-') || operation.steps.some(step => isAwsKind(step.kind));
}

const AWS_KINDS = new Set([
  'function',
  'function-url',
  'log-group',
  'trigger',
  'notification',
  'permission',
  'api',
  'compute-environment',
  'job-queue',
  'job-definition',
  'launch-template',
  'repository',
  'layer'
]);

/** Kinds of steps that AWS has and OSCAR has not. */
export function isAwsKind(kind: string): boolean {
  return AWS_KINDS.has(kind);
}
