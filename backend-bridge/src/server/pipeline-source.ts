import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { FileRef, PipelineSource } from '../contract';
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
    const base = source.base === undefined ? undefined : await sources.files.path(source.base, caller, 'folder');
    return {
      text: source.text,
      shown: shownIn(source, name),
      file: base === undefined ? name : join(base, basename(name)),
      ...(base === undefined ? {} : { base, ...fence(base, caller, sources) }),
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
  const base = dirname(input.path);
  return { text, shown: input.file, file: input.path, base, ...fence(base, caller, sources), kept };
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

function fence(base: string, caller: Caller, { contentsRoot }: IPipelineSources): { boundary?: string } {
  if (contentsRoot === undefined || contentsRoot === null) {
    return {};
  }
  const root = resolve(contentsRoot);
  const inside = base === root || base.startsWith(root.endsWith('/') ? root : `${root}/`);
  // The page is always fenced in; a link in the path of the root itself is followed where the files are gathered.
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
