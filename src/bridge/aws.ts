import type {
  AwsApi,
  AwsBatchJob,
  AwsContext,
  AwsContextChange,
  AwsDeletionPreview,
  AwsEmulator,
  AwsFunction,
  AwsInvocation,
  AwsInvokeRequest,
  AwsMetrics,
  AwsOrphan,
  AwsProcessRequest,
  AwsProfile,
  Operation
} from '../contract';
import type { Send } from './compute';
import { ObjectCalls } from './objects';
import { encode, query } from './paths';
import type { Call } from './pipelines';
import { textOf } from './text';

interface IItems<T> {
  items: T[];
}

/** Calls about functions on AWS, or on its local emulator. Each rejects as those of the client do. */
export class AwsCalls {
  constructor(options: { call: Call; send: Send; url: (href: string) => string }) {
    this._call = options.call;
    this._send = options.send;
    this._url = options.url;
    this.storage = new ObjectCalls({ base: 'aws/buckets', ...options });
  }

  /** Buckets of the account, and their objects. */
  readonly storage: ObjectCalls;

  context(): Promise<AwsContext> {
    return this._call('GET', 'aws/context');
  }

  /** What is absent stays as it is. */
  changeContext(change: AwsContextChange): Promise<AwsContext> {
    return this._call('PUT', 'aws/context', change);
  }

  profiles(): Promise<AwsProfile[]> {
    return this._items('aws/profiles');
  }

  emulator(): Promise<AwsEmulator> {
    return this._call('GET', 'aws/emulator');
  }

  controlEmulator(verb: 'start' | 'stop'): Promise<AwsEmulator> {
    return this._call('POST', `aws/emulator/${verb}`);
  }

  // --- functions ---------------------------------------------------------------------------------------------------

  functions(): Promise<AwsFunction[]> {
    return this._items('aws/functions');
  }

  /** With its FDL, and what is not as it was deployed. */
  function(name: string): Promise<AwsFunction> {
    return this._call('GET', path(name));
  }

  deletion(name: string): Promise<AwsDeletionPreview> {
    return this._call('GET', `${path(name)}/deletion`);
  }

  remove(name: string): Promise<Operation> {
    return this._call('DELETE', path(name));
  }

  invoke(name: string, request: AwsInvokeRequest): Promise<AwsInvocation> {
    return this._call('POST', `${path(name)}/invoke`, request);
  }

  /** One event for each object that is in a bucket already. */
  process(name: string, request: AwsProcessRequest): Promise<Operation> {
    return this._call('POST', `${path(name)}/process`, request);
  }

  metrics(name: string, hours: number): Promise<AwsMetrics> {
    return this._call('GET', `${path(name)}/metrics${query({ hours })}`);
  }

  /** The log of a function, or of one request; with `follow` until the reader stops. */
  log(name: string, options: { request?: string; follow: boolean; signal: AbortSignal }): AsyncGenerator<string> {
    const { request, follow, signal } = options;
    return this._text(`${path(name)}/log${query({ request, follow: follow || undefined })}`, signal);
  }

  /** Address of the whole log, for a download. */
  logUrl(name: string, request?: string): string {
    return this._url(`${path(name)}/log${query({ request })}`);
  }

  // --- jobs of Batch -----------------------------------------------------------------------------------------------

  batchJobs(): Promise<AwsBatchJob[]> {
    return this._items('aws/batch-jobs');
  }

  batchJob(id: string): Promise<AwsBatchJob> {
    return this._call('GET', `aws/batch-jobs/${encode(id)}`);
  }

  cancelBatchJob(id: string): Promise<AwsBatchJob> {
    return this._call('POST', `aws/batch-jobs/${encode(id)}/cancel`);
  }

  batchLog(id: string, signal: AbortSignal): AsyncGenerator<string> {
    return this._text(`aws/batch-jobs/${encode(id)}/log${query({ follow: true })}`, signal);
  }

  batchLogUrl(id: string): string {
    return this._url(`aws/batch-jobs/${encode(id)}/log`);
  }

  // --- what else there is ------------------------------------------------------------------------------------------

  apis(): Promise<AwsApi[]> {
    return this._items('aws/apis');
  }

  orphans(): Promise<AwsOrphan[]> {
    return this._items('aws/orphans');
  }

  removeOrphans(ids: string[]): Promise<Operation> {
    return this._call('POST', 'aws/orphans/remove', { ids });
  }

  private async _items<T>(what: string): Promise<T[]> {
    return (await this._call<IItems<T>>('GET', what)).items;
  }

  private async *_text(what: string, signal: AbortSignal): AsyncGenerator<string> {
    yield* textOf(await this._send(`v1/${what}`, { signal }));
  }

  private readonly _call: Call;
  private readonly _send: Send;
  private readonly _url: (href: string) => string;
}

function path(name: string): string {
  return `aws/functions/${encode(name)}`;
}
