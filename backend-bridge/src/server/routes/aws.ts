import { setTimeout as delay } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import {
  AwsApi,
  AwsBatchJob,
  AwsContext,
  AwsContextChange,
  AwsDeletionPreview,
  AwsEmulator,
  AwsFunction,
  AwsInvocation,
  AwsInvokeRequest,
  AwsMetrics,
  AwsOrphan,
  AwsProcessRequest,
  AwsProfile,
  Bucket,
  Operation
} from '../../contract';
import { BridgeError } from '../../http/errors';
import type { BridgeApp } from '../app';
import { callerOf, signalOf } from '../caller';
import type { IServerContext } from '../context';
import { sendText } from '../text-stream';
import { describe } from './describe';
import { objectRoutes } from './objects';
import { IdPath } from './schemas';

/** Instead of the chosen account: of one call. */
const selection = {
  profile: Type.Optional(Type.String({ maxLength: 256, description: 'Of ~/.aws; default: the chosen one.' })),
  region: Type.Optional(Type.String({ maxLength: 64, description: 'Default: the chosen one.' }))
};
const Selection = Type.Object(selection);
const NamePath = Type.Object({ name: Type.String() });
const BucketPath = Type.Object({ bucket: Type.String() });
const ObjectPath = Type.Object({ bucket: Type.String(), '*': Type.String({ description: 'Key of the object.' }) });
/** A file goes into a call by its reference; text and JSON go in here. */
const BODY = 16 * 1024 * 1024;

const itemsOf = <T extends Parameters<typeof Type.Array>[0]>(type: T) => Type.Object({ items: Type.Array(type) });

/** AWS is far away: what it refuses is known so late, in milliseconds. */
const FIRST_WORD = 5000;

/** Waits for the first piece, so that a log that cannot be read is answered with a status; one that is silent begins anyway. */
async function primed(source: AsyncIterable<string>): Promise<AsyncIterable<string>> {
  const iterator = source[Symbol.asyncIterator]();
  const first = iterator.next();
  await Promise.race([first, delay(FIRST_WORD, undefined, { ref: false })]);
  return (async function* () {
    try {
      for (let item = await first; item.done !== true; item = await iterator.next()) {
        yield item.value;
      }
    } finally {
      await iterator.return?.();
    }
  })();
}

/** SCAR: container functions on AWS. */
export function awsRoutes(app: BridgeApp, context: IServerContext): void {
  contextRoutes(app, context);
  functionRoutes(app, context);
  batchRoutes(app, context);
  const { scar } = context;
  const base = '/v1/aws/buckets';
  app.get(
    base,
    {
      schema: describe({
        summary: 'Buckets of the account',
        querystring: Selection,
        response: { 200: itemsOf(Bucket) }
      })
    },
    async request => ({ items: await scar.buckets(request.query) })
  );
  const NewBucket = Type.Object(
    { name: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', description: 'As S3 wants it.' }) },
    { additionalProperties: false }
  );
  app.post(
    base,
    {
      schema: describe({
        summary: 'Make a bucket in the chosen region',
        body: NewBucket,
        querystring: Selection,
        response: { 201: Bucket }
      })
    },
    async (request, reply) => {
      await (await scar.storage(request.query)).createBucket(request.body.name);
      return reply.code(201).send({ name: request.body.name });
    }
  );
  app.delete(
    `${base}/:bucket`,
    {
      schema: describe({
        summary: 'Remove an empty bucket',
        params: BucketPath,
        querystring: Selection,
        response: { 204: null }
      })
    },
    async (request, reply) => {
      await (await scar.storage(request.query)).deleteBucket(request.params.bucket);
      return reply.code(204).send();
    }
  );
  objectRoutes(app, {
    base,
    bucketPath: BucketPath,
    objectPath: ObjectPath,
    query: selection,
    storage: ({ query }) => scar.storage(query)
  });
}

function contextRoutes(app: BridgeApp, { scar }: IServerContext): void {
  app.get(
    '/v1/aws/context',
    {
      schema: describe({
        summary: 'The account and region that calls go to',
        querystring: Selection,
        response: { 200: AwsContext }
      })
    },
    async request => scar.context(request.query)
  );
  app.put(
    '/v1/aws/context',
    {
      schema: describe({
        summary: 'Choose profile, region, role, address, or the emulator',
        body: AwsContextChange,
        response: { 200: AwsContext }
      })
    },
    async request => {
      const { endpoint } = request.body;
      if (endpoint && callerOf(request) === 'page' && endpoint !== (await scar.emulator()).endpoint) {
        throw new BridgeError({
          type: 'forbidden',
          title: 'Not from the page',
          status: 403,
          detail: 'Keys of AWS would be used at an address that the page chose.',
          action: 'Choose the address on the command line: jupyter oscar scar config --endpoint-url.'
        });
      }
      return scar.change(request.body);
    }
  );
  app.get(
    '/v1/aws/profiles',
    { schema: describe({ summary: 'Profiles of ~/.aws', response: { 200: itemsOf(AwsProfile) } }) },
    async () => ({ items: scar.profiles() })
  );
  app.get(
    '/v1/aws/emulator',
    { schema: describe({ summary: 'The local AWS emulator', response: { 200: AwsEmulator } }) },
    async () => scar.emulator()
  );
  app.post(
    '/v1/aws/emulator/start',
    { schema: describe({ summary: 'Start the emulator', response: { 200: AwsEmulator } }) },
    async () => scar.startEmulator()
  );
  app.post(
    '/v1/aws/emulator/stop',
    { schema: describe({ summary: 'Stop the emulator; all in it is gone', response: { 200: AwsEmulator } }) },
    async () => scar.stopEmulator()
  );
}

function functionRoutes(app: BridgeApp, context: IServerContext): void {
  const { scar, operations } = context;
  const base = '/v1/aws/functions';
  app.get(
    base,
    {
      schema: describe({
        summary: 'Functions with the tags of SCAR',
        querystring: Selection,
        response: { 200: itemsOf(AwsFunction) }
      })
    },
    async request => ({ items: await scar.functions(request.query) })
  );
  app.get(
    `${base}/:name`,
    {
      schema: describe({
        summary: 'A function with its FDL and what has changed since',
        params: NamePath,
        querystring: Selection,
        response: { 200: AwsFunction }
      })
    },
    async request => scar.function(request.params.name, request.query)
  );
  app.get(
    `${base}/:name/deletion`,
    {
      schema: describe({
        summary: 'What a deletion takes, and what stays',
        params: NamePath,
        querystring: Selection,
        response: { 200: AwsDeletionPreview }
      })
    },
    async request => scar.deletionPreview(request.params.name, request.query)
  );
  app.delete(
    `${base}/:name`,
    {
      schema: describe({
        summary: 'Delete a function with all that is its own; buckets stay',
        params: NamePath,
        querystring: Selection,
        response: { 202: Operation }
      })
    },
    async (request, reply) => {
      const { name } = request.params;
      const { query } = request;
      // One that is not there is told at once.
      await scar.deletionPreview(name, query);
      const operation = operations.start({ kind: 'aws-delete', title: `Delete ${name}` }, handle =>
        scar.remove(name, { ...query, onSteps: steps => handle.steps(steps), signal: handle.signal })
      );
      return reply.code(202).send(operation);
    }
  );
  app.post(
    `${base}/:name/invoke`,
    {
      bodyLimit: BODY,
      schema: describe({
        summary: 'Call a function',
        params: NamePath,
        querystring: Selection,
        body: AwsInvokeRequest,
        response: { 200: AwsInvocation }
      })
    },
    async (request, reply) => {
      const { file, ...rest } = request.body;
      const input = file === undefined ? undefined : await context.files.input(file, callerOf(request));
      return scar.invoke(
        request.params.name,
        { request: rest, ...(input === undefined ? {} : { file: input }), signal: signalOf(reply) },
        request.query
      );
    }
  );
  app.post(
    `${base}/:name/process`,
    {
      schema: describe({
        summary: 'One call for each object that is there',
        params: NamePath,
        querystring: Selection,
        body: AwsProcessRequest,
        response: { 202: Operation }
      })
    },
    async (request, reply) => {
      const { name } = request.params;
      const { query, body } = request;
      const operation = operations.start({ kind: 'aws-process', title: `Process with ${name}` }, handle =>
        scar.process(name, body, { ...query, onSteps: steps => handle.steps(steps), signal: handle.signal })
      );
      return reply.code(202).send(operation);
    }
  );
  const LogQuery = Type.Object({
    ...selection,
    request: Type.Optional(Type.String({ description: 'Id of a call, or of a job of Batch.' })),
    stream: Type.Optional(Type.String()),
    since: Type.Optional(Type.String({ description: 'ISO 8601.' })),
    follow: Type.Optional(Type.Boolean({ description: 'Stay and send what is added.' }))
  });
  app.get(
    `${base}/:name/log`,
    {
      schema: describe({
        summary: 'Log of a function',
        params: NamePath,
        querystring: LogQuery,
        response: { 200: 'text/plain' }
      })
    },
    async (request, reply) =>
      sendText(
        reply,
        await primed(scar.log(request.params.name, { ...request.query, signal: signalOf(reply) })),
        context.log
      )
  );
  const MetricsQuery = Type.Object({
    ...selection,
    hours: Type.Optional(Type.Number({ minimum: 1, maximum: 24 * 90, description: 'Default 24.' }))
  });
  app.get(
    `${base}/:name/metrics`,
    {
      schema: describe({
        summary: 'Calls, errors, durations and cost',
        params: NamePath,
        querystring: MetricsQuery,
        response: { 200: AwsMetrics }
      })
    },
    async request => {
      const { hours = 24, ...query } = request.query;
      return scar.metrics(request.params.name, hours, query);
    }
  );
}

function batchRoutes(app: BridgeApp, context: IServerContext): void {
  const { scar, operations } = context;
  const base = '/v1/aws/batch-jobs';
  app.get(
    base,
    {
      schema: describe({
        summary: 'Jobs of Batch, newest first',
        querystring: Type.Object({ ...selection, function: Type.Optional(Type.String()) }),
        response: { 200: itemsOf(AwsBatchJob) }
      })
    },
    async request => ({ items: await scar.batchJobs(request.query) })
  );
  app.get(
    `${base}/:id`,
    {
      schema: describe({
        summary: 'A job of Batch',
        params: IdPath,
        querystring: Selection,
        response: { 200: AwsBatchJob }
      })
    },
    async request => scar.batchJob(request.params.id, request.query)
  );
  app.get(
    `${base}/:id/log`,
    {
      schema: describe({
        summary: 'What a job has written',
        params: IdPath,
        querystring: Type.Object({ ...selection, follow: Type.Optional(Type.Boolean()) }),
        response: { 200: 'text/plain' }
      })
    },
    async (request, reply) => {
      const { id } = request.params;
      return sendText(
        reply,
        await primed(scar.batchLog(id, { ...request.query, signal: signalOf(reply) })),
        context.log
      );
    }
  );
  app.post(
    `${base}/:id/cancel`,
    {
      schema: describe({
        summary: 'Stop a job of Batch',
        params: IdPath,
        querystring: Selection,
        response: { 200: AwsBatchJob }
      })
    },
    async request => scar.cancelBatchJob(request.params.id, request.query)
  );
  app.get(
    '/v1/aws/apis',
    {
      schema: describe({
        summary: 'HTTP addresses of functions',
        querystring: Selection,
        response: { 200: itemsOf(AwsApi) }
      })
    },
    async request => ({ items: await scar.apis(request.query) })
  );
  app.get(
    '/v1/aws/orphans',
    {
      schema: describe({
        summary: 'What belongs to no function any more',
        querystring: Selection,
        response: { 200: itemsOf(AwsOrphan) }
      })
    },
    async request => ({ items: await scar.orphans(request.query) })
  );
  app.post(
    '/v1/aws/orphans/remove',
    {
      schema: describe({
        summary: 'Remove orphans',
        querystring: Selection,
        body: Type.Object({ ids: Type.Array(Type.String(), { minItems: 1 }) }, { additionalProperties: false }),
        response: { 202: Operation }
      })
    },
    async (request, reply) => {
      const { ids } = request.body;
      const { query } = request;
      const operation = operations.start({ kind: 'aws-delete', title: `Remove ${ids.length} orphans` }, handle =>
        scar.removeOrphans(ids, { ...query, onSteps: steps => handle.steps(steps), signal: handle.signal })
      );
      return reply.code(202).send(operation);
    }
  );
}
