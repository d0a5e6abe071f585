import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { AwsMetrics } from '../../contract';
import { useAnswer } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button, ProblemBox, Skeleton } from '../../oscar/components/parts';
import { durationText } from '../../oscar/words';
import type { IBar } from '../charts';
import { bars, peak, total } from '../charts';
import { dollarsText } from '../words';

const HOURS = [1, 6, 24, 168];

/** Calls, errors and durations of a function over time, as CloudWatch has them. */
export function MetricsPane(props: { name: string }): JSX.Element {
  const { name } = props;
  const { model, trans } = useView();
  const [hours, setHours] = React.useState(24);
  const read = React.useCallback(
    async (): Promise<{ metrics: AwsMetrics; now: number; hours: number }> => ({
      metrics: await model.client.aws.metrics(name, hours),
      now: Date.now(),
      hours
    }),
    [model, name, hours]
  );
  const { value, problem, busy, again } = useAnswer(read);
  return (
    <>
      <div className="jp-OscarMetrics-bar">
        <label>
          {trans.__('Time')}{' '}
          <select value={hours} onChange={event => setHours(Number(event.target.value))}>
            {HOURS.map(item => (
              <option key={item} value={item}>
                {spanText(item, trans)}
              </option>
            ))}
          </select>
        </label>
        <Button disabled={busy} onClick={again}>
          {trans.__('Refresh')}
        </Button>
      </div>
      {problem && <ProblemBox problem={problem} />}
      {!value && !problem && <Skeleton label={trans.__('Loading figures…')} rows={4} />}
      {value && <Charts metrics={value.metrics} hours={value.hours} now={value.now} />}
    </>
  );
}

function Charts(props: { metrics: AwsMetrics; hours: number; now: number }): JSX.Element {
  const { metrics, hours, now } = props;
  const { trans } = useView();
  const options = { hours, period: metrics.period, now };
  const span = spanText(hours, trans);
  const calls = total(metrics.invocations);
  const errors = total(metrics.errors);
  const durations = metrics.duration.map(point => point.value);
  const mean = durations.length === 0 ? undefined : durations.reduce((sum, value) => sum + value, 0) / durations.length;
  return (
    <>
      {calls === 0 && (
        <p className="jp-OscarHint">{trans.__('No calls in this time. Figures come a minute or two after a call.')}</p>
      )}
      <div className="jp-OscarMetrics">
        <Chart
          title={trans.__('Invocations')}
          summary={trans.__('%1 in the last %2', calls, span)}
          items={bars(metrics.invocations, { ...options, merge: 'sum' })}
          format={value => String(value)}
        />
        <Chart
          title={trans.__('Errors')}
          summary={trans.__('%1 in the last %2', errors, span)}
          items={bars(metrics.errors, { ...options, merge: 'sum' })}
          format={value => String(value)}
          tone="bad"
        />
        <Chart
          title={trans.__('Duration')}
          summary={mean === undefined ? trans.__('none measured') : trans.__('%1 on average', millis(mean))}
          items={bars(metrics.duration, { ...options, merge: 'mean' })}
          format={millis}
        />
      </div>
      {metrics.cost && (
        <p className="jp-OscarHint">
          {trans.__(
            'About %1 in the last %2, at list prices of %3. An estimate: free tiers and other services are not in it.',
            dollarsText(metrics.cost.dollars),
            span,
            metrics.cost.pricesOf
          )}
        </p>
      )}
    </>
  );
}

function Chart(props: {
  title: string;
  summary: string;
  items: IBar[];
  format: (value: number) => string;
  tone?: 'bad';
}): JSX.Element {
  const { title, summary, items, format, tone } = props;
  const most = peak(items);
  return (
    <figure className={`jp-OscarMetrics-chart ${tone ? `jp-mod-${tone}` : ''}`}>
      <figcaption>
        <h3>{title}</h3>
        <span>{summary}</span>
      </figcaption>
      <div className="jp-OscarMetrics-plot">
        <span className="jp-OscarMetrics-top" aria-hidden="true">
          {most > 0 ? format(most) : ''}
        </span>
        <svg
          viewBox={`0 0 ${items.length} 100`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${title}: ${summary}`}
        >
          {items.map((bar, index) => {
            const height = bar.value && most > 0 ? Math.max(2, (92 * bar.value) / most) : 0;
            return (
              <rect key={bar.time} x={index + 0.1} width={0.8} y={100 - height} height={height}>
                <title>{`${new Date(bar.time).toLocaleString()}: ${format(bar.value ?? 0)}`}</title>
              </rect>
            );
          })}
        </svg>
      </div>
      <div className="jp-OscarMetrics-axis" aria-hidden="true">
        <span>{timeText(items[0]?.time, items)}</span>
        <span>{timeText(items[items.length - 1]?.time, items)}</span>
      </div>
    </figure>
  );
}

function timeText(time: number | undefined, items: IBar[]): string {
  if (time === undefined) {
    return '';
  }
  const long = items[items.length - 1].time - items[0].time > 25 * 3_600_000;
  return long
    ? new Date(time).toLocaleDateString(undefined, { month: 'short', day: 'numeric' })
    : new Date(time).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

function millis(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : durationText(value / 1000);
}

function spanText(hours: number, trans: TranslationBundle): string {
  if (hours < 48) {
    return trans._n('%1 hour', '%1 hours', hours);
  }
  return trans._n('%1 day', '%1 days', Math.round(hours / 24));
}
