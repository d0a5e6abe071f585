import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { ICluster } from '../clusters';
import type { PipelineLeftover } from '../contract';
import type { IOscarService } from '../fdl';
import { BridgeError } from '../http';
import { ANNOTATIONS, readPipeline } from '../pipelines';

/** A pipeline file is a page of JSON; what is far larger is not looked into (bytes). */
const LARGEST = 20 * 1024 * 1024;

type Known = { state: 'nodes'; nodes: Set<string> } | { state: 'gone' } | { state: 'unknown' };

export interface ILeftoverOptions {
  /** Folder of the file browser, for annotations that are relative to it. */
  contentsRoot?: string | null;
  /** Files and nodes of runs that still go on, as `<file>\n<node>`: their services are in use. */
  busy: Set<string>;
}

/**
 * Services that say which node of which pipeline they are, and are none any more: the file is gone, or the node is gone from it. A
 * file that cannot be read, and a service that does not say where it comes from, are left alone.
 */
export async function findLeftovers(cluster: ICluster, options: ILeftoverOptions): Promise<PipelineLeftover[]> {
  const services = await cluster.client.services();
  const user = (await cluster.describe()).user;
  const files = new Map<string, Promise<Known>>();
  const found: PipelineLeftover[] = [];
  for (const service of services) {
    const {
      [ANNOTATIONS.pipeline]: pipeline,
      [ANNOTATIONS.node]: node,
      [ANNOTATIONS.file]: file
    } = service.annotations;
    if (pipeline === undefined || node === undefined || !file || isOthers(service, user)) {
      continue;
    }
    if (options.busy.has(`${cluster.id}/${service.name}`)) {
      continue;
    }
    let known = files.get(file);
    if (!known) {
      known = look(file, options.contentsRoot ?? undefined);
      files.set(file, known);
    }
    const reason = reasonOf(await known, file, node);
    if (reason !== undefined) {
      found.push({ cluster: cluster.id, service: service.name, pipeline, file, reason });
    }
  }
  return found;
}

function reasonOf(known: Known, file: string, node: string): string | undefined {
  switch (known.state) {
    case 'unknown':
      return undefined;
    case 'gone':
      return `The file ${file} is not there any more.`;
    case 'nodes':
      return known.nodes.has(node) ? undefined : `Its node is not in ${file} any more.`;
  }
}

/** Public services, and those of a group, are seen by everybody; their files are on other machines. */
function isOthers(service: IOscarService, user: string | undefined): boolean {
  const name = service.labels['owner_name'];
  return user !== undefined && name !== undefined && name !== '' && name !== user;
}

async function look(file: string, root: string | undefined): Promise<Known> {
  const path = isAbsolute(file) ? file : root === undefined ? undefined : join(root, file);
  if (path === undefined) {
    return { state: 'unknown' };
  }
  try {
    if ((await stat(path)).size > LARGEST) {
      return { state: 'unknown' };
    }
    const { pipeline } = readPipeline(await readFile(path, 'utf8'), { file });
    return pipeline ? { state: 'nodes', nodes: new Set(pipeline.nodes.map(node => node.id)) } : { state: 'unknown' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? { state: 'gone' } : { state: 'unknown' };
  }
}

/** @throws BridgeError that names what is no leftover */
export function refuseOthers(found: PipelineLeftover[], cluster: string, services: string[]): void {
  const others = services.filter(name => !found.some(item => item.service === name));
  if (others.length > 0) {
    throw new BridgeError({
      type: 'conflict',
      title: 'Not left over',
      status: 409,
      detail: `${others.join(', ')} on "${cluster}" ${others.length === 1 ? 'is' : 'are'} not left over from a pipeline; nothing was removed.`,
      action: 'Load the list again. Other services are deleted in the list of services.'
    });
  }
}
