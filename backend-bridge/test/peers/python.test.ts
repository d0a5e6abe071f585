import { start, temporaryFolder, testOptions } from '../local-cluster/cluster';
import { TestIssuer } from '../local-cluster/issuer';
import { runPython } from './python';

describe.each([false, true])('clients of others, unmodified (strict: %s)', strict => {
  it('oscar-python goes through a whole life cycle', async () => {
    const { cluster } = await start(testOptions(temporaryFolder(), { strict }));
    try {
      const seen = await runPython('oscar_life.py', cluster);
      expect(seen).toMatchObject({
        health: 'Ok',
        info: 'v4.1.2',
        config: ['allowed_image_repositories', 'config', 'minio_provider'],
        status: 1,
        services_at_first: [],
        created: 201,
        token: 64,
        labels: 'py-upper',
        output: 'HELLO FROM PYTHON',
        jobs: ['Succeeded'],
        log: expect.stringContaining('converted'),
        run: 'SOME TEXT',
        deployment: 'py-upper',
        deployment_logs: 'py-upper',
        updated: 204,
        memory: '128Mi',
        volume: 'py-volume',
        volumes: ['py-volume'],
        volume_gone: 204,
        bucket: 201,
        link: 'PUT',
        bucket_name: 'py-bucket',
        bucket_gone: 204,
        metrics: 'py-upper',
        summary: 1,
        breakdown: ['py-upper'],
        federation: { topology: 'none', members: null },
        job_removed: 204,
        jobs_removed: 204,
        removed: 204,
        services_at_last: []
      });
    } finally {
      await cluster.close();
    }
  });

  it('oscar-python works for two users who share a service', async () => {
    const subjects = { alice: 'a11ce000-0000-4000-8000-000000000001', bob: 'b0b00000-0000-4000-8000-000000000002' };
    const issuer = await TestIssuer.start([
      { sub: subjects.alice, name: 'Alice', groups: ['vo.test'] },
      { sub: subjects.bob, name: 'Bob', groups: ['vo.test'] }
    ]);
    const { cluster } = await start(
      testOptions(temporaryFolder(), { strict, oidcIssuers: [issuer.url], oidcGroups: ['vo.test'] })
    );
    try {
      const tokens = { alice: issuer.token(subjects.alice), bob: issuer.token(subjects.bob) };
      expect(await runPython('oscar_users.py', cluster, { subjects, tokens })).toEqual({
        bob_first: [],
        created: 201,
        bucket_list: ['shared-a11ce000-0', 'shared-b0b00000-0'],
        buckets: { alice: ['shared', 'shared-a11ce000-0'], bob: ['shared', 'shared-b0b00000-0'] },
        output: 'OF BOB',
        alice_output: ['in/', 'out/'],
        run: 200,
        bob_update: 403,
        bob_remove: 404,
        without_bob: 204,
        bob_service: 403,
        bob_left: [],
        bucket: 201,
        public: 204,
        bob_sees: ['open-bucket'],
        put: 200,
        got: 'through a link',
        bucket_gone: 204,
        quota: true,
        foreign_quota: 403,
        system_log: 403,
        foreign_metrics: 403,
        removed: 204,
        at_last: []
      });
    } finally {
      await cluster.close();
      await issuer.close();
    }
  });

  it('boto3 chains services by a notification of its own', async () => {
    const { cluster } = await start(testOptions(temporaryFolder(), { strict }));
    try {
      expect(await runPython('boto_life.py', cluster)).toEqual({
        buckets: ['first', 'second'],
        tags: { owner: '', from_service: 'first', owner_name: 'oscar' },
        arn: 'arn:minio:sqs::first:webhook',
        unknown_arn: expect.any(String),
        chained: 'start\nfirst\nsecond\n',
        kept: ['arn:minio:sqs::first:webhook', 'arn:minio:sqs::second:webhook'],
        after_delete: ['first'],
        at_last: []
      });
    } finally {
      await cluster.close();
    }
  });
});
