import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClusters, type IClusters } from '../../src/clusters';
import { startLocalCluster } from '../../src/local-cluster';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { mountSmallDisk, type ISmallDisk } from '../small-disk';
import { finished } from './support';

jest.setTimeout(60_000);

let folder: string;
let disk: ISmallDisk | undefined;
let local: ILocalCluster;
let clusters: IClusters;

/** The bridge's own folder is the small disk; the cluster has all the room that it wants. */
const open = (): void => {
  clusters = createClusters({ data: join(folder, 'bridge'), onEvent: () => undefined });
  clusters.registry.register({ id: 'local', endpoint: local.endpoint, user: local.user, password: local.password });
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'oscar-full-'));
  disk = mountSmallDisk(join(folder, 'bridge'), '1m');
  local = await startLocalCluster({
    data: join(folder, 'local'),
    runtime: 'process',
    cpus: 4,
    memory: 2 ** 31,
    environments: join(folder, 'environments')
  });
  open();
  await clusters.registry.get('local').client.createService({
    name: 'echo',
    cpu: '0.1',
    memory: '64Mi',
    image: 'none',
    log_level: 'CRITICAL',
    script: `#!/bin/sh\nwhile [ ! -e ${folder}/go ]; do sleep 0.05; done\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n`,
    input: [{ storage_provider: 'minio', path: 'echo/in' }],
    output: [{ storage_provider: 'minio', path: 'echo/out' }]
  });
});

afterAll(async () => {
  disk?.free();
  await clusters.close();
  await local.close();
  disk?.unmount();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const bytes = (name: string, size: number): { file: string; name: string; data: Buffer } => ({
  file: name,
  name,
  data: Buffer.alloc(size, 'x')
});

test('a full disk of the bridge: refused with words, what runs is followed to its end, and it goes on', async () => {
  if (!disk) {
    return;
  }
  const { registry } = clusters;
  const cluster = registry.get('local');
  await registry.add({ id: 'kept', endpoint: 'https://kept.example.org', token: 'token-kept' });
  const before = await clusters.submit(cluster, 'echo', [bytes('a.txt', 10), bytes('b.txt', 10)]);
  disk.fill();

  const full = { problem: { status: 507, type: expect.stringMatching(/not-writable$/) } };
  await expect(registry.add({ id: 'new', endpoint: 'https://new.example.org', token: 't-new' })).rejects.toMatchObject(
    full
  );
  expect(registry.list().map(({ id }) => id)).toEqual(['local', 'kept']);
  const spools = readdirSync(join(folder, 'bridge', 'spool'));
  await expect(clusters.submit(cluster, 'echo', [bytes('big.bin', 200_000)])).rejects.toMatchObject({
    code: 'ENOSPC'
  });
  expect(readdirSync(join(folder, 'bridge', 'spool'))).toEqual(spools);

  // What runs is followed, although it cannot be written down.
  writeFileSync(join(folder, 'go'), '');
  const ended = await finished(clusters, before);
  expect(ended.items.map(({ state, outputs }) => [state, outputs.length])).toEqual([
    ['succeeded', 1],
    ['succeeded', 1]
  ]);

  disk.free();
  await registry.add({ id: 'new', endpoint: 'https://new.example.org', token: 't-new' });
  const after = await clusters.submit(cluster, 'echo', [bytes('c.txt', 10)]);
  expect((await finished(clusters, after)).items[0].state).toBe('succeeded');

  await clusters.close();
  open();
  expect(clusters.registry.list().map(({ id }) => id)).toEqual(['local', 'kept', 'new']);
  for (const { id } of [before, after]) {
    const known = await clusters.submission(id);
    expect([known.done, known.items.every(item => item.state === 'succeeded')]).toEqual([true, true]);
  }
  expect(existsSync(join(folder, 'bridge', 'clusters.json'))).toBe(true);
});
