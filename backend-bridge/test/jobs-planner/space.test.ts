import type { ITaskFormat, ITaskInput } from '../../src/jobs/engine/task';
import { resolveFormat } from '../../src/jobs/mapreduce/formats';
import { Space, type ISpaceData, type ISpaceFile } from '../../src/jobs/mapreduce/space';
import { randomOf } from './random';

const FORMATS: ITaskFormat[] = [
  resolveFormat('a.txt'),
  resolveFormat('a.csv'),
  resolveFormat('a.txt.gz'),
  resolveFormat('a.png'),
  resolveFormat('a.bin', { type: 'fixed', size: 7 }),
  resolveFormat('a.parquet')
];

function randomSpace(random: (below: number) => number, formats = FORMATS.length): ISpaceData {
  const files: ISpaceFile[] = [];
  for (let i = 0; i < 1 + random(12); i++) {
    const format = random(formats);
    const size = [random(4), random(100), random(5000), random(200_000)][random(4)];
    const { type } = FORMATS[format];
    const cuts = Array.from({ length: random(6) }, () => 1 + random(Math.max(1, size - 1))).filter(cut => cut < size);
    files.push({
      uri: `/data/${i}`,
      size,
      version: String(i),
      format,
      ...(type === 'csv' || type === 'parquet' ? { cuts: [...new Set(cuts)].sort((a, b) => a - b) } : {})
    });
  }
  return { formats: FORMATS, files: files.sort((a, b) => a.format - b.format) };
}

/** Owners of all bytes (of all row groups, of whole files) over a division of the row. Throws where one is missing or twice. */
function check(data: ISpaceData, ranges: { first: number; count: number }[]): void {
  const space = new Space(data);
  const pieces = new Map<string, ITaskInput[]>(data.files.map(file => [file.uri, []]));
  for (const range of ranges) {
    space.inputs(range).input.forEach(piece => pieces.get(piece.uri)?.push(piece));
  }
  for (const file of data.files) {
    const own = (pieces.get(file.uri) ?? []).sort((a, b) => a.start - b.start);
    const { type, size = 1, compression } = data.formats[file.format];
    if (type === 'parquet') {
      const groups = own.flatMap(piece => piece.rowGroups ?? []).sort((a, b) => a - b);
      expect(groups).toEqual([0, ...(file.cuts ?? [])].map((_, i) => i));
      continue;
    }
    if (type === 'file' || compression !== undefined) {
      expect(own).toEqual([{ uri: file.uri, start: 0, size: file.size, version: file.version }]);
      continue;
    }
    let place = 0;
    for (const piece of own) {
      const allowed =
        type === 'fixed' ? piece.start % size === 0 : ![0, ...(file.cuts ?? [0])].every(cut => cut !== piece.start);
      const end = piece.end ?? piece.size;
      if (piece.start !== place || end <= place || !(allowed || file.cuts === undefined)) {
        throw new Error(`${JSON.stringify(piece)} does not follow ${place} of ${JSON.stringify(file)}`);
      }
      place = end;
    }
    expect(place).toBe(file.size);
  }
}

describe('the row of all input', () => {
  it('gives each byte, row group and whole file to exactly one part, for any sizes', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = randomOf(seed);
      const data = randomSpace(random);
      const least = Math.ceil(new Space(data).total / 300);
      const block = least + [random(10), random(3000), random(100_000)][random(3)];
      const parts = new Space(data).parts(block);
      let place = 0;
      for (const part of parts) {
        if (part.first !== place || part.count <= 0) {
          throw new Error(`${JSON.stringify(part)} does not follow ${place}`);
        }
        place += part.count;
      }
      expect(place).toBe(new Space(data).total);
      check(data, parts);
    }
  });

  it('does so for any other division too, as when ranges are shortened and given away', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = randomOf(seed);
      const data = { ...randomSpace(random, 1) };
      const { total } = new Space(data);
      const borders = [...new Set([0, total, ...Array.from({ length: random(20) }, () => random(total + 1))])];
      borders.sort((a, b) => a - b);
      check(
        data,
        borders.slice(1).map((end, i) => ({ first: borders[i], count: end - borders[i] }))
      );
    }
  });

  it('never mixes formats in a part', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed);
      const space = new Space(randomSpace(random));
      for (const part of space.parts(2000 + random(300_000))) {
        expect(() => space.inputs(part)).not.toThrow();
      }
    }
  });

  it('makes ceil(size / block) parts of a large file, the last one never empty (M2)', () => {
    for (const [size, block, parts] of [
      [1024, 1024, 1],
      [2048, 1024, 2],
      [2049, 1024, 3],
      [100, 7, 15]
    ]) {
      const data = { formats: [FORMATS[0]], files: [{ uri: '/a', size, version: '1', format: 0 }] };
      expect(new Space(data).parts(block)).toHaveLength(parts);
    }
  });

  it('packs many small files into few parts, and keeps a task under 100 kB', () => {
    const files = Array.from({ length: 5000 }, (_, i) => ({
      uri: `/data/${'deep/'.repeat(10)}${i}.txt`,
      size: 10,
      version: '1700000000000000000',
      format: 0
    }));
    const space = new Space({ formats: [FORMATS[0]], files });
    const parts = space.parts(64 * 1024 * 1024);
    expect(parts.length).toBeLessThan(40);
    for (const part of parts) {
      expect(JSON.stringify(space.inputs(part)).length).toBeLessThan(90_000);
    }
  });

  it('keeps empty files that are records, and takes a hundred thousand files in no time', () => {
    const one = { formats: [FORMATS[3]], files: [{ uri: '/a.png', size: 0, version: '1', format: 0 }] };
    expect(new Space(one).parts(1024)).toHaveLength(1);
    expect(new Space(one).inputs({ first: 0, count: 1 }).input).toHaveLength(1);
    const files = Array.from({ length: 100_000 }, (_, i) => ({ uri: `/d/${i}`, size: 1000, version: '1', format: 0 }));
    const space = new Space({ formats: [FORMATS[0]], files });
    const began = performance.now();
    const parts = space.parts(1_000_000);
    parts.forEach(part => space.inputs(part));
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
