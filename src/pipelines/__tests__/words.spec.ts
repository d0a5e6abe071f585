import { nullTranslator } from '@jupyterlab/translation';

import type { PipelineProblem } from '../../contract';
import { secondsOf } from '../../oscar/words';
import { canvasId, nodeLabel } from '../flow';
import { drawGraph, NODE } from '../graph';
import { badgesOf, brokenLinksOf, hasErrors, nodeOf, sortProblems } from '../problems';
import { isActive, nodeStateWord, runStateWord } from '../runwords';

// jsdom has none.
globalThis.structuredClone ??= <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const trans = nullTranslator.load('jupyterlab_oscar');

function problem(change: Partial<PipelineProblem>): PipelineProblem {
  return {
    code: 'x',
    severity: 'error',
    message: 'Wrong.',
    file: 'a.pipeline',
    line: 1,
    column: 1,
    endLine: 1,
    endColumn: 1,
    ...change
  };
}

describe('problems', () => {
  it('become badges: the worst of a node, all its words, and those of what is in a supernode', () => {
    const badges = badgesOf([
      problem({ node: 'a', severity: 'warning', message: 'Hm.' }),
      problem({ node: 'a', message: 'No.' }),
      problem({ node: 'super/b', severity: 'warning', message: 'Inside.' }),
      problem({ node: 'c', severity: 'information' }),
      problem({})
    ]);
    expect(badges).toEqual({
      a: { severity: 'error', messages: ['Hm.', 'No.'] },
      super: { severity: 'warning', messages: ['Inside.'] },
      b: { severity: 'warning', messages: ['Inside.'] }
    });
    expect(nodeOf(problem({ node: 'super/b' }))).toBe('b');
    expect(nodeOf(problem({}))).toBeUndefined();
  });

  it('are sorted with the worst first and else as found; links are named once', () => {
    const found = [
      problem({ code: '1', severity: 'information' }),
      problem({ code: '2', severity: 'warning', link: 'l' }),
      problem({ code: '3', link: 'l' }),
      problem({ code: '4' })
    ];
    expect(sortProblems(found).map(item => item.code)).toEqual(['3', '4', '2', '1']);
    expect(brokenLinksOf(found)).toEqual(['l']);
    expect(hasErrors(found)).toBe(true);
    expect(hasErrors(found.slice(0, 2))).toBe(false);
  });
});

describe('words of runs', () => {
  it('has one for each state', () => {
    const nodes = ['waiting', 'running', 'done', 'failed', 'cancelled', 'skipped'] as const;
    expect(new Set(nodes.map(state => nodeStateWord(state, trans))).size).toBe(6);
    const runs = ['deploying', 'running', 'done', 'failed', 'cancelled', 'interrupted'] as const;
    expect(new Set(runs.map(state => runStateWord(state, trans))).size).toBe(6);
  });

  it('counts seconds from the start to the end, or to now while it goes on', () => {
    const startedAt = '2026-01-01T00:00:00Z';
    const now = Date.parse('2026-01-01T00:00:30Z');
    expect(secondsOf({}, now, true)).toBeUndefined();
    expect(secondsOf({ startedAt }, now, true)).toBe(30);
    expect(secondsOf({ startedAt, finishedAt: '2026-01-01T00:00:05Z' }, now, true)).toBe(5);
    // It ended, and nobody knows when.
    expect(secondsOf({ startedAt }, now, false)).toBeUndefined();
    // The clock of the cluster may be ahead of this one.
    expect(secondsOf({ startedAt: '2026-01-01T00:01:00Z' }, now, true)).toBe(0);
    expect(isActive({ state: 'deploying' } as never)).toBe(true);
    expect(isActive({ state: 'interrupted' } as never)).toBe(false);
  });
});

describe('names of nodes', () => {
  it('are the label, else the file or service, else the kind', () => {
    const node = (op: string, data: object): never =>
      ({ id: 'n', type: 'execution_node', op, app_data: data }) as never;
    expect(nodeLabel(node('oscar-command', { label: 'Count' }))).toBe('Count');
    expect(nodeLabel(node('x', { component_parameters: { filename: 'a/b.py' } }))).toBe('b.py');
    expect(nodeLabel(node('oscar-service', { component_parameters: { service: 'ocr' } }))).toBe('ocr');
    expect(nodeLabel(node('oscar-command', {}))).toBe('Shell command');
    expect(nodeLabel(node('catalog:1', {}))).toBe('catalog:1');
    expect(canvasId('super/inner/n')).toBe('n');
  });
});

describe('the drawing of a run', () => {
  it('puts each step right of those before it, and none over another', () => {
    const drawing = drawGraph([
      { id: 'make', after: [] },
      { id: 'sum', after: ['make'] },
      { id: 'last', after: ['make'] },
      { id: 'report', after: ['sum', 'last', 'of another run'] }
    ]);
    const at = (id: string): { x: number; y: number } => drawing.places.get(id)!;
    expect(at('make').x + NODE.width).toBeLessThan(at('sum').x);
    expect(at('last').x + NODE.width).toBeLessThan(at('report').x);
    expect(Math.abs(at('sum').y - at('last').y)).toBeGreaterThanOrEqual(NODE.height);
    expect(drawing.edges).toHaveLength(4);
    expect(drawing.width).toBeGreaterThan(at('report').x + NODE.width);
  });

  it('draws nothing for nothing', () => {
    expect(drawGraph([])).toMatchObject({ edges: [], places: new Map() });
  });
});
