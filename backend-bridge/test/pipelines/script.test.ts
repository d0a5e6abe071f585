import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'fflate';
import { stringify } from 'yaml';
import { RUNNER } from '../../src/pipelines';
import { tarGz } from '../../src/pipelines/convert';
import { node, pipeline, serviceOf, textOf } from './convert-support';
import { random } from './fixtures';
import { benches, run, type Bench } from './script-support';

jest.setTimeout(300_000);

const bench = benches();

describe('a chain', () => {
  it('hands all that was declared on, and keeps what there is to see', async () => {
    const place = await bench(
      pipeline(
        [
          node('a', {
            filename: 'src/make data.py',
            outputs: ['data/*.csv', 'note.txt'],
            dependencies: ['lib/util.py']
          }),
          node('b', {
            command: 'cat data/*.csv note.txt; wc -l < data/x.csv > lines; rm note.txt',
            outputs: ['lines']
          }),
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

  it('gives parameters of the run, but does not take a variable of the node away', async () => {
    const place = await bench(
      pipeline(
        [
          node('a', {
            command: 'echo "$limit|$mode|$flag|$EXTRA"',
            variables: { mode: 'mine' },
            parameters: ['limit', 'mode', 'flag']
          }),
          node('b', { command: 'echo "$limit|$mode|$flag|$EXTRA"', parameters: ['limit', 'flag'] })
        ],
        ['a>b'],
        {
          parameters: [
            { name: 'limit', type: 'Float', value: 0.5, required: false },
            { name: 'mode', type: 'String', value: 'theirs', required: false },
            { name: 'flag', type: 'Bool', value: false, required: true }
          ]
        }
      )
    );
    const plain = await place.drain(await place.begin('plain'));
    expect(plain.map(job => job.log.split('\n').find(line => line.includes('|')))).toEqual([
      '0.5|mine|False|',
      '0.5||False|'
    ]);
    const more = { parameters: { limit: 2, flag: true, mode: 'no' }, variables: { EXTRA: "it's $HOME" } };
    const given = await place.drain(await place.begin('given', more));
    expect(given.map(job => job.log.split('\n').find(line => line.includes('|')))).toEqual([
      "2|mine|True|it's $HOME",
      "2||True|it's $HOME"
    ]);
  });

  it('says which parameter is missing', async () => {
    const parameters = [{ name: 'year', type: 'Integer' as const, required: true }];
    const place = await bench(
      pipeline([node('a', { command: 'echo $year', parameters: ['year'] })], [], { parameters })
    );
    const [job] = await place.drain(await place.begin('r1'));
    expect(job.code).toBe(70);
    expect((await place.status('a', 'r1')).reason).toContain('year');
  });

  it('keeps names that are odd', async () => {
    const odd = ['it\'s 100% $HOME "ü" ñ.txt', 'a;b&c|d`e\\f.txt', '-r.txt', 'naïve [x].csv'];
    const place = await bench(
      pipeline(
        [
          node("The “first” $one's", { filename: "dö it's $1.py", outputs: [...odd, 'dir with space'] }),
          node('b', { filename: '-check.py', outputs: ['seen.json'] })
        ],
        ["The “first” $one's>b"]
      ),
      {
        "dö it's $1.py": `import os\nos.mkdir("dir with space")\nopen("dir with space/x y", "w").write("1")\nfor name in ${JSON.stringify(odd)}: open(name, "w").write(name)\n`,
        '-check.py':
          'import json, os\njson.dump(sorted(os.path.join(p, n)[2:] for p, d, f in os.walk(".") for n in f), open("seen.json", "w"))\n'
      }
    );
    const ran = await place.drain(await place.begin('odd'));
    expect(ran.map(job => [job.code, job.code ? job.log : ''])).toEqual([
      [0, ''],
      [0, '']
    ]);
    const seen = JSON.parse(await place.text(serviceOf(place.conversion, 'b'), 'out/run/odd/seen.json')) as string[];
    // The list was made before its own file was there.
    expect(seen.sort()).toEqual([...odd, 'dir with space/x y', '-check.py'].sort());
  });

  it('fetches code that is too large for a script, and sees when it is not what was deployed', async () => {
    const noise = random(7);
    const big = new Uint8Array(1_500_000).map(() => noise(256));
    const place = await bench(pipeline([node('a', { filename: 'a.py', dependencies: ['big.bin'] })]), {
      'a.py': 'import os\nprint(os.path.getsize("big.bin"))\n',
      'big.bin': big
    });
    const [upload] = place.conversion.uploads;
    const file = place.conversion.files.find(one => one.path === upload.path);
    expect(textOf(place.conversion, `${upload.service}/script.sh`).length).toBeLessThan(100_000);
    const missing = await place.drain(await place.begin('r1'));
    expect([missing[0].code, (await place.status('a', 'r1')).reason]).toEqual([70, expect.stringContaining('Deploy')]);
    await place.put(upload.bucket, upload.key, Buffer.from(file?.content as Uint8Array));
    const [job] = await place.drain(await place.begin('r2'));
    expect(job.log).toContain('1500000\n');
    await place.put(upload.bucket, upload.key, 'something else');
    const [other] = await place.drain(await place.begin('r3'));
    expect(other.code).toBe(70);
  });
});

describe('faults', () => {
  it('a node that fails hands nothing on, tells its code, and may run again', async () => {
    const place = await bench(
      pipeline(
        [
          node('a', { command: 'echo half > x; echo no >&2; exit ${CODE:-3}', outputs: ['x'] }),
          node('b', { command: 'cat x' })
        ],
        ['a>b']
      )
    );
    const arrivals = await place.begin('r1');
    const ran = await place.drain(arrivals);
    expect(ran.map(job => job.code)).toEqual([3]);
    expect(await place.status('a', 'r1')).toMatchObject({
      code: 3,
      artifacts: ['command.log', 'x'],
      reason: expect.stringContaining('exit code 3')
    });
    expect(await place.text(serviceOf(place.conversion, 'a'), 'out/run/r1/command.log')).toBe('no\n');
    place.env = { CODE: '0' };
    const again = await place.drain(arrivals);
    expect(again.map(job => job.code)).toEqual([0, 0]);
    expect((await place.status('a', 'r1')).code).toBe(0);
    // What is done is not done again.
    const third = await place.drain(arrivals);
    expect(third.map(job => [job.code, job.stored])).toEqual([[0, []]]);
    expect(third[0].log).toContain('done already');
  });

  it('a node that writes none of its outputs fails, one that misses some does not', async () => {
    const place = await bench(
      pipeline([
        node('none', { command: 'true', outputs: ['x', 'y*'] }),
        node('some', { command: 'touch x', outputs: ['x', 'y*'] })
      ])
    );
    const ran = await place.drain(await place.begin('r1'));
    expect(ran.map(job => job.code)).toEqual([70, 0]);
    expect(await place.status('none', 'r1')).toMatchObject({
      code: 70,
      missing: ['x', 'y*'],
      reason: expect.stringContaining('x, y*')
    });
    expect(await place.status('some', 'r1')).toMatchObject({ code: 0, missing: ['y*'] });
  });

  it('what does not belong there is no run: folder markers, other files, names that are none', async () => {
    const place = await bench(pipeline([node('a', { command: 'true' }), node('b', { command: 'true' })], ['a>b']));
    const [a, b] = ['a', 'b'].map(id => serviceOf(place.conversion, id));
    const send = async (service: string, bucket: string, key: string, body: string): Promise<[number, number]> => {
      await place.put(bucket, key, body);
      const job = await place.job({ service, bucket, key });
      return [job.code, job.stored.length];
    };
    expect(await send(a, a, 'in/folder/', '')).toEqual([0, 0]);
    expect(await send(a, a, 'in/picture.png', 'x')).toEqual([70, 0]);
    expect(await send(a, a, 'in/Not A Run.json', '{}')).toEqual([70, 0]);
    expect(await send(b, a, 'next/readme.txt', 'x')).toEqual([0, 0]);
    expect(await send(b, a, 'next/edge/r1/stranger.tar.gz', 'x')).toEqual([0, 0]);
    expect(await send(b, a, `next/edge/../${a}.tar.gz`, 'x')).toEqual([0, 0]);
    expect(await send(b, a, `next/edge/r1/${a}.tar.gz`, 'no archive')).toEqual([70, 1]);
    expect((await place.status('b', 'r1')).reason).toContain('damaged');
  });

  it.each([
    ['a path that climbs', [{ name: '../../escaped', data: new Uint8Array(1) }]],
    ['an absolute path', [{ name: '/tmp/oscar-escaped', data: new Uint8Array(1) }]],
    [
      'a file that is a folder, too',
      [
        { name: 'x', data: new Uint8Array(1) },
        { name: 'x/y', data: new Uint8Array(1) }
      ]
    ]
  ])('an archive with %s is not unpacked', async (_, files) => {
    const place = await bench(
      pipeline([node('a', { command: 'true' }), node('b', { command: 'echo went on' })], ['a>b'])
    );
    const [a, b] = ['a', 'b'].map(id => serviceOf(place.conversion, id));
    const key = `next/edge/r1/${a}.tar.gz`;
    await place.put(a, key, Buffer.from(tarGz(files)));
    const job = await place.job({ service: b, bucket: a, key });
    expect([job.code, job.log.includes('went on')]).toEqual([70, false]);
  });

  it('an archive with links is not unpacked', async () => {
    const place = await bench(
      pipeline([node('a', { command: 'true' }), node('b', { command: 'echo went on' })], ['a>b'])
    );
    const [a, b] = ['a', 'b'].map(id => serviceOf(place.conversion, id));
    const key = `next/edge/r1/${a}.tar.gz`;
    // The type of a header says what an entry is: 2 is a symbolic link, 1 a second name.
    for (const type of ['2', '1', '3']) {
      const archive = Buffer.from(gunzipSync(tarGz([{ name: 'x', data: new Uint8Array(0) }])));
      archive.write(type, 156);
      archive.write('/etc/passwd', 157);
      archive.write('        ', 148);
      archive.write(
        `${[...archive.subarray(0, 512)]
          .reduce((a, c) => a + c, 0)
          .toString(8)
          .padStart(6, '0')}\0 `,
        148
      );
      await place.put(a, key, archive);
      const job = await place.job({ service: b, bucket: a, key });
      expect([job.code, job.log.includes('went on')]).toEqual([70, false]);
      expect((await place.status('b', 'r1')).reason).toContain('link');
    }
  });

  it('outputs that lead out of the folder are not handed on', async () => {
    const place = await bench(
      pipeline([
        node('a', {
          command: 'ln -s /etc/passwd stolen; ln -s real here; echo 1 > real',
          outputs: ['stolen', 'here', '../*']
        })
      ])
    );
    const [job] = await place.drain(await place.begin('r1'));
    expect(job.code).toBe(0);
    expect((await place.status('a', 'r1')).artifacts).toEqual(['command.log', 'here']);
  });
});

describe('an image without Python', () => {
  /** What a small image has: sh and the tools of POSIX, no Python. */
  function smallImage(place: Bench): string {
    const folder = join(place.folder, 'bin');
    mkdirSync(folder);
    const tools =
      'sh env tr sed grep sort cat cp mv rm mkdir mktemp date tee find tar gzip base64 touch wc ls basename dirname';
    for (const tool of tools.split(' ')) {
      const found = ['/usr/bin', '/bin'].map(root => join(root, tool)).find(path => existsSync(path));
      symlinkSync(found as string, join(folder, tool));
    }
    return folder;
  }

  it('runs commands one after the other', async () => {
    const place = await bench(
      pipeline(
        [
          node('a', { filename: 'run.R', kind: 'r', dependencies: ["it's.txt"], outputs: ['out/*.txt', 'none'] }),
          node('b"\\', { command: 'cat out/*.txt; echo "$ELYRA_RUN_NAME" > "a b"', outputs: ['a b'] }),
          node('c', { command: 'cat "a b" out/*; exit 4', outputs: ['x'] })
        ],
        ['a>b"\\', 'b"\\>c']
      ),
      { 'run.R': 'program', "it's.txt": 'from a file\n' }
    );
    const bin = smallImage(place);
    // R stands for any program of the image.
    writeFileSync(join(bin, 'Rscript'), '#!/bin/sh\nmkdir out; cat "it\'s.txt" > "out/x y%.txt"; cat "$1"; echo\n', {
      mode: 0o755
    });
    place.env = { PATH: bin };
    const ran = await place.drain(await place.begin('r1'));
    expect(ran.map(job => [job.code, job.log])).toEqual([
      [0, 'program\n'],
      [0, 'from a file\n'],
      [4, expect.stringMatching(/^r1\nfrom a file\n/)]
    ]);
    expect(await place.status('a', 'r1')).toMatchObject({
      code: 0,
      artifacts: ['out/x y%.txt', 'run.log'],
      missing: ['none']
    });
    expect(await place.status('b"\\', 'r1')).toMatchObject({
      node: 'b"\\',
      code: 0,
      artifacts: ['a b', 'command.log']
    });
    expect(await place.status('c', 'r1')).toMatchObject({ code: 4, reason: expect.stringContaining('exit code 4') });
    // What was handed on without Python is understood with it.
    place.env = {};
    const [a, b] = ['a', 'b"\\'].map(id => serviceOf(place.conversion, id));
    const mixed = await place.job({ service: b, bucket: a, key: `next/edge/r1/${a}.tar.gz` });
    expect(mixed.log).toContain('done already');
    const last = await place.job({
      service: serviceOf(place.conversion, 'c'),
      bucket: b,
      key: `next/edge/r1/${b}.tar.gz`
    });
    expect([last.code, last.log]).toEqual([4, expect.stringContaining('r1\nfrom a file\n')]);
  });

  it('says so where it is needed', async () => {
    const place = await bench(
      pipeline(
        [node('p', { filename: 'p.py' }), node('a', { command: 'true' }), node('j', { command: 'true' })],
        ['p>j', 'a>j']
      ),
      { 'p.py': '' }
    );
    place.env = { PATH: smallImage(place) };
    const [first, second] = await place.drain(await place.begin('r1'));
    expect([first.code, first.log]).toEqual([70, expect.stringContaining('no Python')]);
    expect(second.code).toBe(0);
    const more = await place.drain(await place.begin('r2', { parameters: { x: 1 } }));
    expect(more.map(job => job.code)).toEqual([70, 70]);
    const a = serviceOf(place.conversion, 'a');
    const join_ = await place.job({
      service: serviceOf(place.conversion, 'j'),
      bucket: a,
      key: `next/edge/r1/${a}.tar.gz`
    });
    expect([join_.code, join_.log]).toEqual([70, expect.stringContaining('which of the 2 nodes')]);
  });

  it('does not unpack what climbs or links', async () => {
    const place = await bench(
      pipeline([node('a', { command: 'true' }), node('b', { command: 'echo went on' })], ['a>b'])
    );
    place.env = { PATH: smallImage(place) };
    const [a, b] = ['a', 'b'].map(id => serviceOf(place.conversion, id));
    const key = `next/edge/r1/${a}.tar.gz`;
    const link = Buffer.from(gunzipSync(tarGz([{ name: 'x', data: new Uint8Array(0) }])));
    link.write('2', 156);
    link.write('        ', 148);
    link.write(
      `${[...link.subarray(0, 512)]
        .reduce((sum, one) => sum + one, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148
    );
    for (const archive of [tarGz([{ name: '../escaped', data: new Uint8Array(1) }]), gzipSync(link)]) {
      await place.put(a, key, Buffer.from(archive));
      const job = await place.job({ service: b, bucket: a, key });
      expect([job.code, job.log.includes('went on')]).toEqual([70, false]);
      expect((await place.status('b', 'r1')).reason).toContain('not unpacked');
    }
  });
});

describe('the runner’s own YAML', () => {
  it('reads what clusters write', async () => {
    const value = {
      name: 'a',
      script: '#!/bin/sh\necho "input:"\ninput:\n- path: wrong/in\n',
      environment: {
        variables: { LONG: 'word '.repeat(60), QUOTED: 'a: b # c', LINES: 'x\n  storage_providers:\n', EMPTY: '' },
        secrets: {}
      },
      annotations: { "it's: odd": '{"a": 1}', 'x.io/y': 'yes' },
      input: [
        { storage_provider: 'minio.default', path: 'one/next' },
        { storage_provider: 'minio.default', path: 'two/next', prefix: [], suffix: ['.a', '.b'] }
      ],
      output: [{ storage_provider: 'minio.default', path: 'a/out', prefix: ['run/'] }],
      bucket_list: [],
      storage_providers: {
        minio: {
          default: { endpoint: 'http://127.0.0.1:9000', verify: false, access_key: 'hidden', region: 'us-east-1' }
        }
      },
      visibility: 'private'
    };
    const folder = mkdtempSync(join(tmpdir(), 'oscar-yaml-'));
    writeFileSync(join(folder, 'run.py'), RUNNER);
    const program =
      'import json, sys; sys.argv = ["x"]; sys.path.insert(0, "."); import run; c = run.parse_config(open("c.yaml").read()); print(json.dumps([c["input"], c["output"], c["storage_providers"], c["visibility"], c["environment"]["variables"]["QUOTED"], c["annotations"]["it\'s: odd"]]))';
    const texts = [stringify(value), stringify(value, { indentSeq: false, lineWidth: 0 }), JSON.stringify(value)];
    for (const text of texts) {
      writeFileSync(join(folder, 'c.yaml'), text);
      const { code, log } = await run('python3', ['-c', program], folder, { PATH: process.env.PATH ?? '' });
      expect([code, code === 0 ? (JSON.parse(log) as unknown) : log]).toEqual([
        0,
        [value.input, value.output, value.storage_providers, 'private', 'a: b # c', '{"a": 1}']
      ]);
    }
    rmSync(folder, { recursive: true, force: true });
  });
});
