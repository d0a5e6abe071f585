import { accessSync, chmodSync, constants, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BridgeError } from '../http/errors';

export interface IFolders {
  data: string;
  /** State of the bridge itself. */
  bridge: string;
  uploads: string;
  localCluster: string;
}

/** Makes a folder that only this user can enter; one that is there already is closed to others. */
function makePrivate(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if ((statSync(path).mode & 0o077) !== 0) {
    chmodSync(path, 0o700);
  }
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
}

/**
 * Makes the folders of the bridge below `data`.
 *
 * @throws BridgeError `data-folder` that names the folder and the reason.
 */
export function prepareFolders(data: string): IFolders {
  const bridge = join(data, 'bridge');
  const folders = { data, bridge, uploads: join(bridge, 'uploads'), localCluster: join(data, 'local-cluster') };
  for (const path of [data, bridge, folders.uploads]) {
    try {
      makePrivate(path);
    } catch (error) {
      throw new BridgeError({
        type: 'data-folder',
        title: 'The data folder cannot be used',
        status: 500,
        detail: `${path} could not be made or written.`,
        cause: (error as Error).message,
        action: 'Give this user the right to write there, or choose another folder with JUPYTERLAB_OSCAR_DATA.'
      });
    }
  }
  return folders;
}
