import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, start, temporaryFolder, type IAnswer, type IBridge } from '../server/harness';

let root: string;
let outside: string;
let bridge: IBridge;

beforeAll(async () => {
  root = temporaryFolder();
  outside = temporaryFolder();
  mkdirSync(join(root, 'work'));
  writeFileSync(join(root, 'work', 'tools.py'), 'value = 1\n');
  writeFileSync(join(root, 'work', 'job.py'), 'import tools\nprint(tools.value)\n');
  writeFileSync(join(root, 'work', 'broken.py'), 'x = 1\nx = = 2\n');
  writeFileSync(join(root, 'work', 'data.csv'), 'a\n');
  symlinkSync(outside, join(root, 'work', 'away-link'));
  bridge = await start({ handshake: { contentsRoot: root, python: 'python3' } });
});
afterAll(cleanUp);

const pack = (json: unknown): Promise<IAnswer> =>
  bridge.call('/v1/packing/service', { json, headers: { 'x-oscar-client': 'page' } });

test('the page packs a script of the file browser, with its modules, beside it', async () => {
  const answer = await pack({
    name: 'from-page',
    code: { file: { contents: 'work/job.py' } },
    into: { contents: 'work' }
  });
  expect(answer.status).toBe(200);
  const packed = answer.json<{ folder: string; files: { path: string }[]; notes: string[] }>();
  expect(packed.folder).toBe('work/from-page');
  expect(packed.files.map(item => item.path)).toEqual(['fdl.yaml', 'script.sh']);
  expect(packed.notes).toEqual(['tools.py comes along in the script.']);
  expect(readFileSync(join(root, 'work', 'from-page', 'script.sh'), 'utf8')).toContain('print(tools.value)');
});

test('without a folder nothing is written, and the texts are in the answer', async () => {
  const answer = await pack({ name: 'dry-run', code: { file: { contents: 'work/job.py' } } });
  expect(answer.json()).not.toHaveProperty('folder');
  expect(answer.json<{ fdl: string }>().fdl).toContain('name: dry-run');
});

test('the page names no paths of the machine, and no link leads it out', async () => {
  const code = { text: 'x = 1', language: 'python' };
  expect((await pack({ name: 'x-y', code: { file: { path: join(root, 'work/job.py') } } })).status).toBe(403);
  expect((await pack({ name: 'abc', code, into: { path: root } })).status).toBe(403);
  expect((await pack({ name: 'abc', code, into: { contents: '../' } })).status).toBe(403);
  expect((await pack({ name: 'away-link', code, into: { contents: 'work' } })).status).toBe(403);
  expect((await pack({ name: 'abc', code, base: { contents: 'nowhere' } })).status).toBe(404);
});

test('what is wrong names the line of the file', async () => {
  const broken = await pack({ name: 'abc', code: { file: { contents: 'work/broken.py' } } });
  expect(broken.status).toBe(400);
  expect(broken.json()).toMatchObject({ line: 2, detail: 'Line 2 of broken.py: invalid syntax' });
  expect((await pack({ name: 'abc', code: { file: { contents: 'work/data.csv' } } })).text).toContain(
    'neither a notebook'
  );
  expect((await pack({ name: 'abc', code: { text: 'x', language: 'perl' } })).status).toBe(400);
});

test('a manifest that names files outside of its folder deletes none of them', async () => {
  const folder = join(root, 'work', 'tricked');
  mkdirSync(folder);
  writeFileSync(join(root, 'work', 'kept.txt'), 'kept');
  const hash = '79f076abdd19a752db7267bfff2f9022161d120dea919fdaca2ffdfc24ca8c96';
  writeFileSync(join(folder, '.jupyterlab-oscar.json'), JSON.stringify({ packed: { '../kept.txt': hash, x: 3 } }));
  const answer = await pack({
    name: 'tricked',
    code: { text: 'x = 1', language: 'python' },
    into: { contents: 'work' }
  });
  expect(answer.status).toBe(200);
  expect(readFileSync(join(root, 'work', 'kept.txt'), 'utf8')).toBe('kept');
});
