import * as React from 'react';

import type { FdlProblem } from '../../contract';
import { useView } from '../../oscar/components/context';
import { StateIcon } from '../../oscar/components/parts';

/** The problems of the text below the picture; a click goes there. */
export function Problems(props: {
  problems: readonly FdlProblem[];
  /** There is little room: they show when they are asked for. */
  folded: boolean;
  onJump: (problem: FdlProblem) => void;
}): JSX.Element | null {
  const { problems, folded, onJump } = props;
  const { trans } = useView();
  if (problems.length === 0) {
    return null;
  }
  const errors = problems.filter(problem => problem.severity === 'error').length;
  const word = (problem: FdlProblem): string =>
    problem.severity === 'error'
      ? trans.__('Error')
      : problem.severity === 'warning'
        ? trans.__('Warning')
        : trans.__('Note');
  return (
    <details className="jp-OscarFdlGraph-problems" open={errors > 0 && !folded}>
      <summary>{trans._n('%1 problem', '%1 problems', problems.length)}</summary>
      <ul>
        {problems.map((problem, index) => (
          <li key={index}>
            <button type="button" onClick={() => onJump(problem)}>
              <StateIcon
                tone={problem.severity === 'error' ? 'bad' : problem.severity === 'warning' ? 'warn' : 'off'}
                label={word(problem)}
              />
              <span>
                {problem.message} <small>{trans.__('line %1', problem.line)}</small>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
