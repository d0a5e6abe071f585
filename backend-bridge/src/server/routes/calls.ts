import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { Type, type Static } from '@sinclair/typebox';
import type { IInputFile, IInvokeOptions } from '../../clusters/facade';
import { FileRef, Result, Submission, SubmissionRequest } from '../../contract';
import type { BridgeApp } from '../app';
import { callerOf, signalOf } from '../caller';
import type { IServerContext } from '../context';
import { foreignHeaders } from '../foreign';
import { checkFileName } from '../names';
import { invalid } from '../problem';
import { spool } from '../spool';
import { validate } from '../validate';
import { describe } from './describe';
import { ServicePath } from './schemas';

/** A reference instead of the file itself. */
const REFERENCE = 'application/vnd.oscar.file+json';
const MAX_REFERENCE = 64 * 1024;

const EXTENSIONS: Record<string, string> = {
  'application/json': 'json',
  'text/plain': 'txt',
  'text/csv': 'csv',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'application/pdf': 'pdf',
  'application/zip': 'zip'
};

const InvokeQuery = Type.Object({
  path: Type.Optional(Type.String({ description: 'Of an exposed service: where to send the input, below its root.' })),
  method: Type.Optional(Type.Union([Type.Literal('GET'), Type.Literal('POST'), Type.Literal('PUT')]))
});

/** Calls of services with files: synchronous ones, submissions, and the files of synchronous results. */
export function callRoutes(app: BridgeApp, context: IServerContext): void {
  const { clusters, watcher } = context;

  app.post(
    '/v1/clusters/:cluster/services/:service/submissions',
    {
      schema: describe({
        summary: 'One job for each file',
        params: ServicePath,
        body: SubmissionRequest,
        response: { 202: Submission }
      })
    },
    async (request, reply) => {
      const cluster = await context.cluster(request.params.cluster);
      const caller = callerOf(request);
      const files: IInputFile[] = [];
      for (const ref of request.body.files) {
        files.push(await context.files.input(ref, caller));
      }
      const submission = await clusters.submit(cluster, request.params.service, files);
      watcher.kick(cluster.id);
      return reply.code(202).send(submission);
    }
  );

  void app.register(async scope => {
    passBodies(scope as unknown as BridgeApp);
    (scope as unknown as BridgeApp).post(
      '/v1/clusters/:cluster/services/:service/invoke',
      {
        schema: describe({
          summary: 'Call a service and wait for what it returns',
          params: ServicePath,
          querystring: InvokeQuery,
          headers: Type.Object({
            'x-oscar-filename': Type.Optional(Type.String({ description: 'Name of the input, percent-encoded.' }))
          }),
          bodyTypes: [REFERENCE, '*/*'],
          response: { 200: Result }
        })
      },
      async (request, reply) => {
        const cluster = await context.cluster(request.params.cluster);
        const signal = signalOf(reply);
        const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
        if (type === REFERENCE) {
          const ref = validate<FileRef>(FileRef, await readJson(request.raw), 'body');
          const input = await context.files.input(ref, callerOf(request));
          return clusters.invoke(cluster, request.params.service, input, { signal, ...exposedAt(request.query) });
        }
        const name = inputName(request.headers['x-oscar-filename'], type);
        const body = await spool(request.raw, context.spool);
        try {
          const input: IInputFile = {
            file: name,
            name,
            ...(body.path === undefined ? { data: body.data } : { path: body.path })
          };
          const exposed = exposedAt(request.query, type === '' ? undefined : type);
          return await clusters.invoke(cluster, request.params.service, input, { signal, ...exposed });
        } finally {
          await body.dispose();
        }
      }
    );
  });

  const ResultPath = Type.Object({ id: Type.String(), file: Type.String() });
  const ResultQuery = Type.Object({ download: Type.Optional(Type.Boolean()) });
  app.get(
    '/v1/results/:id/:file',
    {
      schema: describe({
        summary: 'A file of a synchronous result',
        params: ResultPath,
        querystring: ResultQuery,
        response: { 200: '*/*' }
      })
    },
    async (request, reply) => {
      const file = await clusters.result(request.params.id, request.params.file);
      return reply
        .headers(foreignHeaders({ type: file.mediaType, name: file.name, download: request.query.download }))
        .header('Content-Length', file.size)
        .send(createReadStream(file.path));
    }
  );
}

/** Options of a call that goes to the path of an exposed service. */
function exposedAt(
  { path, method }: Static<typeof InvokeQuery>,
  contentType?: string
): Pick<IInvokeOptions, 'exposed'> {
  return path === undefined ? {} : { exposed: { path, method, contentType } };
}

/** In this scope bodies of every type are left on the wire for the handler to read. */
export function passBodies(app: BridgeApp): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
}

function inputName(header: string | string[] | undefined, type: string): string {
  if (header === undefined) {
    return `input.${EXTENSIONS[type] ?? 'bin'}`;
  }
  let name: string;
  try {
    name = decodeURIComponent(String(header));
  } catch {
    throw invalid('`X-OSCAR-Filename` is not percent-encoded UTF-8.', 'Encode the name as encodeURIComponent does.');
  }
  return checkFileName(name);
}

async function readJson(body: Readable): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REFERENCE) {
      throw invalid('A reference to a file is shorter than 64 kB.');
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw invalid('The body could not be read as JSON.');
  }
}
