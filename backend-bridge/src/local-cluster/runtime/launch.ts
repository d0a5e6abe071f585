import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import type { IOscarService } from '../../fdl/service';
import type { IEnvironment } from './environments';
import { MountedBucket } from './mounted-bucket';
import type { IRuntimeOptions } from './options';
import type { IBind, IRuntime } from './runtime';
import type { IServiceFiles } from './service-files';
import { splitProvider } from './supervisor/outputs';
import { SupervisorError } from './supervisor/errors';

/** Places of a container that scripts know. */
const CONFIG = '/oscar/config';
const PROVIDERS = '/var/run/secrets/providers';

export interface ILaunchOptions {
  options: IRuntimeOptions;
  service: IOscarService;
  files: IServiceFiles;
  runtime: IRuntime;
  environment?: IEnvironment;
  /** Folder of this start alone. */
  folder: string;
  owner?: string;
  exposed?: boolean;
}

export interface ILaunch {
  /** Where the program finds `/oscar/config`. */
  files: IServiceFiles;
  binds: IBind[];
  variables: Record<string, string>;
  /** The bucket that it mounts; its changes go back with `sync()`. */
  bucket?: MountedBucket;
}

/** Puts a start together: the variables that OSCAR sets, and what lies at which place. */
export async function prepareLaunch(launch: ILaunchOptions): Promise<ILaunch> {
  const { options, service, files, runtime, folder, environment } = launch;
  const container = runtime.kind === 'container';
  const variables = oscarVariables(service, launch.exposed === true);
  variables.RESOURCE_ID = options.node ?? hostname();
  const endpoint = options.endpoint?.();
  if (endpoint && !options.strict) {
    variables.OSCAR_ENDPOINT = container
      ? endpoint.replace(/\/\/(127\.0\.0\.1|localhost)\b/, '//host.containers.internal')
      : endpoint;
  }
  if (!container) {
    const temporary = join(folder, 't');
    mkdirSync(temporary, { recursive: true, mode: 0o700 });
    variables.TMPDIR = temporary;
    if (environment) {
      variables.VIRTUAL_ENV = environment.folder;
    }
    // A PATH of the service's own comes after its environment; the runtime adds the rest.
    const path = [environment?.bin, service.environment.variables?.PATH].filter(Boolean).join(delimiter);
    if (path) {
      variables.PATH = path;
    }
  }
  const bucket = await mountBucket(launch);
  const volume = volumeOf(options, service);
  const places = {
    mount: bucket && { source: bucket.folder, target: `/mnt/${mountPath(service)}` },
    volume: volume === undefined || !service.volume ? undefined : { source: volume, target: service.volume.mount_path }
  };
  const named =
    container ||
    mentions(service, CONFIG) ||
    mentions(service, PROVIDERS) ||
    places.mount !== undefined ||
    places.volume !== undefined;
  if (named && (await runtime.canBind())) {
    const providers = writeProviders(launch);
    return {
      files: { ...files, folder: CONFIG, script: `${CONFIG}/script.sh` },
      binds: [
        { source: files.folder, target: CONFIG, readOnly: true },
        { source: providers, target: PROVIDERS, readOnly: true },
        ...(places.mount ? [places.mount] : []),
        ...(places.volume ? [places.volume] : []),
        // The same path inside and outside, so that one set of variables is right.
        ...(container ? [{ source: folder, target: folder }] : [])
      ],
      variables,
      ...(bucket ? { bucket } : {})
    };
  }
  variables.FUNCTION_CONFIG = files.config;
  if (mentions(service, 'OSCAR_PROVIDERS_DIR')) {
    variables.OSCAR_PROVIDERS_DIR = writeProviders(launch);
  }
  if (places.mount) {
    variables.OSCAR_MOUNT_DIR = places.mount.source;
  }
  if (places.volume) {
    variables.OSCAR_VOLUME_DIR = places.volume.source;
  }
  return { files, binds: [], variables, ...(bucket ? { bucket } : {}) };
}

/** What the manager sets in every pod. Source: recorded Job, Deployment and Knative objects. */
function oscarVariables(service: IOscarService, exposed: boolean): Record<string, string> {
  return {
    OSCAR_SERVICE_NAME: service.name,
    OSCAR_SERVICE_TOKEN: service.token,
    OSCAR_SERVICE_BASE_PATH: exposed ? `/system/services/${service.name}/exposed` : '',
    fprocess: service.alpine ? '/oscar/bin/alpine/supervisor' : '/oscar/bin/supervisor',
    max_inflight: '1',
    write_debug: 'true',
    exec_timeout: '0',
    read_timeout: '300',
    write_timeout: '300',
    healthcheck_interval: '5'
  };
}

/** Folder of a service's volume, made when it is not there. */
function volumeOf(options: IRuntimeOptions, service: IOscarService): string | undefined {
  if (!service.volume) {
    return undefined;
  }
  const folder = options.volume
    ? options.volume(service)
    : join(options.data, 'volumes', service.volume.name ?? service.name);
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  return folder;
}

async function mountBucket({ options, service, folder }: ILaunchOptions): Promise<MountedBucket | undefined> {
  const path = mountPath(service);
  if (!path) {
    return undefined;
  }
  const { type, id } = splitProvider(service.mount.storage_provider);
  if (type !== 'minio' || id !== 'default') {
    throw new SupervisorError(
      `Mounting ${service.mount.storage_provider} is not yet supported by this cluster; a bucket of minio.default is.`
    );
  }
  // `bucket` is what rclone mounts; a folder below it is a folder of that mount.
  const bucket = path.split('/')[0];
  if (!options.store.bucket(bucket)) {
    throw new SupervisorError(
      `The bucket ${bucket}, which the service mounts, does not exist. Create it, or change mount.`
    );
  }
  const mounted = new MountedBucket(options.store, bucket, join(folder, 'm', bucket));
  await mounted.open();
  return mounted;
}

function mountPath(service: IOscarService): string {
  return (service.mount?.path ?? '').replace(/^\/+|\/+$/g, '').split('/')[0];
}

function writeProviders({ options, folder, owner }: ILaunchOptions): string {
  const own = options.storage();
  const keys = (owner ? options.userKeys?.(owner) : undefined) ?? own;
  const target = join(folder, 'k');
  mkdirSync(join(target, 'minio.default'), { recursive: true, mode: 0o700 });
  writeFileSync(join(target, 'minio.default', 'accessKey'), keys.accessKey, { mode: 0o600 });
  writeFileSync(join(target, 'minio.default', 'secretKey'), keys.secretKey, { mode: 0o600 });
  return target;
}

/** Whether the script, or a variable that it may use, names something. */
function mentions(service: IOscarService, text: string): boolean {
  return (
    service.script.includes(text) ||
    Object.values(service.environment.variables ?? {}).some(value => value.includes(text))
  );
}
