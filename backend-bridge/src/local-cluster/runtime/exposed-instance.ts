import { get } from 'node:http';
import type { IOscarService } from '../../fdl/service';
import { prepareLaunch, type ILaunch } from './launch';
import type { LogWriter } from './log-file';
import type { IRuntimeOptions } from './options';
import { requestOf, type IGrant } from './pool';
import { freePort, holdPort, takesAnyPort } from './ports';
import type { IRunning } from './runtime';
import type { IShared } from './shared';

export interface IInstanceOptions {
  options: IRuntimeOptions;
  shared: IShared;
  service: IOscarService;
  /** 0 for the first. */
  index: number;
  log: LogWriter;
  onChange: () => void;
}

/** How a copy of an exposed service stands. `waiting` and `starting` may become ready by themselves, `blocked` needs somebody. */
export type InstanceState = 'waiting' | 'starting' | 'ready' | 'crashed' | 'blocked' | 'ended';

/** Milliseconds between looks while it starts, and once it is ready. */
const LOOK_START = 200;
const LOOK_READY = 5000;

/** Failed looks after which it gets no more requests, and after which it is started again. */
const UNREADY = 3;
const DEAD = 24;

const STARTUP_LIMIT = 180e3;
const BACKOFF_LIMIT = 60e3;

/** A process that was up for so long starts with a clean record. */
const STABLE = 60e3;

const SYNC = 10e3;

/** One copy of an exposed service: started, watched, started again when it ends. */
export class ExposedInstance {
  constructor(private readonly _options: IInstanceOptions) {
    this._loop = this._live();
  }

  get state(): InstanceState {
    return this._state;
  }

  /** Why it is not ready, one sentence. */
  get reason(): string | undefined {
    return this._reason;
  }

  get port(): number | undefined {
    return this._port;
  }

  /** How often it ended without ever having been ready. */
  get failures(): number {
    return this._failures;
  }

  async end(): Promise<void> {
    this._ended.abort(new Error('It is stopped.'));
    await this._loop;
    this._set('ended');
  }

  private async _live(): Promise<void> {
    let failures = 0;
    while (!this._ended.signal.aborted) {
      const began = Date.now();
      const outcome = await this._once();
      if (this._ended.signal.aborted) {
        return;
      }
      if (outcome.blocked) {
        this._set('blocked', outcome.reason);
        await this._sleep(LOOK_READY);
        continue;
      }
      failures = Date.now() - began > STABLE ? 1 : failures + 1;
      this._failures = outcome.wasReady ? 0 : this._failures + 1;
      const wait = Math.min(BACKOFF_LIMIT, 500 * 2 ** failures);
      const message = `${outcome.reason} It is started again in ${Math.round(wait / 1000)} s.`;
      this._say(message);
      this._set('crashed', message);
      await this._sleep(wait);
    }
  }

  /** From getting a place to its end. */
  private async _once(): Promise<{ reason: string; blocked?: boolean; wasReady?: boolean }> {
    const { service, shared, options } = this._options;
    let grant: IGrant | undefined;
    let release: (() => void) | undefined;
    let folder: string | undefined;
    let launch: ILaunch | undefined;
    try {
      const environment = shared.environments.state(service).environment;
      const impossible = shared.pool.impossible(requestOf(service));
      if (impossible !== undefined) {
        return { reason: impossible, blocked: true };
      }
      grant = await this._place();
      if (!grant) {
        return { reason: 'It is stopped.' };
      }
      const runtime = await shared.runtimes.choose(service);
      const inner = service.expose.api_port?.[0] ?? 80;
      if (runtime.kind === 'process' && !takesAnyPort(service)) {
        const held = await holdPort(inner, service.name);
        if (typeof held === 'string') {
          return { reason: held, blocked: true };
        }
        release = held;
        this._port = inner;
      } else {
        this._port = await freePort();
      }
      folder = shared.folder();
      launch = await prepareLaunch({
        options,
        service,
        files: shared.files.get(service),
        runtime,
        environment,
        folder,
        owner: service.owner,
        exposed: true
      });
      this._say(runtime.describe(service.image));
      const seen = runtime.kind === 'container' ? inner : this._port;
      const running = await runtime.start({
        image: service.image,
        argv: service.expose.default_command ? undefined : ['/bin/sh', '-c', launch.files.script],
        env: {
          PORT: String(seen),
          ...(service.environment.secrets ?? {}),
          ...(service.environment.variables ?? {}),
          ...launch.variables,
          OSCAR_EXPOSED_PORT: String(seen)
        },
        cwd: folder,
        binds: launch.binds,
        limits: grant.limits,
        ports: runtime.kind === 'container' ? [{ inner, outer: this._port }] : [],
        mark: `${shared.mark}:exposed-${service.name}-${this._options.index}`,
        signal: this._ended.signal
      });
      running.output.on('data', (data: Buffer) => this._options.log.write(data));
      this._set('starting', `It starts; nothing answers at ${this._path()} on port ${inner} yet.`);
      return await this._watch(running, launch);
    } catch (error) {
      const problem = (error as { problem?: { detail: string; action?: string } }).problem;
      const reason = problem ? [problem.detail, problem.action].filter(Boolean).join(' ') : (error as Error).message;
      if (!this._ended.signal.aborted) {
        this._say(reason);
      }
      return { reason, blocked: true };
    } finally {
      await launch?.bucket
        ?.sync()
        .catch((error: Error) => this._say(`What it wrote to its bucket could not be stored: ${error.message}`));
      release?.();
      grant?.release();
      if (folder !== undefined) {
        await shared.remove(folder);
      }
      this._port = undefined;
    }
  }

  private async _watch(running: IRunning, launch: ILaunch): Promise<{ reason: string; wasReady: boolean }> {
    const began = Date.now();
    let over = false;
    let wasReady = false;
    let bad = 0;
    let tooLate: string | undefined;
    let synced = Date.now();
    const end = running.exit.then(exit => {
      over = true;
      return exit;
    });
    while (!over) {
      const ok = await this._answers();
      if (over) {
        break;
      }
      bad = ok ? 0 : bad + 1;
      if (ok && this._state !== 'ready') {
        wasReady = true;
        this._set('ready');
      } else if (this._state === 'ready' && bad >= UNREADY) {
        this._set('starting', `It does not answer at ${this._path()} any more.`);
      }
      if ((wasReady && bad >= DEAD) || (!wasReady && Date.now() - began > STARTUP_LIMIT)) {
        tooLate = wasReady
          ? 'It answered no more.'
          : `Nothing answered at ${this._path()} within ${STARTUP_LIMIT / 1000} s.`;
        void running.kill();
        break;
      }
      if (launch.bucket && Date.now() - synced > SYNC) {
        synced = Date.now();
        await launch.bucket.sync();
      }
      await Promise.race([
        end,
        this._sleep(this._state === 'ready' ? LOOK_READY : Math.min(2000, LOOK_START + (Date.now() - began) / 20))
      ]);
    }
    const { code, reason } = await end;
    return {
      reason:
        tooLate ?? (reason === undefined ? `The process ended with exit code ${code}.` : `The process ${reason}.`),
      wasReady
    };
  }

  /** A place on the machine, or nothing when it is stopped before. */
  private async _place(): Promise<IGrant | undefined> {
    const { pool } = this._options.shared;
    const request = requestOf(this._options.service);
    while (!this._ended.signal.aborted) {
      const grant = pool.take(request);
      if (grant) {
        return grant;
      }
      this._set('waiting', pool.short(request));
      await new Promise<void>(resolve => {
        const stop = pool.onRelease(() => {
          stop();
          resolve();
        });
        this._ended.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return undefined;
  }

  /** As the manager's probes ask. Without a path of its own, any answer that is no server error will do. */
  private _answers(): Promise<boolean> {
    const { service, options } = this._options;
    const lenient = !service.expose.health_path && options.strict !== true;
    return new Promise(resolve => {
      const request = get(
        { host: '127.0.0.1', port: this._port, path: this._path(), timeout: 10000, agent: false },
        response => {
          const status = response.statusCode ?? 0;
          // Only the status matters; a body may have no end.
          response.destroy();
          resolve(status >= 200 && status < (lenient ? 500 : 400));
        }
      );
      request.once('timeout', () => request.destroy());
      request.once('error', () => resolve(false));
    });
  }

  private _path(): string {
    const { expose, name } = this._options.service;
    const path = expose.health_path || '/';
    const prefix = expose.rewrite_target && expose.probe_mode !== 'direct' ? `/system/services/${name}/exposed` : '';
    return `${prefix}${path.startsWith('/') ? '' : '/'}${path}`;
  }

  private _say(message: string): void {
    this._options.log.write(`${message}\n`);
  }

  private _set(state: InstanceState, reason?: string): void {
    if (this._state !== state || this._reason !== reason) {
      this._state = state;
      this._reason = reason;
      this._options.onChange();
    }
  }

  private _sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(done, milliseconds);
      const { signal } = this._ended;
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) {
        done();
      }
    });
  }

  private readonly _ended = new AbortController();
  private readonly _loop: Promise<void>;
  private _state: InstanceState = 'waiting';
  private _reason: string | undefined;
  private _port: number | undefined;
  private _failures = 0;
}
