import { spawn, type ChildProcess } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Duplex, Readable, Writable } from 'node:stream';
import { encodeFrame, FrameReader, type FromWorker, type ToWorker } from '../frames';

/** Who has the worker at the moment. */
export interface IProcessUser {
  frame(head: FromWorker): void;
  /** After all frames of a turn. */
  settled(): void;
  output(text: string): void;
  exited(how: IExit): void;
}

export interface IExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** It could not be started at all. */
  error?: Error;
  /** The last that it has written to stderr, at most 2000 characters. */
  words: string;
}

export interface IProcessOptions {
  python: string;
  /** Folder or zip file of the runner. */
  runner: string;
  /** Says whose child it is to a bridge that comes after this one. */
  nonce: string;
  /** Beside the variables of the bridge. */
  environment?: Record<string, string>;
}

/** Variable that carries the nonce; children of the functions inherit it. */
export const NONCE = 'OSCAR_RUNNER_NONCE';
const WORDS = 2000;

/** One Python process, the head of its own process group, and the pipes to it. */
export class WorkerProcess {
  constructor(readonly options: IProcessOptions) {
    const { python, runner, nonce, environment } = options;
    const child = spawn(python, ['-u', runner], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment, [NONCE]: nonce }
    });
    this._child = child;
    this._pipe = child.stdio[3] as Duplex;
    const answers = child.stdio[4] as Readable;
    // A worker that dies while it is written to is seen by its end.
    this._pipe.on('error', () => undefined);
    answers.on('error', () => undefined);
    answers.on('data', (piece: Buffer) => this._read(piece));
    this._listen(child.stdout as Readable, false);
    this._listen(child.stderr as Readable, true);
    child.once('error', error => {
      if (child.pid === undefined) {
        this._ended({ code: null, signal: null, error, words: '' });
      }
    });
    // `close`, not `exit`: what it has said before is read first. A child that holds its pipes must not delay that for ever.
    child.once('close', (code, signal) => this._ended({ code, signal, words: this._words }));
    child.once('exit', (code, signal) => {
      this.signal('SIGKILL');
      setTimeout(() => this._ended({ code, signal, words: this._words }), 500).unref();
    });
  }

  user: IProcessUser | undefined;
  ready = false;
  /** When it was heard of last, ms of performance.now(). */
  heardAt = performance.now();

  get pid(): number | undefined {
    return this._child.pid;
  }

  get over(): boolean {
    return this._over;
  }

  send(head: ToWorker, attachment?: Uint8Array): void {
    if (this._frames.length === 0) {
      // What is said in one turn goes out as one write.
      process.nextTick(() => this._pipe.write(Buffer.concat(this._frames.splice(0))));
    }
    this._frames.push(encodeFrame(head, attachment));
  }

  /** To the whole group. */
  signal(signal: NodeJS.Signals): void {
    if (this._child.pid === undefined) {
      return;
    }
    try {
      process.kill(-this._child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        throw error;
      }
    }
  }

  /** Resolves when it has ended: asked first, then killed. */
  async end(grace: number): Promise<void> {
    if (this._over) {
      return;
    }
    const ended = new Promise<void>(resolve => this._waiting.push(resolve));
    this.send({ type: 'exit' });
    process.nextTick(() => this._pipe.end());
    const timer = setTimeout(() => this.signal('SIGKILL'), grace);
    await ended;
    clearTimeout(timer);
  }

  private _read(piece: Buffer): void {
    this.heardAt = performance.now();
    try {
      for (const { head } of this._reader.push(piece)) {
        this._heads.push(head);
      }
    } catch {
      // Not frames: something has written into our pipe. There is no telling what comes next.
      this._words += '\nIt wrote something into the pipe of the bridge.';
      this.signal('SIGKILL');
      return;
    }
    if (!this._drain && this._heads.length > 0) {
      // After what was printed before: stdout is read in the same turn.
      this._drain = setImmediate(() => {
        this._drain = undefined;
        this._handOn();
      });
    }
  }

  private _handOn(): void {
    const heads = this._heads;
    this._heads = [];
    const { user } = this;
    for (const head of heads) {
      if (head.type === 'ready') {
        this.ready = true;
      }
      this.user?.frame(head);
    }
    user?.settled();
  }

  private _listen(stream: Readable, keep: boolean): void {
    const decoder = new StringDecoder('utf8');
    stream.on('error', () => undefined);
    stream.on('data', (piece: Buffer) => {
      const text = decoder.write(piece);
      if (keep) {
        this._words = (this._words + text).slice(-WORDS);
      }
      this.user?.output(text);
    });
  }

  private _ended(how: IExit): void {
    if (this._over) {
      return;
    }
    this._over = true;
    if (this._drain) {
      clearImmediate(this._drain);
      this._drain = undefined;
    }
    this._handOn();
    for (const stream of this._child.stdio) {
      (stream as Readable | Writable | null)?.destroy();
    }
    this.user?.exited(how);
    this._waiting.splice(0).forEach(resolve => resolve());
  }

  private readonly _child: ChildProcess;
  private readonly _pipe: Duplex;
  private readonly _reader = new FrameReader();
  private readonly _waiting: (() => void)[] = [];
  private _heads: FromWorker[] = [];
  private _drain: NodeJS.Immediate | undefined;
  private _frames: Buffer[] = [];
  private _over = false;
  private _words = '';
}
