/** The defects of SCAR that are not repeated here, one test each (numbers as in the list of the reference). */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { decodeConfig } from '../../src/scar/function-config';
import { sdk } from '../../src/scar/sdk';
import {
  ACCOUNT,
  describeAws,
  failing,
  fdl,
  IMAGE,
  Moto,
  Proxy,
  pushImage,
  REGION,
  ROLE,
  Room,
  setEnvironment,
  WITH_API
} from './support';

const SCRIPT = '#!/bin/sh\necho hello\n';

function errors(plan: { problems: { severity: string; code: string; message: string }[] }): string[] {
  return plan.problems.filter(problem => problem.severity === 'error').map(problem => problem.code);
}

describeAws('what SCAR does wrong', () => {
  let moto: Moto;
  let proxy: Proxy;
  let room: Room;
  let restore: () => void;

  beforeAll(async () => {
    moto = await Moto.start();
    proxy = await Proxy.start(moto.endpoint);
  }, 100_000);
  afterAll(async () => {
    await proxy?.stop();
    await moto?.stop();
  });
  beforeEach(async () => {
    restore = setEnvironment();
    proxy.fate = () => 'pass';
    await moto.reset();
    await pushImage(moto.clients());
    room = await Room.at(proxy.endpoint);
    room.file('script.sh', SCRIPT);
    proxy.calls.length = 0;
  });
  afterEach(async () => {
    await room.close();
    restore();
  });

  it('1: execution mode, profile, supervisor and threshold are read where the flags write them', async () => {
    const plan = await room.plan(
      fdl('grey')
        .replace('  - lambda:\n', '  - execution_mode: lambda-batch\n    lambda:\n')
        .replace('create_image: false', 'create_image: false\n        timeout_threshold: 20')
    );
    expect(plan.steps.map(step => step.kind)).toContain('compute environment');
    await room.apply(
      fdl('grey').replace(
        'create_image: false',
        'create_image: false\n        timeout_threshold: 20\n      supervisor:\n        version: 1.5.7'
      )
    );
    const view = await room.scar.function('grey');
    expect(view.supervisor).toBe('1.5.7');
    expect(view.fdl).toContain('timeout_threshold: 20');
  });

  it('2: a value may hold equals signs', async () => {
    await room.apply(fdl('grey', '      environment:\n        Variables:\n          FORMULA: a=b=c'));
    expect((await room.scar.function('grey')).environment).toMatchObject({ FORMULA: 'a=b=c' });
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
    await other.scar.change({ endpoint: proxy.endpoint, region: REGION });
    await other.apply(
      fdl('grey', '      execution_mode: lambda-batch')
        .replace('memory: 512', '')
        .concat('    batch:\n      compute_resources:\n        instance_types: [m5.xlarge]\n')
    );
    const { computeEnvironments } = await moto
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

  it('4: each object gets an event of its own, with its time; the first call waits', async () => {
    await room.apply(fdl());
    const s3 = moto.clients().s3();
    const keys = ['in/one.txt', 'in/two words.txt', 'in/100%+é.txt'];
    for (const Key of keys) {
      await s3.send(new (sdk.s3().PutObjectCommand)({ Bucket: 'grey-bucket', Key, Body: 'x' }));
    }
    proxy.calls.length = 0;
    proxy.fate = call =>
      call.path.endsWith('/invocations') ? { status: 200, body: '{"statusCode": 200, "body": ""}' } : 'pass';
    await room.scar.process('grey', {}, { onSteps: () => undefined });
    const events = proxy.calls
      .filter(call => call.path.endsWith('/invocations'))
      .map(
        call =>
          (JSON.parse(call.body) as { Records: { eventTime: string; s3: { object: { key: string } } }[] }).Records[0]
      );
    expect(events.map(event => decodeURIComponent(event.s3.object.key.replaceAll('+', ' '))).sort()).toEqual(
      [...keys].sort()
    );
    expect(events.every(event => !Number.isNaN(Date.parse(event.eventTime)))).toBe(true);
  });

  it('4: a function whose first call fails is not called for the rest', async () => {
    await room.apply(fdl());
    for (const Key of ['in/1', 'in/2', 'in/3']) {
      await moto
        .clients()
        .s3()
        .send(new (sdk.s3().PutObjectCommand)({ Bucket: 'grey-bucket', Key, Body: 'x' }));
    }
    proxy.calls.length = 0;
    proxy.fate = call =>
      call.path.endsWith('/invocations')
        ? { status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, body: '{"errorMessage": "no script"}' }
        : 'pass';
    await expect(room.scar.process('grey', {}, { onSteps: () => undefined })).rejects.toMatchObject({
      problem: { cause: expect.stringContaining('no script') }
    });
    expect(proxy.calls.filter(call => call.path.endsWith('/invocations'))).toHaveLength(1);
  });

  it('5: the list has image and address', async () => {
    await room.apply(fdl('grey', '', WITH_API));
    expect(await room.scar.functions()).toEqual([
      expect.objectContaining({
        name: 'grey',
        image: IMAGE,
        memory: 512,
        api: expect.objectContaining({ kind: 'rest', endpoint: expect.stringContaining('/scar/') }),
        triggers: [{ bucket: 'grey-bucket', prefix: 'in/', active: true }]
      })
    ]);
  });

  it('6: notifications of others stay, of all kinds', async () => {
    const s3 = moto.clients().s3();
    const { s3: module } = sdk;
    await s3.send(
      new (module().CreateBucketCommand)({
        Bucket: 'grey-bucket',
        CreateBucketConfiguration: { LocationConstraint: REGION as never }
      })
    );
    const queue = `arn:aws:sqs:${REGION}:${ACCOUNT}:others`;
    const topic = `arn:aws:sns:${REGION}:${ACCOUNT}:others`;
    const other = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:other`;
    const filter = (prefix: string) => ({ Key: { FilterRules: [{ Name: 'prefix' as const, Value: prefix }] } });
    await s3.send(
      new (module().PutBucketNotificationConfigurationCommand)({
        Bucket: 'grey-bucket',
        SkipDestinationValidation: true,
        NotificationConfiguration: {
          QueueConfigurations: [{ Id: 'q', QueueArn: queue, Events: ['s3:ObjectCreated:*'], Filter: filter('queue/') }],
          TopicConfigurations: [{ Id: 't', TopicArn: topic, Events: ['s3:ObjectRemoved:*'], Filter: filter('in/') }],
          LambdaFunctionConfigurations: [
            { Id: 'l', LambdaFunctionArn: other, Events: ['s3:ObjectCreated:*'], Filter: filter('else/') }
          ]
        }
      })
    );
    const read = () => s3.send(new (module().GetBucketNotificationConfigurationCommand)({ Bucket: 'grey-bucket' }));
    await room.apply(fdl());
    const after = await read();
    expect(after.QueueConfigurations).toMatchObject([{ Id: 'q', QueueArn: queue }]);
    expect(after.TopicConfigurations).toMatchObject([{ Id: 't', TopicArn: topic }]);
    expect(after.LambdaFunctionConfigurations?.map(entry => entry.Id).sort()).toEqual(['l', 'scar-grey']);
    await room.scar.remove('grey', { onSteps: () => undefined });
    const end = await read();
    expect(end.QueueConfigurations).toHaveLength(1);
    expect(end.TopicConfigurations).toHaveLength(1);
    expect(end.LambdaFunctionConfigurations?.map(entry => entry.Id)).toEqual(['l']);
    // Somebody else's function on the same folder is named.
    const plan = await room.plan(fdl().replace('grey-bucket/in', 'grey-bucket/else'));
    expect(errors(plan)).toEqual(['aws-overlapping-trigger']);
    expect(plan.problems.map(problem => problem.message).join()).toContain('other listens to grey-bucket/else/');
  });

  it('8: JSON is sent as JSON', async () => {
    await room.apply(fdl('grey', '', WITH_API));
    let sent = '';
    let type: string | undefined;
    proxy.fate = call => {
      if (call.path.includes('_user_request_')) {
        sent = call.body;
        type = call.method;
        return { status: 200, body: Buffer.from('fine').toString('base64') };
      }
      return 'pass';
    };
    const answer = await room.scar.invoke('grey', { request: { via: 'api', json: { a: [1, 'é'] } } });
    expect(JSON.parse(sent)).toEqual({ a: [1, 'é'] });
    expect(type).toBe('POST');
    expect(answer).toMatchObject({ state: 'succeeded', text: 'fine' });
  });

  it('9 and 18: Batch is described in every mode, by a job that keeps odd names', async () => {
    await room.apply(fdl('grey', '      execution_mode: batch'));
    const clients = moto.clients();
    const { Configuration } = await clients
      .lambda()
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: 'grey' }));
    expect(Configuration).toMatchObject({ PackageType: 'Zip', Handler: 'delegate.lambda_handler' });
    expect(decodeConfig(Configuration?.Environment?.Variables?.['FDL'])).toMatchObject({
      batch: { multi_node_parallel: { enabled: false } }
    });
    const { jobDefinitions } = await clients
      .batch()
      .send(new (sdk.batch().DescribeJobDefinitionsCommand)({ status: 'ACTIVE' }));
    const container = jobDefinitions?.[0].containerProperties;
    expect(container?.command?.[2]).toBe(`printf '%s' "$EVENT" | /opt/faas-supervisor/bin/supervisor`);
    expect(container?.mountPoints?.[0].readOnly).toBe(false);
    const script = container?.environment?.find(item => item.name === 'SCRIPT')?.value;
    expect(Buffer.from(script ?? '', 'base64').toString()).toBe(SCRIPT);
    expect((await room.scar.function('grey')).mode).toBe('batch');
    // Deploying a changed script makes a new definition; deleting takes all that are active.
    room.file('script.sh', `${SCRIPT}echo more\n`);
    await room.scar.apply({
      text: fdl('grey', '      execution_mode: batch'),
      name: 'fdl.yaml',
      base: join(room.folder, 'work')
    });
    await room.scar.remove('grey', { onSteps: () => undefined });
    const left = await clients.batch().send(new (sdk.batch().DescribeJobDefinitionsCommand)({ status: 'ACTIVE' }));
    expect(left.jobDefinitions?.filter(item => item.status === 'ACTIVE')).toEqual([]);
    expect((await clients.batch().send(new (sdk.batch().DescribeJobQueuesCommand)({}))).jobQueues).toEqual([]);
  });

  it('10: an environment that Batch calls invalid is told with its reason, and taken away', async () => {
    proxy.fate = (call, _index) =>
      call.path === '/v1/describecomputeenvironments' && created
        ? {
            status: 200,
            body: JSON.stringify({
              computeEnvironments: removed()
                ? []
                : [
                    {
                      computeEnvironmentName: 'grey',
                      status: 'INVALID',
                      state: 'DISABLED',
                      statusReason: 'CLIENT_ERROR - no such role'
                    }
                  ]
            })
          }
        : ((created ||= call.path === '/v1/createcomputeenvironment'), 'pass');
    let created = false;
    const removed = (): boolean => proxy.calls.some(call => call.path === '/v1/deletecomputeenvironment');
    await expect(room.apply(fdl('grey', '      execution_mode: lambda-batch'))).rejects.toMatchObject({
      problem: { title: 'Batch refused it', cause: 'CLIENT_ERROR - no such role' }
    });
    proxy.fate = () => 'pass';
    expect((await moto.clients().lambda().send(new (sdk.lambda().ListFunctionsCommand)({}))).Functions).toEqual([]);
  });

  it('10: a function that stays pending is given up with its reason, without a busy loop', async () => {
    const slow = await Room.at(proxy.endpoint, { waits: { function: 1500 } });
    proxy.calls.length = 0;
    const asked = (): number => proxy.calls.filter(call => call.path.endsWith('/configuration')).length;
    proxy.fate = call =>
      call.method === 'GET' && /functions\/grey\/configuration/.test(call.path)
        ? {
            status: 200,
            body: JSON.stringify({ FunctionName: 'grey', State: 'Pending', StateReason: 'The image is pulled.' })
          }
        : 'pass';
    await expect(slow.apply(fdl())).rejects.toMatchObject({
      problem: { title: 'It takes too long', detail: expect.stringContaining('still not active') }
    });
    expect(asked()).toBeLessThan(10);
    expect((await moto.clients().lambda().send(new (sdk.lambda().ListFunctionsCommand)({}))).Functions).toEqual([]);
    await slow.close();
  });

  it('13: buckets and images belong to the region of the function', async () => {
    await room.apply(fdl());
    const { LocationConstraint } = await moto
      .clients()
      .s3()
      .send(new (sdk.s3().GetBucketLocationCommand)({ Bucket: 'grey-bucket' }));
    expect(LocationConstraint).toBe(REGION);
    const plan = await room.plan(
      fdl().replace('name: grey\n', 'name: grey\n      region: eu-south-2\n').replaceAll('grey', 'grey')
    );
    expect(errors(plan)).toEqual(['aws-image-region']);
    const zip = await room.plan(
      fdl('other', '      execution_mode: batch')
        .replace('name: other\n', 'name: other\n      region: eu-south-2\n')
        .replace('other-bucket/in', 'grey-bucket/other')
        .replace(`image: ${IMAGE}\n        create_image: false`, 'image: ubuntu:24.04')
    );
    expect(errors(zip)).toContain('aws-bucket-region');
  });

  it('14: variables over 4 KB and secrets are refused, with the byte count and the name', async () => {
    const plan = await room.plan(
      fdl('grey', `      environment:\n        Variables:\n          LARGE: ${'x'.repeat(3500)}`)
    );
    expect(errors(plan)).toEqual(['aws-environment-size']);
    expect(plan.problems.map(problem => problem.message).join()).toMatch(/take \d{4} bytes, and Lambda allows 4096/);
    expect(plan.steps).toEqual([]);
    const secret = await room.plan(
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
    proxy.fate = call =>
      call.operation === 'GetCallerIdentity'
        ? {
            status: 200,
            headers: { 'content-type': 'text/xml' },
            body: `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::${ACCOUNT}:assumed-role/dev/me</Arn><UserId>AROAEXAMPLE:me</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
          }
        : 'pass';
    const other = await Room.at(proxy.endpoint);
    await other.apply(fdl());
    expect((await other.scar.function('grey')).owner).toBe('AROAEXAMPLE');
    await other.close();
    expect(proxy.calls.some(call => call.operation === 'GetUser')).toBe(false);
  });

  it('17: s3 with an id is s3', async () => {
    const plan = await room.plan(
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
      const plan = await room.plan(fdl().replace(from, to));
      expect({ to, codes: errors(plan) }).toEqual({
        to,
        codes: expect.arrayContaining([expect.stringMatching(code === 'aws-timeout' ? /timeout|value|range/ : code)])
      });
      expect(plan.steps).toEqual([]);
    }
    const batch = await room.plan(
      fdl('grey', '      execution_mode: lambda-batch').concat('    batch:\n      vcpus: 8\n      memory: 1\n')
    );
    expect(errors(batch)).toContain('aws-batch-vcpus');
  });

  it('20: a runtime that AWS has retired is nobody’s default, and is refused', async () => {
    const plan = await room.plan(fdl().replace('runtime: image', 'runtime: python3.7'));
    expect(errors(plan)).toEqual(['aws-runtime']);
    expect((await room.plan(fdl().replace('      runtime: image\n', ''))).steps.map(step => step.kind)).toContain(
      'function'
    );
  });

  it('20: a Python runtime needs the layer of the supervisor, and gets its package', async () => {
    const text = fdl()
      .replace('runtime: image', 'runtime: python3.11')
      .replace(/\n {8}create_image: false/, '');
    expect(errors(await room.plan(text))).toEqual(['aws-layer-missing']);
    const layer = await moto
      .clients()
      .lambda()
      .send(
        new (sdk.lambda().PublishLayerVersionCommand)({
          LayerName: 'faas-supervisor',
          Content: { ZipFile: Buffer.from('PK\x05\x06' + '\0'.repeat(18), 'binary') }
        })
      );
    await room.apply(text);
    const { Configuration } = await moto
      .clients()
      .lambda()
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: 'grey' }));
    expect(Configuration?.Layers?.map(item => item.Arn)).toEqual([layer.LayerVersionArn]);
    const call = proxy.calls.find(item => item.method === 'POST' && item.path === '/2015-03-31/functions');
    const zip = (JSON.parse(call?.body ?? '{}') as { Code: { ZipFile: string } }).Code.ZipFile;
    expect(Object.keys(unzipSync(Buffer.from(zip, 'base64'))).sort()).toEqual([
      'function_config.yaml',
      'grey.py',
      'script.sh'
    ]);
    expect((await room.plan(text)).steps.filter(step => step.action !== 'keep')).toEqual([]);
  });

  it('21: results may not start the function again', async () => {
    const plan = await room.plan(fdl().replace('grey-bucket/out', 'grey-bucket/in/results'));
    expect(errors(plan)).toEqual(['output-triggers-itself']);
    expect(plan.steps).toEqual([]);
  });

  it('22: keys are in nothing that is answered or kept', async () => {
    await room.apply(fdl());
    const texts = readdirSync(room.folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    texts.push(JSON.stringify([await room.scar.context(), await room.scar.functions(), room.events]));
    expect(texts.join('\n')).not.toContain('secret-of-the-test');
    expect(statSync(join(room.folder, 'state', 'aws.json')).mode & 0o777).toBe(0o600);
  });

  it('1: the profile of the file is used', async () => {
    mkdirSync(join(process.env['HOME'] ?? '', '.aws'), { recursive: true });
    writeFileSync(
      join(process.env['HOME'] ?? '', '.aws', 'credentials'),
      '[other]\naws_access_key_id = AKIAIOSFODNN7OTHERXX\naws_secret_access_key = of-the-other\n'
    );
    const used: string[] = [];
    proxy.fate = call => (used.push(call.key), 'pass');
    const text = fdl('grey', '      boto_profile: other');
    expect(errors(await room.plan(text))).toEqual([]);
    expect(new Set(used)).toEqual(new Set(['AKIAIOSFODNN7OTHERXX']));
    await expect(room.plan(text.replace('boto_profile: other', 'boto_profile: none'))).rejects.toMatchObject({
      problem: { title: 'No such profile' }
    });
    const files = await room.plan(fdl('grey', '      extra_payload: data'));
    expect(errors(files)).toEqual(['aws-extra-payload']);
  });

  it.each([
    ['SPOT', 'type: SPOT\n        instance_types: [m5.large]', IMAGE, { type: 'container' }],
    ['several nodes', 'type: EC2', IMAGE, { type: 'multinode' }],
    ['FARGATE', 'type: FARGATE', IMAGE, { type: 'container', platformCapabilities: ['FARGATE'] }]
  ])('18: Batch with %s', async (what, resources, _image, expected) => {
    const nodes = what === 'several nodes' ? '      multi_node_parallel: {enabled: true, number_nodes: 3}\n' : '';
    await room.apply(
      fdl('grey', '      execution_mode: batch').concat(
        `    batch:\n      memory: 2048\n${nodes}      compute_resources:\n        ${resources}\n`
      )
    );
    const { jobDefinitions } = await moto
      .clients()
      .batch()
      .send(new (sdk.batch().DescribeJobDefinitionsCommand)({ status: 'ACTIVE' }));
    expect(jobDefinitions).toHaveLength(1);
    expect(jobDefinitions?.[0]).toMatchObject(expected);
    // moto does not tell the nodes of a definition.
    if (what !== 'several nodes') {
      expect(
        (
          await room.plan(
            fdl('grey', '      execution_mode: batch').concat(
              `    batch:\n      memory: 2048\n${nodes}      compute_resources:\n        ${resources}\n`
            )
          )
        ).steps.filter(step => step.action !== 'keep')
      ).toEqual([]);
    }
    await room.scar.remove('grey', { onSteps: () => undefined });
    expect(await room.scar.orphans()).toEqual([]);
  });

  it('reports names that are taken', async () => {
    await moto
      .clients()
      .lambda()
      .send(
        new (sdk.lambda().CreateFunctionCommand)({
          FunctionName: 'grey',
          Role: ROLE,
          PackageType: 'Image',
          Code: { ImageUri: IMAGE }
        })
      );
    expect(errors(await room.plan(fdl()))).toEqual(['aws-name-taken']);
    proxy.fate = call =>
      call.service === 's3' && call.path.startsWith('/other-bucket') ? failing(call, 403, 'AccessDenied') : 'pass';
    expect(errors(await room.plan(fdl('other')))).toContain('aws-bucket-taken');
    expect(errors(await room.plan(fdl('third').replace(IMAGE, IMAGE.replace(':1', ':2'))))).toEqual([
      'aws-image-missing'
    ]);
  });

  it('shows drift', async () => {
    await room.apply(fdl());
    const clients = moto.clients();
    await clients
      .lambda()
      .send(new (sdk.lambda().UpdateFunctionConfigurationCommand)({ FunctionName: 'grey', MemorySize: 1024 }));
    await clients.s3().send(
      new (sdk.s3().PutBucketNotificationConfigurationCommand)({
        Bucket: 'grey-bucket',
        NotificationConfiguration: {}
      })
    );
    await clients.logs().send(new (sdk.logs().DeleteLogGroupCommand)({ logGroupName: '/aws/lambda/grey' }));
    const { drift, triggers } = await room.scar.function('grey');
    expect(drift).toEqual([
      'The bucket grey-bucket does not start it any more.',
      'Memory is 1024 MB instead of 512 MB.',
      'The log group /aws/lambda/grey is not there.'
    ]);
    expect(triggers).toEqual([{ bucket: 'grey-bucket', prefix: 'in/', active: false }]);
    const plan = await room.plan(fdl());
    expect(plan.steps.filter(step => step.action !== 'keep').map(step => `${step.action} ${step.kind}`)).toEqual([
      'change function',
      'create log group',
      'link trigger'
    ]);
    await room.apply(fdl());
    expect((await room.scar.function('grey')).drift).toEqual([]);
  });
});
