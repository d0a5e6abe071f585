import { some } from '../sample';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BridgeStatus, Operation, PipelineRun, Problem } from '../../src/contract';
import { cleanUp, openEvents, start, temporaryFolder, until, type IBridge } from '../server/harness';
import { pipelineText, writePipeline, type ITestNode } from './pipeline';

jest.setTimeout(120_000);
afterEach(cleanUp);

const handshake = (folder: string, strict = false): Record<string, unknown> => ({
  localCluster: { enabled: true, runtime: 'process', cpus: 4, memory: 2 * 1024 ** 3, strict },
  contentsRoot: folder
});

const PAGE = { 'x-oscar-client': 'page' };

async function follow(
  bridge: IBridge,
  id: string,
  what: (run: PipelineRun) => boolean = run => run.state !== 'running' && run.state !== 'deploying'
): Promise<PipelineRun> {
  let run = (await bridge.call(`/v1/pipelines/runs/${id}`)).json<PipelineRun>();
  for (const end = Date.now() + 60_000; !what(run);) {
    if (Date.now() > end) {
      throw new Error(`did not come: ${JSON.stringify(run)}`);
    }
    run = (await bridge.call(`/v1/pipelines/runs/${id}?since=${run.revision}&wait=5`)).json<PipelineRun>();
  }
  return run;
}

async function jobs(bridge: IBridge, service: string): Promise<string[]> {
  const { items } = (await bridge.call(`/v1/clusters/local/jobs?service=${service}`)).json<{
    items: { id: string }[];
  }>();
  return items.map(job => job.id);
}

const CHAIN: ITestNode[] = [
  { id: 'a', command: 'sleep 1.5; echo a > a.txt', outputs: ['a.txt'] },
  { id: 'b', command: 'cp a.txt b.txt', after: ['a'], outputs: ['b.txt'] }
];

describe.each(
  some([
    ['as it is', false],
    ['strict', true]
  ])
)('a bridge that is killed, with a cluster %s', (_name, strict) => {
  test('in the middle of a run: the next one goes on, and starts nothing twice', async () => {
    const folder = temporaryFolder();
    writePipeline(folder, pipelineText(CHAIN, { name: 'killed' }), {}, 'killed');
    const first = await start({ folder, handshake: handshake(folder, strict) });
    const answer = await first.call('/v1/pipelines/runs', {
      json: { source: { file: { contents: 'killed.pipeline' } } },
      headers: PAGE
    });
    expect([answer.status, answer.text]).toEqual([202, expect.any(String)]);
    const { id } = answer.json<PipelineRun>();
    await follow(first, id, run => run.nodes[0].state === 'running');
    await first.kill('SIGKILL');

    const second = await start({ folder, handshake: handshake(folder, strict) });
    const run = await follow(second, id);
    expect(run).toMatchObject({ state: 'done', file: 'killed.pipeline' });
    for (const node of run.nodes) {
      expect(node.attempt).toBe(1);
      // The cluster was killed with the bridge: a job that ran is put in the queue again, as the same job.
      expect(await jobs(second, node.service)).toHaveLength(1);
    }
    const { items } = (await second.call('/v1/pipelines/runs?file=killed.pipeline')).json<{ items: PipelineRun[] }>();
    expect(items.map(item => item.id)).toEqual([id]);
    expect(readdirSync(join(folder, 'data', 'bridge'))).not.toContain('pipelines');
  });

  test('in the middle of a deployment: the run is interrupted, and the next one completes it', async () => {
    const folder = temporaryFolder();
    const nodes = Array.from({ length: 30 }, (_, index): ITestNode => ({
      id: `n${index}`,
      command: 'true',
      secrets: ['ANY_SECRET'],
      ...(index > 25 ? { after: [`n${index - 1}`] } : {})
    }));
    writePipeline(folder, pipelineText(nodes, { name: 'many' }), {}, 'many');
    const first = await start({ folder, handshake: handshake(folder, strict) });
    const body = {
      source: { file: { contents: 'many.pipeline' } },
      secrets: { ANY_SECRET: 'never-to-be-written-1234' }
    };
    const { id } = (await first.call('/v1/pipelines/runs', { json: body, headers: PAGE })).json<PipelineRun>();
    await follow(first, id, run => run.steps.some(step => step.kind === 'service' && step.state === 'done'));
    await first.kill('SIGKILL');

    const second = await start({ folder, handshake: handshake(folder, strict) });
    const run = await follow(second, id);
    expect(run).toMatchObject({ state: 'interrupted', problem: { title: 'Interrupted' } });
    const { running } = (await second.call('/v1/status')).json<BridgeStatus>();
    expect(running).toBe(0);
    // What was made belongs to a pipeline that is there: it is nothing to clean up, and the next run takes it.
    expect((await second.call('/v1/pipelines/leftovers')).json()).toEqual({ items: [] });
    const again = await second.call(`/v1/pipelines/runs/${id}/rerun`, { json: { secrets: body.secrets } });
    expect([again.status, again.text]).toEqual([202, expect.any(String)]);
    const done = await follow(second, id);
    expect({ state: done.state, problem: done.problem }).toEqual({ state: 'done' });
    expect(readdirSync(join(folder, 'data', 'bridge', 'pipelines'))).toEqual([]);
    expect(() =>
      execFileSync('grep', ['-rlaF', 'never-to-be-written-1234', join(folder, 'data', 'bridge')], { encoding: 'utf8' })
    ).toThrow();
  });
});

describe('the routes', () => {
  let bridge: IBridge;
  let folder: string;

  beforeEach(async () => {
    folder = temporaryFolder();
    bridge = await start({ folder, handshake: handshake(folder) });
  });

  test('a run is told on the event stream, keeps an idle bridge awake, and is shown among the jobs', async () => {
    const events = await openEvents(bridge.socket);
    writePipeline(folder, pipelineText(CHAIN, { name: 'told' }), {}, 'told');
    const { id } = (
      await bridge.call('/v1/pipelines/runs', { json: { source: { file: { contents: 'told.pipeline' } } } })
    ).json<PipelineRun>();
    expect((await bridge.call('/v1/status')).json<BridgeStatus>().running).toBeGreaterThan(0);
    const last = await events.next(event => {
      const run = event.data['run'] as PipelineRun | undefined;
      return event.type === 'pipeline-run' && run?.id === id && run.state === 'done';
    });
    const run = last.data['run'] as PipelineRun;
    const { items } = (await bridge.call('/v1/clusters/local/jobs')).json<{ items: { id: string }[] }>();
    const settled = await follow(bridge, id, now => now.nodes.every(node => node.job !== undefined));
    expect(items.map(job => job.id)).toEqual(expect.arrayContaining(settled.nodes.map(node => node.job)));
    const [log] = run.nodes[0].artifacts.filter(file => file.name.endsWith('.log'));
    expect((await bridge.call(`/v1${log.href}`)).status).toBe(200);
    await until(
      'nothing runs',
      async () => (await bridge.call('/v1/status')).json<BridgeStatus>().running === 0,
      30_000
    );
    events.close();
    expect((await bridge.call(`/v1/pipelines/runs/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await bridge.call(`/v1/pipelines/runs/${id}`)).status).toBe(404);
  });

  test('what is wrong is a problem before anything happens', async () => {
    const post = async (json: unknown, headers = {}): Promise<Problem> => {
      const answer = await bridge.call('/v1/pipelines/runs', { json, headers });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      return answer.json<Problem>();
    };
    expect(await post({ source: { text: '{"pipelines": [' } })).toMatchObject({
      type: expect.stringMatching(/invalid-pipeline$/),
      problems: [expect.objectContaining({ severity: 'error' })]
    });
    const cycle = pipelineText([
      { id: 'a', command: 'true', after: ['b'] },
      { id: 'b', command: 'true', after: ['a'] }
    ]);
    expect(await post({ source: { text: cycle } })).toMatchObject({ type: expect.stringMatching(/invalid-pipeline$/) });
    const missing = pipelineText([{ id: 'a', file: 'nowhere.py' }]);
    expect((await post({ source: { text: missing, base: { contents: '' } } })).detail).toContain('nowhere.py');
    const aws = pipelineText([{ id: 'a', command: 'true', target: 'aws' }]);
    expect((await post({ source: { text: aws } })).title).toBe('Some nodes are for AWS');
    const unknown = pipelineText([{ id: 'a', command: 'true' }]);
    expect((await post({ source: { text: unknown }, parameters: { x: 1 } })).detail).toContain('no parameter x');
    expect((await post({ source: { file: { path: join(folder, 'x.pipeline') } } }, PAGE)).status).toBe(403);
    const call = pipelineText([{ id: 'a', service: 'not-there' }]);
    expect((await post({ source: { text: call } })).detail).toContain('not-there');
    expect((await bridge.call('/v1/clusters/local/services')).json()).toEqual({ items: [] });
    expect((await bridge.call('/v1/pipelines/runs')).json()).toEqual({ items: [] });
  });

  test('nothing outside of the file browser is taken along, not even through a link', async () => {
    const outside = temporaryFolder();
    writeFileSync(join(outside, 'private.txt'), 'private');
    mkdirSync(join(folder, 'work'));
    symlinkSync(join(outside, 'private.txt'), join(folder, 'work', 'innocent.txt'));
    symlinkSync(outside, join(folder, 'work', 'folder'));
    for (const dependency of ['innocent.txt', 'folder/private.txt', 'folder', '*.txt']) {
      const text = pipelineText([{ id: 'a', file: 'a.py', dependencies: [dependency] }]);
      writePipeline(join(folder, 'work'), text, { 'a.py': 'pass\n' }, 'linked');
      const source = { file: { contents: 'work/linked.pipeline' } };
      const checked = (await bridge.call('/v1/pipelines/check', { json: { source }, headers: PAGE })).json<{
        problems: { code: string; node: string; severity: string }[];
      }>();
      expect(checked.problems).toContainEqual(
        expect.objectContaining({ code: 'outside', severity: 'error', node: 'a' })
      );
      const run = await bridge.call('/v1/pipelines/runs', { json: { source }, headers: PAGE });
      expect(run.status).toBe(400);
    }
  });

  test('a pipeline has the same services whoever names it: page, kernel, command line, by whatever path', async () => {
    const text = pipelineText(CHAIN, { name: 'told' });
    writePipeline(join(folder, 'work', 'deep'), text, {}, 'told');
    symlinkSync(join(folder, 'work'), join(folder, 'link'));
    const file = join(folder, 'work', 'deep', 'told.pipeline');
    const services = async (source: object, headers = {}): Promise<string[]> => {
      const answer = await bridge.call('/v1/pipelines/convert', { json: { source }, headers });
      expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('fdl.yaml')]);
      const { files } = answer.json<{ files: { path: string }[] }>();
      return files.filter(({ path }) => path.endsWith('/script.sh')).map(({ path }) => path);
    };
    const expected = await services({ file: { contents: 'work/deep/told.pipeline' } }, PAGE);
    expect(expected).toHaveLength(2);
    const others: [object, object?][] = [
      [{ file: { contents: '/link/deep//told.pipeline' } }, PAGE],
      [{ text, name: 'told.pipeline', base: { contents: 'work/deep' } }, PAGE],
      [{ text, name: 'work/deep/told.pipeline', base: { contents: 'link/deep' } }, PAGE],
      [{ file: { path: file } }],
      [{ file: { path: join(folder, 'link', 'deep', 'told.pipeline') } }],
      [{ file: { path: `${folder}/work/../work/deep/./told.pipeline` } }],
      [{ text, name: 'told.pipeline', base: { path: join(folder, 'link', 'deep') } }]
    ];
    for (const [source, headers] of others) {
      expect([source, await services(source, headers)]).toEqual([source, expected]);
    }
    // Another one beside it, and one that was not saved yet, are others.
    writePipeline(join(folder, 'work', 'deep'), text, {}, 'second');
    expect(await services({ file: { path: join(folder, 'work', 'deep', 'second.pipeline') } })).not.toEqual(expected);
    const unsaved = { text, name: 'new.pipeline', base: { contents: 'work/deep' } };
    expect(await services(unsaved, PAGE)).not.toEqual(expected);

    // What is exported is what is deployed, and a run that the command line began is among those of the file in the page.
    const { id, nodes } = (
      await bridge.call('/v1/pipelines/runs', { json: { source: { file: { path: file } } } })
    ).json<PipelineRun>();
    expect(nodes.map(node => `${node.service}/script.sh`)).toEqual(expected);
    const query = encodeURIComponent('link/deep/told.pipeline');
    const { items } = (await bridge.call(`/v1/pipelines/runs?file=${query}`, { headers: PAGE })).json<{
      items: { id: string }[];
    }>();
    expect(items.map(run => run.id)).toEqual([id]);
    await bridge.call(`/v1/pipelines/runs/${id}/cancel`, { method: 'POST' });
  });

  test('what reading finds and what checking finds are told together, everywhere', async () => {
    const broken = JSON.parse(pipelineText([{ id: 'a', file: 'nowhere.py' }])) as {
      pipelines: { nodes: { app_data: { component_parameters: Record<string, unknown> } }[] }[];
    };
    // The first is for the reader, the missing file for the check.
    broken.pipelines[0].nodes[0].app_data.component_parameters.cpu = 'many';
    const source = { text: JSON.stringify(broken), base: { contents: '' } };
    const check = await bridge.call('/v1/pipelines/check', { json: { source }, headers: PAGE });
    const convert = await bridge.call('/v1/pipelines/convert', { json: { source }, headers: PAGE });
    const run = await bridge.call('/v1/pipelines/runs', { json: { source }, headers: PAGE });
    const deploy = await bridge.call('/v1/pipelines/deploy', { json: { source }, headers: PAGE });
    const told = [check.json(), convert.json<{ report: unknown }>().report, run.json(), deploy.json()] as {
      problems: { code: string }[];
    }[];
    for (const { problems } of told) {
      const codes = problems.map(problem => problem.code);
      expect(codes).toEqual(expect.arrayContaining(['bad-number', 'file-missing']));
      expect(new Set(problems.map(problem => JSON.stringify(problem))).size).toBe(problems.length);
    }
  });

  test('a conversion is written as a whole, and never over what is there', async () => {
    writePipeline(folder, pipelineText(CHAIN, { name: 'told' }), {}, 'told');
    const source = { file: { contents: 'told.pipeline' } };
    const convert = (more: object): ReturnType<IBridge['call']> =>
      bridge.call('/v1/pipelines/convert', { json: { source, ...more }, headers: PAGE });
    const first = (await convert({ into: { contents: 'out' } })).json<{ folder: string; files: { path: string }[] }>();
    expect(first.folder).toBe('out');
    expect(first.files.map(file => file.path)).toEqual(expect.arrayContaining(['fdl.yaml', 'report.json']));
    first.files.forEach(file => expect(existsSync(join(folder, 'out', file.path))).toBe(true));
    writeFileSync(join(folder, 'out', 'mine.txt'), 'mine');
    const refused = await convert({ into: { contents: 'out' } });
    expect([refused.status, refused.json<Problem>().detail]).toEqual([409, expect.stringContaining('fdl.yaml')]);
    expect((await convert({ into: { contents: 'out' }, overwrite: true })).status).toBe(200);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(
      ['mine.txt', ...new Set(first.files.map(file => file.path.split('/')[0]))].sort()
    );
    expect((await convert({ into: { contents: '../elsewhere' } })).status).toBe(403);
    // A link among the folders that are written to.
    const outside = temporaryFolder();
    const [service] = first.files.map(file => file.path.split('/')).find(parts => parts[1] === 'script.sh') ?? [];
    mkdirSync(join(folder, 'trap'));
    symlinkSync(outside, join(folder, 'trap', service));
    expect((await convert({ into: { contents: 'trap' } })).status).toBe(403);
    expect(readdirSync(outside)).toEqual([]);
    expect(readdirSync(join(folder, 'trap'))).toEqual([service]);
    // The exported folder is what apply takes.
    const plan = await bridge.call('/v1/fdl/plan', { json: { source: { file: { contents: 'out/fdl.yaml' } } } });
    expect(plan.json<{ services: string[] }>().services).toHaveLength(2);
  });

  test('a deployment is an operation; a leftover is removed by another', async () => {
    const path = writePipeline(folder, pipelineText(CHAIN, { name: 'told' }), {}, 'told');
    const finish = async (answer: { json: <T>() => T; status: number }): Promise<Operation> => {
      expect(answer.status).toBe(202);
      let operation = answer.json<Operation>();
      while (operation.state === 'running') {
        operation = (
          await bridge.call(`/v1/operations/${operation.id}?since=${operation.revision}&wait=10`)
        ).json<Operation>();
      }
      return operation;
    };
    const source = { file: { contents: 'told.pipeline' } };
    const deployed = await finish(await bridge.call('/v1/pipelines/deploy', { json: { source } }));
    expect(deployed).toMatchObject({
      state: 'done',
      kind: 'pipeline-deploy',
      services: [expect.any(String), expect.any(String)]
    });
    execFileSync('rm', [path]);
    const { items } = (await bridge.call('/v1/pipelines/leftovers?cluster=local')).json<{
      items: { service: string }[];
    }>();
    expect(items.map(item => item.service).sort()).toEqual([...(deployed.services ?? [])].sort());
    const removed = await finish(
      await bridge.call('/v1/pipelines/leftovers/remove', {
        json: { cluster: 'local', services: items.map(item => item.service), data: 'delete' }
      })
    );
    expect(removed.state).toBe('done');
    expect((await bridge.call('/v1/clusters/local/services')).json()).toEqual({ items: [] });
    expect((await bridge.call('/v1/clusters/local/buckets')).json()).toEqual({ items: [] });
  });
});
