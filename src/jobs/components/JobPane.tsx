import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { ComputeJob } from '../../contract';
import { useNow, useView } from '../../oscar/components/context';
import { LogPane } from '../../oscar/components/LogPane';
import { Button, ProblemBox, Skeleton } from '../../oscar/components/parts';
import { JobFollower } from '../follower';
import { JobLogFollower } from '../joblog';
import { isOver } from '../words';
import { Charts } from './Charts';
import { Counters } from './Counters';
import { FailedParts, JobError } from './JobError';
import { JobHead } from './JobHead';
import { Results } from './Results';
import { Timeline } from './Timeline';
import { Workers } from './Workers';

/** Whether a view can be seen; changes with the tabs of the main area. */
export interface IVisibility {
  readonly value: boolean;
  readonly changed: ISignal<unknown, void>;
}

/** One map-reduce or high-throughput job: how far it is, where its time goes, what went wrong, its result and its log. */
export function JobPane(props: { id: string; visibility: IVisibility }): JSX.Element {
  const { id, visibility } = props;
  const { model, trans } = useView();
  const visible = useVisible(visibility);
  const follower = useFollower(id, visible);

  React.useEffect(() => {
    void model.start();
  }, [model]);

  const job = follower?.job;
  if (!follower || !job) {
    return follower?.problem ? (
      <ProblemBox problem={follower.problem}>
        <Button onClick={() => void follower.read()}>{trans.__('Try again')}</Button>
      </ProblemBox>
    ) : (
      <Skeleton label={trans.__('Loading the job…')} rows={6} />
    );
  }
  if (follower.gone) {
    return (
      <div className="jp-OscarCompute-gone" role="status">
        <h2>{trans.__('%1 was deleted', job.name)}</h2>
        <p>{trans.__('Its record and its log are gone. Its result stays where it is.')}</p>
      </div>
    );
  }
  return <JobBody follower={follower} job={job} visible={visible} />;
}

function JobBody(props: { follower: JobFollower; job: ComputeJob; visible: boolean }): JSX.Element {
  const { follower, job, visible } = props;
  const { model, trans } = useView();
  const { table, turn } = follower;
  const over = isOver(job);
  const results = React.useRef<HTMLElement>(null);
  // A view in the background stands still.
  const wall = useNow(!over && visible);
  // The browser's clock may be behind that of the server.
  const now = over ? table.last : Math.max(table.last, (wall - Date.parse(job.createdAt)) / 1000);
  const { compute } = model.client;
  const { id } = job;
  const rounds = job.startedAt;
  const open = React.useCallback(
    (limit: number) => {
      // A retry begins a new reading.
      void rounds;
      return new JobLogFollower({ read: signal => compute.log(id, signal), limit });
    },
    [compute, id, rounds]
  );
  return (
    <div className="jp-OscarJobView jp-OscarComputeView" data-oscar-compute={id} data-oscar-state={job.state}>
      <JobHead
        job={job}
        onResults={() => {
          results.current?.scrollIntoView({ block: 'start' });
          results.current?.focus();
        }}
      />
      {follower.problem && (
        <ProblemBox problem={follower.problem}>
          <Button onClick={() => void follower.read()}>{trans.__('Try again')}</Button>
        </ProblemBox>
      )}
      {job.error && <JobError error={job.error} />}
      {job.problem && !job.error && <ProblemBox problem={job.problem} />}
      {follower.partsProblem && (
        <ProblemBox problem={follower.partsProblem}>
          <Button onClick={() => void follower.read()}>{trans.__('Try again')}</Button>
        </ProblemBox>
      )}
      {table.size > 0 ? (
        <>
          <Timeline table={table} turn={turn} now={now} />
          <Charts table={table} turn={turn} now={now} />
          <Workers job={job} table={table} turn={turn} now={now} />
          <FailedParts table={table} turn={turn} />
        </>
      ) : (
        <p className="jp-OscarHint">
          {over
            ? trans.__('No part was begun.')
            : trans.__('No part has begun yet. The timeline comes with the first.')}
        </p>
      )}
      <Counters job={job} />
      {job.state === 'succeeded' && <Results ref={results} job={job} />}
      {visible && (
        <LogPane cluster={job.engine} service={job.name} job={id} download={compute.logUrl(id)} open={open} />
      )}
    </div>
  );
}

function useVisible(visibility: IVisibility): boolean {
  const subscribe = React.useCallback(
    (changed: () => void) => {
      visibility.changed.connect(changed);
      return () => {
        visibility.changed.disconnect(changed);
      };
    },
    [visibility]
  );
  return React.useSyncExternalStore(subscribe, () => visibility.value);
}

function useFollower(id: string, visible: boolean): JobFollower | null {
  const { model } = useView();
  const [follower, setFollower] = React.useState<JobFollower | null>(null);
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const next = new JobFollower({ model, id });
    let frame = 0;
    const onChange = (): void => {
      frame = frame || requestAnimationFrame(() => ((frame = 0), redraw()));
    };
    next.changed.connect(onChange);
    setFollower(next);
    return () => {
      cancelAnimationFrame(frame);
      next.dispose();
    };
  }, [model, id]);
  React.useEffect(() => {
    if (follower) {
      follower.visible = visible;
    }
  }, [follower, visible]);
  return follower;
}
