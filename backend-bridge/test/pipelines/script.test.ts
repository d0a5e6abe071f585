import { convert, node, pipeline, serviceOf } from './convert-support';
import { Bench } from './script-support';

jest.setTimeout(120_000);

const benches: Bench[] = [];
async function bench(...args: Parameters<typeof convert>): Promise<Bench> {
  const made = await Bench.start(convert(...args));
  benches.push(made);
  return made;
}
afterAll(() => Promise.all(benches.map(one => one.close())));

describe('a chain', () => {
  it('hands all that was declared on, and keeps what there is to see', async () => {
    const place = await bench(
      pipeline(
        [
          node('a', { filename: 'src/make data.py', outputs: ['data/*.csv', 'note.txt'], dependencies: ['lib/util.py'] }),
          node('b', { command: 'cat data/*.csv note.txt; wc -l < data/x.csv > lines; rm note.txt', outputs: ['lines'] }),
          node('c', { command: 'cat lines note.txt > all.txt; ls -A; env | grep ^ELYRA | sort', outputs: ['all.txt'] })
        ],
        ['a>b', 'b>c']
      ),
      {
        'src/make data.py':
          'import os, lib.util\nos.mkdir("data")\nopen("data/x.csv", "w").write(lib.util.TEXT)\nopen("data/no.log", "w")\nopen("note.txt", "w").write("a note")\nprint("made")\n',
        'src/lib/util.py': 'TEXT = "1\\n2\\n"\n'
      }
    );
    const ran = await place.drain(await place.begin('run-1'));
    expect(ran.map(job => job.code)).toEqual([0, 0, 0]);
    expect(ran[0].log).toContain('made\n');
    expect(ran[2].log).toContain('ELYRA_RUNTIME_ENV=oscar\nELYRA_RUN_NAME=run-1\n');
    // Neither code of other nodes nor files that were not declared are handed on.
    expect(ran[2].log).toMatch(/\nall.txt\ndata\nlines\nnote.txt\n/);
    expect(await place.text(serviceOf(place.conversion, 'c'), 'out/run/run-1/all.txt')).toBe('2\na note');
    expect(await place.status('a', 'run-1')).toMatchObject({
      node: 'a',
      service: serviceOf(place.conversion, 'a'),
      run: 'run-1',
      code: 0,
      artifacts: ['data/x.csv', 'make data.log', 'note.txt'],
      missing: []
    });
    expect(place.keys(serviceOf(place.conversion, 'c')).filter(key => key.startsWith('next'))).toEqual([]);
    expect(place.left).toEqual([]);
  });
});
