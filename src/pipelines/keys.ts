/** A node of the canvas: the place of its upper left corner. */
export interface IBox {
  id: string;
  x: number;
  y: number;
}

const DIRECTIONS: Record<string, { x: number; y: number } | undefined> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 }
};

export function isArrow(key: string): boolean {
  return DIRECTIONS[key] !== undefined;
}

/**
 * The node that an arrow key leads to: the nearest in that direction, where being beside the way counts twice.
 *
 * Without a node to start from it is the first as one reads; where nothing lies in that direction it is undefined.
 */
export function neighbour(nodes: readonly IBox[], from: string | undefined, key: string): string | undefined {
  const start = nodes.find(node => node.id === from);
  if (!start) {
    return [...nodes].sort((a, b) => a.x - b.x || a.y - b.y)[0]?.id;
  }
  const way = DIRECTIONS[key];
  if (!way) {
    return undefined;
  }
  let best: { id: string; far: number } | undefined;
  for (const node of nodes) {
    const x = node.x - start.x;
    const y = node.y - start.y;
    const along = x * way.x + y * way.y;
    const beside = Math.abs(x * way.y) + Math.abs(y * way.x);
    // What is rather above is not to the right.
    if (node.id !== start.id && along > 0 && beside <= 3 * along) {
      const far = along + 2 * beside;
      if (!best || far < best.far) {
        best = { id: node.id, far };
      }
    }
  }
  return best?.id;
}
