import * as React from 'react';

import { JobLogFollower } from '../../jobs/joblog';
import { CommandIDs } from '../../commands';
import type { AwsBatchJob } from '../../contract';
import { useAnswer } from '../../oscar/components/answer';
import { useRun, useView } from '../../oscar/components/context';
import type { IFollowedLog } from '../../oscar/components/LogPane';
import { LogPane } from '../../oscar/components/LogPane';
import { Button, ProblemBox, Skeleton, StateIcon, toneOf } from '../../oscar/components/parts';
import { useSeen } from '../../oscar/visible';
import { useScar } from '../hooks';
import { batchNote, batchStateWord, batchTone, isBatchOver, momentText } from '../words';
import { BatchTime } from './BatchJobs';
import { EmulatorBanner } from './Emulator';

/** Reads a job that is looked at so often, ms. */
const PAUSE = 5000;

/** One job of AWS Batch: how it is, and its log. */
export function BatchJobView(props: { id: string }): JSX.Element {
  const { id } = props;
  const { model, trans } = useView();
  const [scar] = useScar();
  const run = useRun();
  const seen = useSeen();
  const read = React.useCallback((): Promise<AwsBatchJob> => model.client.aws.batchJob(id), [model, id]);
  const { value: job, problem, again } = useAnswer(read);
  const over = job !== undefined && isBatchOver(job);

  React.useEffect(() => {
    void scar.start();
  }, [scar]);
  React.useEffect(() => {
    if (job) {
      scar.keepJob(job);
    }
    if (over || !seen) {
      return undefined;
    }
    const timer = setTimeout(again, PAUSE);
    return () => clearTimeout(timer);
  }, [scar, job, problem, over, seen, again]);

  const open = React.useCallback(
    (limit: number): IFollowedLog =>
      new JobLogFollower({ read: signal => model.client.aws.batchLog(id, signal), limit }),
    [model, id]
  );

  if (!job) {
    return problem ? (
      <ProblemBox problem={problem}>
        <Button onClick={again}>{trans.__('Try again')}</Button>
      </ProblemBox>
    ) : (
      <Skeleton label={trans.__('Loading the job…')} rows={4} />
    );
  }
  const word = batchStateWord(job.state, trans);
  const note = batchNote(job, trans);
  return (
    <div className="jp-OscarServiceView">
      <EmulatorBanner />
      <header className="jp-OscarHead">
        <div className="jp-OscarHead-title">
          <StateIcon tone={toneOf(batchTone(job.state))} label={word} />
          <h2>{job.name}</h2>
        </div>
        <p className="jp-OscarHead-facts" role="status">
          {word} · <BatchTime job={job} />
          {job.createdAt !== undefined && ` · ${trans.__('submitted %1', momentText(job.createdAt))}`}
        </p>
        {note && <p className="jp-OscarHead-note">{note}</p>}
        <div className="jp-OscarButtons">
          {!over && <Button onClick={() => run(CommandIDs.cancelBatchJob, { job: id })}>{trans.__('Cancel')}</Button>}
          {job.function !== undefined && (
            <Button onClick={() => run(CommandIDs.openFunction, { function: job.function ?? '' })}>
              {trans.__('Open %1', job.function)}
            </Button>
          )}
        </div>
      </header>
      {problem && <ProblemBox problem={problem} />}
      {seen && <LogPane cluster="" service={job.name} open={open} download={model.client.aws.batchLogUrl(id)} />}
    </div>
  );
}
