import { randomInt } from 'node:crypto';
import { isMap, stringify } from 'yaml';
import type { FormField } from '../../contract';
import { fieldsOf, formOf, isSecretField } from './form';
import {
  at,
  computeNodes,
  isTree,
  parseTemplate,
  resolved,
  inputValues,
  sizeOf,
  treeAt,
  type IParsedTemplate,
  type Tree
} from './parse';

/** Only for the form; IM would refuse or ignore it. */
const FORM_ONLY = ['icon', 'order', 'tabs', 'childs', 'parents'];
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';

export interface IFillOptions {
  name: string;
  inputs: Record<string, unknown>;
  /** Secrets that were made or given before, by the input's name. */
  secrets: Record<string, string>;
  image?: string;
  networks?: string;
  /** Found again in the stored template when the answer to its creation was lost. */
  mark?: string;
}

export interface IFilled {
  kind: 'tosca' | 'radl';
  text: string;
  /** After filling; empty for RADL. */
  tree: Tree;
}

/** 24 letters and digits: nothing that needs quoting in Ansible, a shell or a URL. */
export function newSecret(): string {
  return Array.from({ length: 24 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/**
 * Puts add-ons into a template: their inputs, nodes, outputs and tabs, each field over what is there.
 *
 * @returns A text that has all of it.
 */
export function withAddons(base: IParsedTemplate, addons: IParsedTemplate[]): IParsedTemplate {
  if (addons.length === 0 || !base.document) {
    return base;
  }
  const document = base.document.clone();
  const problems = [...base.problems];
  let tree = structuredClone(base.tree);
  for (const addon of addons) {
    problems.push(...addon.problems);
    const part: Tree = {};
    for (const key of ['inputs', 'node_templates', 'outputs']) {
      const found = treeAt(addon.tree, 'topology_template', key);
      if (Object.keys(found).length > 0) {
        part['topology_template'] = { ...treeAt(part, 'topology_template'), [key]: found };
      }
    }
    const tabs = treeAt(addon.tree, 'metadata', 'tabs');
    tree = merged(tree, { ...part, ...(Object.keys(tabs).length > 0 ? { metadata: { tabs } } : {}) });
  }
  for (const key of ['topology_template', 'metadata']) {
    document.set(key, document.createNode(tree[key]));
  }
  return { ...base, document, tree, text: document.toString(), problems };
}

function merged(base: Tree, over: Tree): Tree {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = result[key];
    result[key] = isTree(old) && isTree(value) ? merged(old, value) : value;
  }
  return result;
}

/** What is sent: inputs as defaults in their own types, an image on each machine that has none, the name, no form. */
export function fillTemplate(template: IParsedTemplate, options: IFillOptions): IFilled {
  if (!template.document) {
    return { kind: template.kind, text: fillRadl(template.text, options), tree: {} };
  }
  const document = template.document.clone();
  for (const field of fieldsOf(formOf(template.tree).tabs)) {
    const given = options.inputs[field.name];
    const secret = options.secrets[field.name];
    const value =
      secret ??
      (given === undefined || given === '' ? undefined : typed(field, given, declaredOf(template.tree, field.name)));
    if (value !== undefined) {
      const path = ['topology_template', 'inputs', field.name];
      document.setIn(isTree(at(template.tree, ...path)) ? [...path, 'default'] : path, document.createNode(value));
    }
  }
  for (const [name, node] of computeNodes(template.tree)) {
    const place = ['topology_template', 'node_templates', name, 'capabilities'];
    if (options.image !== undefined && !at(node, 'capabilities', 'os', 'properties', 'image')) {
      setDeep(document, [...place, 'os', 'properties', 'image'], options.image);
    }
    if (
      options.networks !== undefined &&
      at(node, 'capabilities', 'endpoint', 'properties', 'network_name') === 'PUBLIC'
    ) {
      setDeep(document, [...place, 'endpoint', 'properties', 'network_name'], options.networks);
    }
  }
  setDeep(document, ['metadata', 'infra_name'], options.name);
  for (const key of FORM_ONLY) {
    document.deleteIn(['metadata', key]);
  }
  if (options.mark !== undefined) {
    setDeep(document, ['metadata', 'jupyterlab_oscar'], options.mark);
  }
  const text = document.toString({ lineWidth: 0 });
  return { kind: 'tosca', text, tree: parseTemplate({ name: options.name, text }).tree };
}

/** Parts of the path that are missing, or can hold nothing, are made. */
function setDeep(document: NonNullable<IParsedTemplate['document']>, path: string[], value: unknown): void {
  for (let length = 1; length < path.length; length++) {
    if (!isMap(document.getIn(path.slice(0, length), true))) {
      document.setIn(path.slice(0, length), document.createNode({}));
    }
  }
  document.setIn(path, value);
}

/** RADL has no inputs: `@input.name@` is filled in, and its description gets the name. */
function fillRadl(text: string, { name, inputs, mark, image }: IFillOptions): string {
  const filled = text.replace(/@input\.([\w-]+)@/g, (whole, key: string) =>
    inputs[key] === undefined ? whole : String(inputs[key])
  );
  const described = /^\s*description\s/m.test(filled) ? filled : `${describe(name, mark)}\n${filled}`;
  return image === undefined || /disk\.0\.image\.url/.test(described)
    ? described
    : described.replace(/^(\s*system\s+\w+\s*\()/gm, `$1\ndisk.0.image.url = '${image.replace(/'/g, '')}' and`);
}

function describe(name: string, mark?: string): string {
  const safe = name.replace(/[^\w .-]/g, '_');
  return `description desc (\nname = '${safe}'${mark === undefined ? '' : ` and\njupyterlab_oscar = '${mark}'`}\n)\n`;
}

function declaredOf(tree: Tree, name: string): { type: string; entry: boolean } {
  const input = at(tree, 'topology_template', 'inputs', name);
  return { type: String(at(input, 'type') ?? 'string'), entry: at(input, 'entry_schema') !== undefined };
}

/** A value as the input's type wants it; forms and command lines give texts. */
function typed(field: FormField, value: unknown, declared: { type: string }): unknown {
  switch (declared.type) {
    case 'integer':
      return typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
    case 'float':
    case 'number':
      return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
    case 'boolean':
      return typeof value === 'string' ? /^(true|yes|on|1)$/i.test(value) : value;
    case 'list':
    case 'map':
      return field.type === 'ports' ? portsOf(value, declared.type) : fromText(value, declared.type);
    case 'string':
    case 'scalar-unit.size':
      return typeof value === 'string' ? value : String(value);
    default:
      return field.type === 'ports'
        ? portsOf(value, 'one')
        : field.type === 'textarea'
          ? fromText(value, 'any')
          : value;
  }
}

/** Lists and maps may come as YAML, or a list as `a, b`. */
function fromText(value: unknown, type: string): unknown {
  if (typeof value !== 'string') {
    return value;
  }
  const { tree, document } = parseTemplate({ name: 'value', text: value });
  const read = document?.toJS() as unknown;
  if (type === 'map' || type === 'any') {
    return Object.keys(tree).length > 0 ? tree : (read ?? value);
  }
  return Array.isArray(read)
    ? read
    : value
        .split(',')
        .map(item => item.trim())
        .filter(Boolean);
}

const PORT = /^(\d{1,5})(?:[-:](\d{1,5}))?(?:\/(tcp|udp))?$/;

/** `80,443,8080-8085/udp` as PortSpecs; anything else is handed on as it is. */
function portsOf(value: unknown, type: string): unknown {
  if (typeof value !== 'string') {
    return value;
  }
  const specs = value
    .split(',')
    .map(item => item.trim())
    .filter(Boolean)
    .map(item => {
      const match = PORT.exec(item);
      return match
        ? {
            protocol: match[3] ?? 'tcp',
            ...(match[2] === undefined
              ? { source: Number(match[1]) }
              : { source_range: [Number(match[1]), Number(match[2])] })
          }
        : item;
    });
  return type === 'list'
    ? specs
    : type === 'one'
      ? specs[0]
      : Object.fromEntries(specs.map((spec, index) => [`port_${index}`, spec]));
}

/** What is wrong with the inputs, in sentences. */
export function checkInputs(
  template: IParsedTemplate,
  inputs: Record<string, unknown>,
  secrets: Record<string, string>
): string[] {
  const fields = fieldsOf(formOf(template.tree).tabs);
  const names = new Set(fields.map(field => field.name));
  const unknown = Object.keys(inputs).filter(name => !names.has(name) && template.kind === 'tosca');
  const problems = unknown.map(name => `The template has no input "${name.slice(0, 60)}".`);
  for (const field of fields) {
    const given = inputs[field.name] ?? secrets[field.name];
    if (given === undefined || given === '') {
      const fallback = at(template.tree, 'topology_template', 'inputs', field.name, 'default');
      if (field.required && (fallback === undefined || fallback === null || fallback === '')) {
        problems.push(`"${field.title}" (${field.name}) has to be filled in.`);
      }
      continue;
    }
    const wrong = whatIsWrong(field, typed(field, given, declaredOf(template.tree, field.name)));
    if (wrong) {
      problems.push(`"${field.title}" (${field.name}) ${wrong}.`);
    }
  }
  return problems;
}

function whatIsWrong(field: FormField, value: unknown): string | undefined {
  switch (field.type) {
    case 'integer':
    case 'number':
      if (typeof value !== 'number' || (field.type === 'integer' && !Number.isSafeInteger(value))) {
        return field.type === 'integer' ? 'has to be a whole number' : 'has to be a number';
      }
      if (field.minimum !== undefined && value < field.minimum) {
        return `has to be ${field.minimum} at least`;
      }
      return field.maximum !== undefined && value > field.maximum ? `has to be ${field.maximum} at most` : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'has to be true or false';
    case 'select': {
      const options = field.options ?? [];
      const known = options.some(option => String(option) === String(value) || sizesMatch(option, value));
      return known ? undefined : `has to be one of ${options.map(String).join(', ').slice(0, 200)}`;
    }
    case 'size':
      return sizeOf(value) === undefined ? 'has to be a size such as 4 GiB' : undefined;
    case 'ports': {
      const specs = isTree(value) ? Object.values(value) : Array.isArray(value) ? value : [value];
      return specs.every(isTree) ? undefined : 'has to be ports such as 80,443,8080-8085/udp';
    }
    case 'list':
      return Array.isArray(value) ? undefined : 'has to be a list';
    case 'map':
      return isTree(value) ? undefined : 'has to be names with values';
    default:
      return wrongText(field, typeof value === 'string' ? value : stringify(value));
  }
}

function wrongText({ minLength, maxLength, pattern, type }: FormField, value: string): string | undefined {
  if (minLength !== undefined && value.length < minLength) {
    return `needs ${minLength} characters at least`;
  }
  if (maxLength !== undefined && value.length > maxLength) {
    return `may have ${maxLength} characters at most`;
  }
  // Expressions of strangers are tried on short texts only; the server checks them anyway.
  if (pattern !== undefined && type !== 'textarea' && value.length <= 64 && !/[*+}]\)?[*+{]/.test(pattern)) {
    try {
      return new RegExp(`^(?:${pattern})$`).test(value) ? undefined : `does not have the form ${pattern}`;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

function sizesMatch(option: unknown, value: unknown): boolean {
  const wanted = sizeOf(option);
  return wanted !== undefined && typeof option === 'string' && wanted === sizeOf(value);
}

/** Parts the inputs: what is secret goes into the store, what was left empty and has to be secret is made. */
export function splitSecrets(
  template: IParsedTemplate,
  inputs: Record<string, unknown>
): { open: Record<string, unknown>; secrets: Record<string, string> } {
  const open = { ...inputs };
  const secrets: Record<string, string> = {};
  for (const field of fieldsOf(formOf(template.tree).tabs)) {
    if (!isSecretField(field)) {
      continue;
    }
    const given = open[field.name];
    delete open[field.name];
    if (given !== undefined && given !== '') {
      secrets[field.name] = String(given);
    } else if (field.generated && field.ignored !== true) {
      secrets[field.name] = newSecret();
    }
  }
  return { open, secrets };
}

/** Machines that a filled template asks for; undefined numbers are not said by it. */
export function machinesOf(tree: Tree): {
  role: string;
  count: number;
  cpus: number;
  memory: number;
  disk?: number;
  publicIp: boolean;
}[] {
  const inputs = inputValues(tree);
  return computeNodes(tree).map(([role, node]) => {
    const host = treeAt(node, 'capabilities', 'host', 'properties');
    const count = resolved(at(node, 'capabilities', 'scalable', 'properties', 'count'), inputs);
    const disk = sizeOf(resolved(host['disk_size'], inputs));
    const network = resolved(at(node, 'capabilities', 'endpoint', 'properties', 'network_name'), inputs);
    return {
      role,
      count: count === undefined || !Number.isSafeInteger(Number(count)) ? 1 : Number(count),
      cpus: Number(resolved(host['num_cpus'], inputs)) || 1,
      memory: sizeOf(resolved(host['mem_size'], inputs)) ?? 0,
      ...(disk === undefined || disk === 0 ? {} : { disk }),
      publicIp: typeof network === 'string' && /PUBLIC|pub/i.test(network)
    };
  });
}
