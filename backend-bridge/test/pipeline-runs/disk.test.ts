import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipelineText, writePipeline } from './pipeline';
import { artifact, nodeOf, openRoom, states, until, type IRoom } from './room';

jest.setTimeout(120_000);

/** A small disk of its own for the bridge; undefined where this user may not mount one. */
function smallDisk(folder: string): (() => void) | undefined {
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  return mounted.status === 0 ? () => void execFileSync('umount', ['-l', folder]) : undefined;
}

let room: IRoom;
let unmount: (() => void) | undefined;

beforeAll(async () => {
  room = await openRoom({ beforeBridge: folder => (unmount = smallDisk(folder)) });
});
afterAll(async () => {
  await room?.close(() => unmount?.());
});

function fill(): string {
  const file = join(room.folder, 'bridge', 'ballast');
  const { bavail, bsize } = statfsSync(join(room.folder, 'bridge'));
  writeFileSync(file, Buffer.alloc(Math.max(0, (bavail - 1) * bsize), 1));
  // The last blocks, too.
  spawnSync('sh', ['-c', 'dd if=/dev/zero bs=1k count=64 >> "$0" 2>/dev/null', file]);
  return file;
}

test('a full disk: a run is refused or fails with the reason, one that goes on does so, and there is room again later', async () => {
  if (!unmount) {
    console.warn('SKIPPED: this user may not mount a small disk, so a full one is not tried.');
    return;
  }
  const path = writePipeline(
    join(room.folder, 'work'),
    pipelineText([
      { id: 'a', command: 'sleep 3; echo a > a.txt', outputs: ['a.txt'] },
      { id: 'b', command: 'cp a.txt b.txt', after: ['a'], outputs: ['b.txt'] }
    ])
  );
  const first = await room.start(path);
  await until(room, first.id, run => nodeOf(run, 'a').state === 'running');
  const ballast = fill();
  let refused: { status: number; text: string };
  try {
    const second = await room.start(path);
    const ended = await until(room, second.id);
    refused = { status: ended.problem?.status ?? 0, text: `${ended.state} ${ended.problem?.detail}` };
  } catch (error) {
    const { problem } = error as { problem: { status: number; detail: string } };
    refused = { status: problem.status, text: problem.detail };
  }
  expect(refused.status).toBe(507);
  const run = await until(room, first.id);
  expect(states(run)).toEqual({ a: 'done', b: 'done' });
  rmSync(ballast);
  const third = await until(room, (await room.start(path)).id);
  expect(third.state).toBe('done');
  expect(await artifact(room, third, 'b', 'b.txt')).toBe('a\n');
});
