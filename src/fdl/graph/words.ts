import type { TranslationBundle } from '@jupyterlab/translation';

import type { IGraphEdge, IGraphNode } from '../../../backend-bridge/src/fdl/graph';
import type { GraphModel, IGraphState } from './model';

export function kindWord(kind: IGraphNode['kind'], trans: TranslationBundle): string {
  switch (kind) {
    case 'service':
      return trans.__('Service');
    case 'function':
      return trans.__('Function of AWS');
    case 'place':
      return trans.__('Folder');
    default:
      return trans.__('Cluster');
  }
}

export function nameOf(node: IGraphNode, trans: TranslationBundle): string {
  return (node.kind === 'place' ? node.path : node.label) || trans.__('without a name');
}

/** All that the picture says about a node, as a sentence. */
export function nodeText(node: IGraphNode, state: IGraphState, model: GraphModel, trans: TranslationBundle): string {
  const parts = [`${kindWord(node.kind, trans)} ${nameOf(node, trans)}`];
  if (node.kind === 'place') {
    parts[0] += ` (${node.provider ?? ''})`;
  } else if (node.detail) {
    parts.push(node.detail);
  }
  const { edges, nodes } = state.graph;
  const names = (ids: string[]): string =>
    ids
      .map(id => nodes.find(item => item.id === id))
      .filter(item => item !== undefined)
      .map(item => nameOf(item, trans))
      .join(', ');
  const into = edges.filter(edge => edge.to === node.id).map(edge => edge.from);
  const out = edges.filter(edge => edge.from === node.id).map(edge => edge.to);
  if (into.length > 0) {
    parts.push(trans.__('from %1', names(into)));
  }
  if (out.length > 0) {
    parts.push(trans.__('to %1', names(out)));
  }
  if (model.isLoose(node.id)) {
    parts.push(trans.__('not in the file until it is connected'));
  }
  const mark = state.marks.get(node.id);
  if (mark) {
    parts.push(mark === 'error' ? trans.__('has errors') : trans.__('has warnings'));
  }
  return parts.join('; ');
}

/** What an arrow means. */
export function connectionsText(edge: IGraphEdge, model: GraphModel, trans: TranslationBundle): string {
  const name = (id: string): string => {
    const node = model.node(id);
    return node ? nameOf(node, trans) : id;
  };
  switch (edge.kind) {
    case 'input':
      return trans.__('New files in %1 start %2', name(edge.from), name(edge.to));
    case 'output':
      return edge.label
        ? trans.__('%1 writes %2 to %3', name(edge.from), edge.label, name(edge.to))
        : trans.__('%1 writes to %2', name(edge.from), name(edge.to));
    case 'mount':
      return trans.__('%1 is mounted in %2', name(edge.from), name(edge.to));
    default:
      return trans.__('%1 lies in %2', name(edge.from), name(edge.to));
  }
}
