import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster, Submission } from '../contract';
import { BridgeError, redact } from '../http';
import type { ClusterConnection } from './connection';
import { deleteService, previewDeletion } from './deletion';
import { applyOn, checkOn, planOn } from './deploy';
import { callExposed, upgradeExposed } from './exposed';
import type { IClusters, IClustersOptions, IInputFile } from './facade';
import type { ICluster } from './interfaces';
import { invoke, jobResult, type IInvokeContext } from './invoke';
import { Jobs } from './jobs';
import { ClusterRegistry } from './registry';
import { ResultStore } from './results';
import { clusterLoad, controlService, describeService, listServices, serviceLog } from './service-actions';
import { Submissions } from './submissions';
import { withoutToken } from './outputs';

/** Puts this room together. */
export function createClusters(options: IClustersOptions): IClusters {
  mkdirSync(options.data, { recursive: true, mode: 0o700 });
  chmodSync(options.data, 0o700);
  const log = (line: string): void => options.log?.(redact(line));
  const registry = new ClusterRegistry({
    data: options.data,
    log,
    tokens: options.tokens,
    onChange: (connection, removed) => {
      if (removed) {
        options.onEvent?.({ type: 'cluster', cluster: goneCluster(connection), removed: true });
      } else {
        void connection.describe().then(cluster => options.onEvent?.({ type: 'cluster', cluster }));
      }
    }
  });
  const jobs = new Jobs();
  const results = new ResultStore({ folder: join(options.data, 'results'), log });
  const submissions = new Submissions({
    data: options.state ?? options.data,
    jobs,
    cluster: id => registry.get(id),
    onChange: submission => options.onEvent?.({ type: 'submission', submission }),
    log
  });
  const context: IInvokeContext = { results, submissions, jobs };
  const own = (cluster: ICluster): ClusterConnection => registry.get(cluster.id);

  const retryJob = async (cluster: ICluster, id: string): Promise<Submission> => {
    const { service, remote } = await jobs.find(cluster, id);
    const kept = submissions.itemOfJob(cluster.id, id);
    const job = await jobs.view(cluster, service, remote);
    const object =
      kept?.bucket !== undefined && kept.objectKey !== undefined
        ? { bucket: kept.bucket, key: kept.objectKey }
        : job.input;
    if (!object) {
      throw new BridgeError({
        type: 'invalid',
        title: 'Its input is not known',
        status: 409,
        detail: `The cluster does not tell which file started "${id}".`,
        action: 'Submit the file again.'
      });
    }
    // Under its own name again: a token in a token would show in the names of its outputs.
    const name = kept?.source.name ?? withoutToken(object.key.slice(object.key.lastIndexOf('/') + 1), kept?.token);
    const file: IInputFile = {
      file: kept?.view.file ?? name,
      name,
      object: { bucket: object.bucket, key: object.key }
    };
    return submissions.submit(cluster, service.name, [file]);
  };

  return {
    registry,
    describeAll: () => Promise.all(registry.list().map(cluster => cluster.describe())),
    load: clusterLoad,
    services: listServices,
    service: describeService,
    controlService,
    deletionPreview: previewDeletion,
    deleteService: async (cluster, name, data) => {
      const result = await deleteService(cluster, name, data, log);
      options.onEvent?.({ type: 'service', cluster: cluster.id, name, service: null });
      return result;
    },
    serviceLog: (cluster, name, logOptions) => serviceLog(own(cluster), name, logOptions),
    exposed: (cluster, name, request) => callExposed(own(cluster), name, request),
    upgradeExposed: (cluster, name, request) => upgradeExposed(own(cluster), name, request),
    check: (cluster, source) => checkOn(cluster && own(cluster), source),
    plan: (cluster, source, planOptions) => planOn(own(cluster), source, planOptions),
    apply: (cluster, source, applyOptions) => applyOn(own(cluster), source, applyOptions),
    jobs: (cluster, jobOptions) => jobs.page(cluster, jobOptions),
    job: (cluster, id) => jobs.job(cluster, id),
    jobLog: async (cluster, id) => {
      const { service } = await jobs.find(cluster, id);
      return (await cluster.client.jobLog(service.name, id)) ?? '';
    },
    followJobLog: async function* (cluster, id, followOptions) {
      const { service } = await jobs.find(cluster, id);
      yield* cluster.client.followJobLog(service.name, id, followOptions);
    },
    jobResult: (cluster, id) => jobResult(context, cluster, id),
    cancelJob: async (cluster, id) => {
      const { service, remote } = await jobs.find(cluster, id);
      await cluster.client.cancelJob(service.name, id);
      const view = await jobs.view(cluster, service, remote);
      // On a plain OSCAR a cancelled job is a deleted one: it is told once more as what it was.
      return cluster.client.features.has('job-cancel')
        ? jobs.job(cluster, id)
        : { ...view, state: 'cancelled' as const };
    },
    deleteJob: async (cluster, id) => {
      const { service } = await jobs.find(cluster, id);
      await cluster.client.deleteJob(service.name, id);
      options.onEvent?.({ type: 'job', cluster: cluster.id, id, job: null });
    },
    retryJob,
    submit: (cluster, service, files) => submissions.submit(cluster, service, files),
    submission: (id, waitOptions) => submissions.wait(id, waitOptions),
    cancelSubmission: id => submissions.cancel(id),
    invoke: (cluster, service, input, invokeOptions) => invoke(context, own(cluster), service, input, invokeOptions),
    result: (id, file) => results.get(id, file),
    running: () => submissions.running(),
    resume: resumeOptions => submissions.resume(resumeOptions),
    close: async () => {
      await submissions.close();
      results.close();
      registry.dispose();
    }
  };
}

function goneCluster(connection: ClusterConnection): Cluster {
  return {
    id: connection.id,
    endpoint: connection.endpoint,
    state: 'unknown',
    features: [],
    current: false,
    removable: true
  };
}
