import type { ComputeJob, ComputePart, ComputeResultPage } from '../contract';
import { encode, encodeKey, query } from './paths';
import type { Call } from './pipelines';
import { textOf } from './text';

/** Makes a call and answers its response, of which the body is not read yet. */
export type Send = (path: string, init: RequestInit) => Promise<Response>;

/** Calls about map-reduce and high-throughput jobs. Each rejects as those of the client do. */
export class ComputeCalls {
  constructor(options: { call: Call; send: Send; url: (href: string) => string }) {
    this._call = options.call;
    this._send = options.send;
    this._url = options.url;
  }

  /** Newest first. */
  list(options: { page?: string } = {}): Promise<{ items: ComputeJob[]; next?: string }> {
    return this._call('GET', `jobs${query(options)}`);
  }

  job(id: string): Promise<ComputeJob> {
    return this._call('GET', path(id));
  }

  /** Delete the record and the log; the result stays. */
  async remove(id: string): Promise<void> {
    await this._call('DELETE', path(id));
  }

  /** `retry` repeats only what is missing. */
  change(id: string, verb: 'cancel' | 'pause' | 'resume' | 'retry'): Promise<ComputeJob> {
    return this._call('POST', `${path(id)}/${verb}`);
  }

  /** Attempts that have changed after `since`, the `next` of the answer before. */
  parts(id: string, since: number): Promise<{ items: ComputePart[]; next: number }> {
    return this._call('GET', `${path(id)}/parts${query({ since })}`);
  }

  result(id: string, options: { offset: number; limit: number }): Promise<ComputeResultPage> {
    return this._call('GET', `${path(id)}/result${query(options)}`);
  }

  /** Address of a file of the result. */
  fileUrl(id: string, name: string): string {
    return this._url(`${path(id)}/files/${encodeKey(name)}`);
  }

  /** Address of the whole log, for a download. */
  logUrl(id: string): string {
    return this._url(`${path(id)}/log`);
  }

  /** What the functions have printed, and what they print until the job is over. */
  async *log(id: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this._send(`v1/${path(id)}/log${query({ follow: true })}`, { signal });
    yield* textOf(response);
  }

  private readonly _call: Call;
  private readonly _send: Send;
  private readonly _url: (href: string) => string;
}

function path(id: string): string {
  return `jobs/${encode(id)}`;
}
