import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { IStorageIO } from '../../../fdl/service';
import { SupervisorError } from './errors';

export interface IOutputFile {
  path: string;
  /** Path below the output folder. */
  name: string;
  /** It is a link: `path` is where it leads. */
  link?: boolean;
}

/**
 * Files below a folder as the original walks it: links to files count as files, links to folders are not followed.
 *
 * @throws SupervisorError for a link that leads nowhere, which the original cannot read either.
 */
export function outputFiles(folder: string): IOutputFile[] {
  const found: IOutputFile[] = [];
  const walk = (below: string): void => {
    const folders: string[] = [];
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const name = below ? `${below}/${entry.name}` : entry.name;
      if (entry.isDirectory()) {
        folders.push(name);
      } else if (entry.isFile()) {
        found.push({ path: join(folder, name), name });
      } else if (entry.isSymbolicLink()) {
        const target = statSync(join(folder, name), { throwIfNoEntry: false });
        if (!target) {
          throw new SupervisorError(`FileNotFoundError: [Errno 2] No such file or directory: '${join(folder, name)}'`);
        }
        if (target.isFile()) {
          found.push({ path: realpathSync(join(folder, name)), name, link: true });
        }
      }
      // Sockets, pipes and devices have no content to store.
    }
    folders.forEach(walk);
  };
  walk('');
  return found;
}

/** Whether an output takes a file: any of its prefixes and any of its suffixes; none means all. */
export function takes(output: IStorageIO, name: string): boolean {
  const { prefix, suffix } = output;
  return (
    (!prefix?.length || prefix.some(start => name.startsWith(start))) &&
    (!suffix?.length || suffix.some(end => name.endsWith(end)))
  );
}

/** `minio.results` → type `minio`, id `results`. Source: StrUtils.get_storage_type and get_storage_id. */
export function splitProvider(name: string): { type: string; id: string } {
  const dot = name.indexOf('.');
  return dot < 0
    ? { type: name.toLowerCase(), id: 'default' }
    : { type: name.slice(0, dot).toLowerCase(), id: name.slice(dot + 1) };
}

/** Bucket and key of a file below an output's path. */
export function splitPath(path: string, name: string): { bucket: string; key: string } {
  const slash = path.indexOf('/');
  return slash < 0
    ? { bucket: path, key: name }
    : { bucket: path.slice(0, slash), key: `${path.slice(slash + 1)}/${name}` };
}
