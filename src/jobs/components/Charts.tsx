import * as React from 'react';

import { useView } from '../../oscar/components/context';
import { durationText } from '../../oscar/words';
import type { IHistogram, IThroughput } from '../charts';
import { histogram, throughput } from '../charts';
import type { PartTable } from '../table';
import { countText, phaseWord, rateText } from '../words';

const BINS = 120;
const BARS = 30;

/** Throughput over time, and how long parts took. */
export const Charts = React.memo(function Charts(props: {
  table: PartTable;
  turn: number;
  now: number;
}): JSX.Element | null {
  const { table, turn } = props;
  const [rates, durations] = React.useMemo((): [IThroughput, IHistogram | undefined] => {
    void turn;
    const extent = { from: table.begin, to: Math.max(table.last, table.begin + 0.001) };
    return [throughput(table, extent, BINS), histogram(table, BARS)];
  }, [table, turn]);
  return durations ? (
    <div className="jp-OscarCompute-charts">
      <ThroughputChart rates={rates} />
      <DurationChart durations={durations} />
    </div>
  ) : null;
});

function ThroughputChart(props: { rates: IThroughput }): JSX.Element {
  const { rates } = props;
  const { trans } = useView();
  const peak = rates.peak || 1;
  const seconds = rates.extent.to - rates.extent.from;
  const shown = rates.phases.filter(phase => phase.values.some(value => value > 0));
  const peaks = shown.map(phase => {
    const most = phase.values.reduce((best, value) => Math.max(best, value), 0);
    return trans.__('%1 at most %2', phaseWord(phase.name, trans), rateText(phase.name, most, trans));
  });
  const label = trans.__('Throughput over %1: %2', durationText(seconds), peaks.join(', '));
  return (
    <figure className="jp-OscarCompute-chart">
      <figcaption>
        <h3>{trans.__('Throughput')}</h3>
        {shown.map(phase => (
          <span key={phase.name} className={`jp-OscarCompute-key jp-mod-phase${rates.phases.indexOf(phase)}`}>
            {phaseWord(phase.name, trans)}
          </span>
        ))}
        <span className="jp-OscarCompute-top">{shown[0] ? rateText(shown[0].name, rates.peak, trans) : ''}</span>
      </figcaption>
      <svg viewBox={`0 0 ${rates.bins} 100`} preserveAspectRatio="none" role="img" aria-label={label}>
        {shown.map(phase => {
          const line = [...phase.values].map((value, bin) => `L${bin + 0.5} ${100 - (96 * value) / peak}`).join('');
          return (
            <path
              key={phase.name}
              className={`jp-mod-phase${rates.phases.indexOf(phase)}`}
              d={`M0 100${line}L${rates.bins} 100Z`}
            />
          );
        })}
      </svg>
      <div className="jp-OscarCompute-axis" aria-hidden="true">
        <span>0</span>
        <span>{durationText(seconds)}</span>
      </div>
    </figure>
  );
}

function DurationChart(props: { durations: IHistogram }): JSX.Element {
  const { durations } = props;
  const { trans } = useView();
  const { edges, counts, total, median, longest } = durations;
  const most = Math.max(...counts, 1);
  const text = trans.__(
    '%1 parts, half of them within %2, the longest %3',
    countText(total),
    precise(median),
    precise(longest)
  );
  return (
    <figure className="jp-OscarCompute-chart">
      <figcaption>
        <h3>{trans.__('Durations of parts')}</h3>
        <span className="jp-OscarCompute-top">{text}</span>
      </figcaption>
      <svg viewBox={`0 0 ${counts.length} 100`} preserveAspectRatio="none" role="img" aria-label={text}>
        {counts.map((count, bin) => (
          <rect
            key={bin}
            x={bin + 0.08}
            width={0.84}
            y={100 - (96 * count) / most}
            height={count > 0 ? Math.max(1.5, (96 * count) / most) : 0}
          >
            <title>{trans.__('%1 to %2: %3', precise(edges[bin]), precise(edges[bin + 1]), countText(count))}</title>
          </rect>
        ))}
      </svg>
      <div className="jp-OscarCompute-axis" aria-hidden="true">
        <span>{precise(edges[0])}</span>
        <span>{precise(edges[edges.length - 1])}</span>
      </div>
    </figure>
  );
}

/** Parts may be short. */
export function precise(seconds: number): string {
  return seconds < 1 ? `${Number((seconds * 1000).toPrecision(2))} ms` : durationText(seconds);
}
