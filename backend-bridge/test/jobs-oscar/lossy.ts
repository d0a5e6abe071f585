import { spawn, type ChildProcess } from 'node:child_process';
import type { IDescriptorTransport, ITransportLook } from '../../src/jobs/engines/oscar';
import type { IRoom } from '../clusters/support';
import { PYTHON, RUNNER } from './support';

/** What becomes of a descriptor: each number is a copy that arrives after so many ms. */
export type Fate = readonly number[];

/** They outlive the bridge. */
const CHILDREN = new Set<ChildProcess>();
const TIMERS = new Set<NodeJS.Timeout>();

/**
 * Workers that share nothing with the bridge but the endpoint of the object store: processes that get a descriptor on their standard
 * input and are never heard of again. Descriptors get lost, come twice or late.
 */
export class LossyTransport implements IDescriptorTransport {
  /** @param _fates - of the descriptors in their order; those after the last arrive at once */
  constructor(
    private readonly _room: IRoom,
    private readonly _fates: () => readonly Fate[]
  ) {}

  readonly cpus = 1;
  /** Descriptors that were sent, by `phase-part.attempt`. */
  readonly sent: string[] = [];
  /** Copies that have begun. */
  begun = 0;

  async post(body: Buffer): Promise<undefined> {
    const { phase, part, attempt } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const fate = this._fates()[this.sent.length] ?? [0];
    this.sent.push(`${String(phase)}-${String(part)}.${String(attempt)}`);
    const { minio_provider: keys } = await this._room.cluster.client.config();
    for (const wait of fate) {
      const timer = setTimeout(() => {
        this._timers.delete(timer);
        this._begin(body, {
          AWS_ACCESS_KEY_ID: keys.access_key,
          AWS_SECRET_ACCESS_KEY: keys.secret_key
        });
      }, wait);
      this._timers.add(timer);
    }
    return undefined;
  }

  async look(): Promise<ITransportLook> {
    return { alive: this._children.size + this._timers.size };
  }

  async cancel(): Promise<void> {
    throw new Error('There are no handles.');
  }

  async room(): Promise<{ most: number; free: number }> {
    return { most: 2, free: Math.max(0, 2 - this._children.size) };
  }

  /** Ends with the last worker. */
  async idle(): Promise<void> {
    this._timers.forEach(timer => clearTimeout(timer));
    this._timers.clear();
    await Promise.all([...this._children].map(child => new Promise(resolve => child.once('close', resolve))));
  }

  private _begin(body: Buffer, keys: Record<string, string>): void {
    this.begun += 1;
    const child = spawn(PYTHON, ['-u', RUNNER, '--descriptor', '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env['PATH'], ...keys }
    });
    this._children.add(child);
    child.once('close', () => this._children.delete(child));
    child.stdin?.end(body);
  }

  private readonly _children = CHILDREN;
  private readonly _timers = TIMERS;
}
