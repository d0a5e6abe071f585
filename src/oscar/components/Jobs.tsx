import * as React from 'react';

import { CommandIDs } from '../../commands';
import { useOscar, useRun, useView } from './context';
import { JobRow } from './JobRow';
import { Button, onRowKeys, ProblemBox, Skeleton } from './parts';

/** Jobs of all services of the current cluster, newest first; they change by themselves. */
export function Jobs(props: { service?: string }): JSX.Element | null {
  const { model, trans } = useView();
  const { jobs, phase } = useOscar();
  const run = useRun();
  const [busy, setBusy] = React.useState(false);
  const { service } = props;
  const items = service === undefined ? jobs.items : jobs.items.filter(job => job.service === service);

  const onMore = (): void => {
    setBusy(true);
    model
      .loadMoreJobs()
      .catch(reason => console.error('More jobs could not be read', reason))
      .finally(() => setBusy(false));
  };

  if (phase === 'failed' && items.length === 0) {
    return null;
  }
  if (jobs.phase === 'failed' && jobs.problem) {
    return (
      <ProblemBox problem={jobs.problem}>
        <Button onClick={() => run(CommandIDs.refresh)}>{trans.__('Try again')}</Button>
      </ProblemBox>
    );
  }
  if (items.length === 0) {
    return jobs.phase === 'ready' ? (
      <p className="jp-OscarHint">{trans.__('No jobs yet. Drop a file on a service to run one.')}</p>
    ) : (
      <Skeleton label={trans.__('Loading jobs…')} rows={2} />
    );
  }
  return (
    <>
      <ul className="jp-OscarList" aria-label={trans.__('Jobs')} onKeyDown={onRowKeys}>
        {items.map(job => (
          <JobRow key={job.id} job={job} showService={service === undefined} />
        ))}
      </ul>
      {jobs.next !== undefined && (
        <div className="jp-OscarButtons">
          <Button disabled={busy} onClick={onMore}>
            {trans.__('Show older jobs')}
          </Button>
        </div>
      )}
    </>
  );
}
