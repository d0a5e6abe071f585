import type { AwsMetrics } from '../contract';
import { calling, missing } from './errors';
import { costOf, PRICES } from './prices';
import { readFunction } from './live';
import { sdk } from './sdk';
import type { ITarget } from './session';

/** Points that a small chart can show. */
const PERIODS: [hours: number, seconds: number][] = [
  [3, 60],
  [24, 300],
  [24 * 15, 3600]
];
const DAY = 86_400;

/** Calls, errors and durations of a function from CloudWatch. */
export async function functionMetrics(target: ITarget, name: string, hours: number): Promise<AwsMetrics> {
  const live = await readFunction(target, target.region, name);
  if (!live) {
    throw missing('function', name);
  }
  const period = PERIODS.find(([limit]) => hours <= limit)?.[1] ?? DAY;
  const query = (id: string, MetricName: string, Stat: string) => ({
    Id: id,
    MetricStat: {
      Metric: { Namespace: 'AWS/Lambda', MetricName, Dimensions: [{ Name: 'FunctionName', Value: name }] },
      Period: period,
      Stat
    }
  });
  const end = new Date();
  const series = new Map<string, { time: string; value: number }[]>();
  await calling(`read the metrics of "${name}"`, async () => {
    let NextToken: string | undefined;
    do {
      const answer = await target.clients.metrics().send(
        new (sdk.metrics().GetMetricDataCommand)({
          StartTime: new Date(end.getTime() - hours * 3600_000),
          EndTime: end,
          ScanBy: 'TimestampAscending',
          MetricDataQueries: [
            query('invocations', 'Invocations', 'Sum'),
            query('errors', 'Errors', 'Sum'),
            query('mean', 'Duration', 'Average'),
            query('total', 'Duration', 'Sum')
          ],
          NextToken
        })
      );
      for (const { Id = '', Timestamps = [], Values = [] } of answer.MetricDataResults ?? []) {
        const points = Timestamps.map((time, index) => ({ time: time.toISOString(), value: Values[index] ?? 0 }));
        series.set(Id, [...(series.get(Id) ?? []), ...points]);
      }
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
  });
  const of = (id: string): { time: string; value: number }[] =>
    [...(series.get(id) ?? [])].sort((a, b) => a.time.localeCompare(b.time));
  const sum = (id: string): number => of(id).reduce((total, { value }) => total + value, 0);
  return {
    period,
    invocations: of('invocations'),
    errors: of('errors'),
    duration: of('mean'),
    cost: {
      dollars: costOf({
        seconds: sum('total') / 1000,
        memory: live.configuration.MemorySize ?? 128,
        requests: sum('invocations'),
        architecture: live.configuration.Architectures?.[0] === 'arm64' ? 'arm64' : 'x86_64',
        ephemeral: live.configuration.EphemeralStorage?.Size ?? 512
      }),
      pricesOf: PRICES.date
    }
  };
}
