import { layout, Graph } from '@dagrejs/dagre';

/** A node of a drawing: its place is that of its upper left corner. */
export interface IPlace {
  id: string;
  x: number;
  y: number;
}

export interface IDrawing {
  places: Map<string, IPlace>;
  edges: { from: string; to: string; path: string }[];
  width: number;
  height: number;
}

export const NODE = { width: 208, height: 56 } as const;

const GAP = { across: 48, down: 20, margin: 20 } as const;

/** Steps from left to right, each after those that it waits for. */
export function drawGraph(nodes: readonly { id: string; after: readonly string[] }[]): IDrawing {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: GAP.down, ranksep: GAP.across, marginx: GAP.margin, marginy: GAP.margin });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(node => node.id));
  for (const node of nodes) {
    graph.setNode(node.id, { width: NODE.width, height: NODE.height });
  }
  const pairs = nodes.flatMap(node => node.after.filter(id => known.has(id)).map(from => ({ from, to: node.id })));
  for (const { from, to } of pairs) {
    graph.setEdge(from, to);
  }
  layout(graph);
  const places = new Map<string, IPlace>();
  for (const node of nodes) {
    const at = graph.node(node.id);
    places.set(node.id, { id: node.id, x: at.x - NODE.width / 2, y: at.y - NODE.height / 2 });
  }
  const edges = pairs.map(pair => ({ ...pair, path: curve(places.get(pair.from)!, places.get(pair.to)!) }));
  const all = [...places.values()];
  return {
    places,
    edges,
    width: Math.max(0, ...all.map(place => place.x + NODE.width)) + GAP.margin,
    height: Math.max(0, ...all.map(place => place.y + NODE.height)) + GAP.margin
  };
}

function curve(from: IPlace, to: IPlace): string {
  const x1 = from.x + NODE.width;
  const y1 = from.y + NODE.height / 2;
  const x2 = to.x - 2;
  const y2 = to.y + NODE.height / 2;
  const bend = Math.max(24, (x2 - x1) / 2);
  return `M ${x1} ${y1} C ${x1 + bend} ${y1}, ${x2 - bend} ${y2}, ${x2} ${y2}`;
}
