import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BridgeError } from '../http/errors';

/** List of what packing has written into a folder, with the SHA-256 of each file: only that is written again. */
const MANIFEST = '.jupyterlab-oscar.json';

const LARGEST_MODULE = 500_000;
const MOST_MODULES = 200;

const digest = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/**
 * Python modules of a folder by path, of the given names: `<name>.py`, or all `.py` files below the folder `<name>`. Those that they import
 * are asked for again by the caller.
 */
export async function readModules(base: string, names: readonly string[]): Promise<{ [path: string]: string }> {
  const found: { [path: string]: string } = {};
  for (const name of names) {
    if (!/^\w+$/.test(name)) {
      continue;
    }
    const file = await textOf(join(base, `${name}.py`));
    if (file !== undefined) {
      found[`${name}.py`] = file;
    } else if (await isFile(join(base, name, '__init__.py'))) {
      await readPackage(base, name, found);
    }
  }
  return found;
}

async function readPackage(base: string, folder: string, found: { [path: string]: string }): Promise<void> {
  for (const entry of (await readdir(join(base, folder), { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1
  )) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && !/^[._]/.test(entry.name)) {
      await readPackage(base, path, found);
    } else if (entry.isFile() && entry.name.endsWith('.py')) {
      const text = await textOf(join(base, path));
      if (text !== undefined) {
        found[path] = text;
      }
    }
    if (Object.keys(found).length > MOST_MODULES) {
      throw new BridgeError({
        type: 'invalid',
        title: 'Too many modules',
        status: 400,
        detail: `${folder.split('/')[0]} has more than ${MOST_MODULES} Python files; they cannot all go into one script.`,
        action: 'Install it in an image, and name that with --image.'
      });
    }
  }
}

/** Undefined: there is no such file, or it is too large to come along. */
async function textOf(path: string): Promise<string | undefined> {
  return (await isFile(path)) && (await stat(path)).size <= LARGEST_MODULE ? readFile(path, 'utf8') : undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return false;
    }
    throw error;
  }
}

/**
 * Writes the files of a service into a folder. What packing did not write, or somebody has changed since, stays as it is unless
 * `overwrite`: then nothing at all is written. What it wrote earlier and is not needed any more goes.
 *
 * @throws BridgeError `exists` (409) that names what is in the way.
 */
export async function writePacked(
  folder: string,
  files: readonly { path: string; text: string }[],
  overwrite: boolean
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const made = await manifest(folder);
  const inTheWay: string[] = [];
  for (const { path, text } of files) {
    const there = await present(join(folder, path));
    if (there !== undefined && there !== digest(text) && there !== made[path]) {
      inTheWay.push(path);
    }
  }
  if (inTheWay.length > 0 && !overwrite) {
    throw new BridgeError({
      type: 'exists',
      title: 'Files are in the way',
      status: 409,
      detail: `${basename(folder)} has ${inTheWay.join(', ')}, which ${inTheWay.length === 1 ? 'was' : 'were'} not written by packing a service, or changed since.`,
      action: 'Take another name, move them away, or overwrite them (--overwrite).',
      extra: { files: inTheWay }
    });
  }
  for (const [path, hash] of Object.entries(made)) {
    if (!files.some(file => file.path === path) && (await present(join(folder, path))) === hash) {
      await rm(join(folder, path));
    }
  }
  for (const { path, text } of files) {
    const part = join(folder, `.${path}.part`);
    await writeFile(part, text, { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
    await rename(part, join(folder, path));
  }
  const list = Object.fromEntries(files.map(file => [file.path, digest(file.text)]));
  await writeFile(join(folder, MANIFEST), `${JSON.stringify({ packed: list }, null, 2)}\n`);
}

/** Digest of a file; undefined when there is none. */
async function present(path: string): Promise<string | undefined> {
  try {
    return digest(await readFile(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      return undefined;
    }
    if (code === 'EISDIR') {
      return '';
    }
    throw error;
  }
}

async function manifest(folder: string): Promise<{ [path: string]: string }> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return {};
    }
    throw error;
  }
  try {
    const value = JSON.parse(text) as { packed?: unknown };
    const packed = Object.entries((value.packed ?? {}) as Record<string, unknown>);
    // The list lies in a folder of the user's: names that lead out of it are none of ours.
    return Object.fromEntries(
      packed.filter(
        (entry): entry is [string, string] => /^[\w-][\w.-]*$/.test(entry[0]) && typeof entry[1] === 'string'
      )
    );
  } catch {
    // Broken: then nothing counts as written by us.
    return {};
  }
}
