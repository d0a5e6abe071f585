import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Bench } from './jobs';

jest.setTimeout(90_000);

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
    expect(readdirSync(bench.folder).filter(name => name.startsWith('.'))).toEqual([]);
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

  const BY_WORD = 'def mapper(line):\n    yield line.split()[0], int(line.split()[1])\n';
  const SUM = 'def reducer(key, values):\n    return sum(values)\n';
  const rows = Array.from({ length: 500 }, (_, i) => [`w${(i * 7919) % 500}`, (i * 31) % 97] as const);
  const byKey = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const byValue = [...byKey].sort(([, a], [, b]) => b - a);

  it('puts keys in order over all files, values in one, and keeps the largest', async () => {
    writeFileSync(bench.path('rows.txt'), rows.map(([key, value]) => `${key} ${value}\n`).join(''));
    const input = [{ file: { path: bench.path('rows.txt') } }];
    const base = { code: BY_WORD + SUM, input };
    const sorted = await bench.result({ ...base, mapreduce: { mappers: 5, reducers: 4, sort: 'key' } });
    expect(sorted.items).toEqual(byKey);
    const { files } = await bench.page(sorted.job.id);
    expect(files.filter(file => file.size > 0).length).toBeGreaterThan(2);
    expect((await bench.result({ ...base, mapreduce: { reducers: 4, sort: 'value' } })).items).toEqual(byValue);
    expect((await bench.result({ ...base, mapreduce: { reducers: 4, top: 7 } })).items).toEqual(byValue.slice(0, 7));
    expect((await bench.result({ ...base, mapreduce: { reducers: 4, top: 7, sort: 'key' } })).items).toEqual(
      byKey.slice(0, 7)
    );
    const { job, items } = await bench.result({
      code: `${BY_WORD}def reducer(key, values):\n    return (sum(values), key)\n`,
      input,
      mapreduce: { reducers: 4, top: 2 }
    });
    expect(items).toHaveLength(2);
    expect(job.notes.join(' ')).toContain('One reducer');
  });

  it('reads the rows of a CSV file whose fields have newlines, cut into parts', async () => {
    const table = Array.from({ length: 9000 }, (_, i) => `${i},"a ""quoted"" line\nand, ${'more '.repeat(i % 30)}"\n`);
    writeFileSync(bench.path('table.csv'), `id,text\n${table.join('')}`);
    const { job, items } = await bench.result({
      code:
        'def mapper(row):\n    yield "rows", 1\n    yield "ids", int(row["id"])\n    yield "newlines", row["text"].count("\\n")\n' +
        SUM,
      input: [{ file: { path: bench.path('table.csv') } }],
      mapreduce: { maxBlock: 100_000 }
    });
    expect(new Map(items as [string, number][])).toEqual(
      new Map([
        ['rows', 9000],
        ['newlines', 9000],
        ['ids', 40_495_500]
      ])
    );
    expect(job.phases[0].parts.done).toBeGreaterThan(2);
  });

  it('fails when the input is changed during the job', async () => {
    writeFileSync(bench.path('moving.txt'), 'x\n'.repeat(400_000));
    const job = await bench.run({
      code: `
late = False
def mapper(line):
    global late
    if not late:
        late = True
        with open(${JSON.stringify(bench.path('moving.txt'))}, "a") as file:
            file.write("more\\n")
    yield "n", 1
${SUM}`,
      input: [{ file: { path: bench.path('moving.txt') } }],
      mapreduce: { mappers: 4 }
    });
    expect(job).toMatchObject({ state: 'failed', error: { class: 'input', type: 'InputChanged' } });
  });

  it('has an empty result for no input at all', async () => {
    mkdirSync(bench.path('empty'));
    writeFileSync(bench.path('empty/nothing.txt'), '');
    const { job, items } = await bench.result({
      code: COUNT,
      input: [{ file: { path: bench.path('empty') } }],
      output: { file: { path: bench.path('empty-out') } }
    });
    expect(items).toEqual([]);
    expect(job.results).toBe(0);
    expect(readdirSync(bench.path('empty-out')).sort()).toEqual(['0_results', '_SUCCESS', '_manifest.json']);
  });

  it('gives each shell task its file, and keeps what it writes', async () => {
    mkdirSync(bench.path('shell'));
    ['a', 'bb', 'ccc'].forEach(name => writeFileSync(bench.path(`shell/${name}.txt`), name));
    const { job, items } = await bench.shell({
      code: 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/copy-$FIRST.txt"\nwc -c < "$INPUT_FILE_PATH"\n',
      input: [{ file: { path: bench.path('shell') } }],
      output: { file: { path: bench.path('shell-out') } }
    });
    expect(items).toEqual([1, 2, 3].map((value, first) => ({ first, count: 1, value })));
    expect(readdirSync(bench.path('shell-out')).sort()).toEqual([
      '_SUCCESS',
      '_manifest.json',
      'copy-0.txt',
      'copy-1.txt',
      'copy-2.txt',
      'values.jsonl'
    ]);
    expect(job.output).toBe(bench.path('shell-out'));
  });
});
