import { stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { AwsBatchJob } from '../../contract';
import { useNow, useRun, useView } from '../../oscar/components/context';
import { IconButton, onRowKeys, StateIcon, toneOf } from '../../oscar/components/parts';
import { durationText, secondsOf } from '../../oscar/words';
import { useScar } from '../hooks';
import { batchNote, batchStateWord, batchTone, isBatchOver, momentText } from '../words';
import { ScarList } from './ScarList';

/** Jobs of AWS Batch, newest first. With `of`, those of one function. */
export function BatchJobs(props: { of?: string }): JSX.Element | null {
  const { trans } = useView();
  const [, state] = useScar();
  const { of } = props;
  const list = React.useMemo(
    () =>
      of === undefined ? state.jobs : { ...state.jobs, items: state.jobs.items.filter(job => job.function === of) },
    [state.jobs, of]
  );
  return (
    <ScarList
      list={list}
      loading={trans.__('Loading jobs…')}
      empty={
        <p className="jp-OscarHint">
          {trans.__('No jobs. Functions that run on Batch, or go on there when Lambda is too short, have them.')}
        </p>
      }
      render={items => (
        <ul className="jp-OscarList" aria-label={trans.__('Batch jobs')} onKeyDown={onRowKeys}>
          {items.map(job => (
            <BatchRow key={job.id} job={job} showFunction={of === undefined} />
          ))}
        </ul>
      )}
    />
  );
}

const BatchRow = React.memo(function BatchRow(props: { job: AwsBatchJob; showFunction: boolean }): JSX.Element {
  const { job, showFunction } = props;
  const { trans } = useView();
  const run = useRun();
  const over = isBatchOver(job);
  const word = batchStateWord(job.state, trans);
  const args = { job: job.id };
  const note = batchNote(job, trans);
  return (
    <li
      className="jp-OscarRow jp-OscarBatchJob"
      data-oscar-batch={job.id}
      data-oscar-state={job.state}
      data-oscar-final={String(over)}
    >
      <StateIcon tone={toneOf(batchTone(job.state))} label={word} />
      <button
        type="button"
        className="jp-OscarRow-main"
        title={[job.name, word, note].filter(Boolean).join('\n')}
        onClick={() => run(CommandIDs.openBatchJob, args)}
      >
        <span className="jp-OscarRow-name">{job.name}</span>
        <span className="jp-OscarRow-meta">
          {showFunction && job.function && job.function !== job.name && <span>{job.function}</span>}
          {job.createdAt !== undefined && <span>{momentText(job.createdAt)}</span>}
          <span>
            <BatchTime job={job} />
          </span>
        </span>
        {note && <span className="jp-OscarRow-note">{note}</span>}
      </button>
      {!over && (
        <span className="jp-OscarRow-actions">
          <IconButton
            icon={stopIcon}
            label={trans.__('Cancel job %1', job.name)}
            onClick={() => run(CommandIDs.cancelBatchJob, args)}
          />
        </span>
      )}
    </li>
  );
});

/** How long a job runs or ran; its state before. */
export function BatchTime(props: { job: AwsBatchJob }): JSX.Element {
  const { job } = props;
  const { trans } = useView();
  const now = useNow(job.state === 'running');
  if (job.startedAt === undefined) {
    return <>{batchStateWord(job.state, trans)}</>;
  }
  return <>{durationText(secondsOf({ ...job, finishedAt: job.stoppedAt }, now, true) ?? 0)}</>;
}
