import { SERVICE_FIELDS, type IField } from './tables';
import { parseProvider, parsePath, pathOf, trimPath } from './paths';
import { asMap, isMap, join } from './pointer';
import type { IOscarService, IStorageIO, IStorageProviders } from './service';
import type { FdlMap, FdlValue, IFdlDocument, IFdlEntry, IWriteOptions } from './types';
import { atLeast, dialectOf, parseVersion, type IDialect } from './version';

type Plain = Record<string, unknown>;

/**
 * The definition of a service as a server of the given version takes it. What the FDL leaves out stays out, what the server
 * sets itself and what it does not know is left out, and `clusters` is never written: the server gives it to every reader.
 *
 * Up to 4.0 the ports are numbers where the type says lists: the type is the newest server's.
 */
export function toService(
  entry: IFdlEntry,
  options: IWriteOptions & { document?: IFdlDocument } = {}
): Partial<IOscarService> {
  const dialect = dialectOf(options.version);
  const text = (pointer: string, value: FdlValue) =>
    typeof value === 'string' ? value : (options.document?.places.get(pointer)?.source ?? String(value));
  const service: Plain = {
    ...(options.defaults ?? {}),
    ...convertFields(entry.service, SERVICE_FIELDS, entry.pointer, dialect, text)
  };
  delete service.storage_providers;
  delete service.clusters;
  if (entry.clusterId !== '' && entry.clusterId !== 'default-cluster' && service.cluster_id === undefined) {
    service.cluster_id = entry.clusterId;
  }
  modernise(entry, service, dialect, text);
  if (typeof service.log_level === 'string') {
    service.log_level = service.log_level.toUpperCase();
  }
  if (typeof service.isolation_level === 'string') {
    service.isolation_level = service.isolation_level.toUpperCase();
  }
  for (const side of ['input', 'output'] as const) {
    if (Array.isArray(service[side])) {
      service[side] = (service[side] as IStorageIO[]).map(io => writePath(io, String(service.name ?? '')));
    }
  }
  if (isPlain(service.mount)) {
    const mount = service.mount;
    service.mount = { ...mount, ...(typeof mount.path === 'string' ? { path: trimPath(mount.path) } : {}) };
  }
  delete service.script;
  if (options.script !== undefined) {
    service.script = options.script.replace(/\r\n/g, '\n');
  }
  const providers = referencedProviders(
    service as Partial<IOscarService>,
    options.storageProviders ?? options.document?.storageProviders ?? {}
  );
  if (providers) {
    service.storage_providers = providers;
  }
  return ordered(service) as Partial<IOscarService>;
}

/** True when the service is a long-running one: ports are exposed. */
export function isExposed(service: Partial<IOscarService>): boolean {
  const ports: unknown = service.expose?.api_port;
  return Array.isArray(ports) ? ports.some(port => Number(port) > 0) : Number(ports ?? 0) > 0;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In the server's own order, so that two writings of one service are one text. */
function ordered(service: Plain): Plain {
  const result: Plain = {};
  for (const key of Object.keys(SERVICE_FIELDS)) {
    if (service[key] !== undefined) {
      result[key] = service[key];
    }
  }
  return result;
}

type TextOf = (pointer: string, value: FdlValue) => string;

function convertFields(
  map: FdlMap,
  fields: Readonly<Record<string, IField>>,
  pointer: string,
  dialect: IDialect,
  text: TextOf
): Plain {
  const result: Plain = {};
  for (const key of Object.keys(map)) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (!field || field.readOnly || !isKnownTo(field, dialect)) {
      continue;
    }
    const value = convert(map[key], field, join(pointer, key), dialect, text);
    if (value !== undefined) {
      result[key] = value;
    }
  }
  return result;
}

export function isKnownTo(field: IField, dialect: IDialect): boolean {
  return (
    // Other products count their versions themselves.
    (field.since === undefined || !/^\d/.test(field.since) || atLeast(dialect.version, parseVersion(field.since))) &&
    (field.until === undefined || !atLeast(dialect.version, parseVersion(field.until)))
  );
}

function isScalar(value: FdlValue): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function convert(value: FdlValue, field: IField, pointer: string, dialect: IDialect, text: TextOf): unknown {
  switch (field.kind) {
    case 'string':
    case 'quantity':
      return isScalar(value) ? text(pointer, value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : value === 'true' || value === 'false' ? value === 'true' : undefined;
    case 'integer':
      return toInteger(value);
    case 'integers': {
      const numbers = (Array.isArray(value) ? value : [value])
        .map(toInteger)
        .filter((item): item is number => item !== undefined);
      return numbers.length === 0 ? undefined : dialect.portLists ? numbers : numbers[0];
    }
    case 'strings':
      return (Array.isArray(value) ? value : [value]).flatMap((item, index) =>
        isScalar(item) ? [text(Array.isArray(value) ? join(pointer, index) : pointer, item)] : []
      );
    case 'string-map':
      return stringMap(value, pointer, text);
    case 'object':
      return isMap(value) ? convertFields(value, field.fields ?? {}, pointer, dialect, text) : undefined;
    case 'objects':
      return (Array.isArray(value) ? value : []).flatMap((item, index) =>
        isMap(item) ? [convertFields(item, field.fields ?? {}, join(pointer, index), dialect, text)] : []
      );
    case 'any':
      return value;
  }
}

function toInteger(value: FdlValue): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

function stringMap(value: FdlValue, pointer: string, text: TextOf): Record<string, string> | undefined {
  if (!isMap(value)) {
    return undefined;
  }
  const result: Record<string, string> = {};
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item === null || isScalar(item)) {
      result[key] = item === null ? '' : text(join(pointer, key), item);
    }
  }
  return result;
}

/** Forms of other versions become the form of this one. */
function modernise(entry: IFdlEntry, service: Plain, dialect: IDialect, text: TextOf): void {
  const environment = asMap(entry.service.environment);
  const pointer = join(entry.pointer, 'environment');
  if (isMap(entry.service.environment)) {
    const old = stringMap(environment.Variables ?? null, join(pointer, 'Variables'), text);
    const written = isPlain(service.environment) ? service.environment : {};
    const variables = { ...old, ...(isPlain(written.variables) ? written.variables : {}) };
    service.environment = dialect.lowerVariables
      ? { ...written, ...(Object.keys(variables).length > 0 || written.variables ? { variables } : {}) }
      : { Variables: variables };
  }
  const { replicas, delegation, rescheduler_threshold: threshold, federation } = entry.service;
  if (dialect.federation && federation === undefined && Array.isArray(replicas) && replicas.length > 0) {
    const members = convert(replicas, SERVICE_FIELDS.replicas, join(entry.pointer, 'replicas'), dialect, text);
    service.federation = {
      group_id: String(service.name ?? ''),
      topology: 'star',
      ...(typeof delegation === 'string' ? { delegation } : {}),
      ...(typeof threshold === 'number' ? { rescheduler_threshold: threshold } : {}),
      members
    };
  } else if (!dialect.federation && isMap(federation)) {
    const members = convert(
      federation.members ?? null,
      SERVICE_FIELDS.replicas,
      join(entry.pointer, 'federation', 'members'),
      dialect,
      text
    );
    if (Array.isArray(members) && members.length > 0) {
      service.replicas = members;
    }
    if (typeof federation.delegation === 'string') {
      service.delegation = federation.delegation;
    }
    if (typeof federation.rescheduler_threshold === 'number') {
      service.rescheduler_threshold = federation.rescheduler_threshold;
    }
  }
}

/** The bucket is always written: older servers do not put the service's name in front. */
function writePath(io: IStorageIO, name: string): IStorageIO {
  const provider = parseProvider(String(io.storage_provider ?? MINIO));
  const storage_provider = `${provider.type}.${provider.id}`;
  const path = String(io.path ?? '');
  const full =
    provider.type === 'minio' || provider.type === 's3'
      ? pathOf(parsePath(storage_provider, path, name))
      : trimPath(path);
  return { ...io, storage_provider, path: full };
}

const MINIO = 'minio.default';

/** Only the providers that this service uses; `minio.default` is the server's own. */
function referencedProviders(
  service: Partial<IOscarService>,
  providers: IFdlDocument['storageProviders']
): IStorageProviders | undefined {
  const used = new Map<string, Set<string>>();
  for (const io of [...(service.input ?? []), ...(service.output ?? []), ...(service.mount ? [service.mount] : [])]) {
    const provider = parseProvider(String(io.storage_provider ?? MINIO));
    if (`${provider.type}.${provider.id}` !== MINIO) {
      used.set(provider.type, (used.get(provider.type) ?? new Set()).add(provider.id));
    }
  }
  const result: Record<string, Record<string, FdlMap>> = {};
  for (const [type, ids] of used) {
    for (const id of ids) {
      const key = Object.keys(providers).find(name => name.toLowerCase() === type);
      const settings = key === undefined ? undefined : providers[key]?.[id];
      if (settings) {
        (result[type] ??= {})[id] = { ...settings };
      }
    }
  }
  return Object.keys(result).length === 0 ? undefined : (result as unknown as IStorageProviders);
}
