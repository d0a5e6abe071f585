import { some } from '../sample';
import { join } from 'node:path';
import { pipelineText, writePipeline } from './pipeline';
import { artifact, jobsOf, nodeOf, openRoom, states, until, type IRoom } from './room';

jest.setTimeout(120_000);

const DIAMOND = [
  { id: 'make', file: 'make.py', outputs: ['numbers.txt'], parameters: ['count'] },
  { id: 'sum', after: ['make'], command: "awk '{s+=$1} END {print s}' numbers.txt > sum.txt", outputs: ['sum.txt'] },
  { id: 'max', after: ['make'], command: 'sort -n numbers.txt | tail -1 > max.txt', outputs: ['max.txt'] },
  {
    id: 'join',
    label: 'Bring together',
    after: ['sum', 'max'],
    command: 'cat sum.txt max.txt > report.txt; echo "run $ELYRA_RUN_NAME"',
    outputs: ['report.txt']
  }
];
const MAKE = `import os
open('numbers.txt', 'w').write('\\n'.join(str(n) for n in range(1, int(os.environ['count']) + 1)) + '\\n')
`;
const PARAMETERS = [{ name: 'count', type: 'Integer', value: 4 }];

describe.each(
  some([
    ['as it is', false],
    ['strict', true]
  ])
)('on a cluster %s', (_name, strict) => {
  let room: IRoom;
  let path: string;

  beforeAll(async () => {
    room = await openRoom({ strict });
    path = writePipeline(
      join(room.folder, 'work'),
      pipelineText(DIAMOND, { name: 'Diamond', parameters: PARAMETERS }),
      { 'make.py': MAKE }
    );
  });
  afterAll(() => room?.close());

  test('a run is deployed, followed to its end, and each node tells its job, times and artifacts', async () => {
    const started = await room.start(path, { parameters: { count: '5' } });
    expect(started).toMatchObject({ state: 'deploying', pipeline: 'Diamond', parameters: { count: 5 }, file: path });
    const run = await until(room, started.id);
    expect(states(run)).toEqual({ make: 'done', sum: 'done', max: 'done', join: 'done' });
    expect(run).toMatchObject({ state: 'done', finishedAt: expect.any(String) });
    expect(await artifact(room, run, 'join', 'report.txt')).toBe('15\n5\n');
    expect(run.steps.filter(step => step.kind === 'service').map(step => step.action)).toEqual(Array(4).fill('create'));
    for (const node of run.nodes) {
      expect(node).toMatchObject({
        exitCode: 0,
        attempt: 1,
        startedAt: expect.any(String),
        finishedAt: expect.any(String)
      });
      expect(Date.parse(node.startedAt ?? '')).toBeLessThanOrEqual(Date.parse(node.finishedAt ?? ''));
    }
    // The join was started twice; the job that is told is the one that did the work.
    const settled = await until(room, run.id, now => now.nodes.every(node => node.job !== undefined));
    const join_ = nodeOf(settled, 'join');
    expect(await jobsOf(room, join_.service)).toHaveLength(2);
    expect(await room.clusters.jobLog(room.cluster(), join_.job ?? '')).toContain(`run ${run.id}`);
    const [first] = room.events.filter(event => event.id === run.id);
    expect(first.state).toBe('deploying');
  });

  test('a second run deploys nothing anew', async () => {
    const run = await until(room, (await room.start(path)).id);
    expect(run.state).toBe('done');
    expect(new Set(run.steps.map(step => step.action))).toEqual(new Set(['keep']));
    expect(await artifact(room, run, 'join', 'report.txt')).toBe('10\n4\n');
  });

  test('runs at the same time do not mix', async () => {
    const counts = [3, 6, 9];
    const started = await Promise.all(counts.map(count => room.start(path, { parameters: { count } })));
    const runs = await Promise.all(started.map(run => until(room, run.id)));
    const reports = await Promise.all(runs.map(run => artifact(room, run, 'join', 'report.txt')));
    expect(reports).toEqual(['6\n3\n', '21\n6\n', '45\n9\n']);
    const settled = await Promise.all(
      runs.map(run => until(room, run.id, now => now.nodes.every(node => node.job !== undefined)))
    );
    const jobs = settled.flatMap(run => run.nodes.map(node => node.job));
    expect(new Set(jobs).size).toBe(12);
    for (const run of settled) {
      for (const node of run.nodes) {
        expect(await room.clusters.jobLog(room.cluster(), node.job ?? '')).toContain(`run ${run.id}`);
      }
    }
    const listed = room.runs.list({ file: path });
    expect(
      listed.items
        .slice(0, 3)
        .map(run => run.id)
        .sort()
    ).toEqual(runs.map(run => run.id).sort());
    expect(room.runs.list({ file: '/somewhere/else.pipeline' }).items).toEqual([]);
  });

  test('a removed run takes its objects with it, and no others', async () => {
    const [kept, gone] = room.runs.list({ file: path }).items;
    await room.runs.remove(gone.id);
    await expect(room.runs.get(gone.id)).rejects.toThrow('no run');
    const storage = await room.cluster().storage();
    const { items: buckets } = { items: await room.cluster().client.buckets() };
    const keys: string[] = [];
    for (const bucket of buckets) {
      let page: string | undefined;
      do {
        const list = await storage.list(bucket.bucket_name, { page });
        keys.push(...list.items.map(item => item.key));
        page = list.next;
      } while (page !== undefined);
    }
    expect(keys.filter(key => key.includes(gone.id))).toEqual([]);
    expect(keys.filter(key => key.includes(kept.id)).length).toBeGreaterThan(5);
  });
});
