import { slug } from '../convert/names';
import type { IPipeline, IPipelineNode } from '../model';
import { orderOf } from '../order';
import { globToRegExp, isPattern } from '../patterns';
import { normalise } from '../values';
import type { Findings } from './findings';

export interface ILinks {
  nodes: Map<string, IPipelineNode>;
  parents: Map<string, string[]>;
  children: Map<string, string[]>;
}

export function linksOf({ nodes, edges }: IPipeline): ILinks {
  const links: ILinks = {
    nodes: new Map(nodes.map(node => [node.id, node])),
    parents: new Map(nodes.map(node => [node.id, []])),
    children: new Map(nodes.map(node => [node.id, []]))
  };
  for (const { from, to } of edges) {
    links.parents.get(to)?.push(from);
    links.children.get(from)?.push(to);
  }
  return links;
}

export function checkGraph(pipeline: IPipeline, links: ILinks, findings: Findings): void {
  if (pipeline.nodes.length === 0) {
    return;
  }
  checkCycles(pipeline, links, findings);
  for (const node of pipeline.nodes) {
    if (
      pipeline.nodes.length > 1 &&
      links.parents.get(node.id)?.length === 0 &&
      links.children.get(node.id)?.length === 0
    ) {
      findings.node(
        node,
        'singleton',
        `“${node.label}” is linked to no other node: it runs by itself, at the start. Link it if it needs or makes something.`,
        undefined,
        'warning'
      );
    }
  }
  checkCalls(pipeline, links, findings);
  checkNames(pipeline, findings);
  checkOverlaps(pipeline, links, findings);
}

function checkCycles(pipeline: IPipeline, { nodes, children }: ILinks, findings: Findings): void {
  for (const { from, to, link } of pipeline.edges) {
    const node = nodes.get(to);
    if (node && from === to) {
      findings.link(node, link, 'self-loop', `“${node.label}” is linked to itself. Remove the link.`);
    } else if (!node || !nodes.has(from)) {
      const known = node ?? nodes.get(from);
      if (known) {
        findings.link(
          known,
          link,
          'dangling-link',
          `A link of “${known.label}” leads to a node that does not exist. Remove the link.`
        );
      }
    }
  }
  const { cycles } = orderOf({ ids: pipeline.nodes.map(node => node.id), edges: pipeline.edges });
  for (const cycle of cycles) {
    const first = nodes.get(cycle[0]);
    if (first && cycle.length > 1) {
      const way = circle(cycle, children).map(id => `“${nodes.get(id)?.label ?? id}”`);
      const shown = way.length > 8 ? [...way.slice(0, 4), '…', ...way.slice(-2)] : way;
      findings.node(
        first,
        'cycle',
        `These nodes wait for one another, so that none can start: ${[...shown, way[0]].join(' → ')}. Remove one of the links between them.`
      );
    }
  }
}

/** The shortest way from the first node of a cycle back to it. */
function circle(cycle: readonly string[], children: ReadonlyMap<string, string[]>): string[] {
  const inside = new Set(cycle);
  const [start] = cycle;
  const before = new Map<string, string>();
  let level = [start];
  while (level.length > 0) {
    const next: string[] = [];
    for (const id of level) {
      for (const child of children.get(id) ?? []) {
        if (child === start && id !== start) {
          const way = [id];
          for (let at = before.get(id); at !== undefined; at = before.get(at)) {
            way.unshift(at);
          }
          return way;
        }
        if (inside.has(child) && child !== start && !before.has(child)) {
          before.set(child, id);
          next.push(child);
        }
      }
    }
    level = next;
  }
  return [...cycle];
}

/** A node that calls a service with files needs some. */
function checkCalls({ nodes }: IPipeline, links: ILinks, findings: Findings): void {
  for (const node of nodes) {
    if (node.kind === 'service' && node.call && node.call.inputs.length === 0 && node.call.text === undefined) {
      const parents = links.parents.get(node.id) ?? [];
      if (!parents.some(id => (links.nodes.get(id)?.outputs.length ?? 0) > 0 || links.nodes.get(id)?.call)) {
        findings.node(
          node,
          'nothing-to-send',
          node.call.recipe
            ? `“${node.label}” has no files to send: INPUT_DIR has no value. Set it to a folder beside the pipeline.`
            : `“${node.label}” has no files to send. Name input files, or link a node that declares outputs.`,
          node.call.recipe ? 'env_vars' : 'inputs',
          'warning'
        );
      }
    }
  }
}

/** Names of services keep only small letters, digits and hyphens; a hash tells the same ones apart. */
function checkNames({ nodes }: IPipeline, findings: Findings): void {
  const seen = new Map<string, IPipelineNode>();
  for (const node of nodes) {
    const name = slug(node.label.replace(/\.(?:ipynb|py|r|sh)$/i, ''), 15);
    if (name === '') {
      findings.node(
        node,
        'label-cleaned',
        `Nothing of the label “${node.label}” can stand in the name of a service; its service is only known by a number. Use some letters a–z or digits.`,
        undefined,
        'information'
      );
      continue;
    }
    const other = seen.get(name);
    if (other) {
      findings.node(
        node,
        'same-name',
        `The services of “${node.label}” and “${other.label}” are both called …-${name}-… and differ in a number only. Give one another label to tell them apart.`,
        undefined,
        'information'
      );
    } else {
      seen.set(name, node);
    }
  }
}

/** So many pairs are looked at that large pipelines stay quick. */
const MAX_PAIRS = 200;

/** Two nodes that run side by side and write one file, which a later node gets from both: the later one in the order wins. */
function checkOverlaps({ nodes }: IPipeline, links: ILinks, findings: Findings): void {
  const writers = new Map<string, IPipelineNode[]>();
  for (const node of nodes) {
    for (const output of new Set(node.outputs.map(normalise))) {
      const known = writers.get(output);
      if (known) {
        known.push(node);
      } else {
        writers.set(output, [node]);
      }
    }
  }
  let pairs = 0;
  const tell = (a: IPipelineNode, b: IPipelineNode, what: string) => {
    if (a.id !== b.id && ++pairs <= MAX_PAIRS) {
      const join = meeting(a.id, b.id, links);
      if (join) {
        findings.node(
          join,
          'overlapping-outputs',
          `“${a.label}” and “${b.label}” both write ${what}, and “${join.label}” gets only that of “${b.label}”. Let one of them write another file.`,
          undefined,
          'warning'
        );
      }
    }
  };
  for (const [output, [first, ...others]] of writers) {
    for (const other of others) {
      tell(first, other, output);
    }
  }
  const patterns = [...writers].filter(([output]) => isPattern(output));
  for (const [pattern, authors] of patterns.slice(0, 50)) {
    const test = globToRegExp(pattern);
    for (const [output, [other]] of writers) {
      if (output !== pattern && !isPattern(output) && test.test(output)) {
        tell(authors[0], other, output);
      }
    }
  }
}

/** The first node after both, when neither comes before the other. */
function meeting(a: string, b: string, { nodes, children }: ILinks): IPipelineNode | undefined {
  const after = (id: string) => {
    const seen = new Set<string>();
    const queue = [id];
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      for (const child of children.get(at) ?? []) {
        if (!seen.has(child)) {
          seen.add(child);
          queue.push(child);
        }
      }
    }
    return seen;
  };
  const behindA = after(a);
  const behindB = after(b);
  if (behindA.has(b) || behindB.has(a)) {
    return undefined;
  }
  for (const [id, node] of nodes) {
    if (behindA.has(id) && behindB.has(id)) {
      return node;
    }
  }
  return undefined;
}
