import { some } from '../sample';
import { S3Client, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { eventually, SERVICE, start, temporaryFolder, testOptions, type TestClient } from './cluster';
import { TestIssuer } from './issuer';

const ALICE = { sub: 'alice@egi.eu', name: 'Alice Liddell', groups: ['vo.test'] };
const BOB = { sub: 'bob@egi.eu', name: 'Bob', groups: ['vo.test'] };
const MALLORY = { sub: 'mallory', name: 'Mallory', groups: ['other'] };

/** Both modes: these holes of the original are open in none. */
describe.each(some([false, true]))('users of an issuer (strict: %s)', strict => {
  let issuer: TestIssuer;
  let cluster: ILocalCluster;
  let client: TestClient;
  const as = (user: { sub: string }): Record<string, string> => ({ Authorization: `Bearer ${issuer.token(user.sub)}` });

  beforeAll(async () => {
    issuer = await TestIssuer.start([ALICE, BOB, MALLORY]);
    ({ cluster, client } = await start(
      testOptions(temporaryFolder(), { strict, oidcIssuers: [issuer.url], oidcGroups: ['vo.test'] })
    ));
    const created = await client.call(
      'POST',
      '/system/services',
      {
        ...SERVICE,
        name: 'private',
        script: 'echo "${SECRET}"',
        input: [{ storage_provider: 'minio', path: 'private/in' }],
        environment: { secrets: { SECRET: 's' } }
      },
      as(ALICE)
    );
    expect([created.status, created.text]).toEqual([201, '']);
    await client.call('POST', '/system/services', { ...SERVICE, name: 'open', visibility: 'public' }, as(ALICE));
    await client.call('GET', '/system/info', undefined, as(BOB));
  });
  afterAll(async () => {
    await cluster?.close();
    await issuer?.close();
  });

  it('lets nobody in whose token is not good', async () => {
    const tokens: [string, number][] = [
      [issuer.token(ALICE.sub, { expires: -60 }), 401],
      [issuer.forged(ALICE.sub), 401],
      [issuer.token(ALICE.sub, { issuer: 'https://other.example' }), 401],
      [issuer.token(ALICE.sub, { algorithm: 'none' }), 401],
      [issuer.token(ALICE.sub, { algorithm: 'HS256' }), 401],
      [issuer.token('nobody'), 401],
      [issuer.token(MALLORY.sub), 401],
      ['a.b.c', 400],
      ['x'.repeat(64), 400]
    ];
    for (const [token, status] of tokens) {
      for (const [method, path] of [
        ['GET', '/system/info'],
        ['GET', '/system/services/private'],
        ['POST', '/system/federation/private'],
        ['DELETE', '/system/services/private']
      ]) {
        const answer = await client.call(method, path, method === 'POST' ? '{}' : undefined, {
          Authorization: `Bearer ${token}`
        });
        expect([path, answer.status]).toEqual([path, status]);
        expect(answer.text).not.toMatch(/version|topology|private/);
      }
    }
    expect((await client.call('GET', '/system/services/private', undefined, as(ALICE))).status).toBe(200);
  });

  it('keeps a stranger out of what is private', async () => {
    const bob = as(BOB);
    const status = async (method: string, path: string, body?: object): Promise<number> =>
      (await client.call(method, path, body, bob)).status;
    expect(await status('GET', '/system/services/private')).toBe(403);
    expect(await status('GET', '/system/buckets/private')).toBe(403);
    expect(await status('POST', '/system/buckets/private/presign', { object_key: 'in/x', operation: 'upload' })).toBe(
      403
    );
    expect(await status('PUT', '/system/buckets', { bucket_name: 'private', visibility: 'public' })).toBe(403);
    expect(await status('DELETE', '/system/buckets/private')).toBe(403);
    expect(await status('GET', '/system/federation/private')).toBe(403);
    expect(await status('PUT', '/system/services', { ...SERVICE, name: 'private' })).toBe(403);
    expect(await status('DELETE', '/system/services/private')).toBe(404);
    expect(await status('POST', '/system/data/clear', { parts: ['jobs'] })).toBe(strict ? 404 : 403);
    expect(await status('PUT', '/system/config', {})).toBe(401);
    expect((await client.call('GET', '/system/services', undefined, bob)).text).not.toContain('"private"');
    expect(
      (await client.call('GET', '/system/services/private', undefined, as(ALICE))).json<{ owner: string }>().owner
    ).toBe(ALICE.sub);
  });

  it("keeps a stranger off other people's jobs of a public service", async () => {
    const run = async (user: { sub: string }): Promise<string> => {
      const before = Object.keys((await client.call('GET', '/system/logs/open')).json<{ jobs: object }>().jobs);
      expect((await client.call('POST', '/job/open', '{}', as(user))).status).toBe(201);
      return eventually(
        async () =>
          Object.keys((await client.call('GET', '/system/logs/open')).json<{ jobs: object }>().jobs).find(
            name => !before.includes(name)
          ),
        'the job'
      );
    };
    const alice = await run(ALICE);
    const bob = await run(BOB);
    const listed = async (user: { sub: string }): Promise<string[]> =>
      Object.keys(
        (await client.call('GET', '/system/logs/open', undefined, as(user))).json<{ jobs: object }>().jobs
      ).sort();
    expect(await listed(BOB)).toEqual([bob]);
    expect((await client.call('GET', `/system/logs/open/${alice}`, undefined, as(BOB))).text).toBe(
      strict ? '' : 'You do not have permission to access this service'
    );
    expect((await client.call('DELETE', `/system/logs/open/${alice}`, undefined, as(BOB))).status).toBe(403);
    expect((await client.call('DELETE', '/system/logs/open?all=true', undefined, as(BOB))).status).toBe(204);
    expect(Object.keys((await client.call('GET', '/system/logs/open')).json<{ jobs: object }>().jobs)).toEqual([alice]);
    expect((await client.call('DELETE', '/system/logs/open?all=true', undefined, as(ALICE))).status).toBe(204);
    expect(Object.keys((await client.call('GET', '/system/logs/open')).json<{ jobs: object }>().jobs)).toEqual([]);
  });

  it("does not hand the caller's token to the service", async () => {
    const script = 'env; cat "$INPUT_FILE_PATH"';
    await client.call(
      'POST',
      '/system/services',
      { ...SERVICE, name: 'nosy', visibility: 'public', script, log_level: 'CRITICAL' },
      as(ALICE)
    );
    const bearer = as(BOB);
    const answer = await client.call('POST', '/run/nosy', '{"a":1}', bearer);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('OSCAR_SERVICE_NAME=nosy');
    expect(answer.text).not.toContain(bearer.Authorization.slice(7, 60));
  });

  it('gives each user S3 keys for its own buckets, and its uploads are its jobs', async () => {
    const keysOf = async (user: { sub: string }): Promise<S3Client> => {
      const { minio_provider: keys } = (await client.call('GET', '/system/config', undefined, as(user))).json<{
        minio_provider: Record<string, string>;
      }>();
      expect(keys.access_key).toBe(user.sub);
      return new S3Client({
        endpoint: keys.endpoint,
        region: keys.region,
        forcePathStyle: true,
        credentials: { accessKeyId: keys.access_key, secretAccessKey: keys.secret_key }
      });
    };
    const alice = await keysOf(ALICE);
    const bob = await keysOf(BOB);
    await alice.send(new PutObjectCommand({ Bucket: 'private', Key: 'in/a.txt', Body: 'x' }));
    await expect(
      bob.send(new PutObjectCommand({ Bucket: 'private', Key: 'in/b.txt', Body: 'x' }))
    ).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(bob.send(new GetObjectCommand({ Bucket: 'private', Key: 'in/a.txt' }))).rejects.toMatchObject({
      name: 'AccessDenied'
    });
    const jobs = await eventually(async () => {
      const seen = Object.keys(
        (await client.call('GET', '/system/logs/private', undefined, as(ALICE))).json<{ jobs: object }>().jobs
      );
      return seen.length > 0 && seen;
    }, 'her job');
    expect(jobs).toHaveLength(1);
  });

  it('gives each user of isolation USER a bucket that still starts jobs after an update', async () => {
    const definition = {
      ...SERVICE,
      name: 'isolated',
      isolation_level: 'USER',
      visibility: 'restricted',
      allowed_users: [BOB.sub],
      input: [{ storage_provider: 'minio', path: 'isolated/in' }]
    };
    expect((await client.call('POST', '/system/services', definition, as(ALICE))).status).toBe(201);
    expect((await client.call('PUT', '/system/services', { ...definition, memory: '32Mi' }, as(ALICE))).status).toBe(
      204
    );
    const { minio_provider: keys } = (await client.call('GET', '/system/config', undefined, as(BOB))).json<{
      minio_provider: Record<string, string>;
    }>();
    const s3 = new S3Client({
      endpoint: keys.endpoint,
      region: keys.region,
      forcePathStyle: true,
      credentials: { accessKeyId: keys.access_key, secretAccessKey: keys.secret_key }
    });
    await s3.send(new PutObjectCommand({ Bucket: 'isolated-bob', Key: 'in/mine.txt', Body: 'x' }));
    await eventually(
      async () =>
        Object.keys(
          (await client.call('GET', '/system/logs/isolated', undefined, as(BOB))).json<{ jobs: object }>().jobs
        ).length === 1,
      'his job'
    );
  });

  it('makes and removes the buckets of isolation USER as users are named', async () => {
    const names = async (user: { sub: string }): Promise<string[]> =>
      (await client.call('GET', '/system/buckets', undefined, as(user)))
        .json<{ bucket_name: string; visibility: string }[]>()
        .filter(bucket => bucket.bucket_name.startsWith('changing'))
        .map(bucket => `${bucket.bucket_name} ${bucket.visibility}`);
    const read = async (): Promise<{ allowed_users: string[]; bucket_list: string[] }> =>
      (await client.call('GET', '/system/services/changing', undefined, as(ALICE))).json();
    const definition = {
      ...SERVICE,
      name: 'changing',
      isolation_level: 'SERVICE',
      visibility: 'private',
      allowed_users: [] as string[],
      input: [{ storage_provider: 'minio', path: 'changing/in' }],
      output: [{ storage_provider: 'minio', path: 'changing-out/out' }]
    };
    const put = async (change: Partial<typeof definition> & { bucket_list?: string[] }): Promise<void> => {
      const answer = await client.call('PUT', '/system/services', { ...definition, ...change }, as(ALICE));
      expect([answer.status, answer.text]).toEqual([204, '']);
    };
    const user = { isolation_level: 'USER' };
    expect((await client.call('POST', '/system/services', definition, as(ALICE))).status).toBe(201);
    expect(await names(ALICE)).toEqual(['changing private', 'changing-out private']);

    await put({ ...user, allowed_users: [ALICE.sub] });
    expect(await names(ALICE)).toEqual(['changing private', 'changing-alice private', 'changing-out private']);
    expect(await names(BOB)).toEqual([]);
    expect(await read()).toMatchObject({ allowed_users: [ALICE.sub], bucket_list: ['changing-alice'] });

    await put({ ...user, allowed_users: [BOB.sub] });
    expect(await names(ALICE)).toEqual(['changing private', 'changing-out private']);
    expect(await names(BOB)).toEqual(['changing-bob private']);
    expect(await read()).toMatchObject({ allowed_users: [BOB.sub, ALICE.sub], bucket_list: ['changing-bob'] });

    // Who sends the list back keeps what is in it; other people's buckets cannot be put into it.
    await put({ isolation_level: 'SERVICE', bucket_list: ['changing-bob', 'private'] });
    expect(await names(BOB)).toEqual(['changing-bob private']);
    expect((await read()).bucket_list).toEqual(['changing-bob']);

    await put({ ...user, allowed_users: [ALICE.sub, BOB.sub], bucket_list: ['changing-bob'] });
    await put({});
    expect([await names(ALICE), await names(BOB)]).toEqual([['changing private', 'changing-out private'], []]);
    expect((await read()).bucket_list).toEqual([]);

    await put({ ...user });
    expect(await read()).toMatchObject({ allowed_users: [], bucket_list: [] });
    await client.call('DELETE', '/system/services/changing', undefined, as(ALICE));
    expect(await names(ALICE)).toEqual([]);
  });

  it("does not delete other people's buckets with a service that names them", async () => {
    const definition = {
      ...SERVICE,
      name: 'greedy',
      input: [{ storage_provider: 'minio', path: 'greedy/in' }],
      bucket_list: ['private']
    };
    expect((await client.call('POST', '/system/services', definition, as(BOB))).status).toBe(201);
    await client.call('POST', '/system/buckets', { bucket_name: 'greedy-alice' }, as(ALICE));
    const taken = await client.call(
      'PUT',
      '/system/services',
      { ...definition, isolation_level: 'USER', allowed_users: [ALICE.sub] },
      as(BOB)
    );
    expect([taken.status, taken.text]).toEqual([500, 'the bucket "greedy-alice" already exists\n']);
    expect((await client.call('DELETE', '/system/services/greedy', undefined, as(BOB))).status).toBe(204);
    for (const bucket of ['private', 'greedy-alice']) {
      expect((await client.call('GET', `/system/buckets/${bucket}`, undefined, as(ALICE))).status).toBe(200);
    }
  });

  it('shares what is restricted with those who are named', async () => {
    await client.call(
      'POST',
      '/system/buckets',
      { bucket_name: 'shared', visibility: 'restricted', allowed_users: [BOB.sub] },
      as(ALICE)
    );
    expect((await client.call('GET', '/system/buckets/shared', undefined, as(BOB))).status).toBe(200);
    expect(
      (await client.call('PUT', '/system/buckets', { bucket_name: 'shared', visibility: 'public' }, as(BOB))).status
    ).toBe(403);
    await client.call('PUT', '/system/buckets', { bucket_name: 'shared', visibility: 'private' }, as(ALICE));
    expect((await client.call('GET', '/system/buckets/shared', undefined, as(BOB))).status).toBe(403);
  });
});
