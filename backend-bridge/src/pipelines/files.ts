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
    // Where no image is, an environment is made of it: that of the node's folder, else that of the pipeline's.
    if (node.kind === 'notebook' || node.kind === 'python' || node.kind === 'command') {
      for (const folder of new Set([folderOf(isAbsolute(node.filename ?? '') ? '' : (node.filename ?? '')), ''])) {
        add({ node: node.id, path: joinPath(folder, 'requirements.txt'), pattern: false, recursive: false });
      }
    }
  }
  return [...needed.values()];
}
