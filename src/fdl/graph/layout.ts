import dagre from '@dagrejs/dagre';

import type { IFdlGraph, IGraphNode } from '../../../backend-bridge/src/fdl/graph';

export interface IBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface ILayout {
  /** Left upper corner and size of every node, by id. */
  boxes: ReadonlyMap<string, IBox>;
  /** Points of every edge, by id. */
  lines: ReadonlyMap<string, { x: number; y: number }[]>;
  width: number;
  height: number;
}

export const NODE_HEIGHT = 46;
const MIN_WIDTH = 120;
const MAX_WIDTH = 240;
/** Pixels of a letter and of what stands around a text. */
const LETTER = 7.1;
const AROUND = 48;
const MARGIN = 24;
/** Room for the name of a cluster above its services. */
const HEAD = 26;

/** Where everything stands: in the direction of the data, clusters as boxes around their services. */
export function layoutOf(graph: IFdlGraph, direction: 'LR' | 'TB' = 'LR'): ILayout {
  const picture = new dagre.graphlib.Graph({ compound: true, multigraph: true });
  picture.setGraph({
    rankdir: direction,
    nodesep: 28,
    ranksep: 56,
    edgesep: 12,
    marginx: MARGIN,
    marginy: MARGIN + HEAD
  });
  picture.setDefaultEdgeLabel(() => ({}));
  const parents = new Set(graph.nodes.map(node => node.parent).filter(parent => parent !== undefined));
  for (const node of graph.nodes) {
    if (node.kind !== 'cluster' || !parents.has(node.id)) {
      picture.setNode(node.id, { width: widthOf(node), height: NODE_HEIGHT });
    } else {
      picture.setNode(node.id, {});
    }
  }
  for (const node of graph.nodes) {
    if (node.parent !== undefined && picture.hasNode(node.parent)) {
      picture.setParent(node.id, node.parent);
    }
  }
  for (const edge of graph.edges) {
    if (edge.from !== edge.to && picture.hasNode(edge.from) && picture.hasNode(edge.to)) {
      picture.setEdge(edge.from, edge.to, { id: edge.id }, edge.id);
    }
  }
  dagre.layout(picture);
  const boxes = new Map<string, IBox>();
  for (const id of picture.nodes()) {
    const { x, y, width, height } = picture.node(id) as { x: number; y: number; width: number; height: number };
    const head = parents.has(id) ? HEAD : 0;
    boxes.set(id, { x: x - width / 2, y: y - height / 2 - head, width, height: height + head });
  }
  const lines = new Map<string, { x: number; y: number }[]>();
  for (const edge of picture.edges()) {
    lines.set(edge.name ?? '', (picture.edge(edge) as { points: { x: number; y: number }[] }).points);
  }
  const all = [...boxes.values()];
  return {
    boxes,
    lines,
    width: Math.max(0, ...all.map(box => box.x + box.width)) + MARGIN,
    height: Math.max(0, ...all.map(box => box.y + box.height)) + MARGIN
  };
}

function widthOf(node: IGraphNode): number {
  const letters = Math.max(node.label.length, (node.detail ?? '').length * 0.85);
  return Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, letters * LETTER + AROUND));
}

/** A soft line through points. */
export function pathOf(points: readonly { x: number; y: number }[]): string {
  if (points.length < 2) {
    return '';
  }
  const [first, ...rest] = points;
  const at = (point: { x: number; y: number }): string => `${round(point.x)},${round(point.y)}`;
  let path = `M${at(first)}`;
  for (let index = 0; index < rest.length - 1; index++) {
    const here = rest[index];
    const next = rest[index + 1];
    const middle = index === rest.length - 2 ? next : { x: (here.x + next.x) / 2, y: (here.y + next.y) / 2 };
    path += ` Q${at(here)} ${at(middle)}`;
  }
  return rest.length === 1 ? `${path} L${at(rest[0])}` : path;
}

/** The node that lies nearest in a direction, for the arrow keys. */
export function neighbour(boxes: ReadonlyMap<string, IBox>, from: string, key: string): string | undefined {
  const here = boxes.get(from);
  if (!here) {
    return undefined;
  }
  const centre = (box: IBox): { x: number; y: number } => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
  const start = centre(here);
  let best: string | undefined;
  let least = Infinity;
  for (const [id, box] of boxes) {
    const { x, y } = centre(box);
    const dx = x - start.x;
    const dy = y - start.y;
    const along = key === 'ArrowRight' ? dx : key === 'ArrowLeft' ? -dx : key === 'ArrowDown' ? dy : -dy;
    const across = key === 'ArrowRight' || key === 'ArrowLeft' ? Math.abs(dy) : Math.abs(dx);
    const distance = along + across * 2;
    if (id !== from && along > 1 && distance < least) {
      best = id;
      least = distance;
    }
  }
  return best;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
