import type { IFdlGraph } from '../../../backend-bridge/src/fdl/graph';
import { layoutOf, neighbour, pathOf } from '../graph/layout';

const node = (id: string, kind: 'service' | 'place' | 'cluster', parent?: string) => ({
  id,
  kind,
  label: id,
  pointer: '',
  ...(parent ? { parent } : {})
});

const GRAPH: IFdlGraph = {
  nodes: [
    node('c', 'cluster'),
    node('lonely', 'cluster'),
    node('a', 'service', 'c'),
    node('b', 'service', 'c'),
    node('in', 'place'),
    node('mid', 'place')
  ],
  edges: [
    { id: '1', kind: 'input', from: 'in', to: 'a' },
    { id: '2', kind: 'output', from: 'a', to: 'mid' },
    { id: '3', kind: 'input', from: 'mid', to: 'b' },
    { id: '4', kind: 'output', from: 'b', to: 'in' },
    { id: '5', kind: 'input', from: 'gone', to: 'b' }
  ]
};

// jsdom does not have it; every browser does.
globalThis.structuredClone ??= <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('layout', () => {
  it('places every node, loops as well, and clusters around their services', () => {
    const { boxes, lines, width, height } = layoutOf(GRAPH);
    expect([...boxes.keys()].sort()).toEqual(['a', 'b', 'c', 'in', 'lonely', 'mid']);
    expect([...lines.keys()].sort()).toEqual(['1', '2', '3', '4']);
    const c = boxes.get('c')!;
    for (const id of ['a', 'b']) {
      const box = boxes.get(id)!;
      expect(box.x).toBeGreaterThanOrEqual(c.x);
      expect(box.y).toBeGreaterThanOrEqual(c.y);
      expect(box.x + box.width).toBeLessThanOrEqual(c.x + c.width + 0.01);
      expect(box.y + box.height).toBeLessThanOrEqual(c.y + c.height + 0.01);
    }
    for (const box of boxes.values()) {
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.y).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(width);
      expect(box.y + box.height).toBeLessThanOrEqual(height);
    }
  });

  it('knows what lies in the direction of an arrow key', () => {
    const box = (x: number, y: number) => ({ x, y, width: 100, height: 40 });
    const boxes = new Map([
      ['a', box(0, 0)],
      ['b', box(200, 10)],
      ['c', box(150, 300)]
    ]);
    expect(neighbour(boxes, 'a', 'ArrowRight')).toBe('b');
    expect(neighbour(boxes, 'b', 'ArrowDown')).toBe('c');
    expect(neighbour(boxes, 'b', 'ArrowLeft')).toBe('a');
    expect(neighbour(boxes, 'a', 'ArrowLeft')).toBeUndefined();
    expect(neighbour(new Map(), 'a', 'ArrowRight')).toBeUndefined();
  });

  it('draws through points', () => {
    expect(pathOf([])).toBe('');
    expect(
      pathOf([
        { x: 0, y: 0 },
        { x: 10, y: 5 }
      ])
    ).toBe('M0,0 L10,5');
  });
});
