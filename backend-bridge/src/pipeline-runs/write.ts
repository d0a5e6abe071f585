import { randomBytes } from 'node:crypto';
import { lstat, mkdir, realpath, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BridgeError } from '../http';
import { isInside } from './gather';

export interface IOutputFile {
  /** Relative, with slashes. */
  path: string;
  content: string | Uint8Array;
}

/**
 * Writes files below a folder, all or none: they are made beside their places first and moved there when the last one is on disk.
 * What cannot be finished is put back as it was.
 *
 * @param options.folder - absolute; its parent exists
 * @param options.overwrite - what is there may be replaced; other files of the folder stay
 * @throws BridgeError `conflict` that names what is there, `outside` for a link that leads out of the folder
 */
export async function writeFolder(options: {
  folder: string;
  files: IOutputFile[];
  overwrite?: boolean;
}): Promise<void> {
  const { folder, files, overwrite = false } = options;
  files.forEach(file => checkName(file.path));
  const there = await kindOf(folder);
  if (there === 'file') {
    throw conflict(folder, [basename(folder)]);
  }
  const stage = join(there ? folder : dirname(folder), `.${basename(folder)}-${randomBytes(6).toString('hex')}`);
  const fresh = join(stage, 'new');
  await mkdir(fresh, { recursive: true });
  try {
    for (const file of files) {
      await mkdir(join(fresh, dirname(file.path)), { recursive: true });
      await writeFile(join(fresh, file.path), file.content, { flag: 'wx', flush: true });
    }
    if (!there) {
      await rename(fresh, folder).catch((error: NodeJS.ErrnoException) => {
        // Somebody has made it meanwhile.
        throw error.code === 'ENOTEMPTY' || error.code === 'EEXIST' || error.code === 'ENOTDIR'
          ? conflict(folder, [basename(folder)])
          : error;
      });
      return;
    }
    await moveInto(folder, stage, fresh, files, overwrite);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

async function moveInto(
  folder: string,
  stage: string,
  fresh: string,
  files: IOutputFile[],
  overwrite: boolean
): Promise<void> {
  const root = await realpath(folder);
  const taken: string[] = [];
  for (const file of files) {
    const kind = await kindOf(join(folder, file.path));
    if (kind === 'folder') {
      throw conflict(folder, [file.path]);
    }
    if (kind === 'file') {
      taken.push(file.path);
    }
    await checkParents(folder, root, file.path);
  }
  if (taken.length > 0 && !overwrite) {
    throw conflict(folder, taken);
  }
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const file of files) {
      const target = join(folder, file.path);
      await makeFolders(folder, dirname(file.path), undo);
      if (taken.includes(file.path)) {
        const old = join(stage, 'old', file.path);
        await mkdir(dirname(old), { recursive: true });
        await rename(target, old);
        undo.push(() => rename(old, target));
      }
      await rename(join(fresh, file.path), target);
      undo.push(() => rm(target, { force: true }));
    }
  } catch (error) {
    for (const step of undo.reverse()) {
      await step();
    }
    throw error;
  }
}

async function makeFolders(folder: string, path: string, undo: (() => Promise<void>)[]): Promise<void> {
  let at = folder;
  for (const part of path === '.' ? [] : path.split('/')) {
    at = join(at, part);
    const made = at;
    try {
      await mkdir(made);
      undo.push(() => rmdir(made));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw error;
      }
    }
  }
}

/** Folders on the way may be links, but not out of the folder that was named. */
async function checkParents(folder: string, root: string, path: string): Promise<void> {
  const parts = path.split('/').slice(0, -1);
  for (let count = parts.length; count > 0; count--) {
    const parent = join(folder, ...parts.slice(0, count));
    const kind = await kindOf(parent);
    if (kind === undefined) {
      continue;
    }
    if (!isInside(await realpath(parent), root)) {
      throw new BridgeError({
        type: 'outside',
        title: 'Outside of the folder',
        status: 403,
        detail: `“${parts.slice(0, count).join('/')}” in ${folder} is a link that leads out of it.`,
        action: 'Remove the link, or choose another folder.'
      });
    }
    return;
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    const info = await lstat(path);
    // A link is followed for the folder itself only when it leads to a folder: writing through it is what the user means.
    return info.isDirectory() || (info.isSymbolicLink() && (await isFolder(path))) ? 'folder' : 'file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return undefined;
    }
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(await realpath(path))).isDirectory();
  } catch {
    // A link to nothing.
    return false;
  }
}

function checkName(path: string): void {
  if (
    path === '' ||
    path.startsWith('/') ||
    path.includes('\0') ||
    path.split('/').some(part => part === '..' || part === '.' || part === '')
  ) {
    throw new Error(`A conversion made a file with the path ${JSON.stringify(path)}.`);
  }
}

function conflict(folder: string, names: string[]): BridgeError {
  const shown = names.slice(0, 5).join(', ');
  return new BridgeError({
    type: 'conflict',
    title: 'There is something already',
    status: 409,
    detail: `${folder} has ${shown}${names.length > 5 ? ` and ${names.length - 5} more` : ''} already; nothing was written.`,
    action: 'Choose another folder, or ask to overwrite.',
    extra: { files: names }
  });
}
