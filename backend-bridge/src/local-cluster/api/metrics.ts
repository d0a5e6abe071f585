import { fail, type IReply, json } from './http';
import type { IContext } from './manager';
import type { IUsageRow, RequestKind } from './state';
import { writeGoJson } from './go-json';

interface IRange {
  /** As they were sent, or made. */
  start: string;
  end: string;
  rows: IUsageRow[];
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const DAY_MS = 86_400_000;

function problem(status: number, error: string): never {
  throw new MetricsError({ status, body: writeGoJson({ error }), type: 'application/json; charset=utf-8' });
}

/** Errors of these routes are JSON, unlike all others. */
export class MetricsError extends Error {
  constructor(readonly reply: IReply) {
    super('metrics');
  }
}

function rangeOf(context: IContext): IRange {
  const { query, manager, caller } = context;
  const read = (name: 'start' | 'end', otherwise: Date): { text: string; time: Date } => {
    const text = query.get(name);
    if (!text) {
      return { text: otherwise.toISOString().replace(/\.\d+Z$/, 'Z'), time: otherwise };
    }
    const time = new Date(text);
    if (!RFC3339.test(text) || Number.isNaN(time.getTime())) {
      problem(400, `invalid ${name} timestamp`);
    }
    return { text, time };
  };
  const now = new Date();
  const start = read('start', new Date(now.getTime() - DAY_MS));
  const end = read('end', now);
  if (end.time < start.time) {
    problem(400, 'end must be after start');
  }
  const visible = new Set(
    manager.state
      .services()
      .filter(service => manager.mayRead(caller, service))
      .map(service => service.name)
  );
  const rows = manager.state.usage(start.time, end.time).filter(row => caller.admin || visible.has(row.service));
  return { start: start.text, end: end.text, rows };
}

function sum(rows: IUsageRow[], kind?: RequestKind): number {
  return rows.filter(row => kind === undefined || row.kind === kind).reduce((total, row) => total + row.count, 0);
}

function hours(rows: IUsageRow[], key: 'cpu_seconds' | 'gpu_seconds'): number {
  return rows.reduce((total, row) => total + row[key], 0) / 3600;
}

function users(rows: IUsageRow[]): string[] {
  return [...new Set(rows.map(row => row.user).filter(user => user !== ''))].sort();
}

/** Where the hours come from. A plain OSCAR asks Prometheus; there is none here, the journal of jobs knows. */
function hoursSource(context: IContext): object {
  return context.manager.strict
    ? { name: 'prometheus', status: 'missing', notes: 'the embedded cluster has no Prometheus' }
    : { name: 'job-journal', status: 'ok' };
}

const requestLogs = { name: 'request-logs', status: 'ok' };
const exposedLogs = { name: 'exposed-request-logs', status: 'ok' };

/** `GET /system/metrics` */
export function readMetrics(context: IContext): IReply {
  const { manager, caller } = context;
  const { start, end, rows } = rangeOf(context);
  const active = manager.state.services().filter(service => manager.mayRead(caller, service)).length;
  const known = users(rows);
  return json(200, {
    start,
    end,
    totals: {
      services_count_active: active,
      services_count_total: new Set(rows.map(row => row.service)).size,
      cpu_hours_total: manager.strict ? 0 : hours(rows, 'cpu_seconds'),
      gpu_hours_total: manager.strict ? 0 : hours(rows, 'gpu_seconds'),
      requests_count_total: sum(rows),
      requests_count_sync: sum(rows, 'sync'),
      requests_count_async: sum(rows, 'async'),
      requests_count_exposed: sum(rows, 'exposed'),
      countries_count: 0,
      countries: null,
      users_count: known.length,
      users: known.length > 0 ? known : null
    },
    sources: [{ name: 'service-inventory', status: 'ok' }, hoursSource(context), requestLogs, exposedLogs]
  });
}

/** `GET /system/metrics/breakdown` */
export function readBreakdown(context: IContext): IReply {
  const { query } = context;
  const groupBy = query.get('group_by') ?? '';
  const format = query.get('format') || 'json';
  if (groupBy === '') {
    problem(400, 'group_by is required');
  }
  const { start, end, rows } = rangeOf(context);
  if (!['service', 'user', 'country'].includes(groupBy)) {
    problem(400, 'unsupported group_by');
  }
  if (format !== 'json' && format !== 'csv') {
    problem(400, 'invalid format');
  }
  const withUsers = ['true', '1'].includes(query.get('include_users') ?? '');
  const items = breakdown(context, groupBy, rows, withUsers);
  if (format === 'csv') {
    return { status: 200, type: 'text/csv', body: csv(groupBy, items) };
  }
  return json(200, { start, end, group_by: groupBy, items });
}

interface IItem {
  key: string;
  membership?: string;
  executions_count?: number;
  requests_count_total?: number;
  requests_count_sync?: number;
  requests_count_async?: number;
  requests_count_exposed?: number;
  unique_users_count?: number;
  users?: string[];
  countries: null;
}

function breakdown(context: IContext, groupBy: string, rows: IUsageRow[], withUsers: boolean): IItem[] {
  // Where a request came from is not looked up: everything here comes from this machine.
  if (groupBy === 'country') {
    return [];
  }
  const keyOf = (row: IUsageRow): string => (groupBy === 'service' ? row.service : row.user);
  const keys = [...new Set(rows.map(keyOf))].filter(key => key !== '').sort();
  return keys.map(key => {
    const mine = rows.filter(row => keyOf(row) === key);
    if (groupBy === 'user') {
      return { key, executions_count: sum(mine), countries: null };
    }
    const known = users(mine);
    return {
      key,
      membership: context.manager.state.service(key) ? 'active' : 'deleted',
      requests_count_total: sum(mine),
      requests_count_sync: sum(mine, 'sync'),
      requests_count_async: sum(mine, 'async'),
      requests_count_exposed: sum(mine, 'exposed'),
      unique_users_count: known.length,
      ...(withUsers ? { users: known } : {}),
      countries: null
    };
  });
}

const COLUMNS: Record<string, (keyof IItem)[]> = {
  service: [
    'key',
    'membership',
    'requests_count_total',
    'requests_count_sync',
    'requests_count_async',
    'requests_count_exposed',
    'unique_users_count',
    'countries'
  ],
  user: ['key', 'membership', 'executions_count', 'countries'],
  country: ['key', 'membership', 'executions_count', 'unique_users_count', 'countries']
};

function csv(groupBy: string, items: IItem[]): string {
  const columns = COLUMNS[groupBy];
  const cell = (value: unknown): string => {
    const text = String(value ?? '');
    // A spreadsheet takes a leading sign for a formula.
    const safe = /^[=+\-@]/.test(text) && typeof value === 'string' ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return (
    [columns.join(','), ...items.map(item => columns.map(column => cell(item[column])).join(','))].join('\n') + '\n'
  );
}

const KEYS = [
  'cpu-hours',
  'gpu-hours',
  'requests-sync-per-service',
  'requests-async-per-service',
  'requests-exposed-per-service',
  'users-per-service'
] as const;
const UNSUPPORTED = ['requests-per-user', 'countries-count', 'countries-list', 'services-count'];

/** `GET /system/metrics/:name` */
export function readServiceMetrics(context: IContext): IReply {
  const { manager, caller, params, query } = context;
  const { start, end, rows } = rangeOf(context);
  const service = manager.state.service(params.name);
  if (!caller.admin) {
    if (!service) {
      fail(404);
    }
    if (!manager.mayRead(caller, service)) {
      fail(403);
    }
  }
  const mine = rows.filter(row => row.service === params.name);
  const metric = query.get('metric');
  if (metric) {
    if (UNSUPPORTED.includes(metric)) {
      problem(400, 'unsupported metric for value query');
    }
    const value = valueOf(context, metric, mine);
    if (!value) {
      problem(400, 'invalid metric key');
    }
    const { metric: key, ...rest } = value;
    return json(200, { service_id: params.name, metric: key, start, end, ...rest });
  }
  return json(200, { service_name: params.name, start, end, metrics: KEYS.map(key => valueOf(context, key, mine)) });
}

function valueOf(
  context: IContext,
  key: string,
  rows: IUsageRow[]
): { metric: string; value: number; unit?: string; sources: object[] } | undefined {
  switch (key) {
    case 'cpu-hours':
    case 'gpu-hours': {
      const value = context.manager.strict ? 0 : hours(rows, key === 'cpu-hours' ? 'cpu_seconds' : 'gpu_seconds');
      return { metric: key, value, unit: 'hours', sources: [hoursSource(context)] };
    }
    case 'requests-sync-per-service':
      return { metric: key, value: sum(rows, 'sync'), sources: [requestLogs] };
    case 'requests-async-per-service':
      return { metric: key, value: sum(rows, 'async'), sources: [requestLogs] };
    case 'requests-exposed-per-service':
      return { metric: key, value: sum(rows, 'exposed'), sources: [exposedLogs] };
    case 'users-per-service':
      return { metric: key, value: users(rows).length, sources: [requestLogs] };
    default:
      return undefined;
  }
}
