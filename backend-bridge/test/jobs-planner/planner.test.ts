import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ComputeRequest } from '../../src/contract';
import type { ICommittedPart, IPlanContext } from '../../src/jobs/engine/plan';
import type { ITaskCounters } from '../../src/jobs/engine/task';
import { createMapReducePlanner } from '../../src/jobs/mapreduce';

const COUNTERS = { recordsOut: 1 } as ITaskCounters;

describe('a plan of thousands of parts', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'planner-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('puts long lists into a file, and is the same after a restart', async () => {
    writeFileSync(join(folder, 'input.txt'), 'x\n'.repeat(10_000));
    const spec = {
      kind: 'mapreduce',
      input: [{ file: { path: join(folder, 'input.txt') } }],
      mapreduce: { mappers: 4000, reducers: 3 }
    } as unknown as ComputeRequest;
    const context: IPlanContext = {
      job: 'mr-1',
      spec,
      store: { type: 'folder', path: folder },
      folder,
      workers: 2,
      startCost: 0.001,
      minPart: 0.05,
      note: () => undefined,
      signal: new AbortController().signal
    };
    const create = createMapReducePlanner({ clusters: { get: () => ({}) as never }, active: () => true });
    const planner = await create(context);
    const map = await planner.plan(undefined);
    expect(map.parts).toHaveLength(4000);
    const committed: ICommittedPart[] = (map.parts ?? []).map((part, number) => ({
      ...part,
      part: number,
      attempt: 1,
      files: [{ name: `shuffle/map-${number}`, size: 100, crc32: number }],
      counters: COUNTERS
    }));
    // As they come from the journal: in any order.
    const reduce = await planner.next(map, [...committed].reverse());
    expect(reduce?.parts).toHaveLength(3);
    const task = { part: 1, attempt: 1, ...reduce!.parts![1] };
    expect(JSON.stringify(reduce?.task(task)).length).toBeLessThan(1000);
    expect(reduce?.task(task)).toMatchObject({ phase: 'reduce', section: 1, manifest: 'manifest/map.json' });
    const listed = JSON.parse(readFileSync(join(folder, 'manifest/map.json'), 'utf8')) as string[];
    expect(listed).toEqual(committed.map((_, number) => `shuffle/map-${number}`));

    const again = await create(context);
    const data = JSON.parse(JSON.stringify([map.data, reduce?.data])) as unknown[];
    const part = { part: 7, attempt: 2, ...map.parts![7] };
    expect(again.restore('map', data[0]).task(part)).toEqual(map.task(part));
    expect(again.restore('map', data[0]).key).toBe(map.key);
    expect(again.restore('reduce', data[1]).task(task)).toEqual(reduce?.task(task));
    expect(again.restore('reduce', data[1]).key).toBe(reduce?.key);
  });
});
