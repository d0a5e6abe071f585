import * as React from 'react';

import type { ComputeJob } from '../../contract';
import { useView } from '../../oscar/components/context';
import { bytesText } from '../../oscar/words';
import { throughput, workerRecords } from '../charts';
import type { PartTable } from '../table';
import { countText, phaseWord, rateText } from '../words';

/** Bins of the small line of a worker. */
const BINS = 40;
/** Workers that are listed. */
const MOST = 200;

/** Each worker's share of the work and its speed over time. */
export const Workers = React.memo(function Workers(props: {
  job: ComputeJob;
  table: PartTable;
  turn: number;
  now: number;
}): JSX.Element | null {
  const { job, table, turn, now } = props;
  const { trans } = useView();
  const phase = busiest(job);
  const { records, rates, peak } = React.useMemo(() => {
    void turn;
    const extent = { from: table.begin, to: Math.max(table.last, table.begin + 0.001) };
    const over = throughput(table, extent, BINS);
    let most = 0;
    for (const value of over.lanes) {
      most = Math.max(most, value);
    }
    return { records: workerRecords(table, phase, now), rates: over.lanes, peak: most };
    // Seconds that go by change no speed: it counts what is over.
  }, [table, turn, phase]);
  if (records.length === 0 || phase === undefined) {
    return null;
  }
  const fastest = Math.max(...records.map(record => record.speed), 1e-9);
  return (
    <section className="jp-OscarCompute-section" aria-label={trans.__('Workers')}>
      <h3>{trans.__('Workers')}</h3>
      <div className="jp-OscarCompute-scroll" tabIndex={0} role="region" aria-label={trans.__('Table of workers')}>
        <table className="jp-OscarTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Worker')}</th>
              <th scope="col">{trans.__('Parts')}</th>
              <th scope="col">{trans.__('Failed')}</th>
              <th scope="col">{trans.__('Speed (%1)', phaseWord(phase, trans))}</th>
              <th scope="col">{trans.__('Over time')}</th>
              <th scope="col">{trans.__('Memory')}</th>
            </tr>
          </thead>
          <tbody>
            {records.slice(0, MOST).map(record => {
              const live = job.workers.find(worker => worker.id === record.worker);
              return (
                <tr key={record.lane}>
                  <th scope="row" title={live?.pid === undefined ? undefined : trans.__('Process %1', live.pid)}>
                    {record.worker}
                  </th>
                  <td>{countText(record.parts)}</td>
                  <td>{countText(record.failed)}</td>
                  <td>
                    <span className="jp-OscarCompute-speed">
                      <span aria-hidden="true" style={{ width: `${(60 * record.speed) / fastest}px` }} />
                      {rateText(phase, record.speed, trans)}
                    </span>
                  </td>
                  <td>
                    <Sparkline values={rates.subarray(record.lane * BINS, (record.lane + 1) * BINS)} peak={peak} />
                  </td>
                  <td>{live?.memory === undefined ? '–' : bytesText(live.memory)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {records.length > MOST && <p className="jp-OscarHint">{trans.__('The first %1 of %2.', MOST, records.length)}</p>}
    </section>
  );
});

function Sparkline(props: { values: Float64Array; peak: number }): JSX.Element {
  const { values, peak } = props;
  const points = [...values].map((value, bin) => `${bin},${20 - (18 * value) / (peak || 1)}`).join(' ');
  return (
    <svg
      className="jp-OscarCompute-spark"
      viewBox={`0 0 ${values.length - 1} 20`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <polyline points={points} />
    </svg>
  );
}

/** The phase whose speeds are shown: that which goes on, else that which had the most to do. */
function busiest(job: ComputeJob): string | undefined {
  const begun = job.phases.filter(phase => phase.startedAt !== undefined || phase.parts.total > 0);
  const going = begun.find(phase => phase.finishedAt === undefined && phase.parts.running > 0);
  return (going ?? [...begun].sort((a, b) => b.total - a.total)[0] ?? job.phases[0])?.name;
}
