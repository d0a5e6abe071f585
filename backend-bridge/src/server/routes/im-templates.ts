import { readFile } from 'node:fs/promises';
import { Type } from '@sinclair/typebox';
import { EgiSite, FileRef, ImTemplate, Problem, type TemplateRef } from '../../contract';
import type { TemplateFile } from '../../infrastructure';
import type { BridgeApp } from '../app';
import { callerOf } from '../caller';
import type { IServerContext } from '../context';
import type { Caller } from '../files';
import { invalid } from '../problem';
import { describe } from './describe';

const FormRequest = Type.Object({
  template: Type.Optional(Type.String()),
  file: Type.Optional(FileRef),
  addons: Type.Optional(Type.Array(Type.String()))
});

/** The text of a template that is a file; undefined for one of the catalogue. */
export async function templateFile(
  source: TemplateRef,
  caller: Caller,
  { files }: IServerContext
): Promise<TemplateFile> {
  if ('template' in source) {
    return undefined;
  }
  const { name, path } = await files.input(source.file, caller);
  if (path === undefined) {
    throw invalid('A template cannot be an object of a bucket.', 'Give a file.');
  }
  return { name, text: await readFile(path, 'utf8') };
}

/** What clusters are made of: sites of EGI, templates and their forms. */
export function imTemplateRoutes(app: BridgeApp, context: IServerContext): void {
  const { infrastructures: room } = context;
  app.get(
    '/v1/im/egi/sites',
    {
      schema: describe({
        summary: 'Sites of EGI for a virtual organisation, with their images',
        querystring: Type.Object({ vo: Type.String() }),
        response: { 200: Type.Object({ items: Type.Array(EgiSite) }) }
      })
    },
    async request => ({ items: await room.egiSites(request.query.vo) })
  );
  app.get(
    '/v1/im/templates',
    {
      schema: describe({
        summary: 'Templates of this package and of the catalogue',
        response: { 200: Type.Object({ items: Type.Array(ImTemplate), problem: Type.Optional(Problem) }) }
      })
    },
    async () => room.templates()
  );
  app.post(
    '/v1/im/templates/form',
    { schema: describe({ summary: 'A template with its form', body: FormRequest, response: { 200: ImTemplate } }) },
    async request => {
      const { template, file, addons = [] } = request.body;
      if ((template === undefined) === (file === undefined)) {
        throw invalid('Give exactly one of `template` and `file`.');
      }
      const source: TemplateRef = file === undefined ? { template: template as string } : { file };
      return room.form(source, addons, await templateFile(source, callerOf(request), context));
    }
  );
}
