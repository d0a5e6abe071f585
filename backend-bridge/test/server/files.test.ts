import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, start, temporaryFolder, type IAnswer, type IBridge } from './harness';

let bridge: IBridge;
let root: string;

beforeAll(async () => {
  const folder = temporaryFolder();
  root = join(folder, 'home');
  mkdirSync(join(root, 'sub dir'), { recursive: true });
  mkdirSync(join(folder, 'home-of-another'));
  writeFileSync(join(root, 'fdl.yaml'), 'functions: {}\n');
  writeFileSync(join(root, 'sub dir', 'página.yaml'), 'functions: {}\n');
  writeFileSync(join(folder, 'secret.yaml'), 'functions: {}\n');
  writeFileSync(join(folder, 'home-of-another', 'fdl.yaml'), 'functions: {}\n');
  symlinkSync(join(folder, 'secret.yaml'), join(root, 'link.yaml'));
  symlinkSync(folder, join(root, 'up'));
  symlinkSync(join(root, 'fdl.yaml'), join(root, 'inside.yaml'));
  symlinkSync('loop.yaml', join(root, 'loop.yaml'));
  writeFileSync(join(root, 'huge.yaml'), Buffer.alloc(2 * 1024 * 1024, 'x'));
  bridge = await start({ folder, handshake: { contentsRoot: root } });
});
afterAll(cleanUp);

const check = (file: unknown, page = true): Promise<IAnswer> =>
  bridge.call('/v1/fdl/check', { json: { source: { file } }, headers: page ? { 'x-oscar-client': 'page' } : {} });

test.each(['fdl.yaml', '/fdl.yaml', 'sub dir/página.yaml', './/sub dir/./página.yaml', 'inside.yaml'])(
  'the page may name %s of the file browser',
  async contents => {
    expect((await check({ contents })).status).toBe(200);
  }
);

test.each([
  ['../secret.yaml', 403, 'outside'],
  ['sub dir/../../secret.yaml', 403, 'outside'],
  ['link.yaml', 403, 'outside'],
  ['up/secret.yaml', 403, 'outside'],
  ['up/home-of-another/fdl.yaml', 403, 'outside'],
  ['missing.yaml', 404, 'not-found'],
  ['fdl.yaml/x', 404, 'not-found'],
  ['sub dir', 400, 'invalid'],
  ['', 400, 'invalid'],
  ['a\0b', 400, 'invalid'],
  ['x'.repeat(5000), 400, 'invalid'],
  ['y'.repeat(300), 400, 'file'],
  ['loop.yaml', 400, 'file'],
  ['huge.yaml', 400, 'invalid']
])('but not %j', async (contents, status, type) => {
  const answer = await check({ contents });
  expect({ status: answer.status, type: answer.json<{ type: string }>().type }).toEqual({
    status,
    type: `urn:jupyterlab-oscar:problem:${type}`
  });
});

test('the page may not name a path of the machine, a kernel may', async () => {
  const path = join(bridge.folder, 'secret.yaml');
  const refused = await check({ path });
  expect(refused.status).toBe(403);
  expect(refused.json()).toMatchObject({ type: 'urn:jupyterlab-oscar:problem:forbidden' });
  expect((await check({ path }, false)).status).toBe(200);
  expect((await check({ path: 'secret.yaml' }, false)).json()).toMatchObject({ status: 400 });
});

test('an FDL leads the page to no script outside of the file browser, and a kernel anywhere', async () => {
  const fdl = (script: string): string =>
    `functions:\n  oscar:\n  - c:\n      name: a\n      image: i\n      script: ${script}\n`;
  const source = (script: string, page: boolean): Promise<IAnswer> =>
    bridge.call('/v1/fdl/check', {
      json: { source: { text: fdl(script), base: page ? { contents: 'sub dir' } : { path: join(root, 'sub dir') } } },
      headers: page ? { 'x-oscar-client': 'page' } : {}
    });
  writeFileSync(join(root, 'script.sh'), 'echo\n');
  symlinkSync(join(bridge.folder, 'secret.yaml'), join(root, 'linked.sh'));
  const codes = (answer: IAnswer): string[] =>
    answer.json<{ problems: { code: string }[] }>().problems.map(({ code }) => code);
  const missing = codes(await source('none.sh', true)).find(code => code.includes('script'));
  expect(missing).toBeDefined();
  expect(codes(await source('../script.sh', true))).not.toContain(missing);
  for (const script of ['../../secret.yaml', join(bridge.folder, 'secret.yaml'), '../linked.sh']) {
    const refused = await source(script, true);
    expect({ status: refused.status, type: refused.json<{ type: string }>().type }).toEqual({
      status: 403,
      type: 'urn:jupyterlab-oscar:problem:outside'
    });
    expect(codes(await source(script, false))).not.toContain(missing);
  }
});

test('without a file browser its paths mean nothing', async () => {
  const other = await start();
  const answer = await other.call('/v1/fdl/check', { json: { source: { file: { contents: 'fdl.yaml' } } } });
  expect(answer.status).toBe(409);
  expect(answer.json()).toMatchObject({ type: 'urn:jupyterlab-oscar:problem:no-contents' });
});
