import { firstSeen, fitOf, READABLE, scrollFor } from '../graph/fit';

const layout = (width: number, height: number) => ({ boxes: new Map(), lines: new Map(), width, height });
const WIDE = layout(900, 200);
const TALL = layout(300, 700);

describe('the picture in a room', () => {
  it('is as large as it can be, and never larger than it is', () => {
    expect(fitOf([WIDE, TALL], { width: 2000, height: 2000 })).toEqual({ layout: WIDE, zoom: 1 });
    expect(fitOf([WIDE, TALL], { width: 904, height: 204 })).toEqual({ layout: WIDE, zoom: 1 });
    expect(fitOf([WIDE, TALL], { width: 310, height: 640 })).toEqual({ layout: TALL, zoom: 636 / 700 });
  });

  it('stays readable where there is little room, and scrolls up and down', () => {
    expect(fitOf([WIDE, TALL], { width: 212, height: 150 })).toEqual({ layout: TALL, zoom: READABLE });
    expect(fitOf([WIDE, TALL], { width: 0, height: 0 }).zoom).toBe(READABLE);
  });

  it('begins where something is, and stays where it is seen', () => {
    expect(scrollFor(0, 200, 20, 100)).toBe(0);
    expect(scrollFor(0, 200, 500, 100)).toBe(450);
    expect(scrollFor(400, 200, 10, 100)).toBe(0);
    const node = (id: string, kind: 'cluster' | 'place' | 'service') => ({ id, kind, label: id, pointer: '' });
    const nodes = [node('c', 'cluster'), node('b', 'service'), node('a', 'place')];
    const edges = [{ id: '1', kind: 'input' as const, from: 'a', to: 'b' }];
    expect(firstSeen({ nodes, edges }, null)).toBe('a');
    expect(firstSeen({ nodes, edges }, 'b')).toBe('b');
    expect(firstSeen({ nodes: [], edges: [] }, null)).toBeUndefined();
  });
});
