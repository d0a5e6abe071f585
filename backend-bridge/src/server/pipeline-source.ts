import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { FileRef, PipelineSource } from '../contract';
import { BridgeError } from '../http/errors';
import { isProblem } from '../http/failures';
import type { IKeptSource, IPipelineText } from '../pipeline-runs';
import type { Caller, Files } from './files';
import { invalid } from './problem';

/** Notebook outputs do not lie in a pipeline: what is larger is none (bytes). */
const MAX_PIPELINE = 20 * 1024 * 1024;

export interface IPipelineSources {
  files: Files;
  contentsRoot?: string | null;
}

/**
 * Reads the text of a pipeline and finds the folder of its files. The page sees what is below the folder of the file browser only;
 * so do others when the pipeline lies there.
 */
export async function resolvePipeline(kept: IKeptSource, sources: IPipelineSources): Promise<IPipelineText> {
  const { source, caller } = kept;
  if ('text' in source) {
    if (Buffer.byteLength(source.text) > MAX_PIPELINE) {
      throw tooLarge();
    }
    const name = source.name ?? 'untitled.pipeline';
    const folder = source.base === undefined ? undefined : await sources.files.path(source.base, caller, 'folder');
    const file = folder === undefined ? name : await ownPlace(join(folder, basename(name)));
    const base = folder === undefined ? undefined : dirname(file);
    return {
      text: source.text,
      shown: shownIn(source, name),
      file,
      ...(base === undefined ? {} : { base, ...(await fence(base, caller, sources)) }),
      kept
    };
  }
  const input = await sources.files.input(source.file, caller);
  if (input.path === undefined) {
    throw invalid('A pipeline cannot be read from a bucket.', 'Give `contents`, `path` or `upload`.');
  }
  if ((await stat(input.path)).size > MAX_PIPELINE) {
    throw tooLarge();
  }
  const text = new TextDecoder('utf-8', { ignoreBOM: false }).decode(await readFile(input.path));
  if ('upload' in source.file) {
    // An upload is gone when a rerun asks for it.
    return { text, shown: input.name, file: input.name, kept: { source: { text, name: input.name }, caller } };
  }
  const file = await ownPlace(input.path);
  const base = dirname(file);
  return { text, shown: input.file, file, base, ...(await fence(base, caller, sources)), kept };
}

/**
 * The one place of a pipeline, whoever names it: the file browser's path, a path of the machine, one through links. Names of services
 * come from it, so that the page, the command line and a kernel deploy the same ones.
 */
async function ownPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
    // Not saved yet, in a folder that is there.
    return join(await realpath(dirname(path)), basename(path));
  }
}

/** Where the pipeline lies that a query names, as runs know it; undefined when it is not there. */
export async function placeOfPipeline(
  file: string,
  caller: Caller,
  { files, contentsRoot }: IPipelineSources
): Promise<string | undefined> {
  const ref = !isAbsolute(file) ? { contents: file } : caller === 'local' ? { path: file } : undefined;
  if (ref === undefined || ('contents' in ref && (contentsRoot === undefined || contentsRoot === null))) {
    return undefined;
  }
  try {
    return await ownPlace(await files.path(ref, caller, 'file'));
  } catch (error) {
    if (error instanceof BridgeError) {
      return undefined;
    }
    throw error;
  }
}

/** The name of an unsaved text, beside the folder that it belongs to. */
function shownIn(source: Extract<PipelineSource, { text: string }>, name: string): string {
  if (source.base === undefined || name.includes('/')) {
    return name;
  }
  const folder =
    'contents' in source.base
      ? source.base.contents.replace(/^\/+|\/+$/g, '')
      : 'path' in source.base
        ? source.base.path
        : '';
  return folder === '' ? name : `${folder.replace(/\/+$/, '')}/${name}`;
}

async function fence(base: string, caller: Caller, { contentsRoot }: IPipelineSources): Promise<{ boundary?: string }> {
  if (contentsRoot === undefined || contentsRoot === null) {
    return {};
  }
  const root = await realpath(contentsRoot);
  const inside = base === root || base.startsWith(root.endsWith('/') ? root : `${root}/`);
  // The page is always fenced in.
  return inside || caller === 'page' ? { boundary: root } : {};
}

/** A folder that is there, or that can be made in one that is there. */
export async function folderToWrite(
  ref: FileRef,
  caller: Caller,
  files: Files
): Promise<{ path: string; shown: string }> {
  if ('upload' in ref || 'object' in ref) {
    throw invalid('Files are written to a folder of the disk.', 'Give `contents` or `path`.');
  }
  const shown = 'path' in ref ? ref.path : ref.contents;
  try {
    return { path: await files.path(ref, caller, 'folder'), shown };
  } catch (error) {
    if (!isProblem(error, 'not-found')) {
      throw error;
    }
  }
  const trimmed = shown.replace(/\/+$/, '');
  const name = basename(trimmed);
  if (name === '' || name === '.' || name === '..') {
    throw invalid(`“${shown.slice(0, 200)}” is no name for a folder.`);
  }
  const above = trimmed.slice(0, trimmed.length - name.length).replace(/(.)\/+$/, '$1');
  const parent: FileRef = 'path' in ref ? { path: above } : { contents: above };
  return { path: join(await files.path(parent, caller, 'folder'), name), shown: trimmed };
}

function tooLarge(): Error {
  return invalid(
    `The pipeline is larger than ${MAX_PIPELINE / 1024 / 1024} MB.`,
    'A pipeline names its files and does not hold them.'
  );
}
