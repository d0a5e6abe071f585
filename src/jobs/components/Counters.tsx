import * as React from 'react';

import type { ComputeJob } from '../../contract';
import { useView } from '../../oscar/components/context';
import { bytesText, durationText } from '../../oscar/words';
import { countText } from '../words';

/** Sums over all parts. */
export function Counters(props: { job: ComputeJob }): JSX.Element {
  const { job } = props;
  const { trans } = useView();
  const { counters } = job;
  const { combineIn, combineOut } = counters;
  const facts: [string, string | null][] = [
    [trans.__('Records read'), countText(counters.recordsIn)],
    [trans.__('Records written'), countText(counters.recordsOut)],
    [trans.__('Bytes read'), bytesText(counters.bytesIn)],
    [trans.__('Bytes written'), bytesText(counters.bytesOut)],
    [
      trans.__('Combined'),
      combineIn > 0
        ? trans.__(
            '%1 to %2 pairs (%3 ×)',
            countText(combineIn),
            countText(combineOut),
            Number((combineIn / Math.max(1, combineOut)).toPrecision(3)).toLocaleString()
          )
        : null
    ],
    [trans.__('Spills to disk'), job.kind === 'mapreduce' ? countText(counters.spills) : null],
    [trans.__('Records left out'), counters.skipped > 0 ? countText(counters.skipped) : null],
    [trans.__('Time in your functions'), counters.userSeconds > 0 ? durationText(counters.userSeconds) : null],
    [trans.__('Most memory of a worker'), counters.peakMemory > 0 ? bytesText(counters.peakMemory) : null]
  ];
  return (
    <section className="jp-OscarCompute-section" aria-label={trans.__('Counters')}>
      <h3>{trans.__('Counters')}</h3>
      <dl className="jp-OscarCompute-counters">
        {facts.map(
          ([name, value]) =>
            value !== null && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            )
        )}
      </dl>
    </section>
  );
}
