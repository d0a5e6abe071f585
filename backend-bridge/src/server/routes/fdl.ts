import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Type } from '@sinclair/typebox';
import type { IResolvedSource } from '../../clusters/facade';
import {
  Example,
  FdlApplyRequest,
  FdlCheckRequest,
  FdlCheckResult,
  FdlPlan,
  FileRef,
  Operation,
  type FdlSource
} from '../../contract';
import { fdlSchema } from '../../fdl';
import type { BridgeApp } from '../app';
import { callerOf } from '../caller';
import type { IServerContext } from '../context';
import type { Caller } from '../files';
import { invalid } from '../problem';
import { describe } from './describe';
import { applyBoth, planBoth } from './fdl-both';
import { IdPath, WaitQuery } from './schemas';
import { signalOf } from '../caller';

/** An FDL is written by people; scripts are files of their own (bytes). */
const MAX_FDL = 1024 * 1024;

/** FDL: check, plan, apply; operations; examples. */
export function fdlRoutes(app: BridgeApp, context: IServerContext): void {
  const { clusters, operations } = context;

  app.post(
    '/v1/fdl/check',
    { schema: describe({ summary: 'Problems of an FDL', body: FdlCheckRequest, response: { 200: FdlCheckResult } }) },
    async request => {
      const { cluster: id, source } = request.body;
      const resolved = await resolve(source, callerOf(request), context);
      const cluster = id === undefined ? undefined : await context.cluster(id);
      return { problems: await clusters.check(cluster, resolved) };
    }
  );

  app.post(
    '/v1/fdl/plan',
    { schema: describe({ summary: 'What apply would do', body: FdlApplyRequest, response: { 200: FdlPlan } }) },
    async request => {
      const resolved = await resolve(request.body.source, callerOf(request), context);
      return planBoth(context, resolved, request.body);
    }
  );

  app.post(
    '/v1/fdl/apply',
    { schema: describe({ summary: 'Deploy', body: FdlApplyRequest, response: { 202: Operation } }) },
    async (request, reply) => {
      const resolved = await resolve(request.body.source, callerOf(request), context);
      return reply.code(202).send(await applyBoth(context, resolved, request.body));
    }
  );

  app.get(
    '/v1/fdl/schema',
    {
      schema: describe({
        summary: 'The JSON Schema (draft-07) of FDL, for any editor of YAML',
        response: { 200: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }) }
      })
    },
    async () => fdlSchema()
  );

  app.get(
    '/v1/operations',
    {
      schema: describe({
        summary: 'Operations, newest first',
        response: { 200: Type.Object({ items: Type.Array(Operation) }) }
      })
    },
    async () => ({
      items: operations.list()
    })
  );

  app.get(
    '/v1/operations/:id',
    {
      schema: describe({
        summary: 'State of an operation',
        params: IdPath,
        querystring: WaitQuery,
        response: { 200: Operation }
      })
    },
    async (request, reply) => operations.wait(request.params.id, { ...request.query, signal: signalOf(reply) })
  );

  app.get(
    '/v1/examples',
    {
      schema: describe({
        summary: 'Examples of the package',
        response: { 200: Type.Object({ items: Type.Array(Example) }) }
      })
    },
    async () => ({
      items: await context.examples.list()
    })
  );

  const Copy = Type.Object({ into: FileRef }, { additionalProperties: false });
  app.post(
    '/v1/examples/copy',
    {
      schema: describe({
        summary: 'Copy the examples into a folder',
        body: Copy,
        response: { 200: Type.Object({ path: Type.String() }) }
      })
    },
    async request => {
      const into = await context.files.path(request.body.into, callerOf(request), 'folder');
      const made = basename(await context.examples.copy(into));
      const { into: ref } = request.body;
      const parent = 'contents' in ref ? ref.contents.replace(/^\/+|\/+$/g, '') : into;
      return { path: parent === '' ? made : `${parent}/${made}` };
    }
  );
}

/** Reads the text of an FDL and finds the folder of its scripts. */
async function resolve(source: FdlSource, caller: Caller, context: IServerContext): Promise<IResolvedSource> {
  const { contentsRoot } = context.settings;
  return {
    ...(await read(source, caller, context)),
    environments: await context.examples.environments(),
    // The page names nothing but what its user sees in the file browser, also by way of an FDL. Examples have their own place.
    ...(caller === 'page' && !('example' in source) && typeof contentsRoot === 'string' ? { within: contentsRoot } : {})
  };
}

async function read(source: FdlSource, caller: Caller, context: IServerContext): Promise<IResolvedSource> {
  if ('example' in source) {
    const { path, base } = await context.examples.source(source.example);
    return { text: await readText(path), name: basename(path), base };
  }
  if ('file' in source) {
    const input = await context.files.input(source.file, caller);
    if (input.path === undefined) {
      throw invalid('An FDL cannot be read from a bucket.', 'Give `contents`, `path` or `upload`.');
    }
    return {
      text: await readText(input.path),
      name: input.name,
      ...('upload' in source.file ? {} : { base: dirname(input.path) })
    };
  }
  if (Buffer.byteLength(source.text) > MAX_FDL) {
    throw tooLarge();
  }
  const base = source.base === undefined ? undefined : await context.files.path(source.base, caller, 'folder');
  return { text: source.text, name: source.name ?? 'fdl.yaml', ...(base === undefined ? {} : { base }) };
}

async function readText(path: string): Promise<string> {
  if ((await stat(path)).size > MAX_FDL) {
    throw tooLarge();
  }
  return new TextDecoder('utf-8', { ignoreBOM: false }).decode(await readFile(path));
}

function tooLarge(): Error {
  return invalid('The FDL is larger than a megabyte.', 'Put scripts and data into files of their own.');
}
