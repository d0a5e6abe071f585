import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Bench } from './jobs';

const COUNT = `
def mapper(chunk):
    return [(word, 1) for word in chunk.split()]

def reducer(pairs):
    found = {}
    for name, value in pairs:
        found[name] = found.get(name, 0) + int(value)
    return sorted(found.items())
`;

describe('jobs with real workers', () => {
  const bench = new Bench();
  afterAll(() => bench.close());

  it('counts the words of two files', async () => {
    mkdirSync(bench.path('in'));
    writeFileSync(bench.path('in/a.txt'), 'one two two\nthree three three\n');
    writeFileSync(bench.path('in/b.txt'), 'three one');
    const { job, items } = await bench.result({
      code: COUNT,
      input: [{ file: { path: bench.path('in') } }],
      output: { file: { path: bench.path('out') } },
      mapreduce: { reducers: 3 }
    });
    expect(new Map(items as [string, number][])).toEqual(
      new Map([
        ['one', 2],
        ['two', 2],
        ['three', 4]
      ])
    );
    expect(job.results).toBe(3);
    expect(readdirSync(bench.path('out')).sort()).toEqual([
      '0_results',
      '1_results',
      '2_results',
      '_SUCCESS',
      '_manifest.json'
    ]);
    expect(readdirSync(bench.folder).sort()).toEqual(['data', 'in', 'out']);
    expect(JSON.parse(readFileSync(bench.path('out/_manifest.json'), 'utf8'))).toMatchObject({
      job: job.id,
      results: 3
    });
  });

  it('adds up what iterations return', async () => {
    const { items } = await bench.result({
      kind: 'htc',
      code: 'def task(first, count, ctx):\n    return sum(range(first, first + count))\n',
      htc: { iterations: 10_000 }
    });
    const values = items as { first: number; count: number; value: number }[];
    expect(values.reduce((sum, item) => sum + item.value, 0)).toBe(49_995_000);
    expect(values.reduce((sum, item) => sum + item.count, 0)).toBe(10_000);
  });
});
