import { Type } from '@sinclair/typebox';
import { Job, JobPage, LogSubscriptionRequest, Result, Submission } from '../../contract';
import type { BridgeApp } from '../app';
import { signalOf } from '../caller';
import type { IServerContext } from '../context';
import { sendText } from '../text-stream';
import { describe } from './describe';
import { ClusterPath, FollowQuery, IdPath, JobPath, WaitQuery } from './schemas';

const JobsQuery = Type.Object({
  service: Type.Optional(Type.String({ minLength: 1, description: 'Only jobs of this service.' })),
  page: Type.Optional(Type.String({ description: '`next` of the page before.' }))
});

/** Jobs, their logs and results, submissions that are followed, logs on the event stream. */
export function jobRoutes(app: BridgeApp, context: IServerContext): void {
  const { clusters, views, watcher } = context;
  const base = '/v1/clusters/:cluster/jobs';

  app.get(
    base,
    {
      schema: describe({
        summary: 'Jobs, newest first',
        params: ClusterPath,
        querystring: JobsQuery,
        response: { 200: JobPage }
      })
    },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      const { service, page } = request.query;
      const answer = await clusters.jobs(cluster, { service, page });
      views.sawJobs(cluster.id, answer.items, { complete: page === undefined && answer.next === undefined, service });
      return answer;
    }
  );

  app.get(
    `${base}/:job`,
    { schema: describe({ summary: 'One job', params: JobPath, response: { 200: Job } }) },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      const job = await clusters.job(cluster, request.params.job);
      views.sawJob(cluster.id, job.id, job);
      return job;
    }
  );

  app.delete(
    `${base}/:job`,
    { schema: describe({ summary: 'Delete the record and the log', params: JobPath, response: { 204: null } }) },
    async (request, reply) => {
      const cluster = await context.cluster(request.params.cluster);
      await clusters.deleteJob(cluster, request.params.job);
      views.sawJob(cluster.id, request.params.job, null);
      return reply.code(204).send();
    }
  );

  app.post(
    `${base}/:job/cancel`,
    { schema: describe({ summary: 'Stop a job', params: JobPath, response: { 200: Job } }) },
    async request => {
      const cluster = await context.cluster(request.params.cluster);
      const job = await clusters.cancelJob(cluster, request.params.job);
      views.sawJob(cluster.id, job.id, job);
      return job;
    }
  );

  app.post(
    `${base}/:job/retry`,
    {
      schema: describe({ summary: 'Run it again with the same input', params: JobPath, response: { 202: Submission } })
    },
    async (request, reply) => {
      const cluster = await context.cluster(request.params.cluster);
      const submission = await clusters.retryJob(cluster, request.params.job);
      watcher.kick(cluster.id);
      return reply.code(202).send(submission);
    }
  );

  app.get(
    `${base}/:job/log`,
    {
      schema: describe({
        summary: 'Log of a job',
        params: JobPath,
        querystring: FollowQuery,
        response: { 200: 'text/plain' }
      })
    },
    async (request, reply) => {
      const cluster = await context.cluster(request.params.cluster);
      const { job } = request.params;
      if (request.query.follow !== true) {
        const text = await clusters.jobLog(cluster, job);
        return reply.header('Content-Type', 'text/plain; charset=utf-8').send(text);
      }
      await clusters.job(cluster, job);
      return sendText(reply, clusters.followJobLog(cluster, job, { signal: signalOf(reply) }), context.log);
    }
  );

  app.get(
    `${base}/:job/result`,
    { schema: describe({ summary: 'What it returned', params: JobPath, response: { 200: Result } }) },
    async request => clusters.jobResult(await context.cluster(request.params.cluster), request.params.job)
  );

  app.get(
    '/v1/submissions/:id',
    {
      schema: describe({
        summary: 'State of a submission',
        params: IdPath,
        querystring: WaitQuery,
        response: { 200: Submission }
      })
    },
    async (request, reply) => clusters.submission(request.params.id, { ...request.query, signal: signalOf(reply) })
  );

  app.delete(
    '/v1/submissions/:id',
    { schema: describe({ summary: 'Cancel what still runs of it', params: IdPath, response: { 204: null } }) },
    async (request, reply) => {
      await clusters.cancelSubmission(request.params.id);
      return reply.code(204).send();
    }
  );

  app.post(
    '/v1/log-subscriptions',
    {
      schema: describe({
        summary: 'Follow a log on the event stream',
        body: LogSubscriptionRequest,
        response: { 201: Type.Object({ id: Type.String() }) }
      })
    },
    async (request, reply) => {
      const cluster = await context.cluster(request.body.cluster);
      const { job, service } = request.body;
      await (job === undefined ? clusters.service(cluster, service) : clusters.job(cluster, job));
      return reply.code(201).send({ id: context.logs.add({ ...request.body, cluster: cluster.id }) });
    }
  );

  app.delete(
    '/v1/log-subscriptions/:id',
    { schema: describe({ summary: 'Stop following', params: IdPath, response: { 204: null } }) },
    async (request, reply) => {
      context.logs.remove(request.params.id);
      return reply.code(204).send();
    }
  );
}
