import { deleteIcon, redoIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { Job } from '../../contract';
import { isFinal } from '../state';
import { durationText, jobName, jobSeconds, jobStateWord } from '../words';
import { useNow, useRun, useView } from './context';
import { IconButton, StateIcon, toneOf } from './parts';

/** A job as a row: its state, what it works on, how long it took; opens the job. */
export const JobRow = React.memo(function JobRow(props: { job: Job; showService: boolean }): JSX.Element {
  const { job, showService } = props;
  const { trans } = useView();
  const run = useRun();
  const now = useNow(job.state === 'running');
  const args = { cluster: job.cluster, job: job.id };
  const final = isFinal(job.state);
  const word = jobStateWord(job.state, trans);
  const seconds = jobSeconds(job, now);
  const tone = job.state === 'succeeded' && job.warning ? 'warn' : toneOf(job.state);
  const name = jobName(job);
  const note = job.reason ?? job.warning;
  return (
    <li
      className="jp-OscarRow jp-OscarJob"
      data-oscar-job={job.id}
      data-oscar-cluster={job.cluster}
      data-oscar-final={String(final)}
    >
      <StateIcon tone={tone} label={job.warning ?? word} />
      <button
        type="button"
        className="jp-OscarRow-main"
        title={[name, job.service, word, note].filter(Boolean).join('\n')}
        onClick={() => run(CommandIDs.openJob, args)}
      >
        <span className="jp-OscarRow-name">{name}</span>
        <span className="jp-OscarRow-meta">
          {showService && <span>{job.service}</span>}
          <span>{seconds === undefined ? word : durationText(seconds)}</span>
        </span>
        {note && <span className="jp-OscarRow-note">{note}</span>}
      </button>
      <span className="jp-OscarRow-actions">
        {!final && (
          <IconButton
            icon={stopIcon}
            label={trans.__('Cancel job %1', name)}
            onClick={() => run(CommandIDs.cancelJob, args)}
          />
        )}
        {final && job.input && (
          <IconButton
            icon={redoIcon}
            label={trans.__('Run %1 again', name)}
            onClick={() => run(CommandIDs.retryJob, args)}
          />
        )}
        {final && (
          <IconButton
            icon={deleteIcon}
            label={trans.__('Delete job %1', name)}
            onClick={() => run(CommandIDs.deleteJob, args)}
          />
        )}
      </span>
    </li>
  );
});
