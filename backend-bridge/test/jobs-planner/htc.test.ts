import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { Bench } from './jobs';

jest.setTimeout(90_000);

interface IValue {
  first: number;
  count: number;
  value: number;
}

/** Whether the ranges are all of `[0, total)`, each once. */
function covers(items: unknown[], total: number): boolean {
  let place = 0;
  for (const { first, count } of items as IValue[]) {
    if (first !== place || count < 1) {
      return false;
    }
    place += count;
  }
  return place === total;
}

const SLOW = `
import time
def task(first, count, ctx):
    done = 0
    for i in ctx.iterations():
        time.sleep(0.0005)
        done += 1
    return done
`;

describe('high-throughput jobs', () => {
  const bench = new Bench();
  afterAll(() => bench.close());
  const htc = (code: string, more: object): Promise<{ job: { notes: string[] }; items: unknown[] }> =>
    bench.result({ kind: 'htc', code, ...more });

  it.each([
    ['pull', {}],
    ['ruper', { balance: 'ruper', time: 20 }],
    ['fixed', { balance: 'fixed' }]
  ])('do each iteration once with the balance %s', async (_name, options) => {
    const { items } = await htc(SLOW, { fresh: true, htc: { iterations: 4001, ...options } });
    expect(covers(items, 4001)).toBe(true);
    expect((items as IValue[]).reduce((sum, item) => sum + item.value, 0)).toBe(4001);
  });

  it('have one range for each initial worker when they are fixed, with nothing left over (T4)', async () => {
    const { items } = await htc('def task(first, count):\n    return count\n', {
      htc: { iterations: 103, initWorkers: 5, balance: 'fixed' }
    });
    expect((items as IValue[]).map(item => item.value)).toEqual([20, 21, 20, 21, 21]);
  });

  it("run TaScaaS's job file as it is, with its input file", async () => {
    writeFileSync(bench.path('files.txt'), 'the input');
    const { items } = await htc('def task(first, count, ctx):\n    return ctx.files[0].read_text()\n', {
      cwd: bench.folder,
      config: { format: 'tascaas', text: '{"iterations":20,"time":-1,"initWorkers":5,"inputFile":"files.txt"}' }
    });
    expect(items).toHaveLength(5);
    expect(new Set((items as { value: unknown }[]).map(item => item.value))).toEqual(new Set(['the input']));
  });

  it('give the same random numbers however the work is divided', async () => {
    const code = 'def task(item, ctx):\n    return ctx.rng_of(item).random()\n';
    const sums = [];
    for (const options of [{}, { balance: 'fixed', initWorkers: 7 }]) {
      const { items } = await htc(code, { htc: { iterations: 500, seed: 3, ...options } });
      sums.push((items as IValue[]).map(item => item.value));
    }
    expect(sums[0]).toEqual(sums[1]);
    const { items } = await htc(code, { htc: { iterations: 500, seed: 4 } });
    expect((items as IValue[]).map(item => item.value)).not.toEqual(sums[0]);
  });

  it('say together who answered nothing, wherever ranges were cut', async () => {
    const code =
      'import time\ndef task(item):\n    time.sleep(0.0002)\n    return item if item % 1000 == 500 else None\n';
    const { items } = await htc(code, { htc: { iterations: 4000 } });
    expect(items).toEqual(
      [0, 1, 2, 3]
        .flatMap(at => [
          { first: at === 0 ? 0 : at * 1000 - 499, count: at === 0 ? 500 : 999, value: null },
          { first: at * 1000 + 500, count: 1, value: at * 1000 + 500 }
        ])
        .concat([{ first: 3501, count: 499, value: null }])
    );
  });

  it('take files as work, keep the files they write, and say when two write the same', async () => {
    mkdirSync(bench.path('pictures'));
    Array.from({ length: 30 }, (_, i) => writeFileSync(bench.path(`pictures/${i}.png`), 'x'.repeat(i)));
    const input = [{ file: { path: bench.path('pictures') }, glob: '*.png' }];
    const { items } = await htc(
      'def task(path, ctx):\n    (ctx.out / path.name).write_bytes(path.read_bytes() * 2)\n    return path.stat().st_size\n',
      { input, output: { file: { path: bench.path('thumbs') } } }
    );
    expect((items as IValue[]).reduce((sum, item) => sum + item.value, 0)).toBe(435);
    expect(readdirSync(bench.path('thumbs'))).toHaveLength(33);
    const clash = await bench.run({
      kind: 'htc',
      code: 'def task(path, ctx):\n    (ctx.out / "same.txt").write_text(str(path))\n',
      input,
      htc: { balance: 'fixed', initWorkers: 2 }
    });
    expect(clash).toMatchObject({ state: 'failed', error: { class: 'output' } });
  });

  it('succeed with no work, and are refused without a word of it', async () => {
    expect((await htc('def task(item):\n    return 1\n', { htc: { iterations: 0 } })).items).toEqual([]);
    expect(await bench.run({ kind: 'htc', code: 'def task(item):\n    return 1\n' })).toMatchObject({
      state: 'failed',
      problem: { status: 400, detail: 'The job has no work.' }
    });
  });
});
