import { sdk } from '../../src/scar/sdk';
import { sample } from '../sample';
import {
  denied,
  describeAws,
  failing,
  fdl,
  Moto,
  Proxy,
  pushImage,
  Room,
  setEnvironment,
  WITH_API,
  type ICallSeen
} from './support';

const TEXT = fdl('grey', '      execution_mode: lambda-batch', WITH_API);

/** Everything that a deployment of `TEXT` could leave behind, as others see it. */
async function leftovers(moto: Moto): Promise<string[]> {
  const clients = moto.clients();
  const [functions, apis, groups, buckets, environments, queues, definitions, templates] = await Promise.all([
    clients.lambda().send(new (sdk.lambda().ListFunctionsCommand)({})),
    clients.apiGateway().send(new (sdk.apiGateway().GetRestApisCommand)({})),
    clients.logs().send(new (sdk.logs().DescribeLogGroupsCommand)({})),
    clients.s3().send(new (sdk.s3().ListBucketsCommand)({})),
    clients.batch().send(new (sdk.batch().DescribeComputeEnvironmentsCommand)({})),
    clients.batch().send(new (sdk.batch().DescribeJobQueuesCommand)({})),
    clients.batch().send(new (sdk.batch().DescribeJobDefinitionsCommand)({ status: 'ACTIVE' })),
    clients.ec2().send(new (sdk.ec2().DescribeLaunchTemplatesCommand)({}))
  ]);
  return [
    ...(functions.Functions ?? []).map(item => `function ${item.FunctionName}`),
    ...(apis.items ?? []).map(item => `api ${item.name}`),
    ...(groups.logGroups ?? []).map(item => `log group ${item.logGroupName}`),
    ...(buckets.Buckets ?? []).map(item => `bucket ${item.Name}`),
    ...(environments.computeEnvironments ?? []).map(item => `environment ${item.computeEnvironmentName}`),
    ...(queues.jobQueues ?? []).map(item => `queue ${item.jobQueueName}`),
    ...(definitions.jobDefinitions ?? [])
      .filter(item => item.status !== 'INACTIVE')
      .map(item => `definition ${item.jobDefinitionName}`),
    ...(templates.LaunchTemplates ?? []).map(item => `template ${item.LaunchTemplateName}`)
  ];
}

const COMPLETE = [
  'function grey',
  'api grey-api',
  'log group /aws/lambda/grey',
  'bucket grey-bucket',
  'environment grey',
  'queue grey',
  'definition grey',
  'template faas-supervisor'
];

describeAws('every call of a deployment fails once', () => {
  let moto: Moto;
  let proxy: Proxy;
  let restore: () => void;
  let total = 0;

  beforeAll(async () => {
    restore = setEnvironment();
    moto = await Moto.start();
    proxy = await Proxy.start(moto.endpoint);
    await moto.reset();
    await pushImage(moto.clients());
    const room = await Room.at(proxy.endpoint);
    proxy.calls.length = 0;
    await room.apply(TEXT);
    total = proxy.calls.length;
    console.info(`a deployment with API, Batch and trigger: ${total} calls`);
    await room.close();
  }, 120_000);
  afterAll(async () => {
    await proxy?.stop();
    await moto?.stop();
    restore?.();
  });

  /** Deploys with one call made to fail; tells what became of it. */
  async function deploy(fate: (call: ICallSeen, index: number) => ReturnType<Proxy['fate']>) {
    proxy.fate = () => 'pass';
    await moto.reset();
    await pushImage(moto.clients());
    const room = await Room.at(proxy.endpoint);
    proxy.calls.length = 0;
    proxy.fate = fate;
    let problem: { type: string; detail: string } | undefined;
    try {
      await room.apply(TEXT);
    } catch (error) {
      problem = (error as { problem: { type: string; detail: string } }).problem;
      if (problem === undefined) {
        throw error;
      }
    }
    proxy.fate = () => 'pass';
    return { room, problem, left: await leftovers(moto) };
  }

  it('deploys all there is when nothing fails', async () => {
    const { room, problem, left } = await deploy(() => 'pass');
    expect(problem).toBeUndefined();
    expect(left).toEqual(COMPLETE);
    expect(room.journals()).toEqual([]);
    await room.close();
    expect(total).toBeGreaterThan(30);
  });

  it('leaves nothing behind when a call is refused', async () => {
    const wrong: string[] = [];
    for (const index of sample(total)) {
      let failed: ICallSeen | undefined;
      const { room, problem, left } = await deploy((call, at) => {
        if (at !== index) {
          return 'pass';
        }
        failed = call;
        return denied(call);
      });
      const expected = problem === undefined ? COMPLETE : [];
      if (left.join() !== expected.join() || room.journals().length > 0 || (problem && !problem.detail)) {
        wrong.push(
          `${index} ${failed?.service} ${failed?.operation}: ${problem?.detail ?? 'done'} → ${left.join(', ')}`
        );
      }
      await room.close();
    }
    expect(wrong).toEqual([]);
  }, 600_000);

  it('gets over answers that are lost, and makes nothing twice', async () => {
    const wrong: string[] = [];
    for (const index of sample(total)) {
      let lost: ICallSeen | undefined;
      const { room, problem, left } = await deploy((call, at) => {
        if (at !== index) {
          return 'pass';
        }
        lost = call;
        return 'lose';
      });
      const expected = problem === undefined ? COMPLETE : [];
      if (left.join() !== expected.join() || room.journals().length > 0) {
        wrong.push(`${index} ${lost?.service} ${lost?.operation}: ${problem?.detail ?? 'done'} → ${left.join(', ')}`);
      }
      await room.close();
    }
    expect(wrong).toEqual([]);
  }, 600_000);

  it('tries throttled and broken calls again', async () => {
    const seen = new Set<string>();
    const { room, problem, left } = await deploy(call => {
      const key = `${call.service} ${call.operation.replace(/[0-9a-z]{10}/g, '')}`;
      if (seen.has(key)) {
        return 'pass';
      }
      seen.add(key);
      return seen.size % 2 === 0
        ? failing(call, call.service === 's3' ? 503 : 400, call.service === 's3' ? 'SlowDown' : 'ThrottlingException')
        : failing(call, 500, 'InternalError');
    });
    expect(problem).toBeUndefined();
    expect(left).toEqual(COMPLETE);
    await room.close();
  }, 120_000);

  it('goes on after a bridge that died in the middle', async () => {
    proxy.fate = () => 'pass';
    await moto.reset();
    await pushImage(moto.clients());
    const room = await Room.at(proxy.endpoint);
    // As if the bridge had died: from a call on, none comes through, and nothing can be undone.
    let dead = false;
    proxy.fate = call => {
      dead ||= call.operation.includes('createjobqueue');
      return dead ? denied(call) : 'pass';
    };
    await expect(room.apply(TEXT)).rejects.toMatchObject({
      problem: { detail: expect.stringContaining('Not taken away again') }
    });
    expect(room.journals()).toHaveLength(1);
    proxy.fate = () => 'pass';
    const next = room.again();
    expect((await next.scar.orphans()).map(orphan => orphan.kind)).toContain('function');
    await next.apply(TEXT);
    expect(await leftovers(moto)).toEqual(COMPLETE);
    expect(room.journals()).toEqual([]);
    expect(await next.scar.orphans()).toEqual([]);
    await next.close();
    await room.close();
  });
});
