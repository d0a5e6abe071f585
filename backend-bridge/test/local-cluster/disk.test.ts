import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { mountSmallDisk, type ISmallDisk } from '../small-disk';
import { eventually, start, temporaryFolder, testOptions, type TestClient } from './cluster';

jest.setTimeout(60_000);

interface IJob {
  status: string;
  reason?: string;
  outputs?: { bucket: string; key: string; size: number }[];
}

let flags: string;
let disk: ISmallDisk | undefined;
let cluster: ILocalCluster;
let client: TestClient;

/** Makes its output, says so, and waits until it may go on; then it prints as much as it is told to. */
const SCRIPT = (folder: string): string => `#!/bin/sh
read name _ < "$INPUT_FILE_PATH"
head -c 300000 /dev/zero > "$TMP_OUTPUT_DIR/$name.bin"
touch "${folder}/$name.ready"
while [ ! -e "${folder}/$name.go" ]; do sleep 0.05; done
i=0; while [ $i -lt 2000 ]; do echo "line $i of $name: a hundred bytes of text, so that the log does not fit on what is left of the disk"; i=$((i+1)); done
`;

const service = (name: string): object => ({
  name,
  cpu: '0.2',
  memory: '64Mi',
  image: 'none',
  log_level: 'CRITICAL',
  script: SCRIPT(flags),
  input: [{ storage_provider: 'minio', path: `${name}/in` }],
  output: [{ storage_provider: 'minio', path: `${name}/out` }]
});

beforeEach(async () => {
  const folder = temporaryFolder();
  flags = temporaryFolder();
  disk = mountSmallDisk(join(folder, 'small'), '6m');
  if (disk) {
    ({ cluster, client } = await start(testOptions(join(disk.folder, 'c'))));
    expect((await client.call('POST', '/system/services', service('big'))).status).toBe(201);
  }
});

afterEach(async () => {
  if (disk) {
    disk.free();
    await cluster.close();
    disk.unmount();
  }
});

const send = async (name: string, more = ''): Promise<{ status: number; text: string }> =>
  client.call('POST', '/job/big', `${name} ${more}\n`, { Authorization: `Bearer ${await client.token('big')}` });
const jobs = async (): Promise<Record<string, IJob>> =>
  (await client.call('GET', '/system/logs/big')).json<{ jobs: Record<string, IJob> }>().jobs ?? {};
const ended = (count: number): Promise<IJob[]> =>
  eventually(async () => {
    const all = Object.values(await jobs());
    return all.length === count && all.every(job => ['Succeeded', 'Failed'].includes(job.status)) && all;
  }, `${count} jobs end`);
const go = (name: string): void => writeFileSync(join(flags, `${name}.go`), '');
const ready = (name: string): Promise<boolean> => eventually(() => existsSync(join(flags, `${name}.ready`)), 'it runs');

test('a disk that fills up under a job: the job ends with the reason, nothing that was stored is lost, and it goes on', async () => {
  if (!disk) {
    return;
  }
  go('first');
  expect((await send('first')).status).toBe(201);
  expect((await ended(1))[0].status).toBe('Succeeded');

  expect((await send('second')).status).toBe(201);
  await ready('second');
  disk.fill();
  go('second');
  const second = (await ended(2)).find(job => job.outputs?.[0]?.key !== 'out/first.bin');
  // Its output lies on the disk already, so it may fit; when not, the reason says why.
  if (second?.status === 'Failed') {
    expect(second.reason).toContain('The disk is full');
  } else {
    expect(second?.outputs).toEqual([{ bucket: 'big', key: 'out/second.bin', size: 300_000 }]);
  }

  // What was accepted is kept; what is not is refused with words, and nothing is half there.
  go('third');
  let accepted = 2;
  let answer = await send('third', 'x'.repeat(20_000));
  while (answer.status === 201 && accepted < 400) {
    accepted++;
    answer = await send('third', 'x'.repeat(20_000));
  }
  expect([answer.status, answer.text]).toEqual([507, expect.stringContaining('The disk is full')]);
  const large = { ...service('other'), environment: { variables: { LARGE: 'x'.repeat(500_000) } } };
  const create = await client.call('POST', '/system/services', large);
  expect([create.status, create.text]).toEqual([507, expect.stringContaining('The disk is full')]);
  expect((await client.call('GET', '/system/services/other')).status).toBe(404);
  const refused = (await ended(accepted)).filter(job => job.status === 'Failed');
  expect(refused.every(job => /disk is full|exit code/.test(job.reason ?? ''))).toBe(true);

  disk.free();
  go('fourth');
  expect((await send('fourth')).status).toBe(201);
  const all = await ended(accepted + 1);
  expect(all.filter(job => job.outputs?.some(output => output.key === 'out/fourth.bin'))).toHaveLength(1);
  expect((await client.call('POST', '/system/services', large)).status).toBe(201);

  // What was only in memory has been written: a cluster that starts anew knows it.
  const before = await jobs();
  await cluster.close();
  ({ cluster, client } = await start(testOptions(join(disk.folder, 'c'))));
  expect(await jobs()).toEqual(before);
});

test('a log that finds no room says what is missing, and the job that wrote it goes on', async () => {
  if (!disk) {
    return;
  }
  expect((await send('talker')).status).toBe(201);
  await ready('talker');
  disk.fill();
  go('talker');
  await delay(300);
  disk.free();
  await ended(1);
  const [name] = Object.keys(await jobs());
  const log = (await client.call('GET', `/system/logs/big/${name}`)).text;
  expect(log).toMatch(/of output are missing: the disk was full/);
});
