import { execFile } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How many are made at a time: one process for so many programs. */
const BATCH = 32;

export interface IPipe {
  /** What the program writes. */
  readonly reader: Socket;
  /** File descriptor for the program's output and error; close it once the program has it. */
  readonly writer: number;
}

/**
 * Real pipes, so that output and error come in the order in which they were written and `/dev/stdout` can be opened by
 * name. Node's own are socket pairs, one each, which can do neither.
 */
export class Pipes {
  constructor(private readonly _folder: string) {
    // Names of a run that was killed are in the way.
    rmSync(_folder, { recursive: true, force: true });
    mkdirSync(_folder, { recursive: true, mode: 0o700 });
  }

  async open(): Promise<IPipe> {
    let path = this._free.pop();
    while (path === undefined) {
      await (this._making ??= this._make());
      path = this._free.pop();
    }
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      let writer: number;
      try {
        writer = openSync(path, constants.O_WRONLY);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      return { reader: new Socket({ fd, readable: true, writable: false }), writer };
    } finally {
      // The name has done its work; used once, it can have no stranger at the other end.
      rmSync(path, { force: true });
    }
  }

  close(): void {
    rmSync(this._folder, { recursive: true, force: true });
    this._free = [];
  }

  private async _make(): Promise<void> {
    try {
      const paths = Array.from({ length: BATCH }, () => join(this._folder, String(this._next++)));
      await run('mkfifo', ['-m', '600', ...paths]);
      this._free.push(...paths);
    } finally {
      this._making = undefined;
    }
  }

  private _free: string[] = [];
  private _making: Promise<void> | undefined;
  private _next = 0;
}
