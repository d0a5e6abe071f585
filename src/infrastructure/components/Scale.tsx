import * as React from 'react';

import type { Elasticity, Infrastructure } from '../../contract';
import { useAction, useAnswer } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button, ProblemBox } from '../../oscar/components/parts';
import { useInfrastructures } from '../hooks';
import { workersOf } from '../words';

/** Most workers that the slider offers; more can be typed. */
const MOST = 10;

/** How many workers there are and should be. The front end is never removed. */
export function Scale(props: { item: Infrastructure }): JSX.Element | null {
  const { item } = props;
  const { trans } = useView();
  if (item.vms.length === 0 || item.state === 'deleting' || item.state === 'deleted') {
    return null;
  }
  const now = workersOf(item).length;
  // Begins anew when the number changes by itself.
  return (
    <section aria-label={trans.__('Workers')}>
      <h3 className="jp-OscarSubhead">{trans.__('Workers')}</h3>
      <Chooser key={now} item={item} now={now} />
      {item.state === 'configured' && <Estimate id={item.id} workers={now} />}
    </section>
  );
}

function Chooser(props: { item: Infrastructure; now: number }): JSX.Element {
  const { item, now } = props;
  const { model, trans } = useView();
  const [list] = useInfrastructures();
  const [count, setCount] = React.useState(now);
  const { busy, problem, run } = useAction<void>();
  const ready = item.operation === undefined && ['configured', 'unconfigured'].includes(item.state);
  const roles = new Set(workersOf(item).map(vm => vm.role));
  const role = roles.size === 1 ? [...roles][0] : undefined;
  const change = count - now;
  const set = (event: React.ChangeEvent<HTMLInputElement>): void =>
    setCount(Math.max(0, Math.round(Number(event.target.value) || 0)));
  return (
    <>
      <div className="jp-OscarScale">
        <input
          type="range"
          min={0}
          max={Math.max(MOST, now)}
          value={Math.min(count, Math.max(MOST, now))}
          disabled={!ready || busy}
          aria-label={trans.__('Workers')}
          onChange={set}
        />
        <input
          type="number"
          min={0}
          value={count}
          disabled={!ready || busy}
          aria-label={trans.__('Number of workers')}
          onChange={set}
        />
        <Button
          accept
          disabled={!ready || busy || change === 0}
          onClick={() =>
            run(async () =>
              list.keep(await model.client.infrastructures.scale(item.id, { count, ...(role ? { role } : {}) }))
            )
          }
        >
          {change > 0
            ? trans._n('Add %1 worker', 'Add %1 workers', change)
            : change < 0
              ? trans._n('Remove %1 worker', 'Remove %1 workers', -change)
              : trans.__('Change')}
        </Button>
      </div>
      <p className="jp-OscarHead-facts">
        {ready
          ? change < 0
            ? trans.__('The newest workers go; what runs on them is lost. The front end stays.')
            : trans.__('The front end is not counted and never removed.')
          : trans.__('Workers can be changed when it is configured and nothing else is done.')}
      </p>
      {problem && <ProblemBox problem={problem} />}
    </>
  );
}

/** What the cluster would need. */
function Estimate(props: { id: string; workers: number }): JSX.Element | null {
  const { id, workers } = props;
  const { model, trans } = useView();
  const read = React.useCallback((): Promise<Elasticity> => {
    void workers;
    return model.client.infrastructures.elasticity(id);
  }, [model, id, workers]);
  const { value, problem, busy, again } = useAnswer(read);
  if (problem) {
    return (
      <p className="jp-OscarHead-facts">
        {trans.__('How many workers are needed is not known: %1', problem.detail || problem.title)}
      </p>
    );
  }
  if (!value) {
    return null;
  }
  const facts = [
    value.nodes === undefined ? undefined : trans._n('%1 node in the cluster', '%1 nodes in the cluster', value.nodes),
    value.freeCores === undefined ? undefined : trans.__('%1 free cores', value.freeCores),
    value.pendingJobs === undefined ? undefined : trans._n('%1 job waits', '%1 jobs wait', value.pendingJobs)
  ].filter(Boolean);
  return (
    <div className="jp-OscarEstimate">
      {facts.length > 0 && <span>{facts.join(' · ')}</span>}
      {value.needed !== undefined && (
        <span>
          <strong>
            {value.needed > 0
              ? trans._n('Needs about %1 more worker', 'Needs about %1 more workers', value.needed)
              : trans.__('Needs no more workers')}
          </strong>{' '}
          <span className="jp-OscarBadge">{trans.__('estimate')}</span>
        </span>
      )}
      <small>{value.note}</small>
      <Button disabled={busy} onClick={again}>
        {trans.__('Refresh')}
      </Button>
    </div>
  );
}
