import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readUsual } from '../../src/fdl/usual';
import { readYaml, type IRead } from '../../src/fdl/yaml-reader';
import { mutate, random, SEEDS } from './mutations';

const LIMITS = { values: 200_000, depth: 60 };

/** What the library says, without a problem; undefined when it has one. */
function byLibrary(text: string): IRead | undefined {
  let problems = 0;
  const read = readYaml(text, LIMITS, () => problems++);
  return problems > 0 ? undefined : read;
}

function same(text: string): boolean {
  const usual = readUsual(text, LIMITS);
  if (usual === undefined) {
    return false;
  }
  const library = byLibrary(text);
  if (library === undefined) {
    throw new Error(`read what the library refuses:\n${JSON.stringify(text)}`);
  }
  // Cheaper than toEqual, a hundred thousand times; order counts too.
  const plain = (read: IRead): string =>
    JSON.stringify([
      read.value,
      [...read.places].map(([pointer, { key, value, source, quoted }]) => [pointer, key, value, source, quoted])
    ]);
  if (plain(usual) !== plain(library)) {
    expect({ text, value: usual.value, places: [...usual.places] }).toEqual({
      text,
      value: library.value,
      places: [...library.places]
    });
  }
  return true;
}

describe('the usual form', () => {
  it.each([
    'a: 1',
    'a:\n',
    'a: # nothing\nb:   \n',
    'a:\n  # comment\n  b: c # d\n  # below\n# left\ne: f\n',
    'a:\n- b\n- c: d\n  e: "f"\n-\n-   # nothing\n- - g\n  - h\n',
    "a: 'it''s' # one\nb: []\nc: [.png,  x.y , 1,true]\n",
    'a: x:y\nb: a#b\nc: 1.0\nd: 010\ne: 1.2.3-slim\nf: ~\ng: ~/x\nh: -5\ni: False\n',
    '  a: 1\n  b:\n    c: 2\n\n\n  d: 3   \n',
    'a~b: 1'
  ])('reads %j as the library does', text => {
    expect(same(text)).toBe(!text.startsWith('a~b') && !text.includes('010'));
  });

  it.each([
    'a: b: c',
    'a: b\n  c',
    'a:\n  b\n',
    'a: b\n c: d',
    'a: [b: c]',
    'a: |\n  b\n',
    'a: &x b\nc: *x\n',
    'a: 1\na: 2\n',
    'a:\tb\n',
    '- a\nb: c\n',
    'a: b\n- c\n',
    'a:\n  - b\n - c\n',
    '---\na: b\n',
    "a: 'b",
    "a: 'b' c",
    'a: {b: c}',
    '<<: 1',
    '',
    'a: 1e5',
    'a: 0x10',
    'a: b\u00a0',
    '\ufeffa: b',
    'a: "\\n"'
  ])('leaves %j to the library', text => {
    expect(readUsual(text, LIMITS)).toBeUndefined();
  });

  it('reads the examples', () => {
    const folder = join(__dirname, '../../../examples/services');
    const texts = readdirSync(folder).map(name => readFileSync(join(folder, name, 'fdl.yaml'), 'utf8'));
    expect(texts.length).toBeGreaterThan(3);
    expect(texts.filter(text => !same(text)).length).toBe(0);
  });

  it('is what the library says, whatever is changed', () => {
    const count = Number(process.env.FDL_MUTATIONS ?? 3_000);
    const seed = Number(process.env.FDL_SEED ?? Date.now() % 2 ** 31);
    process.stderr.write(`FDL_SEED=${seed} FDL_MUTATIONS=${count}\n`);
    const next = random(seed);
    let read = 0;
    for (let i = 0; i < count; i++) {
      try {
        read += same(mutate(SEEDS[i % SEEDS.length], next)) ? 1 : 0;
      } catch (error) {
        throw new Error(`seed ${seed}, change ${i}: ${String((error as Error).message)}`);
      }
    }
    // Enough of them are in the usual form to be a comparison.
    expect(read / count).toBeGreaterThan(0.1);
  }, 3_600_000);
});
