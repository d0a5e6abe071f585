import { decodeConfig } from '../../src/scar/function-config';
import { sdk } from '../../src/scar/sdk';
import { useAccount } from './account';
import { describeAws, fdl, WITH_API } from './support';

describeAws('deploying functions', () => {
  const aws = useAccount();

  it('plans without changing anything, deploys, and finds nothing more to do', async () => {
    const plan = await aws.room.plan(fdl('grey', '', WITH_API));
    expect(plan.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(plan.steps.map(({ action, kind, name }) => `${action} ${kind} ${name}`)).toEqual([
      'create api grey-api',
      'create function grey',
      'create log group /aws/lambda/grey',
      'create bucket grey-bucket',
      'create folder grey-bucket/in/',
      'create folder grey-bucket/out/',
      'create permission grey-api → grey',
      'create permission grey-bucket → grey',
      'link trigger grey-bucket/in/'
    ]);
    expect(plan.notes.join('\n')).toMatch(/1,000 calls of 10 s cost about \$/);
    const clients = aws.moto.clients();
    expect((await clients.lambda().send(new (sdk.lambda().ListFunctionsCommand)({}))).Functions).toEqual([]);

    const applied = await aws.room.apply(fdl('grey', '', WITH_API));
    expect(applied.steps.every(step => step.state === 'done')).toBe(true);

    const { Configuration, Code, Tags } = await clients
      .lambda()
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: 'grey' }));
    expect(Code?.ImageUri).toMatch(/prepared:1$/);
    expect(Tags).toMatchObject({ createdby: 'scar', managedby: 'jupyterlab-oscar' });
    expect(Tags?.['owner']).toBeTruthy();
    const variables = Configuration?.Environment?.Variables ?? {};
    expect(decodeConfig(variables['FDL'])).toMatchObject({ name: 'grey', init_script: 'script.sh', memory: 512 });
    const { items } = await clients.apiGateway().send(new (sdk.apiGateway().GetRestApisCommand)({}));
    expect(variables['API_GATEWAY_ID']).toBe(items?.[0]?.id);

    const again = await aws.room.plan(fdl('grey', '', WITH_API));
    expect(again.steps.filter(step => step.action !== 'keep')).toEqual([]);
    const seen = await aws.room.scar.function('grey');
    expect(seen).toMatchObject({
      package: 'image',
      ours: true,
      triggers: [{ bucket: 'grey-bucket', prefix: 'in/', active: true }],
      api: { kind: 'rest' },
      drift: []
    });
    expect(seen.fdl).toContain('path: grey-bucket/in');
  });

  it('changes in place what differs', async () => {
    await aws.room.apply(fdl());
    const text = fdl().replace('memory: 512', 'memory: 1024');
    const plan = await aws.room.plan(text);
    expect(plan.steps.filter(step => step.action !== 'keep').map(step => `${step.action} ${step.kind}`)).toEqual([
      'change function'
    ]);
    expect(plan.steps.find(step => step.kind === 'function')?.reason).toContain('memory: 512 → 1024');
    await aws.room.apply(text);
    const { MemorySize } = await aws.moto
      .clients()
      .lambda()
      .send(new (sdk.lambda().GetFunctionConfigurationCommand)({ FunctionName: 'grey' }));
    expect(MemorySize).toBe(1024);
  });

  it('removes what is its own and leaves the data', async () => {
    await aws.room.apply(fdl('grey', '', WITH_API));
    const preview = await aws.room.scar.deletionPreview('grey');
    expect(preview.goes.map(item => item.kind)).toEqual(['api', 'log group', 'notification', 'function']);
    expect(preview.stays).toContainEqual(expect.objectContaining({ kind: 'bucket', name: 'grey-bucket' }));
    await aws.room.scar.remove('grey', { onSteps: () => undefined });
    const clients = aws.moto.clients();
    expect((await clients.lambda().send(new (sdk.lambda().ListFunctionsCommand)({}))).Functions).toEqual([]);
    expect((await clients.apiGateway().send(new (sdk.apiGateway().GetRestApisCommand)({}))).items).toEqual([]);
    expect((await clients.logs().send(new (sdk.logs().DescribeLogGroupsCommand)({}))).logGroups).toEqual([]);
    expect(await aws.room.scar.buckets()).toEqual([{ name: 'grey-bucket' }]);
    expect(await aws.room.scar.orphans()).toEqual([]);
    await expect(aws.room.scar.function('grey')).rejects.toMatchObject({ problem: { status: 404 } });
  });
});
