import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, pipeline, serviceOf } from './convert-support';
import { benches, type Bench } from './script-support';

jest.setTimeout(180_000);

const VENV = join(__dirname, '../../../.venv/bin');
/** A Python that has nothing to run notebooks with, beside which a Jupyter of another Python stands. */
const BARE = '/usr/bin/python3';

const bench = benches();

function notebook(sources: string[], language = 'python', name = 'python3'): string {
  return JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name, display_name: name, language } },
    cells: sources.map((source, index) => ({
      cell_type: 'code',
      id: `c${index}`,
      metadata: { tags: index === 0 ? ['parameters'] : [] },
      execution_count: null,
      outputs: [],
      source
    }))
  });
}

/** A folder of programs: what is in it is all that a job finds besides the usual tools. */
function programs(place: Bench, scripts: Record<string, string>): string {
  const folder = join(place.folder, 'programs');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

describe('a notebook whose Python has neither papermill nor nbclient', () => {
  const bare = spawnSync(BARE, ['-c', 'import sys, importlib.util as u; sys.exit(bool(u.find_spec("nbclient")))']);

  async function place(sources: string[], jupyter: boolean): Promise<Bench> {
    const made = await bench(
      pipeline([node('a', { filename: 'work.ipynb', outputs: ['out.txt'], parameters: ['count'] })], [], {
        parameters: [{ name: 'count', type: 'Integer', value: 3, required: false }]
      }),
      { 'work.ipynb': notebook(sources) }
    );
    const folder = programs(made, jupyter ? { jupyter: `#!/bin/sh\nexec ${VENV}/jupyter "$@"\n` } : {});
    symlinkSync(BARE, join(folder, 'python3'));
    made.env = { PATH: `${folder}:/usr/bin:/bin` };
    return made;
  }

  it('is run by the jupyter that is there', async () => {
    if (bare.status !== 0) {
      console.warn(`SKIPPED: ${BARE} is not there, or has nbclient.`);
      return;
    }
    const good = await place(['count = 1', 'open("out.txt", "w").write(str(count * 2))'], true);
    const [job] = await good.drain(await good.begin('r1'));
    expect([job.code, job.code ? job.log : '']).toEqual([0, '']);
    expect(await good.text(serviceOf(good.conversion, 'a'), 'out/run/r1/out.txt')).toBe('6');
    expect(await good.status('a', 'r1')).toMatchObject({ notebook: 'work.ipynb' });

    const bad = await place(['count = 1', '1 / 0'], true);
    const [failed] = await bad.drain(await bad.begin('r1'));
    expect(failed.code).toBe(1);
    expect((await bad.status('a', 'r1')).reason).toContain('ZeroDivisionError: division by zero');
  });

  it('is refused where there is none', async () => {
    if (bare.status !== 0) {
      console.warn(`SKIPPED: ${BARE} is not there, or has nbclient.`);
      return;
    }
    const none = await place(['count = 1'], false);
    await none.drain(await none.begin('r1'));
    expect((await none.status('a', 'r1')).reason).toContain('Nothing here can run a notebook');
  });
});

describe('a kernel that ends before it answers', () => {
  /** A kernel that ends so many times, then starts; each start is a line of the file. */
  async function place(times: number): Promise<{ made: Bench; starts: () => number }> {
    const made = await bench(pipeline([node('a', { filename: 'work.ipynb', outputs: ['out.txt'] })]), {
      'work.ipynb': notebook(['open("out.txt", "w").write("done")'], 'python', 'shaky')
    });
    const spec = join(made.folder, 'kernels', 'shaky');
    const file = join(made.folder, 'starts');
    const words = 'echo start >> "$1"; [ $(wc -l < "$1") -gt "$2" ] || exit 1; exec "$3" -m ipykernel_launcher -f "$4"';
    mkdirSync(spec, { recursive: true });
    writeFileSync(
      join(spec, 'kernel.json'),
      JSON.stringify({
        argv: ['/bin/sh', '-c', words, 'sh', file, String(times), `${VENV}/python`, '{connection_file}'],
        display_name: 'shaky',
        language: 'python'
      })
    );
    made.env = { PATH: `${VENV}:/usr/bin:/bin`, JUPYTER_PATH: made.folder };
    return { made, starts: () => readFileSync(file, 'utf8').split('\n').length - 1 };
  }

  it('is started again: another program had taken one of its ports', async () => {
    const { made, starts } = await place(2);
    const [job] = await made.drain(await made.begin('r1'));
    expect([job.code, job.code ? job.log : '']).toEqual([0, '']);
    expect(starts()).toBe(3);
    expect(await made.text(serviceOf(made.conversion, 'a'), 'out/run/r1/out.txt')).toBe('done');
  });

  it('is not started for ever', async () => {
    const { made, starts } = await place(99);
    await made.drain(await made.begin('r1'));
    expect((await made.status('a', 'r1')).reason).toContain('The kernel did not start');
    expect(starts()).toBe(3);
  });
});

describe('R', () => {
  it('a script is run by Rscript, in the working folder, with its variables', async () => {
    const place = await bench(
      pipeline([node('a', { kind: 'r', filename: 'count.R', outputs: ['out.txt'], variables: { WORD: 'four' } })]),
      { 'count.R': 'cat(nchar(Sys.getenv("WORD")), file = "out.txt")\n' }
    );
    // Not R itself, which few machines have: it notes how it was called.
    const folder = programs(place, { Rscript: '#!/bin/sh\necho "$# $1 $WORD"; head -c 3 "$1"; echo 4 > out.txt\n' });
    place.env = { PATH: `${folder}:${VENV}:/usr/bin:/bin` };
    const [job] = await place.drain(await place.begin('r1'));
    expect(job.log).toContain('1 ./count.R four\ncat');
    expect(await place.text(serviceOf(place.conversion, 'a'), 'out/run/r1/out.txt')).toBe('4\n');
  });

  it('is missed with a sentence: for scripts, and for notebooks, whose parameters are R', async () => {
    const place = await bench(
      pipeline(
        [
          node('a', { kind: 'r', filename: 'count.R' }),
          node('b', { kind: 'notebook', filename: 'work.ipynb', parameters: ['limit', 'on'] })
        ],
        [],
        {
          parameters: [
            { name: 'limit', type: 'Float', value: 2.5, required: false },
            { name: 'on', type: 'Bool', value: true, required: false }
          ]
        }
      ),
      { 'count.R': 'cat(1)\n', 'work.ipynb': notebook(['limit <- 1'], 'R', 'ir') }
    );
    const folder = programs(place, {});
    place.env = { PATH: `${folder}:${VENV}:/bin` };
    const hasR = spawnSync('sh', ['-c', 'command -v Rscript'], { env: { PATH: `${VENV}:/bin:/usr/bin` } }).status === 0;
    if (hasR) {
      console.warn('SKIPPED: R is here, so that it cannot be missed.');
      return;
    }
    await place.drain(await place.begin('r1'));
    expect((await place.status('a', 'r1')).reason).toBe('Rscript is not there: the image of the node has to bring it.');
    expect((await place.status('b', 'r1')).reason).toContain('No Jupyter kernel for r is there');
    const kept = await place.text(serviceOf(place.conversion, 'b'), 'out/run/r1/work.ipynb');
    expect(kept).toContain('limit <- 2.5\\non <- TRUE');
  });
});
