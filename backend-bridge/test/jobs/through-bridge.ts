import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ComputeJob, ComputePart, ComputeRequest, ComputeResultPage } from '../../src/contract';
import { start, until, type IBridge } from '../server/harness';

const ROOT = join(__dirname, '..', '..', '..');
export const RUNNER = join(ROOT, 'jupyterlab_oscar', 'runner');
export const PYTHON = process.env['OSCAR_TEST_PYTHON'] ?? 'python3';

export const handshake = (folder: string): Record<string, unknown> => ({ contentsRoot: folder, runner: RUNNER });

export function startWithRunner(folder?: string): Promise<IBridge> {
  return start({ folder, handshake: { runner: RUNNER } });
}

/** A request with what all have. */
export function request(
  kind: ComputeRequest['kind'],
  source: string,
  more: Partial<ComputeRequest> = {}
): ComputeRequest {
  return {
    kind,
    code: { language: 'python', source, name: '<cell In[1]>' },
    idempotencyKey: randomBytes(8).toString('hex'),
    ...more
  };
}

export async function begin(bridge: IBridge, body: ComputeRequest): Promise<ComputeJob> {
  const answer = await bridge.call('/v1/jobs', { json: body });
  if (answer.status !== 201 && answer.status !== 200) {
    throw new Error(`${answer.status}: ${answer.text}`);
  }
  return answer.json<ComputeJob>();
}

export const over = (job: ComputeJob): boolean => ['succeeded', 'failed', 'cancelled'].includes(job.state);

/** Long polls until the job is as wanted. */
export async function follow(
  bridge: IBridge,
  id: string,
  what: (job: ComputeJob) => boolean = over,
  milliseconds = 60_000
): Promise<ComputeJob> {
  let job = (await bridge.call(`/v1/jobs/${id}`)).json<ComputeJob>();
  return until(
    `job ${id}`,
    async () => {
      if (what(job)) {
        return job;
      }
      if (over(job)) {
        throw new Error(`It ended otherwise: ${JSON.stringify(job)}`);
      }
      job = (await bridge.call(`/v1/jobs/${id}?since=${job.revision}&wait=5`)).json<ComputeJob>();
      return what(job) ? job : undefined;
    },
    milliseconds
  );
}

export async function run(bridge: IBridge, body: ComputeRequest): Promise<ComputeJob> {
  return follow(bridge, (await begin(bridge, body)).id);
}

export async function result(bridge: IBridge, id: string, query = ''): Promise<ComputeResultPage> {
  const answer = await bridge.call(`/v1/jobs/${id}/result${query}`);
  if (answer.status !== 200) {
    throw new Error(`${answer.status}: ${answer.text}`);
  }
  return answer.json<ComputeResultPage>();
}

export async function parts(bridge: IBridge, id: string): Promise<ComputePart[]> {
  return (await bridge.call(`/v1/jobs/${id}/parts`)).json<{ items: ComputePart[] }>().items;
}
