import { stringify } from 'yaml';
import type { ReadinessReport } from '../contract';
import {
  hasEpilogue,
  isExposed,
  LINKS_VARIABLE,
  parseProvider,
  REQUIREMENTS_ANNOTATION,
  RUNTIME_ANNOTATION,
  withoutEpilogue,
  type IOscarService
} from '../fdl';
import { BridgeError, isProblem } from '../http';
import { namesIn } from '../pipelines/packing';
import type { ICluster } from './interfaces';
import { checkCapacity } from './readiness-capacity';

type Item = ReadinessReport['items'][number];

/** What this machine knows of an image. */
export interface ILocalImage {
  /** Empty: it was never pulled from, or pushed to, a registry. */
  digests: string[];
  /** As Go names it: amd64, arm64. */
  architecture?: string;
}

export interface IReadinessOptions {
  /** The image to use there. */
  image?: string;
  /** Asks this machine for an image; undefined when it has none, or no program for containers. */
  localImage?: (image: string) => Promise<ILocalImage | undefined>;
  /** Whether there is such a file on this machine. */
  exists?: (path: string) => Promise<boolean>;
}

/** Images that hold a language or a system, and no packages of a service. */
const PLAIN =
  /^(?:docker\.io\/)?(?:library\/)?(python|debian|ubuntu|alpine|busybox|fedora|rockylinux|buildpack-deps)(?::|@|$)/;

/** Folders that every container has. */
const EVERYWHERE = /^\/(?:bin|dev|etc|lib|lib64|oscar|proc|run|sbin|sys|usr|var\/(?:lib|log|run))(?:\/|$)/;

/** What lies there may have been made by the script itself. */
const TEMPORARY = /^\/(?:var\/)?tmp\//;

/**
 * What stands in the way of a service on another cluster, before anything is changed there. What cannot be known is said to be unknown.
 *
 * @throws BridgeError not-found when there is no such service on `source`; what the clusters throw when they cannot be reached.
 */
export async function readiness(
  source: ICluster,
  target: ICluster,
  name: string,
  options: IReadinessOptions = {}
): Promise<ReadinessReport> {
  const service = await deployed(source, name);
  const image = options.image ?? service.image;
  const info = await target.client.info();
  const local = await options.localImage?.(image);
  const processes = target.client.features.has('requirements') && service.annotations[RUNTIME_ANNOTATION] === 'process';
  const items: Item[] = [
    ...(await checkImage(image, target, processes, local)),
    checkRequirements(service, image, target, processes),
    ...(processes && source.client.features.has('requirements') ? [] : await checkPaths(service, options)),
    checkArchitecture(info['architecture'], image, processes, local),
    ...(await checkCapacity(service, target)),
    ...checkSecrets(service),
    await checkName(service, target, source),
    ...checkStorage(service)
  ];
  return { ready: !items.some(item => item.state === 'error'), items };
}

/** The service, or a problem that says where it is not. */
async function deployed(cluster: ICluster, name: string): Promise<IOscarService> {
  const service = await cluster.client.service(name);
  if (!service) {
    throw new BridgeError({
      type: 'not-found',
      title: 'Service not found',
      status: 404,
      detail: `There is no service "${name}" on ${cluster.id}.`,
      action: 'Deploy it there first, or name the cluster that has it with --from.'
    });
  }
  return service;
}

async function checkImage(
  image: string,
  target: ICluster,
  processes: boolean,
  local: ILocalImage | undefined
): Promise<Item[]> {
  const topic = 'image';
  if (processes) {
    return [{ topic, state: 'ok', message: `${target.id} runs it as a process; the image ${image} is not used.` }];
  }
  if (/^localhost(:\d+)?\//.test(image)) {
    return [
      {
        topic,
        state: 'error',
        message: `${image} is an image of this machine alone. Build it, push it to a registry that ${target.id} reaches, and name that image (--image).`
      }
    ];
  }
  const { allowed_image_repositories: allowed } = await target.client.config();
  if (Array.isArray(allowed) && allowed.length > 0 && !allowed.some(entry => image.includes(String(entry)))) {
    return [
      {
        topic,
        state: 'error',
        message: `${target.id} takes images of ${allowed.join(', ')} only, and ${image} is none of them. Use one that is, or ask its administrator.`
      }
    ];
  }
  if (local && local.digests.length === 0) {
    return [
      {
        topic,
        state: 'warning',
        message: `${image} is on this machine, and was never pushed. Push it to a registry that ${target.id} reaches.`
      }
    ];
  }
  return [
    {
      topic,
      state: 'unknown',
      message: `Whether ${target.id} can pull ${image} shows when it does: it has to be in a registry that it reaches.`
    }
  ];
}

function checkRequirements(service: IOscarService, image: string, target: ICluster, processes: boolean): Item {
  const topic = 'requirements';
  const names = [...namesIn(service.annotations[REQUIREMENTS_ANNOTATION] ?? '')];
  if (names.length === 0) {
    return { topic, state: 'ok', message: 'It asks for no Python packages.' };
  }
  const shown = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
  if (processes) {
    return { topic, state: 'ok', message: `${target.id} makes an environment with ${shown}.` };
  }
  return PLAIN.test(image)
    ? {
        topic,
        state: 'error',
        message: `It needs ${shown}; ${target.id} installs nothing, and ${image} does not have them. Build an image from the Dockerfile beside fdl.yaml, push it, and name it (--image).`
      }
    : {
        topic,
        state: 'unknown',
        message: `It needs ${shown}: they have to be in ${image}, ${target.id} installs nothing.`
      };
}

async function checkPaths(service: IOscarService, options: IReadinessOptions): Promise<Item[]> {
  const found = new Map<string, number>();
  const lines = withoutEpilogue(service.script).split('\n');
  for (const [index, line] of lines.entries()) {
    if (/^\s*#/.test(line)) {
      continue;
    }
    for (const [, path] of line.matchAll(/(?:^|[\s"'=(:,[])(\/[\w.@+-]+(?:\/[\w.@+ -]*[\w.@+-])+)/g)) {
      if (!EVERYWHERE.test(path) && !found.has(path)) {
        found.set(path, index + 1);
      }
    }
  }
  const here: string[] = [];
  let certain = false;
  for (const [path, line] of [...found].slice(0, 50)) {
    if ((await options.exists?.(path)) === true) {
      here.push(`${path} (line ${line} of the script)`);
      certain ||= !TEMPORARY.test(path);
    }
  }
  return here.length === 0
    ? [{ topic: 'paths', state: 'ok', message: 'The script names no files of this machine.' }]
    : [
        {
          topic: 'paths',
          state: certain ? 'error' : 'warning',
          message: `The script uses ${here.slice(0, 3).join(', ')}${here.length > 3 ? ` and ${here.length - 3} more` : ''}, which ${here.length === 1 ? 'is' : 'are'} on this machine only. Send such files as input, or put them into a bucket or the image.`
        }
      ];
}

function checkArchitecture(
  architecture: unknown,
  image: string,
  processes: boolean,
  local: ILocalImage | undefined
): Item {
  const topic = 'architecture';
  if (processes) {
    return { topic, state: 'ok', message: 'It runs on this machine.' };
  }
  if (typeof architecture !== 'string' || architecture === '') {
    return { topic, state: 'unknown', message: 'The cluster does not tell its architecture.' };
  }
  if (local?.architecture && local.architecture !== architecture) {
    return {
      topic,
      state: 'error',
      message: `The cluster is ${architecture}, and ${image} was built here for ${local.architecture}. Build it with --platform linux/${architecture}.`
    };
  }
  return local?.architecture
    ? { topic, state: 'ok', message: `The cluster is ${architecture}, and so is ${image}.` }
    : PLAIN.test(image)
      ? { topic, state: 'ok', message: `The cluster is ${architecture}; ${image} is made for all common ones.` }
      : { topic, state: 'unknown', message: `The cluster is ${architecture}: ${image} has to be built for it.` };
}

function checkSecrets(service: IOscarService): Item[] {
  const names = Object.keys(service.environment.secrets ?? {});
  return names.length === 0
    ? []
    : [
        {
          topic: 'secrets',
          state: 'error',
          message: `It has the secrets ${names.join(', ')}, and no cluster gives out their values. Write them into a copy of its FDL and apply that there.`
        }
      ];
}

async function checkName(service: IOscarService, target: ICluster, source: ICluster): Promise<Item> {
  const topic = 'name';
  let there: IOscarService | undefined;
  try {
    there = await target.client.service(service.name);
  } catch (error) {
    if (!isProblem(error, 'forbidden')) {
      throw error;
    }
    return {
      topic,
      state: 'error',
      message: `Somebody else on ${target.id} has a service ${service.name}. Take another name.`
    };
  }
  if (!there) {
    return { topic, state: 'ok', message: `${target.id} has no service ${service.name} that you can see.` };
  }
  if (target.id === source.id) {
    return { topic, state: 'error', message: `${target.id} is where it is already. Name another cluster.` };
  }
  return withoutEpilogue(there.script) === withoutEpilogue(service.script)
    ? { topic, state: 'ok', message: `${target.id} has it already, with the same script.` }
    : {
        topic,
        state: 'warning',
        message: `${target.id} has a service ${service.name} with another script${there.owner ? `, of ${there.owner}` : ''}. It would be changed.`
      };
}

function checkStorage(service: IOscarService): Item[] {
  const items: Item[] = [];
  const foreign = [...service.input, ...service.output]
    .map(io => parseProvider(io.storage_provider))
    .filter(({ type, id }) => type !== 'minio' || id !== 'default')
    .map(({ type, id }) => `${type}.${id}`);
  if (foreign.length > 0) {
    items.push({
      topic: 'storage',
      state: 'error',
      message: `It uses ${[...new Set(foreign)].join(', ')}, and no cluster gives out the keys. Apply its FDL, which names them under storage_providers.`
    });
  }
  if (service.mount?.path) {
    items.push({
      topic: 'storage',
      state: 'warning',
      message: `It mounts the bucket ${service.mount.path}: what is in it does not come along.`
    });
  }
  if (service.volume) {
    items.push({
      topic: 'storage',
      state: 'warning',
      message: `It has a volume at ${service.volume.mount_path}: what is in it does not come along.`
    });
  }
  return items;
}

/** A deployed service as the files that would make it again. */
export interface IServiceFilesOf {
  fdl: string;
  script: string;
  requirements?: string;
  /** True: the script had no epilogue, and gets none. */
  rawScript: boolean;
}

/** Labels and variables that the manager or an apply adds. */
const ADDED_LABELS = /^(applicationId|oscar\.grycap\/|oscar_service|owner_name|queue|kueue\.x-k8s\.io\/|uid$|vo$)/;

/** @throws BridgeError not-found */
export async function filesOfService(
  cluster: ICluster,
  name: string,
  options: { image?: string } = {}
): Promise<IServiceFilesOf> {
  const service = await deployed(cluster, name);
  const { [REQUIREMENTS_ANNOTATION]: requirements, ...annotations } = service.annotations;
  const { [LINKS_VARIABLE]: _links, ...variables } = service.environment.variables ?? {};
  const labels = Object.fromEntries(Object.entries(service.labels).filter(([key]) => !ADDED_LABELS.test(key)));
  const paths = (list: IOscarService['input']): object[] =>
    list.map(({ storage_provider, path, suffix, prefix }) => ({
      storage_provider,
      path,
      ...(suffix?.length ? { suffix } : {}),
      ...(prefix?.length ? { prefix } : {})
    }));
  const { min_scale: min, max_scale: max } = service.synchronous;
  const written = {
    name: service.name,
    image: options.image ?? service.image,
    script: 'script.sh',
    memory: service.memory,
    cpu: service.cpu,
    log_level: service.log_level,
    ...(service.ephemeral_storage_request ? { ephemeral_storage_request: service.ephemeral_storage_request } : {}),
    ...(service.enable_gpu ? { enable_gpu: true } : {}),
    ...(service.enable_sgx ? { enable_sgx: true } : {}),
    ...(service.alpine ? { alpine: true } : {}),
    ...(service.file_stage_in ? { file_stage_in: true } : {}),
    ...(min > 0 || max > 0 ? { synchronous: { min_scale: min, max_scale: max } } : {}),
    ...(Object.keys(variables).length > 0 ? { environment: { variables } } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(isExposed(service) ? { expose: service.expose } : {}),
    ...(service.input.length > 0 ? { input: paths(service.input) } : {}),
    ...(service.output.length > 0 ? { output: paths(service.output) } : {}),
    ...(service.mount?.path ? { mount: service.mount } : {}),
    ...(service.volume ? { volume: service.volume } : {}),
    visibility: service.visibility || 'private'
  };
  return {
    fdl: stringify({ functions: { oscar: [{ 'default-cluster': written }] } }),
    script: withoutEpilogue(service.script),
    ...(requirements ? { requirements } : {}),
    rawScript: !hasEpilogue(service.script)
  };
}
