import type { IFdlGraph } from '../../../backend-bridge/src/fdl/graph';
import type { ILayout } from './layout';
import { layoutOf } from './layout';

/** Smaller than this the names cannot be read: one scrolls instead. */
export const READABLE = 0.8;

/** The picture from left to right, and from top to bottom. */
export function layoutsOf(graph: IFdlGraph): readonly ILayout[] {
  return [layoutOf(graph, 'LR'), layoutOf(graph, 'TB')];
}

/**
 * The picture that is larger in a room (sizes in pixels), and its zoom: 1 at most. When neither can be read as a whole, the one that needs less
 * scrolling sideways.
 */
export function fitOf(
  layouts: readonly ILayout[],
  room: { width: number; height: number }
): { layout: ILayout; zoom: number } {
  const fits = layouts.map(layout => {
    const across = Math.min(1, (room.width - 4) / layout.width);
    return { layout, across, zoom: Math.min(across, (room.height - 4) / layout.height) };
  });
  const best = fits.reduce((a, b) => (b.zoom > a.zoom ? b : a));
  if (best.zoom >= READABLE) {
    return { layout: best.layout, zoom: best.zoom };
  }
  const { layout } = fits.reduce((a, b) => (b.across > a.across ? b : a));
  return { layout, zoom: READABLE };
}

/** How far to scroll so that a box is seen in a room that begins at `from`; the same when it is seen already. */
export function scrollFor(from: number, room: number, start: number, size: number): number {
  return start >= from && start + size <= from + room ? from : Math.max(0, start + size / 2 - room / 2);
}

/** What one looks at first: what is chosen, else where the data begins. */
export function firstSeen(graph: IFdlGraph, selected: string | null): string | undefined {
  const nodes = graph.nodes.filter(node => node.kind !== 'cluster');
  const fed = new Set(graph.edges.map(edge => edge.to));
  const found = nodes.find(node => node.id === selected) ?? nodes.find(node => !fed.has(node.id)) ?? nodes[0];
  return found?.id;
}
