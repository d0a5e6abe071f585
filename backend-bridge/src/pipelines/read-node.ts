import type { IInstance } from './flatten';
import { GENERIC_OPS } from './migrate';
import { OPS, type IPipelineNode, type NodeKind } from './model';
import type { IDefaults } from './read-defaults';
import { pairs, readSecrets, readVolumes, sharedMemory, tolerations } from './read-lists';
import type { IFinding } from './report';
import {
  baseName,
  inWords,
  isAbsolute,
  isEmpty,
  isRecord,
  normalise,
  scalar,
  unwrap,
  word,
  type JsonRecord
} from './values';

export interface IReadNode {
  node: IPipelineNode;
  /** All variables that the file names, those without a value too. */
  declared: string[];
  /** Ids of nodes whose output it takes (`inputpath`). */
  takes: { property: string; node: string }[];
  findings: IFinding[];
}

/** Parameters that are read here or that only the editor uses. */
const KNOWN = new Set([
  ...['filename', 'runtime_image', 'dependencies', 'include_subdirectories', 'outputs', 'env_vars', 'label', 'title'],
  ...['cpu', 'cpu_limit', 'memory', 'memory_limit', 'gpu', 'gpu_vendor', 'pipeline_parameters', 'kubernetes_secrets'],
  ...['mounted_volumes', 'kubernetes_pod_annotations', 'kubernetes_pod_labels', 'kubernetes_tolerations'],
  ...[
    'kubernetes_shared_mem_size',
    'oscar_target',
    'command',
    'service',
    'inputs',
    'text',
    'folder',
    'path',
    'function'
  ],
  ...[
    'name',
    'region',
    'input',
    'output',
    'cluster',
    'disable_node_caching',
    'component_source',
    'output_data',
    'input_data'
  ]
]);

function kindOf(op: string, data: JsonRecord): NodeKind {
  if (Object.hasOwn(GENERIC_OPS, op)) {
    return GENERIC_OPS[op];
  }
  const own = (Object.keys(OPS) as (keyof typeof OPS)[]).find(
    kind => op === OPS[kind] || op.startsWith(`${OPS[kind]}:`)
  );
  return own ?? (typeof sourceOf(data).component_ref?.service === 'string' ? 'service' : 'component');
}

/** `component_source` of a catalog of ours names a service; others name a file or an address. */
function sourceOf(data: JsonRecord): { catalog?: string; component_ref?: JsonRecord } {
  const text = scalar(data.component_source);
  if (text === undefined || !text.trimStart().startsWith('{')) {
    return text === undefined ? {} : { component_ref: { url: text } };
  }
  try {
    const source: unknown = JSON.parse(text);
    return isRecord(source)
      ? {
          catalog: scalar(source.catalog_type),
          component_ref: isRecord(source.component_ref) ? source.component_ref : undefined
        }
      : {};
  } catch {
    // Not JSON after all: an address that begins with a brace names nothing.
    return {};
  }
}

/** What a catalog calls a component: its title on the canvas, else the file that describes it. */
function componentName(data: JsonRecord, op: string): string {
  const ui = isRecord(data.ui_data) ? data.ui_data : {};
  const { catalog, component_ref: reference = {} } = sourceOf(data);
  const file = Object.values(reference).map(word).find(Boolean);
  const title = word(ui.label) ?? (file === undefined ? op : baseName(file));
  return catalog === undefined ? title : `${title} of ${catalog}`;
}

/** What nodes of ours are called before they have a name; not translated, as files are for everybody. */
const NAMES: Partial<Record<IPipelineNode['kind'], string>> = {
  command: 'Shell command',
  service: 'OSCAR service',
  function: 'Lambda function'
};

/** Texts of a list; a text alone is taken for its lines. */
function texts(value: unknown): string[] {
  const plain = unwrap(value);
  const list = Array.isArray(plain) ? plain : typeof plain === 'string' ? plain.split(/\r?\n/) : [];
  return list.flatMap(item => word(item) ?? []);
}

const RESOURCES = [
  ['cpu', 'cpu'],
  ['cpuLimit', 'cpu_limit'],
  ['memory', 'memory'],
  ['memoryLimit', 'memory_limit'],
  ['gpu', 'gpu']
] as const;

/** Reads a node whose shapes are those of version 8. */
export function readNode(instance: IInstance, defaults: IDefaults, comments: string[]): IReadNode {
  const { raw, id, at } = instance;
  const data = isRecord(raw.app_data) ? raw.app_data : {};
  const ui = isRecord(data.ui_data) ? data.ui_data : {};
  const parameters = isRecord(data.component_parameters) ? data.component_parameters : {};
  const get = (name: string) => unwrap(parameters[name]);
  const op = word(raw.op) ?? 'execute-notebook-node';
  const kind = kindOf(op, data);
  const findings: IFinding[] = [];
  const filename = kind === 'component' ? undefined : readPath(word(get('filename')));
  const label =
    word(data.label) ??
    word(ui.label) ??
    (filename && word(baseName(filename))) ??
    word(get('service')) ??
    word(get('function')) ??
    NAMES[kind] ??
    op;
  const find = (finding: Omit<IFinding, 'node' | 'label' | 'at'>) => findings.push({ ...finding, node: id, label, at });

  const generic = kind !== 'component';
  const environment = pairs(parameters.env_vars, ['env_var', 'name', 'key']);
  const declared = [...environment.keys()];
  const variables = new Map(generic ? defaults.variables : []);
  for (const [name, value] of environment) {
    if (value !== undefined) {
      variables.set(name, value);
    }
  }
  const secrets = readSecrets(parameters.kubernetes_secrets);
  for (const secret of generic ? defaults.secrets : []) {
    if (!secrets.some(own => own.variable === secret.variable)) {
      secrets.push(secret);
    }
  }
  for (const { variable } of secrets) {
    if (variables.delete(variable)) {
      find({
        code: 'variable-and-secret',
        severity: 'information',
        message: `${variable} of “${label}” is a variable and a secret; the secret counts.`,
        property: 'env_vars'
      });
    }
  }
  const volumes = readVolumes(parameters.mounted_volumes);
  for (const volume of defaults.volumes) {
    if (!volumes.some(own => own.path === volume.path)) {
      volumes.push(volume);
    }
  }
  const node: IPipelineNode = {
    id,
    label,
    op,
    kind,
    ...(filename === undefined ? {} : { filename }),
    ...optional('image', word(get('runtime_image')) ?? (generic ? defaults.image : undefined)),
    ...optional('gpuVendor', word(get('gpu_vendor'))),
    dependencies: generic ? texts(parameters.dependencies) : [],
    includeSubdirectories: get('include_subdirectories') === true || get('include_subdirectories') === 'true',
    outputs: generic ? texts(parameters.outputs) : [],
    variables: Object.fromEntries(variables),
    secrets,
    volumes,
    annotations: merged(defaults.annotations, parameters.kubernetes_pod_annotations),
    labels: merged(defaults.labels, parameters.kubernetes_pod_labels),
    parameters: [...new Set(texts(parameters.pipeline_parameters))],
    unsupported: unsupported(parameters, kind, defaults),
    ...optional('target', word(get('oscar_target')) ?? (kind === 'service' ? word(get('cluster')) : undefined)),
    comments
  };
  for (const [field, property] of RESOURCES) {
    const value = get(property);
    const amount = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof amount === 'number' && Number.isFinite(amount)) {
      node[field] = amount;
    } else if (!isEmpty(value)) {
      find({
        code: 'bad-number',
        message: `${property} of “${label}” is ${inWords(value, 40)}; write a number${property.startsWith('memory') ? ' of gigabytes' : ''}.`,
        property
      });
    }
  }
  addOwn(node, get, data, op);
  const takes = Object.entries(parameters).flatMap(([property, value]) => {
    const path =
      isRecord(value) && value.widget === 'inputpath' && isRecord(value.value) ? word(value.value.value) : undefined;
    return path === undefined ? [] : [{ property, node: path }];
  });
  return { node, declared, takes, findings };
}

/** Parameters of our own kinds of nodes. */
function addOwn(node: IPipelineNode, get: (name: string) => unknown, data: JsonRecord, op: string): void {
  if (node.kind === 'command') {
    node.command = scalar(get('command')) ?? '';
  } else if (node.kind === 'service') {
    const named = word(get('service')) ?? word(sourceOf(data).component_ref?.service);
    node.call = {
      service: named ?? (op.startsWith(`${OPS.service}:`) ? op.slice(OPS.service.length + 1) : ''),
      inputs: texts(get('inputs')),
      ...optional('text', word(get('text'))),
      ...optional('path', word(get('path'))),
      ...optional('folder', word(get('folder')))
    };
  } else if (node.kind === 'function') {
    node.function = {
      name: word(get('function')) ?? word(get('name')) ?? '',
      ...optional('region', word(get('region'))),
      ...optional('input', word(get('input'))),
      ...optional('output', word(get('output')))
    };
  } else if (node.kind === 'component') {
    node.component = componentName(data, op);
  }
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };
}

/** With `/`, without `./`. An absolute path stays one, so that the check can say so. */
function readPath(path: string | undefined): string | undefined {
  if (path === undefined || isAbsolute(path)) {
    return path;
  }
  // Written on Windows: a backslash is hardly ever part of a name.
  return normalise(path.includes('/') ? path : path.replace(/\\/g, '/'));
}

function merged(defaults: ReadonlyMap<string, string>, value: unknown): { [key: string]: string } {
  const all = new Map(defaults);
  for (const [key, text] of pairs(value, ['key', 'name'])) {
    all.set(key, text ?? '');
  }
  return Object.fromEntries(all);
}

function unsupported(parameters: JsonRecord, kind: NodeKind, defaults: IDefaults): IPipelineNode['unsupported'] {
  const found = tolerations(parameters.kubernetes_tolerations);
  const all = [...found, ...defaults.tolerations.filter(text => !found.includes(text))].map(value => ({
    property: 'kubernetes_tolerations',
    value
  }));
  const memory = sharedMemory(parameters.kubernetes_shared_mem_size) ?? defaults.sharedMemory;
  if (memory !== undefined) {
    all.push({ property: 'kubernetes_shared_mem_size', value: memory });
  }
  const caching = unwrap(parameters.disable_node_caching);
  if (!isEmpty(caching)) {
    all.push({ property: 'disable_node_caching', value: inWords(caching) });
  }
  for (const [property, value] of kind === 'component' ? [] : Object.entries(parameters)) {
    const plain = unwrap(value);
    if (!KNOWN.has(property) && !isEmpty(plain)) {
      all.push({ property, value: inWords(plain) });
    }
  }
  return all;
}
