import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { AwsFunction } from '../../contract';
import { useAnswer } from '../../oscar/components/answer';
import { CodePane } from '../../oscar/components/CodePane';
import { useRun, useView } from '../../oscar/components/context';
import { Button, ProblemBox, Skeleton, StateIcon, toneOf } from '../../oscar/components/parts';
import { Tabs } from '../../oscar/components/Tabs';
import { useScar } from '../hooks';
import type { IFunctionTab, TabChoice } from '../tabs';
import { functionStateWord, functionTone, modeWord } from '../words';
import { BatchJobs } from './BatchJobs';
import { EmulatorBanner } from './Emulator';
import { FunctionLog } from './FunctionLog';
import { InvokePane } from './InvokePane';
import { MetricsPane } from './MetricsPane';
import { Overview } from './Overview';

/** One function: what it is, run it, its figures, log and definition. */
export function FunctionView(props: { name: string; choice: TabChoice }): JSX.Element {
  const { name, choice } = props;
  const { model, trans } = useView();
  const [scar, state] = useScar();
  const tab = React.useSyncExternalStore(choice.subscribe, () => choice.value);
  const request = React.useSyncExternalStore(choice.subscribe, () => choice.logRequest);
  const live = state.functions.items.find(item => item.name === name);
  const { context } = state;
  const place = context && `${context.account} ${context.region} ${context.endpoint}`;
  // Read again when it changes, or when calls go elsewhere.
  const mark = `${place} ${live?.state} ${live?.modified}`;
  const read = React.useCallback((): Promise<AwsFunction> => {
    void mark;
    return model.client.aws.function(name);
  }, [model, name, mark]);
  const { value, problem, again } = useAnswer(read);

  React.useEffect(() => {
    void scar.start();
  }, [scar]);

  if (problem && !live) {
    return (
      <div className="jp-OscarServiceView">
        <EmulatorBanner />
        <ProblemBox problem={problem}>
          <Button onClick={again}>{trans.__('Try again')}</Button>
        </ProblemBox>
      </div>
    );
  }
  const item = value && live ? { ...value, state: live.state, stateReason: live.stateReason } : (value ?? live);
  if (!item) {
    return <Skeleton label={trans.__('Loading the function…')} rows={5} />;
  }
  const tabs: [IFunctionTab, string][] = [
    ['overview', trans.__('Overview')],
    ['run', trans.__('Invoke')],
    ['metrics', trans.__('Metrics')],
    ['log', trans.__('Log')],
    ...(item.mode === 'lambda' ? [] : [['jobs', trans.__('Batch jobs')] as [IFunctionTab, string]]),
    ['fdl', trans.__('FDL')]
  ];
  const shown = tabs.some(([id]) => id === tab) ? tab : 'overview';
  return (
    <div className="jp-OscarServiceView" data-oscar-function={name}>
      <EmulatorBanner />
      <FunctionHead item={item} />
      {problem && <ProblemBox problem={problem} />}
      <Tabs tabs={tabs} value={shown} onChange={choice.set} label={name} />
      <div className="jp-OscarTab" role="tabpanel" aria-label={tabs.find(([id]) => id === shown)?.[1]}>
        {shown === 'overview' && <Overview item={item} />}
        {shown === 'run' && <InvokePane item={item} />}
        {shown === 'metrics' && <MetricsPane name={name} />}
        {shown === 'log' && <FunctionLog key={request} name={name} request={request} />}
        {shown === 'jobs' && <BatchJobs of={name} />}
        {shown === 'fdl' &&
          (item.fdl === undefined ? (
            <p className="jp-OscarHint">
              {trans.__('What it was deployed from is not known: it was made by another tool.')}
            </p>
          ) : (
            <CodePane text={item.fdl} language="yaml" />
          ))}
      </div>
    </div>
  );
}

function FunctionHead(props: { item: AwsFunction }): JSX.Element {
  const { item } = props;
  const { trans } = useView();
  const run = useRun();
  const args = { function: item.name };
  const word = functionStateWord(item.state, trans);
  const facts = [word, modeWord(item.mode, trans), item.region, item.ours ? undefined : trans.__('made by SCAR')];
  return (
    <header className="jp-OscarHead">
      <div className="jp-OscarHead-title">
        <StateIcon tone={toneOf(functionTone(item.state))} label={word} />
        <h2>{item.name}</h2>
      </div>
      <p className="jp-OscarHead-facts" role="status">
        {facts.filter(Boolean).join(' · ')}
      </p>
      {item.stateReason && item.state !== 'active' && <p className="jp-OscarHead-note">{item.stateReason}</p>}
      <div className="jp-OscarButtons">
        <Button accept onClick={() => run(CommandIDs.invokeFunction, args)}>
          {trans.__('Invoke')}
        </Button>
        <Button disabled={item.triggers.length === 0} onClick={() => run(CommandIDs.processObjects, args)}>
          {trans.__('Process existing files…')}
        </Button>
        {item.api && (
          <Button onClick={() => run(CommandIDs.copyCurl, { endpoint: item.api?.endpoint ?? '' })}>
            {trans.__('Copy curl line')}
          </Button>
        )}
        <Button onClick={() => run(CommandIDs.deleteFunction, args)}>{trans.__('Delete…')}</Button>
      </div>
    </header>
  );
}
