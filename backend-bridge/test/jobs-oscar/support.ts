import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ComputeJob, ComputeRequest } from '../../src/contract';
import { createJobs, type IEngine, type IJobs } from '../../src/jobs';
import { toProblem } from '../../src/server/problem';
import { openRoom, type IRoom } from '../clusters/support';

const ROOT = join(__dirname, '..', '..', '..');
export const RUNNER = join(ROOT, 'jupyterlab_oscar', 'runner');
export const PYTHON = process.env['OSCAR_TEST_PYTHON'] ?? 'python3';

/** The room of jobs over an embedded cluster. */
export interface IBench extends IRoom {
  jobs: IJobs;
  /** The bridge is ended in the middle and a new one goes on; without `crash` it says goodbye. */
  restart(): Promise<void>;
}

export type MakeEngine = (room: IRoom, name: string) => IEngine | undefined;

export async function openBench(
  options: { strict?: boolean; engine?: MakeEngine; workers?: number } = {}
): Promise<IBench> {
  const room = await openRoom({ strict: options.strict, cpus: 3 });
  const open = (): IJobs =>
    createJobs({
      data: join(room.folder, 'bridge'),
      clusters: room.clusters.registry,
      apply: room.clusters.apply,
      python: PYTHON,
      runner: RUNNER,
      workers: options.workers ?? 2,
      ...(options.engine ? { engine: name => options.engine?.(room, name) } : {}),
      toProblem: error => toProblem(error)
    });
  const closeRoom = room.close.bind(room);
  const bench: IBench = Object.assign(room, {
    jobs: open(),
    close: async () => {
      await bench.jobs.close();
      await closeRoom();
    },
    restart: async () => {
      await bench.jobs.close();
      await room.reopen();
      bench.jobs = open();
      await bench.jobs.recover();
    }
  });
  // Nothing begins before it is known what was there.
  await bench.jobs.recover();
  return bench;
}

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

/** Waits for a state of a job; fails when it ends otherwise. */
export async function become(
  jobs: IJobs,
  id: string,
  what: (job: ComputeJob) => boolean,
  seconds = 150
): Promise<ComputeJob> {
  const end = Date.now() + seconds * 1000;
  for (let job = await jobs.get(id); ; job = await jobs.get(id, { since: job.revision, wait: 5 })) {
    if (what(job)) {
      return job;
    }
    const over = ['succeeded', 'failed', 'cancelled'].includes(job.state);
    if (over || Date.now() > end) {
      throw new Error(`It ${over ? 'ended otherwise' : 'takes too long'}: ${JSON.stringify(job)}`);
    }
  }
}

/** Runs a job to its good end. */
export async function finish(jobs: IJobs, body: ComputeRequest): Promise<ComputeJob> {
  const { job } = await jobs.create(body);
  return become(jobs, job.id, ({ state }) => state === 'succeeded');
}

/** All of a result, sorted. */
export async function items(jobs: IJobs, id: string): Promise<string[]> {
  const { items: found, total } = await jobs.result(id, 0, 100_000);
  expect(found).toHaveLength(total);
  return found.map(item => JSON.stringify(item)).sort();
}

/** Units of all attempts that count: each exactly once. */
export function units(jobs: IJobs, id: string, phase: string): number[] {
  return jobs
    .parts(id, { phase })
    .items.filter(({ state }) => state === 'done')
    .flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index))
    .sort((a, b) => a - b);
}

export const WORDS = `
def mapper(line):
    for word in line.split():
        yield word, 1

def reducer(key, values):
    return sum(values)
`;

export const SQUARES = `
def task(item):
    print("item", item)
    return item * item
`;
