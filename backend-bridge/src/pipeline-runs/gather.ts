import { readFileSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import type { PipelineProblem } from '../contract';
import { BridgeError } from '../http';
import { isPattern, matchingFiles, type INeededFiles, type IPipelineFiles } from '../pipelines';

/** All files of a pipeline together, bytes: they pass through memory and go to a cluster. */
const LARGEST = 512 * 1024 * 1024;
const MOST_FILES = 20_000;

export interface IGatherOptions {
  /** Absolute folder of the pipeline; absent: it has none, and no file is found. */
  base?: string;
  /** Absolute folder that nothing may lead out of; absent: the least folder that holds the pipeline and what it names. */
  boundary?: string;
  needed: INeededFiles[];
  /** As problems name the pipeline. */
  file: string;
  limits?: { bytes: number; files: number };
}

export interface IGathered {
  files: IPipelineFiles;
  problems: PipelineProblem[];
  /** Bytes of all. */
  size: number;
}

interface IFound {
  real: string;
  size: number;
}

/**
 * Finds the files that the nodes of a pipeline name. What is missing is just not in the list: that is for the check to say. What
 * leads out of the folder that the caller may see, also through a link, is a problem and is not read.
 */
export async function gather(options: IGatherOptions): Promise<IGathered> {
  const found = new Map<string, IFound>();
  const problems: PipelineProblem[] = [];
  const { base, limits = { bytes: LARGEST, files: MOST_FILES } } = options;
  let size = 0;
  let full = false;
  if (base !== undefined) {
    const root = await realpath(base);
    const fence = await fenceOf(root, options);
    const problem = (need: INeededFiles, code: string, message: string): void => {
      if (!problems.some(item => item.code === code && item.node === need.node && item.message === message)) {
        problems.push(problemOf(options.file, need.node, code, message));
      }
    };
    for (const need of options.needed) {
      if (full || isAbsolute(need.path) || need.path.includes('\0')) {
        continue;
      }
      for (const path of await pathsOf(root, need)) {
        if (found.has(path)) {
          continue;
        }
        const at = await look(join(root, path));
        if (at === undefined) {
          continue;
        }
        if (at === 'denied') {
          problem(need, 'not-permitted', `“${path}” may not be read. Check its permissions.`);
          continue;
        }
        if (fence === undefined || !isInside(at.real, fence)) {
          problem(
            need,
            'outside',
            `“${path}” leads out of the folder that may be read${fence === undefined ? '' : ` (${fence})`}. Copy the file beside the pipeline.`
          );
          continue;
        }
        size += at.size;
        found.set(path, at);
        if (size > limits.bytes || found.size > limits.files) {
          full = true;
          problem(
            need,
            'too-large',
            size > limits.bytes
              ? `The files of the pipeline have more than ${Math.round(limits.bytes / 1024 / 1024)} MB together, the last one is “${path}” with ${Math.round(at.size / 1024 / 1024)} MB. Put large data into a bucket or a volume.`
              : `The pipeline names more than ${limits.files} files. Name fewer, or put them into one archive.`
          );
          break;
        }
      }
    }
  }
  const names = [...found.keys()].sort();
  // The same bytes each time: whoever packs them sees that they are one file.
  const read = new Map<string, Uint8Array | undefined>();
  const files: IPipelineFiles = {
    list: () => names,
    read: path => {
      if (!read.has(path)) {
        read.set(path, readNow(found.get(path), path));
      }
      return read.get(path);
    }
  };
  return { files, problems, size };
}

/** The text of the file is taken when it is asked for: a check reads few of them. */
function readNow(found: IFound | undefined, path: string): Uint8Array | undefined {
  if (!found) {
    return undefined;
  }
  try {
    return readFileSync(found.real);
  } catch (error) {
    throw new BridgeError({
      type: 'file',
      title: 'The file could not be read',
      status: 400,
      detail: `“${path}” could not be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}.`,
      cause: (error as Error).message,
      action: 'Check the file, then try again.'
    });
  }
}

export function problemOf(
  file: string,
  node: string | undefined,
  code: string,
  message: string,
  severity: PipelineProblem['severity'] = 'error'
): PipelineProblem {
  return {
    code,
    severity,
    message,
    file,
    ...(node === undefined ? {} : { node }),
    line: 1,
    column: 1,
    endLine: 1,
    endColumn: 1
  };
}

export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/**
 * The folder that nothing may lead out of. Without one that is given it is the least that holds the pipeline and all that it
 * names by `..`, so that a link cannot lead further; undefined when that would be the whole machine.
 */
async function fenceOf(root: string, options: IGatherOptions): Promise<string | undefined> {
  if (options.boundary !== undefined) {
    return realpath(options.boundary);
  }
  let fence = root;
  for (const { path } of options.needed) {
    const target = resolve(root, path);
    while (!isInside(target, fence) && dirname(fence) !== fence) {
      fence = dirname(fence);
    }
  }
  return fence === dirname(fence) && fence !== root ? undefined : fence;
}

/** Paths of files below the folder of the pipeline, with slashes; may begin with `../`. */
async function pathsOf(root: string, need: INeededFiles): Promise<string[]> {
  if (!need.pattern) {
    const at = await look(join(root, need.path), true);
    return at === 'folder' ? matchingFiles(need, await walk(root, need.path, Infinity)) : [need.path];
  }
  const parts = need.path.split('/');
  const fixed = parts.slice(0, Math.max(0, parts.findIndex(isPattern)));
  const deep = need.recursive || need.path.includes('**');
  const depth = deep ? Infinity : parts.length - fixed.length - 1;
  return matchingFiles(need, await walk(root, fixed.join('/'), depth, true));
}

async function walk(root: string, folder: string, depth: number, lenient = false): Promise<string[]> {
  let entries;
  try {
    entries = await readdir(join(root, folder === '' ? '.' : folder), { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (lenient || code === 'EACCES' || code === 'ENOENT' || code === 'ENOTDIR') {
      return [];
    }
    throw error;
  }
  const result: string[] = [];
  for (const entry of entries) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      // As Elyra does: what is hidden is not meant.
      if (depth > 0 && !entry.name.startsWith('.')) {
        result.push(...(await walk(root, path, depth - 1, lenient)));
      }
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      result.push(path);
    }
    if (result.length > MOST_FILES) {
      break;
    }
  }
  return result;
}

async function look(path: string): Promise<IFound | 'denied' | undefined>;
async function look(path: string, kind: true): Promise<'folder' | 'file' | undefined>;
async function look(path: string, kind?: true): Promise<IFound | 'folder' | 'file' | 'denied' | undefined> {
  try {
    const info = await stat(path);
    if (kind) {
      return info.isDirectory() ? 'folder' : 'file';
    }
    return info.isFile() ? { real: await realpath(path), size: info.size } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG') {
      return undefined;
    }
    if (code === 'EACCES' || code === 'EPERM') {
      return kind ? undefined : 'denied';
    }
    throw error;
  }
}
