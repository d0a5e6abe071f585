import { lineStarts, offsetAt } from '../editor/edits';
import { renameService } from '../editor/rename';
import { trimPath } from '../paths';
import { asList, asMap, isMap } from '../pointer';
import { Refusal } from './ops';
import { AWS_NODE, clusterNode, placeNode } from './read';
import type { IGraphNode } from './types';
import { at, needFolder, stepsOf, type WorkingText } from './working';

/**
 * Gives something another name wherever the file names it: a service as the editor's own command does, with its bucket in all
 * paths. Answers the id that its node has then.
 *
 * @throws Refusal
 */
export function rename(working: WorkingText, node: IGraphNode, name: string): string {
  switch (node.kind) {
    case 'service':
      return node.label === name ? node.id : renameNamed(working, node, name, node.id.replace(/[^/]*$/, name));
    case 'function':
      return node.label === name ? node.id : renameNamed(working, node, name, `function:${name}`);
    case 'place':
      return renamePlace(working, node, name);
    default:
      return renameCluster(working, node, name);
  }
}

function renameNamed(working: WorkingText, node: IGraphNode, name: string, id: string): string {
  if (node.kind === 'service') {
    working.freeServiceName(name);
  } else {
    working.freeFunctionName(name);
  }
  if (node.label === '') {
    // Nothing can name what has no name.
    const path = stepsOf(node.pointer);
    if (Object.hasOwn(asMap(at(working.value(), path)), 'name')) {
      working.set([...path, 'name'], name);
    } else {
      working.do({ op: 'put', path, key: 'name', value: name });
    }
    return id;
  }
  // With errors in the text, half of the places could be missed.
  working.value();
  const { edits, problem } = renameService(working.text, node.label, name);
  if (problem !== undefined) {
    throw new Refusal(problem);
  }
  const starts = lineStarts(working.text);
  working.apply(
    edits.map(edit => ({
      from: offsetAt(starts, working.text, edit.line, edit.column),
      to: offsetAt(starts, working.text, edit.endLine, edit.endColumn),
      insert: edit.text
    }))
  );
  return id;
}

function renamePlace(working: WorkingText, node: IGraphNode, name: string): string {
  const path = trimPath(name);
  if (path === '' || /\s/.test(path)) {
    throw new Refusal('Give a bucket and a folder, as in results/in, without spaces.');
  }
  const { edges } = working.graph();
  const mine = edges.filter(edge => edge.pointer && [edge.from, edge.to].includes(node.id));
  if (mine.some(edge => edge.kind !== 'mount')) {
    needFolder(path);
  }
  for (const edge of mine) {
    working.set([...stepsOf(edge.pointer ?? ''), 'path'], path);
  }
  return placeNode(node.provider ?? '', path);
}

function renameCluster(working: WorkingText, node: IGraphNode, id: string): string {
  if (node.id === AWS_NODE) {
    throw new Refusal('AWS is always called AWS.');
  }
  if (id === node.label) {
    return node.id;
  }
  working.clusterId(id);
  const graph = working.graph();
  if (graph.nodes.some(other => other.id === clusterNode(id))) {
    throw new Refusal(`The file has a cluster ${id} already.`);
  }
  if (isMap(asMap(asMap(working.value()).clusters)[node.label])) {
    working.do({ op: 'rename', path: ['clusters', node.label], key: id });
  }
  for (const service of graph.nodes.filter(other => other.parent === node.id)) {
    working.do({ op: 'rename', path: stepsOf(service.pointer), key: id });
  }
  renameReferences(working, node.label, id);
  return clusterNode(id);
}

/** Replicas and members of federations name clusters. */
function renameReferences(working: WorkingText, from: string, to: string): void {
  asList(asMap(asMap(working.value()).functions).oscar).forEach((item, index) => {
    for (const [cluster, service] of Object.entries(asMap(item))) {
      for (const list of [['federation', 'members'], ['replicas']]) {
        const members = list.reduce((value, key) => asMap(value)[key] ?? null, service);
        asList(members).forEach((member, number) => {
          if (asMap(member).cluster_id === from) {
            working.set(['functions', 'oscar', index, cluster, ...list, number, 'cluster_id'], to);
          }
        });
      }
    }
  });
}
