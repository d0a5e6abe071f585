import { checkFdl, parseFdl, planFdl, redactService, toService } from '../../src/fdl';
import * as editor from '../../src/fdl/editor';
import { mutate, random, SEEDS } from './mutations';

interface IRangeLike {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** All that the editor does with a text; every range that it answers. */
function edit(text: string, turn: number, next: (below: number) => number): IRangeLike[] {
  const lines = text.split('\n');
  const line = 1 + next(lines.length + 1);
  const position = { line, column: 1 + next((lines[line - 1] ?? '').length + 2) };
  const { document, problems } = editor.lint(text, { file: 'f' });
  const known = { services: ['a'], buckets: ['b/c'], images: ['d'], clusterIds: ['e'], scripts: ['s.sh'] };
  const completions = editor.complete(document, position, known);
  const hover = editor.hover(document, position);
  const flat = (items: editor.IOutlineItem[]): IRangeLike[] =>
    items.flatMap(item => [item.range, item.selection, ...flat(item.children)]);
  // The dear ones in turn.
  let renamed: editor.IEdit[] = [];
  switch (turn % 4) {
    case 0:
      renamed = editor.renameService(text, editor.serviceAt(document, position) ?? 'cowsay', 'another').edits;
      break;
    case 1:
      editor.lint(editor.convertVersion(text, (['3.x', '4.0', '4.1'] as const)[next(3)]).text);
      break;
    case 2: {
      const formatted = editor.format(text);
      if (editor.format(formatted) !== formatted) {
        throw new Error(`not stable:\n${formatted}`);
      }
      break;
    }
    default:
      editor.lint(editor.applyEdits(text, editor.fixAll(problems)));
  }
  return [
    ...completions.map(item => item.range),
    ...(hover ? [hover.range] : []),
    ...flat(editor.outline(document)),
    ...editor.links(document).map(item => item.range),
    ...editor.foldings(document).map(({ from, to }) => ({ line: from, column: 1, endLine: to, endColumn: 1 })),
    ...renamed,
    ...problems.flatMap(problem => problem.fix?.edits ?? [])
  ];
}

describe('random changes of valid files', () => {
  it('never throw, and every place is inside the file', () => {
    const count = Number(process.env.FDL_MUTATIONS ?? 3_000);
    const seed = Number(process.env.FDL_SEED ?? Date.now() % 2 ** 31);
    process.stderr.write(`FDL_SEED=${seed} FDL_MUTATIONS=${count}\n`);
    const next = random(seed);
    let slowest = 0;
    let withProblems = 0;
    for (let i = 0; i < count; i++) {
      const text = mutate(SEEDS[i % SEEDS.length], next);
      const lines = text.split('\n').map(line => line.length);
      const began = performance.now();
      try {
        const { document, problems } = parseFdl(text, { file: 'f' });
        const scripts = { 'script.sh': i % 3 === 0 ? null : '#!/bin/sh\necho\n' };
        const found = [
          ...problems,
          ...checkFdl(document, {
            scripts,
            processRuntime: true,
            version: ['4.1.2', '3.6.0', undefined][i % 3],
            clusterIds: ['local']
          })
        ];
        for (const entry of document.oscar) {
          redactService(toService(entry, { document, version: ['3.2', '4.0', '4.1'][i % 3] }));
        }
        if (i % 4 === 0) {
          planFdl({
            document,
            deployed: [],
            buckets: [],
            scripts: { 'script.sh': 'x', '../grayify/script.sh': 'x', '../ocr/script.sh': 'x' }
          });
        }
        withProblems += found.length > 0 ? 1 : 0;
        for (const problem of [...found, ...edit(text, Math.floor(i / SEEDS.length), next)]) {
          const good =
            problem.line >= 1 &&
            problem.column >= 1 &&
            problem.endLine >= problem.line &&
            problem.endLine <= lines.length &&
            problem.column <= lines[problem.line - 1] + 1 &&
            problem.endColumn <= lines[problem.endLine - 1] + 1 &&
            (problem.endLine > problem.line || problem.endColumn >= problem.column);
          if (!good) {
            throw new Error(`outside: ${JSON.stringify(problem)}`);
          }
        }
      } catch (error) {
        throw new Error(`seed ${seed}, change ${i}: ${String((error as Error).stack)}\n${JSON.stringify(text)}`);
      }
      slowest = Math.max(slowest, performance.now() - began);
    }
    // A hang would show here: everything that the editor does, on files of 50 lines, with other programs on the machine.
    expect(slowest).toBeLessThan(5000);
    // Most changes of a file do some harm: the check is not asleep.
    expect(withProblems / count).toBeGreaterThan(0.6);
  }, 3_600_000);
});
