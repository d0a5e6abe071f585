import type { IEngine } from '../engine/engine';
import type { IJobsOptions } from '../interfaces';
import { noEngine } from '../problems';
import { LocalEngine } from './local';
import { OscarEngines } from './oscar';

/** The engines of this bridge, by the names that requests use. */
export class Engines {
  /** @param nonce - random name of this bridge */
  constructor(
    private readonly _options: IJobsOptions,
    nonce: string
  ) {
    const { apply, clusters, log, python, runner, workers } = _options;
    this._local = new LocalEngine({ python, runner, nonce, workers });
    this._oscar = apply && new OscarEngines({ apply, clusters, runner, python, log });
  }

  /** @throws BridgeError when there is none of that name */
  get(name = 'local'): IEngine {
    const engine = name === 'local' ? this._local : (this._options.engine?.(name) ?? this._oscar?.get(name));
    if (!engine) {
      throw noEngine(name);
    }
    return engine;
  }

  async close(): Promise<void> {
    await this._local.close();
  }

  private readonly _local: LocalEngine;
  private readonly _oscar: OscarEngines | undefined;
}
