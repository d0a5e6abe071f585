import type { JsonPath } from './json';
import type { IRawEdge } from './flatten';
import type { IPipelineEdge, IPipelineNode } from './model';
import type { IReadNode } from './read-node';
import type { IFinding } from './report';
import { baseName, normalise, some } from './values';

/**
 * AI4Compose's recipes: a node runs `setup_client.py`, which keeps a client with its token in a file; nodes `invoke_…` load it and call a
 * service. Such a pair becomes one node that calls the service: the token never was part of what the pipeline means, and no file has it.
 */
const SETUP = /^setup[-_]?client.*\.(?:py|ipynb)$/i;
const INVOKE = /^(?:invoke|async)[-_].*\.(?:py|ipynb)$/i;

/** Variables that only the recipe's own files read. */
const RECIPE_VARIABLES = new Set([
  ...['OSCAR_ENDPOINT', 'OSCAR_CLUSTER_ID', 'TOKEN', 'TOKEN_FILE_PATH', 'CONFIG_ARCHIVE', 'TYPE_INVOCATION'],
  ...['MINIO_CREDENCIALS', 'MINIO_CREDENTIALS', 'SERVICE_NAME', 'INPUT_DIR', 'OUTPUT_DIR', 'OUTPUT', 'TEXT_INPUT'],
  ...['BUCKET_NAME', 'PREFIX', 'DATA']
]);

/** Of these the value is a secret, or names a file that holds one. */
const CREDENTIALS = new Set(['TOKEN', 'MINIO_CREDENCIALS', 'MINIO_CREDENTIALS']);

export interface IGraphOfNodes {
  nodes: IPipelineNode[];
  edges: IPipelineEdge[];
  changes: string[];
  findings: IFinding[];
}

interface ILinks {
  parents: Map<string, string[]>;
  children: Map<string, string[]>;
}

function linksOf(edges: readonly IRawEdge[]): ILinks {
  const parents = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  const add = (map: Map<string, string[]>, key: string, value: string) => {
    const known = map.get(key);
    if (known) {
      known.push(value);
    } else {
      map.set(key, [value]);
    }
  };
  for (const { from, to } of edges) {
    add(children, from, to);
    add(parents, to, from);
  }
  return { parents, children };
}

const fileOf = (node: IPipelineNode): string =>
  (node.kind === 'python' || node.kind === 'notebook') && node.filename !== undefined ? baseName(node.filename) : '';

export function replaceRecipes(
  read: readonly IReadNode[],
  edges: readonly IRawEdge[],
  at: ReadonlyMap<string, JsonPath>
): IGraphOfNodes {
  const setups = new Map(read.filter(({ node }) => SETUP.test(fileOf(node))).map(entry => [entry.node.id, entry]));
  const callers = read.filter(
    ({ node, declared }) => INVOKE.test(fileOf(node)) && (setups.size > 0 || declared.includes('SERVICE_NAME'))
  );
  const plain = { nodes: read.map(({ node }) => node), edges: [...edges], changes: [], findings: [] };
  if (callers.length === 0) {
    return plain;
  }
  const links = linksOf(edges);
  const calls = new Set(callers.map(({ node }) => node.id));
  // A set-up that something else relies on too stays.
  const replaced = new Map(
    [...setups].filter(([id]) => (links.children.get(id) ?? []).every(child => calls.has(child)))
  );
  const findings: IFinding[] = [];
  const folders = new Map<string, string>();
  const nodes = read.flatMap(entry => {
    if (replaced.has(entry.node.id)) {
      findings.push(...reportCredentials(entry, at));
      return [];
    }
    if (!calls.has(entry.node.id)) {
      return [entry.node];
    }
    findings.push(...reportCredentials(entry, at));
    return [
      callNode(
        entry,
        [...replaced.keys()].filter(id => reaches(id, entry.node.id, links)),
        folders,
        findings,
        at
      )
    ];
  });
  for (const node of nodes) {
    if (node.call?.recipe) {
      takeFromBefore(node, folders, links);
    }
  }
  const labels = nodes.filter(node => node.call?.recipe).map(node => node.label);
  return {
    nodes,
    edges: without(edges, replaced, links),
    changes: [
      `AI4Compose’s recipe was recognised: ${some(labels)} ${labels.length === 1 ? 'calls its' : 'call their'} service directly, with the access of whoever runs the pipeline; the client of ${some([...replaced.values()].map(({ node }) => node.label)) || 'its set-up'} is not needed.`
    ],
    findings
  };
}

/** Whether a set-up is directly before a call, or before it through other calls. */
function reaches(from: string, to: string, { children }: ILinks): boolean {
  const seen = new Set([from]);
  const queue = [from];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const child of children.get(id) ?? []) {
      if (child === to) {
        return true;
      }
      if (!seen.has(child)) {
        seen.add(child);
        queue.push(child);
      }
    }
  }
  return false;
}

function reportCredentials({ node }: IReadNode, at: ReadonlyMap<string, JsonPath>): IFinding[] {
  const about = { node: node.id, label: node.label, at: at.get(node.id), property: 'env_vars' };
  const found: IFinding[] = Object.keys(node.variables)
    .filter(name => CREDENTIALS.has(name))
    .map(name => ({
      code: 'token-in-file',
      severity: 'warning',
      message: `${name} of “${node.label}” stands in the file and was left out. Remove it from the file too, and if it is a token have a new one issued: whoever has the file can use it.`,
      ...about
    }));
  const endpoint = node.variables.OSCAR_ENDPOINT;
  if (endpoint) {
    found.push({
      code: 'recipe-endpoint',
      severity: 'information',
      message: `The recipe calls ${endpoint.replace(/\/\/[^/@]*@/, '//')}. Here the service of the cluster that the pipeline runs on is called; choose another with the target of the node.`,
      ...about
    });
  }
  return found;
}

/** `invoke_service_grayify-v3.ipynb` calls grayify when SERVICE_NAME says nothing. */
function serviceFromFile(file: string): string | undefined {
  const name = file
    .replace(/\.[^.]*$/, '')
    .replace(/^(?:invoke|async)[-_](?:service[-_])?/i, '')
    .replace(/[-_](?:async|service)$/i, '')
    .replace(/[-_]v\d+$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return name === '' || name === 'oscar' ? undefined : name;
}

function callNode(
  { node }: IReadNode,
  setups: string[],
  folders: Map<string, string>,
  findings: IFinding[],
  at: ReadonlyMap<string, JsonPath>
): IPipelineNode {
  const { SERVICE_NAME, BUCKET_NAME, INPUT_DIR, OUTPUT_DIR, OUTPUT, TEXT_INPUT, DATA } = node.variables;
  const about = { node: node.id, label: node.label, at: at.get(node.id), property: 'env_vars' };
  const guessed = serviceFromFile(fileOf(node)) ?? (BUCKET_NAME?.split('/')[0] || undefined);
  const service = SERVICE_NAME || guessed || '';
  if (!SERVICE_NAME && guessed) {
    findings.push({
      code: 'service-guessed',
      severity: 'warning',
      message: `SERVICE_NAME of “${node.label}” has no value; ${guessed} is taken, after ${fileOf(node)}. Set SERVICE_NAME if another service is meant.`,
      ...about
    });
  }
  const folder = [OUTPUT_DIR, OUTPUT].find(Boolean);
  const clean = folder === undefined ? undefined : normalise(folder);
  const inputs = DATA ? [normalise(DATA)] : INPUT_DIR ? [`${normalise(INPUT_DIR)}/*`] : [];
  if (clean !== undefined && clean !== '') {
    folders.set(node.id, clean);
  }
  const { filename: _replaced, ...kept } = node;
  return {
    ...kept,
    kind: 'service',
    dependencies: inputs,
    includeSubdirectories: false,
    outputs:
      clean && !node.outputs.some(output => normalise(output).startsWith(clean))
        ? [...node.outputs, clean]
        : node.outputs,
    variables: Object.fromEntries(Object.entries(node.variables).filter(([name]) => !RECIPE_VARIABLES.has(name))),
    secrets: node.secrets.filter(({ variable }) => !RECIPE_VARIABLES.has(variable)),
    call: {
      service,
      inputs,
      // The recipe's notebook sends the text of the node as JSON.
      ...(TEXT_INPUT !== undefined && inputs.length === 0 ? { text: JSON.stringify({ message: TEXT_INPUT }) } : {}),
      ...(clean ? { folder: clean } : {}),
      recipe: [...setups, node.id]
    }
  };
}

/** What a call before it writes is not looked for beside the pipeline, where only old results lie. */
function takeFromBefore(node: IPipelineNode, folders: ReadonlyMap<string, string>, { parents }: ILinks): void {
  const seen = new Set([node.id]);
  const queue = [node.id];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const parent of parents.get(id) ?? []) {
      if (!seen.has(parent)) {
        seen.add(parent);
        queue.push(parent);
        const folder = folders.get(parent);
        if (folder !== undefined) {
          node.dependencies = node.dependencies.filter(path => !path.startsWith(`${folder}/`));
        }
      }
    }
  }
}

/** What came before a set-up that is gone now comes before what it was before. */
function without(edges: readonly IRawEdge[], gone: ReadonlyMap<string, unknown>, links: ILinks): IPipelineEdge[] {
  const result = new Map<string, IPipelineEdge>();
  const add = (edge: IPipelineEdge) => {
    const key = JSON.stringify([edge.from, edge.to]);
    if (!result.has(key)) {
      result.set(key, edge);
    }
  };
  const sources = (id: string, seen: Set<string>): string[] =>
    (links.parents.get(id) ?? []).flatMap(parent =>
      !gone.has(parent) ? [parent] : seen.has(parent) ? [] : sources(parent, seen.add(parent))
    );
  for (const edge of edges) {
    if (gone.has(edge.to)) {
      continue;
    }
    if (!gone.has(edge.from)) {
      add(edge);
    } else {
      for (const from of sources(edge.from, new Set([edge.from]))) {
        add({ from, to: edge.to });
      }
    }
  }
  return [...result.values()];
}
