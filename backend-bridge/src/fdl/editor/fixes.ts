import type { FdlProblem } from '../../contract';
import { isInside } from './edits';
import type { IEdit, IFix, IPosition } from './types';

/** The repairs of problems, all or those at a place. */
export function fixes(problems: readonly FdlProblem[], position?: IPosition): IFix[] {
  return problems.flatMap(problem =>
    problem.fix && (position === undefined || isInside(problem, position.line, position.column))
      ? [{ title: problem.fix.title, edits: problem.fix.edits, problem }]
      : []
  );
}

/** Edits that make all repairs at once; of several for one place the first. */
export function fixAll(problems: readonly FdlProblem[]): IEdit[] {
  const before = (a: IEdit, b: IEdit) => a.endLine < b.line || (a.endLine === b.line && a.endColumn <= b.column);
  const done: IEdit[] = [];
  for (const { edits } of fixes(problems)) {
    const same = (edit: IEdit) => done.some(other => other.line === edit.line && other.column === edit.column);
    if (edits.every(edit => !same(edit) && done.every(other => before(edit, other) || before(other, edit)))) {
      done.push(...edits);
    }
  }
  return done;
}
