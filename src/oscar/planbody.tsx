import * as React from 'react';

import type { FdlPlan } from '../contract';
import type { IViewContext } from './components/context';
import { StepList } from './components/Operations';
import { StateIcon } from './components/parts';
import { ViewWidget } from './view';

/** What a deploy will do, to be read before it is done. */
export function createPlanBody(view: IViewContext, plan: FdlPlan): ViewWidget {
  const widget = new ViewWidget(view, <Plan view={view} plan={plan} />);
  widget.addClass('jp-OscarPlan');
  return widget;
}

/** True when nothing would be done. */
export function isUnchanged(plan: FdlPlan): boolean {
  return plan.steps.every(step => step.action === 'keep');
}

export function hasErrors(plan: FdlPlan): boolean {
  return plan.problems.some(problem => problem.severity === 'error');
}

function Plan(props: { view: IViewContext; plan: FdlPlan }): JSX.Element {
  const { trans } = props.view;
  const { plan } = props;
  const errors = hasErrors(plan);
  return (
    <>
      {plan.problems.length > 0 && (
        <ul className="jp-OscarProblems" aria-label={trans.__('Problems')}>
          {plan.problems.map((problem, index) => (
            <li key={index}>
              <StateIcon
                tone={problem.severity === 'error' ? 'bad' : problem.severity === 'warning' ? 'warn' : 'off'}
                label={problem.severity}
              />
              <span>
                {problem.message} <small>{trans.__('%1, line %2', problem.file, problem.line)}</small>
              </span>
            </li>
          ))}
        </ul>
      )}
      {errors && <p>{trans.__('Nothing was changed. Correct the file and try again.')}</p>}
      {!errors && isUnchanged(plan) && <p>{trans.__('Everything is as the file says. There is nothing to do.')}</p>}
      {!errors && <StepList steps={plan.steps} />}
      {plan.notes.map((note, index) => (
        <p key={index} className="jp-OscarPlan-note">
          {note}
        </p>
      ))}
    </>
  );
}
