import { randomBytes } from 'node:crypto';
import type { IOscarService, IStorageIO } from '../../fdl/service';
import { fillGo, orderGo } from './go-types';
import { fail } from './http';
import { ADMIN_OWNER, CLUSTER_NAME, type Caller, type IContext, type Manager } from './manager';
import {
  formatUid,
  invalidLabel,
  invalidName,
  isDnsLabel,
  isLabelValue,
  labelOf,
  namespaceOf,
  SERVICES_NAMESPACE
} from './names';
import { BAD_QUANTITY, parseQuantity } from './quantity';
import { Service } from './types';

const INVALID = 'The service specification is not valid: ';
const LOG_LEVELS = ['NOTSET', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
/** What a ConfigMap holds, and with it a script. */
const MAX_SCRIPT = 1_048_576;

/**
 * First half of the manager's checks, in its order: those that need nothing but the definition. Changes the service: paths,
 * defaults. @throws ReplyError
 */
export function checkDefinition(service: IOscarService): void {
  checkRequired(service);
  normalize(service);
  for (const [name, list] of [
    ['input', service.input],
    ['output', service.output]
  ] as const) {
    for (const each of list) {
      each.path = trimPath(each.path);
      if (each.path === '') {
        fail(400, `${name} path cannot be empty`);
      }
      const { type } = providerOf(each);
      // Since 4.1 a path without a folder is a folder of the service's own bucket.
      if ((type === 'minio' || type === 's3') && !each.path.includes('/')) {
        each.path = `${service.name}/${each.path}`;
      }
    }
  }
  checkVolume(service);
}

function checkRequired(service: IOscarService): void {
  const problems: string[] = [];
  const validation = (field: string, tag: string): void =>
    void problems.push(`Key: 'Service.${field}' Error:Field validation for '${field}' failed on the '${tag}' tag`);
  if (service.name === '') {
    validation('Name', 'required');
  } else if ([...service.name].length > 39) {
    validation('Name', 'max');
  }
  if (service.image === '') {
    validation('Image', 'required');
  }
  if (service.script === '') {
    validation('Script', 'required');
  }
  if (problems.length > 0) {
    fail(400, INVALID + problems.join('\n'));
  }
  const kserve = service.kserve as { storage_uri: string; type: string } | null | undefined;
  if (kserve && kserve.storage_uri === '') {
    fail(400, `${INVALID}Kserve StorageUri is required`);
  }
  if (kserve && kserve.type === '') {
    fail(400, `${INVALID}Kserve Type is required`);
  }
}

function normalize(service: IOscarService): void {
  service.script = service.script.replaceAll('\r\n', '\n');
  service.memory ||= '256Mi';
  service.cpu ||= '0.2';
  service.visibility ||= 'private';
  const level = service.log_level.toUpperCase();
  service.log_level = LOG_LEVELS.includes(level) ? level : 'INFO';
  service.allowed_users = (service.allowed_users ?? []).map(user => user.trim()).filter(user => user !== '');
  service.input = (service.input ?? []).map(trimProvider);
  service.output = (service.output ?? []).map(trimProvider);
  service.mount = trimProvider(service.mount);
  if (service.federation) {
    service.federation.group_id ||= service.name;
    service.federation.topology ||= 'none';
  }
}

function trimProvider(each: IStorageIO): IStorageIO {
  return { ...each, storage_provider: each.storage_provider.trim() };
}

export function trimPath(path: string): string {
  return path
    .trim()
    .replace(/^\/+|\/+$/g, '')
    .trim();
}

/** `type[.id]`; the type in lower case, the id `default` when it is absent. */
export function providerOf(each: { storage_provider: string }): { type: string; id: string } {
  const [type, ...rest] = each.storage_provider.trim().split('.');
  return { type: type.toLowerCase(), id: rest.join('.') || 'default' };
}

/** Bucket and folder of a path. */
export function splitPath(path: string): { bucket: string; folder: string } {
  const slash = path.indexOf('/');
  return slash < 0 ? { bucket: path, folder: '' } : { bucket: path.slice(0, slash), folder: path.slice(slash + 1) };
}

function checkVolume(service: IOscarService): void {
  const volume = service.volume;
  if (!volume) {
    return;
  }
  const refuse = (problem: string): never => fail(400, `${INVALID}volume.${problem}`);
  const path = volume.mount_path;
  if (path === '') {
    refuse('mount_path is required');
  }
  if (!path.startsWith('/')) {
    refuse('mount_path must be an absolute path');
  }
  const clean = `${path.replace(/\/+/g, '/').replace(/\/$/, '')}/`;
  if (
    ['/oscar/config/', '/oscar/bin/'].some(reserved => clean.startsWith(reserved)) ||
    clean.split('/').includes('..')
  ) {
    refuse('mount_path cannot overlap OSCAR reserved paths');
  }
  if (!volume.size && !volume.name) {
    refuse('name is required when volume.size is not set');
  }
  if (volume.name && !isDnsLabel(volume.name)) {
    refuse('name must satisfy Kubernetes DNS-1123 naming rules');
  }
  if (volume.size && !isPositive(volume.size)) {
    refuse('size must be a valid positive quantity');
  }
  if (volume.lifecycle_policy) {
    if (!['delete', 'retain'].includes(volume.lifecycle_policy)) {
      refuse('lifecycle_policy must be either "delete" or "retain"');
    }
    if (!volume.size) {
      refuse('lifecycle_policy is only valid when volume.size is set');
    }
  }
  if (volume.size) {
    volume.name ||= service.name;
    volume.lifecycle_policy ||= 'delete';
  }
}

export function isPositive(size: string): boolean {
  return (parseQuantity(size) ?? 0) > 0;
}

/** The members of a federation must be clusters that the service defines. */
export function undefinedMembers(service: IOscarService): string[] {
  const members = service.federation?.members ?? [];
  return members
    .filter(member => !service.clusters?.[member.cluster_id])
    .map(member => `cluster "${member.cluster_id}" not defined`);
}

/** Second half: what Kubernetes would refuse. `verb`: `creating` or `updating`. @throws ReplyError 500 */
export function checkResources(manager: Manager, service: IOscarService, verb: 'creating' | 'updating'): void {
  const refuse = (problem: string): never => fail(500, `Error ${verb} the service: ${problem}`);
  for (const quantity of [service.memory, service.cpu, service.ephemeral_storage_request]) {
    if (quantity !== '' && parseQuantity(quantity) === undefined) {
      refuse(BAD_QUANTITY);
    }
  }
  const images = manager.state.setting<string[] | null>('images', []) ?? [];
  if (images.length > 0 && !images.some(allowed => service.image.includes(allowed))) {
    refuse(
      `image ${service.image} is not allowed for pull on the cluster. Check the additional configuration file on 'config.yaml'`
    );
  }
  const name = invalidName('ConfigMap', service.name, 'metadata.labels');
  if (name) {
    refuse(name);
  }
  if (Buffer.byteLength(service.script) + Buffer.byteLength(JSON.stringify({ ...service, script: '' })) > MAX_SCRIPT) {
    refuse(`ConfigMap "${service.name}" is invalid: []: Too long: may not be more than ${MAX_SCRIPT} bytes`);
  }
  for (const [resource, quantity] of [
    ['cpu', service.cpu],
    ['memory', service.memory]
  ]) {
    if (Number(parseQuantity(quantity)) < 0) {
      refuse(
        `PodTemplate "${service.name}" is invalid: template.spec.containers[0].resources.limits[${resource}]: Invalid value: "${quantity}": must be greater than or equal to 0`
      );
    }
  }
  const label = Object.values(service.labels).find(value => !isLabelValue(value));
  if (label !== undefined) {
    refuse(`PodTemplate "${service.name}" is invalid: ${invalidLabel('metadata.labels', label)}`);
  }
  checkExpose(manager, service, refuse);
}

export function isExposed(service: IOscarService): boolean {
  return (service.expose.api_port?.length ?? 0) > 0;
}

const NODE_PORTS = { first: 30_000, last: 32_767 };

function checkExpose(manager: Manager, service: IOscarService, refuse: (problem: string) => never): void {
  if (!isExposed(service)) {
    return;
  }
  const { expose, name } = service;
  const ports = expose.api_port ?? [];
  const nodePorts = expose.nodePort ?? [];
  if (nodePorts.length > 0 && nodePorts.length !== ports.length) {
    refuse(`The length of nodePort (${nodePorts.length}) must be equal to that of api_port (${ports.length})`);
  }
  const bad = ports.find(port => port < 1 || port > 65_535);
  if (bad !== undefined) {
    refuse(
      `error creating svc for exposed service '${name}': Service "${name}-svc" is invalid: spec.ports[0].targetPort: Invalid value: ${bad}: must be between 1 and 65535, inclusive`
    );
  }
  const scaling = scalingProblems(expose);
  if (scaling.length > 0) {
    const list = scaling.length > 1 ? `[${scaling.join(', ')}]` : scaling[0];
    refuse(
      `error creating deployment for exposed service '${name}': HorizontalPodAutoscaler.autoscaling "${name}-hpa" is invalid: ${list}`
    );
  }
  const taken = new Set(
    manager.state
      .services()
      .filter(other => other.name !== name)
      .flatMap(other => other.expose.nodePort ?? [])
  );
  expose.nodePort = nodePorts.map((port, index) => {
    const invalid = (problem: string): never =>
      refuse(
        `error creating svc for exposed service '${name}': Service "${name}-svc" is invalid: spec.ports[${index}].nodePort: Invalid value: ${port}: ${problem}`
      );
    if (port !== 0 && (port < NODE_PORTS.first || port > NODE_PORTS.last)) {
      invalid(
        `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`
      );
    }
    if (taken.has(port)) {
      invalid('provided port is already allocated');
    }
    let chosen = port;
    while (chosen === 0 || (port === 0 && taken.has(chosen))) {
      chosen = NODE_PORTS.first + Math.floor(Math.random() * (NODE_PORTS.last - NODE_PORTS.first + 1));
    }
    taken.add(chosen);
    return chosen;
  });
  if (expose.auth_type && expose.auth_type !== 'basic') {
    const problem =
      expose.auth_type === 'forward'
        ? 'expose auth_type "forward" requires EXPOSED_SERVICES_ROUTE_KIND=httproute'
        : `unsupported expose auth_type "${expose.auth_type}"`;
    refuse(`error creating route for exposed service '${name}': ${problem}`);
  }
}

function scalingProblems(expose: IOscarService['expose']): string[] {
  const problems: string[] = [];
  if (expose.min_scale < 1) {
    // Kubernetes takes 0 for "not given" where a maximum makes sense of it.
    if (expose.max_scale < 1 || expose.min_scale < 0) {
      problems.push(`spec.minReplicas: Invalid value: ${expose.min_scale}: must be greater than or equal to 1`);
    }
  }
  if (expose.max_scale < 1) {
    problems.push(`spec.maxReplicas: Invalid value: ${expose.max_scale}: must be greater than 0`);
  } else if (expose.max_scale < expose.min_scale) {
    problems.push(
      `spec.maxReplicas: Invalid value: ${expose.max_scale}: must be greater than or equal to \`minReplicas\``
    );
  }
  if (expose.cpu_threshold < 1) {
    problems.push(
      `spec.metrics[0].resource.target.averageUtilization: Invalid value: ${expose.cpu_threshold}: must be greater than 0`
    );
  }
  if (expose.min_scale === 0 && expose.max_scale < 1) {
    problems.push(
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas'
    );
  }
  return problems;
}

/** Keys of secrets that Kubernetes would refuse. */
export function invalidSecretKey(service: IOscarService): string | undefined {
  const key = Object.keys(service.environment.secrets ?? {}).find(each => !/^[-._a-zA-Z0-9]{1,253}$/.test(each));
  return key === undefined
    ? undefined
    : `Error creating secrets for service: Secret "${service.name}" is invalid: data[${key}]: Invalid value: "${key}": a valid config key must ` +
        "consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
}

/** Fills in what the manager adds to each definition, new or changed. */
export function complete(context: IContext, service: IOscarService, old?: IOscarService): IOscarService {
  const { manager, caller } = context;
  const storage = manager.options.storage();
  const stored = fillGo(service, Service) as unknown as IOscarService;
  stored.token = old?.token ?? randomBytes(32).toString('hex');
  stored.owner = ownerOf(manager, caller, service, old);
  stored.namespace = old?.namespace ?? wantedNamespace(manager, caller, service.namespace);
  stored.volume_status = { enabled: false };
  delete stored.deployment;
  stored.labels = { ...stored.labels };
  const vo = caller.admin ? '' : (manager.options.oidcGroups.find(group => caller.groups.includes(group)) ?? '');
  if (!caller.admin && !old) {
    stored.vo ||= vo;
    if (vo !== '' && stored.vo === vo) {
      stored.labels.vo = vo;
    }
    if (isIsolated(stored)) {
      stored.labels.uid = labelOf(formatUid(caller.uid).slice(0, 10));
    }
  }
  if (!old) {
    stored.labels.owner_name = caller.admin ? CLUSTER_NAME : labelOf(caller.name);
  }
  Object.assign(stored.labels, {
    applicationId: service.name,
    'oscar.grycap/user-service': 'true',
    oscar_service: service.name,
    queue: `root.oscar-queue.${service.name}`
  });
  stored.storage_providers = {
    ...(service.storage_providers ?? {}),
    minio: {
      ...(service.storage_providers?.minio ?? {}),
      default: {
        endpoint: storage.endpoint,
        verify: false,
        access_key: 'hidden',
        secret_key: 'hidden',
        region: storage.region
      }
    }
  };
  stored.environment.secrets = Object.fromEntries(Object.keys(stored.environment.secrets).map(key => [key, '']));
  return orderGo(stored, Service) as IOscarService;
}

/** Lower case is accepted, as the manager's create does. */
export function isIsolated(service: IOscarService): boolean {
  return service.isolation_level.toUpperCase() === 'USER';
}

function ownerOf(manager: Manager, caller: Caller, service: IOscarService, old: IOscarService | undefined): string {
  if (!caller.admin) {
    return old?.owner ?? caller.uid;
  }
  if (!old) {
    return ADMIN_OWNER;
  }
  // The manager takes the owner from the body and so loses it when it is not there.
  return manager.strict ? service.owner : service.owner || old.owner;
}

function wantedNamespace(manager: Manager, caller: Caller, wanted: string | undefined): string {
  const own = namespaceOf(caller.uid);
  if (!wanted || (!caller.admin && !manager.strict)) {
    return own;
  }
  if (![own, SERVICES_NAMESPACE, 'default', CLUSTER_NAME].includes(wanted)) {
    fail(500, `Error creating the service: namespaces "${wanted}" not found`);
  }
  return wanted;
}
