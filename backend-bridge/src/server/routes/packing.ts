import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import {
  Operation,
  PackDeployRequest,
  PackRequest,
  PackResult,
  ReadinessReport,
  ReadinessRequest,
  type FileRef
} from '../../contract';
import { filesOfService, readiness, type IReadinessOptions } from '../../clusters/readiness';
import { BridgeError, isProblem } from '../../http';
import { modulesNeeded, packService, PackProblem, type IPacked, type PackLanguage } from '../../pipelines/packing';
import type { BridgeApp } from '../app';
import { callerOf } from '../caller';
import type { IServerContext } from '../context';
import type { Caller } from '../files';
import { localImage } from '../local-image';
import { readModules, writePacked } from '../pack-files';
import { invalid } from '../problem';
import { checkPython } from '../python-check';
import { describe } from './describe';

/** Notebooks carry their outputs; those do not come along. */
const MAX_SOURCE = 64 * 1024 * 1024;

const LANGUAGES: Record<string, PackLanguage> = { '.py': 'python', '.sh': 'shell', '.ipynb': 'notebook' };

interface ISource {
  text: string;
  language: PackLanguage;
  origin: string;
  firstLine: number;
  /** Where its modules lie. */
  base?: string;
}

/** A cell, a notebook or a script becomes a service; a service goes to another cluster. */
export function packingRoutes(app: BridgeApp, context: IServerContext): void {
  app.post(
    '/v1/packing/service',
    {
      schema: describe({
        summary: 'Make a service of a cell, a notebook or a script',
        body: PackRequest,
        response: { 200: PackResult }
      })
    },
    async request => {
      const { body } = request;
      const caller = callerOf(request);
      const source = await readSource(body, caller, context);
      const packed = await pack(body, source, await readRequirements(body.requirements, caller, context));
      const wrong = packed.python === undefined ? undefined : await check(packed.python, context);
      if (wrong) {
        throw problemOf(new PackProblem(wrong.message, wrong.line + source.firstLine - 1), source);
      }
      const folder = body.into && (await write(body.into, body.name, packed, body.overwrite === true, caller, context));
      return { fdl: packed.fdl, files: packed.files, notes: packed.notes, ...(folder ? { folder } : {}) };
    }
  );

  app.post(
    '/v1/packing/readiness',
    {
      schema: describe({
        summary: 'What a cluster lacks for a service of another',
        body: ReadinessRequest,
        response: { 200: ReadinessReport }
      })
    },
    async request => {
      const { cluster, from, service, image } = request.body;
      return readiness(await context.cluster(from), await context.cluster(cluster), service, options(image));
    }
  );

  app.post(
    '/v1/packing/deploy',
    {
      schema: describe({
        summary: 'Put a service of one cluster on another',
        body: PackDeployRequest,
        response: { 202: Operation }
      })
    },
    async (request, reply) => {
      const { cluster: to, from, service: name, image, force } = request.body;
      const [source, target] = [await context.cluster(from), await context.cluster(to)];
      const report = await readiness(source, target, name, options(image));
      if (!report.ready && force !== true) {
        const errors = report.items.filter(item => item.state === 'error');
        throw new BridgeError({
          type: 'not-ready',
          title: 'The cluster is not ready for it',
          status: 409,
          detail: errors.map(item => item.message).join(' '),
          action: 'Mend that, or deploy it all the same with force.',
          extra: { readiness: report }
        });
      }
      const files = await filesOfService(source, name, { image });
      const operation = context.operations.start(
        { kind: 'apply', title: `Deploy ${name} to ${target.id}`, cluster: target.id },
        async handle => {
          const folder = await mkdtemp(join(tmpdir(), 'oscar-deploy-'));
          try {
            await writeFile(join(folder, 'script.sh'), files.script);
            if (files.requirements !== undefined) {
              await writeFile(join(folder, 'requirements.txt'), files.requirements);
            }
            const plan = await context.clusters.apply(
              target,
              { text: files.fdl, name: `${name}/fdl.yaml`, base: folder },
              { rawScript: files.rawScript, onSteps: steps => handle.steps(steps), signal: handle.signal }
            );
            handle.services(plan.services);
            handle.steps(plan.steps);
          } finally {
            await rm(folder, { recursive: true, force: true });
            context.watcher.kick(target.id);
          }
        }
      );
      return reply.code(202).send(operation);
    }
  );
}

/** What this machine knows. */
const options = (image: string | undefined): IReadinessOptions => ({
  ...(image === undefined ? {} : { image }),
  localImage,
  exists: path =>
    access(path).then(
      () => true,
      () => false
    )
});

async function readSource(body: PackRequest, caller: Caller, context: IServerContext): Promise<ISource> {
  const base = body.base && (await context.files.path(body.base, caller, 'folder'));
  if ('text' in body.code) {
    const { text, language, firstLine = 1 } = body.code;
    return { text, language, origin: 'a cell', firstLine, ...(base === undefined ? {} : { base }) };
  }
  const input = await context.files.input(body.code.file, caller);
  if (input.path === undefined) {
    throw invalid('Code cannot be read from a bucket.', 'Give `contents`, `path` or `upload`.');
  }
  const language = LANGUAGES[extname(input.name).toLowerCase()];
  if (language === undefined) {
    throw invalid(
      `${input.name} is neither a notebook (.ipynb) nor a script of Python (.py) or shell (.sh).`,
      'Only those become services.'
    );
  }
  return {
    text: await readText(input.path, input.name),
    language,
    origin: input.name,
    firstLine: 1,
    base: base ?? ('upload' in body.code.file ? undefined : dirname(input.path))
  };
}

async function readRequirements(
  given: PackRequest['requirements'],
  caller: Caller,
  context: IServerContext
): Promise<string | undefined> {
  if (given === undefined || 'text' in given) {
    return given?.text;
  }
  const input = await context.files.input(given.file, caller);
  if (input.path === undefined) {
    throw invalid('Requirements cannot be read from a bucket.', 'Give `contents`, `path` or `upload`.');
  }
  return readText(input.path, input.name);
}

async function readText(path: string, name: string): Promise<string> {
  if ((await stat(path)).size > MAX_SOURCE) {
    throw invalid(`${name} is larger than 64 MB.`, 'Clear the outputs of the notebook, or put data into a bucket.');
  }
  return new TextDecoder().decode(await readFile(path));
}

async function pack(body: PackRequest, source: ISource, requirements: string | undefined): Promise<IPacked> {
  try {
    return packService({
      name: body.name,
      text: source.text,
      language: source.language,
      origin: source.origin,
      firstLine: source.firstLine,
      image: body.image,
      inputSuffix: body.inputSuffix,
      requirements,
      mode: body.mode,
      cpu: body.cpu,
      memory: body.memory,
      modules: await modulesBeside(source)
    });
  } catch (error) {
    throw error instanceof PackProblem ? problemOf(error, source) : error;
  }
}

/** Modules beside the code that it imports, and those that they import in turn. */
async function modulesBeside({ text, language, base }: ISource): Promise<{ [path: string]: string }> {
  if (base === undefined) {
    return {};
  }
  const found: { [path: string]: string } = {};
  const asked = new Set<string>();
  let names = modulesNeeded(text, language);
  while (names.length > 0) {
    names.forEach(name => asked.add(name));
    const more = await readModules(base, names);
    Object.assign(found, more);
    names = Object.values(more)
      .flatMap(module => modulesNeeded(module, 'python'))
      .filter(name => !asked.has(name));
  }
  return found;
}

function check(text: string, context: IServerContext): ReturnType<typeof checkPython> {
  return checkPython(context.settings.python ?? 'python3', text);
}

function problemOf(problem: PackProblem, source: ISource): BridgeError {
  const where =
    problem.line === undefined
      ? ''
      : `Line ${problem.line} of ${source.origin === 'a cell' ? 'the cell' : source.origin}: `;
  return new BridgeError({
    type: 'invalid',
    title: 'This cannot become a service',
    status: 400,
    detail: `${where}${problem.message}`,
    ...(problem.action === undefined ? {} : { action: problem.action }),
    extra: problem.line === undefined ? {} : { line: problem.line }
  });
}

/** Writes the folder and tells its name as the caller names things. */
async function write(
  into: FileRef,
  name: string,
  packed: IPacked,
  overwrite: boolean,
  caller: Caller,
  context: IServerContext
): Promise<string> {
  const parent = await context.files.path(into, caller, 'folder');
  const shown = 'contents' in into ? into.contents.replace(/^\/+|\/+$/g, '') : parent;
  let folder = join(parent, name);
  try {
    // A link that is there already may lead elsewhere.
    const there = 'contents' in into ? { contents: join(into.contents, name) } : { path: folder };
    folder = await context.files.path(there, caller, 'folder');
  } catch (error) {
    if (!isProblem(error, 'not-found')) {
      throw error;
    }
  }
  await writePacked(folder, packed.files, overwrite);
  return shown === '' ? basename(folder) : `${shown}/${name}`;
}
