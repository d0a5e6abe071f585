import { isArrow, neighbour } from '../keys';

/** make → (sum above, last below) → report */
const NODES = [
  { id: 'report', x: 600, y: 120 },
  { id: 'make', x: 60, y: 120 },
  { id: 'sum', x: 320, y: 40 },
  { id: 'last', x: 320, y: 200 }
];

describe('neighbour', () => {
  it('begins with the first as one reads', () => {
    expect(neighbour(NODES, undefined, 'ArrowUp')).toBe('make');
    expect(neighbour(NODES, 'deleted meanwhile', 'ArrowLeft')).toBe('make');
    expect(neighbour([], undefined, 'ArrowLeft')).toBeUndefined();
  });

  it('goes to the nearest in the direction of the arrow', () => {
    expect(neighbour(NODES, 'sum', 'ArrowDown')).toBe('last');
    expect(neighbour(NODES, 'last', 'ArrowUp')).toBe('sum');
    expect(neighbour(NODES, 'last', 'ArrowRight')).toBe('report');
    expect(neighbour(NODES, 'report', 'ArrowLeft')).toMatch(/sum|last/);
  });

  it('stays where nothing is that way, and does not take what is rather above for what is to the right', () => {
    expect(neighbour(NODES, 'report', 'ArrowRight')).toBeUndefined();
    expect(
      neighbour(
        [
          { id: 'a', x: 0, y: 0 },
          { id: 'b', x: 5, y: -300 }
        ],
        'a',
        'ArrowRight'
      )
    ).toBeUndefined();
  });

  it('reaches every node from every node of a grid', () => {
    const grid = Array.from({ length: 12 }, (_, i) => ({ id: String(i), x: (i % 4) * 220, y: Math.floor(i / 4) * 90 }));
    const reached = new Set(['0']);
    for (const id of reached) {
      for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']) {
        const next = neighbour(grid, id, key);
        if (next !== undefined) {
          reached.add(next);
        }
      }
    }
    expect(reached.size).toBe(12);
    expect(isArrow('ArrowUp')).toBe(true);
    expect(isArrow('Enter')).toBe(false);
  });
});
