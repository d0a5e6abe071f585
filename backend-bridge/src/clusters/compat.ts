import type { DataUsage } from '../contract';
import type { IOscarService, IStorageIO } from '../fdl/service';
import type { IRemoteJob } from './interfaces';

/** `v4.1.2` → [4, 1, 2]. `devel` and the like count as the newest. */
export function versionOf(text: string | undefined): [number, number, number] {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? '');
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : [999, 0, 0];
}

/** True when `version` is at least `major.minor.patch`. */
export function atLeast(version: string | undefined, major: number, minor: number, patch = 0): boolean {
  const [a, b, c] = versionOf(version);
  return a !== major ? a > major : b !== minor ? b > minor : c >= patch;
}

type Json = Record<string, unknown>;

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown): Json {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function textMap(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(record(value)).map(([key, item]) => [key, text(item)]));
}

function paths(value: unknown): IStorageIO[] {
  return Array.isArray(value)
    ? value
        .filter(isRecord)
        .map(item => ({ ...item, storage_provider: text(item['storage_provider']), path: text(item['path']) }))
    : [];
}

function ports(value: unknown): number[] | undefined {
  if (typeof value === 'number') {
    return value === 0 ? undefined : [value];
  }
  return Array.isArray(value) ? value.filter((item): item is number => typeof item === 'number') : undefined;
}

/**
 * A service as any version answers it, in the shape of 4.1: no null where a list or a map belongs, ports as lists,
 * `environment.Variables` (before 3.4) as `variables`.
 */
export function readService(value: unknown): IOscarService {
  const source = record(value);
  const environment = record(source['environment']);
  const expose = record(source['expose']);
  const apiPort = ports(expose['api_port']);
  const nodePort = ports(expose['nodePort']);
  const result: Json = {
    ...source,
    name: text(source['name']),
    memory: text(source['memory']),
    cpu: text(source['cpu']),
    image: text(source['image']),
    script: text(source['script']),
    token: text(source['token']),
    owner: text(source['owner']),
    visibility: text(source['visibility']),
    input: paths(source['input']),
    output: paths(source['output']),
    labels: textMap(source['labels']),
    annotations: textMap(source['annotations']),
    allowed_users: texts(source['allowed_users']),
    bucket_list: texts(source['bucket_list']),
    environment: {
      variables: textMap(environment['variables'] ?? environment['Variables']),
      secrets: textMap(environment['secrets'])
    }
  };
  const exposed: Json = { ...expose };
  delete exposed['api_port'];
  delete exposed['nodePort'];
  if (apiPort?.length) {
    exposed['api_port'] = apiPort;
  }
  if (nodePort?.length) {
    exposed['nodePort'] = nodePort;
  }
  result['expose'] = exposed;
  result['mount'] = {
    ...record(source['mount']),
    storage_provider: text(record(source['mount'])['storage_provider']),
    path: text(record(source['mount'])['path'])
  };
  return result as unknown as IOscarService;
}

/** A service as this version takes it. What only answers hold is left out. */
export function writeService(service: Partial<IOscarService>, version: string | undefined): Json {
  const result: Json = { ...service };
  for (const answered of ['deployment', 'volume_status', 'token']) {
    delete result[answered];
  }
  // The cluster adds to the list that it is sent, for isolation USER; otherwise the list says which of these buckets stay.
  if (text(result['isolation_level']).toUpperCase() === 'USER' || texts(result['bucket_list']).length === 0) {
    delete result['bucket_list'];
  }
  if (service.expose && !atLeast(version, 4, 1)) {
    const expose: Json = { ...service.expose };
    for (const name of ['api_port', 'nodePort']) {
      const list = ports(expose[name]);
      delete expose[name];
      if (list?.length) {
        expose[name] = list[0];
      }
    }
    result['expose'] = expose;
  }
  if (service.environment && !atLeast(version, 3, 4)) {
    result['environment'] = { Variables: { ...service.environment.variables, ...service.environment.secrets } };
  }
  return result;
}

/**
 * A copy whose secrets are safe to write: a GET answers every secret as an empty text, and a PUT stores what it is sent, so
 * secrets stay out unless all of them have a value.
 */
export function withoutReadSecrets(service: Partial<IOscarService>): Partial<IOscarService> {
  const secrets = service.environment?.secrets;
  if (!service.environment || !secrets) {
    return service;
  }
  const values = Object.values(secrets);
  if (values.length > 0 && values.every(value => value !== '')) {
    return service;
  }
  const { secrets: _left, ...environment } = service.environment;
  return { ...service, environment: environment as IOscarService['environment'] };
}

function time(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The job list of any version: bare map before 3.6.4, `{jobs, next_page}` since. Newest first. */
export function readJobs(value: unknown): { jobs: IRemoteJob[]; next?: string } {
  const source = record(value);
  const wrapped = 'jobs' in source && !('status' in record(source['jobs']));
  const map = wrapped ? record(source['jobs']) : source;
  const next = wrapped ? source['next_page'] : undefined;
  const jobs = Object.entries(map)
    .filter(([, item]) => isRecord(item) && 'status' in item)
    .map(([name, item]) => {
      const job = item as Json;
      return {
        ...job,
        name,
        status: text(job['status']),
        creation_time: time(job['creation_time']),
        start_time: time(job['start_time']),
        finish_time: time(job['finish_time'])
      } as IRemoteJob;
    });
  // A job without a time has no pod yet: it is the newest of all.
  const stamp = (job: IRemoteJob): string => job.creation_time ?? job.start_time ?? '9';
  jobs.sort((a, b) => (stamp(a) < stamp(b) ? 1 : stamp(a) > stamp(b) ? -1 : 0));
  return { jobs, ...(typeof next === 'string' && next !== '' ? { next } : {}) };
}

/** What `GET /system/data` (feature `data-usage`) answers, as the contract shows it. */
export function readUsage(value: unknown): DataUsage {
  const source = record(value);
  const number = (part: Json, key: string): number => (typeof part[key] === 'number' ? (part[key] as number) : 0);
  const buckets = record(source['buckets']);
  const jobs = record(source['jobs']);
  const environments = record(source['environments']);
  const parts = [
    {
      id: 'objects',
      bytes: number(buckets, 'bytes'),
      clearable: 0,
      detail: `${number(buckets, 'objects')} objects in ${number(buckets, 'count')} buckets; delete them there`
    },
    {
      id: 'jobs',
      bytes: number(jobs, 'bytes'),
      clearable: number(jobs, 'clearable'),
      detail: 'Records and logs of jobs'
    },
    {
      id: 'environments',
      bytes: number(environments, 'bytes'),
      clearable: number(environments, 'clearable'),
      detail: 'Python environments of services'
    }
  ];
  return { path: text(source['path']), total: parts.reduce((sum, part) => sum + part.bytes, 0), parts };
}
