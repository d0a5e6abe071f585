import { deleteIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import type { BridgeEvent, PipelineRun, PipelineRunNode, Problem } from '../../contract';
import { useNow, useOscar, useView } from '../../oscar/components/context';
import { LogPane } from '../../oscar/components/LogPane';
import { StepList } from '../../oscar/components/Operations';
import { Button, IconButton, ProblemBox, Skeleton, StateIcon, toneOf } from '../../oscar/components/parts';
import { ResultFiles } from '../../oscar/components/ResultPane';
import { clusterName, durationText, secondsOf } from '../../oscar/words';
import { isActive, nodeStateWord, runStateWord } from '../runwords';
import { RunGraph } from './RunGraph';

export interface IRunActions {
  /** Asks for what is needed, and starts a new run. */
  runAgain: () => void;
  rerun: (run: PipelineRun, node?: string) => void;
  cancel: (run: PipelineRun) => void;
  remove: (run: PipelineRun) => void;
  /** Opens the executed notebook of a step. */
  openNotebook: (run: PipelineRun, node: PipelineRunNode) => void;
}

/** The runs of a pipeline, newest first, and one of them with its steps. */
export function RunsView(props: { file?: string; run?: string; actions: IRunActions }): JSX.Element {
  const { file, actions } = props;
  const { model, trans } = useView();
  const [chosen, setChosen] = React.useState(props.run);
  React.useEffect(() => setChosen(props.run), [props.run]);
  const { problem, ready, next, more } = useRuns(file);
  const runs = useOscar().runs.filter(run => file === undefined || run.file === file);
  const run = runs.find(item => item.id === chosen) ?? (chosen === undefined || ready ? runs[0] : undefined);

  React.useEffect(() => {
    void model.start();
  }, [model]);

  if (problem && runs.length === 0) {
    return <ProblemBox problem={problem} />;
  }
  if (!ready && runs.length === 0) {
    return <Skeleton label={trans.__('Loading the runs…')} rows={4} />;
  }
  if (!run) {
    return (
      <div className="jp-OscarRuns-empty">
        <h2>{trans.__('No runs yet')}</h2>
        <p>{trans.__('Run the pipeline, and watch its steps here. Its history stays.')}</p>
        {file !== undefined && (
          <Button accept onClick={actions.runAgain}>
            {trans.__('Run on cluster…')}
          </Button>
        )}
      </div>
    );
  }
  return (
    <div className="jp-OscarRuns">
      <nav className="jp-OscarRuns-history" aria-label={trans.__('Runs')}>
        {runs.map(item => (
          <RunRow
            key={item.id}
            run={item}
            named={file === undefined}
            selected={item.id === run.id}
            onSelect={() => setChosen(item.id)}
            onRemove={() => actions.remove(item)}
          />
        ))}
        {next !== undefined && <Button onClick={more}>{trans.__('Older runs')}</Button>}
      </nav>
      <RunDetail key={run.id} run={run} actions={actions} again={file !== undefined} />
    </div>
  );
}

function RunRow(props: {
  run: PipelineRun;
  named: boolean;
  selected: boolean;
  onSelect: () => void;
  onRemove: () => void;
}): JSX.Element {
  const { run, selected } = props;
  const { trans } = useView();
  const now = useNow(isActive(run));
  const word = runStateWord(run.state, trans);
  const seconds = secondsOf(run, now, isActive(run));
  const time = new Date(run.startedAt);
  return (
    <div className={`jp-OscarRunRow ${selected ? 'jp-mod-selected' : ''}`} data-oscar-run={run.id}>
      <button type="button" aria-current={selected} onClick={props.onSelect}>
        <StateIcon tone={toneOf(run.state === 'deploying' ? 'creating' : run.state)} label={word} />
        <span>
          <span className="jp-OscarRunRow-time">
            {props.named ? `${run.pipeline}, ` : ''}
            {time.toLocaleString(undefined, {
              day: 'numeric',
              month: 'short',
              hour: '2-digit',
              minute: '2-digit',
              second: '2-digit'
            })}
          </span>
          <small>{[word, seconds === undefined ? null : durationText(seconds)].filter(Boolean).join(' · ')}</small>
        </span>
      </button>
      {!isActive(run) && <IconButton icon={deleteIcon} label={trans.__('Delete this run…')} onClick={props.onRemove} />}
    </div>
  );
}

function RunDetail(props: { run: PipelineRun; actions: IRunActions; again: boolean }): JSX.Element {
  const { run, actions, again } = props;
  const { trans } = useView();
  const now = useNow(isActive(run));
  const [chosen, setChosen] = React.useState<string | undefined>();
  const interesting =
    run.nodes.find(node => node.state === 'failed') ??
    run.nodes.find(node => node.state === 'running') ??
    [...run.nodes].reverse().find(node => node.state === 'done');
  const node = run.nodes.find(item => item.id === chosen) ?? interesting;
  const word = runStateWord(run.state, trans);
  const seconds = secondsOf(run, now, isActive(run));
  const cluster = useOscar().clusters.find(item => item.id === run.cluster);
  const done = run.nodes.filter(item => item.state === 'done').length;
  const parameters = Object.entries(run.parameters);
  const facts = [
    word,
    seconds === undefined ? null : durationText(seconds),
    trans.__('%1 of %2 steps done', done, run.nodes.length),
    trans.__('on %1', cluster ? clusterName(cluster, trans) : run.cluster)
  ];
  const failed = run.state === 'failed' || run.state === 'cancelled';
  return (
    <main className="jp-OscarRun" data-oscar-run={run.id} data-oscar-state={run.state}>
      <header className="jp-OscarHead">
        <div className="jp-OscarHead-title">
          <StateIcon tone={toneOf(run.state === 'deploying' ? 'creating' : run.state)} label={word} />
          <h2>{run.pipeline}</h2>
        </div>
        <p className="jp-OscarHead-facts" role="status">
          {facts.filter(Boolean).join(' · ')}
        </p>
        {parameters.length > 0 && (
          <p className="jp-OscarRun-parameters">
            {parameters.map(([name, value]) => (
              <code key={name}>
                {name} = {typeof value === 'string' ? value : JSON.stringify(value)}
              </code>
            ))}
          </p>
        )}
        <div className="jp-OscarButtons">
          {isActive(run) && <Button onClick={() => actions.cancel(run)}>{trans.__('Cancel')}</Button>}
          {failed && (
            <Button accept onClick={() => actions.rerun(run)}>
              {trans.__('Run again from what failed')}
            </Button>
          )}
          {again && !isActive(run) && <Button onClick={actions.runAgain}>{trans.__('New run…')}</Button>}
        </div>
      </header>
      {run.problem && <ProblemBox problem={run.problem} />}
      {run.state === 'deploying' && run.steps.length > 0 && <StepList steps={run.steps} />}
      {run.nodes.length > 0 && <RunGraph run={run} selected={node?.id} onSelect={setChosen} />}
      {node && <NodeDetail key={node.id} run={run} node={node} actions={actions} />}
    </main>
  );
}

function NodeDetail(props: { run: PipelineRun; node: PipelineRunNode; actions: IRunActions }): JSX.Element {
  const { run, node, actions } = props;
  const { model, trans } = useView();
  const now = useNow(node.state === 'running');
  const seconds = secondsOf(node, now, node.state === 'running');
  const word = nodeStateWord(node.state, trans);
  const facts = [
    word,
    seconds === undefined ? null : durationText(seconds),
    node.exitCode ? trans.__('exit code %1', node.exitCode) : null,
    trans.__('service %1', node.service)
  ];
  // The log is below, and more alive there. What was declared as output is shown whatever its name.
  const { job } = node;
  const logs = node.artifacts.filter(file => /^[^/]+\.log$/.test(file.name));
  const isLog = (name: string): boolean => job !== undefined && logs.length === 1 && logs[0].name === name;
  const ended = node.state === 'done' || node.state === 'failed' || node.state === 'cancelled';
  return (
    <section className="jp-OscarRunDetail" aria-label={node.label}>
      <header className="jp-OscarHead">
        <div className="jp-OscarHead-title">
          <h3>{node.label}</h3>
        </div>
        <p className="jp-OscarHead-facts">{facts.filter(Boolean).join(' · ')}</p>
        {node.reason && <p className="jp-OscarHead-note">{node.reason}</p>}
        <div className="jp-OscarButtons">
          {node.notebook && ended && (
            <Button onClick={() => actions.openNotebook(run, node)}>{trans.__('Open the executed notebook')}</Button>
          )}
          {ended && !isActive(run) && (
            <Button onClick={() => actions.rerun(run, node.id)}>{trans.__('Run again from here')}</Button>
          )}
        </div>
      </header>
      <div className="jp-OscarRunDetail-body">
        {node.artifacts.length > 0 && (
          <ResultFiles files={node.artifacts.filter(file => file.name !== node.notebook && !isLog(file.name))} />
        )}
        {node.job ? (
          <LogPane
            cluster={node.cluster}
            service={node.service}
            job={node.job}
            download={model.client.jobLogUrl(node.cluster, node.job)}
          />
        ) : (
          <p className="jp-OscarHint">{trans.__('There is no log yet: this step has not begun.')}</p>
        )}
      </div>
    </section>
  );
}

/** Reads the history, and again after a break of the event stream. The runs themselves are in the model. */
function useRuns(file: string | undefined): {
  ready: boolean;
  problem: Problem | null;
  next: string | undefined;
  more: () => void;
} {
  const { model } = useView();
  const [state, setState] = React.useState<{ ready: boolean; problem: Problem | null; next?: string }>({
    ready: false,
    problem: null
  });
  const read = React.useCallback(
    (page?: string) =>
      model.client.pipelines.runs({ file, page }).then(
        answer => {
          answer.items.forEach(run => model.keepRun(run));
          setState({ ready: true, problem: null, next: answer.next });
        },
        reason => setState({ ready: true, problem: toProblem(reason) })
      ),
    [model, file]
  );
  React.useEffect(() => {
    const onEvent = (_: unknown, event: BridgeEvent): void => {
      if (event.type === 'reset' || event.type === 'hello') {
        void read();
      }
    };
    model.events.connect(onEvent);
    void read();
    return () => {
      model.events.disconnect(onEvent);
    };
  }, [model, read]);
  return { ready: state.ready, problem: state.problem, next: state.next, more: () => void read(state.next) };
}
