import { dependencyPath } from '../files';
import type { IPipelineNode } from '../model';
import { isPattern } from '../patterns';
import { baseName, folderOf, isAbsolute } from '../values';
import type { FileIndex } from './files';
import type { Reporter } from './report';
import type { ITarFile } from './tar';

/**
 * The files that a node brings: its own and its dependencies, named relative to the folder of its own file, which becomes the
 * working folder. What is missing or lies outside that folder is refused.
 */
export function codeOf(node: IPipelineNode, files: FileIndex, reporter: Reporter): ITarFile[] {
  const found = new Map<string, Uint8Array>();
  const { filename } = node;
  if (filename !== undefined) {
    const data = isAbsolute(filename) ? undefined : files.read(filename);
    if (data === undefined) {
      const reason = isAbsolute(filename)
        ? `${filename} exists on one machine only. Name the file relative to the pipeline.`
        : `There is no file ${filename} beside the pipeline. Put it there, or choose another one.`;
      reporter.refused(node, 'missing-file', reason, 'filename');
    } else {
      found.set(baseName(filename), data);
      reporter.mapped(node, 'filename');
    }
  }
  const own = found.size;
  let complete = true;
  for (const dependency of node.dependencies) {
    complete = addDependency(node, dependency, files, found, reporter) && complete;
  }
  if (node.dependencies.length > 0 && complete) {
    const count = found.size - own;
    reporter.mapped(node, 'dependencies', `${count} file${count === 1 ? ' is' : 's are'} packed beside it.`);
  }
  if (node.includeSubdirectories) {
    reporter.mapped(node, 'include_subdirectories');
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, data]) => ({ name, data }));
}

function addDependency(
  node: IPipelineNode,
  dependency: string,
  files: FileIndex,
  found: Map<string, Uint8Array>,
  reporter: Reporter
): boolean {
  const path = dependencyPath(node, dependency);
  if (path === undefined) {
    reporter.refused(
      node,
      'dependency-outside',
      `The dependency ${dependency} lies outside the folder of the node's file. Move it beside that file.`,
      'dependencies'
    );
    return false;
  }
  const folder = folderOf(node.filename ?? '');
  const names = files
    .matching({ node: node.id, path, pattern: isPattern(path), recursive: node.includeSubdirectories })
    // What Python compiled is no part of the code.
    .filter(name => !/(^|\/)__pycache__\//.test(name));
  let count = 0;
  for (const name of names) {
    const data = files.read(name);
    if (data !== undefined) {
      found.set(folder === '' ? name : name.slice(folder.length + 1), data);
      count++;
    }
  }
  if (count === 0) {
    const reason = isPattern(path)
      ? `No file matches the dependency ${dependency}. Check the pattern, or remove it.`
      : `There is no file or folder ${path} for the dependency ${dependency}. Put it there, or remove it.`;
    reporter.refused(node, 'missing-dependency', reason, 'dependencies');
  }
  return count > 0;
}
