import { some } from '../sample';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClusters, type ICluster, type IClusters } from '../../src/clusters';
import { SERVICE, start, testOptions } from '../local-cluster/cluster';
import { TestIssuer } from '../local-cluster/issuer';
import type { IResolvedSource } from '../../src/clusters/facade';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';

const ALICE = { sub: 'alice@egi.eu', name: 'Alice', groups: ['vo.test'] };
const BOB = { sub: 'bob@egi.eu', name: 'Bob', groups: ['vo.test'] };

/** Isolation USER: a plain cluster deletes the users' buckets as soon as a change leaves no input. */
describe.each(some([false, true]))('deleting a service with a bucket for each user (strict: %s)', strict => {
  const folder = mkdtempSync(join(tmpdir(), 'oscar-isolation-'));
  let issuer: TestIssuer;
  let local: ILocalCluster;
  let clusters: IClusters;
  let alice: ICluster;
  let bob: ICluster;

  beforeAll(async () => {
    issuer = await TestIssuer.start([ALICE, BOB]);
    ({ cluster: local } = await start(
      testOptions(join(folder, 'local'), { strict, oidcIssuers: [issuer.url], oidcGroups: ['vo.test'] })
    ));
    clusters = createClusters({ data: join(folder, 'bridge'), onEvent: () => undefined, log: () => undefined });
    const as = (id: string, sub: string): Promise<ICluster> =>
      clusters.registry.add({ id, endpoint: local.endpoint, token: issuer.token(sub) });
    alice = await as('alice', ALICE.sub);
    bob = await as('bob', BOB.sub);
  });

  afterAll(async () => {
    await clusters?.close();
    await local?.close();
    await issuer?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const deploy = async (name: string): Promise<string> => {
    await alice.client.createService({
      ...SERVICE,
      name,
      isolation_level: 'USER',
      visibility: 'restricted',
      allowed_users: [BOB.sub],
      input: [{ storage_provider: 'minio', path: `${name}/in` }],
      output: [{ storage_provider: 'minio', path: `${name}/out` }]
    });
    const [bucket] = (await alice.client.service(name))?.bucket_list ?? [];
    expect(bucket).toBe(`${name}-bob`);
    await (await bob.storage()).put(bucket, 'kept/result.txt', Buffer.from('a week of work'));
    return bucket;
  };
  const left = async (): Promise<string[]> => (await bob.client.buckets()).map(each => each.bucket_name);

  it('keeps them when the data is to stay', async () => {
    const bucket = await deploy('keeps');
    expect((await clusters.deletionPreview(alice, 'keeps')).buckets.map(each => each.name)).toEqual(['keeps', bucket]);
    const result = await clusters.deleteService(alice, 'keeps', 'keep');
    expect(result).toMatchObject({ kept: ['keeps', bucket], deleted: [] });
    expect(await alice.client.service('keeps')).toBeUndefined();
    expect(await left()).toContain(bucket);
  });

  it('warns before an apply that takes a user off, and knows whose service it is', async () => {
    const bucket = await deploy('shared');
    writeFileSync(join(folder, 'script.sh'), '#!/bin/sh\necho\n');
    const text = (users: string): string =>
      `functions:\n  oscar:\n  - default-cluster:\n      name: shared\n      image: ${SERVICE.image}\n      script: script.sh\n` +
      `      isolation_level: USER\n      visibility: restricted\n      allowed_users: [${users}]\n` +
      '      input: [{storage_provider: minio, path: shared/in}]\n      output: [{storage_provider: minio, path: shared/out}]\n';
    const source = (users: string): IResolvedSource => ({ text: text(users), name: 'fdl.yaml', base: folder });
    const codes = async (cluster: ICluster, users: string): Promise<string[]> =>
      (await clusters.plan(cluster, source(users))).problems.map(problem => problem.code);
    expect(await codes(alice, BOB.sub)).toEqual([]);
    expect(await codes(alice, 'carol@egi.eu')).toEqual(['user-bucket-deleted']);
    expect(await codes(bob, BOB.sub)).toContain('name-taken');
    expect(await left()).toContain(bucket);
    // What it warns of does happen.
    await clusters.apply(alice, source('carol@egi.eu'));
    expect(await left()).not.toContain(bucket);
    await clusters.deleteService(alice, 'shared', 'delete');
  });

  it('deletes them with the data', async () => {
    const bucket = await deploy('drops');
    const result = await clusters.deleteService(alice, 'drops', 'delete');
    expect(result).toMatchObject({ kept: [], deleted: ['drops', bucket] });
    expect(await left()).not.toContain(bucket);
  });
});
