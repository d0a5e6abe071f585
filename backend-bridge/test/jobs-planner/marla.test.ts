import { mkdirSync, writeFileSync } from 'node:fs';
import { Bench } from './jobs';

/** Defects of MARLA (M1 to M17) that cannot come back: each is caused as it was there. */

const COUNT = `
def mapper(chunk):
    rows = chunk[:-1] if chunk.endswith("\\n") else chunk
    return [(row, 1) for row in rows.split("\\n")]

def reducer(pairs):
    found = []
    for name, value in pairs:
        if found and found[-1][0] == name:
            found[-1][1] += value
        else:
            found.append([name, value])
    return found
`;

type Pairs = [string, number][];
const KIB = 1024;

function countOf(lines: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  lines.forEach(line => found.set(line, (found.get(line) ?? 0) + 1));
  return found;
}

jest.setTimeout(90_000);

describe('defects of MARLA', () => {
  const bench = new Bench();
  afterAll(() => bench.close());
  let number = 0;

  /** Counts the lines of a file; all parts of a few bytes. */
  async function lines(text: string | Buffer, mappers: number, more: object = {}): Promise<Map<string, number>> {
    const name = `input-${(number += 1)}.txt`;
    writeFileSync(bench.path(name), text);
    const { items } = await bench.result({
      code: COUNT,
      input: [{ file: { path: bench.path(name) } }],
      mapreduce: { mappers, reducers: 3, ...more }
    });
    return new Map(items as Pairs);
  }

  it('M1: an empty name is a name', async () => {
    const rows = ['Valencia', '', 'Alacant', '', 'Valencia'];
    expect(await lines(rows.join('\n') + '\n', 2)).toEqual(countOf(rows));
  });

  it('M2: the size is a multiple of the block, or nothing at all', async () => {
    const rows = Array.from({ length: 512 }, (_, i) => String(i % 10).repeat(3));
    const text = rows.join('\n') + '\n';
    expect(text.length).toBe(2 * KIB);
    expect(await lines(text, 1, { mappers: 4, maxBlock: 512 })).toEqual(countOf(rows));
    expect(await lines('', 4)).toEqual(new Map());
  });

  it('M3, M4: lines of any length, blocks of any size: each line once', async () => {
    for (const [length, mappers] of [
      [7, 9],
      [64, 23],
      [300, 5]
    ]) {
      const rows = Array.from({ length: 60 }, (_, i) => `${i}-${'x'.repeat((i * 37) % length)}`);
      expect(await lines(rows.join('\n'), mappers)).toEqual(countOf(rows));
      expect(await lines(rows.join('\n') + '\n', mappers)).toEqual(countOf(rows));
    }
  });

  it('M5, M6: characters of several bytes, cut anywhere, of any script', async () => {
    const rows = Array.from(
      { length: 40 },
      (_, i) => ['ñandú', '東京', '🦊 fox', 'Ωmega', '߿', '\u{10ffff}'][i % 6] + (i % 7)
    );
    expect(await lines(rows.join('\n'), 31)).toEqual(countOf(rows));
  });

  it('M7: names with commas, quotes, tabs; values that are texts with newlines', async () => {
    const rows = ['a,b', '"a"', 'a\tb', 'a,b', "'", '\\', '\u2028', ' a '];
    expect(await lines(rows.join('\n'), 3)).toEqual(countOf(rows));
    const { items } = await bench.result({
      code: 'def mapper(line):\n    yield line, "x,\\ny"\ndef reducer(key, values):\n    return "".join(values)\n',
      input: [{ file: { path: bench.path('input-1.txt') } }]
    });
    expect(new Map(items as [string, string][]).get('Valencia')).toBe('x,\nyx,\ny');
  });

  it('M8: values keep their type through all rounds of a reducer', async () => {
    const { items } = await bench.result({
      code: `
def mapper(line):
    yield "all", (int(line), 0.5, True)
def reducer(key, values):
    seen = list(values)
    assert all(type(value) is tuple and type(value[0]) is int for value in seen), seen
    return key, (sum(value[0] for value in seen), 0.5, True)
`,
      input: [{ file: { path: numbers(bench, 1000) } }],
      mapreduce: { mappers: 10, reducers: 2 }
    });
    expect(items).toEqual([['all', { $py: '(499500, 0.5, True)', $pickle: expect.any(String) as string }]]);
  });

  it('M9: lower-case words reach all reducers', async () => {
    const rows = Array.from({ length: 400 }, (_, i) => `word${i}`);
    writeFileSync(bench.path('words.txt'), rows.join('\n'));
    const { job } = await bench.result({
      code: COUNT,
      input: [{ file: { path: bench.path('words.txt') } }],
      mapreduce: { reducers: 10 }
    });
    const { files } = await bench.page(job.id, 0, 1);
    expect(files.map(file => file.name)).toEqual(Array.from({ length: 10 }, (_, i) => `${i}_results`));
    expect(files.every(file => file.size > 0)).toBe(true);
  });

  it('M10: a block without any newline', async () => {
    const rows = ['x'.repeat(5000), 'y', 'z'.repeat(3000)];
    expect(await lines(rows.join('\n'), 16)).toEqual(countOf(rows));
    expect(await lines('x'.repeat(4000), 16)).toEqual(countOf(['x'.repeat(4000)]));
  });

  it('M11, M12: a part whose worker dies is done again, and counts once', async () => {
    const { job, items } = await bench.result({
      code: `
import os, pathlib
def mapper(line):
    # It is far behind the sample.
    if line == "45000":
        try:
            pathlib.Path(${JSON.stringify(bench.path('died'))}).touch(exist_ok=False)
        except FileExistsError:
            pass
        else:
            os.kill(os.getpid(), 9)
    yield "lines", 1
def reducer(key, values):
    return sum(values)
`,
      input: [{ file: { path: numbers(bench, 50_000) } }],
      mapreduce: { mappers: 8 }
    });
    expect(items).toEqual([['lines', 50_000]]);
    expect(job.phases[0].parts.failed).toBe(1);
  });

  it('M13: files of one name in two folders, and two jobs with one output', async () => {
    for (const folder of ['one', 'two']) {
      mkdirSync(bench.path(`same/${folder}`), { recursive: true });
      writeFileSync(bench.path(`same/${folder}/a.txt`), `${folder}\n`);
    }
    const wanted = {
      code: COUNT,
      input: [{ file: { path: bench.path('same') }, glob: '**/a.*' }],
      output: { file: { path: bench.path('same-out') } }
    };
    const { job, items } = await bench.result(wanted);
    expect(new Map(items as Pairs)).toEqual(countOf(['one', 'two']));
    const again = await bench.run(wanted);
    expect(again).toMatchObject({ state: 'failed', problem: { status: 409, title: 'The output folder is not empty' } });
    expect((await bench.run({ ...wanted, overwrite: true })).state).toBe('succeeded');
    // The result of the first job is not that of the second.
    await expect(bench.page(job.id)).rejects.toThrow('410');
  });

  it('M14: names of files with spaces, accents, percent signs and plus signs', async () => {
    const name = 'año 1+2 %41 #?&.txt';
    writeFileSync(bench.path(name), 'here\n');
    const { items } = await bench.result({ code: COUNT, input: [{ file: { path: bench.path(name) } }] });
    expect(items).toEqual([['here', 1]]);
  });

  it('M15, M16: the configuration is read by the bridge, and zips beside the input are no text of it', async () => {
    mkdirSync(bench.path('config'));
    writeFileSync(bench.path('config/rows.txt'), 'a\na\n');
    const { job, items } = await bench.result({
      code: COUNT,
      config: { format: 'marla', text: 'ClusterName: mine\nMapperNodes: 3\nReducersNumber: 2\nRegion: us-east-1\n' },
      input: [{ file: { path: bench.path('config') }, glob: '*.txt' }]
    });
    expect(items).toEqual([['a', 2]]);
    expect(job.name).toBe('mine');
    expect(job.notes.join(' ')).toContain('Region');
    const { files } = await bench.page(job.id, 0, 1);
    expect(files).toHaveLength(2);
  });

  it('M17: no chain of calls: a job of hundreds of parts is one list of parts', async () => {
    const { job, items } = await bench.result({
      code: 'def mapper(line):\n    yield "n", 1\ndef reducer(key, values):\n    return sum(values)\n',
      input: [{ file: { path: numbers(bench, 20_000) } }],
      mapreduce: { mappers: 400 }
    });
    expect(items).toEqual([['n', 20_000]]);
    expect(job.phases[0].parts.done).toBeGreaterThan(390);
  });
});

function numbers(bench: Bench, count: number): string {
  const path = bench.path(`numbers-${count}.txt`);
  writeFileSync(path, Array.from({ length: count }, (_, i) => `${i}\n`).join(''));
  return path;
}
