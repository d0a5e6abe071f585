import { hasEpilogue, withoutEpilogue } from './epilogue';
import { MINIO_DEFAULT, parseProvider, parsePath, pathOf, trimPath } from './paths';
import { parseQuantity } from './quantity';
import { REQUIREMENTS_ANNOTATION, RUNTIME_ANNOTATION, type IOscarService, type IStorageIO } from './service';
import { isExposed } from './write';

export interface IDifference {
  field: string;
  /** A few words without secrets. */
  reason: string;
}

type Loose = Record<string, unknown>;

/** Shown as they are written, compared as numbers. */
const QUANTITIES = ['cpu', 'memory', 'total_cpu', 'total_memory', 'ephemeral_storage_request'];

/**
 * What has to change for `deployed` to become `wanted`. Defaults, the forms in which one value can be written, and what the
 * server adds (labels, token, owner, its own provider, node ports that it chose) make no difference. Secrets cannot be
 * compared, since they are never given back; a wanted secret is one difference.
 */
export function differences(wanted: Partial<IOscarService>, deployed: IOscarService): IDifference[] {
  const a = normalise(wanted as Loose, wanted);
  const b = normalise(deployed as unknown as Loose, wanted);
  const result: IDifference[] = [];
  for (const field of Object.keys(a)) {
    if (JSON.stringify(a[field]) !== JSON.stringify(b[field])) {
      const raw = QUANTITIES.includes(field);
      const from = raw ? (deployed as unknown as Loose)[field] : b[field];
      const to = raw ? ((wanted as Loose)[field] ?? a[field]) : a[field];
      result.push({ field, reason: reasonOf(field, from, to) });
    }
  }
  result.push(...scriptDifference(wanted.script, deployed.script));
  const secrets = wanted.environment?.secrets ?? {};
  const known = Object.keys(deployed.environment?.secrets ?? {});
  const names = Object.keys(secrets).filter(name => secrets[name] !== '');
  if (names.length > 0) {
    const added = names.filter(name => !known.includes(name));
    result.push({
      field: 'environment.secrets',
      reason:
        added.length > 0
          ? `secrets: ${added.join(', ')} added`
          : 'secrets are sent again, since the cluster does not show them'
    });
  }
  return result;
}

function scriptDifference(wanted: string | undefined, deployed: string): IDifference[] {
  if (wanted === undefined) {
    return [];
  }
  const bare = (script: string) => withoutEpilogue(script.replace(/\r\n/g, '\n')).replace(/\n+$/, '');
  if (bare(wanted) !== bare(deployed ?? '')) {
    return [{ field: 'script', reason: 'the script has changed' }];
  }
  if (hasEpilogue(wanted) !== hasEpilogue(deployed ?? '')) {
    return [
      {
        field: 'script',
        reason: hasEpilogue(wanted) ? 'the script will tell its exit code' : 'the script will be as it is written'
      }
    ];
  }
  return [];
}

function reasonOf(field: string, from: unknown, to: unknown): string {
  if (field === 'environment.variables' || field === 'annotations' || field === 'labels') {
    const before = (from ?? {}) as Record<string, string>;
    const after = (to ?? {}) as Record<string, string>;
    const added = Object.keys(after).filter(key => before[key] === undefined);
    const gone = Object.keys(before).filter(key => after[key] === undefined);
    const changed = Object.keys(after).filter(key => before[key] !== undefined && before[key] !== after[key]);
    const parts = [
      ...(added.length > 0 ? [`${added.join(', ')} added`] : []),
      ...(changed.length > 0 ? [`${changed.join(', ')} changed`] : []),
      ...(gone.length > 0 ? [`${gone.join(', ')} removed`] : [])
    ];
    return `${field}: ${parts.join('; ')}`;
  }
  if (field === 'storage_providers') {
    return 'storage_providers have changed';
  }
  return `${field}: ${show(from)} → ${show(to)}`;
}

function show(value: unknown): string {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) {
    return 'none';
  }
  const text =
    typeof value === 'string'
      ? value
      : Array.isArray(value) && value.every(item => typeof item === 'string')
        ? value.join(', ')
        : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** One form for all ways to say the same. Fields whose value the FDL leaves to the cluster are left out on both sides. */
function normalise(service: Loose, wanted: Partial<IOscarService>): Loose {
  const name = String(service.name ?? '');
  const text = (value: unknown) => (value === undefined || value === null ? '' : String(value));
  const synchronous = (service.synchronous ?? {}) as Loose;
  const environment = (service.environment ?? {}) as Loose;
  const result: Loose = {
    image: text(service.image),
    cpu: quantity(text(service.cpu) || '0.2'),
    memory: quantity(text(service.memory) || '256Mi'),
    total_cpu: quantity(text(service.total_cpu)),
    total_memory: quantity(text(service.total_memory)),
    ephemeral_storage_request: quantity(text(service.ephemeral_storage_request)),
    enable_gpu: service.enable_gpu === true,
    enable_sgx: service.enable_sgx === true,
    image_prefetch: service.image_prefetch === true,
    alpine: service.alpine === true,
    file_stage_in: service.file_stage_in === true,
    synchronous: [Number(synchronous.min_scale ?? 0), Number(synchronous.max_scale ?? 0)],
    log_level: logLevel(text(service.log_level)),
    input: paths(service.input, name),
    output: paths(service.output, name),
    'environment.variables': sorted((environment.variables ?? environment.Variables ?? {}) as Record<string, string>),
    annotations: annotations(service, wanted),
    labels: sorted(pick((service.labels ?? {}) as Record<string, string>, Object.keys(wanted.labels ?? {}))),
    visibility: text(service.visibility) || 'private',
    allowed_users: [...((service.allowed_users ?? []) as string[])]
      .map(user => user.trim())
      .filter(Boolean)
      .sort(),
    isolation_level: text(service.isolation_level).toUpperCase() === 'USER' ? 'USER' : 'SERVICE',
    image_pull_secrets: [...((service.image_pull_secrets ?? []) as string[])].sort(),
    interlink_node_name: text(service.interlink_node_name),
    mount: mount(service.mount as IStorageIO | undefined),
    expose: expose(service, wanted),
    storage_providers: providers(service, wanted)
  };
  if (wanted.vo !== undefined) {
    result.vo = text(service.vo);
  }
  for (const key of ['federation', 'kserve', 'replicas', 'delegation', 'rescheduler_threshold']) {
    const want = (wanted as Loose)[key];
    if (want !== undefined) {
      result[key] = project(service[key], want);
    }
  }
  return result;
}

function quantity(text: string): number | string {
  return text === '' ? '' : (parseQuantity(text) ?? text);
}

function logLevel(text: string): string {
  const level = text.toUpperCase();
  return ['NOTSET', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'].includes(level) ? level : 'INFO';
}

function paths(list: unknown, name: string): string[] {
  return ((list ?? []) as IStorageIO[]).map(io => {
    const provider = parseProvider(io.storage_provider);
    const path =
      provider.type === 'minio' || provider.type === 's3'
        ? pathOf(parsePath(io.storage_provider, io.path, name))
        : trimPath(io.path);
    const filters = [
      ...(io.prefix?.length ? [`prefix ${io.prefix.join(' ')}`] : []),
      ...(io.suffix?.length ? [`suffix ${io.suffix.join(' ')}`] : [])
    ];
    return `${provider.type}.${provider.id}:${path}${filters.length > 0 ? ` (${filters.join(', ')})` : ''}`;
  });
}

function sorted(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function pick(map: Record<string, string>, keys: string[]): Record<string, string> {
  return Object.fromEntries(keys.filter(key => map[key] !== undefined).map(key => [key, map[key]]));
}

/** Annotations of others stay as they are; ours come and go with the FDL. */
function annotations(service: Loose, wanted: Partial<IOscarService>): Record<string, string> {
  const keys = new Set([...Object.keys(wanted.annotations ?? {}), REQUIREMENTS_ANNOTATION, RUNTIME_ANNOTATION]);
  return sorted(pick((service.annotations ?? {}) as Record<string, string>, [...keys]));
}

function mount(value: IStorageIO | undefined): string {
  if (!value || trimPath(value.path ?? '') === '') {
    return '';
  }
  const provider = parseProvider(value.storage_provider ?? MINIO_DEFAULT);
  return `${provider.type}.${provider.id}:${trimPath(value.path)}${value.options ? ` ${value.options}` : ''}`;
}

function expose(service: Loose, wanted: Partial<IOscarService>): unknown {
  if (!isExposed(service as Partial<IOscarService>)) {
    return '';
  }
  const value = service.expose as Loose;
  const list = (item: unknown) => (Array.isArray(item) ? item.map(Number) : item === undefined ? [] : [Number(item)]);
  const wantedNodePorts = list((wanted.expose as unknown as Loose | undefined)?.nodePort).some(port => port > 0);
  return {
    scale: [Number(value.min_scale ?? 0), Number(value.max_scale ?? 0), Number(value.cpu_threshold ?? 0)],
    ports: list(value.api_port),
    nodePorts: wantedNodePorts ? list(value.nodePort) : [],
    rewrite: value.rewrite_target === true,
    defaultCommand: value.default_command === true,
    auth: value.set_auth === true ? String(value.auth_type || 'basic') : '',
    health: String(value.health_path || '/'),
    probe: String(value.probe_mode || 'legacy')
  };
}

/** All but the server's own; what the server hides is taken as the same. */
function providers(service: Loose, wanted: Partial<IOscarService>): unknown {
  const all = (service.storage_providers ?? {}) as Record<string, Record<string, Loose>>;
  const want = (wanted.storage_providers ?? {}) as Record<string, Record<string, Loose>>;
  const result: Loose = {};
  for (const type of Object.keys(want).sort()) {
    for (const id of Object.keys(want[type]).sort()) {
      const settings = all[type]?.[id];
      result[`${type}.${id}`] =
        settings &&
        Object.fromEntries(
          Object.keys(want[type][id])
            .sort()
            .map(key => [key, settings[key] === 'hidden' ? want[type][id][key] : settings[key]])
        );
    }
  }
  return result;
}

/** `value` cut down to what `shape` mentions. */
function project(value: unknown, shape: unknown): unknown {
  if (Array.isArray(shape)) {
    const list = Array.isArray(value) ? value : [];
    return list.length === shape.length ? shape.map((item, index) => project(list[index], item)) : list;
  }
  if (typeof shape === 'object' && shape !== null) {
    const map = (typeof value === 'object' && value !== null ? value : {}) as Loose;
    return Object.fromEntries(
      Object.keys(shape)
        .sort()
        .map(key => [key, project(map[key], (shape as Loose)[key])])
    );
  }
  return value;
}
