import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Example, FdlPlan, FdlProblem } from '../../src/contract';
import { cleanUp, start, temporaryFolder, type IBridge } from './harness';

const EXAMPLES = join(__dirname, '..', '..', '..', 'examples');

let bridge: IBridge;

beforeAll(async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'home', 'sub'), { recursive: true });
  bridge = await start({ folder, handshake: { examples: EXAMPLES, contentsRoot: join(folder, 'home') } });
});
afterAll(cleanUp);

test('each example has an FDL without errors, and its sample', async () => {
  const { items } = (await bridge.call('/v1/examples')).json<{ items: Example[] }>();
  expect(items.map(item => item.name)).toContain('ocr');
  for (const { name, sample } of items) {
    const answer = await bridge.call('/v1/fdl/check', { json: { source: { example: name } } });
    const errors = answer.json<{ problems?: FdlProblem[] }>().problems?.filter(problem => problem.severity === 'error');
    expect({ name, errors }).toEqual({ name, errors: [] });
    expect({ name, sample: sample === undefined || existsSync(join(EXAMPLES, sample)) }).toEqual({
      name,
      sample: true
    });
  }
});

test.each(['nothing', '../secret', ''])('there is no example %j', async example => {
  const answer = await bridge.call('/v1/fdl/check', { json: { source: { example } } });
  expect(answer.status).toBe(404);
});

test('they are copied into the file browser, and what is there already stays', async () => {
  const copy = (): ReturnType<IBridge['call']> =>
    bridge.call('/v1/examples/copy', { json: { into: { contents: 'sub' } }, headers: { 'x-oscar-client': 'page' } });
  expect((await copy()).json()).toEqual({ path: 'sub/oscar-examples' });
  const mine = join(bridge.folder, 'home', 'sub', 'oscar-examples', 'examples.json');
  expect(readFileSync(mine, 'utf8')).toBe(readFileSync(join(EXAMPLES, 'examples.json'), 'utf8'));
  writeFileSync(mine, 'changed');
  expect((await copy()).status).toBe(200);
  expect(readFileSync(mine, 'utf8')).toBe('changed');
  const outside = await bridge.call('/v1/examples/copy', { json: { into: { contents: '../' } } });
  expect(outside.status).toBe(403);
});

test('a bridge without examples says so', async () => {
  const other = await start();
  const answer = await other.call('/v1/examples');
  expect(answer.status).toBe(404);
  expect(answer.json()).toMatchObject({ type: 'urn:jupyterlab-oscar:problem:no-examples' });
});

test('the plan tells the size of the environment of an example, also when it was copied', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'home'));
  const local = { enabled: true, runtime: 'process', cpus: 2, memory: 1024 ** 3 };
  const other = await start({
    folder,
    handshake: { localCluster: local, examples: EXAMPLES, contentsRoot: join(folder, 'home') }
  });
  const { items } = (await other.call('/v1/examples')).json<{ items: Example[] }>();
  const { size } = items.find(item => item.name === 'ocr') as Example;
  const made = (
    await other.call('/v1/examples/copy', { json: { into: { contents: '' } }, headers: { 'x-oscar-client': 'page' } })
  ).json<{
    path: string;
  }>();
  for (const source of [{ example: 'ocr' }, { file: { contents: `${made.path}/services/ocr/fdl.yaml` } }]) {
    const plan = (
      await other.call('/v1/fdl/plan', { json: { source }, headers: { 'x-oscar-client': 'page' } })
    ).json<FdlPlan>();
    const step = plan.steps.find(item => item.kind === 'environment');
    expect(step?.reason).toContain(`about ${Math.round((size ?? 0) / 1e6)} MB`);
  }
});
