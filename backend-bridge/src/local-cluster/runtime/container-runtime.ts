import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants, platform } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { BridgeError } from '../../http/errors';
import { Pipes } from './pipes';
import { showMemory } from './quantity';
import type { IExit, IRunning, IRuntime, IStartOptions } from './runtime';

const run = promisify(execFile);

/** Label that containers of a cluster carry. */
const LABEL = 'oscar-local-mark';

/** Milliseconds that an answer about an image is believed. */
const FRESH = 10000;

/** Where some machines do not let the engine raise its limits, these are asked for instead. */
const LOW_LIMITS = ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=4096:4096'];

export interface IContainerRuntimeOptions {
  /** Folder for pipes and the files that carry variables. */
  folder: string;
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number;
}

/** A container engine that answers. */
export interface IEngine {
  program: 'podman' | 'docker';
  /** Options before the command. */
  options: string[];
  rootless: boolean;
}

/** The first engine of this machine that works; undefined when there is none. */
export async function findEngine(): Promise<IEngine | undefined> {
  for (const program of ['podman', 'docker'] as const) {
    // Without systemd podman cannot ask it for groups, and runc may be all there is.
    const variants = program === 'docker' || existsSync('/run/systemd/system') ? [[]] : [['--cgroup-manager=cgroupfs']];
    for (const options of variants) {
      try {
        const format =
          program === 'podman' ? '{{.Host.Security.Rootless}} {{.Host.OCIRuntime.Name}}' : '{{.SecurityOptions}}';
        const { stdout } = await run(program, [...options, 'info', '--format', format], { timeout: 20000 });
        return { program, options, rootless: /^true|rootless/.test(stdout) };
      } catch {
        // Not installed, no daemon, or not with these options.
      }
    }
  }
  return undefined;
}

/** Programs in containers of podman or docker. They share the machine's network, and so its loopback services. */
export class ContainerRuntime implements IRuntime {
  constructor(
    private readonly _engine: IEngine,
    private readonly _options: IContainerRuntimeOptions
  ) {
    this._pipes = new Pipes(join(_options.folder, 'cp'));
    this._files = join(_options.folder, 'env');
    rmSync(this._files, { recursive: true, force: true });
    mkdirSync(this._files, { recursive: true, mode: 0o700 });
  }

  readonly kind = 'container';

  describe(image: string): string {
    return `Runs in a container of the image ${image} with ${this._engine.program}.`;
  }

  async canBind(): Promise<boolean> {
    return true;
  }

  /** Whether the image is on this machine. */
  async hasImage(image: string): Promise<boolean> {
    const known = this._images.get(image);
    if (known && Date.now() - known.at < FRESH) {
      return known.found;
    }
    const found = await this._command(['image', 'inspect', '--format', '{{.Id}}', image]).then(
      () => true,
      () => false
    );
    this._images.set(image, { found, at: Date.now() });
    return found;
  }

  async start(options: IStartOptions): Promise<IRunning> {
    if (!(await this.hasImage(options.image))) {
      throw new BridgeError({
        type: 'image-missing',
        title: 'The image is not on this machine',
        status: 409,
        detail: `The image ${options.image} is not on this machine.`,
        action: `Get it with: ${this._engine.program} pull ${options.image} — or run the service as a process.`
      });
    }
    if (!this._lowLimits) {
      try {
        return await this._start(options, []);
      } catch (error) {
        if (!(error instanceof LimitsRefused)) {
          throw error;
        }
        this._lowLimits = true;
      }
    }
    return this._start(options, LOW_LIMITS);
  }

  private async _start(options: IStartOptions, limits: string[]): Promise<IRunning> {
    const id = String(this._next++);
    const name = `oscar-${process.pid}-${Date.now().toString(36)}-${id}`;
    const env = join(this._files, id);
    // Secrets go by a file that only we can read: arguments are seen by everybody on this machine. What an env file cannot
    // hold (line breaks) is handed over through the engine's own environment.
    const { lines, inherited } = envFile(options.env);
    writeFileSync(env, lines, { mode: 0o600 });
    const { cpus, memory, gpus } = options.limits;
    const argv = [
      ...this._engine.options,
      'run',
      '--rm',
      '--name',
      name,
      '--label',
      `${LABEL}=${options.mark}`,
      '--pull',
      'never',
      ...limits,
      '--cpus',
      String(Math.max(0.01, cpus)),
      ...(memory > 0 ? ['--memory', String(Math.max(memory, 6 * 2 ** 20))] : []),
      ...gpus.flatMap(gpu =>
        this._engine.program === 'docker' ? ['--gpus', `device=${gpu}`] : ['--device', `nvidia.com/gpu=${gpu}`]
      ),
      ...network(options.ports),
      '--env-file',
      env,
      ...Object.keys(inherited).flatMap(variable => ['--env', variable]),
      ...options.binds.flatMap(bind => ['--volume', `${bind.source}:${bind.target}${bind.readOnly ? ':ro' : ''}`]),
      '--workdir',
      options.cwd,
      ...(options.argv ? ['--entrypoint', options.argv[0], options.image, ...options.argv.slice(1)] : [options.image])
    ];
    const pipe = await this._pipes.open();
    const child = spawn(this._engine.program, argv, {
      detached: true,
      env: { ...process.env, ...inherited },
      stdio: ['ignore', pipe.writer, pipe.writer]
    });
    closeSync(pipe.writer);
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      if (child.pid !== undefined) {
        resolve(child.pid);
      }
    });
    const ended = new Promise<number>(resolve =>
      child.once('exit', (code, signal) => {
        rmSync(env, { force: true });
        resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
      })
    );
    if (!this._proven) {
      await this._prove(ended, pipe.reader, name);
    }
    return new RunningContainer({
      pid,
      name,
      ended,
      reader: pipe.reader,
      options,
      grace: this._options.grace,
      command: args => this._command(args)
    });
  }

  /** The first container of all shows whether the engine may set its limits here. */
  private async _prove(ended: Promise<number>, reader: Socket, name: string): Promise<void> {
    let over = false;
    void ended.then(() => (over = true));
    for (;;) {
      if (over) {
        if ((await ended) === 126) {
          // The engine's own failure: its text may come a moment after its end.
          if (reader.readableLength === 0 && !reader.readableEnded) {
            await Promise.race([once(reader, 'readable'), once(reader, 'close')]);
          }
          const first = (reader.read() as Buffer | null) ?? Buffer.alloc(0);
          if (/rlimit/.test(first.toString())) {
            reader.destroy();
            throw new LimitsRefused();
          }
          if (first.length > 0) {
            reader.unshift(first);
          }
        }
        break;
      }
      const state = await this._command(['inspect', '--format', '{{.State.Status}}', name]).catch(() => '');
      if (/running|exited/.test(state)) {
        break;
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    this._proven = true;
  }

  async sweep(matches: (mark: string) => boolean): Promise<number> {
    const list = await this._command([
      'ps',
      '--all',
      '--filter',
      `label=${LABEL}`,
      '--format',
      `{{.ID}} {{.Label "${LABEL}"}}`
    ]).catch(() =>
      this._command(['ps', '--all', '--filter', `label=${LABEL}`, '--format', `{{.ID}} {{index .Labels "${LABEL}"}}`])
    );
    const ids = list.split('\n').flatMap(line => {
      const [id, mark] = line.trim().split(' ');
      return id && mark && matches(mark) ? [id] : [];
    });
    if (ids.length > 0) {
      await this._command(['rm', '--force', ...ids]);
    }
    return ids.length;
  }

  async close(): Promise<void> {
    this._pipes.close();
    rmSync(this._files, { recursive: true, force: true });
  }

  private async _command(argv: string[]): Promise<string> {
    const { stdout } = await run(this._engine.program, [...this._engine.options, ...argv], {
      timeout: 60000,
      maxBuffer: 2 ** 24
    });
    return stdout;
  }

  private readonly _pipes: Pipes;
  private readonly _files: string;
  private readonly _images = new Map<string, { found: boolean; at: number }>();
  private _lowLimits = false;
  private _proven = false;
  private _next = 1;
}

/** The engine may not raise limits on this machine. */
class LimitsRefused extends Error {}

interface IRunningContainer {
  pid: number;
  name: string;
  ended: Promise<number>;
  reader: Socket;
  options: IStartOptions;
  grace: number;
  command: (argv: string[]) => Promise<string>;
}

class RunningContainer implements IRunning {
  constructor(private readonly _running: IRunningContainer) {
    this.pid = _running.pid;
    this.output = _running.reader;
    this.exit = _running.ended.then(code => this._exit(code));
    const { signal } = _running.options;
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
    return { memory: 0, peak: 0 };
  }

  kill(): Promise<void> {
    return (this._killing ??= this._kill());
  }

  private async _kill(): Promise<void> {
    const { command, name, grace } = this._running;
    await command(['stop', '--time', String(Math.max(0, Math.round(grace / 1000))), name]).catch(() =>
      // It has just ended, or does not listen.
      command(['rm', '--force', name]).catch(() => undefined)
    );
    await this.exit;
  }

  private _exit(code: number): IExit {
    const { memory } = this._running.options.limits;
    // The kernel kills what outgrows the memory of its group; nobody else sends SIGKILL to a container that we did not stop.
    return code === 137 && !this._killing && memory > 0
      ? { code, reason: `used more memory than ${showMemory(memory)}` }
      : { code };
  }

  private _killing: Promise<void> | undefined;
}

/** Variables for an env file, and those whose values it cannot hold. */
function envFile(env: Record<string, string>): { lines: string; inherited: Record<string, string> } {
  const inherited: Record<string, string> = {};
  const lines: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || /[=\s\0#]/.test(name) || value.includes('\0')) {
      continue;
    }
    if (/[\r\n]/.test(value)) {
      inherited[name] = value;
    } else {
      lines.push(`${name}=${value}\n`);
    }
  }
  return { lines: lines.join(''), inherited };
}

/** Jobs reach the cluster on the machine's loopback; services with ports get a network of their own when that is possible. */
function network(ports: IStartOptions['ports']): string[] {
  if (ports.length > 0) {
    return ports.flatMap(({ inner, outer }) => ['--publish', `127.0.0.1:${outer}:${inner}`]);
  }
  return platform() === 'linux'
    ? ['--network', 'host', '--add-host', 'host.containers.internal:127.0.0.1']
    : ['--add-host', 'host.containers.internal:host-gateway'];
}
