import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComputeJob, Problem } from '../../src/contract';
import { cleanUp, temporaryFolder } from '../server/harness';
import { begin, follow, parts, request, result, run, startWithRunner } from './through-bridge';

jest.setTimeout(120_000);

/** A small disk of its own; undefined where this user may not mount one. */
function smallDisk(folder: string): (() => void) | undefined {
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
  return mounted.status === 0 ? () => void execFileSync('umount', ['-l', folder]) : undefined;
}

let unmount: (() => void) | undefined;
afterEach(async () => {
  unmount?.();
  await cleanUp();
});

function fill(folder: string): string {
  const file = join(folder, 'ballast');
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(file, Buffer.alloc(Math.max(0, (bavail - 1) * bsize), 1));
  spawnSync('sh', ['-c', 'dd if=/dev/zero bs=1k count=64 >> "$0" 2>/dev/null', file]);
  return file;
}

test('a full disk: the job fails and says so; when there is room again it goes on with what is missing', async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  unmount = smallDisk(data);
  if (!unmount) {
    console.warn('SKIPPED: this user may not mount a small disk, so a full one is not tried.');
    return;
  }
  const bridge = await startWithRunner(folder);
  const calls = join(folder, 'calls.txt');
  const source = `
import time
def task(item):
    with open(${JSON.stringify(calls)}, 'a') as file:
        file.write(f'{item}\\n')
    time.sleep(0.05)
    return str(item) * 2000
`;
  const { id } = await begin(bridge, request('htc', source, { htc: { iterations: 120 }, maxWorkers: 2 }));
  await follow(bridge, id, job => job.phases[0]?.done >= 30);
  const done = (await parts(bridge, id)).filter(part => part.state === 'done');
  const ballast = fill(data);
  const failed = await follow(bridge, id, job => job.state === 'failed');
  const said = JSON.stringify([failed.problem, failed.error]);
  expect(said).toMatch(/disk|room|space/i);
  // Others are refused with the reason, not with a defect.
  const refused = await bridge.call('/v1/jobs', { json: request('htc', source, { htc: { iterations: 1 } }) });
  expect([refused.status, refused.json<Problem>().type]).toEqual([507, expect.stringContaining('disk-full')]);
  rmSync(ballast);
  expect((await bridge.call(`/v1/jobs/${id}/retry`, { method: 'POST' })).status).toBe(200);
  const end = await follow(bridge, id);
  expect(end).toMatchObject({ state: 'succeeded' });
  const { items } = await result(bridge, id, '?limit=1000');
  expect(items.length).toBeGreaterThan(0);
  const counts = new Map<number, number>();
  readFileSync(calls, 'utf8')
    .split('\n')
    .filter(Boolean)
    .forEach(item => counts.set(Number(item), (counts.get(Number(item)) ?? 0) + 1));
  expect(counts.size).toBe(120);
  for (const part of done) {
    for (let unit = part.first; unit < part.first + part.count; unit++) {
      expect([unit, counts.get(unit)]).toEqual([unit, 1]);
    }
  }
  const next = await run(bridge, request('htc', 'def task(item):\n    return item\n', { htc: { iterations: 3 } }));
  expect((await bridge.call(`/v1/jobs/${next.id}`)).json<ComputeJob>().state).toBe('succeeded');
});
