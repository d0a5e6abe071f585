import { some } from '../sample';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { BridgeError } from '../../src/http';
import { pipelineText, writePipeline, type ITestNode } from './pipeline';
import { artifact, ended, jobsOf, nodeOf, openRoom, states, until, type IRoom } from './room';

jest.setTimeout(120_000);

async function refusal(work: Promise<unknown>): Promise<BridgeError['problem']> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BridgeError) {
      return error.problem;
    }
    throw error;
  }
  throw new Error('it was not refused');
}

describe.each(
  some([
    ['as it is', false],
    ['strict', true]
  ])
)('on a cluster %s', (_name, strict) => {
  let room: IRoom;
  let folders = 0;

  const write = (nodes: ITestNode[], files: Record<string, string> = {}, name?: string): string =>
    writePipeline(join(room.folder, `work-${folders++}`), pipelineText(nodes, { name }), files);

  beforeAll(async () => {
    room = await openRoom({ strict, lostAfter: 2000 });
  });
  afterAll(() => room?.close());

  test('a node fails: what comes after it is skipped, other branches go on; a rerun repeats nothing that succeeded', async () => {
    const nodes: ITestNode[] = [
      { id: 'a', command: 'echo a > a.txt', outputs: ['a.txt'] },
      { id: 'bad', file: 'bad.py', after: ['a'], outputs: ['bad.txt'] },
      { id: 'good', command: 'echo good > good.txt', after: ['a'], outputs: ['good.txt'] },
      { id: 'last', command: 'cat good.txt > last.txt', after: ['good'], outputs: ['last.txt'] },
      { id: 'join', command: 'cat bad.txt last.txt > join.txt', after: ['bad', 'last'], outputs: ['join.txt'] },
      { id: 'end', command: 'cp join.txt end.txt', after: ['join'], outputs: ['end.txt'] }
    ];
    const path = write(nodes, { 'bad.py': 'import sys\nprint("no such thing")\nsys.exit(3)\n' }, 'failing');
    const run = await until(room, (await room.start(path)).id);
    expect(states(run)).toEqual({
      a: 'done',
      bad: 'failed',
      good: 'done',
      last: 'done',
      join: 'skipped',
      end: 'skipped'
    });
    expect(run.state).toBe('failed');
    expect(nodeOf(run, 'bad')).toMatchObject({
      exitCode: 3,
      reason: expect.stringContaining('bad.py'),
      job: expect.any(String)
    });
    expect(await room.clusters.jobLog(room.cluster(), nodeOf(run, 'bad').job ?? '')).toContain('no such thing');

    // Only the node in question, mended.
    expect(await refusal(room.runs.rerun(run.id, { node: 'join' }))).toMatchObject({ status: 409 });
    writeFileSync(join(path, '..', 'bad.py'), 'open("bad.txt", "w").write("mended\\n")\n');
    const before = await Promise.all(['a', 'good', 'last'].map(id => jobsOf(room, nodeOf(run, id).service)));
    const again = await room.runs.rerun(run.id, {});
    expect(again.id).toBe(run.id);
    const mended = await until(room, run.id);
    expect(mended.state).toBe('done');
    expect(mended.nodes.map(node => [node.id, node.attempt])).toEqual([
      ['a', 1],
      ['bad', 2],
      ['good', 1],
      ['last', 1],
      ['join', 2],
      ['end', 2]
    ]);
    expect(await artifact(room, mended, 'end', 'end.txt')).toBe('mended\ngood\n');
    const after = await Promise.all(['a', 'good', 'last'].map(id => jobsOf(room, nodeOf(run, id).service)));
    expect(after).toEqual(before);
    expect(nodeOf(mended, 'bad').job).not.toBe(nodeOf(run, 'bad').job);
    expect(await refusal(room.runs.rerun(run.id, {}))).toMatchObject({ status: 409, title: 'Nothing to run again' });
  });

  test('a node that was changed after others were connected to it is still started by them', async () => {
    const nodes = (text: string): ITestNode[] => [
      { id: 'a', command: 'echo a > a.txt', outputs: ['a.txt'] },
      { id: 'b', command: `echo ${text} > b.txt`, after: ['a'], outputs: ['b.txt'] }
    ];
    const path = write(nodes('first'));
    expect((await until(room, (await room.start(path)).id)).state).toBe('done');
    writeFileSync(path, pipelineText(nodes('second')));
    const run = await until(room, (await room.start(path)).id);
    expect(run.nodes.map(node => [node.state, node.reason])).toEqual([
      ['done', undefined],
      ['done', undefined]
    ]);
    expect(await artifact(room, run, 'b', 'b.txt')).toBe('second\n');
    const changed = run.steps.filter(step => step.kind === 'service' && step.action === 'change');
    expect(changed.map(step => step.name)).toEqual([nodeOf(run, 'b').service]);
  });

  test('the first node fails and goes again; a changed graph is another run', async () => {
    const nodes: ITestNode[] = [
      { id: 'a', file: 'a.py', outputs: ['a.txt'] },
      { id: 'b', command: 'cat a.txt', after: ['a'] }
    ];
    const path = write(nodes, { 'a.py': 'raise SystemExit("not today")\n' });
    const run = await until(room, (await room.start(path)).id);
    expect(states(run)).toEqual({ a: 'failed', b: 'skipped' });
    writeFileSync(path, pipelineText([...nodes, { id: 'c', command: 'true' }]));
    expect(await refusal(room.runs.rerun(run.id, {}))).toMatchObject({
      status: 409,
      title: 'The pipeline has changed'
    });
    writeFileSync(path, pipelineText(nodes));
    // Without a new deployment the same code fails again, and that is told as a second attempt.
    await room.runs.rerun(run.id, { redeploy: false });
    const second = await until(room, run.id);
    expect(nodeOf(second, 'a')).toMatchObject({ state: 'failed', attempt: 2 });
    writeFileSync(join(path, '..', 'a.py'), 'open("a.txt", "w").write("third")\n');
    await room.runs.rerun(run.id, { node: 'a' });
    const third = await until(room, run.id);
    expect(states(third)).toEqual({ a: 'done', b: 'done' });
    expect(nodeOf(third, 'a').attempt).toBe(3);
    expect(await jobsOf(room, nodeOf(third, 'a').service)).toHaveLength(3);
  });

  test('a node that writes none of its outputs has failed, and says which', async () => {
    const path = write([
      { id: 'a', command: 'echo nothing', outputs: ['wanted.csv'] },
      { id: 'b', command: 'true', after: ['a'] }
    ]);
    const run = await until(room, (await room.start(path)).id);
    expect(states(run)).toEqual({ a: 'failed', b: 'skipped' });
    expect(nodeOf(run, 'a').reason).toContain('wanted.csv');
  });

  test('a job that is killed without a word has failed', async () => {
    const path = write([{ id: 'a', command: 'kill -9 $PPID; sleep 30' }]);
    const run = await until(room, (await room.start(path)).id);
    expect(nodeOf(run, 'a')).toMatchObject({ state: 'failed', reason: expect.any(String), job: expect.any(String) });
  });

  test('secrets are asked for before anything is deployed, reach the node, and are in no file of the bridge', async () => {
    const value = `s3cr3t-${strict}-value-4711`;
    const nodes: ITestNode[] = [
      {
        id: 'a',
        label: 'Needs two',
        command: 'test "$PASSWORD_A" = "$EXPECTED$B_TOKEN"',
        secrets: ['PASSWORD_A', 'B_TOKEN'],
        env: { EXPECTED: '' }
      },
      {
        id: 'b',
        command: 'printf %s "$PASSWORD_A" | wc -c > length.txt',
        after: ['a'],
        outputs: ['length.txt'],
        secrets: ['PASSWORD_A']
      }
    ];
    const path = write(nodes, {}, 'secretive');
    const services = async (): Promise<string[]> => (await room.cluster().client.services()).map(item => item.name);
    const before = await services();
    const refused = await refusal(room.start(path, { secrets: { B_TOKEN: value } }));
    expect(refused).toMatchObject({ status: 400, detail: expect.stringContaining('PASSWORD_A') });
    expect(refused.detail).not.toContain('B_TOKEN');
    expect(await services()).toEqual(before);
    const run = await until(room, (await room.start(path, { secrets: { PASSWORD_A: value, B_TOKEN: value } })).id);
    expect(states(run)).toEqual({ a: 'done', b: 'done' });
    expect((await artifact(room, run, 'b', 'length.txt')).trim()).toBe(String(value.length));
    // Again with the same values, and without: the cluster has them, and nothing is sent.
    for (const secrets of [{ PASSWORD_A: value, B_TOKEN: value }, undefined]) {
      const next = await until(room, (await room.start(path, { secrets })).id);
      expect(next.state).toBe('done');
      expect(new Set(next.steps.map(step => step.action))).toEqual(new Set(['keep']));
    }
    const hits = (text: string): string => {
      try {
        return execFileSync('grep', ['-rlaF', text, join(room.folder, 'bridge')], { encoding: 'utf8' });
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    };
    expect(hits('secretive')).not.toBe('');
    expect(hits(value)).toBe('');
    expect(hits(Buffer.from(value).toString('base64'))).toBe('');
  });

  test('an event that got lost is sent again, once', async () => {
    const path = write([
      { id: 'a', command: 'sleep 2; echo a > a.txt', outputs: ['a.txt'] },
      { id: 'b', command: 'cp a.txt b.txt', after: ['a'], outputs: ['b.txt'] }
    ]);
    const { id } = await room.start(path);
    const running = await until(room, id, run => nodeOf(run, 'a').state === 'running');
    const storage = await room.cluster().storage();
    const { service } = nodeOf(running, 'b');
    const bucket = nodeOf(running, 'a').service;
    await storage.removeNotification(bucket, `arn:minio:sqs::${service}:webhook`);
    const run = await until(room, id);
    expect(states(run)).toEqual({ a: 'done', b: 'done' });
    expect(nodeOf(run, 'b').reason).toContain('sent again');
    expect(await jobsOf(room, service)).toHaveLength(1);
  });

  test('a run that is cancelled stops its jobs, and those that come late', async () => {
    const path = write([
      { id: 'a', command: 'echo a > a.txt', outputs: ['a.txt'] },
      { id: 'b', command: 'touch b.txt; sleep 60', after: ['a'], outputs: ['b.txt'] },
      { id: 'c', command: 'true', after: ['b'] }
    ]);
    const { id } = await room.start(path);
    await until(room, id, run => nodeOf(run, 'b').state === 'running');
    const cancelled = await room.runs.cancel(id);
    expect(cancelled.state).toBe('cancelled');
    expect(states(cancelled)).toEqual({ a: 'done', b: 'cancelled', c: 'cancelled' });
    const { service } = nodeOf(cancelled, 'b');
    const { items } = await room.clusters.jobs(room.cluster(), { service });
    expect(items.filter(job => job.state === 'running' || job.state === 'pending')).toEqual([]);

    // Cancelled at once, before its first job is seen: nothing of it stays running.
    const second = await room.start(path);
    await until(room, second.id, run => run.state !== 'deploying');
    await room.runs.cancel(second.id);
    await room.runs.remove(second.id);
    expect(room.runs.list().items.map(run => run.id)).not.toContain(second.id);
    for (const name of cancelled.nodes.map(node => node.service)) {
      const jobs = (await room.clusters.jobs(room.cluster(), { service: name })).items;
      expect(jobs.filter(job => job.state === 'running' || job.state === 'pending')).toEqual([]);
    }

    // What was cancelled can go on in the same run.
    writeFileSync(
      path,
      pipelineText([
        { id: 'a', command: 'echo a > a.txt', outputs: ['a.txt'] },
        { id: 'b', command: 'touch b.txt', after: ['a'], outputs: ['b.txt'] },
        { id: 'c', command: 'true', after: ['b'] }
      ])
    );
    await room.runs.rerun(id, {});
    const done = await until(room, id);
    expect(done.state).toBe('done');
    expect(done.nodes.map(node => node.attempt)).toEqual([1, 2, 2]);
    expect(await jobsOf(room, nodeOf(done, 'a').service)).toHaveLength(2);
  });

  test('a job that somebody cancels ends its node, and is not started again', async () => {
    const path = write([
      { id: 'a', command: 'sleep 60' },
      { id: 'b', command: 'true', after: ['a'] }
    ]);
    const { id } = await room.start(path);
    const running = await until(
      room,
      id,
      run => nodeOf(run, 'a').state === 'running' && nodeOf(run, 'a').job !== undefined
    );
    await room.clusters.cancelJob(room.cluster(), nodeOf(running, 'a').job ?? '');
    const run = await until(room, id);
    expect(run.state).toBe('failed');
    expect(states(run)).toEqual({ a: 'cancelled', b: 'skipped' });
    expect((await jobsOf(room, nodeOf(run, 'a').service)).length).toBeLessThan(2);
  });

  test('two that rerun at once: one does, the other hears of it', async () => {
    const path = write([{ id: 'a', command: 'exit 5' }]);
    const { id } = await until(room, (await room.start(path)).id);
    const answers = await Promise.allSettled([room.runs.rerun(id, {}), room.runs.rerun(id, {})]);
    expect(answers.map(answer => answer.status).sort()).toEqual(['fulfilled', 'rejected']);
    const run = await until(room, id);
    expect(nodeOf(run, 'a')).toMatchObject({ state: 'failed', attempt: 2, exitCode: 5 });
    expect(await jobsOf(room, nodeOf(run, 'a').service)).toHaveLength(2);
  });

  test('a run that is cancelled while it is deployed leaves nothing of it', async () => {
    const nodes = Array.from({ length: 12 }, (_, index): ITestNode => ({
      id: `n${index}`,
      command: 'true',
      ...(index ? { after: [`n${index - 1}`] } : {})
    }));
    const path = write(nodes, {}, 'long');
    const before = (await room.cluster().client.services()).map(item => item.name);
    const { id } = await room.start(path);
    await until(room, id, run => run.steps.some(step => step.kind === 'service' && step.state === 'done'));
    const cancelled = await room.runs.cancel(id);
    expect(cancelled.state).toBe('cancelled');
    expect(new Set(cancelled.nodes.map(node => node.state))).toEqual(new Set(['cancelled']));
    expect((await room.cluster().client.services()).map(item => item.name)).toEqual(before);
    expect((await room.runs.cancel(id)).state).toBe('cancelled');
  });

  test('a bridge that ends and one that begins: the run goes on, nothing is started twice', async () => {
    const path = write([
      { id: 'a', command: 'sleep 1; echo a > a.txt', outputs: ['a.txt'] },
      { id: 'b', command: 'cp a.txt b.txt', after: ['a'], outputs: ['b.txt'] }
    ]);
    const { id } = await room.start(path);
    await until(room, id, run => run.state === 'running' && nodeOf(run, 'a').state === 'running');
    await room.reopen();
    expect(room.runs.running()).toBe(1);
    const run = await until(room, id);
    expect(states(run)).toEqual({ a: 'done', b: 'done' });
    for (const node of run.nodes) {
      expect(await jobsOf(room, node.service)).toHaveLength(1);
    }
  });

  test('services that belong to no pipeline any more are found, and removed with or without their data', async () => {
    const nodes: ITestNode[] = [
      { id: 'stays', command: 'true' },
      { id: 'goes', command: 'true' }
    ];
    const path = write(nodes, {}, 'shrinking');
    const run = await until(room, (await room.start(path)).id);
    expect(await room.runs.leftovers({ cluster: 'local' })).toEqual([]);
    writeFileSync(path, pipelineText([nodes[0]], { name: 'shrinking' }));
    const { service } = nodeOf(run, 'goes');
    const found = await room.runs.leftovers();
    expect(found).toEqual([
      { cluster: 'local', service, pipeline: 'shrinking', file: path, reason: expect.stringContaining('not in') }
    ]);
    const stays = nodeOf(run, 'stays').service;
    expect(await refusal(room.runs.checkLeftovers('local', [stays]))).toMatchObject({ status: 409 });
    await room.runs.removeLeftovers('local', [service], 'keep');
    expect(await room.runs.leftovers()).toEqual([]);
    const buckets = async (): Promise<string[]> =>
      (await room.cluster().client.buckets()).map(item => item.bucket_name);
    expect(await buckets()).toContain(service);
    execFileSync('rm', [path]);
    expect((await room.runs.leftovers()).map(item => item.service)).toEqual([stays]);
    await room.runs.removeLeftovers('local', [stays], 'delete');
    expect(await buckets()).not.toContain(stays);
  });
});

describe('a cluster that cannot be reached for a while', () => {
  let room: IRoom;
  let door: Server;
  let open = true;
  const through = new Set<Socket>();

  beforeAll(async () => {
    room = await openRoom();
    const target = new URL(room.locals['local'].endpoint);
    door = createServer(socket => {
      if (!open) {
        socket.destroy();
        return;
      }
      const inner = connect(Number(target.port), target.hostname);
      through.add(socket);
      socket.on('error', () => inner.destroy());
      inner.on('error', () => socket.destroy());
      socket.pipe(inner).pipe(socket);
    });
    await new Promise<void>(resolve => door.listen(0, '127.0.0.1', resolve));
    const { user, password } = room.locals['local'];
    const { port } = door.address() as { port: number };
    room.clusters.registry.register({ id: 'local', endpoint: `http://127.0.0.1:${port}`, user, password });
  });
  afterAll(async () => {
    through.forEach(socket => socket.destroy());
    door?.close();
    await room?.close();
  });

  test('ends no run: it says so, and goes on', async () => {
    const path = writePipeline(
      join(room.folder, 'work'),
      pipelineText([
        { id: 'a', command: 'sleep 2; echo a > a.txt', outputs: ['a.txt'] },
        { id: 'b', command: 'cp a.txt b.txt', after: ['a'], outputs: ['b.txt'] }
      ])
    );
    const { id } = await room.start(path);
    await until(room, id, run => nodeOf(run, 'a').state === 'running');
    open = false;
    through.forEach(socket => socket.destroy());
    const told = await until(room, id, run => /reached|asked again/.test(nodeOf(run, 'a').reason ?? ''));
    expect(ended(told)).toBe(false);
    open = true;
    const run = await until(room, id);
    expect(states(run)).toEqual({ a: 'done', b: 'done' });
    expect(run.nodes.map(node => node.reason)).toEqual([undefined, undefined]);
  });
});
