import { parseJson } from '../json';
import type { IPipeline, IPipelineFiles, IPipelineNode } from '../model';
import { dependencyPath } from '../files';
import { isPattern, matchingFiles } from '../patterns';
import { isAbsolute, isRecord } from '../values';
import type { Findings } from './findings';
import { shorten } from './node';

/** Files that lead out of where they may; told without knowing any file. */
export function checkPaths(node: IPipelineNode, findings: Findings): void {
  if (node.filename !== undefined && isAbsolute(node.filename)) {
    findings.node(
      node,
      'file-outside',
      `The file of “${node.label}” is ${shorten(node.filename)}. Choose one relative to the folder of the pipeline, so that it is the same elsewhere.`,
      'filename'
    );
  }
  for (const dependency of node.dependencies) {
    if (dependencyPath(node, dependency) === undefined) {
      findings.node(
        node,
        'dependency-outside',
        `The dependency ${shorten(dependency)} of “${node.label}” lies outside the folder of its file. Put a copy into that folder.`,
        'dependencies'
      );
    }
  }
}

const MAX_NOTEBOOK = 50_000_000;

/** Whether what the nodes name is there. */
export function checkFiles({ nodes }: IPipeline, files: IPipelineFiles, findings: Findings): void {
  const list = files.list();
  const known = new Set(list);
  const folders = new Set<string>();
  for (const path of list) {
    for (
      let at = path.lastIndexOf('/');
      at > 0 && !folders.has(path.slice(0, at));
      at = path.lastIndexOf('/', at - 1)
    ) {
      folders.add(path.slice(0, at));
    }
  }
  const checked = new Map<string, string | undefined>();
  for (const node of nodes) {
    const { filename, label } = node;
    if (filename !== undefined && !isAbsolute(filename)) {
      if (!known.has(filename)) {
        findings.node(
          node,
          'file-missing',
          folders.has(filename)
            ? `${shorten(filename)} of “${label}” is a folder. Choose the file that is run.`
            : `The file ${shorten(filename)} of “${label}” is not there. Choose it again, or put it back.`,
          'filename'
        );
      } else if (node.kind === 'notebook') {
        if (!checked.has(filename)) {
          checked.set(filename, badNotebook(files.read(filename)));
        }
        const wrong = checked.get(filename);
        if (wrong) {
          findings.node(node, 'bad-notebook', `The notebook ${shorten(filename)} of “${label}” ${wrong}`, 'filename');
        }
      }
    }
    checkDependencies(node, list, known, folders, findings);
  }
}

function badNotebook(content: Uint8Array | undefined): string | undefined {
  if (content === undefined || content.length > MAX_NOTEBOOK) {
    return undefined;
  }
  const parsed = parseJson(new TextDecoder().decode(content));
  if ('error' in parsed) {
    return content.length === 0
      ? 'is empty. Open it and save it.'
      : 'cannot be read: it is not valid JSON. Open it and save it again.';
  }
  return isRecord(parsed.value) && Array.isArray(parsed.value.cells)
    ? undefined
    : 'has no cells, or is of a version before 4. Open it in JupyterLab and save it again.';
}

function checkDependencies(
  node: IPipelineNode,
  list: readonly string[],
  known: ReadonlySet<string>,
  folders: ReadonlySet<string>,
  findings: Findings
): void {
  const { label } = node;
  for (const dependency of node.dependencies) {
    const path = dependencyPath(node, dependency);
    if (path === undefined) {
      continue;
    }
    if (isPattern(path)) {
      if (
        matchingFiles({ node: node.id, path, pattern: true, recursive: node.includeSubdirectories }, list).length === 0
      ) {
        findings.node(
          node,
          'dependency-missing',
          `No file is like ${shorten(dependency)}, which “${label}” needs. Change the pattern or put the files there.`,
          'dependencies'
        );
      }
    } else if (!known.has(path)) {
      if (folders.has(path) || path === '') {
        findings.node(
          node,
          'dependency-folder',
          `The dependency ${shorten(dependency)} of “${label}” is a folder: all in it is taken here, but Elyra refuses it. Write ${shorten(dependency).replace(/\/$/, '')}/* for both.`,
          'dependencies',
          'warning'
        );
      } else {
        findings.node(
          node,
          'dependency-missing',
          `The file ${shorten(dependency)}, which “${label}” needs, is not there. Put it beside the file of the node, or remove it from the dependencies.`,
          'dependencies'
        );
      }
    }
  }
}
