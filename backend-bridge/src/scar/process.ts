import type { AwsProcessRequest, PlanStep } from '../contract';
import { BridgeError } from '../http/errors';
import { calling, missing, refused } from './errors';
import { objectEvent } from './events';
import { invokeOnce } from './invoke';
import { readFunction } from './live';
import { allPages } from './pages';
import { sdk } from './sdk';
import type { ITarget } from './session';
import { deployedOf } from './view';

const CONCURRENCY = 50;
/** Failures that are told by name. */
const TOLD = 50;
/** Steps change at most so often, milliseconds. */
const TELL_EVERY = 200;

export interface IProcessOptions {
  onSteps: (steps: PlanStep[]) => void;
  signal?: AbortSignal;
}

/**
 * One event for each object that is in the bucket already. The first call waits for its answer, so that a function that cannot
 * work is not called a thousand times.
 */
export async function processObjects(
  target: ITarget,
  name: string,
  request: AwsProcessRequest,
  { onSteps, signal }: IProcessOptions
): Promise<void> {
  const live = await readFunction(target, target.region, name);
  if (!live) {
    throw missing('function', name);
  }
  const trigger = deployedOf(live.configuration).triggers[0];
  const bucket = request.bucket ?? trigger?.bucket;
  if (bucket === undefined) {
    throw refused(`"${name}" has no trigger.`, 'Say which bucket and folder are to be processed.');
  }
  const prefix = request.prefix ?? (bucket === trigger?.bucket ? trigger.prefix : '');
  const suffix = request.suffix ?? (bucket === trigger?.bucket ? trigger.suffix : '');
  const list: PlanStep = { action: 'keep', kind: 'objects', name: `${bucket}/${prefix}`, state: 'running' };
  onSteps([list]);
  const objects = await listObjects(target, bucket, prefix, suffix, signal);
  list.state = 'done';
  list.detail = `${objects.length} objects`;
  const step: PlanStep = {
    action: 'create',
    kind: 'calls',
    name,
    state: 'running',
    progress: 0
  };
  let done = 0;
  let told = 0;
  const failed: { key: string; reason: string }[] = [];
  const tell = (last = false): void => {
    if (last || performance.now() - told > TELL_EVERY) {
      told = performance.now();
      step.detail = `${done} of ${objects.length}${failed.length > 0 ? `, ${failed.length} failed` : ''}`;
      step.progress = objects.length === 0 ? 1 : done / objects.length;
      onSteps([{ ...list }, { ...step }]);
    }
  };
  const call = async (object: IObject, wait: boolean): Promise<void> => {
    const payload = Buffer.from(JSON.stringify(objectEvent(target.region, bucket, object.key, object)));
    try {
      const answer = await invokeOnce(target, name, payload, !wait, signal);
      const reason = wait
        ? failureIn(answer.FunctionError, Buffer.from(answer.Payload ?? []).toString('utf8'))
        : undefined;
      if (reason !== undefined) {
        failed.push({ key: object.key, reason });
      }
    } catch (error) {
      if (signal?.aborted) {
        throw error;
      }
      failed.push({ key: object.key, reason: (error as Error).message });
    }
    done++;
    tell();
  };
  if (objects.length > 0) {
    await call(objects[0], true);
    if (failed.length > 0 && objects.length > 1) {
      step.state = 'failed';
      tell(true);
      throw failure(name, failed, objects.length, `The rest was not begun: the first call failed.`);
    }
    const rest = objects.slice(1);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < rest.length) {
        signal?.throwIfAborted();
        await call(rest[next++], request.wait === true);
      }
    };
    await Promise.all(Array.from({ length: Math.min(request.concurrency ?? CONCURRENCY, rest.length) }, worker));
  }
  step.state = failed.length > 0 ? 'failed' : 'done';
  tell(true);
  if (failed.length > 0) {
    throw failure(name, failed, objects.length, 'Run it again with the prefix of those that failed.');
  }
}

interface IObject {
  key: string;
  size?: number;
  etag?: string;
}

/** Markers of folders are no data. */
async function listObjects(
  target: ITarget,
  bucket: string,
  prefix: string,
  suffix: string,
  signal?: AbortSignal
): Promise<IObject[]> {
  const found = await calling(`list the bucket "${bucket}"`, () =>
    allPages(async ContinuationToken => {
      const answer = await target.clients
        .s3()
        .send(new (sdk.s3().ListObjectsV2Command)({ Bucket: bucket, Prefix: prefix || undefined, ContinuationToken }), {
          abortSignal: signal
        });
      return { items: answer.Contents, next: answer.IsTruncated ? answer.NextContinuationToken : undefined };
    })
  );
  return found.flatMap(({ Key, Size, ETag }) =>
    Key !== undefined && !Key.endsWith('/') && Key.endsWith(suffix)
      ? [{ key: Key, size: Size, etag: ETag?.replaceAll('"', '') }]
      : []
  );
}

function failureIn(functionError: string | undefined, payload: string): string | undefined {
  let answer: { statusCode?: number; errorMessage?: string } = {};
  try {
    answer = (JSON.parse(payload) ?? {}) as typeof answer;
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
  }
  if (functionError !== undefined) {
    return answer.errorMessage ?? payload.slice(0, 500);
  }
  return (answer.statusCode ?? 200) >= 400 ? `The function answered with ${answer.statusCode}` : undefined;
}

function failure(name: string, failed: { key: string; reason: string }[], all: number, action: string): BridgeError {
  return new BridgeError({
    type: 'calls-failed',
    title: 'Some calls failed',
    status: 502,
    detail: `${failed.length} of ${all} calls of "${name}" failed.`,
    cause: failed
      .slice(0, 5)
      .map(({ key, reason }) => `${key}: ${reason}`)
      .join('\n'),
    action,
    extra: { failed: failed.slice(0, TOLD) }
  });
}
