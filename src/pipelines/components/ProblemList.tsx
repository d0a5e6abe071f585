import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { PipelineProblem } from '../../contract';
import { useView } from '../../oscar/components/context';
import { StateIcon } from '../../oscar/components/parts';
import { nodeOf, sortProblems } from '../problems';

/** The problems of a pipeline below its canvas; a click selects the node. */
export function ProblemList(props: {
  problems: readonly PipelineProblem[];
  onSelect: (node: string) => void;
}): JSX.Element | null {
  const { trans } = useView();
  const [open, setOpen] = React.useState(true);
  const problems = sortProblems(props.problems);
  if (problems.length === 0) {
    return null;
  }
  const errors = problems.filter(problem => problem.severity === 'error').length;
  const warnings = problems.filter(problem => problem.severity === 'warning').length;
  const facts = [
    errors > 0 && trans._n('%1 error', '%1 errors', errors),
    warnings > 0 && trans._n('%1 warning', '%1 warnings', warnings),
    problems.length > errors + warnings && trans._n('%1 hint', '%1 hints', problems.length - errors - warnings)
  ];
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <section className="jp-OscarPipeline-problems" aria-label={trans.__('Problems')}>
      <button
        type="button"
        className="jp-OscarPipeline-problemsBar"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Caret.react tag="span" />
        <span>{trans.__('Problems')}</span>
        <span className="jp-OscarPipeline-count">{facts.filter(Boolean).join(', ')}</span>
      </button>
      {open && (
        <ul>
          {problems.map((problem, index) => {
            const node = nodeOf(problem);
            const body = (
              <>
                <StateIcon
                  tone={problem.severity === 'error' ? 'bad' : problem.severity === 'warning' ? 'warn' : 'off'}
                  label={severityWord(problem.severity, trans)}
                />
                {/* Most say themselves which node they are about. */}
                {problem.label && !problem.message.includes(problem.label) && <strong>{problem.label}</strong>}
                <span>{problem.message}</span>
              </>
            );
            return (
              <li key={index} data-code={problem.code}>
                {node === undefined ? (
                  <div className="jp-OscarPipeline-problem">{body}</div>
                ) : (
                  <button type="button" className="jp-OscarPipeline-problem" onClick={() => props.onSelect(node)}>
                    {body}
                  </button>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}

function severityWord(severity: PipelineProblem['severity'], trans: ReturnType<typeof useView>['trans']): string {
  return severity === 'error' ? trans.__('Error') : severity === 'warning' ? trans.__('Warning') : trans.__('Hint');
}
