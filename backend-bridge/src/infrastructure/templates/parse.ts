import { Document, parseDocument, visit, type Tags } from 'yaml';

/** Larger files are no templates. */
export const LARGEST_TEMPLATE = 2 * 1024 * 1024;
const ALIASES = 200;
const DEEPEST = 100;

export type Tree = Record<string, unknown>;

/** A template as it is read, whatever is wrong with it. */
export interface ITemplateText {
  /** `oscar`, or a file's name; shown. */
  name: string;
  text: string;
}

export interface IParsedTemplate {
  kind: 'tosca' | 'radl';
  text: string;
  /** TOSCA only: with the file's own quoting and comments, for writing it again. */
  document?: Document;
  /** TOSCA only; an empty one when the file is broken. */
  tree: Tree;
  /** What is wrong with it, in sentences. */
  problems: string[];
}

/**
 * Reads TOSCA or RADL; never throws.
 *
 * YAML 1.1, as the server reads it: `yes` is true there, and has to stay so.
 */
export function parseTemplate({ name, text }: ITemplateText): IParsedTemplate {
  const broken = (problem: string): IParsedTemplate => ({ kind: 'tosca', text, tree: {}, problems: [problem] });
  if (text.length > LARGEST_TEMPLATE) {
    return broken(`${name} is larger than ${LARGEST_TEMPLATE / 1024 / 1024} MB: that is no template.`);
  }
  if (isRadl(name, text)) {
    return { kind: 'radl', text, tree: {}, problems: [] };
  }
  try {
    const document: Document = parseDocument(text, READING);
    const [error] = document.errors;
    if (error) {
      return broken(`${name} is not valid YAML: ${error.message.split('\n')[0]}`);
    }
    const value = document.toJS({ maxAliasCount: ALIASES }) as unknown;
    if (!isTree(value)) {
      return broken(`${name} is no template: it has no fields.`);
    }
    if (depthOf(value) > DEEPEST) {
      return broken(`${name} is nested too deeply.`);
    }
    const problems = [
      typeof value['tosca_definitions_version'] === 'string'
        ? ''
        : `${name} does not say which version of TOSCA it is in.`,
      isTree(value['topology_template']) ? '' : `${name} has no topology_template: it makes nothing.`
    ].filter(Boolean);
    // Inputs are put in at their places, which an alias would share with others.
    return {
      kind: 'tosca',
      text,
      document: hasAlias(document) ? new Document(value, READING) : document,
      tree: value,
      problems
    };
  } catch (error) {
    return broken(`${name} cannot be read: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
}

/** As Python's reader does it, which takes `y` and `n` for words. */
const BOOLEANS: Tags = ['true', 'false'].map(word => {
  const value = word === 'true';
  const test = value ? /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/ : /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
  return {
    identify: found => found === value,
    default: true,
    tag: 'tag:yaml.org,2002:bool',
    test,
    resolve: () => value,
    stringify: () => word
  };
});

const READING = {
  version: '1.1',
  strict: false,
  uniqueKeys: false,
  logLevel: 'silent',
  customTags: (tags: Tags): Tags => [
    ...tags.filter(tag => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:bool'),
    ...BOOLEANS
  ]
} as const;

function hasAlias(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    }
  });
  return found;
}

function isRadl(name: string, text: string): boolean {
  return (
    /\.radl$/i.test(name) ||
    (!/^tosca_definitions_version\s*:/m.test(text) && /^\s*(system|network|deploy)\s+\w+/m.test(text))
  );
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The value at a path of keys; undefined when there is none. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) {
      return undefined;
    }
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}

/** The same, when it is an object; else an empty one. */
export function treeAt(value: unknown, ...path: (string | number)[]): Tree {
  const found = at(value, ...path);
  return isTree(found) ? found : {};
}

/** Visits every value below one. */
export function walk(value: unknown, visit: (value: unknown, key: string) => void, key = ''): void {
  visit(value, key);
  if (Array.isArray(value)) {
    value.forEach(item => walk(item, visit, key));
  } else if (isTree(value)) {
    Object.entries(value).forEach(([name, item]) => walk(item, visit, name));
  }
}

function depthOf(value: unknown): number {
  let deepest = 0;
  const stack: [unknown, number][] = [[value, 0]];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [item, depth] = next;
    deepest = Math.max(deepest, depth);
    if (depth <= DEEPEST && typeof item === 'object' && item !== null) {
      Object.values(item).forEach(inner => stack.push([inner, depth + 1]));
    }
  }
  return deepest;
}

/** The Compute nodes, by name. */
export function computeNodes(tree: Tree): [string, Tree][] {
  return Object.entries(treeAt(tree, 'topology_template', 'node_templates'))
    .filter((entry): entry is [string, Tree] => isTree(entry[1]))
    .filter(([, node]) => /(^|\.)Compute$/.test(String(node['type'])));
}

/** True: what it makes is an OSCAR cluster. */
export function makesOscar(tree: Tree): boolean {
  const nodes = Object.values(treeAt(tree, 'topology_template', 'node_templates'));
  return (
    nodes.some(node => /\.OSCAR$/.test(String(at(node, 'type')))) ||
    at(tree, 'topology_template', 'outputs', 'local_oscarui_endpoint') !== undefined
  );
}

/** What a value comes to once the inputs are filled in: `{get_input: x}` alone is resolved, functions are not. */
export function resolved(value: unknown, inputs: Tree): unknown {
  const input = at(value, 'get_input');
  return typeof input === 'string' ? inputs[input] : value;
}

/** The values of all inputs: those given, else the defaults. */
export function inputValues(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(treeAt(tree, 'topology_template', 'inputs')).map(([name, input]) => [name, at(input, 'default')])
  );
}

const UNITS: Record<string, number> = {
  B: 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  KI: 2 ** 10,
  MI: 2 ** 20,
  GI: 2 ** 30,
  TI: 2 ** 40
};

/** Bytes of `4 GiB`, `500MB`, `2Gi`; undefined for anything else. */
export function sizeOf(value: unknown): number | undefined {
  if (typeof value === 'number') {
    return value;
  }
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]I?)?B?\s*$/i.exec(String(value));
  return match ? Math.round(Number(match[1]) * UNITS[(match[2] ?? 'B').toUpperCase()]) : undefined;
}
