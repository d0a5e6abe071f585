import type { IConvertOptions, IPipeline, IPipelineNode } from '../model';
import type { Reporter } from './report';

/** Key of services without a target of their own. */
export const DEFAULT_CLUSTER = 'default-cluster';
export const AWS = 'aws';

/** A node at its place in the order of the pipeline. */
export interface IStep {
  node: IPipelineNode;
  service: string;
  /** Cluster key, or `aws`. */
  target: string;
  rank: number;
  /** In the order of the pipeline. */
  parents: IStep[];
  children: IStep[];
}

/** The nodes in an order in which parents come first, or the reason why there is none in the report. */
export function flowOf(
  pipeline: IPipeline,
  names: Map<string, string>,
  options: IConvertOptions,
  reporter: Reporter
): IStep[] {
  const own = options.target === 'scar' ? AWS : (options.cluster ?? DEFAULT_CLUSTER);
  const steps = new Map<string, IStep>();
  for (const node of pipeline.nodes) {
    const target = options.target === 'scar' ? AWS : (node.target ?? own);
    steps.set(node.id, { node, service: names.get(node.id) as string, target, rank: 0, parents: [], children: [] });
  }
  for (const { from, to } of pipeline.edges) {
    const parent = steps.get(from);
    const child = steps.get(to);
    if (parent && child) {
      parent.children.push(child);
      child.parents.push(parent);
    }
  }
  const ordered = sort([...steps.values()]);
  if (ordered.length < steps.size) {
    const left = [...steps.values()].filter(step => !ordered.includes(step));
    const loop = cycleIn(left);
    reporter.problem(
      'error',
      'cycle',
      `These nodes wait for each other, so that none of them can begin: ${[...loop, loop[0]].map(step => step.node.label).join(' → ')}. Remove one of the connections.`,
      { node: loop[0].node }
    );
    return [];
  }
  ordered.forEach((step, rank) => (step.rank = rank));
  if (pipeline.options.serial === true) {
    chain(ordered, reporter);
  }
  for (const step of ordered) {
    step.parents.sort((a, b) => a.rank - b.rank);
    step.children.sort((a, b) => a.rank - b.rank);
  }
  return ordered;
}

/** Parents first; the order of the file where that leaves a choice. Nodes of loops, and behind them, are left out. */
function sort(steps: IStep[]): IStep[] {
  const waiting = new Map(steps.map(step => [step, step.parents.length]));
  // The readers' order has parents first already, so that this is one pass; otherwise a few.
  const result: IStep[] = [];
  const ready: IStep[] = steps.filter(step => step.parents.length === 0);
  for (let at = 0; at < ready.length; at++) {
    const step = ready[at];
    result.push(step);
    for (const child of step.children) {
      const left = (waiting.get(child) as number) - 1;
      waiting.set(child, left);
      if (left === 0) {
        ready.push(child);
      }
    }
  }
  const position = new Map(steps.map((step, index) => [step, index]));
  const inOrder = steps.every(step =>
    step.parents.every(parent => (position.get(parent) as number) < (position.get(step) as number))
  );
  return inOrder ? steps : result;
}

/** One loop among nodes that all wait for another of them. */
function cycleIn(left: IStep[]): IStep[] {
  const seen = new Map<IStep, number>();
  const way: IStep[] = [];
  for (let step = left[0]; ;) {
    const before = seen.get(step);
    if (before !== undefined) {
      const loop = way.slice(before).reverse();
      // Told from its first node in the order of the file.
      const first = loop.indexOf(left.find(other => loop.includes(other)) as IStep);
      return [...loop.slice(first), ...loop.slice(0, first)];
    }
    seen.set(step, way.length);
    way.push(step);
    step = step.parents.find(parent => left.includes(parent)) as IStep;
  }
}

/** One after the other: each node gets all that was made before it, no node has to look for others. */
function chain(ordered: IStep[], reporter: Reporter): void {
  ordered.forEach((step, index) => {
    const before = index === 0 ? [] : [ordered[index - 1]];
    if (step.parents.length !== before.length || step.parents[0] !== before[0]) {
      const reason = 'The nodes run one after the other, as the pipeline asks for (serial).';
      reporter.approximated(step.node, 'inputs', reason);
    }
    step.parents = before;
    step.children = index + 1 < ordered.length ? [ordered[index + 1]] : [];
  });
}
