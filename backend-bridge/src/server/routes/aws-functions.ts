import { Type } from '@sinclair/typebox';
import {
  AwsDeletionPreview,
  AwsFunction,
  AwsInvocation,
  AwsInvokeRequest,
  AwsMetrics,
  AwsProcessRequest,
  Operation
} from '../../contract';
import type { BridgeApp } from '../app';
import { callerOf, signalOf } from '../caller';
import type { IServerContext } from '../context';
import { begin, listRoute, selection, Selection, sendLog } from './aws-shared';
import { describe } from './describe';

const NamePath = Type.Object({ name: Type.String() });
/** A file goes into a call by its reference; text and JSON go in here. */
const BODY = 16 * 1024 * 1024;

/** Functions: what they are, their calls, logs and figures. */
export function awsFunctionRoutes(app: BridgeApp, context: IServerContext): void {
  const { scar } = context;
  const base = '/v1/aws/functions';
  listRoute(app, base, 'Functions with the tags of SCAR', AwsFunction, query => scar.functions(query));
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
      const operation = begin(context, { kind: 'aws-delete', title: `Delete ${name}` }, query, options =>
        scar.remove(name, options)
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
      const operation = begin(context, { kind: 'aws-process', title: `Process with ${name}` }, query, options =>
        scar.process(name, body, options)
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
      sendLog(reply, scar.log(request.params.name, { ...request.query, signal: signalOf(reply) }), context)
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
