/** The defects of SCAR that are not repeated here, one test each (numbers as in the list of the reference). */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { sdk } from '../../src/scar/sdk';
import { errors, useAccount } from './account';
import { ACCOUNT, describeAws, failing, fdl, IMAGE, REGION, ROLE, Room, WITH_API } from './support';

describeAws('what SCAR does wrong when it deploys and lists', () => {
  const aws = useAccount();

  it('5: the list has image and address', async () => {
    await aws.room.apply(fdl('grey', '', WITH_API));
    expect(await aws.room.scar.functions()).toEqual([
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
    const s3 = aws.moto.clients().s3();
    const { s3: module } = sdk;
    await aws.makeBucket('grey-bucket');
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
    await aws.room.apply(fdl());
    const after = await read();
    expect(after.QueueConfigurations).toMatchObject([{ Id: 'q', QueueArn: queue }]);
    expect(after.TopicConfigurations).toMatchObject([{ Id: 't', TopicArn: topic }]);
    expect(after.LambdaFunctionConfigurations?.map(entry => entry.Id).sort()).toEqual(['l', 'scar-grey']);
    await aws.room.scar.remove('grey', { onSteps: () => undefined });
    const end = await read();
    expect(end.QueueConfigurations).toHaveLength(1);
    expect(end.TopicConfigurations).toHaveLength(1);
    expect(end.LambdaFunctionConfigurations?.map(entry => entry.Id)).toEqual(['l']);
    // Somebody else's function on the same folder is named.
    const plan = await aws.room.plan(fdl().replace('grey-bucket/in', 'grey-bucket/else'));
    expect(errors(plan)).toEqual(['aws-overlapping-trigger']);
    expect(plan.problems.map(problem => problem.message).join()).toContain('other listens to grey-bucket/else/');
  });

  it('10: a function that stays pending is given up with its reason, without a busy loop', async () => {
    const slow = await Room.at(aws.proxy.endpoint, { waits: { function: 1500 } });
    aws.proxy.calls.length = 0;
    const asked = (): number => aws.proxy.calls.filter(call => call.path.endsWith('/configuration')).length;
    aws.proxy.fate = call =>
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
    expect((await aws.moto.clients().lambda().send(new (sdk.lambda().ListFunctionsCommand)({}))).Functions).toEqual([]);
    await slow.close();
  });

  it('13: buckets and images belong to the region of the function', async () => {
    await aws.room.apply(fdl());
    const { LocationConstraint } = await aws.moto
      .clients()
      .s3()
      .send(new (sdk.s3().GetBucketLocationCommand)({ Bucket: 'grey-bucket' }));
    expect(LocationConstraint).toBe(REGION);
    const plan = await aws.room.plan(
      fdl().replace('name: grey\n', 'name: grey\n      region: eu-south-2\n').replaceAll('grey', 'grey')
    );
    expect(errors(plan)).toEqual(['aws-image-region']);
    const zip = await aws.room.plan(
      fdl('other', '      execution_mode: batch')
        .replace('name: other\n', 'name: other\n      region: eu-south-2\n')
        .replace('other-bucket/in', 'grey-bucket/other')
        .replace(`image: ${IMAGE}\n        create_image: false`, 'image: ubuntu:24.04')
    );
    expect(errors(zip)).toContain('aws-bucket-region');
  });

  it('20: a Python runtime needs the layer of the supervisor, and gets its package', async () => {
    const text = fdl()
      .replace('runtime: image', 'runtime: python3.11')
      .replace(/\n {8}create_image: false/, '');
    expect(errors(await aws.room.plan(text))).toEqual(['aws-layer-missing']);
    const layer = await aws.moto
      .clients()
      .lambda()
      .send(
        new (sdk.lambda().PublishLayerVersionCommand)({
          LayerName: 'faas-supervisor',
          Content: { ZipFile: Buffer.from('PK\x05\x06' + '\0'.repeat(18), 'binary') }
        })
      );
    await aws.room.apply(text);
    const { Configuration } = await aws.moto
      .clients()
      .lambda()
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: 'grey' }));
    expect(Configuration?.Layers?.map(item => item.Arn)).toEqual([layer.LayerVersionArn]);
    const call = aws.proxy.calls.find(item => item.method === 'POST' && item.path === '/2015-03-31/functions');
    const zip = (JSON.parse(call?.body ?? '{}') as { Code: { ZipFile: string } }).Code.ZipFile;
    expect(Object.keys(unzipSync(Buffer.from(zip, 'base64'))).sort()).toEqual([
      'function_config.yaml',
      'grey.py',
      'script.sh'
    ]);
    expect((await aws.room.plan(text)).steps.filter(step => step.action !== 'keep')).toEqual([]);
  });

  it('22: keys are in nothing that is answered or kept', async () => {
    await aws.room.apply(fdl());
    const texts = readdirSync(aws.room.folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    texts.push(JSON.stringify([await aws.room.scar.context(), await aws.room.scar.functions(), aws.room.events]));
    expect(texts.join('\n')).not.toContain('secret-of-the-test');
    expect(statSync(join(aws.room.folder, 'state', 'aws.json')).mode & 0o777).toBe(0o600);
  });

  it('reports names that are taken', async () => {
    await aws.moto
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
    expect(errors(await aws.room.plan(fdl()))).toEqual(['aws-name-taken']);
    aws.proxy.fate = call =>
      call.service === 's3' && call.path.startsWith('/other-bucket') ? failing(call, 403, 'AccessDenied') : 'pass';
    expect(errors(await aws.room.plan(fdl('other')))).toContain('aws-bucket-taken');
    expect(errors(await aws.room.plan(fdl('third').replace(IMAGE, IMAGE.replace(':1', ':2'))))).toEqual([
      'aws-image-missing'
    ]);
  });

  it('shows drift', async () => {
    await aws.room.apply(fdl());
    const clients = aws.moto.clients();
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
    const { drift, triggers } = await aws.room.scar.function('grey');
    expect(drift).toEqual([
      'The bucket grey-bucket does not start it any more.',
      'Memory is 1024 MB instead of 512 MB.',
      'The log group /aws/lambda/grey is not there.'
    ]);
    expect(triggers).toEqual([{ bucket: 'grey-bucket', prefix: 'in/', active: false }]);
    const plan = await aws.room.plan(fdl());
    expect(plan.steps.filter(step => step.action !== 'keep').map(step => `${step.action} ${step.kind}`)).toEqual([
      'change function',
      'create log group',
      'link trigger'
    ]);
    await aws.room.apply(fdl());
    expect((await aws.room.scar.function('grey')).drift).toEqual([]);
  });
});
