import type { ILocalClusterOptions } from '../../../src/local-cluster/interfaces';
import { presignUrl } from '../../../src/local-cluster/api/presign';
import { eventually } from '../cluster';
import { call, type IEntry, type IReplayContext } from './replay';

/** A recorded file, and what has to be there that its entries do not make. */
export interface IScenario {
  file: string;
  options?: Partial<ILocalClusterOptions>;
  /** Users of the issuer; then it runs with OIDC. */
  oidc?: boolean;
  prepare?(context: IReplayContext): Promise<void>;
  /** Done before the entry of this id. */
  before?: Record<string, (context: IReplayContext) => Promise<void>>;
  /** Recorded with other settings of the manager, or cut short in the record: no statement about this cluster. */
  leaveOut?: (entry: IEntry) => string | undefined;
}

const basic = (context: IReplayContext): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${context.cluster.user}:${context.cluster.password}`).toString('base64')}`
});

async function make(context: IReplayContext, path: string, value: object): Promise<void> {
  const answer = await call(context.cluster.endpoint, 'POST', path, basic(context), Buffer.from(JSON.stringify(value)));
  if (answer.status !== 201) {
    throw new Error(`${path} ${JSON.stringify(value)}: ${answer.status} ${answer.body}`);
  }
}

const BASE = { cpu: '0.2', memory: '256Mi', image: 'registry.example/library/alpine', script: '#!/bin/sh\necho hi\n' };
const services =
  (...names: (string | object)[]) =>
  async (context: IReplayContext): Promise<void> => {
    for (const name of names) {
      await make(context, '/system/services', typeof name === 'string' ? { ...BASE, name } : { ...BASE, ...name });
    }
  };

/** Puts objects by a link that the manager makes. */
async function upload(context: IReplayContext, bucket: string, keys: Record<string, string>): Promise<void> {
  for (const [key, body] of Object.entries(keys)) {
    if (key.endsWith('/')) {
      continue;
    }
    const link = await call(
      context.cluster.endpoint,
      'POST',
      `/system/buckets/${bucket}/presign`,
      basic(context),
      Buffer.from(JSON.stringify({ object_key: key, operation: 'upload' }))
    );
    await fetch((JSON.parse(link.body) as { url: string }).url, { method: 'PUT', body });
  }
}

/** Waits until every job of the recorded service has ended. */
async function ended(context: IReplayContext): Promise<void> {
  await eventually(async () => {
    const answer = await call(context.cluster.endpoint, 'GET', '/system/logs/jobsvc', basic(context));
    return !/"status":"(Pending|Running|Suspended)"/.test(answer.body);
  }, 'the jobs end');
}

async function tokenOf(context: IReplayContext, service: string): Promise<string> {
  const answer = await call(context.cluster.endpoint, 'GET', `/system/services/${service}`, basic(context));
  return (JSON.parse(answer.body) as { token: string }).token;
}

/** Something that was removed between two recorded requests. */
const remove =
  (service: string) =>
  async (context: IReplayContext): Promise<void> => {
    await call(context.cluster.endpoint, 'DELETE', `/system/services/${service}`, basic(context));
  };

/** A folder's marker, by plain S3: links of the manager are for keys without a slash at the end. */
async function marker(context: IReplayContext, bucket: string, key: string): Promise<void> {
  const { s3 } = context.cluster;
  const url = presignUrl({
    endpoint: s3.endpoint,
    accessKey: s3.access_key,
    secretKey: s3.secret_key,
    region: s3.region,
    method: 'PUT',
    path: `/${bucket}/${key}`,
    seconds: 60,
    now: new Date(),
    headers: {},
    query: {}
  });
  await fetch(url, { method: 'PUT', body: '' });
}

const settings =
  (...prefixes: string[]) =>
  (entry: IEntry): string | undefined =>
    prefixes.some(prefix => entry.id.startsWith(prefix)) ? 'recorded with other settings of the manager' : undefined;

const numbered = (
  count: number,
  name: (index: number) => string,
  size: (index: number) => number
): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [name(index), 'x'.repeat(size(index))]));
const three = (index: number): string => `f${String(index).padStart(3, '0')}.txt`;

export const SCENARIOS: IScenario[] = [
  { file: 'general.json' },
  { file: 'r2-general.json' },
  { file: 'services.json' },
  {
    file: 'r2-services.json',
    prepare: async context => {
      await services({ name: 'expprobe', expose: { min_scale: 1, max_scale: 1, api_port: [8080], cpu_threshold: 80 } })(
        context
      ).catch(() => undefined);
      await call(context.cluster.endpoint, 'DELETE', '/system/services/expprobe', basic(context));
    },
    leaveOut: entry =>
      /(…|\.\.\.)<\d+ bytes>/.test(JSON.stringify(entry.request?.body ?? ''))
        ? 'the body is cut short in the record'
        : undefined,
    before: {
      'create-minimal': async context => {
        for (const name of ['x', 'volbad', 'expprobe']) {
          await call(context.cluster.endpoint, 'DELETE', `/system/services/${name}`, basic(context));
        }
      }
    }
  },
  {
    file: 'buckets.json',
    prepare: services({ name: 'cowsay', input: [{ storage_provider: 'minio', path: 'cowsay/in' }] }),
    before: {
      'read-page-1': context =>
        upload(context, 'data1', { ...numbered(75, three, index => index), 'dir/a b+ñ.txt': 'x' })
    }
  },
  {
    file: 'r2-buckets.json',
    before: {
      'read-page-1': async context => {
        await upload(context, 'data1', { ...numbered(75, three, index => index), 'dir/a b+ñ&<>.txt': 'x' });
        await marker(context, 'data1', 'dir/sub/');
      },
      'list-with-service': services({ name: 'bsvc', input: [{ storage_provider: 'minio', path: 'bsvc/in' }] })
    },
    leaveOut: entry =>
      settings('limit-')(entry) ?? (/raw|tagged/.test(entry.id) ? 'about a bucket made by plain S3' : undefined)
  },
  {
    file: 'r2-presign.json',
    prepare: async context => {
      await make(context, '/system/buckets', { bucket_name: 'data1' });
    },
    leaveOut: entry => (entry.id.startsWith('use-') ? 'an answer of MinIO, which test/s3 replays' : undefined)
  },
  {
    file: 'jobs.json',
    prepare: services('minimal'),
    before: { log: ended, 'list-after-delete': ended },
    leaveOut: entry =>
      /list-page|delete-finished|list-after-delete$/.test(entry.id) ? 'jobs that the record does not make' : undefined
  },
  {
    file: 'r2-jobs.json',
    prepare: services(
      { name: 'jobsvc', input: [{ storage_provider: 'minio', path: 'jobsvc/in' }] },
      'a-service-with-a-long-name',
      'twentyfour-characters-ab',
      'minimal',
      { name: 'voljob', volume: { size: '1Gi', mount_path: '/data' } },
      'failsvc',
      'slowsvc',
      'pullsvc',
      'unschedsvc'
    ),
    before: { 'log-succeeded': ended, 'delete-finished-jobsvc': ended },
    leaveOut: entry =>
      settings('kueue/', 'page-')(entry) ??
      (/slowsvc|pullsvc|unschedsvc|failsvc|not-scheduled/.test(entry.id)
        ? 'a pod that was held in a state by hand'
        : undefined) ??
      (/(…|\.\.\.)<\d+ bytes>/.test(JSON.stringify(entry.request?.body ?? ''))
        ? 'the body is cut short in the record'
        : undefined)
  },
  {
    file: 'r2-exposed.json',
    prepare: services('minimal'),
    leaveOut: entry => (/pull|degraded|gone|failed/.test(entry.id) ? 'a deployment that was broken by hand' : undefined)
  },
  {
    file: 'r2-volumes.json',
    before: { 'b-read-detached': remove('usevol7'), 'b-delete-kept': remove('reuse') },
    leaveOut: settings('volumes-off/', 'user/')
  },
  {
    file: 'r2-federation.json',
    prepare: services('fedsvc', { name: 'fedsecret', environment: { secrets: { refresh_token: 'r' } } })
  },
  { file: 'r2-metrics.json', prepare: services('minimal') },
  { file: 'r2-quotas.json', leaveOut: settings('kueue/') },
  {
    file: 'r2-status.json',
    prepare: services('sysjob'),
    before: {
      'system-logs': async context => {
        const token = { Authorization: `Bearer ${await tokenOf(context, 'sysjob')}` };
        for (const [path, headers] of [
          ['/job/sysjob', token],
          ['/job/sysjob', token],
          ['/job/sysjob', basic(context)],
          ['/job/ghost', basic(context)]
        ] as const) {
          await call(context.cluster.endpoint, 'POST', path, headers, Buffer.from('{}'));
        }
      }
    },
    leaveOut: settings(
      'bare/status-no',
      'bare/system-logs-no-pod',
      'status-no-node',
      'status-not-ready',
      'status-scaled',
      'system-logs-after'
    )
  },
  {
    file: 'other.json',
    prepare: services('minimal', { name: 'withvol', volume: { size: '1Gi', mount_path: '/data' } }),
    leaveOut: entry => (entry.id.includes('/system/status') ? 'no metrics API' : undefined)
  },
  { file: 'delete-keeping-data.json', oidc: true },
  {
    file: 'r2-run.json',
    oidc: true,
    leaveOut: entry =>
      /no-status|deployment-(unknown|false|true|gone)|include-true|read-gone|service-down|create-exposed|delete-unknown-user/.test(
        entry.id
      )
        ? 'about objects of Knative and Kueue'
        : undefined
  },
  { file: 'chain.json', prepare: services('minimal') },
  { file: 'chain-by-notification.json' },
  { file: 'oidc.json', oidc: true },
  { file: 'r2-oidc.json', oidc: true }
];
