import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import { CommandIDs } from '../../commands';
import type { Job, Problem, Result } from '../../contract';
import { isFinal } from '../state';
import { durationText, jobName, jobSeconds, jobStateWord } from '../words';
import { useJob, useNow, useRun, useView } from './context';
import { LogPane } from './LogPane';
import { Button, ProblemBox, Skeleton, StateIcon, toneOf } from './parts';
import { ResultPane } from './ResultPane';

/** One job: how it stands, its result and its log. */
export function JobView(props: { cluster: string; id: string }): JSX.Element {
  const { cluster, id } = props;
  const { model, trans } = useView();
  const { job, problem } = useJob(cluster, id);
  if (!job) {
    return problem ? <ProblemBox problem={problem} /> : <Skeleton label={trans.__('Loading the job…')} rows={4} />;
  }
  const ended = isFinal(job.state);
  return (
    <div className={`jp-OscarJobView ${ended ? 'jp-mod-ended' : ''}`}>
      <JobHead job={job} />
      {ended && <JobResult job={job} />}
      <LogPane
        cluster={cluster}
        service={job.service}
        job={job.id}
        download={model.client.jobLogUrl(cluster, job.id)}
      />
    </div>
  );
}

function JobHead(props: { job: Job }): JSX.Element {
  const { job } = props;
  const { commands, trans } = useView();
  const run = useRun();
  const now = useNow(job.state === 'running');
  const args = { cluster: job.cluster, job: job.id };
  const seconds = jobSeconds(job, now);
  const ended = isFinal(job.state);
  const word = jobStateWord(job.state, trans);
  const facts = [
    word,
    seconds === undefined ? null : durationText(seconds),
    job.exitCode === undefined || job.exitCode === 0 ? null : trans.__('exit code %1', job.exitCode),
    job.createdAt ? trans.__('started %1', new Date(job.createdAt).toLocaleString()) : null
  ];
  return (
    <header className="jp-OscarHead">
      <div className="jp-OscarHead-title">
        <StateIcon tone={job.state === 'succeeded' && job.warning ? 'warn' : toneOf(job.state)} label={word} />
        <h2>{jobName(job)}</h2>
        <button
          type="button"
          className="jp-OscarLink"
          onClick={() => run(CommandIDs.openService, { cluster: job.cluster, service: job.service })}
        >
          {job.service}
        </button>
      </div>
      <p className="jp-OscarHead-facts" role="status">
        {facts.filter(Boolean).join(' · ')}
      </p>
      {(job.reason ?? job.warning) && <p className="jp-OscarHead-note">{job.reason ?? job.warning}</p>}
      <div className="jp-OscarButtons">
        {!ended && <Button onClick={() => run(CommandIDs.cancelJob, args)}>{trans.__('Cancel')}</Button>}
        {ended && job.input && <Button onClick={() => run(CommandIDs.retryJob, args)}>{trans.__('Run again')}</Button>}
        <Button onClick={() => run(CommandIDs.copyJobAsCell, args)}>{trans.__('Copy as cell')}</Button>
        {ended && commands.hasCommand(CommandIDs.saveResult) && (
          <Button onClick={() => run(CommandIDs.saveResult, args)}>{trans.__('Save to folder…')}</Button>
        )}
      </div>
    </header>
  );
}

function JobResult(props: { job: Job }): JSX.Element {
  const { job } = props;
  const { model, trans } = useView();
  const [result, setResult] = React.useState<Result | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  React.useEffect(() => {
    let current = true;
    model.client.jobResult(job.cluster, job.id).then(
      answer => current && setResult(answer),
      reason => current && setProblem(toProblem(reason))
    );
    return () => {
      current = false;
    };
  }, [model, job.cluster, job.id]);
  if (problem) {
    return <ProblemBox problem={problem} />;
  }
  return result ? <ResultPane result={result} /> : <Skeleton label={trans.__('Loading the result…')} rows={2} />;
}
