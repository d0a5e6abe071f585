import { isFinished } from '../../../clusters/job-calls';
import type { ICluster } from '../../../clusters/interfaces';
import { clusterLoad } from '../../../clusters/service-actions';
import { isProblem } from '../../../http';
import { CPUS, type RunnerService } from './service';
import { type IDescriptorTransport, type ITransportLook } from './transport';

/** Pages of the list of jobs that are looked through; newest first. */
const PAGES = 10;

/** Jobs of the generic service: `POST /job`. */
export class ServiceTransport implements IDescriptorTransport {
  constructor(
    private readonly _cluster: ICluster,
    private readonly _service: RunnerService
  ) {}

  readonly cpus = CPUS;

  async post(body: Buffer): Promise<string | undefined> {
    // As base64: on its way the body goes unquoted through a shell of the cluster, that would change JSON.
    const text = body.toString('base64');
    const { client } = this._cluster;
    try {
      return await client.submitJob(await this._service.ensure(), text);
    } catch (error) {
      if (!isProblem(error, 'not-found', 'forbidden', 'unauthorized')) {
        throw error;
      }
      // It was deleted, or made anew with another token.
      this._service.forget();
      return client.submitJob(await this._service.ensure(), text);
    }
  }

  async look(): Promise<ITransportLook> {
    const { client } = this._cluster;
    const { name } = await this._service.ensure();
    const handles = new Map<string, boolean>();
    let page: string | undefined;
    for (let pages = 0; pages < PAGES; pages++) {
      const list = await client.jobs(name, page);
      list.jobs.forEach(job => handles.set(job.name, !isFinished(job.status)));
      page = list.next;
      if (page === undefined) {
        break;
      }
    }
    const alive = [...handles.values()].filter(Boolean).length;
    // A list that was not read to its end says nothing of who is missing.
    return client.features.has('job-id') && page === undefined ? { alive, handles } : { alive };
  }

  async cancel(handle: string): Promise<void> {
    const { name } = await this._service.ensure();
    try {
      await this._cluster.client.cancelJob(name, handle);
    } catch (error) {
      // Over already.
      if (!isProblem(error, 'not-found', 'conflict')) {
        throw error;
      }
    }
  }

  async room(): Promise<{ most?: number; free?: number }> {
    const { cpuTotal, cpuFree } = await clusterLoad(this._cluster);
    return {
      ...(cpuTotal === undefined ? {} : { most: Math.floor(cpuTotal / CPUS) }),
      ...(cpuFree === undefined ? {} : { free: Math.floor(cpuFree / CPUS) })
    };
  }
}
