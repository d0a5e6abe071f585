import type { IOscarService } from '../../fdl/service';
import type { ICapacity } from './capacity';
import { parseQuantity, showCpus, showMemory } from './quantity';
import type { ILimits } from './runtime';

/** OSCAR's defaults for what a service asks for. */
const DEFAULT_CPU = 0.2;
const DEFAULT_MEMORY = 256 * 2 ** 20;

/** What one execution, or one instance, of a service takes. */
export function requestOf(service: IOscarService): ICapacity {
  return {
    cpus: parseQuantity(service.cpu) ?? DEFAULT_CPU,
    memory: parseQuantity(service.memory) ?? DEFAULT_MEMORY,
    gpus: service.enable_gpu ? 1 : 0
  };
}

/** The machine's cores, memory and devices, shared by jobs, synchronous calls and exposed services. */
export class Pool {
  constructor(readonly total: ICapacity) {
    this._devices = Array.from({ length: total.gpus }, (_, index) => index);
  }

  get used(): ICapacity {
    return { ...this._used, gpus: this.total.gpus - this._devices.length };
  }

  /** Why a request can never be met here; undefined when it can. */
  impossible(request: ICapacity): string | undefined {
    if (request.gpus > this.total.gpus) {
      return `It needs ${request.gpus} GPU${request.gpus === 1 ? '' : 's'}, this machine has ${this.total.gpus}.`;
    }
    if (request.cpus > this.total.cpus + 1e-9) {
      return `It needs ${showCpus(request.cpus)}, this cluster has ${showCpus(this.total.cpus).replace(/ CPUs?$/, '')}.`;
    }
    if (request.memory > this.total.memory) {
      return `It needs ${showMemory(request.memory)} of memory, this cluster has ${showMemory(this.total.memory)}.`;
    }
    return undefined;
  }

  /** Why a request must wait; undefined when there is room. */
  short(request: ICapacity): string | undefined {
    if (this._used.cpus + request.cpus > this.total.cpus + 1e-9) {
      return `It waits for ${showCpus(request.cpus)}; ${showCpus(Math.max(0, this.total.cpus - this._used.cpus))} of ${showCpus(this.total.cpus)} are free.`;
    }
    if (this._used.memory + request.memory > this.total.memory) {
      return `It waits for ${showMemory(request.memory)} of memory; ${showMemory(Math.max(0, this.total.memory - this._used.memory))} of ${showMemory(this.total.memory)} are free.`;
    }
    if (this._devices.length < request.gpus) {
      return 'It waits for a GPU.';
    }
    return undefined;
  }

  /** Takes it, or nothing. Give it back with `release`, once. */
  take(request: ICapacity): IGrant | undefined {
    if (this.short(request) !== undefined) {
      return undefined;
    }
    this._used.cpus += request.cpus;
    this._used.memory += request.memory;
    const gpus = this._devices.splice(0, request.gpus);
    let held = true;
    return {
      limits: { cpus: request.cpus, memory: request.memory, gpus },
      release: () => {
        if (held) {
          held = false;
          this._used.cpus -= request.cpus;
          this._used.memory -= request.memory;
          this._devices.push(...gpus);
          for (const listener of [...this._listeners]) {
            listener();
          }
        }
      }
    };
  }

  /** Calls back whenever something was given back. */
  onRelease(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  private readonly _used = { cpus: 0, memory: 0 };
  private readonly _devices: number[];
  private readonly _listeners = new Set<() => void>();
}

export interface IGrant {
  limits: ILimits;
  release(): void;
}
