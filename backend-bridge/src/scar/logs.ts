import type { FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import { pause } from '../http/pause';
import { logGroupOf } from './action';
import { BatchJobs, linkedJob } from './batch-jobs';
import { awsError, isGone } from './errors';
import { sdk } from './sdk';
import type { ITarget } from './session';

export interface ILogOptions {
  request?: string;
  stream?: string;
  /** Milliseconds since 1970. */
  since?: number;
  follow?: boolean;
  signal?: AbortSignal;
}

/** Between two looks, milliseconds. */
const PAUSE = 1000;
/** CloudWatch shows events late and out of order: so far back is looked again, milliseconds. */
const OVERLAP = 5000;

/**
 * The log of a function. Pages are read to their end and events are known by their ids, so that nothing is lost or shown twice,
 * however fast it grows. With `request` only the lines of that call, and the Batch job that it started, or is.
 */
export async function* functionLog(target: ITarget, name: string, options: ILogOptions): AsyncGenerator<string> {
  if (options.request !== undefined) {
    yield* requestLog(target, name, options.request, options);
    return;
  }
  yield* eventsOf(target, {
    group: logGroupOf(name),
    ...(options.stream === undefined ? {} : { streams: [options.stream] }),
    ...(options.since === undefined ? {} : { since: options.since }),
    follow: options.follow === true,
    ...(options.signal ? { signal: options.signal } : {})
  });
}

async function* eventsOf(
  target: ITarget,
  options: { group: string; streams?: string[]; since?: number; follow: boolean; signal?: AbortSignal }
): AsyncGenerator<string> {
  const seen = new Map<string, number>();
  let from = options.since;
  while (!options.signal?.aborted) {
    let newest = from ?? 0;
    for await (const page of pages(target, { ...options, startTime: from })) {
      const fresh = page.filter(event => !seen.has(event.eventId ?? ''));
      for (const event of fresh) {
        seen.set(event.eventId ?? '', event.timestamp ?? 0);
        newest = Math.max(newest, event.timestamp ?? 0);
      }
      if (fresh.length > 0) {
        yield fresh.map(lineOf).join('');
      }
    }
    if (!options.follow) {
      return;
    }
    from = newest === 0 ? undefined : Math.max(options.since ?? 0, newest - OVERLAP);
    for (const [id, time] of seen) {
      if (from !== undefined && time < from) {
        seen.delete(id);
      }
    }
    await pause(PAUSE, options.signal);
  }
}

async function* pages(
  target: ITarget,
  options: {
    group: string;
    streams?: string[];
    startTime?: number;
    endTime?: number;
    pattern?: string;
    signal?: AbortSignal;
  }
): AsyncGenerator<FilteredLogEvent[]> {
  const client = target.clients.logs();
  let nextToken: string | undefined;
  do {
    try {
      const answer = await client.send(
        new (sdk.logs().FilterLogEventsCommand)({
          logGroupName: options.group,
          ...(options.streams === undefined ? {} : { logStreamNames: options.streams }),
          ...(options.startTime === undefined ? {} : { startTime: options.startTime }),
          ...(options.endTime === undefined ? {} : { endTime: options.endTime }),
          ...(options.pattern === undefined ? {} : { filterPattern: options.pattern }),
          nextToken
        }),
        { abortSignal: options.signal }
      );
      yield answer.events ?? [];
      nextToken = answer.nextToken;
    } catch (error) {
      // A function that was never called has no log yet; a reader that went away wants nothing more.
      if (isGone(error) || options.signal?.aborted) {
        return;
      }
      throw awsError(error, `read the log "${options.group}"`);
    }
  } while (nextToken !== undefined);
}

/** Real messages end their line themselves. */
function lineOf(event: FilteredLogEvent): string {
  const text = event.message ?? '';
  return text.endsWith('\n') ? text : `${text}\n`;
}

async function* requestLog(
  target: ITarget,
  name: string,
  request: string,
  options: ILogOptions
): AsyncGenerator<string> {
  const group = logGroupOf(name);
  const jobs = new BatchJobs(target);
  let shown = 0;
  while (!options.signal?.aborted) {
    const { lines, ended } = await linesOf(target, group, request, options.signal);
    const fresh = lines.slice(shown);
    if (fresh.length > 0) {
      shown = lines.length;
      yield fresh.join('');
    }
    const job = linkedJob(lines.join(''));
    if (job !== undefined && ended) {
      yield* jobs.report(job, options);
      return;
    }
    if (lines.length === 0) {
      // The id of a job of Batch is one of a request, too, for SCAR.
      const own = await jobs.find(request);
      if (own) {
        yield* jobs.report(request, options);
        return;
      }
    }
    if (ended || options.follow !== true) {
      return;
    }
    await pause(PAUSE, options.signal);
  }
}

/** The lines from START to REPORT of one call. */
async function linesOf(
  target: ITarget,
  group: string,
  request: string,
  signal: AbortSignal | undefined
): Promise<{ lines: string[]; ended: boolean }> {
  const marks: FilteredLogEvent[] = [];
  for await (const page of pages(target, { group, pattern: `"${request.replace(/["\\]/g, '')}"`, signal })) {
    marks.push(...page);
  }
  const start = marks.find(event => event.message?.startsWith('START'));
  if (!start?.logStreamName) {
    return { lines: [], ended: false };
  }
  const end = marks.find(event => event.message?.startsWith('REPORT'));
  const lines: string[] = [];
  let inside = false;
  for await (const page of pages(target, {
    group,
    streams: [start.logStreamName],
    startTime: start.timestamp,
    ...(end?.timestamp === undefined ? {} : { endTime: end.timestamp + 1 }),
    signal
  })) {
    for (const event of page) {
      const text = event.message ?? '';
      if (text.startsWith('START') && text.includes(request)) {
        inside = true;
      }
      if (inside) {
        lines.push(lineOf(event));
      }
      if (text.startsWith('REPORT') && text.includes(request)) {
        return { lines, ended: true };
      }
    }
  }
  return { lines, ended: false };
}
