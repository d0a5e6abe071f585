import type { IClusters } from '../../../clusters/facade';
import type { IClusterRegistry } from '../../../clusters/interfaces';
import type { IEngine } from '../../engine/engine';
import { DescriptorEngine } from './engine';
import { runnerScript, type IRunnerScript } from './runner-script';
import { RunnerService } from './service';
import { ServiceTransport } from './service-transport';

export { DescriptorEngine, type IDescriptorEngineOptions } from './engine';
export type { IDescriptorTransport, ITransportLook } from './transport';

export interface IOscarEnginesOptions {
  clusters: Pick<IClusterRegistry, 'get'>;
  apply: IClusters['apply'];
  /** Folder or zip file of the Python runner. */
  runner: string;
  /** Interpreter that packs it. */
  python: string;
  /** Of the workers; it needs Python 3.8 or newer. */
  image?: string;
  log?: (line: string) => void;
}

const IMAGE = 'docker.io/library/python:3.12-slim';
const NAME = /^oscar:(.+)$/;

/** An engine for each cluster, made when it is first used. */
export class OscarEngines {
  constructor(private readonly _options: IOscarEnginesOptions) {}

  /**
   * Undefined: the name is not one of a cluster.
   *
   * @throws BridgeError when there is no such cluster
   */
  get(name: string): IEngine | undefined {
    const id = NAME.exec(name)?.[1];
    if (id === undefined) {
      return undefined;
    }
    const cluster = this._options.clusters.get(id);
    const known = this._engines.get(id);
    if (known?.cluster === cluster) {
      return known.engine;
    }
    const { apply, image = IMAGE, log } = this._options;
    const service = new RunnerService({ cluster, apply, image, script: () => this._pack(), log });
    const engine = new DescriptorEngine({
      id: name,
      transport: new ServiceTransport(cluster, service),
      storage: () => cluster.storage(),
      place: async () => {
        const { name: bucket } = await service.ensure();
        const { minio_provider: store } = await cluster.client.config();
        return { endpoint: store.endpoint, region: store.region, bucket };
      },
      log
    });
    this._engines.set(id, { cluster, engine });
    return engine;
  }

  private _pack(): Promise<IRunnerScript> {
    const { runner, python } = this._options;
    this._script ??= runnerScript(runner, python).catch((error: unknown) => {
      this._script = undefined;
      throw error;
    });
    return this._script;
  }

  private readonly _engines = new Map<string, { cluster: unknown; engine: IEngine }>();
  private _script: Promise<IRunnerScript> | undefined;
}
