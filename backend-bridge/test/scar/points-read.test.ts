/** The defects of SCAR that are not repeated here, one test each (numbers as in the list of the reference). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sdk } from '../../src/scar/sdk';
import { errors, useAccount } from './account';
import { ACCOUNT, describeAws, fdl, REGION, ROLE, Room } from './support';

describeAws('what SCAR does wrong when it reads a file', () => {
  const aws = useAccount();

  it('1: execution mode, profile, supervisor and threshold are read where the flags write them', async () => {
    const plan = await aws.room.plan(
      fdl('grey')
        .replace('  - lambda:\n', '  - execution_mode: lambda-batch\n    lambda:\n')
        .replace('create_image: false', 'create_image: false\n        timeout_threshold: 20')
    );
    expect(plan.steps.map(step => step.kind)).toContain('compute environment');
    await aws.room.apply(
      fdl('grey').replace(
        'create_image: false',
        'create_image: false\n        timeout_threshold: 20\n      supervisor:\n        version: 1.5.7'
      )
    );
    const view = await aws.room.scar.function('grey');
    expect(view.supervisor).toBe('1.5.7');
    expect(view.fdl).toContain('timeout_threshold: 20');
  });

  it('2: a value may hold equals signs', async () => {
    await aws.room.apply(fdl('grey', '      environment:\n        Variables:\n          FORMULA: a=b=c'));
    expect((await aws.room.scar.function('grey')).environment).toMatchObject({ FORMULA: 'a=b=c' });
  });

  it('3: lists replace those of the configuration, which is read as SCAR wrote it', async () => {
    const folder = join(process.env['HOME'] ?? '', '.scar');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'scar.cfg'),
      JSON.stringify({
        scar: { config_version: '1.1.0' },
        aws: {
          iam: { boto_profile: 'default', role: `arn:aws:iam::${ACCOUNT}:role/scar-role` },
          lambda: { runtime: 'python3.7', memory: 768, region: 'us-east-1' },
          batch: { compute_resources: { instance_types: ['m3.medium'], max_v_cpus: 2 } }
        }
      })
    );
    const other = Room.empty();
    await other.scar.change({ endpoint: aws.proxy.endpoint, region: REGION });
    await other.apply(
      fdl('grey', '      execution_mode: lambda-batch')
        .replace('memory: 512', '')
        .concat('    batch:\n      compute_resources:\n        instance_types: [m5.xlarge]\n')
    );
    const { computeEnvironments } = await aws.moto
      .clients()
      .batch()
      .send(new (sdk.batch().DescribeComputeEnvironmentsCommand)({}));
    expect(computeEnvironments?.[0].computeResources?.instanceTypes).toEqual(['m5.xlarge']);
    const found = await other.scar.function('grey');
    expect(found.memory).toBe(768);
    expect(found.package).toBe('image');
    expect((await other.scar.context()).role).toBe(ROLE);
    await other.close();
  });

  it('14: variables over 4 KB and secrets are refused, with the byte count and the name', async () => {
    const plan = await aws.room.plan(
      fdl('grey', `      environment:\n        Variables:\n          LARGE: ${'x'.repeat(3500)}`)
    );
    expect(errors(plan)).toEqual(['aws-environment-size']);
    expect(plan.problems.map(problem => problem.message).join()).toMatch(/take \d{4} bytes, and Lambda allows 4096/);
    expect(plan.steps).toEqual([]);
    const secret = await aws.room.plan(
      `${fdl().replace('storage_provider: s3\n        path: grey-bucket/out', 'storage_provider: minio.edge\n        path: out/x')}storage_providers:
  minio:
    edge:
      endpoint: https://minio.example
      access_key: AKEXAMPLE
      secret_key: do-not-show-this
`
    );
    expect(errors(secret)).toEqual(['aws-secret']);
    expect(JSON.stringify(secret)).toContain('storage_providers.minio.edge.secret_key');
    expect(JSON.stringify(secret)).not.toContain('do-not-show-this');
  });

  it('16: the owner is who STS says, also for a role', async () => {
    aws.proxy.fate = call =>
      call.operation === 'GetCallerIdentity'
        ? {
            status: 200,
            headers: { 'content-type': 'text/xml' },
            body: `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::${ACCOUNT}:assumed-role/dev/me</Arn><UserId>AROAEXAMPLE:me</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
          }
        : 'pass';
    const other = await Room.at(aws.proxy.endpoint);
    await other.apply(fdl());
    expect((await other.scar.function('grey')).owner).toBe('AROAEXAMPLE');
    await other.close();
    expect(aws.proxy.calls.some(call => call.operation === 'GetUser')).toBe(false);
  });

  it('17: s3 with an id is s3', async () => {
    const plan = await aws.room.plan(
      `${fdl().replace('storage_provider: s3\n        path: grey-bucket/in', 'storage_provider: s3.mine\n        path: grey-bucket/in')}storage_providers:
  s3:
    mine:
      access_key: AKEXAMPLE
      secret_key: not-needed-here
      region: ${REGION}
`
    );
    expect(errors(plan)).toEqual([]);
    expect(plan.steps.filter(step => step.kind === 'trigger').map(step => step.name)).toEqual(['grey-bucket/in/']);
  });

  it('19: what AWS would refuse is refused before anything is made', async () => {
    for (const [from, to, code] of [
      ['name: grey\n', 'name: "gr ey"\n', 'aws-name'],
      ['memory: 512', 'memory: 64', 'aws-memory'],
      ['timeout: 60', 'timeout: 901', 'aws-timeout']
    ]) {
      const plan = await aws.room.plan(fdl().replace(from, to));
      expect({ to, codes: errors(plan) }).toEqual({
        to,
        codes: expect.arrayContaining([expect.stringMatching(code === 'aws-timeout' ? /timeout|value|range/ : code)])
      });
      expect(plan.steps).toEqual([]);
    }
    const batch = await aws.room.plan(
      fdl('grey', '      execution_mode: lambda-batch').concat('    batch:\n      vcpus: 8\n      memory: 1\n')
    );
    expect(errors(batch)).toContain('aws-batch-vcpus');
  });

  it('20: a runtime that AWS has retired is nobody’s default, and is refused', async () => {
    const plan = await aws.room.plan(fdl().replace('runtime: image', 'runtime: python3.7'));
    expect(errors(plan)).toEqual(['aws-runtime']);
    expect((await aws.room.plan(fdl().replace('      runtime: image\n', ''))).steps.map(step => step.kind)).toContain(
      'function'
    );
  });

  it('21: results may not start the function again', async () => {
    const plan = await aws.room.plan(fdl().replace('grey-bucket/out', 'grey-bucket/in/results'));
    expect(errors(plan)).toEqual(['output-triggers-itself']);
    expect(plan.steps).toEqual([]);
  });

  it('1: the profile of the file is used', async () => {
    mkdirSync(join(process.env['HOME'] ?? '', '.aws'), { recursive: true });
    writeFileSync(
      join(process.env['HOME'] ?? '', '.aws', 'credentials'),
      '[other]\naws_access_key_id = AKIAIOSFODNN7OTHERXX\naws_secret_access_key = of-the-other\n'
    );
    const used: string[] = [];
    aws.proxy.fate = call => (used.push(call.key), 'pass');
    const text = fdl('grey', '      boto_profile: other');
    expect(errors(await aws.room.plan(text))).toEqual([]);
    expect(new Set(used)).toEqual(new Set(['AKIAIOSFODNN7OTHERXX']));
    await expect(aws.room.plan(text.replace('boto_profile: other', 'boto_profile: none'))).rejects.toMatchObject({
      problem: { title: 'No such profile' }
    });
    const files = await aws.room.plan(fdl('grey', '      extra_payload: data'));
    expect(errors(files)).toEqual(['aws-extra-payload']);
  });
});
