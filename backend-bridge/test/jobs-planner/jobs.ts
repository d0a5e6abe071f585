import { join } from 'node:path';
import type { ComputeJob, ComputeRequest, ComputeResultPage } from '../../src/contract';
import { follow, result, startWithRunner } from '../jobs/through-bridge';
import { cleanUp, temporaryFolder, type IBridge } from '../server/harness';

/** The set-up's interpreter. */
const PYTHON = join(__dirname, '../../../.venv/bin/python');

export type Wanted = Omit<Partial<ComputeRequest>, 'code'> & { code: string };

/** Jobs through a bridge, with real workers, in a folder that is gone at the end. */
export class Bench {
  readonly folder = temporaryFolder();

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Runs a job to its end. */
  async run(wanted: Wanted, language: 'python' | 'shell' = 'python'): Promise<ComputeJob> {
    const { code, ...rest } = wanted;
    this._bridge ??= await startWithRunner(this.folder);
    const answer = await this._bridge.call('/v1/jobs', {
      json: {
        kind: 'mapreduce',
        python: PYTHON,
        idempotencyKey: `key-${Math.random()}`,
        ...rest,
        code: { language, source: code, name: 'cell' }
      }
    });
    if (answer.status !== 201) {
      throw new Error(`${answer.status}: ${answer.text}`);
    }
    return follow(this._bridge, answer.json<ComputeJob>().id);
  }

  /** Runs a job that must succeed; all of its result. */
  async result(wanted: Wanted, language?: 'python' | 'shell'): Promise<{ job: ComputeJob; items: unknown[] }> {
    const job = await this.run(wanted, language);
    if (job.state !== 'succeeded') {
      throw new Error(`${job.state}: ${JSON.stringify(job.error ?? job.problem)}`);
    }
    const items: unknown[] = [];
    for (;;) {
      const page = await this.page(job.id, items.length, 1000);
      items.push(...page.items);
      if (items.length >= page.total || page.items.length === 0) {
        return { job, items };
      }
    }
  }

  /** The same for a shell body of an htc job. */
  shell(wanted: Wanted): Promise<{ job: ComputeJob; items: unknown[] }> {
    return this.result({ kind: 'htc', ...wanted }, 'shell');
  }

  page(id: string, offset = 0, limit = 1000): Promise<ComputeResultPage> {
    return result(this._bridge as IBridge, id, `?offset=${offset}&limit=${limit}`);
  }

  async close(): Promise<void> {
    await this._bridge?.stop();
    await cleanUp();
  }

  private _bridge?: IBridge;
}
