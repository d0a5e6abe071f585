import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { Operation, PlanStep } from '../../contract';
import { stepActionWord } from '../words';
import { useOscar, useRun, useView } from './context';
import { Button, IconButton, ProblemBox, ProgressBar, StateIcon, toneOf } from './parts';

/** Steps of a plan or of what is being done. */
export function StepList(props: { steps: ReadonlyArray<PlanStep> }): JSX.Element {
  const { trans } = useView();
  return (
    <ul className="jp-OscarSteps">
      {props.steps.map((step, index) => (
        <li key={index} className={`jp-OscarStep jp-mod-${step.action} ${step.state ? `jp-mod-${step.state}` : ''}`}>
          {step.state ? (
            <StateIcon
              tone={step.state === 'undone' ? 'off' : toneOf(step.state)}
              label={stateWord(step.state, trans)}
            />
          ) : (
            <span className="jp-OscarStep-action">{stepActionWord(step.action, trans)}</span>
          )}
          <span className="jp-OscarStep-what">
            <span className="jp-OscarStep-kind">{step.kind}</span>{' '}
            <span className="jp-OscarStep-name">{step.name}</span>
            {step.detail && step.state !== 'done' ? (
              <span className="jp-OscarStep-detail">{step.detail}</span>
            ) : (
              step.reason && <span className="jp-OscarStep-detail">{step.reason}</span>
            )}
            {step.state === 'running' && <ProgressBar value={step.progress} label={step.name} />}
          </span>
        </li>
      ))}
    </ul>
  );
}

function stateWord(state: NonNullable<PlanStep['state']>, trans: ReturnType<typeof useView>['trans']): string {
  switch (state) {
    case 'waiting':
      return trans.__('Waiting');
    case 'running':
      return trans.__('Running');
    case 'done':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'undone':
      return trans.__('Undone');
  }
}

/** What is being deployed, on top of the services; what failed stays until it is dismissed. `of` chooses the operations. */
export function Operations(props: {
  of: (operation: Operation) => boolean;
  /** Whether uploads on their way are shown too. */
  uploads: boolean;
}): JSX.Element | null {
  const state = useOscar();
  const { trans } = useView();
  const operations = state.operations.filter(props.of);
  const uploads = props.uploads ? state.uploads : [];
  if (operations.length === 0 && uploads.length === 0) {
    return null;
  }
  return (
    <div className="jp-OscarOperations" aria-live="polite">
      {operations.map(operation => (
        <OperationCard key={operation.id} operation={operation} />
      ))}
      {uploads.map(upload => (
        <div key={upload.id} className="jp-OscarCard">
          <div className="jp-OscarCard-title">
            <StateIcon tone="busy" label={trans.__('Uploading')} />
            <span>{trans.__('Uploading %1 for %2', upload.name, upload.service)}</span>
          </div>
          <ProgressBar value={upload.progress} label={upload.name} />
        </div>
      ))}
    </div>
  );
}

function OperationCard(props: { operation: Operation }): JSX.Element {
  const { model, trans } = useView();
  const { operation } = props;
  const run = useRun();
  const done = operation.steps.filter(step => step.state === 'done').length;
  const over = operation.state !== 'running';
  const [open, setOpen] = React.useState(true);
  const service = operation.services?.[operation.services.length - 1];
  const problem = operation.problem;
  const { examples, services } = useOscar();
  const isExposed = services.items.some(item => item.name === service && item.exposed);
  const example = examples.items.find(item => item.sample && item.services.join() === operation.services?.join());
  return (
    <div className={`jp-OscarCard jp-mod-${operation.state}`}>
      <div className="jp-OscarCard-title">
        <StateIcon tone={toneOf(operation.state)} label={operation.state} />
        <button
          type="button"
          className="jp-OscarCard-toggle"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          title={trans.__('Show or hide the steps')}
        >
          {operation.title}
        </button>
        {over ? (
          <IconButton
            icon={closeIcon}
            label={trans.__('Dismiss')}
            onClick={() => model.dismissOperation(operation.id)}
          />
        ) : (
          <span className="jp-OscarCard-count">
            {done}/{operation.steps.length}
          </span>
        )}
      </div>
      {open && (operation.state !== 'done' || operation.steps.length === 0) && <StepList steps={operation.steps} />}
      {operation.state === 'interrupted' && !problem && <p>{trans.__('It was cut off. Deploy again to finish it.')}</p>}
      {problem && <ProblemBox problem={problem} />}
      {operation.state === 'done' && service !== undefined && (
        <div className="jp-OscarButtons">
          {example?.sample && !isExposed && (
            <Button accept onClick={() => run(CommandIDs.trySample, { example: example.name })}>
              {trans.__('Try it with %1', example.sample.split('/').pop() ?? '')}
            </Button>
          )}
          <Button onClick={() => run(CommandIDs.openService, { cluster: operation.cluster ?? '', service })}>
            {trans.__('Open %1', service)}
          </Button>
        </div>
      )}
    </div>
  );
}
