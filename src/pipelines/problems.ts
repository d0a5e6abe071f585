import type { PipelineProblem } from '../contract';
import type { IBadges } from './canvasapi';
import { canvasId } from './flow';

/** Problems as badges of the nodes of the canvas. A supernode has those of the nodes in it. */
export function badgesOf(problems: readonly PipelineProblem[]): IBadges {
  const badges: IBadges = {};
  for (const problem of problems) {
    if (problem.node === undefined || problem.severity === 'information') {
      continue;
    }
    for (const id of problem.node.split('/')) {
      const known = badges[id];
      badges[id] = {
        severity: problem.severity === 'error' || known?.severity === 'error' ? 'error' : 'warning',
        messages: [...(known?.messages ?? []), problem.message]
      };
    }
  }
  return badges;
}

/** Links that are part of a problem. */
export function brokenLinksOf(problems: readonly PipelineProblem[]): string[] {
  return [...new Set(problems.flatMap(problem => (problem.link ? [problem.link] : [])))];
}

/** Worst first, in the order they were found. */
export function sortProblems(problems: readonly PipelineProblem[]): PipelineProblem[] {
  const rank = { error: 0, warning: 1, information: 2 };
  return [...problems].sort((a, b) => rank[a.severity] - rank[b.severity]);
}

export function hasErrors(problems: readonly PipelineProblem[]): boolean {
  return problems.some(problem => problem.severity === 'error');
}

export function nodeOf(problem: PipelineProblem): string | undefined {
  return problem.node === undefined ? undefined : canvasId(problem.node);
}
