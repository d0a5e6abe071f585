import { execFileSync, spawnSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { unzipSync } from 'fflate';
import { stringify } from 'yaml';
import type { IOscarService } from '../../src/fdl/service';
import { createJobs } from '../../src/local-cluster/runtime';
import { ObjectServer } from './object-server';
import { place, service, storageEvent } from './support';

/** The real faas-supervisor, kept for the next run; undefined when it cannot be had. */
function installOracle(): string | undefined {
  const folder = join(tmpdir(), 'oscar-faas-supervisor-1.5.8');
  const python = join(folder, 'bin', 'python');
  const check = ['-W', 'ignore', '-c', 'import faassupervisor.supervisor'];
  if (existsSync(python) && spawnSync(python, check).status === 0) {
    return python;
  }
  const uv = [join(__dirname, '../../../.venv/bin'), ...(process.env.PATH ?? '').split(delimiter)]
    .map(part => join(part, 'uv'))
    .find(path => existsSync(path));
  if (!uv) {
    return undefined;
  }
  try {
    execFileSync(uv, ['venv', '--quiet', '--clear', folder]);
    // Its own requirement of webdavclient3 has a typing error in it, so they are named here.
    execFileSync(uv, ['pip', 'install', '--quiet', '--python', python, '--no-deps', 'faas-supervisor==1.5.8']);
    execFileSync(uv, [
      'pip',
      'install',
      '--quiet',
      '--python',
      python,
      'boto3',
      'pyyaml',
      'requests',
      'setuptools<80',
      'webdavclient3'
    ]);
    return spawnSync(python, check).status === 0 ? python : undefined;
  } catch {
    // No network, or not for this Python.
    return undefined;
  }
}

const python = installOracle();
if (!python) {
  console.warn('SKIPPED: the real faas-supervisor 1.5.8 could not be installed, ours is not compared with it.');
}
const compare = python ? test : test.skip;

/** Says everything that a script can see of its input. */
const LOOK = [
  'echo "file=${INPUT_FILE_PATH##*/}"',
  'echo "there=$( [ "${INPUT_FILE_PATH%/*}" = "$TMP_INPUT_DIR" ] && echo yes )"',
  'if [ -n "$INPUT_FILE_PATH" ]; then od -An -tx1 -v "$INPUT_FILE_PATH"; fi',
  'echo "key=$STORAGE_OBJECT_KEY"',
  'echo "time=$EVENT_TIME"',
  'echo "event=$EVENT"',
  'env | grep ^CONT_VAR_ | sort',
  'ls -A "$TMP_OUTPUT_DIR"',
  'echo error >&2'
].join('\n');

interface IResult {
  ok: boolean;
  reply: string;
  objects: Record<string, string>;
}

const INPUT = 'in/a b+ñ%.txt';

/** The service on the original, with the inputs in an S3 that takes anything. */
async function original(definition: IOscarService, body: string): Promise<IResult> {
  const server = new ObjectServer();
  const endpoint = await server.open();
  server.objects.set(`b/${INPUT}`, Buffer.from('content\n'));
  const minio = { default: { endpoint, verify: false, access_key: 'a', secret_key: 's', region: 'us-east-1' } };
  const config = { ...definition, script: '', storage_providers: { minio } };
  const work = mkdtempSync(join(tmpdir(), 'oscar-oracle-'));
  try {
    const child = spawn(python as string, ['-W', 'ignore', '-m', 'faassupervisor.supervisor'], {
      cwd: work,
      env: {
        PATH: process.env.PATH,
        TMPDIR: work,
        PYTHONUTF8: '1',
        FUNCTION_CONFIG: Buffer.from(stringify(config)).toString('base64'),
        SCRIPT: Buffer.from(definition.script).toString('base64'),
        ...definition.environment.variables
      },
      stdio: ['pipe', 'pipe', 'pipe']
    });
    child.stdin.end(body);
    const [reply, , code] = await Promise.all([
      readText(child.stdout),
      readText(child.stderr),
      new Promise(resolve => child.once('close', resolve))
    ]);
    server.objects.delete(`b/${INPUT}`);
    return {
      ok: code === 0,
      reply,
      objects: Object.fromEntries([...server.objects].map(([key, value]) => [key, value.toString('hex')]))
    };
  } finally {
    server.close();
    rmSync(work, { recursive: true, force: true });
  }
}

async function ours(definition: IOscarService, body: string): Promise<IResult> {
  const at = place({ strict: true });
  const jobs = createJobs(at.options);
  try {
    at.services.set(definition.name, definition);
    await at.store.createBucket('b');
    await at.store.put('b', INPUT, Buffer.from('content\n'));
    const { body: reply, status } = await jobs.run(definition, Buffer.from(body));
    await at.store.remove('b', INPUT);
    const objects = at.store
      .list('b')
      .objects.map(({ key }) => [`b/${key}`, Buffer.from(at.store.text('b', key)).toString('hex')]);
    return {
      ok: status === 200,
      reply: reply.toString(),
      objects: Object.fromEntries(objects) as Record<string, string>
    };
  } finally {
    await jobs.close();
    rmSync(at.data, { recursive: true, force: true });
  }
}

/** Random parts of names made the same. */
function same(result: IResult): IResult {
  return { ...result, reply: result.reply.replace(/event-file-[0-9a-f-]{36}/g, 'event-file-<uuid>') };
}

const OUTPUT = [{ storage_provider: 'minio.default', path: 'b/out' }];
const QUIET = { log_level: 'CRITICAL', output: OUTPUT };

const CASES: Record<string, [string, string, Partial<IOscarService>?]> = {
  'a storage event': [LOOK, storageEvent('b', INPUT)],
  'an event with numbers, accents and escapes': [
    LOOK,
    storageEvent('b', INPUT).replace('"size":12', '"size":1.0,"n":12345678901234567890,"e":1e22,"t":"ñ<&>\\u2028😀"')
  ],
  base64: [LOOK, Buffer.from([0, 1, 2, 255]).toString('base64')],
  'base64 in lines': [LOOK, 'aGVs\nbG8=\n'],
  'base64 with a tail': [LOOK, 'aGVsbG8=ignored'],
  'an empty body': [LOOK, ''],
  'a JSON object': [LOOK, '{"b": 1.50, "a": [1, 1e3, -0.0, 1e-7, 0.0001, true, null, "ñ\\n"], "b": 2}'],
  'a JSON string of base64': [LOOK, '"aGVsbG8="'],
  'an API gateway request with base64': [
    LOOK,
    JSON.stringify({
      httpMethod: 'POST',
      headers: {},
      body: 'aGVsbG8=',
      queryStringParameters: { name: 'x y', empty: '' }
    })
  ],
  'an API gateway request with JSON': [
    LOOK,
    JSON.stringify({ httpMethod: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"a": 1}' })
  ],
  'an API gateway request without body': [
    LOOK,
    JSON.stringify({ httpMethod: 'GET', headers: {}, queryStringParameters: { q: '1' } })
  ],
  'an API gateway request with a storage event': [
    LOOK,
    JSON.stringify({ httpMethod: 'POST', headers: {}, body: storageEvent('b', INPUT) })
  ],
  'a delegated event': [LOOK, JSON.stringify({ event: storageEvent('b', INPUT) })],
  'a delegated body': [LOOK, JSON.stringify({ event: 'aGVsbG8=' })],
  'a delegated object': [LOOK, JSON.stringify({ event: { a: 1 } })],
  'records of another source': [LOOK, '{"Records": [{"eventSource": "other"}]}'],
  'no records': [LOOK, '{"Records": []}'],
  'no download': [LOOK, storageEvent('b', INPUT), { file_stage_in: true }],
  'one output file': ['printf "\\001x" > "$TMP_OUTPUT_DIR/x.bin"; echo said', 'aGVsbG8='],
  'one output file of a storage event': [
    'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"; echo said',
    storageEvent('b', INPUT)
  ],
  filters: [
    'cd "$TMP_OUTPUT_DIR"; mkdir -p gray-d/e; touch a.png gray-a.png gray-a.txt b.jpg gray-d/c.png gray-d/e/f.jpg; mkdir empty; ln -s a.png gray-l.png; ln -s gray-d gray-dir.png',
    storageEvent('b', INPUT),
    {
      output: [
        { ...OUTPUT[0], prefix: ['gray-'], suffix: ['.png', '.jpg'] },
        { ...OUTPUT[0], path: 'b', suffix: ['.txt'] }
      ]
    }
  ],
  'a failing script': ['echo out; exit 7', 'aGVsbG8='],
  'output that is no text': ['printf "a\\377b\\r\\nc\\rd"', 'aGVsbG8='],
  'an output without credentials': [
    'echo x > "$TMP_OUTPUT_DIR/x"',
    storageEvent('b', INPUT),
    { output: [{ storage_provider: 'onedata.ghost', path: 'b/out' }] }
  ],
  'a missing object': [LOOK, storageEvent('b', 'in/ghost')],
  'a folder marker': [LOOK, storageEvent('b', 'in/folder/')],
  'a number': [LOOK, '5'],
  null: [LOOK, 'null'],
  'a list': [LOOK, '[1, 2]'],
  'text that is no base64': [LOOK, 'hello']
};

describe('the same as faas-supervisor 1.5.8', () => {
  for (const [name, [script, body, more]] of Object.entries(CASES)) {
    compare(
      name,
      async () => {
        const definition = service('oracle', script, {
          ...QUIET,
          input: [{ storage_provider: 'minio.default', path: 'b/in' }],
          ...more
        });
        const [theirs, mine] = await Promise.all([original(definition, body), ours(definition, body)]);
        expect(mine.ok).toBe(theirs.ok);
        expect(mine.objects).toEqual(theirs.objects);
        if (theirs.ok) {
          expect(same(mine).reply).toBe(same(theirs).reply);
        }
      },
      30000
    );
  }

  compare(
    'several output files',
    async () => {
      const definition = service('oracle', 'cd "$TMP_OUTPUT_DIR"; mkdir d; echo a > a; echo b > d/b', {
        ...QUIET,
        output: []
      });
      const [theirs, mine] = await Promise.all([original(definition, 'aGVsbG8='), ours(definition, 'aGVsbG8=')]);
      const unpack = ({ reply }: IResult): Record<string, string> =>
        Object.fromEntries(
          Object.entries(unzipSync(Buffer.from(reply, 'base64'))).map(([path, data]) => [
            path,
            Buffer.from(data).toString()
          ])
        );
      expect(unpack(mine)).toEqual(unpack(theirs));
      expect(unpack(mine)).toEqual({ a: 'a\n', 'd/b': 'b\n' });
    },
    30000
  );
});
