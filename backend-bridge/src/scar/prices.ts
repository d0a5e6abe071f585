import type { IFunctionSpec } from './spec';

/** List prices of AWS in us-east-1, US dollars; other regions differ by some percent. The free tier is not counted. */
export const PRICES = {
  /** Of the table. */
  date: '2026-11-01',
  /** A GB of memory for a second. */
  lambdaSecond: { x86_64: 0.0000166667, arm64: 0.0000133334 },
  /** A call. */
  lambdaRequest: 0.0000002,
  /** A GB of /tmp above 512 MB for a second. */
  lambdaStorage: 0.0000000309,
  /** A secret for a month. */
  secretMonth: 0.4
} as const;

export interface IUse {
  /** Billed seconds. */
  seconds: number;
  /** MB. */
  memory: number;
  requests?: number;
  architecture?: 'x86_64' | 'arm64';
  /** MB of /tmp. */
  ephemeral?: number;
}

/** What a use of Lambda costs, US dollars at list price. */
export function costOf(use: IUse): number {
  const { seconds, memory, requests = 1, architecture = 'x86_64', ephemeral = 512 } = use;
  return (
    requests * PRICES.lambdaRequest +
    seconds * (memory / 1024) * PRICES.lambdaSecond[architecture] +
    seconds * (Math.max(0, ephemeral - 512) / 1024) * PRICES.lambdaStorage
  );
}

/** What a thousand calls would cost, for the plan. */
export function costNote(spec: IFunctionSpec): string {
  const use = { memory: spec.memory, architecture: spec.architecture, ephemeral: spec.ephemeral };
  const thousand = 1000 * costOf({ ...use, seconds: 10 });
  const most = costOf({ ...use, seconds: spec.timeout });
  return `${spec.name}: 1,000 calls of 10 s cost about $${dollars(thousand)}, one call at most $${dollars(most)} (list prices of ${PRICES.date}, us-east-1${spec.batch ? '; the machines of Batch are extra' : ''}).`;
}

function dollars(value: number): string {
  return value >= 0.01 ? value.toFixed(2) : value.toPrecision(2);
}
