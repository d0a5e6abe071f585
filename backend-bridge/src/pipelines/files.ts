import type { INeededFiles, IPipeline, IPipelineNode } from './model';
import { isPattern } from './patterns';
import { folderOf, isAbsolute, joinPath } from './values';

/** Where a dependency leads, relative to the folder of the pipeline; undefined when it leaves the folder of the node's file. */
export function dependencyPath(node: IPipelineNode, dependency: string): string | undefined {
  if (isAbsolute(dependency)) {
    return undefined;
  }
  const inside = joinPath('', dependency);
  return inside === '..' || inside.startsWith('../') ? undefined : joinPath(folderOf(node.filename ?? ''), inside);
}

/** What must be gathered before a pipeline is checked against its files or converted; nothing that leads out of where it may. */
export function filesOf(pipeline: IPipeline): INeededFiles[] {
  const needed = new Map<string, INeededFiles>();
  const add = (entry: INeededFiles) => needed.set(JSON.stringify(entry), entry);
  for (const node of pipeline.nodes) {
    if (node.filename !== undefined && !isAbsolute(node.filename)) {
      add({ node: node.id, path: node.filename, pattern: false, recursive: false });
    }
    for (const dependency of node.dependencies) {
      const path = dependencyPath(node, dependency);
      if (path !== undefined) {
        add({ node: node.id, path, pattern: isPattern(path), recursive: node.includeSubdirectories });
      }
    }
  }
  return [...needed.values()];
}
