import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { REQUIREMENTS_ANNOTATION, type IOscarService } from '../../fdl/service';
import { listEnvironments, prepareEnvironment, type IEnvironment, type IEnvironmentOptions } from './environments';
import { normaliseRequirements } from './requirements';

export interface IEnvironmentState {
  state: 'none' | 'pending' | 'ready' | 'failed';
  /** 0 to 1 while it is pending. */
  progress?: number;
  /** What is done, or why it failed. */
  reason?: string;
  environment?: IEnvironment;
  /** What uv or pip printed. */
  lines: { time: number; text: string }[];
}

const NONE: IEnvironmentState = { state: 'none', lines: [] };

/** Lines of the making of an environment that are kept. */
const LINES = 1000;

/** The environments of the cluster's services. Two services with the same requirements share one. */
export class EnvironmentManager {
  constructor(
    private readonly _options: IEnvironmentOptions,
    private readonly _keepDays: number
  ) {}

  /** As it stands; asks for nothing. One that was deleted by hand is pending again. */
  state(service: IOscarService): IEnvironmentState {
    const key = keyOf(service);
    if (key === undefined) {
      return NONE;
    }
    const known = this._states.get(key);
    if (known?.environment && !existsSync(known.environment.bin)) {
      this._states.delete(key);
    }
    return this._states.get(key) ?? { state: 'pending', progress: 0, lines: [] };
  }

  /** Starts to make it when it is not there; a failed one is tried again only with `again`. */
  ensure(service: IOscarService, again = false): void {
    const key = keyOf(service);
    if (key === undefined) {
      return;
    }
    const known = this._states.get(key);
    if (known && !(again && known.state === 'failed')) {
      return;
    }
    const state: IEnvironmentState = { state: 'pending', progress: 0, lines: [] };
    this._states.set(key, state);
    void this._make(key, state);
  }

  onChange(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  /** Bytes of all, and of those that none of these services uses. */
  usage(services: IOscarService[]): { bytes: number; clearable: number } {
    const all = listEnvironments(this._options);
    const unused = this._unused(services, all);
    return { bytes: sum(all), clearable: sum(unused) };
  }

  /** Removes those that none of these services uses; with `expired`, of them only those not used for long. */
  async clear(services: IOscarService[], expired = false): Promise<void> {
    const limit = Date.now() - this._keepDays * 86400e3;
    for (const { folder, key, used } of this._unused(services, listEnvironments(this._options))) {
      if (!expired || (this._keepDays > 0 && used.getTime() < limit)) {
        await rm(folder, { recursive: true, force: true });
        for (const [text, state] of this._states) {
          if (state.environment?.key === key) {
            this._states.delete(text);
          }
        }
      }
    }
  }

  close(): void {
    this._abort.abort(new Error('The cluster is stopping.'));
  }

  private _unused<T extends { key: string }>(services: IOscarService[], all: T[]): T[] {
    const used = new Set(services.map(service => this.state(service).environment?.key));
    const pending = services.some(service => this.state(service).state === 'pending');
    // While one is being made its key is not known here: nothing is removed under it.
    return pending ? [] : all.filter(({ key }) => !used.has(key));
  }

  private async _make(key: string, state: IEnvironmentState): Promise<void> {
    try {
      state.environment = await prepareEnvironment(key, {
        ...this._options,
        signal: this._abort.signal,
        onLine: text => {
          state.lines.push({ time: Date.now(), text });
          state.lines.splice(0, state.lines.length - LINES);
        },
        onProgress: ({ progress, message }) => {
          state.progress = progress;
          state.reason = message;
          this._changed();
        }
      });
      state.state = 'ready';
      delete state.progress;
      delete state.reason;
    } catch (error) {
      state.state = 'failed';
      delete state.progress;
      const problem = (error as { problem?: { detail: string; action?: string } }).problem;
      state.reason = problem ? [problem.detail, problem.action].filter(Boolean).join(' ') : (error as Error).message;
    }
    this._changed();
  }

  private _changed(): void {
    for (const listener of [...this._listeners]) {
      listener();
    }
  }

  private readonly _states = new Map<string, IEnvironmentState>();
  private readonly _listeners = new Set<() => void>();
  private readonly _abort = new AbortController();
}

/** The requirements of a service, normalised; undefined when it has none. */
function keyOf(service: IOscarService): string | undefined {
  const text = service.annotations?.[REQUIREMENTS_ANNOTATION];
  if (text === undefined) {
    return undefined;
  }
  const lines = normaliseRequirements(text);
  return lines.length > 0 ? lines.join('\n') : undefined;
}

function sum(items: { size: number }[]): number {
  return items.reduce((total, { size }) => total + size, 0);
}
