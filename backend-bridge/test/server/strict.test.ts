import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster, Job, Operation, Service } from '../../src/contract';
import { cleanUp, openEvents, start, until } from './harness';

jest.setTimeout(90_000);
afterEach(cleanUp);

const FDL = `functions:
  oscar:
    - local:
        name: plain
        image: none
        cpu: '0.1'
        memory: 64Mi
        script: script.sh
        input:
          - storage_provider: minio.default
            path: plain/in
        output:
          - storage_provider: minio.default
            path: plain/out
`;

test('a cluster that tells nothing by itself is asked, and what changes elsewhere is seen', async () => {
  const bridge = await start({
    handshake: { localCluster: { enabled: true, strict: true, runtime: 'process', cpus: 2, memory: 1024 ** 3 } }
  });
  writeFileSync(join(bridge.folder, 'script.sh'), 'cat "$INPUT_FILE_PATH"\n');
  const cluster = await until('the cluster', async () => {
    const found = (await bridge.call('/v1/clusters/local')).json<Cluster>();
    return found.state === 'ready' && found;
  });
  expect(cluster.features).toEqual([]);
  const source = { text: FDL, base: { path: bridge.folder } };
  const begun = (await bridge.call('/v1/fdl/apply', { json: { source } })).json<Operation>();
  await until(
    'the apply to end',
    async () =>
      (await bridge.call(`/v1/operations/${begun.id}?since=${begun.revision}&wait=20`)).json<Operation>().state ===
      'done',
    60_000
  );

  const events = await openEvents(bridge.socket);
  const jobs = '/v1/clusters/local/buckets/plain/objects/in/';
  // By the object store, so that nothing in the bridge knows of a job: only a look at the cluster can find it.
  expect((await bridge.call(`${jobs}a.txt`, { method: 'PUT', body: 'a' })).status).toBe(201);
  const seen = await until(
    'a job event',
    () => events.events.find(event => event.type === 'job' && (event.data['job'] as Job | null)?.state === 'succeeded'),
    30_000
  );
  expect(seen.data).toMatchObject({ cluster: 'local', job: { service: 'plain' } });

  expect((await bridge.call('/v1/clusters/local/services/plain?data=delete', { method: 'DELETE' })).status).toBe(200);
  await until(
    'the service to be gone',
    () => events.events.some(event => event.type === 'service' && (event.data['service'] as Service | null) === null),
    30_000
  );
  // Nothing is said twice.
  const told = events.events.filter(event => event.type === 'job').map(event => JSON.stringify(event.data));
  expect(told).toEqual([...new Set(told)]);
});
