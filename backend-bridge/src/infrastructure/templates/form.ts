import type { FormField, FormTab } from '../../contract';
import { at, isTree, makesOscar, treeAt, walk, type Tree } from './parse';

/** Inputs that OSCAR's own template takes and hands to nobody. */
const OSCAR_IGNORED = /^(volume_\w+|kueue_default_(ephemeral_storage|gpu))$/;
const SECRET_NAME = /(^|_)(password|passwd|secret|token)s?$/i;
const SIZE = '^[0-9]+(\\.[0-9]+)? ?([KMGT]i?)?B?$';
const EMAIL = '^[^@\\s]+@[^@\\s]+$';
/** Expressions of a stranger's file are run only in this plain form: nothing that repeats a repetition. */
const PLAIN_EXPRESSION = /^(?:[\w-]|\\[wds.]|[.^$|](?![*+]{2})|\.[*+]|\[[\w-]+\][*+?]?|[\w-][*+?])*$/;

/** Hints of `metadata.tabs` for one input. */
interface IHint {
  tag?: string;
  pattern?: string;
  enabledBy?: string;
}

export interface IForm {
  tabs: FormTab[];
  problems: string[];
}

/**
 * The form of a template: every input is a field exactly once, on the tab where `metadata.tabs` puts it.
 *
 * Tabs are lists of names, with hints, or an expression that names begin with. What is on no tab stays hidden, unless it must be
 * filled in. Never throws: what cannot be understood becomes a text field and a problem.
 */
export function formOf(tree: Tree): IForm {
  const problems: string[] = [];
  const inputs = Object.entries(treeAt(tree, 'topology_template', 'inputs'));
  const names = inputs.map(([name]) => name);
  const used = usedInputs(tree);
  const oscar = makesOscar(tree);
  const { tabs, hints } = tabsOf(tree, names, problems);
  const fieldFor = (name: string): FormField => {
    const input = at(tree, 'topology_template', 'inputs', name);
    const field = fieldOf(name, isTree(input) ? input : { default: input }, hints.get(name) ?? {}, problems);
    const ignored = (oscar && OSCAR_IGNORED.test(name)) || !used.has(name);
    const hangs = field.enabledBy !== undefined && !names.includes(field.enabledBy);
    if (hangs) {
      problems.push(`The input ${name} hangs on ${String(field.enabledBy)}, which is no input.`);
      delete field.enabledBy;
    }
    return ignored ? { ...field, ignored, hidden: true, required: false } : field;
  };
  const placed = new Set<string>();
  const result: FormTab[] = [];
  for (const [title, members] of tabs) {
    const fields = members.filter(name => !placed.has(name));
    fields.forEach(name => placed.add(name));
    result.push({ title, fields: fields.map(fieldFor) });
  }
  const rest = names.filter(name => !placed.has(name)).map(fieldFor);
  if (rest.length > 0) {
    const shown = tabs.length === 0;
    result.push({
      title: shown ? 'Inputs' : 'Other',
      fields: rest.map(field => (shown || field.required ? field : { ...field, hidden: true }))
    });
  }
  return { tabs: result.filter(tab => tab.fields.length > 0), problems };
}

/** All fields of a form. */
export function fieldsOf(tabs: FormTab[]): FormField[] {
  return tabs.flatMap(tab => tab.fields);
}

/** True: its value is a secret. */
export function isSecretField({ name, type }: Pick<FormField, 'name' | 'type'>): boolean {
  return type === 'password' || ((type === 'text' || type === 'textarea' || type === 'file') && SECRET_NAME.test(name));
}

/** Names that `get_input` asks for. */
function usedInputs(tree: Tree): Set<string> {
  const used = new Set<string>();
  walk([tree['topology_template'], tree['node_types'], tree['policies']], value => {
    const name = at(value, 'get_input');
    if (typeof name === 'string') {
      used.add(name);
    } else if (Array.isArray(name)) {
      used.add(String(name[0]));
    }
  });
  return used;
}

function tabsOf(
  tree: Tree,
  names: string[],
  problems: string[]
): { tabs: [string, string[]][]; hints: Map<string, IHint> } {
  const hints = new Map<string, IHint>();
  const tabs: [string, string[]][] = [];
  for (const [title, content] of Object.entries(treeAt(tree, 'metadata', 'tabs'))) {
    if (typeof content === 'string') {
      tabs.push([title, matching(content, names, title, problems)]);
      continue;
    }
    const entries = Array.isArray(content)
      ? (content as unknown[])
      : isTree(content)
        ? Object.entries(content).map(([key, value]) => ({ [key]: value }))
        : [];
    const members: string[] = [];
    for (const entry of entries) {
      const found: [string, unknown][] = isTree(entry) ? Object.entries(entry) : [[String(entry), undefined]];
      for (const [name, hint] of found) {
        if (!names.includes(name)) {
          problems.push(`The tab ${title} names ${name.slice(0, 60)}, which is no input.`);
          continue;
        }
        members.push(name);
        hints.set(name, {
          tag: textAt(hint, 'tag_type'),
          pattern: textAt(hint, 'pattern'),
          enabledBy: textAt(hint, 'enabled_by')
        });
      }
    }
    tabs.push([title, members]);
  }
  return { tabs, hints };
}

function matching(expression: string, names: string[], title: string, problems: string[]): string[] {
  if (expression.length <= 200 && PLAIN_EXPRESSION.test(expression)) {
    try {
      const pattern = new RegExp(`^(?:${expression})`);
      return names.filter(name => name.length <= 200 && pattern.test(name));
    } catch {
      // Said below.
    }
  }
  problems.push(`The tab ${title} chooses its inputs by an expression that is not understood.`);
  return [];
}

function fieldOf(name: string, input: Tree, hint: IHint, problems: string[]): FormField {
  const declared = textAt(input, 'type') ?? 'string';
  const constraints = constraintsOf(input['constraints']);
  const pattern = hint.pattern ?? textAt(constraints, 'pattern');
  const type = typeOf(name, declared, input, hint, constraints);
  const options = constraints['valid_values'];
  const fallback = input['default'];
  const secret = type === 'password';
  const string = declared === 'string';
  // A default that everybody can read in the template is no password.
  const generated =
    (secret && string && hint.tag !== 'access_token' && fallback !== undefined) || hint.tag === 'random';
  const description = textAt(input, 'description');
  if (!KNOWN.has(declared) && type === 'textarea') {
    problems.push(`The input ${name} has a type of its own, ${declared.slice(0, 60)}: write its value as YAML.`);
  }
  const needed = input['required'] === true || (input['required'] === undefined && fallback === undefined);
  return {
    name,
    title: titleOf(name),
    type,
    ...(description === undefined ? {} : { description: description.trim() }),
    ...(secret || generated || fallback === undefined || fallback === null
      ? {}
      : { default: shownDefault(type, fallback) }),
    required: needed && !generated,
    ...(type === 'select' && Array.isArray(options) ? { options: options as unknown[] } : {}),
    ...limitsOf(declared, constraints),
    ...(hint.tag === 'email'
      ? { pattern: EMAIL }
      : type === 'size'
        ? { pattern: SIZE }
        : pattern === undefined
          ? {}
          : { pattern }),
    ...(hint.enabledBy === undefined ? {} : { enabledBy: hint.enabledBy }),
    ...(generated ? { generated } : {}),
    ...(isHidden(name, hint, generated) ? { hidden: true } : {})
  };
}

const KNOWN = new Set([
  'string',
  'integer',
  'float',
  'number',
  'boolean',
  'list',
  'map',
  'timestamp',
  'range',
  'version',
  'PortSpec',
  'null',
  'scalar-unit.size',
  'scalar-unit.time',
  'scalar-unit.frequency',
  'scalar-unit.bitrate'
]);

function typeOf(name: string, declared: string, input: Tree, hint: IHint, constraints: Tree): FormField['type'] {
  switch (hint.tag) {
    case 'textarea':
      return 'textarea';
    case 'file':
      return 'file';
    case 'password':
    case 'secret':
    case 'access_token':
      return 'password';
    case 'vo_list':
      return declared === 'list' ? 'list' : 'text';
    case 'text':
    case 'email':
    case 'userid':
    case 'random':
      return 'text';
    default:
      break;
  }
  const entry =
    textAt(input['entry_schema'], 'type') ?? (typeof input['entry_schema'] === 'string' ? input['entry_schema'] : '');
  if (/PortSpec$/.test(declared) || ((declared === 'map' || declared === 'list') && /PortSpec$/.test(entry))) {
    return 'ports';
  }
  if (
    Array.isArray(constraints['valid_values']) &&
    declared !== 'list' &&
    declared !== 'map' &&
    declared !== 'boolean'
  ) {
    return 'select';
  }
  switch (declared) {
    case 'boolean':
      return 'boolean';
    case 'integer':
      return 'integer';
    case 'float':
    case 'number':
      return 'number';
    case 'list':
      return 'list';
    case 'map':
      return 'map';
    case 'scalar-unit.size':
      return 'size';
    case 'string':
      return SECRET_NAME.test(name) || /password/i.test(name) ? 'password' : 'text';
    default:
      return KNOWN.has(declared) ? 'text' : 'textarea';
  }
}

function isHidden(name: string, hint: IHint, generated: boolean): boolean {
  // Which domain the cluster gets a name in is the usual reason for a failure, so it is asked for whatever the template says.
  return (
    (hint.tag === 'hidden' && name !== 'domain_name') || hint.tag === 'userid' || (hint.tag === 'random' && generated)
  );
}

/** A list of single constraints, or one object of them, as one object. */
function constraintsOf(value: unknown): Tree {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  return Object.assign({}, ...list.filter(isTree).reverse()) as Tree;
}

function limitsOf(declared: string, constraints: Tree): Partial<FormField> {
  const result: Partial<FormField> = {};
  const range = constraints['in_range'];
  if (declared === 'integer' || declared === 'float' || declared === 'number') {
    const step = declared === 'integer' ? 1 : 0;
    const above = numberAt(constraints, 'greater_than');
    const below = numberAt(constraints, 'less_than');
    const minimum =
      numberAt(constraints, 'greater_or_equal') ?? (above === undefined ? numberIn(range, 0) : above + step);
    const maximum = numberAt(constraints, 'less_or_equal') ?? (below === undefined ? numberIn(range, 1) : below - step);
    Object.assign(result, minimum === undefined ? {} : { minimum }, maximum === undefined ? {} : { maximum });
  }
  const length = wholeAt(constraints, 'length');
  const minLength = wholeAt(constraints, 'min_length') ?? length;
  const maxLength = wholeAt(constraints, 'max_length') ?? length;
  return {
    ...result,
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength })
  };
}

/** Ports as people write them: `22,8080-8085,53/udp`. */
function shownDefault(type: FormField['type'], value: unknown): unknown {
  return type === 'ports' ? portsText(value) : type === 'select' || type === 'boolean' ? value : plain(type, value);
}

function plain(type: FormField['type'], value: unknown): unknown {
  const scalar = type === 'text' || type === 'textarea' || type === 'size' || type === 'file';
  return scalar && typeof value === 'object' ? JSON.stringify(value) : scalar ? String(value) : value;
}

export function portsText(value: unknown): string {
  const entries = Array.isArray(value) ? (value as unknown[]) : isTree(value) ? Object.values(value) : [];
  return entries
    .map(entry => {
      const range = at(entry, 'source_range');
      const source = Array.isArray(range) ? range.slice(0, 2).join('-') : at(entry, 'source');
      const protocol = textAt(entry, 'protocol');
      return source === undefined
        ? ''
        : `${String(source)}${protocol === undefined || protocol === 'tcp' ? '' : `/${protocol}`}`;
    })
    .filter(Boolean)
    .join(',');
}

/** `wn_num` → `Wn num`: templates have no titles. */
function titleOf(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim();
  const long = words
    .replace(/\bwn\b/gi, 'worker')
    .replace(/\bfe\b/gi, 'front end')
    .replace(/\bnum\b/gi, 'number')
    .replace(/\bmem\b/gi, 'memory')
    .replace(/\bcpus\b/gi, 'CPUs');
  return long.charAt(0).toUpperCase() + long.slice(1);
}

function textAt(value: unknown, key: string): string | undefined {
  const found = at(value, key);
  return typeof found === 'string' ? found : undefined;
}

function numberAt(value: Tree, key: string): number | undefined {
  return numberIn(value, key);
}

function numberIn(value: unknown, key: string | number): number | undefined {
  const found = at(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

function wholeAt(value: Tree, key: string): number | undefined {
  const found = numberAt(value, key);
  return found !== undefined && Number.isSafeInteger(found) && found >= 0 ? found : undefined;
}
