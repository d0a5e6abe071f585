import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../../src/contract';
import { cleanUp, start, temporaryFolder, until, type IBridge } from './harness';

afterEach(cleanUp);

const localCluster = { enabled: true, runtime: 'process', cpus: 2, memory: 1024 ** 3 };

async function local(bridge: IBridge): Promise<Cluster | undefined> {
  const { items } = (await bridge.call('/v1/clusters')).json<{ items: Cluster[] }>();
  return items.find(item => item.id === 'local');
}

async function ready(bridge: IBridge): Promise<Cluster> {
  return until('the local cluster', async () => {
    const found = await local(bridge);
    return found?.state === 'ready' && found;
  });
}

async function buckets(bridge: IBridge): Promise<string[]> {
  const answer = await bridge.call('/v1/clusters/local/buckets');
  return answer.status === 200 ? answer.json<{ items: { name: string }[] }>().items.map(item => item.name) : [];
}

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'the cluster of a bridge that ended with %s is taken over by the other',
  async signal => {
    const data = join(temporaryFolder(), 'data');
    const first = await start({ handshake: { data, localCluster } });
    const { endpoint } = await ready(first);
    const second = await start({ handshake: { data, localCluster } });
    expect((await ready(second)).endpoint).toBe(endpoint);
    const made = await first.call('/v1/clusters/local/buckets', { json: { name: 'kept-bucket' } });
    expect(made.status).toBe(201);
    expect(await buckets(second)).toContain('kept-bucket');
    await first.kill(signal);
    await until('the second bridge to have the data', async () => (await buckets(second)).includes('kept-bucket'));
    expect(second.log()).toContain('it is started here');
    expect(await second.stop()).toBe(0);
  },
  40_000
);

test('a local cluster that could not start is started when the reason is gone', async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  // A file where the folder should be fails for root too, unlike missing rights.
  writeFileSync(join(data, 'local-cluster'), '');
  const bridge = await start({ folder, handshake: { data, localCluster } });
  const failed = await until('the failure', async () => {
    const found = await local(bridge);
    return found?.state === 'failed' && found;
  });
  expect(failed.problem?.detail).toContain('local-cluster');
  rmSync(join(data, 'local-cluster'));
  await ready(bridge);
  expect(await bridge.stop()).toBe(0);
});
