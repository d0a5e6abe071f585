import { createBucketRoute, deleteBucket, listBuckets, readBucket, updateBucket } from './buckets';
import { clearData, health, readConfig, readData, readInfo, readStatus, updateConfig } from './cluster';
import { control, readDeployment, readDeploymentLogs } from './deployments';
import { changeFederation, readFederation } from './federation';
import type { IReply } from './http';
import { cancelJob, deleteJob, deleteJobs, listJobs, readJobLog, readSystemLog, runService, submitJob } from './jobs';
import type { IContext } from './manager';
import { readBreakdown, readMetrics, readServiceMetrics } from './metrics';
import { presign } from './presign';
import { readOwnQuota, readQuota, updateQuota } from './quotas';
import { authByCaller } from './service-auth';
import { createService, deleteService, listServices, readService, updateService } from './services';
import { streamEvents } from './streams';
import { createVolume, deleteVolume, listVolumes, readVolume } from './volumes';

/** Answers with a reply, or with `undefined` when it wrote the response itself. */
export type Handler = (context: IContext) => IReply | undefined | Promise<IReply | undefined>;

export interface IRoute {
  method: string;
  segments: string[];
  handler: Handler;
  /** `none`: everybody; `own`: the handler looks at the token itself. */
  auth: 'system' | 'none' | 'own';
  /** Not there in a strict cluster. */
  ours?: boolean;
}

const route = (method: string, path: string, handler: Handler, auth: IRoute['auth'] = 'system'): IRoute => ({
  method,
  segments: path.split('/').slice(1),
  handler,
  auth
});
const ours = (method: string, path: string, handler: Handler): IRoute => ({
  ...route(method, path, handler),
  ours: true
});

/** Everything that the manager answers; `/run` is there because this cluster has a serverless backend of its own. */
export const ROUTES: readonly IRoute[] = [
  route('GET', '/health', health, 'none'),
  route('GET', '/system/info', readInfo),
  route('GET', '/system/config', readConfig),
  route('PUT', '/system/config', updateConfig),
  route('GET', '/system/status', readStatus),
  ours('GET', '/system/data', readData),
  ours('POST', '/system/data/clear', clearData),
  ours('GET', '/system/events', streamEvents),
  route('GET', '/system/services', listServices),
  route('POST', '/system/services', createService),
  route('PUT', '/system/services', updateService),
  route('GET', '/system/services/:name', readService),
  route('DELETE', '/system/services/:name', deleteService),
  route('GET', '/system/services/:name/auth', authByCaller),
  route('GET', '/system/services/:name/deployment', readDeployment),
  route('GET', '/system/services/:name/deployment/logs', readDeploymentLogs),
  route('POST', '/system/services/:name/stop', control('stop')),
  route('POST', '/system/services/:name/start', control('start')),
  route('POST', '/system/services/:name/restart', control('restart')),
  route('GET', '/system/federation/:name', readFederation),
  route('POST', '/system/federation/:name', changeFederation('add')),
  route('PUT', '/system/federation/:name', changeFederation('replace')),
  route('DELETE', '/system/federation/:name', changeFederation('remove')),
  route('GET', '/system/volumes', listVolumes),
  route('POST', '/system/volumes', createVolume),
  route('GET', '/system/volumes/:volume', readVolume),
  route('DELETE', '/system/volumes/:volume', deleteVolume),
  route('GET', '/system/buckets', listBuckets),
  route('POST', '/system/buckets', createBucketRoute),
  route('PUT', '/system/buckets', updateBucket),
  route('GET', '/system/buckets/:bucket', readBucket),
  route('DELETE', '/system/buckets/:bucket', deleteBucket),
  route('POST', '/system/buckets/:bucket/presign', presign),
  route('GET', '/system/logs', readSystemLog),
  route('GET', '/system/logs/:name', listJobs),
  route('DELETE', '/system/logs/:name', deleteJobs),
  route('GET', '/system/logs/:name/:job', readJobLog),
  route('DELETE', '/system/logs/:name/:job', deleteJob),
  ours('POST', '/system/logs/:name/:job/cancel', cancelJob),
  route('GET', '/system/metrics', readMetrics),
  route('GET', '/system/metrics/breakdown', readBreakdown),
  route('GET', '/system/metrics/:name', readServiceMetrics),
  route('GET', '/system/quotas/user', readOwnQuota),
  route('GET', '/system/quotas/user/:uid', readQuota),
  route('PUT', '/system/quotas/user/:uid', updateQuota),
  route('POST', '/job/:name', submitJob, 'own'),
  route('POST', '/run/:name', runService, 'own')
];

export interface IMatch {
  route: IRoute;
  params: Record<string, string>;
}

/** The route of a method and a decoded path; fixed segments go before named ones. */
export function findRoute(method: string, path: string, strict: boolean): IMatch | undefined {
  const segments = path.split('/').slice(1);
  let found: IMatch | undefined;
  for (const each of ROUTES) {
    if (each.method !== method || each.segments.length !== segments.length || (strict && each.ours)) {
      continue;
    }
    const params: Record<string, string> = {};
    const fits = each.segments.every((segment, index) => {
      if (!segment.startsWith(':')) {
        return segment === segments[index];
      }
      params[segment.slice(1)] = segments[index];
      return segments[index] !== '';
    });
    if (fits) {
      if (Object.keys(params).length === 0) {
        return { route: each, params };
      }
      found ??= { route: each, params };
    }
  }
  return found;
}
