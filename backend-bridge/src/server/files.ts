import { realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, sep } from 'node:path';
import type { FileRef } from '../contract';
import type { IInputFile } from '../clusters/facade';
import { BridgeError } from '../http/errors';
import { invalid } from './problem';
import type { Uploads } from './uploads';

/** Who asks: the page is carried by the Jupyter server, which marks its calls; everybody else is this user's own process. */
export type Caller = 'page' | 'local';

export interface IFilesOptions {
  /** Folder that `contents` paths are relative to; absent: there is no file browser. */
  contentsRoot?: string | null;
  uploads: Uploads;
}

/**
 * Turns references to files into paths that the bridge may read.
 *
 * The page may name only what its user sees in the file browser; a link that leads out of that folder is refused too.
 */
export class Files {
  constructor(private readonly _options: IFilesOptions) {}

  /** A file to send somewhere. @throws BridgeError */
  async input(ref: FileRef, caller: Caller): Promise<IInputFile> {
    if ('object' in ref) {
      const { bucket, key } = ref.object;
      return { file: `${bucket}/${key}`, name: key.split('/').pop() ?? key, object: { bucket, key } };
    }
    if ('upload' in ref) {
      const upload = await this._options.uploads.get(ref.upload);
      if (upload.received < upload.size) {
        throw new BridgeError({
          type: 'incomplete',
          title: 'The upload is not complete',
          status: 409,
          detail: `${upload.received} of ${upload.size} bytes of ${upload.name} have arrived.`,
          action: 'Send the rest first.',
          extra: { received: upload.received }
        });
      }
      return {
        file: upload.name,
        name: upload.name,
        path: this._options.uploads.file(upload.id),
        transient: true
      };
    }
    const path = await this.path(ref, caller, 'file');
    return { file: 'path' in ref ? ref.path : ref.contents, name: basename(path), path };
  }

  /**
   * Absolute path of something in the file browser or on this machine.
   *
   * @param kind What it must be; `any` need not exist yet.
   * @throws BridgeError
   */
  async path(ref: FileRef, caller: Caller, kind: 'file' | 'folder'): Promise<string> {
    if ('upload' in ref || 'object' in ref) {
      throw invalid('An upload or an object has no place on the disk.', 'Give `contents` or `path`.');
    }
    const shown = 'path' in ref ? ref.path : ref.contents;
    if (shown.includes('\0') || shown.length > 4096) {
      throw invalid('The path holds a zero byte or is too long.');
    }
    const path = 'path' in ref ? absolute(ref.path, caller) : await this._inContents(ref.contents);
    let found;
    try {
      found = await stat(path);
    } catch (error) {
      throw diskProblem(error, shown, kind);
    }
    if (kind === 'file' ? !found.isFile() : !found.isDirectory()) {
      throw invalid(`“${shown}” is not a ${kind}.`);
    }
    return path;
  }

  private async _inContents(path: string): Promise<string> {
    const root = this._options.contentsRoot;
    if (root === undefined || root === null) {
      throw new BridgeError({
        type: 'no-contents',
        title: 'There is no file browser here',
        status: 409,
        detail: 'This bridge was not started by a Jupyter server, so file browser paths mean nothing to it.',
        action: 'Give the absolute path of the file.'
      });
    }
    const parts = path.split('/').filter(part => part !== '' && part !== '.');
    if (parts.includes('..')) {
      throw outside(path);
    }
    try {
      const base = await realpath(root);
      const target = await realpath(join(base, ...parts));
      if (target !== base && !target.startsWith(base.endsWith(sep) ? base : base + sep)) {
        throw outside(path);
      }
      return target;
    } catch (error) {
      throw error instanceof BridgeError ? error : diskProblem(error, path, 'file');
    }
  }
}

function absolute(path: string, caller: Caller): string {
  if (caller === 'page') {
    throw new BridgeError({
      type: 'forbidden',
      title: 'Not from the page',
      status: 403,
      detail: 'The page may name files of the file browser only, not paths of the machine.',
      action: 'Give `contents` or `upload`.'
    });
  }
  if (!isAbsolute(path)) {
    throw invalid(`\`path\` must be absolute; “${path.slice(0, 200)}” is not.`);
  }
  return path;
}

function outside(path: string): BridgeError {
  return new BridgeError({
    type: 'outside',
    title: 'Outside of the file browser',
    status: 403,
    detail: `“${path.slice(0, 200)}” leads out of the folder that JupyterLab shows.`,
    action: 'Choose a file inside it, or upload the file.'
  });
}

function diskProblem(error: unknown, path: string, kind: string): BridgeError {
  const { code } = error as NodeJS.ErrnoException;
  const shown = path.slice(0, 200);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new BridgeError({
        type: 'not-found',
        title: 'File not found',
        status: 404,
        detail: `There is no ${kind} “${shown}”.`,
        action: 'Check the path.'
      });
    case 'EACCES':
    case 'EPERM':
      return new BridgeError({
        type: 'not-permitted',
        title: 'The file may not be read',
        status: 403,
        detail: `This user may not read “${shown}”.`,
        action: 'Check its permissions.'
      });
    default:
      return new BridgeError({
        type: 'file',
        title: 'The file could not be read',
        status: 400,
        detail: `“${shown}” could not be read: ${code ?? 'unknown error'}.`,
        cause: (error as Error).message
      });
  }
}
