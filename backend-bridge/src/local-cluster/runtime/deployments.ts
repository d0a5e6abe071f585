import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDeployment, IOscarService } from '../../fdl/service';
import type { IDeployments, IDisposable } from '../interfaces';
import { deploymentState } from './deployment-state';
import { ExposedInstance } from './exposed-instance';
import { LogWriter, readAll, withTimestamps } from './log-file';
import type { IRuntimeOptions } from './options';
import { share, type IShared } from './shared';

interface IDeployed {
  service: IOscarService;
  stopped: boolean;
  instances: ExposedInstance[];
  log: LogWriter | undefined;
  /** Starts and stops of one service follow one another. */
  work: Promise<void>;
  /** As last told, to know a change. */
  told: string;
  state: string;
  since: Date;
  turn: number;
}

/**
 * What stands behind services between their jobs. Call `deploy` for each service when the cluster starts: exposed ones are
 * started again, except those that were stopped.
 *
 * Ports, in the process runtime: a script that names `$OSCAR_EXPOSED_PORT` (or `$PORT`) gets a free one, and so can run in
 * several copies; any other script has its `api_port` to itself, and a second service with the same one fails and says
 * whose it is. In containers each copy has its own.
 */
export function createDeployments(options: IRuntimeOptions): IDeployments {
  return new Deployments(options);
}

class Deployments implements IDeployments {
  constructor(private readonly _options: IRuntimeOptions) {
    this._shared = share(_options);
    this._folder = join(_options.data, 'exposed');
    rmSync(this._folder, { recursive: true, force: true });
    mkdirSync(this._folder, { recursive: true, mode: 0o700 });
    this._file = join(_options.data, 'stopped.json');
    this._stopped = new Set(existsSync(this._file) ? (JSON.parse(readFileSync(this._file, 'utf8')) as string[]) : []);
    this._unlisten = this._shared.environments.onChange(() => {
      for (const deployed of this._deployed.values()) {
        this._begin(deployed);
        this._tell(deployed);
      }
    });
  }

  deploy(service: IOscarService): void {
    this._shared.remember(service);
    this._shared.environments.ensure(service, true);
    const deployed: IDeployed = {
      service,
      stopped: this._stopped.has(service.name),
      instances: [],
      log: undefined,
      work: this._deployed.get(service.name)?.work ?? Promise.resolve(),
      told: '',
      state: '',
      since: new Date(),
      turn: 0
    };
    this._deployed.set(service.name, deployed);
    this._begin(deployed);
    this._tell(deployed);
  }

  update(service: IOscarService): void {
    const deployed = this._deployed.get(service.name);
    if (!deployed) {
      this.deploy(service);
      return;
    }
    const changed = JSON.stringify(deployed.service) !== JSON.stringify(service);
    deployed.service = service;
    this._shared.remember(service);
    this._shared.environments.ensure(service, true);
    if (changed) {
      void this._end(deployed);
      this._begin(deployed);
    }
    this._tell(deployed);
  }

  async remove(name: string): Promise<void> {
    const deployed = this._deployed.get(name);
    this._deployed.delete(name);
    if (this._stopped.delete(name)) {
      this._save();
    }
    if (deployed) {
      await this._end(deployed);
      if (deployed.log) {
        rmSync(deployed.log.path, { force: true });
      }
      this._emit(name);
    }
  }

  async start(name: string): Promise<void> {
    const deployed = this._deployed.get(name);
    if (!deployed) {
      return;
    }
    if (deployed.stopped) {
      deployed.stopped = false;
      this._stopped.delete(name);
      this._save();
    }
    this._shared.environments.ensure(deployed.service, true);
    this._begin(deployed);
    this._tell(deployed);
  }

  async stop(name: string): Promise<void> {
    const deployed = this._deployed.get(name);
    if (!deployed) {
      return;
    }
    deployed.stopped = true;
    this._stopped.add(name);
    this._save();
    await this._end(deployed);
    this._tell(deployed);
  }

  async restart(name: string): Promise<void> {
    const deployed = this._deployed.get(name);
    // A stopped one stays stopped, as on a real cluster.
    if (deployed && !deployed.stopped) {
      await this._end(deployed);
      this._shared.environments.ensure(deployed.service, true);
      this._begin(deployed);
      this._tell(deployed);
    }
  }

  state(name: string): IDeployment & { progress?: number } {
    const deployed = this._deployed.get(name);
    return deployed
      ? { ...this._state(deployed), last_transition_time: deployed.since.toISOString().replace(/\.\d+Z$/, 'Z') }
      : {
          state: 'unavailable',
          reason: 'Current deployment resources are unavailable.',
          active_instances: 0,
          affected_instances: 0,
          resource_kind: 'unavailable'
        };
  }

  logs(name: string, options: { tail?: number; timestamps?: boolean } = {}): { timestamp?: string; message: string }[] {
    const deployed = this._deployed.get(name);
    if (!deployed) {
      return [];
    }
    const tail = options.tail && options.tail > 0 ? options.tail : 200;
    const entries = this._lines(deployed).slice(-tail);
    return options.timestamps ? entries : entries.map(({ message }) => ({ message }));
  }

  async *followLog(name: string, options: { signal?: AbortSignal } = {}): AsyncIterable<Buffer> {
    const { signal } = options;
    const aborted = new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve(), { once: true }));
    let made = 0;
    while (!signal?.aborted && !this._closed) {
      const deployed = this._deployed.get(name);
      if (!deployed) {
        return;
      }
      const log = deployed.log;
      if (!log) {
        const { lines, state } = this._shared.environments.state(deployed.service);
        if (lines.length > made) {
          yield Buffer.from(
            lines
              .slice(made)
              .map(({ text }) => `${text}\n`)
              .join('')
          );
          made = lines.length;
        } else if (state !== 'pending' && !this._exposed(deployed)) {
          return;
        } else {
          await Promise.race([this._next(name), aborted]);
        }
        continue;
      }
      for (let at = 0; !signal?.aborted;) {
        const { data, next } = log.read(at);
        if (data.length > 0) {
          at = next;
          yield data;
        } else if (log.closed) {
          break;
        } else {
          await Promise.race([log.more(), aborted]);
        }
      }
      if (deployed.log === log) {
        // Stopped: what comes next is the next start.
        await Promise.race([this._next(name), aborted]);
      }
    }
  }

  target(name: string): { host: string; port: number } | undefined {
    const deployed = this._deployed.get(name);
    const ready =
      deployed?.instances.filter(instance => instance.state === 'ready' && instance.port !== undefined) ?? [];
    if (!deployed || ready.length === 0) {
      return undefined;
    }
    deployed.turn = (deployed.turn + 1) % ready.length;
    return { host: '127.0.0.1', port: ready[deployed.turn].port as number };
  }

  onChange(listener: (name: string) => void): IDisposable {
    this._listeners.add(listener);
    return { dispose: () => this._listeners.delete(listener) };
  }

  usage(): { bytes: number; clearable: number } {
    return this._shared.environments.usage(this._services());
  }

  async clear(): Promise<void> {
    await this._shared.environments.clear(this._services());
  }

  async close(): Promise<void> {
    if (this._closed) {
      return;
    }
    this._closed = true;
    this._unlisten();
    await Promise.all([...this._deployed.values()].map(deployed => this._end(deployed)));
    for (const name of this._deployed.keys()) {
      this._emit(name);
    }
    await this._shared.release();
  }

  /** Starts what should run and does not, once its environment is there. */
  private _begin(deployed: IDeployed): void {
    deployed.work = deployed.work.then(async () => {
      await this._shared.swept;
      const { state } = this._shared.environments.state(deployed.service);
      const current = this._deployed.get(deployed.service.name) === deployed;
      if (
        this._closed ||
        !current ||
        deployed.stopped ||
        deployed.instances.length > 0 ||
        !this._exposed(deployed) ||
        (state !== 'ready' && state !== 'none')
      ) {
        return;
      }
      deployed.log?.close();
      const log = new LogWriter(
        join(this._folder, `${deployed.service.name}-${this._starts++}.log`),
        this._options.settings?.logBytes ?? 2 ** 20
      );
      if (deployed.log) {
        rmSync(deployed.log.path, { force: true });
      }
      deployed.log = log;
      deployed.instances = Array.from(
        { length: copies(deployed.service) },
        (_, index) =>
          new ExposedInstance({
            options: this._options,
            shared: this._shared,
            service: deployed.service,
            index,
            log,
            onChange: () => this._tell(deployed)
          })
      );
      this._tell(deployed);
    });
  }

  private _end(deployed: IDeployed): Promise<void> {
    deployed.work = deployed.work.then(async () => {
      await Promise.all(deployed.instances.map(instance => instance.end()));
      deployed.instances = [];
      deployed.log?.close();
    });
    return deployed.work;
  }

  private _state(deployed: IDeployed): IDeployment & { progress?: number } {
    const { service, stopped, instances } = deployed;
    return deploymentState({
      exposed: this._exposed(deployed),
      wanted: copies(service),
      stopped,
      instances,
      environment: this._shared.environments.state(service),
      strict: this._options.strict ?? false
    });
  }

  private _tell(deployed: IDeployed): void {
    const state = this._state(deployed);
    const told = JSON.stringify(state);
    if (told !== deployed.told) {
      deployed.told = told;
      if (state.state !== deployed.state) {
        deployed.state = state.state;
        deployed.since = new Date();
      }
      this._emit(deployed.service.name);
    }
  }

  private _lines(deployed: IDeployed): { timestamp: string; message: string }[] {
    if (deployed.log && (deployed.log.total > 0 || this._exposed(deployed))) {
      const text = withTimestamps(readAll(deployed.log).toString('utf8'), deployed.log.stamps);
      return text
        .split('\n')
        .filter(Boolean)
        .map(line => ({ timestamp: line.slice(0, line.indexOf(' ')), message: line.slice(line.indexOf(' ') + 1) }));
    }
    return this._shared.environments
      .state(deployed.service)
      .lines.map(({ time, text }) => ({ timestamp: new Date(time).toISOString(), message: text }));
  }

  private _exposed(deployed: IDeployed): boolean {
    return (deployed.service.expose?.api_port?.length ?? 0) > 0;
  }

  private _services(): IOscarService[] {
    return [...this._deployed.values()].map(({ service }) => service);
  }

  private _next(name: string): Promise<void> {
    return new Promise(resolve => {
      const subscription = this.onChange(changed => {
        if (changed === name) {
          subscription.dispose();
          resolve();
        }
      });
    });
  }

  private _emit(name: string): void {
    for (const listener of [...this._listeners]) {
      listener(name);
    }
  }

  private _save(): void {
    const temporary = `${this._file}.new`;
    writeFileSync(temporary, JSON.stringify([...this._stopped]), { mode: 0o600 });
    renameSync(temporary, this._file);
  }

  private readonly _shared: IShared;
  private readonly _folder: string;
  private readonly _file: string;
  private readonly _stopped: Set<string>;
  private readonly _deployed = new Map<string, IDeployed>();
  private readonly _listeners = new Set<(name: string) => void>();
  private readonly _unlisten: () => void;
  private _starts = 0;
  private _closed = false;
}

/** How many processes; OSCAR starts `min_scale`, and what is exposed here runs at least once. */
function copies(service: IOscarService): number {
  return Math.max(1, service.expose.min_scale);
}
