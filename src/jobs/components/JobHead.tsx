import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { ComputeJob, ComputePhase } from '../../contract';
import { useNow, useRun, useView } from '../../oscar/components/context';
import { Button, ProgressBar, StateIcon, toneOf } from '../../oscar/components/parts';
import { durationText, secondsOf } from '../../oscar/words';
import {
  computeStateWord,
  countText,
  engineWord,
  isOver,
  kindWord,
  phaseShare,
  phaseWord,
  rateText,
  toneWord,
  unitsText
} from '../words';

/** What a job is, how far it is, and what can be done with it. */
export function JobHead(props: { job: ComputeJob; onResults: () => void }): JSX.Element {
  const { job, onResults } = props;
  const { trans } = useView();
  const run = useRun();
  const over = isOver(job);
  const now = useNow(!over);
  const args = { job: job.id };
  const word = computeStateWord(job.state, trans);
  const seconds = secondsOf(job, now, !over);
  const facts = [
    word,
    kindWord(job.kind, trans),
    engineWord(job.engine, trans),
    seconds === undefined ? null : durationText(seconds),
    job.eta !== undefined && job.state === 'running'
      ? trans.__('about %1 left', durationText(Math.max(0.1, job.eta)))
      : null,
    job.results === undefined
      ? null
      : job.kind === 'mapreduce'
        ? trans.__('%1 pairs', countText(job.results))
        : trans.__('%1 values', countText(job.results))
  ];
  return (
    <header className="jp-OscarHead">
      <div className="jp-OscarHead-title">
        <StateIcon tone={toneOf(toneWord(job.state))} label={word} />
        <h2>{job.name}</h2>
      </div>
      <p className="jp-OscarHead-facts" role="status">
        {facts.filter(Boolean).join(' · ')}
      </p>
      {job.output !== undefined && (
        <p className="jp-OscarHead-facts">
          {trans.__('Results in')} <code>{job.output}</code>
        </p>
      )}
      <div className="jp-OscarButtons">
        {!over && <Button onClick={() => run(CommandIDs.cancelCompute, args)}>{trans.__('Cancel')}</Button>}
        {job.state === 'paused' ? (
          <Button accept onClick={() => run(CommandIDs.resumeCompute, args)}>
            {trans.__('Go on')}
          </Button>
        ) : (
          !over && <Button onClick={() => run(CommandIDs.pauseCompute, args)}>{trans.__('Pause')}</Button>
        )}
        {over && job.state !== 'succeeded' && (
          <Button accept onClick={() => run(CommandIDs.retryCompute, args)}>
            {trans.__('Retry what is missing')}
          </Button>
        )}
        {job.state === 'succeeded' && <Button onClick={onResults}>{trans.__('Show the results')}</Button>}
        {over && <Button onClick={() => run(CommandIDs.deleteCompute, args)}>{trans.__('Delete…')}</Button>}
      </div>
      {job.phases.map(phase => (
        <PhaseBar key={phase.name} job={job} phase={phase} now={now} />
      ))}
      {job.notes.length > 0 && (
        <ul className="jp-OscarCompute-notes" aria-label={trans.__('Notes')}>
          {job.notes.map(note => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </header>
  );
}

function PhaseBar(props: { job: ComputeJob; phase: ComputePhase; now: number }): JSX.Element {
  const { job, phase, now } = props;
  const { trans } = useView();
  const share = phaseShare(phase);
  const { parts } = phase;
  const seconds = secondsOf(phase, now, !isOver(job));
  const amount = phase.done + phase.doing;
  const rate = seconds !== undefined && seconds > 0 && amount > 0 ? amount / seconds : undefined;
  const word = phaseWord(phase.name, trans);
  const facts = [
    trans.__('%1 of %2', unitsText(phase.name, amount), unitsText(phase.name, phase.total)),
    parts.total > 0 ? trans.__('%1 of %2 parts done', countText(parts.done), countText(parts.total)) : null,
    parts.running > 0 ? trans.__('%1 running', countText(parts.running)) : null,
    parts.failed > 0 ? trans.__('%1 failed attempts', countText(parts.failed)) : null,
    parts.cached > 0 ? trans.__('%1 from an earlier job', countText(parts.cached)) : null,
    rate === undefined ? null : rateText(phase.name, rate, trans),
    phase.finishedAt !== undefined && seconds !== undefined ? durationText(seconds) : null
  ];
  return (
    <div className="jp-OscarCompute-phase" data-oscar-phase={phase.name}>
      <div>
        <strong>{word}</strong>
        <span>{`${Math.floor(share * 100)} %`}</span>
        <span className="jp-OscarCompute-facts">{facts.filter(Boolean).join(' · ')}</span>
      </div>
      <ProgressBar value={share} label={trans.__('Progress of %1', word)} />
    </div>
  );
}
