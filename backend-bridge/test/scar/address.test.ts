import { sdk } from '../../src/scar/sdk';
import { useAccount } from './account';
import { describeAws, fdl, WITH_API } from './support';

const URL_API = `    api_gateway:
      name: grey-url
      type: url
`;

describeAws('addresses and triggers', () => {
  const aws = useAccount();

  it('are a function URL where that is asked for, and change from one to the other', async () => {
    await aws.room.apply(fdl('grey', '', URL_API));
    expect(await aws.room.scar.apis()).toEqual([
      expect.objectContaining({ kind: 'url', function: 'grey', open: true, endpoint: expect.stringMatching(/^https:/) })
    ]);
    expect((await aws.room.plan(fdl('grey', '', URL_API))).steps.filter(step => step.action !== 'keep')).toEqual([]);
    await aws.room.apply(fdl('grey', '', WITH_API));
    expect(await aws.room.scar.apis()).toEqual([expect.objectContaining({ kind: 'rest', function: 'grey' })]);
    await aws.room.apply(fdl());
    expect(await aws.room.scar.apis()).toEqual([]);
    expect((await aws.room.scar.function('grey')).api).toBeUndefined();
  });

  it('that take signed calls only say so', async () => {
    await aws.room.apply(
      fdl('grey', '', `${WITH_API}      stage_name: prod\n      method: {authorizationType: AWS_IAM}\n`)
    );
    expect(await aws.room.scar.apis()).toEqual([
      expect.objectContaining({ kind: 'rest', open: false, endpoint: expect.stringContaining('/prod/') })
    ]);
    await expect(aws.room.scar.invoke('grey', { request: { via: 'api', text: 'x' } })).rejects.toMatchObject({
      problem: { type: expect.stringMatching(/not-supported$/) }
    });
  });

  it('have suffixes, and go where the file names them no more', async () => {
    const filtered = fdl().replace('path: grey-bucket/in\n', 'path: grey-bucket/in\n        suffix: [.png, .jpg]\n');
    await aws.room.apply(filtered);
    const read = async () =>
      (
        await aws.moto
          .clients()
          .s3()
          .send(new (sdk.s3().GetBucketNotificationConfigurationCommand)({ Bucket: 'grey-bucket' }))
      ).LambdaFunctionConfigurations ?? [];
    expect((await read()).map(entry => [entry.Id, entry.Filter?.Key?.FilterRules?.map(rule => rule.Value)])).toEqual([
      ['scar-grey', ['in/', '.png']],
      ['scar-grey-2', ['in/', '.jpg']]
    ]);
    expect((await aws.room.plan(filtered)).steps.filter(step => step.action !== 'keep')).toEqual([]);
    const moved = fdl().replace('grey-bucket/in', 'grey-other/in');
    const plan = await aws.room.plan(moved);
    expect(
      plan.steps.filter(step => step.action === 'delete' || step.action === 'link').map(step => step.name)
    ).toEqual(['grey-other/in/', 'grey-bucket/in/*.png, grey-bucket/in/*.jpg']);
    await aws.room.apply(moved);
    expect(await read()).toEqual([]);
    expect((await aws.room.scar.function('grey')).drift).toEqual([]);
  });

  it('shows metrics, and orphans of others', async () => {
    await aws.room.apply(fdl());
    const { metrics } = sdk;
    await aws.moto
      .clients()
      .metrics()
      .send(
        new (metrics().PutMetricDataCommand)({
          Namespace: 'AWS/Lambda',
          MetricData: [
            ['Invocations', 4],
            ['Errors', 1],
            ['Duration', 2500]
          ].map(([MetricName, Value]) => ({
            MetricName: String(MetricName),
            Value: Number(Value),
            Timestamp: new Date(Date.now() - 300_000),
            Dimensions: [{ Name: 'FunctionName', Value: 'grey' }]
          }))
        })
      );
    const found = await aws.room.scar.metrics('grey', 3);
    expect(found.period).toBe(60);
    expect(found.invocations.reduce((sum, point) => sum + point.value, 0)).toBe(4);
    expect(found.errors.some(point => point.value === 1)).toBe(true);
    expect(found.duration.some(point => point.value === 2500)).toBe(true);
    expect(found.cost?.dollars).toBeCloseTo(4 * 0.0000002 + 2.5 * 0.5 * 0.0000166667, 9);

    const clients = aws.moto.clients();
    await clients.logs().send(
      new (sdk.logs().CreateLogGroupCommand)({
        logGroupName: '/aws/lambda/gone',
        tags: { createdby: 'scar', owner: 'x' }
      })
    );
    await clients.apiGateway().send(
      new (sdk.apiGateway().CreateRestApiCommand)({
        name: 'left',
        description: 'API created automatically with SCAR'
      })
    );
    const orphans = await aws.room.scar.orphans();
    expect(orphans.map(item => `${item.kind} ${item.name}`).sort()).toEqual(['api left', 'log group /aws/lambda/gone']);
    await expect(aws.room.scar.removeOrphans(['e30'], { onSteps: () => undefined })).rejects.toMatchObject({
      problem: { detail: expect.stringContaining('no orphan') }
    });
    await aws.room.scar.removeOrphans(
      orphans.map(item => item.id),
      { onSteps: () => undefined }
    );
    expect(await aws.room.scar.orphans()).toEqual([]);
    expect((await aws.room.scar.functions()).map(item => item.name)).toEqual(['grey']);
  });

  it('is undone when it is stopped', async () => {
    const stop = new AbortController();
    await expect(
      aws.room.scar.apply(aws.room.source(fdl('grey', '', WITH_API)), {
        signal: stop.signal,
        onSteps: steps => {
          if (steps.some(step => step.kind === 'log group' && step.state === 'done')) {
            stop.abort();
          }
        }
      })
    ).rejects.toMatchObject({ problem: { title: 'Cancelled' } });
    const clients = aws.moto.clients();
    expect((await clients.lambda().send(new (sdk.lambda().ListFunctionsCommand)({}))).Functions).toEqual([]);
    expect((await clients.s3().send(new (sdk.s3().ListBucketsCommand)({}))).Buckets).toEqual([]);
    expect(await aws.room.scar.orphans()).toEqual([]);
  });
});
