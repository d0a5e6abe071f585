import type {
  FileRef,
  Operation,
  PackRequest,
  PackResult,
  PipelineCheckResult,
  PipelineConversion,
  PipelineLeftover,
  PipelineRun,
  PipelineSource
} from '../contract';
import { encode, query } from './paths';

/** Makes a call and answers its JSON. */
export type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** Calls about pipelines, their runs, and packing. Each rejects as those of the client do. */
export class PipelineCalls {
  constructor(private readonly _call: Call) {}

  check(source: PipelineSource, cluster?: string): Promise<PipelineCheckResult> {
    return this._call('POST', 'pipelines/check', { source, cluster });
  }

  /** Convert to FDL; with `into` the files are written there. */
  convert(options: PipelineCalls.IConvert): Promise<PipelineConversion> {
    return this._call('POST', 'pipelines/convert', options);
  }

  deploy(options: PipelineCalls.IStart): Promise<Operation> {
    return this._call('POST', 'pipelines/deploy', options);
  }

  start(options: PipelineCalls.IStart): Promise<PipelineRun> {
    return this._call('POST', 'pipelines/runs', options);
  }

  /** Newest first; `file` as the run was started with. */
  runs(options: { file?: string; page?: string } = {}): Promise<{ items: PipelineRun[]; next?: string }> {
    return this._call('GET', `pipelines/runs${query(options)}`);
  }

  run(id: string): Promise<PipelineRun> {
    return this._call('GET', runPath(id));
  }

  async removeRun(id: string): Promise<void> {
    await this._call('DELETE', runPath(id));
  }

  cancel(id: string): Promise<PipelineRun> {
    return this._call('POST', `${runPath(id)}/cancel`);
  }

  /** What failed, or `node` and what comes after it, goes again in the same run. */
  rerun(id: string, options: { node?: string; secrets?: Record<string, string> } = {}): Promise<PipelineRun> {
    return this._call('POST', `${runPath(id)}/rerun`, options);
  }

  async leftovers(cluster?: string): Promise<PipelineLeftover[]> {
    return (await this._call<{ items: PipelineLeftover[] }>('GET', `pipelines/leftovers${query({ cluster })}`)).items;
  }

  removeLeftovers(cluster: string, services: string[]): Promise<Operation> {
    return this._call('POST', 'pipelines/leftovers/remove', { cluster, services });
  }

  /** Make a service of a notebook or script. */
  pack(request: PackRequest): Promise<PackResult> {
    return this._call('POST', 'packing/service', request);
  }
}

export namespace PipelineCalls {
  export interface IConvert {
    source: PipelineSource;
    target?: 'oscar' | 'scar';
    cluster?: string;
    into?: FileRef;
    overwrite?: boolean;
  }

  export interface IStart {
    source: PipelineSource;
    cluster?: string;
    parameters?: Record<string, unknown>;
    /** By variable. They go in here and never come out. */
    secrets?: Record<string, string>;
  }
}

function runPath(id: string): string {
  return `pipelines/runs/${encode(id)}`;
}
