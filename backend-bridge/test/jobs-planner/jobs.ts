import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ComputeJob, ComputeRequest } from '../../src/contract';
import { BridgeError } from '../../src/http/errors';
import { createJobs, type IJobs } from '../../src/jobs';

const ROOT = resolve(__dirname, '../../..');
/** The set-up's interpreter. */
const PYTHON = join(ROOT, '.venv/bin/python');

export type Wanted = Omit<Partial<ComputeRequest>, 'code'> & { code: string };

/** Jobs with real workers, in a folder that is gone at the end. */
export class Bench {
  constructor(workers = 2) {
    this.folder = mkdtempSync(join(tmpdir(), 'jobs-planner-'));
    this.jobs = createJobs({
      data: join(this.folder, 'data'),
      clusters: { get: () => Promise.reject(new Error('There is no cluster here.')) as never },
      contentsRoot: this.folder,
      python: PYTHON,
      runner: join(ROOT, 'jupyterlab_oscar/runner'),
      workers,
      toProblem: error =>
        error instanceof BridgeError
          ? error.problem
          : { type: 'about:blank', title: 'Defect', status: 500, detail: String((error as Error).stack) }
    });
  }

  readonly folder: string;
  readonly jobs: IJobs;

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Runs a job to its end. */
  async run(wanted: Wanted): Promise<ComputeJob> {
    const { code, ...rest } = wanted;
    const { job } = await this.jobs.create({
      kind: 'mapreduce',
      idempotencyKey: `key-${Math.random()}`,
      ...rest,
      code: { language: 'python', source: code, name: 'cell' }
    });
    return this.end(job);
  }

  async end(job: ComputeJob): Promise<ComputeJob> {
    let now = job;
    while (!['succeeded', 'failed', 'cancelled'].includes(now.state)) {
      now = await this.jobs.get(job.id, { since: now.revision, wait: 10 });
    }
    return now;
  }

  /** Runs a job that must succeed; all of its result. */
  async result(wanted: Wanted): Promise<{ job: ComputeJob; items: unknown[] }> {
    const job = await this.run(wanted);
    if (job.state !== 'succeeded') {
      throw new Error(`${job.state}: ${JSON.stringify(job.error ?? job.problem)}`);
    }
    return { job, items: await this.items(job.id) };
  }

  async items(id: string): Promise<unknown[]> {
    const items: unknown[] = [];
    for (;;) {
      const page = await this.jobs.result(id, items.length, 1000);
      items.push(...page.items);
      if (items.length >= page.total || page.items.length === 0) {
        return items;
      }
    }
  }

  async close(): Promise<void> {
    await this.jobs.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
