import type { Bucket, ObjectPage } from '../contract';
import type { Send } from './compute';
import { encode, encodeKey, query } from './paths';
import type { Call } from './pipelines';

const PAGE = 200;

/** Buckets of one place, and their objects: of a cluster, or of the account on AWS. Each call rejects as those of the client do. */
export class ObjectCalls {
  /** @param options.base - path of the buckets below `v1/` */
  constructor(options: { base: string; call: Call; send: Send; url: (href: string) => string }) {
    this._base = options.base;
    this._call = options.call;
    this._send = options.send;
    this._url = options.url;
  }

  async buckets(): Promise<Bucket[]> {
    return (await this._call<{ items: Bucket[] }>('GET', this._base)).items;
  }

  /** What begins with the prefix, folders (which end in a slash) apart; page by page. */
  objects(bucket: string, options: { prefix?: string; page?: string } = {}): Promise<ObjectPage> {
    const { prefix, page } = options;
    const asked = query({ prefix, delimiter: '/', page, limit: PAGE });
    return this._call('GET', `${this._base}/${encode(bucket)}/objects${asked}`);
  }

  /** Address that downloads an object. */
  url(bucket: string, key: string): string {
    return this._url(`${this._path(bucket, key)}?download=true`);
  }

  async bytes(bucket: string, key: string): Promise<Blob> {
    return (await this._send(`v1/${this._path(bucket, key)}`, {})).blob();
  }

  /** Stores an object, in place of the one that is there. */
  async put(bucket: string, key: string, body: Blob): Promise<void> {
    await this._send(`v1/${this._path(bucket, key)}`, {
      method: 'PUT',
      body,
      headers: { 'Content-Type': body.type || 'application/octet-stream' }
    });
  }

  async remove(bucket: string, key: string): Promise<void> {
    await this._call('DELETE', this._path(bucket, key));
  }

  private _path(bucket: string, key: string): string {
    return `${this._base}/${encode(bucket)}/objects/${encodeKey(key)}`;
  }

  private readonly _base: string;
  private readonly _call: Call;
  private readonly _send: Send;
  private readonly _url: (href: string) => string;
}
