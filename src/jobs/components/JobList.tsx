import { deleteIcon, redoIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { ComputeJob } from '../../contract';
import { useNow, useRun, useView } from '../../oscar/components/context';
import { Jobs } from '../../oscar/components/Jobs';
import {
  Button,
  IconButton,
  onRowKeys,
  ProblemBox,
  ProgressBar,
  StateIcon,
  toneOf
} from '../../oscar/components/parts';
import type { ComputeJobs, IComputeState } from '../model';
import { computeJobsOf } from '../model';
import { computeStateWord, isOver, kindWord, progressOf, timeText, toneWord } from '../words';

/** Jobs that are over and shown before the user asks for more. */
const FEW = 5;

/** All jobs of the panel: those that notebooks made, and those of services. */
export function AllJobs(): JSX.Element {
  return (
    <>
      <JobList />
      <Jobs />
    </>
  );
}

/** Map-reduce and high-throughput jobs, newest first; they change by themselves. */
export function JobList(): JSX.Element | null {
  const { trans } = useView();
  const [jobs, state] = useComputeJobs();
  const [all, setAll] = React.useState(false);
  const running = state.items.filter(job => !isOver(job));
  const over = state.items.filter(isOver);
  const shown = [...running, ...(all ? over : over.slice(0, FEW))];
  const more = state.next !== undefined || shown.length < state.items.length;

  const onMore = (): void => {
    if (all) {
      jobs.loadMore().catch(reason => console.error('More jobs could not be read', reason));
    }
    setAll(true);
  };

  if (state.phase === 'failed' && state.problem && state.items.length === 0) {
    return (
      <ProblemBox problem={state.problem}>
        <Button onClick={() => void jobs.load()}>{trans.__('Try again')}</Button>
      </ProblemBox>
    );
  }
  if (shown.length === 0) {
    return null;
  }
  return (
    <div className="jp-OscarComputeList">
      <ul className="jp-OscarList" aria-label={trans.__('MapReduce and high-throughput jobs')} onKeyDown={onRowKeys}>
        {shown.map(job => (
          <JobListRow key={job.id} job={job} />
        ))}
      </ul>
      {more && (
        <div className="jp-OscarButtons">
          <Button onClick={onMore}>{trans.__('Show earlier jobs')}</Button>
        </div>
      )}
    </div>
  );
}

const JobListRow = React.memo(function JobListRow(props: { job: ComputeJob }): JSX.Element {
  const { job } = props;
  const { trans } = useView();
  const run = useRun();
  const over = isOver(job);
  const now = useNow(!over);
  const args = { job: job.id };
  const word = computeStateWord(job.state, trans);
  const kind = kindWord(job.kind, trans);
  const note = job.error ? `${job.error.type}: ${job.error.message}` : job.problem?.title;
  return (
    <li
      className="jp-OscarRow jp-OscarCompute"
      data-oscar-compute={job.id}
      data-oscar-state={job.state}
      data-oscar-final={String(over)}
    >
      <StateIcon tone={toneOf(toneWord(job.state))} label={word} />
      <button
        type="button"
        className="jp-OscarRow-main"
        title={[job.name, kind, word, note].filter(Boolean).join('\n')}
        onClick={() => run(CommandIDs.openCompute, args)}
      >
        <span className="jp-OscarRow-name">{job.name}</span>
        <span className="jp-OscarRow-meta">
          <span>{kind}</span>
          <span>{timeText(job, now, trans) ?? word}</span>
        </span>
        {note && over && <span className="jp-OscarRow-note">{note}</span>}
        {!over && (
          <span className="jp-OscarCompute-bar">
            <ProgressBar
              value={job.state === 'queued' ? 0 : progressOf(job)}
              label={trans.__('Progress of %1', job.name)}
            />
          </span>
        )}
      </button>
      <span className="jp-OscarRow-actions">
        {!over && (
          <IconButton
            icon={stopIcon}
            label={trans.__('Cancel job %1', job.name)}
            onClick={() => run(CommandIDs.cancelCompute, args)}
          />
        )}
        {over && job.state !== 'succeeded' && (
          <IconButton
            icon={redoIcon}
            label={trans.__('Do what is missing of %1', job.name)}
            onClick={() => run(CommandIDs.retryCompute, args)}
          />
        )}
        {over && (
          <IconButton
            icon={deleteIcon}
            label={trans.__('Delete job %1', job.name)}
            onClick={() => run(CommandIDs.deleteCompute, args)}
          />
        )}
      </span>
    </li>
  );
});

/** The list of jobs; renders again when it changes. */
function useComputeJobs(): [ComputeJobs, IComputeState] {
  const { model } = useView();
  const jobs = computeJobsOf(model);
  const subscribe = React.useCallback(
    (changed: () => void) => {
      jobs.changed.connect(changed);
      return () => {
        jobs.changed.disconnect(changed);
      };
    },
    [jobs]
  );
  return [jobs, React.useSyncExternalStore(subscribe, () => jobs.state)];
}
