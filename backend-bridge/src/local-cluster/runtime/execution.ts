import type { IOscarService } from '../../fdl/service';
import { prepareLaunch } from './launch';
import type { IRuntimeOptions } from './options';
import type { ILimits } from './runtime';
import type { IShared } from './shared';
import { SupervisorError } from './supervisor/errors';
import { describe, Supervisor, type IExecution } from './supervisor/supervisor';

export interface IExecuteOptions {
  options: IRuntimeOptions;
  shared: IShared;
  service: IOscarService;
  body: Buffer;
  limits: ILimits;
  /** Variables of this call alone. */
  variables: Record<string, string>;
  /** Unique in this cluster. */
  id: string;
  owner: string;
  sync: boolean;
  signal: AbortSignal;
  log: (data: Buffer | string) => void;
  /** Said before anything else when it is not the first attempt. */
  note?: string;
  /** The script has ended: its cores and memory are free, while its outputs are stored. */
  onExit?: () => void;
}

/** Runs a service once, in a folder of its own that is gone afterwards. Never rejects. */
export async function execute(call: IExecuteOptions): Promise<IExecution> {
  const { options, shared, service, log } = call;
  const strict = options.strict === true;
  const mark = `${shared.mark}:${call.id}`;
  const end = shared.begin(mark);
  let folder: string | undefined;
  try {
    const environment = shared.environments.state(service);
    if (environment.state === 'failed') {
      throw new SupervisorError(environment.reason ?? 'The Python environment of the service could not be made.');
    }
    const runtime = await shared.runtimes.choose(service);
    if (!strict) {
      // Outside the log level: where it ran is what one looks for when a script misses something.
      log(`${runtime.describe(service.image)}${call.note ? ` ${call.note}` : ''}\n`);
    }
    folder = shared.folder();
    const launch = await prepareLaunch({
      options,
      service,
      files: shared.files.get(service),
      runtime,
      environment: environment.environment,
      folder,
      owner: call.owner
    });
    const result = await new Supervisor({
      service,
      body: call.body,
      folder,
      files: launch.files,
      runtime,
      limits: call.limits,
      mark,
      variables: { ...launch.variables, ...call.variables },
      binds: launch.binds,
      store: options.store,
      ownEndpoint: options.storage().endpoint,
      ...(call.owner ? { principal: call.owner } : {}),
      strict,
      sync: call.sync,
      log,
      ...(call.onExit ? { onExit: call.onExit } : {}),
      signal: call.signal
    }).run();
    if (launch.bucket) {
      result.outputs.push(...(await launch.bucket.sync()));
    }
    return result;
  } catch (error) {
    const problem = (error as { problem?: { detail: string; action?: string } }).problem;
    const reason = problem ? [problem.detail, problem.action].filter(Boolean).join(' ') : describe(error);
    log(`${reason}\n`);
    return { ok: false, reason, outputs: [], reply: Buffer.from(`${reason}\n`) };
  } finally {
    end();
    if (folder !== undefined) {
      await shared.remove(folder);
    }
  }
}
