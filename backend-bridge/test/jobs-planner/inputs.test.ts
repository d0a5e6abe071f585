import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import type { IObjectStorage } from '../../src/clusters/interfaces';
import type { ComputeInput, ComputeRequest } from '../../src/contract';
import { blockSize, reducerCount } from '../../src/jobs/mapreduce/blocks';
import { claimOutput } from '../../src/jobs/mapreduce/claims';
import { CsvCuts } from '../../src/jobs/mapreduce/csv-cuts';
import { isSplittable, resolveFormat } from '../../src/jobs/mapreduce/formats';
import { fixedPart, matcher } from '../../src/jobs/mapreduce/glob';
import { LinePages, linesOf } from '../../src/jobs/mapreduce/lines';
import { listInputs } from '../../src/jobs/mapreduce/listing';
import type { IPlaces } from '../../src/jobs/mapreduce/places';
import { FolderFiles } from '../../src/jobs/mapreduce/store-files';
import { targetOf } from '../../src/jobs/mapreduce/target';
import { compareValues, shownPair } from '../../src/jobs/mapreduce/values';
import { randomOf } from './random';

const MIB = 1024 * 1024;

describe('sizes of parts', () => {
  const rule = { total: 1024 * MIB, workers: 2, startCost: 0.001 };
  it.each([
    ['eight for each worker', rule, 64 * MIB],
    ['not below 1 MiB', { ...rule, total: 3 * MIB }, MIB],
    ['more when the workers are more', { ...rule, workers: 32 }, 4 * MIB],
    ["MARLA's share", { ...rule, mappers: 100 }, Math.ceil((1024 * MIB) / 100)],
    ['raised to the least', { ...rule, mappers: 10_000, minBlock: MIB }, MIB],
    ['cut to what fits the memory', { ...rule, mappers: 1, memory: 100 * MIB }, 30 * MIB],
    ['with what the sample needed', { ...rule, mappers: 1, memory: 100 * MIB, expansion: 10 }, 3 * MIB],
    [
      'cut to the most, which is stronger than the least',
      { ...rule, mappers: 1, minBlock: 8 * MIB, maxBlock: MIB },
      MIB
    ],
    ['a share that does not divide leaves no rest', { ...rule, total: 500_000_001, workers: 2 }, 31_250_001],
    ['0 is no limit', { ...rule, mappers: 2, maxBlock: 0 }, 512 * MIB],
    ['remote: twenty starts of work', { ...rule, startCost: 3, speed: MIB }, 128 * MIB]
  ])('%s', (_name, given, size) => {
    expect(blockSize(given)).toBe(size);
  });

  it('has as many reducers as workers here, as the shuffle needs elsewhere', () => {
    expect(reducerCount({ workers: 4, startCost: 0, intermediate: 50 * MIB })).toBe(4);
    expect(reducerCount({ workers: 4, startCost: 0, intermediate: 1000 })).toBe(1);
    expect(reducerCount({ workers: 4, startCost: 2, intermediate: 300 * MIB })).toBe(3);
    expect(reducerCount({ wanted: 9, workers: 4, startCost: 2, intermediate: 0 })).toBe(9);
  });
});

describe('formats by name', () => {
  it.each([
    ['a.txt', 'text', undefined],
    ['a.CSV', 'csv', undefined],
    ['a.tsv.gz', 'csv', 'gzip'],
    ['a.jsonl.zst', 'jsonl', 'zstd'],
    ['a.bz2', 'text', 'bzip2'],
    ['s3://b/x.csv/readme', 'text', undefined],
    ['a.parquet', 'parquet', undefined],
    ['a.png', 'file', undefined],
    ['3_results', 'jsonl', undefined],
    ['gz', 'text', undefined]
  ])('%s', (name, type, compression) => {
    expect(resolveFormat(name)).toMatchObject({ type });
    expect(resolveFormat(name).compression).toBe(compression);
  });

  it('knows what cannot be cut', () => {
    expect(isSplittable(resolveFormat('a.txt'))).toBe(true);
    expect(isSplittable(resolveFormat('a.txt.gz'))).toBe(false);
    expect(isSplittable(resolveFormat('a.txt', { encoding: 'UTF-16' }))).toBe(false);
    expect(isSplittable(resolveFormat('a.txt', { encoding: 'shift_jis' }))).toBe(true);
    expect(isSplittable(resolveFormat('a.txt', { encoding: 'shift_jis', delimiter: '|' }))).toBe(false);
    expect(() => resolveFormat('a', { type: 'fixed' })).toThrow('size');
    expect(() => resolveFormat('a', { delimiter: '' })).toThrow('delimiter');
  });
});

describe('patterns', () => {
  it.each([
    ['*.txt', ['a.txt'], ['a/b.txt', '.a.txt', 'a.txt2']],
    ['**/*.txt', ['a.txt', 'a/b.txt', 'a/b/c.txt'], ['.x/a.txt', 'a/.b.txt']],
    ['a/**', ['a/b', 'a/b/c'], ['b/a']],
    ['[a-c]?.{csv,tsv}', ['a1.csv', 'cc.tsv'], ['d1.csv', 'a.csv', 'a1.txt']],
    ['[!a]b', ['bb'], ['ab', '/b']],
    ['a[', ['a['], ['a']],
    ['1+2 (x).txt', ['1+2 (x).txt'], ['12 x.txt']]
  ])('%s', (pattern, yes, no) => {
    yes.forEach(path => expect([path, matcher(pattern)(path)]).toEqual([path, true]));
    no.forEach(path => expect([path, matcher(pattern)(path)]).toEqual([path, false]));
  });

  it('begins where the pattern is plain', () => {
    expect(fixedPart('/a/b/*.txt')).toBe('/a/b/');
    expect(fixedPart('a*')).toBe('');
    expect(fixedPart('a/b')).toBe('a/b');
  });
});

describe('records of CSV files', () => {
  const READER =
    'import csv,sys;r=csv.reader(open(sys.argv[1],newline=""));n=[0]\nfor _ in r: n.append(r.line_num)\nprint(n)';
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'csv-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("cuts only where Python's reader begins a record", () => {
    const pieces = ['a', ',', '"', '\n', '""', 'b"c', '"x\ny"', ',"', '",', '"\n', '\r\n', 'é'];
    for (let seed = 1; seed <= 25; seed++) {
      const random = randomOf(seed);
      const text = Array.from({ length: 60 + random(60) }, () => pieces[random(pieces.length)]).join('');
      const path = join(folder, 'a.csv');
      writeFileSync(path, text);
      const bytes = readFileSync(path);
      const cuts = new CsvCuts(1);
      for (let at = 0; at < bytes.length;) {
        const length = 1 + random(20);
        cuts.push(bytes.subarray(at, at + length));
        at += length;
      }
      const python = spawnSync(join(__dirname, '../../../.venv/bin/python'), ['-c', READER, path], {
        encoding: 'utf8'
      });
      const ends = JSON.parse(python.stdout) as number[];
      const starts = new Set<number>();
      let line = 0;
      let place = 0;
      // Its line numbers count what ends with \n or \r\n.
      for (const part of bytes.toString('latin1').split(/(?<=\n)/)) {
        if (ends.includes(line)) {
          starts.add(place);
        }
        line += 1;
        place += part.length;
      }
      starts.add(bytes.length);
      const found = cuts.end();
      found?.forEach(cut => expect([seed, cut, starts.has(cut)]).toEqual([seed, cut, true]));
      if (found) {
        expect(found.length).toBeGreaterThanOrEqual(starts.size - 2);
      }
    }
  });

  it('says nothing when no newline is in quotes', () => {
    const cuts = new CsvCuts(4);
    cuts.push(Buffer.from('a,"b ""c"""\n5" pipe,"x\ty"\n'));
    expect(cuts.end()).toBeUndefined();
  });
});

describe('files of the input', () => {
  let folder: string;
  const stored = new Map([
    ['in/a.txt', 'a'],
    ['in/_SUCCESS', ''],
    ['in/sub/b c.txt', 'bb'],
    ['other.txt', 'o']
  ]);
  const storage = {
    list: (_bucket: string, { prefix = '', page }: { prefix?: string; page?: string }) => {
      const keys = [...stored.keys()].filter(key => key.startsWith(prefix)).sort();
      const at = Number(page ?? 0);
      return Promise.resolve({
        items: keys.slice(at, at + 1).map(key => ({ key, size: stored.get(key)!.length, etag: `e-${key}` })),
        prefixes: [],
        ...(at + 1 < keys.length ? { next: String(at + 1) } : {})
      });
    },
    head: (_bucket: string, key: string) =>
      Promise.resolve(stored.has(key) ? { size: stored.get(key)!.length, etag: `e-${key}` } : undefined)
  } as unknown as IObjectStorage;
  const places: IPlaces = {
    active: () => false,
    clusters: { get: (id = 'local') => ({ id, storage: () => Promise.resolve(storage) }) as never }
  };
  const list = async (...input: ComputeInput[]): Promise<string[]> => {
    const spec = { input } as unknown as ComputeRequest;
    const { files } = await listInputs(input, spec, { ...places, contentsRoot: folder }, new AbortController().signal);
    return files.map(file => file.uri.replace(`${folder}/`, ''));
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'inputs-'));
    mkdirSync(join(folder, 'd/sub'), { recursive: true });
    ['d/b.txt', 'd/a.csv', 'd/.hidden', 'd/_SUCCESS', 'd/sub/c.txt', 'e'].forEach(name =>
      writeFileSync(join(folder, name), 'x')
    );
    symlinkSync('..', join(folder, 'd/sub/up'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('lists files, folders with links that go round, patterns; each once', async () => {
    expect(await list({ file: { path: join(folder, 'd') } })).toEqual(['d/a.csv', 'd/b.txt', 'd/sub/c.txt']);
    expect(await list({ file: { contents: 'd' }, glob: '**/*.txt' })).toEqual(['d/b.txt', 'd/sub/c.txt']);
    expect(await list({ file: { path: `${folder}/d/*.txt` } })).toEqual(['d/b.txt']);
    expect(await list({ file: { contents: 'd/.hidden' } }, { file: { contents: 'd/.hidden' } })).toEqual(['d/.hidden']);
  });

  it('lists buckets over all pages', async () => {
    expect(await list({ bucket: 'b', prefix: 'in/' })).toEqual(['s3://b/in/a.txt', 's3://b/in/sub/b c.txt']);
    expect(await list({ bucket: 'b', glob: '**/*c.txt' })).toEqual(['s3://b/in/sub/b c.txt']);
    expect(await list({ bucket: 'b', key: 'other.txt' })).toEqual(['s3://b/other.txt']);
  });

  it.each<[string, ComputeInput, string]>([
    ['a file that is not there', { file: { contents: 'nothing' } }, 'no “'],
    ['a pattern that matches nothing', { file: { contents: 'd' }, glob: '*.zip' }, 'No file matches'],
    ['a key that is not there', { bucket: 'b', key: 'nothing' }, 'no “'],
    ['a prefix with nothing', { bucket: 'b', prefix: 'nothing/' }, 'No file matches'],
    ['a way out of the file browser', { file: { contents: '../x' } }, 'leads out'],
    ['a path that is not absolute', { file: { path: 'x' } }, 'absolute'],
    ['a device', { file: { path: '/dev/null' } }, 'neither']
  ])('says what is wrong with %s', async (_name, input, words) => {
    await expect(list(input)).rejects.toThrow(words);
  });

  it('refuses buckets of two clusters', async () => {
    await expect(
      list({ bucket: 'b', key: 'other.txt', cluster: 'edge' }, { bucket: 'b', key: 'other.txt', cluster: 'cloud' })
    ).rejects.toThrow('several clusters');
  });
});

describe('the output folder', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'output-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const places = { active: () => true, clusters: { get: () => ({}) as never } };
  const spec = (overwrite?: boolean): ComputeRequest =>
    ({ output: { file: { path: join(folder, 'deep/out') } }, overwrite }) as unknown as ComputeRequest;
  const manifest = (job: string): Parameters<NonNullable<Awaited<ReturnType<typeof targetOf>>>['publish']>[1] => ({
    job,
    kind: 'mapreduce',
    finishedAt: '',
    results: 1,
    files: [{ name: 'sub/0_results', size: 1 }]
  });
  const publish = async (job: string, overwrite?: boolean): Promise<void> => {
    const store = new FolderFiles(join(folder, `store-${job}`));
    await store.write('sub/0_results', Buffer.from(job));
    await (await targetOf(spec(overwrite), places, job))?.publish(store, manifest(job));
  };
  const content = (): string => readFileSync(join(folder, 'deep/out/sub/0_results'), 'utf8');

  it('appears whole, can be made again by its job, and is not replaced by another', async () => {
    await publish('one');
    expect(content()).toBe('one');
    await publish('one');
    await expect(publish('two')).rejects.toThrow('has files in it');
    expect(content()).toBe('one');
    await publish('two', true);
    expect(content()).toBe('two');
    expect(readdirSync(join(folder, 'deep'))).toEqual(['out']);
  });

  it('is not what somebody else put there while the job ran', async () => {
    const target = await targetOf(spec(), places, 'one');
    await target?.check();
    mkdirSync(join(folder, 'deep/out'), { recursive: true });
    writeFileSync(join(folder, 'deep/out/mine.txt'), 'mine');
    await expect(publish('one')).rejects.toThrow('has files in it');
    expect(readFileSync(join(folder, 'deep/out/mine.txt'), 'utf8')).toBe('mine');
  });

  it('belongs to one active job at a time, also above and below it', () => {
    const active = new Set(['one', 'two']);
    const isActive = (job: string): boolean => active.has(job);
    claimOutput('file:/x/out', 'one', isActive);
    claimOutput('file:/x/out', 'one', isActive);
    expect(() => claimOutput('file:/x/out', 'two', isActive)).toThrow('Job one');
    expect(() => claimOutput('file:/x', 'two', isActive)).toThrow('Job one');
    expect(() => claimOutput('file:/x/out/y', 'two', isActive)).toThrow('Job one');
    claimOutput('file:/x/outer', 'two', isActive);
    active.delete('one');
    claimOutput('file:/x/out', 'two', isActive);
  });
});

describe('pages of a result', () => {
  it('are the same from anywhere, in any order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pages-'));
    try {
      const files = new FolderFiles(folder);
      const names = [3000, 0, 1, 5000].map((lines, section) => ({ name: `${section}_results`, lines }));
      const all: string[] = [];
      for (const { name, lines } of names) {
        const own = Array.from({ length: lines }, (_, i) => `["${name} ${i}",${'é'.repeat(i % 9)}]`);
        all.push(...own);
        await files.write(name, Buffer.from(own.map(line => `${line}\n`).join('')));
      }
      const pages = new LinePages();
      const random = randomOf(7);
      for (let i = 0; i < 60; i++) {
        const offset = random(all.length + 10);
        const limit = random(1500);
        expect(await pages.page(names, files, 'job', offset, limit)).toEqual(all.slice(offset, offset + limit));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes only a newline as the end of a line', async () => {
    const found: string[] = [];
    for await (const line of linesOf(Readable.from([Buffer.from('a\u2028b\nc'), Buffer.from('\r\nd')]))) {
      found.push(line);
    }
    expect(found).toEqual(['a\u2028b', 'c\r', 'd']);
  });
});

describe('values of Python', () => {
  it('have the order that the workers give them', () => {
    const big = { $pickle: '', $repr: '123456789012345678901234567890' };
    const nan = { $pickle: '', $repr: 'nan' };
    const ordered = [
      null,
      { $pickle: '', $repr: '-inf' },
      -1,
      0.5,
      true,
      2,
      big,
      { $pickle: '', $repr: 'inf' },
      nan,
      '',
      'a',
      'é',
      '\uffff',
      '😀',
      [],
      [1],
      [1, 2],
      [2],
      {}
    ];
    ordered.forEach((a, i) =>
      ordered.forEach((b, j) => expect([i, j, Math.sign(compareValues(a, b) ?? NaN)]).toEqual([i, j, Math.sign(i - j)]))
    );
    expect(compareValues({ $pickle: '', $repr: '(1, 2)' }, 1)).toBeUndefined();
  });

  it('are shown by their text where JSON has no word', () => {
    expect(shownPair('["a",[{"$pickle":"x","$repr":"(1, 2)"},1]]')).toEqual([
      'a',
      [{ $py: '(1, 2)', $pickle: 'x' }, 1]
    ]);
  });
});
