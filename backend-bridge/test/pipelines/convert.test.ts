import { checkFdl, parseFdl } from '../../src/fdl';
import { convert, node, pipeline } from './convert-support';

describe('converting', () => {
  it('writes a linear pipeline', () => {
    const result = convert(
      pipeline([node('a', { filename: 'a.py', outputs: ['x.csv'] }), node('b', { command: 'ls' })], ['a>b']),
      {
        'a.py': 'print(1)\n'
      }
    );
      result.fdl,
      result.report.problems,
      result.files.map(f => f.path)
    );
    const { document, problems } = parseFdl(result.fdl);
    expect([
      ...problems,
      ...checkFdl(document, {
        processRuntime: true,
        scripts: Object.fromEntries(result.files.map(f => [f.path, String(f.content)]))
      })
    ]).toEqual([]);
  });
});
