import { spawn } from 'node:child_process';
import { closeSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { BridgeError } from '../../http/errors';
import { Namespaces } from './namespaces';
import { Pipes } from './pipes';
import { MARK, listProcesses, descendants, markedProcesses, send } from './processes';
import { showMemory } from './quantity';
import type { IExit, IRunning, IRuntime, IStartOptions } from './runtime';
import { Sampler, type IWatched } from './sampler';

/** Variables of the bridge that programs get; everything else (tokens, keys) stays here. */
const PASSED =
  /^(HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|XDG_(CACHE|CONFIG|DATA)_HOME|LD_LIBRARY_PATH|DYLD_.*|CONDA_PREFIX|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(https?|no|all|ftp)_proxy|CUDA_(HOME|PATH)|NVIDIA_.*)$/i;

const THREADS = [
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'MKL_NUM_THREADS',
  'NUMEXPR_NUM_THREADS',
  'VECLIB_MAXIMUM_THREADS',
  'RAYON_NUM_THREADS',
  'GOMAXPROCS'
];

/** Raised so that the kernel, short of memory, takes a job before it takes a kernel or the bridge. */
const OOM_SCORE = 500;

export interface IProcessRuntimeOptions {
  /** Folder for pipes and mount points. */
  folder: string;
  /** Folders that go before the system's on PATH. */
  path: string[];
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number;
}

/** Programs as processes of this machine: a session each, bound in their use of memory, with nothing left behind. */
export class ProcessRuntime implements IRuntime {
  constructor(private readonly _options: IProcessRuntimeOptions) {
    this._pipes = new Pipes(join(_options.folder, 'p'));
    this._namespaces = new Namespaces(join(_options.folder, 'root'));
    this._base = Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED.test(name))) as Record<
      string,
      string
    >;
  }

  readonly kind = 'process';

  describe(image: string): string {
    return `Runs as a process of this machine; the image ${image} is not used.`;
  }

  canBind(): Promise<boolean> {
    return this._namespaces.available();
  }

  async start(options: IStartOptions): Promise<IRunning> {
    if (options.argv === undefined) {
      throw new BridgeError({
        type: 'unsupported',
        title: 'The command of the image is not here',
        status: 400,
        detail: `The service runs the command of its image ${options.image}, and this runtime does not use images.`,
        action: 'Use the container runtime, or give the service a script and leave default_command out.'
      });
    }
    const env = this._environment(options);
    const argv =
      options.binds.length > 0 ? await this._namespaces.wrap(options.argv, options.binds, options.cwd) : options.argv;
    const pipe = await this._pipes.open();
    try {
      const child = spawn(argv[0], argv.slice(1), {
        cwd: options.cwd,
        env,
        detached: true,
        stdio: ['ignore', pipe.writer, pipe.writer]
      });
      const pid = await new Promise<number>((resolve, reject) => {
        child.once('error', reject);
        if (child.pid !== undefined) {
          resolve(child.pid);
        }
      });
      const ended = new Promise<number>(resolve =>
        child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
      );
      raiseOomScore(pid);
      return new RunningProcess({
        pid,
        ended,
        reader: pipe.reader,
        start: options,
        grace: this._options.grace,
        sampler: this._sampler
      });
    } catch (error) {
      pipe.reader.destroy();
      throw error;
    } finally {
      closeSync(pipe.writer);
    }
  }

  async sweep(matches: (mark: string) => boolean): Promise<number> {
    let killed = 0;
    // What forks while we look is found in the next round.
    for (let round = 0; round < 10; round++) {
      const found = await markedProcesses(matches);
      if (found.length === 0) {
        break;
      }
      killed += found.filter(({ pid }) => send(pid, 'SIGKILL')).length;
      await delay(20);
    }
    return killed;
  }

  async close(): Promise<void> {
    this._sampler.close();
    this._pipes.close();
    this._namespaces.close();
  }

  private _environment(options: IStartOptions): Record<string, string> {
    const threads = String(Math.max(1, Math.ceil(options.limits.cpus)));
    const env: Record<string, string> = { ...this._base };
    for (const name of THREADS) {
      env[name] = threads;
    }
    Object.assign(env, options.env);
    const own = options.env.PATH;
    env.PATH = [own, ...this._options.path, process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin']
      .filter(Boolean)
      .join(':');
    if (existsSync('/dev/nvidiactl')) {
      env.CUDA_VISIBLE_DEVICES = options.limits.gpus.join(',');
    }
    env[MARK] = options.mark;
    for (const [name, value] of Object.entries(env)) {
      if (name === '' || name.includes('=') || name.includes('\0') || value.includes('\0')) {
        // The kernel has no way to say it.
        delete env[name];
      }
    }
    return env;
  }

  private readonly _pipes: Pipes;
  private readonly _namespaces: Namespaces;
  private readonly _sampler = new Sampler();
  private readonly _base: Record<string, string>;
}

interface IRunningOptions {
  pid: number;
  ended: Promise<number>;
  reader: Socket;
  start: IStartOptions;
  grace: number;
  sampler: Sampler;
}

class RunningProcess implements IRunning {
  constructor(private readonly _options: IRunningOptions) {
    this.pid = _options.pid;
    this.output = _options.reader;
    const { limits, signal } = _options.start;
    this._watched = {
      pid: this.pid,
      limit: limits.memory,
      known: new Map(),
      memory: 0,
      peak: 0,
      onExceeded: () => {
        this._reason = `used more memory than ${showMemory(limits.memory)}`;
        void this._killAll();
      }
    };
    _options.sampler.add(this._watched);
    _options.reader.once('close', () => (this._drained = true));
    this.exit = this._wait();
    if (signal) {
      const abort = (): void => void this.kill();
      signal.addEventListener('abort', abort, { once: true });
      void this.exit.then(() => signal.removeEventListener('abort', abort));
      if (signal.aborted) {
        abort();
      }
    }
  }

  readonly pid: number;
  readonly output: Readable;
  readonly exit: Promise<IExit>;

  stats(): { memory: number; peak: number } {
    return { memory: this._watched.memory, peak: this._watched.peak };
  }

  kill(): Promise<void> {
    return (this._killing ??= this._kill());
  }

  private async _kill(): Promise<void> {
    if (!this._over) {
      send(-this.pid, 'SIGTERM');
      await this._signalStrays('SIGTERM');
      await within(this.exit, this._options.grace);
    }
    if (!this._over) {
      await this._killAll();
    }
    await this.exit;
  }

  private async _wait(): Promise<IExit> {
    const code = await this._options.ended;
    this._over = true;
    this._options.sampler.remove(this._watched);
    // A container ends with its first process; so does this.
    send(-this.pid, 'SIGKILL');
    if (this._killing || this._reason !== undefined || this._watched.known.size > 1) {
      await this._killStrays();
    }
    if (!(await this._whenDrained(150))) {
      // Somebody outside the session still holds the output.
      await this._killStrays();
      if (!(await this._whenDrained(1000))) {
        this._options.reader.destroy();
      }
    }
    return this._reason === undefined ? { code } : { code, reason: this._reason };
  }

  /** Resolves to true once everything written has been read. A paused reader is somebody's back-pressure, not a stray. */
  private async _whenDrained(wait: number): Promise<boolean> {
    for (;;) {
      const before = this._options.reader.bytesRead;
      if (this._drained) {
        return true;
      }
      await within(new Promise<void>(resolve => this._options.reader.once('close', () => resolve())), wait);
      if (this._drained) {
        return true;
      }
      if (this._options.reader.bytesRead === before && !this._options.reader.isPaused()) {
        return false;
      }
    }
  }

  private async _killAll(): Promise<void> {
    send(-this.pid, 'SIGKILL');
    await this._killStrays();
  }

  private async _killStrays(): Promise<void> {
    for (let round = 0; round < 10; round++) {
      if ((await this._signalStrays('SIGKILL')) === 0) {
        return;
      }
      await delay(20);
    }
  }

  /** Those that left the group or the session, found by their parents and by their mark. */
  private async _signalStrays(signal: NodeJS.Signals): Promise<number> {
    const members = descendants(this.pid, await listProcesses(), this._watched.known).map(member => member.pid);
    const marked = (await markedProcesses(mark => mark === this._options.start.mark)).map(({ pid }) => pid);
    return [...new Set([...members, ...marked])].filter(pid => send(pid, signal)).length;
  }

  private readonly _watched: IWatched;
  private _reason: string | undefined;
  private _killing: Promise<void> | undefined;
  private _over = false;
  private _drained = false;
}

function raiseOomScore(pid: number): void {
  try {
    if (Number(readFileSync('/proc/self/oom_score_adj', 'latin1')) < OOM_SCORE) {
      writeFileSync(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE));
    }
  } catch {
    // No Linux, or the program has ended already: nothing to protect from.
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

/** Waits for a promise, but not for ever. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([promise, new Promise(resolve => (timer = setTimeout(resolve, milliseconds)))]);
  clearTimeout(timer);
}
