import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { ILocalCluster } from '../../../src/local-cluster/interfaces';

const FIXTURES = join(__dirname, '../../fixtures/oscar-golden');

export interface IEntry {
  id: string;
  auth?: string;
  request?: { method: string; path: string; headers?: Record<string, string>; body?: unknown };
  response?: { status: number; headers?: Record<string, string>; body?: unknown };
}

export function readGolden(file: string): IEntry[] {
  const path = join(FIXTURES, file);
  if (!existsSync(path)) {
    throw new Error(`The recorded answers ${file} are missing.`);
  }
  return JSON.parse(readFileSync(path, 'utf8')) as IEntry[];
}

export interface IAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** By hand, so that nothing (paths, headers, redirects) is tidied up on the way. */
export function call(
  endpoint: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Buffer
): Promise<IAnswer> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        method,
        path,
        headers: body ? { ...headers, 'Content-Length': String(body.length) } : headers,
        agent: false
      },
      response => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString('utf8')
          })
        );
        response.on('error', reject);
      }
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

export interface IReplayContext {
  cluster: ILocalCluster;
  /** `bearer u1` → token; undefined: not one of those. */
  bearer(auth: string, entry: IEntry): string | undefined;
  /** What a placeholder in a request stands for, for instance `<sub-of-u1>`. */
  values: Record<string, string>;
  /** next_page of the last answer. */
  page?: string;
  /** Names of jobs in the last list, for paths with `<uuid>`. */
  job?: string;
}

/** Things that differ between two runs of the same server. */
export function normalize(text: string, context: IReplayContext): string {
  let result = text
    .replaceAll(context.cluster.s3.endpoint, 'http://127.0.0.1:9000')
    .replaceAll(context.cluster.s3.secret_key, '<minio-root-secret>');
  for (const [placeholder, value] of Object.entries(context.values)) {
    result = result.replaceAll(value, placeholder);
  }
  return (
    result
      .replaceAll('minio123', '<minio-root-secret>')
      .replace(/("secret_key":")(?:<secret[^"]*>|[\w-]{40})"/g, '$1<secret>"')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<rfc3339>')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC/g, '<go-time>')
      .replace(/X-Amz-Credential=[^\\&"]*/g, 'X-Amz-Credential=<Credential>')
      .replace(/X-Amz-Date=[^\\&"]*/g, 'X-Amz-Date=<Date>')
      .replace(/X-Amz-Signature=[^\\&"]*/g, 'X-Amz-Signature=<Signature>')
      .replace(/request id: [^,]*/g, 'request id: <request-id>')
      .replace(/host id: (<hex64>|0{64})/g, 'host id: <hex64>')
      .replace(/"latency":"[^"]*"/g, '"latency":"<duration>"')
      .replace(/\| [0-9.]+(ns|µs|ms|s) \|/g, '| <duration> |')
      .replace(/\b[0-9a-f]{64}\b/g, '<hex64>')
      // MinIO's scanner lags behind, ours counts at once.
      .replace(/"storage_usage":\{[^}]*\},"attribution":"\w+"/g, '<usage>')
      .replace(/"storage_total":\{[^}]*\}/g, '<storage-total>')
      .replace(/"next_page":"[^"]*"/g, '"next_page":"<page>"')
      // Each cluster's own: its version, and that it has a backend for /run.
      .replace(
        /"version":"[^"]*","git_commit":"[^"]*","architecture":"\w+","kubernetes_version":"[^"]*"(,"serverless_backend":\{[^}]*\})?/g,
        '<info>'
      )
      .replace(/"serverless_backend":"[^"]*",/g, '')
      .replaceAll('<minio-root-secret>', '<secret>')
      // A folder is there at once, a claim of Kubernetes waits.
      .replace(/"phase":"(pending|ready)"/g, '"phase":"<free>"')
      // How many services there are depends on what was recorded before.
      .replace(/"services_count_active":\d+/g, '"services_count_active":<n>')
      // Nobody told this cluster that there is a Prometheus.
      .replace(/"notes":"(?:[^"\\]|\\.)*"/g, '"notes":"<note>"')
      .replace(/"nodePort":\[[0-9,]*\]/g, '"nodePort":[<ports>]')
  );
}

/** The machine's values: what counts is which there are, and in which order. */
function normalizeStatus(text: string): string {
  return text.startsWith('{"cluster":')
    ? text.replace(/:\d+/g, ':<n>').replace(/"nodes":\[\{"name":"[^"]*"/, '"nodes":[{"name":"<node>"')
    : text;
}

/** States and times of jobs: here they really run, there they were walked through by hand. */
export function normalizeJobs(text: string): string {
  return text.startsWith('{"jobs":{')
    ? text
        .replace(/"status":"\w+"(,"(creation|start|finish)_time":"[^"]*")*/g, '"status":"<phase>"')
        .replace(/("[^"]*":\{"status":"<phase>"\},?)+/g, '<jobs>')
    : text;
}

export interface IDifference {
  id: string;
  request: string;
  expected: string;
  actual: string;
}

function authorization(entry: IEntry, context: IReplayContext): Record<string, string> {
  const { cluster } = context;
  const basic = (password: string): Record<string, string> => ({
    Authorization: `Basic ${Buffer.from(`${cluster.user}:${password}`).toString('base64')}`
  });
  switch (entry.auth) {
    case 'basic':
      return basic(cluster.password);
    case 'wrong':
      return basic('wrong');
    case 'none':
    case undefined:
      return {};
    case 'wrong-token':
      return { Authorization: `Bearer ${'f'.repeat(64)}` };
    default: {
      const token = context.bearer(entry.auth, entry);
      return token === undefined ? {} : { Authorization: `Bearer ${token}` };
    }
  }
}

function fill(text: string, context: IReplayContext): string {
  let result = text;
  for (const [placeholder, value] of Object.entries(context.values)) {
    result = result.replaceAll(placeholder, value);
  }
  return result
    .replaceAll('<page>', encodeURIComponent(context.page ?? ''))
    .replaceAll('<page-2>', encodeURIComponent(context.page ?? ''))
    .replaceAll('<page-3>', encodeURIComponent(context.page ?? ''))
    .replaceAll('<hex40>', 'a'.repeat(40));
}

/** Sends one recorded request and says how the answer differs; undefined: it does not. */
export async function replay(entry: IEntry, context: IReplayContext): Promise<IDifference | undefined> {
  const { request: asked, response: recorded } = entry;
  if (!asked || !recorded) {
    return undefined;
  }
  const headers = { ...authorization(entry, context) };
  for (const [name, value] of Object.entries(asked.headers ?? {})) {
    headers[name] = fill(value, context);
  }
  let path = fill(asked.path, context);
  // The identifier keeps the times that the path lost to the placeholder.
  if (path.includes('<rfc3339>') && entry.id.includes('?')) {
    path = path.slice(0, path.indexOf('?')) + entry.id.slice(entry.id.indexOf('?'));
  }
  path = path.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '<uuid>');
  if (path.includes('<uuid>') && context.job) {
    path = path.replace(/[^/]*-<uuid>/, context.job);
  }
  const body =
    asked.body === undefined || asked.body === null
      ? undefined
      : fill(typeof asked.body === 'string' ? asked.body : JSON.stringify(asked.body), context);
  const answer = await call(
    context.cluster.endpoint,
    asked.method,
    path.replace(/[^\x21-\x7e]+/g, encodeURIComponent),
    headers,
    body === undefined ? undefined : Buffer.from(body)
  );
  const next = /"next_page":"([^"]*)"/.exec(answer.body);
  context.page = next ? (JSON.parse(`"${next[1]}"`) as string) : context.page;
  const job = /^\{"jobs":\{"([^"]+)"/.exec(answer.body);
  context.job = job ? job[1] : context.job;
  const wanted = recorded.headers ?? {};
  const shown = (status: number, type: unknown, rest: unknown[], text: string): string =>
    `${normalize([status, type ?? '-', ...rest.filter(Boolean)].join('\n'), context)}\n${normalizeStatus(normalizeJobs(normalize(text, context)))}`;
  const text = (value: unknown): string =>
    value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const expected = shown(
    recorded.status,
    wanted['Content-Type'],
    [wanted.Location, wanted['WWW-Authenticate'], wanted['Set-Cookie']],
    text(recorded.body)
  );
  const actual = shown(
    answer.status,
    answer.headers['content-type'],
    [answer.headers.location, answer.headers['www-authenticate'], answer.headers['set-cookie']?.[0]],
    answer.body
  );
  return expected === actual
    ? undefined
    : {
        id: entry.id,
        request: `${entry.auth ?? ''} ${asked.method} ${asked.path} ${body?.slice(0, 300) ?? ''}`,
        expected,
        actual
      };
}
