import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUNTIME_ANNOTATION, type IOscarService } from '../../fdl/service';
import { BridgeError } from '../../http/errors';
import { ContainerRuntime, findEngine } from './container-runtime';
import { ProcessRuntime, type IProcessRuntimeOptions } from './process-runtime';
import type { IRuntime } from './runtime';

export type RuntimeChoice = 'auto' | 'container' | 'process';

/** The runtimes of this machine, and which of them a service gets. */
export class Runtimes {
  constructor(
    private readonly _options: IProcessRuntimeOptions,
    private readonly _choice: RuntimeChoice
  ) {
    this.process = new ProcessRuntime(_options);
  }

  readonly process: ProcessRuntime;

  /** @throws BridgeError when it wants a container and there is no engine. */
  async choose(service: IOscarService): Promise<IRuntime> {
    const wish = service.annotations?.[RUNTIME_ANNOTATION];
    const choice = wish === 'process' || wish === 'container' ? wish : this._choice;
    if (choice === 'process') {
      return this.process;
    }
    const container = await this._container();
    if (choice === 'container') {
      if (!container) {
        throw new BridgeError({
          type: 'engine-missing',
          title: 'There is no container engine',
          status: 409,
          detail: 'The service asks for a container, and neither podman nor docker works on this machine.',
          action: 'Install podman, or run the service as a process.'
        });
      }
      return this._use(container);
    }
    return container && (await container.hasImage(service.image)) ? this._use(container) : this.process;
  }

  /** Kills what earlier runs of this cluster left; asks the engine, which is slow, only when it was ever in use. */
  async sweep(matches: (mark: string) => boolean): Promise<number> {
    const container = existsSync(this._used) ? await this._container() : undefined;
    return (await this.process.sweep(matches)) + (container ? await container.sweep(matches) : 0);
  }

  async close(): Promise<void> {
    await this.process.close();
    if (this._found) {
      await (await this._found)?.close();
    }
  }

  private _use(container: ContainerRuntime): ContainerRuntime {
    if (!existsSync(this._used)) {
      writeFileSync(this._used, '');
    }
    return container;
  }

  private get _used(): string {
    return join(this._options.folder, 'containers-used');
  }

  private _container(): Promise<ContainerRuntime | undefined> {
    return (this._found ??= findEngine().then(engine => engine && new ContainerRuntime(engine, this._options)));
  }

  private _found: Promise<ContainerRuntime | undefined> | undefined;
}
