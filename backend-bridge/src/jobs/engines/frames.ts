import type { ITaskDone, ITaskError, ITaskProgress, Task } from '../engine/task';

/**
 * The lease transport: frames over two pipes of a worker (fd 3 in, fd 4 out; stdin, stdout and stderr belong to the user's code).
 * A frame is two 4-byte big-endian lengths, then UTF-8 JSON of the first length, then bytes of the second (often none).
 * A worker runs one task at a time, in the order they come; the bridge may send the next ones ahead.
 */
export type ToWorker =
  /** First of a job: the attachment is the source; `with` are base64 pickles. The namespace lives until `forget`. */
  | {
      type: 'job';
      job: string;
      language: 'python' | 'shell';
      name: string;
      line: number;
      sha256: string;
      with: Record<string, string>;
      packages: string[];
      cwd?: string;
    }
  | { type: 'forget'; job: string }
  | { type: 'task'; id: string; task: Task }
  /** End early: at this unit (counted like `first` in htc, from the start of the part else), or as soon as possible. */
  | { type: 'stop'; id: string; at?: number }
  | { type: 'exit' };

export type FromWorker =
  /** First frame. `nonce` is what the environment variable OSCAR_RUNNER_NONCE said. */
  | { type: 'ready'; pid: number; python: string; nonce: string; version: string }
  /** A job's code was compiled and `setup()` has run, or could not. */
  | { type: 'job'; job: string; error?: ITaskError }
  | { type: 'started'; id: string }
  | ({ type: 'progress'; id: string } & ITaskProgress)
  /** stdout and stderr were flushed before. */
  | ({ type: 'done'; id: string } & ITaskDone)
  | { type: 'failed'; id: string; error: ITaskError; counters?: Partial<ITaskDone['counters']> };

/** Longest JSON and longest attachment that are accepted, bytes. */
export const FRAME_LIMIT = 64 * 1024 * 1024;

/** One frame, to be written at once. */
export function encodeFrame(head: ToWorker, attachment?: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(json.length, 0);
  lengths.writeUInt32BE(attachment?.length ?? 0, 4);
  return Buffer.concat(attachment === undefined ? [lengths, json] : [lengths, json, attachment]);
}

/** Takes pieces as they arrive, answers the frames that are complete. Throws RangeError for a frame over FRAME_LIMIT. */
export class FrameReader {
  private _rest: Buffer = Buffer.alloc(0);

  push(piece: Buffer): { head: FromWorker; attachment: Buffer }[] {
    let data = this._rest.length === 0 ? piece : Buffer.concat([this._rest, piece]);
    const frames: { head: FromWorker; attachment: Buffer }[] = [];
    while (data.length >= 8) {
      const json = data.readUInt32BE(0);
      const more = data.readUInt32BE(4);
      if (json > FRAME_LIMIT || more > FRAME_LIMIT) {
        throw new RangeError(`A worker sent a frame of ${Math.max(json, more)} bytes.`);
      }
      if (data.length < 8 + json + more) {
        break;
      }
      frames.push({
        head: JSON.parse(data.toString('utf8', 8, 8 + json)) as FromWorker,
        attachment: data.subarray(8 + json, 8 + json + more)
      });
      data = data.subarray(8 + json + more);
    }
    this._rest = data;
    return frames;
  }
}
